"""The numbers of a model, by the names that an exported file gives them.

A file is made once; the numbers of another composition, parameter or switch are set in it (see
:mod:`calcikin.exchange.engines`). So they are kept apart from the equations, and found in less than
a millisecond.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcikin.exchange.equations import identifier

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["Numbers", "file_numbers", "numbers_of"]


@dataclass(frozen=True)
class Numbers:
    """Numbers of a model at its start.

    Attributes
    ----------
    settings : mapping of str to float
        Slot of q -> value, each in its internal unit.
    initial : mapping of str to float
        State -> value [mol/L].
    solute : mapping of str to float
        ``gamma`` of an ion of charge 1 [1], ``free.X`` [mol/L], and ``buffer``: H given off per
        unit of ln [H] [mol/L].
    """

    settings: Mapping[str, float]
    initial: Mapping[str, float]
    solute: Mapping[str, float]

    def __getitem__(self, slot: str) -> float:
        return self.settings[slot]


def numbers_of(model: Model) -> Numbers:
    """The numbers of a model at its start.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Numbers

    Raises
    ------
    OutOfRangeError
        When the initial solution has no equilibrium.
    """
    compiled = model.compiled
    q = model.parameter_vector()
    y = model.initial_state(q)
    x, s = np.zeros(compiled.n_unknowns), np.zeros(compiled.slots.size)
    tot = compiled.totals(q, y)
    names = model.scenario.network.state_names
    compiled.module.cold_start(q, tot, x)
    compiled.module.speciate(q, tot, x, s)
    slots = compiled.slots
    cations = compiled.tables.cations
    row = cations.index("H")
    free = (*cations, *compiled.tables.ligands)
    solute = {f"free.{c}": float(s[slots[f"free.{c}"]]) for c in free}
    solute["gamma"] = math.exp(s[slots["g"]])
    solute["buffer"] = float(s[slots[f"m.{row}.{row}"]])
    return Numbers(
        {slot: float(q[index]) for slot, index in compiled.layout.items()},
        dict(zip(names, map(float, y), strict=True)),
        solute,
    )


def file_numbers(model: Model) -> dict[str, float]:
    """The numbers of a model by the ids of an exported file: what a variant sets in it.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict
        Id -> value: states and constants, in the units of the file; more than a file may have.
    """
    numbers = numbers_of(model)
    held = {"ln_ah": ("held_activity.H", math.exp), "i_value": ("ionic_strength", float)}
    found = {"temperature": numbers["T"], "debye_hueckel": numbers["debye"]}
    for slot, value in numbers.settings.items():
        kind, _, rest = slot.partition(".")
        if slot in held:
            name, convert = held[slot]
            found[identifier(name)] = convert(value)
        elif kind == "parameter":
            found[identifier(rest)] = value
        elif kind == "activity":
            found[identifier(f"held_activity.{rest}")] = value
        elif kind in {"total", "beta", "switch", "lnk", "scale", "davies_b"}:
            found[identifier(slot)] = value
    for state in model.scenario.network.states:
        name = f"total.{state.name}" if state.component else state.name
        found[identifier(name)] = numbers.initial[state.name]
    found |= {identifier(f"{k}.H" if k == "buffer" else k): v for k, v in numbers.solute.items()}
    return found
