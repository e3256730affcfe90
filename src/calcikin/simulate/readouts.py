"""Read-outs: single numbers of a run, by name; what sweeps collect and thresholds follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, UnknownNameError
from calcikin.simulate.result import Result

__all__ = ["READOUTS", "Readout", "get_readout", "get_readouts"]

Array = npt.NDArray[np.float64]
#: Less than this is no solid that a laboratory could collect [mol/L] (assumed; as in `Result`).
VISIBLE = 1e-9
#: Share of the largest amount that counts as a beginning, or as what is left at the end (assumed).
ONSET_SHARE = 0.01


@dataclass(frozen=True)
class Readout:
    """One number of a run.

    Attributes
    ----------
    name : str, as in ``read=["t50"]``
    unit : str
    long_name : str
    function : callable, Result -> float; NaN where a sound run has no such number
    absent : str, what it means when a sound run has no such number
    waits : bool, True for a time that a longer run may still find: without a number it is longer
        than the run
    """

    name: str
    unit: str
    long_name: str
    function: Callable[[Result], float]
    absent: str = "no such number"
    waits: bool = False

    def __call__(self, result: Result) -> float:
        """Return the number of `result` [unit]; NaN where there is none."""
        return float(self.function(result))


def _final_pH(result: Result) -> float:
    return float(result.ph[-1])


def _final_fraction(result: Result) -> float:
    return float(result.crystalline_fraction[-1])


def _final_phase(phase: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        return 1e3 * float(result.phases[phase][-1]) if phase in result.phases else math.nan

    return read


def _largest_acp(result: Result) -> float:
    return 1e3 * float((result.phases["ACP"] + result.phases["CPP1"]).max())


def _radius(population: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        radius = result.peak_radius(population)
        return radius if radius > 0.0 else math.nan

    return read


def _mg_ca(kind: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        return result.mg_ca_at_acp()[kind]

    return read


def _first(slot: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        return 1e3 * float(result.solute(slot)[0])

    return read


def _final_total(component: str, factor: float) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        return factor * float(result.state(component)[-1])

    return read


def _final_si(phase: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        si = float(result.saturation_index(phase)[-1])
        return si if math.isfinite(si) else math.nan

    return read


def _first_si(phase: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        si = float(result.saturation_index(phase)[0])
        return si if math.isfinite(si) else math.nan

    return read


def _amorphous(result: Result) -> Array:
    return np.asarray(result.phases["ACP"] + result.phases["CPP1"])


def _onset(*phases: str) -> Callable[[Result], float]:
    def read(result: Result) -> float:
        amount = sum((result.phases[p] for p in phases if p in result.phases), 0.0 * result.t)
        if not amount.max() > VISIBLE:
            return math.nan
        return float(result.t[int(np.argmax(amount >= ONSET_SHARE * amount.max()))]) / 60.0

    return read


def _nearly_crystalline(result: Result) -> float:
    below = np.flatnonzero(result.crystalline_fraction < 0.95)
    k = int(below[-1]) + 1 if below.size else 0
    return float(result.t[k]) / 60.0 if k < result.t.size else math.nan


def _most_solid(result: Result) -> float:
    return 1e3 * float(sum(result.phases.values(), 0.0 * result.t).max())


def _in_cpp1(result: Result) -> int | None:
    """Index of the time at which CPP1 holds most mineral."""
    amount = result.phases["CPP1"]
    return int(np.argmax(amount)) if amount.max() > VISIBLE else None


def _fetuin_share(result: Result) -> float:
    k, whole = _in_cpp1(result), float(result.state("fet.free")[0])
    return math.nan if k is None or whole == 0.0 else float(result.state("fet.cpp1")[k]) / whole


def _mineral_share(result: Result) -> float:
    k = _in_cpp1(result)
    return math.nan if k is None else float(result.phases["CPP1"][k] / result.state("Ca")[0])


def _mg_kept(result: Result) -> float:
    in_acp = result.state("acp.mg") + result.state("cpp1.mg")
    amorphous = _amorphous(result)
    k = int(np.flatnonzero(amorphous >= ONSET_SHARE * amorphous.max())[-1])
    gone = k + 1 < result.t.size and amorphous.max() > VISIBLE and in_acp.max() > VISIBLE
    in_crystals = result.state("cpp2.mg") + result.state("hap.mg")
    return float(in_crystals[k] / in_acp.max()) if gone else math.nan


def _whitlockite_share(result: Result) -> float:
    solid = sum(float(amount[-1]) for amount in result.phases.values())
    return float(result.phases["WH"][-1]) / solid if solid > VISIBLE else math.nan


def _readouts() -> Iterable[Readout]:
    never = "no transition within the run"
    yield Readout("t50", "min", "T50 from scattered light", Result.t50, never, waits=True)
    yield Readout(
        "t50_crystalline",
        "min",
        "time at which half of the solid Ca is crystalline",
        Result.t50_crystalline,
        "never half crystalline within the run",
        waits=True,
    )
    yield Readout(
        "crystalline_fraction", "1", "crystalline share of solid Ca at the end", _final_fraction
    )
    yield Readout("pH_end", "1", "pH at the end", _final_pH)
    for label in ("cpp1", "cpp2"):
        yield Readout(
            f"rh_{label}",
            "nm",
            f"hydrodynamic radius of {label.upper()} at its maximum",
            _radius(label),
            "no particles",
        )
    for phase in ("ACP", "CPP1", "CPP2", "HAP", "WH"):
        yield Readout(
            f"{phase}_end",
            "mmol/L",
            f"Ca in {phase} at the end",
            _final_phase(phase),
            "not in this model",
        )
    yield Readout("acp_max", "mmol/L", "most Ca in ACP, bare and in CPP1", _largest_acp)
    for kind, words in (
        ("total", "total Mg/Ca"),
        ("free", "free Mg/Ca (activities)"),
        ("solid", "Mg/Ca in the ACP"),
    ):
        yield Readout(
            f"mg_ca_{kind}", "mol/mol", f"{words} when there is most ACP", _mg_ca(kind), "no ACP"
        )
    for metal in ("Ca", "Mg"):
        yield Readout(
            f"ionised_{metal}", "mmol/L", f"ionised {metal} at the start", _first(f"free.{metal}")
        )
    for component, unit, factor in (
        ("Ca", "mmol/L", 1e3),
        ("Mg", "mmol/L", 1e3),
        ("Pi", "mmol/L", 1e3),
        ("PPi", "umol/L", 1e6),
    ):
        yield Readout(
            f"{component}_end",
            unit,
            f"total dissolved {component} at the end",
            _final_total(component, factor),
        )
    for phase in ("ACP", "OCP", "HAP", "WH"):
        note = " (per Ca5)" if phase == "HAP" else ""
        yield Readout(
            f"SI_{phase}_end",
            "1",
            f"saturation index of {phase}{note} at the end",
            _final_si(phase),
            "an ion is missing",
        )
    for phase in ("ACP", "OCP", "HAP", "WH"):
        note = " (per Ca5)" if phase == "HAP" else ""
        yield Readout(
            f"SI_{phase}_start",
            "1",
            f"saturation index of {phase}{note} at the start",
            _first_si(phase),
            "an ion is missing",
        )
    for name, phases in (
        ("ACP", ("ACP", "CPP1")),
        ("CPP2", ("CPP2",)),
        ("HAP", ("HAP",)),
    ):
        yield Readout(
            f"onset_{name}",
            "min",
            f"first time with a hundredth of the most {name}",
            _onset(*phases),
            f"no {name} within the run",
            waits=True,
        )
    yield Readout(
        "t95_crystalline",
        "min",
        "time from which 95 % of the solid Ca is crystalline",
        _nearly_crystalline,
        "never 95 % crystalline within the run",
        waits=True,
    )
    yield Readout("solid_max", "mmol/L", "most solid Ca", _most_solid)
    yield Readout(
        "fetuin_share", "1", "share of fetuin-A on CPP1 at its maximum", _fetuin_share, "no CPP1"
    )
    yield Readout(
        "mineral_share", "1", "share of Ca in CPP1 at its maximum", _mineral_share, "no CPP1"
    )
    yield Readout(
        "mg_kept",
        "1",
        "Mg in crystals when the ACP has gone, of the most in ACP",
        _mg_kept,
        "no ACP, no Mg, or not yet converted",
    )
    yield Readout(
        "whitlockite_share",
        "1",
        "share of whitlockite in the solid Ca at the end",
        _whitlockite_share,
        "nothing solid",
    )
    yield Readout(
        "balance_error", "1", "largest relative error of a balance", lambda r: r.balance_error
    )


#: Every read-out by name.
READOUTS: dict[str, Readout] = {readout.name: readout for readout in _readouts()}


def get_readout(name: str) -> Readout:
    """Return the read-out called `name`.

    Parameters
    ----------
    name : str

    Returns
    -------
    Readout

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    if name not in READOUTS:
        raise UnknownNameError("read-out", name, READOUTS)
    return READOUTS[name]


def get_readouts(names: str | Iterable[str]) -> tuple[Readout, ...]:
    """Return several read-outs, each once, in the order in which they were named.

    Parameters
    ----------
    names : str or iterable of str
        One name, several, or several in one text with commas.

    Returns
    -------
    tuple of Readout

    Raises
    ------
    UnknownNameError
        With the nearest names.
    InputError
        When no name is given.
    """
    listed = names.split(",") if isinstance(names, str) else list(names)
    chosen = tuple(dict.fromkeys(get_readout(name.strip()) for name in listed if name.strip()))
    if not chosen:
        raise InputError("no read-out is named", hint=f"such as {', '.join(list(READOUTS)[:4])}")
    return chosen
