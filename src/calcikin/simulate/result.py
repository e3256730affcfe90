"""Running a model, judging the run, and the result with its read-outs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.assays import radii
from calcikin.assays.nephelometry import REFRACTIVE_INDEX, Population, nephelometry
from calcikin.assays.steepest import t50_from_computed_curve
from calcikin.assays.t50 import Transition, t50_from_fraction
from calcikin.simulate.model import LN10, Model
from calcikin.simulate.provenance import provenance
from calcikin.solvers.choice import choose
from calcikin.solvers.ensemble import integrate_one
from calcikin.solvers.scipy_ivp import Solution, Work, integrate
from calcikin.solvers.status import Status

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "BALANCE_LIMIT",
    "NEGATIVE_LIMIT",
    "NEGATIVE_SHARE",
    "Result",
    "default_times",
    "result_of",
    "run",
    "shown_minutes",
]

Array = npt.NDArray[np.float64]
#: Relative error of an element balance above which a run is not accepted. Rosenbrock and multistep
#: methods keep linear invariants to round-off, so 1e-8 leaves room for 1e5 steps.
BALANCE_LIMIT = 1e-8
#: How far below zero a state may lie at an output time: 1000 absolute tolerances, or 0.1 % of its
#: own
#: peak (a population that vanishes undershoots by a multiple of the local error of its peak).
NEGATIVE_LIMIT = 1e3
NEGATIVE_SHARE = 1e-3
AVOGADRO = 6.02214076e23
CORES = {"acp": radii.Geometry(), "cpp1": radii.CPP1, "cpp2": radii.CPP2, "hap": radii.Geometry()}
LABELS = {"acp": "ACP", "cpp1": "CPP1", "cpp2": "CPP2", "hap": "HAP", "wh": "WH"}


def default_times(duration: float) -> Array:
    """Output times [s]: dense at the start, then every 3 min as the plate reader."""
    early = np.geomspace(1.0, 180.0, 24)
    late = np.arange(360.0, duration, 180.0)
    times = np.concatenate([[0.0], early[early < duration], late[late < duration], [duration]])
    return np.unique(times)


def shown_minutes(whole: float, window: float, transitions: Iterable[float]) -> float:
    """How much of a run a picture shows [min].

    Parameters
    ----------
    whole, window : float
        Length of the run and of the assay, 0 where there is no such limit [min].
    transitions : iterable of float
        T50 by each reading [min], NaN where there is none; half as much again is shown of the
        first that there is.

    Returns
    -------
    float
    """
    if not window:
        return whole
    found = (t for t in transitions if math.isfinite(t))
    return min(whole, max(window, 1.5 * next(found, 0.0)))


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes
    ----------
    model : Model
    t : ndarray, shape (n_times,) [s]
    y : ndarray, shape (n_times, n_states) [mol/L]
    s : ndarray, shape (n_times, n_slots), speciation at each time
    v : ndarray, shape (n_times, n_processes), fluxes [mol/L/s]
    o : ndarray, shape (n_times, n_observed), observed quantities
    status : Status
    reason : str
        In chemical words, empty when the run is sound.
    balance_error : float
        Largest relative error of an element or charge balance.
    solution : Solution
        Counts and timing of the solver.
    """

    model: Model
    t: Array
    y: Array
    s: Array
    v: Array
    o: Array
    status: Status
    reason: str
    balance_error: float
    solution: Solution

    # ---- access ------------------------------------------------------------------------------
    def state(self, name: str) -> Array:
        """Return a state over time [mol/L]."""
        return np.asarray(self.y[:, self.model.scenario.network.index(name)])

    def solute(self, slot: str) -> Array:
        """Return a slot of the speciation over time, such as ``lna.Ca`` or ``I``."""
        return np.asarray(self.s[:, self.model.compiled.slots[slot]])

    def observed(self, name: str) -> Array:
        """Return a quantity over time, such as ``OCP.s`` or ``acp_surface.pinning``."""
        return np.asarray(self.o[:, self.model.compiled.observed.index(name)])

    @property
    def ok(self) -> bool:
        """Whether the run is sound."""
        return self.status is Status.OK

    # ---- chemistry ---------------------------------------------------------------------------
    @cached_property
    def phases(self) -> dict[str, Array]:
        """Ca in each population over time [mol/L]."""
        out = {}
        for p in self.model.scenario.network.populations:
            calcium = p.ca_per_formula * self.state(p.amount)
            if p.guest:
                calcium = calcium - self.state(p.guest)
            out[LABELS.get(p.name, p.name)] = np.maximum(calcium, 0.0)
        return out

    @cached_property
    def crystalline_fraction(self) -> Array:
        """Share of the solid Ca that is crystalline [1]; 0 while there is no solid."""
        phases = self.phases
        amorphous = phases["ACP"] + phases["CPP1"]
        crystals = sum(
            (v for k, v in phases.items() if k not in ("ACP", "CPP1")), np.zeros_like(self.t)
        )
        solid = amorphous + crystals
        trace = 1e-9  # mol/L: less is no solid that a laboratory could collect
        return np.asarray(np.where(solid > trace, crystals / np.maximum(solid, trace), 0.0))

    @cached_property
    def ph(self) -> Array:
        """PH over time [1]."""
        return -self.solute("lna.H") / LN10

    def ln_activity(self, component: str) -> Array:
        """Natural logarithm of an ion's activity over time; -inf where it is absent."""
        if component in self.model.compiled.tables.cations:
            return self.solute(f"lna.{component}")
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(self.solute(f"a.{component}"), 0.0))

    def saturation_index(self, phase: str) -> Array:
        """SI = log10(IAP) - log Ksp over time [1] (HAP per Ca5); -inf where an ion is absent."""
        entry = self.model.scenario.constants.phase(phase)
        total = np.zeros_like(self.t)
        for component, n in entry.stoichiometry.items():
            if component != "H2O":
                total = total + n * self.ln_activity(component)
        return np.asarray(total / LN10 - entry.log_k.at(self.model.temperature))

    @cached_property
    def mg_ca(self) -> dict[str, Array]:
        """Mg/Ca over time [mol/mol]: total (with solids), free (activities), solid (in ACP)."""
        mg, ca = self.state("Mg").copy(), self.state("Ca").copy()
        guest, host = np.zeros_like(self.t), np.zeros_like(self.t)
        for p in self.model.scenario.network.populations:
            amount = self.state(p.amount)
            ca += p.ca_per_formula * amount
            if p.guest:
                mg += self.state(p.guest)
                ca -= self.state(p.guest)
            if p.phase == "ACP" and p.guest:
                guest += self.state(p.guest)
                host += amount - self.state(p.guest)
            if p.phase == "WH":
                mg += amount
        with np.errstate(divide="ignore", invalid="ignore"):
            free = np.exp(self.solute("lna.Mg") - self.solute("lna.Ca"))
            solid = np.where(host > 1e-9, guest / host, np.nan)
        free = np.where(self.solute("free.Mg") > 0.0, free, 0.0)
        return {"total": mg / ca, "free": free, "solid": solid}

    def mg_ca_at_acp(self) -> dict[str, float]:
        """Mg/Ca three ways while ACP lasts; NaN in the solid when none formed.

        Read at the last output time with at least nine tenths of the most ACP there ever is: its Mg
        has had time to exchange, and conversion has hardly begun.
        """
        amorphous = self.phases["ACP"] + self.phases["CPP1"]
        k = (
            int(np.flatnonzero(amorphous >= 0.9 * amorphous.max())[-1])
            if amorphous.max() > 0
            else 0
        )
        return {name: float(values[k]) for name, values in self.mg_ca.items()}

    # ---- particles and light -----------------------------------------------------------------
    def number(self, population: str) -> Array:
        """Cores per litre."""
        return np.maximum(self.state(f"{population}.n"), 0.0) * AVOGADRO

    def core_radius(self, population: str) -> Array:
        """Mean core radius [m]; NaN while there are fewer than 1e6 cores per litre."""
        return self._core_radii[population]

    @cached_property
    def _core_radii(self) -> dict[str, Array]:
        values = self.model.parameter_values()
        out = {}
        for p in self.model.scenario.network.populations:
            molar = values[p.molar_volume]  # L/mol
            volume = molar * np.maximum(self.state(p.amount), 0.0)  # m3/m3 = L/L
            number = self.number(p.name) * 1e3  # 1/m3
            number = np.where(number > 1e9, number, 0.0)
            out[p.name] = radii.core_radius(volume, number)
        return out

    @cached_property
    def light(self) -> Array:
        """Nephelometry curve over time [arbitrary units]."""
        populations = []
        for p in self.model.scenario.network.populations:
            geometry = CORES.get(p.name, radii.Geometry())
            core = np.nan_to_num(self.core_radius(p.name))
            number = np.where(core > 0.0, self.number(p.name) * 1e3, 0.0)
            populations.append(
                Population(
                    radii.particle_number(number, geometry),
                    radii.particle_volume(core, geometry),
                    radii.cluster_radius(core, geometry),
                    REFRACTIVE_INDEX[p.phase],
                    p.name,
                )
            )
        return nephelometry(populations)

    @cached_property
    def transition(self) -> Transition:
        """Second rise of the nephelometry curve: that of the crystals.

        Sought from the first hundredth of crystals on: in a cold or dilute mix the first rise (ACP)
        can take hours.
        """
        fraction = self.crystalline_fraction
        if fraction[-1] < 0.5:
            return Transition(math.nan, "no_transition")
        first, last = (self._crystalline_at(level) for level in (0.01, 0.99))
        # as long again after the last ACP is gone, so that later ripening is not taken for the rise
        until = last + (last - first) if math.isfinite(last) else math.inf
        return t50_from_computed_curve(
            self.t, self.light, first_rise_s=first, until_s=until, from_start=first < 600.0
        )

    def _crystalline_at(self, level: float) -> float:
        """Time at which the crystalline fraction last rises through ``level`` [s]; inf if never."""
        below = np.flatnonzero(self.crystalline_fraction < level)
        k = int(below[-1]) if below.size else 0
        if k + 1 >= self.t.size:
            return math.inf
        x, f = self.t[k : k + 2], self.crystalline_fraction[k : k + 2]
        return float(np.interp(level, f, x))

    def t50(self) -> float:
        """T50 by scattering [min]; NaN when there is no transition within the run."""
        return float(self.transition.t50_s) / 60.0 if self.t.size >= 8 else math.nan

    def t50_crystalline(self) -> float:
        """Time at which half of the solid Ca is crystalline [min]; NaN when it never is."""
        return self._half_crystalline

    @cached_property
    def _half_crystalline(self) -> float:
        if self.t.size < 2:
            return math.nan
        return float(t50_from_fraction(self.t, self.crystalline_fraction)) / 60.0

    @property
    def shown_min(self) -> float:
        """How much of the run a picture shows [min]: an assay's own time, or what T50 needs."""
        scenario = self.model.scenario
        times = (self.t50(), self.t50_crystalline())
        return shown_minutes(self.model.duration / 60.0, scenario.window / 60.0, times)

    # ---- as data -----------------------------------------------------------------------------
    @cached_property
    def dataset(self) -> xr.Dataset:
        """Everything over time, labelled, with units and provenance."""
        from calcikin.simulate.dataset import to_dataset

        return to_dataset(self)

    def provenance(self) -> dict[str, Any]:
        """Inputs, versions and hashes."""
        return provenance(self.model)

    def summary(self) -> dict[str, Any]:
        """The numbers of ``calcikin run --json`` (None where there is no number)."""

        def number(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        final = {k: number(v[-1] * 1e3) for k, v in self.phases.items()}
        t50 = self.t50()
        window = self.model.scenario.window / 60.0
        return {
            "model": self.model.name,
            "status": self.status.word,
            "reason": self.reason,
            "t50_min": number(t50),
            "t50_status": self.transition.status if self.t.size >= 8 else "no_transition",
            "t50_within_assay": bool(t50 <= window) if window and math.isfinite(t50) else None,
            "t50_crystalline_min": number(self.t50_crystalline()),
            "crystalline_fraction_end": number(float(self.crystalline_fraction[-1])),
            "pH_start": number(float(self.ph[0])),
            "pH_end": number(float(self.ph[-1])),
            "balance_error": number(self.balance_error),
            "mg_ca": {k: number(v) for k, v in self.mg_ca_at_acp().items()},
            "phases_end_mmol_per_L": final,
            "rh_cpp1_nm": number(self.peak_radius("cpp1")),
            "rh_cpp2_nm": number(self.peak_radius("cpp2")),
            "si_start": {
                phase: number(float(self.saturation_index(phase)[0]))
                for phase in self.model.scenario.constants.phases
            },
            "solver": {
                "nfev": int(self.solution.nfev),
                "njev": int(self.solution.njev),
                "wall_s": self.solution.wall,
            },
            "provenance": self.provenance(),
        }

    def peak_radius(self, population: str) -> float:
        """Hydrodynamic radius [nm] when there is most mineral; NaN without particles."""
        amount = self.state(f"{population}.m")
        k = int(np.argmax(amount))
        core = self.core_radius(population)[k]
        return float(radii.hydrodynamic_radius(core, CORES[population]) * 1e9)

    def to_json(self) -> str:
        """Return the summary as JSON text."""
        return json.dumps(self.summary(), indent=2)


def run(
    model: Model,
    *,
    solver: str = "auto",
    rtol: float | None = None,
    times: Array | None = None,
    exact_jacobian: bool = True,
) -> Result:
    """Run a model and judge the outcome; see :meth:`Model.simulate`."""
    solver, rtol = choose(solver, rtol, 1)
    compiled = model.compiled
    q = model.parameter_vector()
    y0 = model.initial_state(q)
    grid = default_times(model.duration) if times is None else np.asarray(times, dtype=float)
    atol = model.tolerances(rtol)
    if solver == "ensemble":
        one = integrate_one(compiled, q, y0, grid, rtol=rtol, atol=atol)
        return result_of(model, q, y0, atol, one)
    solution = integrate(
        compiled, q, y0, grid, method=solver, rtol=rtol, atol=atol, exact_jacobian=exact_jacobian
    )
    return result_of(model, q, y0, atol, solution)


def result_of(model: Model, q: Array, y0: Array, atol: Array, solution: Solution) -> Result:
    """What a trajectory means: everything at its output times, and a verdict.

    Parameters
    ----------
    model : Model
    q : ndarray, prepared parameter vector of that model
    y0 : ndarray, shape (n_states,), start [mol/L]
    atol : ndarray, shape (n_states,) [mol/L]
    solution : Solution
    """
    compiled = model.compiled
    y = solution.y
    work = Work.of(compiled)
    n = y.shape[0]
    s = np.full((n, compiled.slots.size), np.nan)
    v = np.full((n, len(compiled.network.processes)), np.nan)
    o = np.full((n, len(compiled.observed)), np.nan)
    if np.all(np.isfinite(y)):
        compiled.module.observe(y, q, work.x, work.tot, work.s, work.v, s, v, o)
    status, reason, error = _judge(model, solution, y0, atol, s, v)
    return Result(model, solution.t, y, s, v, o, status, reason, error, solution)


def _judge(
    model: Model, solution: Solution, y0: Array, atol: Array, s: Array, v: Array
) -> tuple[Status, str, float]:
    """Finite, non-negative, balanced? Otherwise a status and a sentence in chemical words."""
    network = model.scenario.network
    y = solution.y
    names, matrix = network.conserved()
    scale = np.abs(matrix) @ np.abs(y0)
    error = 0.0
    worst = ""
    if np.all(np.isfinite(y)):
        drift = np.abs((y - y0) @ matrix.T)
        relative = np.where(scale > 0.0, drift / np.where(scale > 0.0, scale, 1.0), 0.0).max(axis=0)
        error = float(relative.max())
        worst = names[int(relative.argmax())]
    else:
        error = math.inf
    if solution.status is not Status.OK:
        return solution.status, _story(model, solution, v), error
    guests = {p.guest for p in network.populations}
    # a guest lies below its host's tolerance
    floor = np.maximum(NEGATIVE_LIMIT * atol, NEGATIVE_SHARE * np.abs(y).max(axis=0))
    for i, state in enumerate(network.states):
        if state.signed or state.name in guests:
            continue
        low = float(y[:, i].min())
        if low < -floor[i]:
            at = float(solution.t[int(y[:, i].argmin())])
            return (
                Status.NEGATIVE,
                f"{state.title} fell to {low:.2g} mol/L at {at / 60:.1f} min; "
                "tighten the tolerance",
                error,
            )
    if error > BALANCE_LIMIT:
        return (
            Status.UNBALANCED,
            f"the balance of {worst} drifted by {error:.1e}; tighten the tolerance",
            error,
        )
    return Status.OK, "", error


def _story(model: Model, solution: Solution, v: Array) -> str:
    """Where and in which process a run broke off."""
    at = f"stopped at {solution.stopped_at / 60.0:.4g} min"
    cause = {
        Status.STEP_LIMIT: "the rates changed too fast for the step size (step limit)",
        Status.SPECIATION_FAILED: "the solution had no equilibrium that could be found",
        Status.NOT_FINITE: "a rate became infinite",
    }.get(solution.status, solution.message)
    if v.size and np.all(np.isfinite(v[-1])):
        k = int(np.abs(v[-1]).argmax())
        process = model.scenario.network.process_names[k]
        return f"{at}: {cause}; fastest process then: {process} ({v[-1][k]:.3g} mol/L/s)"
    return f"{at}: {cause}"
