"""What a rate law is: a pure function, its units, and where it comes from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from calcikin.errors import UnknownNameError

__all__ = ["LAWS", "Law", "get_law", "law"]


@dataclass(frozen=True)
class Law:
    """A named law.

    Attributes
    ----------
    name : str
        The name by which a model file chooses it.
    function : callable
        Pure function over :mod:`calcikin.laws.vocabulary`.
    inputs : mapping of str to str
        Argument name to unit. A unit that starts with ``list:`` marks an argument that takes a
        list.
    unit : str
        Unit of the result.
    source : str
        Paper or derivation.
    """

    name: str
    function: Callable[..., Any]
    inputs: Mapping[str, str]
    unit: str
    source: str

    @property
    def doc(self) -> str:
        """First line of the function's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def takes_list(self, argument: str) -> bool:
        """Tell whether ``argument`` is a list of names."""
        return self.inputs[argument].startswith("list:")

    def unit_of(self, argument: str) -> str:
        """Return the unit of ``argument`` (of each item, for a list)."""
        return self.inputs[argument].removeprefix("list:")


LAWS: dict[str, Law] = {}


def law(*, unit: str, source: str, **inputs: str) -> Callable[[Callable[..., Any]], Law]:
    """Register a function as a law; ``inputs`` gives the unit of every argument by name."""

    def register(function: Callable[..., Any]) -> Law:
        arguments = list(inspect.signature(function).parameters)
        if arguments != list(inputs):
            raise TypeError(
                f"law {function.__name__}: arguments {arguments} but units for {list(inputs)}"
            )
        entry = Law(function.__name__, function, dict(inputs), unit, source)
        LAWS[entry.name] = entry
        return entry

    return register


def get_law(name: str, where: str) -> Law:
    """Return the law called ``name``.

    Raises
    ------
    UnknownNameError
        When no law has that name; the nearest ones are named.
    """
    if name not in LAWS:
        raise UnknownNameError("law", name, sorted(LAWS), where=where)
    return LAWS[name]
