"""Where the calcium goes: the amounts that pass between solution and solids during a run.

Calcium passes through the solution between one solid and the next, so the solution appears once per
stage: what dissolves again out of ACP feeds the crystals that come after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.simulate.result import LABELS, Result

__all__ = ["Flow", "calcium_flows"]

Array = npt.NDArray[np.float64]
#: Populations in the order in which they feed one another; within a stage the first is coated to
#: give the second, where the network has such a process.
STAGES: tuple[tuple[str, ...], ...] = (("acp", "cpp1"), ("cpp2",), ("hap", "wh"))
#: The solution before, between and after the stages.
SOLUTION = ("in solution, start", "in solution, after ACP", "in solution, after CPP2", "dissolved")
#: Flows below this share of all calcium are left out [1]; nobody could see them in a picture.
TRACE = 1e-4


@dataclass(frozen=True)
class Flow:
    """Calcium that passes from one place to another during a run.

    Attributes
    ----------
    source, target : str
        A population (``"CPP1"``) or the solution at a stage.
    amount : float [mmol/L]
    """

    source: str
    target: str
    amount: float


def calcium_flows(result: Result) -> list[Flow]:
    """Amounts of calcium exchanged between solution and solids over a whole run.

    A solid's loss is the integral of its negative rates over the output times (trapezoidal rule);
    its gain is what it holds at the end and has lost, so that each place gives away what it got.

    Parameters
    ----------
    result : Result

    Returns
    -------
    list of Flow
        By stage. Empty for a run that broke off, and for an open system (with ledgers), in which
        calcium comes and goes from outside.

    Notes
    -----
    Gains are not integrated, because the burst of nucleation is over between two output times. What
    a solid lost and took up again counts once, so far as there was calcium for it.
    """
    network = result.model.scenario.network
    if result.t.size < 2 or not np.all(np.isfinite(result.v)):
        return []
    if any(state.startswith("ledger.") for state in network.state_names):
        return []
    names = [p.name for p in network.populations]
    held = {name: float(result.phases[LABELS.get(name, name)][-1]) for name in names}
    rates, coating = _rates(result)
    start = available = float(result.state("Ca")[0])
    flows: list[Flow] = []
    for stage, members in enumerate(STAGES):
        before, after = SOLUTION[stage], SOLUTION[stage + 1]
        present = [name for name in members if name in held]
        lost = {name: _integral(result.t, -rates[name]) for name in present}
        kept, gone = sum(held[name] for name in present), sum(lost.values())
        once = min(1.0, max(available - kept, 0.0) / gone) if gone > 0.0 else 0.0
        lost = {name: once * amount for name, amount in lost.items()}
        coat = 0.0
        if stage == 0 and coating and len(present) == 2:
            own = _integral(result.t, rates[present[1]])
            coat = max(held[present[1]] + lost[present[1]] - own, 0.0)
            flows.append(Flow(LABELS[present[0]], LABELS[present[1]], coat))
        for k, name in enumerate(present):
            label = LABELS.get(name, name)
            passed = coat if k == 0 else -coat
            flows.append(Flow(before, label, held[name] + lost[name] + passed))
            flows.append(Flow(label, after, lost[name]))
        flows.append(Flow(before, after, available - kept - sum(lost.values())))
        available -= kept
    least = TRACE * start
    return [Flow(f.source, f.target, 1e3 * f.amount) for f in flows if f.amount > least]


def _rates(result: Result) -> tuple[dict[str, Array], bool]:
    """Calcium that each population takes up from the solution [mol/L/s], and whether one coats."""
    network = result.model.scenario.network
    rates = {p.name: np.zeros_like(result.t) for p in network.populations}
    coating = False
    for k, process in enumerate(network.processes):
        change = {}
        for p in network.populations:
            calcium = p.ca_per_formula * process.effect.get(p.amount, 0.0)
            calcium -= process.effect.get(p.guest, 0.0) if p.guest else 0.0
            if calcium:
                change[p.name] = calcium
        if len(change) > 1:  # from one population into another
            coating = True
            continue
        for name, calcium in change.items():
            rates[name] = rates[name] + calcium * result.v[:, k]
    return rates, coating


def _integral(t: Array, rate: Array) -> float:
    """Integral of the positive part of a rate [mol/L]."""
    return float(np.trapezoid(np.maximum(rate, 0.0), t))
