"""A model as named equations: what every exchange format writes down in its own words.

The equations are derived in :mod:`calcikin.exchange.derive`; the numbers in them come from
:mod:`calcikin.exchange.numbers`. An expression is a SymPy expression over the ids of what stands
before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcikin.model.network import State
    from calcikin.simulate.model import Model

__all__ = [
    "LAW_CONSTANTS",
    "Constant",
    "Equations",
    "Flow",
    "Rule",
    "Total",
    "Unknown",
    "identifier",
]

#: Constants of the law modules: their name in the code, unit, what they are.
LAW_CONSTANTS: Mapping[str, tuple[str, str]] = {
    "AREA_FLOOR": ("m2/L", "surface that keeps a coverage finite without any"),
    "AVOGADRO": ("1/mol", "Avogadro constant"),
    "BIRTH_EXCESS": ("1", "size at birth over the critical radius"),
    "BOLTZMANN": ("J/K", "Boltzmann constant"),
    "DISSOLUTION_SMOOTHING": ("1", "width in S over which dissolution sets in"),
    "DRIVE_FLOOR": ("1", "lowest ln S in a pinning load"),
    "GAS_CONSTANT": ("J/mol/K", "gas constant"),
    "LN_H_REFERENCE": ("1", "ln of the activity of H at which rate constants are stated"),
    "LOWEST_DRIVE": ("1", "lowest ln S of a critical radius"),
    "M3_PER_LITRE": ("m3/L", "a litre in cubic metres"),
    "NUMBER_FLOOR": ("mol/L", "number that keeps a radius finite without particles"),
    "REFERENCE_TEMPERATURE": ("K", "temperature of the rate constants"),
    "VOGEL_ORIGIN": ("K", "temperature at which the Vogel equation of water diverges"),
    "VOGEL_SLOPE": ("K", "slope of the Vogel equation of water"),
    "VOGEL_VISCOSITY": ("J*s/m3", "viscosity of water at infinite temperature in that equation"),
}


@dataclass(frozen=True)
class Constant:
    """A number that does not change during a run.

    Attributes
    ----------
    id, name, unit : str
    value : float, in ``unit``
    title : str, what it is and where it is from
    kind : str
        ``parameter``, ``switch``, ``law`` (constant of a law), ``equilibrium``, ``total`` (of a
        component that no process changes), ``setting``.
    """

    id: str
    name: str
    unit: str
    value: float
    title: str
    kind: str


@dataclass(frozen=True)
class Total:
    """A state of the network, with its value at the start [mol/L]."""

    id: str
    state: State
    initial: float


@dataclass(frozen=True)
class Rule:
    """A quantity given by an expression.

    ``kind`` is ``quantity`` (of the network), ``free``, ``activity``, ``species`` or ``solution``.
    """

    id: str
    name: str
    unit: str
    expression: Any
    title: str
    kind: str = "quantity"


@dataclass(frozen=True)
class Unknown:
    """A quantity of the solution without a closed form.

    ``shortage`` is positive where it is too low and zero at equilibrium; it is scaled so that
    d(unknown)/dt = shortage / tau takes it there within a few tau.
    """

    id: str
    name: str
    unit: str
    initial: float
    shortage: Any
    title: str


@dataclass(frozen=True)
class Flow:
    """A process: the id of its rate [mol/L/s], and its effect on states by id."""

    id: str
    name: str
    rate: str
    effect: Mapping[str, float]
    law: str
    source: str


@dataclass
class Equations:
    """A model as named equations; each rule uses only what stands before it.

    Attributes
    ----------
    model : Model
    constants, totals, rules, unknowns, flows : lists
    absent : list of str
        Components that the solution has none of, left out with everything that holds them.
    """

    model: Model
    constants: list[Constant] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def rates_used_once(self) -> dict[str, Any]:
        """Rates that nothing but their own process uses: id -> expression."""
        used = {str(s) for rule in self.rules for s in rule.expression.free_symbols}
        rates = {flow.rate for flow in self.flows} - used
        return {rule.id: rule.expression for rule in self.rules if rule.id in rates}


def identifier(name: str) -> str:
    """A name as files accept it: ``acp.size`` becomes ``acp__size``, ``CaPO4-`` ``CaPO4m``."""
    text = name.replace(".", "__").replace("+", "p").replace("-", "m")
    return re.sub(r"\W", "_", text)
