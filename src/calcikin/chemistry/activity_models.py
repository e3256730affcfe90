"""Activity coefficients and the activity of water, by the name of a model.

`davies`, on the molar scale, the activity of water taken as 1 (see `calcikin.chemistry.activity`):

    log10 gamma = -A z^2 (sqrt(I)/(1 + sqrt(I)) - 0.3 I)                                 (1)

`truesdell_jones`, the extended Debye-Hueckel equation with two coefficients an ion, as PHREEQC has
it, on the molal scale:

    log10 gamma = -A z^2 sqrt(I)/(1 + B a sqrt(I)) + b I                                 (2)
    a_w = 1 - 0.017 sum m                                                                (3)

An ion without coefficients follows (1) with the A of (2), an uncharged species 0.1 I.

`sit`, specific ion interaction, molal:

    log10 gamma_i = -A z^2 sqrt(I)/(1 + 1.5 sqrt(I)) + sum_k epsilon_ik m_k              (4)
    ln a_w = -(sum m + ln 10 phi)/55.50837,                                              (5)
    phi = -(2 A/1.5^3) (t - 2 ln t - 1/t) + sum_(i<k) epsilon_ik m_i m_k, t = 1 + 1.5 sqrt(I)

A and B of (2) to (5) are those of `calcikin.chemistry.water`. Protein sites and what they bind take
no part: their gamma is 1 and they are left out of every sum.

Sources: (1) C. W. Davies, Ion Association (Butterworths, 1962); (2) A. H. Truesdell, B. F. Jones,
J. Res. US Geol. Surv. 2 (1974) 233; (3) R. M. Garrels, C. L. Christ, Solutions, Minerals and
Equilibria (Harper & Row, 1965), as used by D. L. Parkhurst, C. A. J. Appelo, USGS Techniques and
Methods 6-A43 (2013); (4, 5) I. Grenthe, F. Mompean, K. Spahiu, H. Wanner, Guidelines for the
Extrapolation to Zero Ionic Strength (OECD NEA TDB-2, 2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.activity import (
    DAVIES_B,
    HELD_IONIC_STRENGTH,
    VALID_IONIC_STRENGTH,
    davies_a,
)
from calcikin.chemistry.records import ConstantSet
from calcikin.chemistry.water import debye_hueckel
from calcikin.errors import InputError, UnknownNameError

__all__ = [
    "ACTIVITY_MODELS",
    "ActivityModel",
    "Davies",
    "Sit",
    "Slopes",
    "TruesdellJones",
    "activity_model",
]

Array = npt.NDArray[np.float64]
LN10 = math.log(10.0)

#: Coefficient b of uncharged species without coefficients in (2) [kg/mol]; Parkhurst, Appelo 2013.
UNCHARGED_B = 0.1
#: Factor of (3) [kg/mol]; Garrels, Christ 1965.
WATER_FACTOR = 0.017
#: Coefficient of sqrt(I) in (4) [kg^(1/2) mol^(-1/2)]; Grenthe et al. 2013.
_SIT_B = 1.5
#: Water in a kilogram of water [mol/kg], as PHREEQC has it.
_WATER_MOLES = 55.50837
#: Ionic strength above which (2) and (4) are held constant [mol/kg], that of saturated NaCl
#: (assumed), and the lowest activity of water; both keep a solve far outside validity finite.
HELD_MOLAL = 6.0
LOWEST_WATER = 0.05


@dataclass(frozen=True)
class Slopes:
    """Derivatives of the activity coefficients and of the activity of water.

    Attributes
    ----------
    gamma_i : ndarray, shape (n_entities,), d ln gamma_e / d I at given concentrations [L/mol]
    gamma_c : ndarray, shape (n_entities, n_entities), d ln gamma_e / d c_f at given I [L/mol]
    water_i : float, d ln a_w / d I at given concentrations [L/mol]
    water_c : ndarray, shape (n_entities,), d ln a_w / d c_f at given I [L/mol]
    """

    gamma_i: Array
    gamma_c: Array
    water_i: float
    water_c: Array


class ActivityModel(Protocol):
    """An activity model for the entities (components, then species) of one set at one temperature.

    Attributes
    ----------
    name : str
    title : str, in words
    valid : float, ionic strength up to which the model holds [mol/L]
    local : bool, whether ln gamma depends on the ionic strength alone, and a_w is 1
    """

    name: str
    title: str
    valid: float
    local: bool

    def ln_gamma(self, i: float, c: Array) -> Array:
        """The ln gamma of every entity [1].

        Parameters
        ----------
        i : float, ionic strength [mol/L]
        c : ndarray, shape (n_entities,) [mol/L]

        Returns
        -------
        ndarray, shape (n_entities,)
        """
        ...

    def of_ionic_strength(self, i: Array, entities: slice) -> Array:
        """The ln gamma of some entities at many ionic strengths [1].

        Parameters
        ----------
        i : ndarray, shape (n,), ionic strengths [mol/L]
        entities : slice, of the entities

        Returns
        -------
        ndarray, shape (n, number of these entities)

        Raises
        ------
        InputError
            From a model in which it depends on more than that.
        """
        ...

    def ln_water(self, i: float, c: Array) -> float:
        """The ln of the activity of water [1]; parameters as `ln_gamma`."""
        ...

    def slopes(self, i: float, c: Array) -> Slopes:
        """Derivatives by ionic strength and concentrations; parameters as `ln_gamma`."""
        ...


class _Entities:
    """What an activity model wants to know about components and species, in their order."""

    def __init__(self, constants: ConstantSet) -> None:
        components, species = constants.components, constants.species
        self.names = [*components, *species]
        charges = [*(k.charge for k in components.values()), *(s.charge for s in species.values())]
        self.z2: Array = np.array(charges, dtype=np.float64) ** 2
        self.gamma = [*(k.gamma for k in components.values()), *(s.gamma for s in species.values())]
        bound = [item for item in species.values() if item.conditional]
        sites = {
            name
            for item in bound
            for name in item.stoichiometry
            if components[name].role == "ligand"
        }
        left_out = sites | {item.name for item in bound}
        #: 1 for what takes part in the sums over the solution, 0 for protein sites
        self.counted: Array = np.array([float(name not in left_out) for name in self.names])

    def __len__(self) -> int:
        return len(self.names)


class Davies:
    """Equation (1)."""

    name = "davies"
    title = "the Davies equation"
    valid = VALID_IONIC_STRENGTH
    local = True

    def __init__(self, constants: ConstantSet, T: float) -> None:
        entities = _Entities(constants)
        self._scale = -LN10 * davies_a(T) * entities.z2 * entities.counted
        self._none = np.zeros(len(entities))

    def ln_gamma(self, i: float, c: Array) -> Array:
        """Equation (1)."""
        return self._scale * _davies(i, HELD_IONIC_STRENGTH)[0]

    def of_ionic_strength(self, i: Array, entities: slice) -> Array:
        """Equation (1)."""
        return np.outer(_bracket(np.minimum(i, HELD_IONIC_STRENGTH)), self._scale[entities])

    def ln_water(self, i: float, c: Array) -> float:
        """Zero: the activity of water is 1."""
        return 0.0

    def slopes(self, i: float, c: Array) -> Slopes:
        """Derivatives of (1)."""
        by_i = self._scale * _davies(i, HELD_IONIC_STRENGTH)[1]
        return Slopes(by_i, np.zeros((c.size, c.size)), 0.0, self._none)


class TruesdellJones:
    """Equations (2) and (3)."""

    name = "truesdell_jones"
    title = "the extended Debye-Hueckel equation"
    valid = 0.7  #: seawater; Parkhurst, Appelo 2013
    local = False

    def __init__(self, constants: ConstantSet, T: float) -> None:
        entities = _Entities(constants)
        a, b = debye_hueckel(T)
        given = [pair is not None for pair in entities.gamma]
        charged = entities.z2 > 0.0
        self._davies = charged & ~np.array(given)
        self._size = b * np.array([pair[0] if pair else 0.0 for pair in entities.gamma])
        slope = np.array([pair[1] if pair else UNCHARGED_B for pair in entities.gamma])
        self._scale = -LN10 * a * entities.z2 * entities.counted
        self._linear = LN10 * np.where(self._davies, 0.0, slope) * entities.counted
        self._counted = entities.counted

    def ln_gamma(self, i: float, c: Array) -> Array:
        """Equation (2)."""
        held = min(i, HELD_MOLAL)
        root = math.sqrt(held)
        term = np.where(self._davies, _davies(i, HELD_MOLAL)[0], root / (1.0 + self._size * root))
        return self._scale * term + self._linear * held

    def of_ionic_strength(self, i: Array, entities: slice) -> Array:
        """Equation (2)."""
        held = np.minimum(i, HELD_MOLAL)[:, None]
        root = np.sqrt(held)
        own = root / (1.0 + self._size[entities] * root)
        term = np.where(self._davies[entities], _bracket(held), own)
        answer: Array = self._scale[entities] * term + self._linear[entities] * held
        return answer

    def ln_water(self, i: float, c: Array) -> float:
        """Equation (3)."""
        return math.log(max(1.0 - WATER_FACTOR * float(self._counted @ c), LOWEST_WATER))

    def slopes(self, i: float, c: Array) -> Slopes:
        """Derivatives of (2) and (3)."""
        n = c.size
        gamma_i = np.zeros(n)
        if i < HELD_MOLAL:
            root = math.sqrt(i)
            term = np.where(
                self._davies,
                _davies(i, HELD_MOLAL)[1],
                0.5 / (root * (1.0 + self._size * root) ** 2),
            )
            gamma_i = self._scale * term + self._linear
        water = math.exp(self.ln_water(i, c))
        water_c = -WATER_FACTOR / water * self._counted * (water > LOWEST_WATER)
        return Slopes(gamma_i, np.zeros((n, n)), 0.0, water_c)


class Sit:
    """Equations (4) and (5)."""

    name = "sit"
    title = "specific ion interaction theory"
    valid = 3.5  #: Grenthe et al. 2013
    local = False

    def __init__(self, constants: ConstantSet, T: float) -> None:
        entities = _Entities(constants)
        self._a = debye_hueckel(T)[0]
        self._z2 = entities.z2 * entities.counted
        self._counted = entities.counted
        self._epsilon = np.zeros((len(entities), len(entities)))
        index = {name: k for k, name in enumerate(entities.names)}
        for (one, other), value in constants.epsilon.items():
            self._epsilon[index[one], index[other]] = value
            self._epsilon[index[other], index[one]] = value
        self._epsilon *= np.outer(entities.counted, entities.counted)

    def ln_gamma(self, i: float, c: Array) -> Array:
        """Equation (4)."""
        root = math.sqrt(min(i, HELD_MOLAL))
        log_gamma: Array = -self._a * self._z2 * root / (1.0 + _SIT_B * root) + self._epsilon @ c
        return LN10 * log_gamma

    def of_ionic_strength(self, i: Array, entities: slice) -> Array:
        """Refuse: with SIT it takes every concentration.

        Raises
        ------
        InputError
        """
        raise InputError(
            "with SIT activity coefficients do not follow from the ionic strength alone",
            hint="davies or truesdell_jones; or speciate, one solution at a time",
        )

    def ln_water(self, i: float, c: Array) -> float:
        """Equation (5)."""
        t = 1.0 + _SIT_B * math.sqrt(min(i, HELD_MOLAL))
        phi = -2.0 * self._a / _SIT_B**3 * (t - 2.0 * math.log(t) - 1.0 / t)
        phi += 0.5 * float(c @ self._epsilon @ c)
        return -(float(self._counted @ c) + LN10 * phi) / _WATER_MOLES

    def slopes(self, i: float, c: Array) -> Slopes:
        """Derivatives of (4) and (5)."""
        gamma_i, water_i = np.zeros(c.size), 0.0
        if i < HELD_MOLAL:
            root = math.sqrt(i)
            t = 1.0 + _SIT_B * root
            gamma_i = -LN10 * self._a * self._z2 * 0.5 / (root * t**2)
            d_phi = -2.0 * self._a / _SIT_B**3 * (1.0 - 1.0 / t) ** 2 * 0.5 * _SIT_B / root
            water_i = -LN10 * d_phi / _WATER_MOLES
        water_c = -(self._counted + LN10 * (self._epsilon @ c)) / _WATER_MOLES
        return Slopes(gamma_i, LN10 * self._epsilon, water_i, water_c)


def _bracket(i: Array) -> Array:
    """The bracket of (1)."""
    root = np.sqrt(i)
    bracket: Array = root / (1.0 + root) - DAVIES_B * i
    return bracket


def _davies(i: float, most: float) -> tuple[float, float]:
    """The bracket of (1), held constant above the ionic strength `most`, and its derivative."""
    root = math.sqrt(min(i, most))
    slope = 0.5 / (root * (1.0 + root) ** 2) - DAVIES_B if 0.0 < i < most else 0.0
    return root / (1.0 + root) - DAVIES_B * min(i, most), slope


#: Name -> activity model.
ACTIVITY_MODELS: Mapping[str, Callable[[ConstantSet, float], ActivityModel]] = {
    "davies": Davies,
    "truesdell_jones": TruesdellJones,
    "sit": Sit,
}


def activity_model(name: str, constants: ConstantSet, T: float) -> ActivityModel:
    """The activity model called `name` for the entities of a set.

    Parameters
    ----------
    name : str, one of `ACTIVITY_MODELS`
    constants : ConstantSet, with ion coefficients (2) or interaction coefficients (4) where it has
        any
    T : float, temperature [K], 273-373

    Raises
    ------
    UnknownNameError
        When there is no such model; names the nearest one.
    """
    if name not in ACTIVITY_MODELS:
        raise UnknownNameError("activity model", name, ACTIVITY_MODELS)
    return ACTIVITY_MODELS[name](constants, T)
