"""A finished run: what it says of the chemistry, the particles, the light, and T50."""

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
from calcikin.errors import UnknownNameError
from calcikin.simulate.model import Model
from calcikin.simulate.provenance import provenance
from calcikin.simulate.solution_vector import LN10
from calcikin.solvers.scipy_ivp import Solution
from calcikin.solvers.status import Status

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "CORES",
    "LABELS",
    "Result",
    "shown_minutes",
]

Array = npt.NDArray[np.float64]
AVOGADRO = 6.02214076e23
#: Output times that a transition is sought in, at least.
_FEWEST = 8
#: Less solid Ca than this is nothing that a laboratory could collect [mol/L].
SOLID_TRACE = 1e-9
CORES = {"acp": radii.Geometry(), "cpp1": radii.CPP1, "cpp2": radii.CPP2, "hap": radii.Geometry()}
LABELS = {"acp": "ACP", "cpp1": "CPP1", "cpp2": "CPP2", "hap": "HAP", "wh": "WH"}


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
        """Return a state over time [mol/L], shape (n_times,).

        Raises
        ------
        UnknownNameError
        """
        return np.asarray(self.y[:, self.model.scenario.network.index(name)])

    def solute(self, slot: str) -> Array:
        """Return a slot of the speciation over time, such as ``lna.Ca`` or ``I``, shape (n_times,).

        Raises
        ------
        UnknownNameError
        """
        known = self.model.compiled.slots.index
        if slot not in known:
            raise UnknownNameError("slot of the speciation", slot, known)
        return np.asarray(self.s[:, known[slot]])

    def observed(self, name: str) -> Array:
        """Return a quantity over time, such as ``OCP.s``, in its own unit, shape (n_times,).

        Raises
        ------
        UnknownNameError
        """
        known = self.model.compiled.observed
        if name not in known:
            raise UnknownNameError("observed quantity", name, known)
        return np.asarray(self.o[:, known.index(name)])

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
        some = solid > SOLID_TRACE
        return np.asarray(np.where(some, crystals / np.maximum(solid, SOLID_TRACE), 0.0))

    @cached_property
    def ph(self) -> Array:
        """The pH over time [1]."""
        return -self.solute("lna.H") / LN10

    def ln_activity(self, component: str) -> Array:
        """Natural logarithm of an ion's activity over time [1]; -inf where it is absent.

        Raises
        ------
        UnknownNameError
        """
        tables = self.model.compiled.tables
        if component in tables.cations:
            return self.solute(f"lna.{component}")
        if component not in tables.ligands:
            raise UnknownNameError("ion", component, [*tables.cations, *tables.ligands])
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
        """Cores over time [1/L], shape (n_times,).

        Raises
        ------
        UnknownNameError
        """
        number = self.model.scenario.network.population(population).number
        return np.maximum(self.state(number), 0.0) * AVOGADRO

    def core_radius(self, population: str) -> Array:
        """Mean core radius over time [m]; NaN while there are fewer than 1e6 cores per litre.

        Raises
        ------
        UnknownNameError
        """
        return self._core_radii[self.model.scenario.network.population(population).name]

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
        if self.t.size < _FEWEST or self.crystalline_fraction[-1] < 0.5:
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
        return float(self.transition.t50_s) / 60.0

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
            "t50_status": self.transition.status,
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
        amount = self.state(self.model.scenario.network.population(population).amount)
        k = int(np.argmax(amount))
        core = self.core_radius(population)[k]
        return float(radii.hydrodynamic_radius(core, CORES[population]) * 1e9)

    def to_json(self) -> str:
        """Return the summary as JSON text."""
        return json.dumps(self.summary(), indent=2)
