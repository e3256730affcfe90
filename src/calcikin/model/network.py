"""The reaction network as plain data, and the proof of its balances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from calcikin.errors import BalanceError, UnknownNameError
from calcikin.laws import Law

__all__ = ["WATER", "Network", "Node", "Population", "Process", "Ref", "State"]

WATER = {"H": 2.0, "O": 1.0}  # the solvent: balanced like everything else, but not a state
BALANCE_TOLERANCE = (
    1e-9  # formulas are written with two decimals; round-off of their products is 1e-15
)


@dataclass(frozen=True)
class Ref:
    """One input of a law.

    ``kind`` is one of: state, node, parameter, switch, scale, constant (a number), temperature,
    ln_activity, activity, ln_k (of a phase).
    """

    kind: str
    name: str
    value: float = 0.0


@dataclass(frozen=True)
class State:
    """One entry of y [mol/L]."""

    name: str
    title: str
    elements: Mapping[str, float]
    charge: float
    component: str | None = None  # dissolved total of this component
    signed: bool = False  # may be negative by definition (total H, ledgers of exchange)


@dataclass(frozen=True)
class Node:
    """A named quantity: a law applied to other names."""

    name: str
    law: Law
    inputs: Mapping[str, Ref | tuple[Ref, ...]]
    unit: str

    def refs(self) -> Iterator[Ref]:
        """Yield every input, lists flattened."""
        for value in self.inputs.values():
            if isinstance(value, tuple):
                yield from value
            else:
                yield value


@dataclass(frozen=True)
class Process:
    """A node used as a rate, with its effect on the states (and on water)."""

    name: str
    node: str
    effect: Mapping[str, float]
    source: str = ""


@dataclass(frozen=True)
class Population:
    """A particle population and the names of its states."""

    name: str
    title: str
    phase: str
    molar_volume: str
    amount: str
    number: str
    guest: str | None
    ca_per_formula: float


@dataclass(frozen=True)
class Network:
    """Structure of a model: everything that decides the generated code, and no parameter values.

    Attributes
    ----------
    name, title : str
    states : tuple of State
        Order of y.
    nodes : tuple of Node
        In order of evaluation: each uses only earlier ones.
    processes : tuple of Process
        Order of the flux vector v; dy/dt = N^T v.
    """

    name: str
    title: str
    states: tuple[State, ...]
    nodes: tuple[Node, ...]
    processes: tuple[Process, ...]
    populations: tuple[Population, ...]
    switches: Mapping[str, str]
    phases: tuple[str, ...]
    where: str

    @property
    def state_names(self) -> list[str]:
        """Names of the states in the order of y."""
        return [s.name for s in self.states]

    @property
    def process_names(self) -> list[str]:
        """Names of the processes in the order of v."""
        return [p.name for p in self.processes]

    def index(self, state: str) -> int:
        """Return the position of ``state`` in y.

        Raises
        ------
        UnknownNameError
        """
        names = self.state_names
        if state not in names:
            raise UnknownNameError("state", state, names, where=f"network {self.name}")
        return names.index(state)

    def population(self, name: str) -> Population:
        """Return the population called ``name``.

        Raises
        ------
        UnknownNameError
        """
        for population in self.populations:
            if population.name == name:
                return population
        known = [population.name for population in self.populations]
        raise UnknownNameError("population", name, known, where=f"network {self.name}")

    def stoichiometry(self) -> np.ndarray:
        """Return N : ndarray, shape (n_processes, n_states)."""
        index = {name: i for i, name in enumerate(self.state_names)}
        matrix = np.zeros((len(self.processes), len(self.states)))
        for row, process in enumerate(self.processes):
            for name, coefficient in process.effect.items():
                if name != "H2O":
                    matrix[row, index[name]] = coefficient
        return matrix

    def elements(self) -> list[str]:
        """Elements (and pseudo-elements, and charge last) that must balance."""
        found = {e for s in self.states for e in s.elements}
        return [*sorted(found), "charge"]

    def composition(self) -> np.ndarray:
        """Return C, shape (n_elements, n_states); C y is conserved but for water's H and O."""
        rows = self.elements()
        matrix = np.zeros((len(rows), len(self.states)))
        for column, state in enumerate(self.states):
            for element, count in state.elements.items():
                matrix[rows.index(element), column] = count
            matrix[-1, column] = state.charge
        return matrix

    def conserved(self) -> tuple[list[str], np.ndarray]:
        """Return names and rows of C that are conserved exactly: all without the solvent's H and O.

        Hydrogen is followed as the proton condition: the solvent's hydrogen is taken out through
        oxygen, H - 2 O, which every balanced process keeps.
        """
        names, matrix = self.elements(), self.composition()
        keep_names, keep_rows = [], []
        for i, name in enumerate(names):
            if name == "O":
                continue
            if name == "H":
                row = matrix[i] - 2.0 * matrix[names.index("O")] if "O" in names else matrix[i]
                keep_names.append("H - 2 O")
                keep_rows.append(row)
                continue
            keep_names.append(name)
            keep_rows.append(matrix[i])
        return keep_names, np.array(keep_rows)

    def prove_balances(self) -> None:
        """Check every process for elements and charge.

        Raises
        ------
        BalanceError
            Names file, process, element and imbalance.
        """
        states = {s.name: s for s in self.states}
        for process in self.processes:
            total: dict[str, float] = {}
            for name, coefficient in process.effect.items():
                elements = WATER if name == "H2O" else states[name].elements
                charge = 0.0 if name == "H2O" else states[name].charge
                for element, count in elements.items():
                    total[element] = total.get(element, 0.0) + coefficient * count
                total["charge"] = total.get("charge", 0.0) + coefficient * charge
            for element, imbalance in total.items():
                if not abs(imbalance) <= BALANCE_TOLERANCE:  # NaN does not balance either
                    raise BalanceError(
                        f"process {process.name!r} does not balance {element}: "
                        f"{imbalance:+.6g} per turnover",
                        where=self.where,
                        hint="correct the effect, or the elements and charge of what it makes",
                    )
