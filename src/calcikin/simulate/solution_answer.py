"""What a speciation answers: ions, complexes, saturation indices with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from calcikin.chemistry.activity_models import activity_model
from calcikin.chemistry.phreeqc_input import phreeqc_input
from calcikin.chemistry.speciation import (
    Equilibrium,
    ionised,
    saturation_indices,
    ultrafiltrable,
)
from calcikin.chemistry.uncertainty import SaturationIndex, sample_indices, uncertainties_of
from calcikin.errors import InputError, OutOfRangeError

__all__ = ["Conditions", "Speciation", "Spread"]

#: Share of the variance of an index that the constants named with it make up.
_LEADING = 0.8
_MOST_DRAWS = 100_000


@dataclass(frozen=True)
class Conditions:
    """What a solution was found from, besides its constants.

    Attributes
    ----------
    totals : Mapping[str, float], component -> total [mol/L], those that are fixed left out
    fixed : Mapping[str, float], activity of H and pressure of a gas [atm], where they are held
    ionic_strength : float | None, held [mol/L]
    """

    totals: Mapping[str, float]
    fixed: Mapping[str, float]
    ionic_strength: float | None


@dataclass(frozen=True)
class Spread:
    """A saturation index over draws of the constants.

    Attributes
    ----------
    mean, sd : float [1]
    low, high : float, 2.5 and 97.5 % of the draws lie below [1]
    """

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Speciation:
    """A solution at equilibrium with itself.

    Attributes
    ----------
    equilibrium : Equilibrium, all that was found
    conditions : Conditions, what it was found from
    title : str, what was speciated
    water_fraction : float | None, volume of water in the liquid, the rest being protein [L/L]; None
        where it has none
    notes : tuple of str, values that look as if they were in another unit
    gone : tuple of str, species that a switch of the model takes away
    """

    equilibrium: Equilibrium
    conditions: Conditions
    title: str
    water_fraction: float | None = None
    notes: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def free(self) -> dict[str, float]:
        """Component -> free concentration [mol/L]."""
        return self.equilibrium.free

    @property
    def species(self) -> dict[str, float]:
        """Complex -> concentration [mol/L]."""
        return self.equilibrium.species

    @property
    def activity(self) -> dict[str, float]:
        """Component or complex -> activity [1]; protein sites and what they bind: concentration."""
        return self.equilibrium.activity

    @property
    def totals(self) -> dict[str, float]:
        """Component -> total in solution [mol/L]; H is the proton excess."""
        return self.equilibrium.totals

    @property
    def ionic_strength(self) -> float:
        """Ionic strength [mol/L]."""
        return self.equilibrium.ionic_strength

    @property
    def pH(self) -> float:
        """Minus log10 of the activity of H [1]."""
        return self.equilibrium.pH

    @property
    def temperature(self) -> float:
        """Temperature [K]."""
        return self.equilibrium.T

    @property
    def residual(self) -> float:
        """Largest relative imbalance of a component [1]."""
        return self.equilibrium.residual

    @property
    def constants(self) -> str:
        """Name and version of the constant set."""
        return f"{self.equilibrium.constants.name} {self.equilibrium.constants.version}"

    @property
    def activity_model(self) -> str:
        """Name of the activity model."""
        return self.equilibrium.activity_model

    @cached_property
    def si(self) -> dict[str, float]:
        """Phase -> saturation index [1], HAP per Ca5; ``-inf`` where an ion is missing."""
        return saturation_indices(self.equilibrium)

    @cached_property
    def ionised(self) -> dict[str, float]:
        """Ca and Mg as an ion-selective electrode reports them [mol/L]."""
        return ionised(self.equilibrium)

    @cached_property
    def ultrafiltrable(self) -> dict[str, float]:
        """Ca and Mg not bound to protein [mol/L of the liquid]."""
        return ultrafiltrable(self.equilibrium)

    @property
    def validity(self) -> tuple[float, str]:
        """Ionic strength up to which the activity model holds [mol/L], and its name in words."""
        model = activity_model(self.activity_model, self.equilibrium.constants, self.temperature)
        return model.valid, model.title

    @property
    def valid(self) -> bool:
        """Whether the ionic strength lies within the validity of the activity model."""
        return self.ionic_strength <= self.validity[0]

    @cached_property
    def _reduced(self) -> Equilibrium:
        """The solution without the species that a switch takes away."""
        found = self.equilibrium
        if not self.gone:
            return found
        return replace(
            found,
            constants=found.constants.without(species=self.gone),
            species={k: c for k, c in found.species.items() if k not in self.gone},
            activity={k: a for k, a in found.activity.items() if k not in self.gone},
            gamma={k: g for k, g in found.gamma.items() if k not in self.gone},
        )

    @cached_property
    def uncertain(self) -> dict[str, SaturationIndex]:
        """Phase -> saturation index with its standard uncertainty and what it comes from.

        Raises
        ------
        InputError
            When a constant of the set has no uncertainty (an imported database has none).
        """
        return uncertainties_of(
            self._reduced,
            self.conditions.totals,
            fixed_activity=self.conditions.fixed,
            held=self.conditions.ionic_strength is not None,
        )

    def sampled(self, count: int = 200, seed: int = 0) -> dict[str, Spread]:
        """Saturation indices over draws of all constants within their uncertainties.

        Parameters
        ----------
        count : int
            Draws; 200 give the standard deviation to 5 %. About 8 ms each.
        seed : int
            The same draws for the same seed.

        Returns
        -------
        dict[str, Spread]
            By phase; those with a missing ion are left out.

        Raises
        ------
        InputError
            As `uncertain`.
        OutOfRangeError
            When `count` is not between 2 and 100 000.
        """
        if not 2 <= count <= _MOST_DRAWS:
            raise OutOfRangeError(f"{count} draws", hint=f"2 to {_MOST_DRAWS}")
        draws = sample_indices(
            self._reduced.constants,
            self.conditions.totals,
            self.temperature,
            count=count,
            seed=seed,
            fixed_activity=self.conditions.fixed,
            ionic_strength=self.conditions.ionic_strength,
            activity=self.activity_model,
        )
        spreads = {}
        for phase, values in draws.items():
            if np.all(np.isfinite(values)):
                low, high = np.quantile(values, (0.025, 0.975))
                spreads[phase] = Spread(
                    float(np.mean(values)), float(np.std(values, ddof=1)), float(low), float(high)
                )
        return spreads

    def phreeqc(self) -> str:
        """The solution as an input file that PHREEQC runs unchanged.

        Raises
        ------
        InputError
            When the ionic strength is held, which PHREEQC cannot do.
        """
        if self.conditions.ionic_strength is not None:
            raise InputError(
                "PHREEQC cannot hold an ionic strength",
                hint="leave ionic_strength out; PHREEQC finds it from the ions",
            )
        gases = [name for name in self.conditions.fixed if name != "H"]
        return phreeqc_input(
            self._reduced,
            closed="H" not in self.conditions.fixed,
            gas=gases[0] if gases else None,
            title=self.title,
        )

    def summary(self) -> dict[str, Any]:
        """The numbers of ``calcikin speciate --json``.

        Returns
        -------
        dict
            Concentrations and the ionic strength in mmol/L; an infinite SI as None. ``si_u`` and
            ``si_due_to`` are None where the constants state no uncertainty.
        """

        def mmol(values: Mapping[str, float]) -> dict[str, float]:
            return {name: 1e3 * c for name, c in values.items()}

        u: dict[str, float | None] | None = None
        due_to: dict[str, dict[str, float]] | None = None
        with suppress(InputError):  # an imported database states no uncertainties
            uncertain = self.uncertain
            finite = {phase: math.isfinite(index.value) for phase, index in uncertain.items()}
            u = {phase: index.u if finite[phase] else None for phase, index in uncertain.items()}
            due_to = {phase: index.leading(_LEADING) for phase, index in uncertain.items()}
        return {
            "title": self.title,
            "units": "mmol/L",
            "pH": self.pH,
            "temperature_degC": self.temperature - 273.15,
            "ionic_strength": 1e3 * self.ionic_strength,
            "ionised": mmol(self.ionised),
            "ultrafiltrable": mmol(self.ultrafiltrable),
            "free": mmol(self.free),
            "species": mmol(self.species),
            "totals": mmol(self.totals),
            "si": {phase: si if math.isfinite(si) else None for phase, si in self.si.items()},
            "si_u": u,
            "si_due_to": due_to,
            "activity": dict(self.activity),
            "water_activity": self.equilibrium.water_activity,
            "water_fraction": self.water_fraction,
            "valid": self.valid,
            "residual": self.residual,
            "constants": self.constants,
            "activity_model": self.activity_model,
            "notes": list(self.notes),
        }
