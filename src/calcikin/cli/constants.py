"""`calcikin constants`: which constant sets there are, what they say, differ in, and get wrong."""

from __future__ import annotations

import click

from calcikin.cli import options
from calcikin.cli.verbs import LazyGroup
from calcikin.errors import OutOfRangeError

__all__ = ["command", "fixed", "kelvin", "signed"]

#: Window of plausible temperatures [degC]: that of the sets.
_DEGC = (4.0, 60.0)


@click.group(
    "constants",
    cls=LazyGroup,
    names=("list", "show", "diff", "lint"),
    modules="calcikin.cli.constants_",
)
@options.debug_option
def command() -> None:
    """Equilibrium constants: sets, reactions, differences, checks."""


def kelvin(text: str) -> float:
    """A temperature of the command line [K].

    Raises
    ------
    InputError
    """
    from calcikin.units import parse_quantity

    with options.located("--at", text, hint="--at 37degC"):
        T = parse_quantity(text, "K")
        low, high = _DEGC
        if not low <= T - 273.15 <= high:
            raise OutOfRangeError(
                f"{T - 273.15:g} degC is outside {low:g} to {high:g} degC, where the constants hold"
            )
        return T


def fixed(value: float | None, digits: int) -> str:
    """A number with so many decimals; a dash where there is none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A difference with its sign; a dash where there is none."""
    return "-" if value is None or value != value else f"{value:+.{digits}f}"
