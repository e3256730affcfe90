"""What a name in a network file stands for, in which unit, and what has to be evaluated first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from calcikin.errors import ModelFileError, UnitError, UnknownNameError
from calcikin.model.draft import Draft, checked_name
from calcikin.model.network import Node, Ref
from calcikin.units import factor

__all__ = ["resolved"]


def resolved(
    draft: Draft, parameter_units: Mapping[str, str], scales: Mapping[str, str]
) -> tuple[Node, ...]:
    """The quantities of a draft with their inputs looked up, each after all that it uses.

    Parameters
    ----------
    draft : Draft
        Complete.
    parameter_units, scales : mapping of str to str
        Parameters, and inputs that a medium supplies, with the (internal) unit of each.

    Raises
    ------
    UnknownNameError, UnitError
    ModelFileError
        For what is neither a name nor a number, and for quantities that depend on themselves.
    """
    resolver = _Resolver(draft, parameter_units, scales)
    for name in draft.quantities:
        resolver.place(name)
    return tuple(resolver.nodes.values())


class _Resolver:
    def __init__(
        self, draft: Draft, parameter_units: Mapping[str, str], scales: Mapping[str, str]
    ) -> None:
        self.draft = draft
        self.parameter_units = parameter_units
        self.scales = scales
        self.nodes: dict[str, Node] = {}
        self.open: list[str] = []  # what is being placed, to notice a circle

    def place(self, name: str) -> Node:
        """Resolve quantity ``name`` after everything it uses; refuse a circle."""
        if name in self.nodes:
            return self.nodes[name]
        where = self.draft.at("quantities", name)
        if name in self.open:
            raise ModelFileError(
                f"quantity {name!r} depends on itself: {' -> '.join([*self.open, name])}",
                where=where,
            )
        self.open.append(name)
        law, raw_inputs = self.draft.quantities[name]
        inputs: dict[str, Ref | tuple[Ref, ...]] = {}
        units: dict[str, str | None] = {}
        for argument in law.inputs:
            value = raw_inputs[argument]
            if law.takes_list(argument):
                if not isinstance(value, list):
                    raise ModelFileError(f"{argument!r} takes a list", where=where)
                pairs = [self.look_up(item, where) for item in value]
                inputs[argument] = tuple(ref for ref, _ in pairs)
            else:
                pairs = [self.look_up(value, where)]
                inputs[argument], units[argument] = pairs[0]
            for ref, unit in pairs:
                _check_unit(name, argument, ref, unit, law.unit_of(argument), where)
        unit = law.unit
        if unit.startswith("@"):
            unit = units[unit[1:]] or "1"
        self.open.pop()
        node = Node(name, law, inputs, unit)
        self.nodes[name] = node
        return node

    def look_up(self, value: Any, where: str) -> tuple[Ref, str | None]:
        """Return the reference and its unit; a plain number is dimensionless."""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ModelFileError(f"{value!r} is neither a name nor a number", where=where)
        if isinstance(value, (int, float)):
            if not math.isfinite(value):
                raise ModelFileError(f"{value!r} is not a finite number", where=where)
            return Ref("constant", "", float(value)), "1"
        draft, constants = self.draft, self.draft.constants
        name = checked_name(value, where)
        head, _, tail = name.partition(".")
        if name == "T":
            return Ref("temperature", "T"), "K"
        if head == "switch" and tail:
            switches = draft.raw.get("switches", {})
            if tail not in switches:
                raise UnknownNameError("switch", tail, sorted(switches), where=where)
            return Ref("switch", tail), "1"
        if name in self.scales:
            return Ref("scale", name), self.scales[name]
        if head in {"lna", "a"} and tail:
            if tail not in constants.components:
                raise UnknownNameError("component", tail, sorted(constants.components), where=where)
            if head == "lna":
                return Ref("ln_activity", tail), "1"
            return Ref("activity", tail), "mol/L"
        if head in {"lnk", "nu"} and tail in constants.phases:
            if head == "nu":
                return Ref("constant", "", float(constants.phases[tail].nu)), "1"
            return Ref("ln_k", tail), "1"
        if name in draft.states:
            return Ref("state", name), "mol/L"
        if name in draft.quantities:
            return Ref("node", name), self.place(name).unit
        if name in self.parameter_units:
            return Ref("parameter", name), self.parameter_units[name]
        known = [*draft.states, *draft.quantities, *self.parameter_units]
        raise UnknownNameError("state, quantity or parameter", name, known, where=where)


def _check_unit(
    node: str, argument: str, ref: Ref, unit: str | None, expected: str, where: str
) -> None:
    if expected == "any" or unit is None:
        return
    try:
        ratio = factor(unit, expected)
    except UnitError:
        ratio = 0.0
    if abs(ratio - 1.0) > 1e-12:
        given = repr(ref.name) if ref.name else f"{ref.value:g}"
        raise UnitError(
            f"{node!r} takes {argument!r} in {expected}, but {given} is in {unit}",
            where=where,
            hint="" if ref.name else "make it a parameter, with its unit and source",
        )
