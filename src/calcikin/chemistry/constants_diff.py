"""What it matters which constants are used: two sets side by side.

Constants are compared reaction by reaction at one temperature, each set's value for the *same*
reaction being the sum of its own constants; solutions are compared in named waters, each set with
its own activity model. Run times and thresholds are for a higher layer to supply, see `compare`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.formula import parse_reaction
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.records import WATER, ConstantSet
from calcikin.chemistry.speciation import Equilibrium, saturation_indices, solve, ultrafiltrable
from calcikin.errors import UnknownNameError

__all__ = [
    "Change",
    "Difference",
    "Water",
    "compare",
    "entry_log_k",
    "named_waters",
    "reaction_log_k",
]

#: Changes of log K smaller than this are not listed [log10 units]: the digits of the sources.
SAME = 0.005


@dataclass(frozen=True)
class Water:
    """A solution in which sets are compared.

    Attributes
    ----------
    name, title : str
    totals : Mapping[str, float], component -> total [mol/L]
    T : float, temperature [K]
    pH : float
    """

    name: str
    title: str
    totals: Mapping[str, float]
    T: float
    pH: float


@dataclass(frozen=True)
class Change:
    """A quantity in two sets.

    Attributes
    ----------
    name : str
    one, other : float | None, its value with either set; None where a set lacks it
    detail : str, what the quantity is (the reaction of a constant, the unit of a read-out)
    """

    name: str
    one: float | None
    other: float | None
    detail: str = ""

    @property
    def by(self) -> float | None:
        """The second value less the first; None where there is none, or both are infinite."""
        if self.one is None or self.other is None:
            return None
        difference = self.other - self.one
        return difference if math.isfinite(difference) else None


@dataclass(frozen=True)
class Difference:
    """Two constant sets side by side.

    Attributes
    ----------
    one, other : str, names of the sets
    temperature : float, at which constants are compared [K]
    constants : tuple of Change, log10 K that differ, the largest difference first; then what only
        one of the sets has
    indices : dict[str, tuple of Change], water -> saturation indices of every phase
    free : dict[str, tuple of Change], water -> free Ca, free Mg and ionic strength [mol/L]
    behaviour : tuple of Change, what the higher layer read out (T50, threshold)
    """

    one: str
    other: str
    temperature: float
    constants: tuple[Change, ...]
    indices: dict[str, tuple[Change, ...]]
    free: dict[str, tuple[Change, ...]]
    behaviour: tuple[Change, ...]


def named_waters() -> dict[str, Water]:
    """Healthy plasma, its ultrafiltrate, simulated body fluid and the mix of the T50 assay.

    The ultrafiltrate is plasma without proteins and what these bind (default constants; the
    potential across the membrane, which moves ions by 5 %, is left out).
    """
    found = {}
    for name, medium, title in (
        ("plasma", "serum", "Healthy serum, 37 degC"),
        ("sbf", "sbf", "Simulated body fluid"),
        ("t50_mix", "t50_mix", "T50 assay mix of healthy serum"),
    ):
        recipe = load_medium(medium)
        found[name] = Water(name, title, recipe.totals(), recipe.temperature, recipe.pH)
    plasma = found["plasma"]
    passing = ultrafiltrable(_solved(load_constants("default"), plasma))
    proteins = ("Alb", "Fet")
    totals = {name: c for name, c in plasma.totals.items() if name not in proteins} | passing
    title = "Ultrafiltrate of healthy serum"
    filtrate = Water("ultrafiltrate", title, totals, plasma.T, plasma.pH)
    return {"plasma": plasma, "ultrafiltrate": filtrate, **found}


def compare(
    one: ConstantSet,
    other: ConstantSet,
    waters: Sequence[Water] | None = None,
    *,
    T: float = 310.15,
    behaviour: Callable[[str], Mapping[str, float]] | None = None,
) -> Difference:
    """Two constant sets side by side.

    Parameters
    ----------
    one, other : ConstantSet
    waters : sequence of Water, optional, by default `named_waters`
    T : float, temperature at which constants are compared [K]
    behaviour : callable, optional, name of a set -> name of a read-out with its unit -> value, such
        as ``{"T50 [min]": 329.0}``; kinetics stand above this layer, so they come from outside

    Returns
    -------
    Difference
    """
    solved = list(waters) if waters is not None else list(named_waters().values())
    indices, free = {}, {}
    for water in solved:
        pair = [_solved(constants, water) for constants in (one, other)]
        si = [saturation_indices(solution) for solution in pair]
        phases = list(dict.fromkeys([*one.phases, *other.phases]))
        indices[water.name] = tuple(
            Change(phase, si[0].get(phase), si[1].get(phase)) for phase in phases
        )
        free[water.name] = (
            *(Change(m, pair[0].free[m], pair[1].free[m], "mol/L") for m in ("Ca", "Mg")),
            Change("I", pair[0].ionic_strength, pair[1].ionic_strength, "mol/L"),
        )
    read = [behaviour(constants.name) if behaviour else {} for constants in (one, other)]
    names = list(dict.fromkeys([*read[0], *read[1]]))
    return Difference(
        one=one.name,
        other=other.name,
        temperature=T,
        constants=_constants(one, other, T),
        indices=indices,
        free=free,
        behaviour=tuple(Change(name, read[0].get(name), read[1].get(name)) for name in names),
    )


def reaction_log_k(constants: ConstantSet, reaction: str, T: float) -> float:
    """A set's log10 K of any reaction between its components, species and solids [1].

    Parameters
    ----------
    constants : ConstantSet
    reaction : str, e.g. ``"Ca+2 + HPO4-2 = CaHPO4"``; solids by their formula, or by their name
        where this begins with a capital. A formula that stands alone on the left side is the solid,
        where there is one
    T : float, temperature [K]

    Raises
    ------
    UnknownNameError
        When the set does not have a term of the reaction.
    ModelFileError
        When the reaction cannot be read.
    """
    solids = {phase.formula: phase for phase in constants.phases.values()} | constants.phases
    ions = {component.formula for component in constants.components.values()} | {WATER}
    total = 0.0
    for term, n in parse_reaction(reaction).terms.items():
        alone = reaction.split("=")[0].strip() == term
        if term in solids and (alone or term not in constants.species):
            total -= n * solids[term].log_k.at(T)
        elif term in constants.species:
            total += n * constants.species[term].log_beta(T)
        elif term not in ions:
            known = [*ions, *constants.species, *constants.phases]
            raise UnknownNameError("ion, species or solid", term, known, constants.name)
    return total


def _constants(one: ConstantSet, other: ConstantSet, T: float) -> tuple[Change, ...]:
    """Reactions whose log10 K differ, then species and solids that only one of the sets has."""
    differ, alone = [], []
    reactions: dict[str, str] = {}
    for constants in (other, one):  # a reaction as the first set writes it
        reactions |= {name: item.reaction for name, item in constants.species.items()}
        reactions |= {name: phase.reaction for name, phase in constants.phases.items()}
    for name, reaction in reactions.items():
        change = Change(
            name,
            entry_log_k(one, name, reaction, T),
            entry_log_k(other, name, reaction, T),
            reaction,
        )
        if change.by is None:
            alone.append(change)
        elif abs(change.by) > SAME:
            differ.append(change)
    return (*sorted(differ, key=lambda change: -abs(change.by or 0.0)), *alone)


def entry_log_k(constants: ConstantSet, name: str, reaction: str, T: float) -> float | None:
    """log10 K of a species or solid for a reaction as any set writes it [1].

    Parameters
    ----------
    constants : ConstantSet
    name : str, species or phase
    reaction : str, which makes the species or dissolves the phase
    T : float, temperature [K]

    Returns
    -------
    float | None
        None where the set lacks the entry or a term of the reaction.
    """
    if name in constants.phases:
        phase = constants.phases[name]
        total, own = phase.log_k.at(T), phase.formula
    elif name in constants.species:
        total, own = 0.0, ""
    else:
        return None
    ions = {component.formula for component in constants.components.values()} | {WATER, own}
    for term, n in parse_reaction(reaction).terms.items():
        if term in ions:
            continue
        if term not in constants.species:
            return None
        total += n * constants.species[term].log_beta(T)
    return total


def _solved(constants: ConstantSet, water: Water) -> Equilibrium:
    return solve(constants, water.totals, water.T, fixed_activity={"H": 10.0**-water.pH})
