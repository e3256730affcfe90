"""What the compiled speciation reads of a constant set: constants and coefficients of ions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.activity import DAVIES_B, davies_a
from calcikin.chemistry.activity_models import LOWEST_WATER, UNCHARGED_B, WATER_FACTOR
from calcikin.chemistry.constants import ConstantSet
from calcikin.chemistry.water import debye_hueckel
from calcikin.compiler.layout import SolutionTables

if TYPE_CHECKING:
    from calcikin.compiler.module import CompiledModel

__all__ = ["fill_solution", "ln_water", "open_carbonate", "settle_water"]

Array = npt.NDArray[np.float64]
LN10 = math.log(10.0)
#: Change of ln a_w at which it counts as settled, and most solutions tried; four are usual, since
#: each follows the one before by a hundredth or less.
_SETTLED, _MOST = 1e-14, 30


def fill_solution(
    q: Array,
    layout: Mapping[str, int],
    tables: SolutionTables,
    constants: ConstantSet,
    T: float,
    *,
    gone: Collection[str] = (),
) -> None:
    """Write formation constants and activity coefficients at a temperature into q.

    Parameters
    ----------
    q : ndarray, shape (n_slots,)
        Written in place; the activity of water is set to 1.
    layout : mapping of str to int
        Slots of q.
    tables : SolutionTables
        That the kernel was written for.
    constants : ConstantSet
    T : float
        Temperature [K].
    gone : collection of str
        Species that are switched off.
    """
    for name, species in constants.species.items():
        q[layout[f"beta.{name}"]] = 0.0 if name in gone else 10.0 ** species.log_beta(T)
    q[layout["davies_b"]] = DAVIES_B
    if tables.activity == "davies":
        q[layout["debye"]] = davies_a(T) * LN10
        return
    a, b = debye_hueckel(T)
    q[layout["debye"]] = a * LN10
    q[layout["ln_water"]] = 0.0
    for k, (z2, pair) in enumerate(tables.ion_classes):
        q[layout[f"ion_size.{k}"]] = b * pair[0] if pair else 0.0
        slope = pair[1] if pair else 0.0 if z2 else UNCHARGED_B
        q[layout[f"ion_slope.{k}"]] = LN10 * slope


def ln_water(solutes: float | Array) -> float | Array:
    """The ln of the activity of water beside dissolved matter (Garrels, Christ 1965) [1].

    Parameters
    ----------
    solutes : float or ndarray
        Sum of what is dissolved, protein left out [mol/L].
    """
    return np.log(np.maximum(1.0 - WATER_FACTOR * np.asarray(solutes), LOWEST_WATER))


def open_carbonate(
    constants: ConstantSet, T: float, pco2: float | Array, ln_ah: float | Array
) -> tuple[float | Array, float]:
    """The ln of the activity of carbonate that a CO2 pressure holds, and its slope by ln a_w.

    Parameters
    ----------
    constants : ConstantSet
    T : float
        Temperature [K].
    pco2 : float or ndarray
        Partial pressure [atm].
    ln_ah : float or ndarray
        ln of the activity of H.

    Returns
    -------
    (float or ndarray, float)
        ln a(CO3-2) where the activity of water is 1, and what it rises by with ln a_w.
    """
    gas = constants.gases["CO2(g)"]
    co2 = constants.species[gas.species]
    ln_a = LN10 * (gas.log_k.at(T) + np.log10(pco2) - co2.log_beta(T))
    return ln_a - co2.stoichiometry["H"] * ln_ah, gas.water - co2.water


def settle_water(compiled: CompiledModel, q: Array, totals: Sequence[float], slope: float) -> None:
    """Find the activity of water of a solution at its fixed pH, and write it into q.

    Parameters
    ----------
    compiled : CompiledModel
        With the Truesdell-Jones equation.
    q : ndarray, shape (n_slots,)
        Written in place. Where no solution is found, the activity of water stays at 1.
    totals : sequence of float
        In the order of the components [mol/L].
    slope : float
        What ln of the activity of carbonate rises by with ln a_w, where CO2 holds it.
    """
    layout, slots, module = compiled.layout, compiled.slots, compiled.module
    held, tot = q.copy(), np.array(totals)
    held[layout["ph_fixed"]] = 1.0
    x, s = np.zeros(compiled.n_unknowns), np.zeros(slots.size)
    module.cold_start(held, tot, x)
    before = 0.0
    for _ in range(_MOST):
        if module.speciate(held, tot, x, s) < 0:
            return
        now = float(ln_water(s[slots["solutes"]]))
        for vector in (q, held):
            vector[layout["ln_water"]] = now
            vector[layout["activity.CO3"]] *= math.exp(slope * (now - before))
        if abs(now - before) <= _SETTLED:
            return
        before = now
