"""What a network is made of while its file is read: states, quantities and processes by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from calcikin.chemistry.constants import ConstantSet
from calcikin.chemistry.records import Phase
from calcikin.errors import ModelFileError, UnknownNameError
from calcikin.laws import Law, get_law
from calcikin.model.network import Population, Process, State

__all__ = ["Draft", "checked_name"]

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*\Z")


def checked_name(name: str, where: str) -> str:
    """Return `name` when the name of a state or quantity may look like that.

    Raises
    ------
    ModelFileError
    """
    if not IDENTIFIER.match(name):
        raise ModelFileError(
            f"{name!r} is not a name",
            where=where,
            hint="use letters, digits, underscores and single dots, starting with a letter",
        )
    return name


class Draft:
    """States, quantities and processes as they are collected; what they name is looked up later.

    Parameters
    ----------
    raw : mapping
        Tables of the network file.
    constants : ConstantSet
        Components and phases that the tables may name.
    where : str
        File name for messages.

    Attributes
    ----------
    states : dict of str to State
    quantities : dict of str to (Law, dict)
        Name -> its law, and the inputs as the file has them.
    processes : list of Process
    populations : dict of str to Population
    phases : list of str
        In the order of their first use.
    """

    def __init__(self, raw: Mapping[str, Any], constants: ConstantSet, where: str) -> None:
        self.raw = raw
        self.constants = constants
        self.where = where
        self.states: dict[str, State] = {}
        self.quantities: dict[str, tuple[Law, dict[str, Any]]] = {}
        self.processes: list[Process] = []
        self.populations: dict[str, Population] = {}
        self.phases: list[str] = []

    def at(self, *parts: str) -> str:
        """The place of a table in the file, for messages."""
        return f"{self.where}: [{'.'.join(parts)}]"

    def tables(self, kind: str) -> Iterator[tuple[str, Any, str]]:
        """Name, content and place of every table of a kind, such as ``populations``."""
        for name, table in self.raw.get(kind, {}).items():
            where = self.at(kind, name)
            yield checked_name(name, where), table, where

    def add_state(self, state: State) -> None:
        """Follow something in time."""
        self.states[state.name] = state

    def add_quantity(self, name: str, law_name: str, inputs: Mapping[str, Any], where: str) -> None:
        """Apply a law; each of its inputs is given, by a name or a number."""
        checked_name(name, where)
        if name in self.quantities:
            raise ModelFileError(f"quantity {name!r} is defined twice", where=where)
        law = get_law(law_name, where)
        missing = [a for a in law.inputs if a not in inputs]
        if missing:
            raise ModelFileError(
                f"law {law_name!r} also needs {', '.join(missing)}", where=where, hint=law.doc
            )
        for argument in inputs:
            if argument not in law.inputs:
                raise UnknownNameError(
                    f"input of law {law_name!r}", argument, sorted(law.inputs), where=where
                )
        self.quantities[name] = (law, dict(inputs))

    def add_process(
        self, name: str, quantity: str, effect: Mapping[str, float], source: str = ""
    ) -> None:
        """Let a quantity change states at its rate."""
        where = self.at("processes", name)
        clean: dict[str, float] = {}
        for state, coefficient in effect.items():
            if state != "H2O" and state not in self.states:
                raise UnknownNameError("state", state, [*self.states, "H2O"], where=where)
            clean[state] = clean.get(state, 0.0) + float(coefficient)
        self.processes.append(Process(name, quantity, clean, source))

    def phase(self, name: str, where: str) -> Phase:
        """A phase of the constants; with its first use comes its supersaturation, ``NAME.s``."""
        if name not in self.constants.phases:
            raise UnknownNameError("phase", name, sorted(self.constants.phases), where=where)
        phase = self.constants.phases[name]
        if name not in self.phases:
            self.phases.append(name)
            ions = {c: n for c, n in phase.stoichiometry.items() if c != "H2O"}
            self.add_quantity(
                f"{name}.s",
                "ln_saturation",
                {
                    "coefficients": [float(n) for n in ions.values()],
                    "ln_activities": [f"lna.{c}" for c in ions],
                    "ln_k": f"lnk.{name}",
                    "ions": float(phase.nu),
                },
                where,
            )
        return phase

    def formation(self, population: str, where: str) -> dict[str, float]:
        """Effect of forming one formula unit of a population from the solution."""
        phase = self.constants.phases[self.populations[population].phase]
        effect = {f"{population}.m": 1.0}
        by_component = {s.component: s.name for s in self.states.values() if s.component}
        for component, n in phase.stoichiometry.items():
            if component == "H2O":
                effect["H2O"] = -n
            elif component in by_component:
                effect[by_component[component]] = -n
            else:
                raise ModelFileError(
                    f"phase {phase.name} needs {component}, which the model does not follow",
                    where=where,
                    hint=f"add {component} to [dissolved]",
                )
        return effect
