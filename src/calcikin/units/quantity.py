"""Quantities: text with a number and a unit in, a plain number out, and back for display."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING

from calcikin.errors import OutOfRangeError, UnitError
from calcikin.units.registry import EXAMPLES, affine, compatible, kind
from calcikin.units.substances import MOLAR_MASS, VALENCE, find

if TYPE_CHECKING:
    import numpy as np

__all__ = ["format_quantity", "parse_quantity", "parse_range"]

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_GRID = re.compile(
    rf"({_NUMBER})\s*:\s*({_NUMBER})\s*:\s*([0-9]{{1,9}})(?![0-9.])\s*(.*)", re.DOTALL
)
_LONGEST_TEXT = 100
_MOST_POINTS = 1_000_000


def parse_quantity(
    text: str | float, to: str, *, where: str = "", substance: str | None = None
) -> float:
    """The number that a text such as "1.2 mmol/L" stands for, in the unit `to`.

    Parameters
    ----------
    text : str or number
        "1.2 mmol/L", "1.2mmol/L", "37 degC", "24h", "2 mg/dL". A number without a unit only
        where `to` is "1".
    to : str
        The unit of the result.
    where : str
        The place to name in an error.
    substance : str, optional
        What it is an amount of; needed to get from mass or charge to moles (`MOLAR_MASS`,
        `VALENCE`; upper and lower case, "-" and "_" do not count).

    Returns
    -------
    float
        Finite. The exact decimal value, rounded once.

    Raises
    ------
    UnitError
        Missing, unknown or wrong unit; mass or charge where the substance has no molar mass or
        fixed valence.
    OutOfRangeError
        NaN, infinity, or a temperature below absolute zero.
    """
    try:
        number, unit = _split(text, to)
        exact = _exact(number, unit, to, substance)
        if to != "1" and compatible(to, "K"):
            scale, offset = affine(to, "K")
            if scale * exact + offset < 0:
                raise OutOfRangeError(f"{str(text)!r} is below absolute zero")
        return _finite(exact, text)
    except (UnitError, OutOfRangeError) as error:
        error.where = error.where or where or None
        raise


def _split(text: object, to: str) -> tuple[Fraction, str]:
    """Part a quantity into its exact number and its unit."""
    if isinstance(text, bool) or not isinstance(text, str | Real):
        raise UnitError(f"{text!r} is not a quantity", hint=f"text such as {_example(1, to)!r}")
    if not isinstance(text, str):
        if to != "1":
            raise UnitError(f"{text!r} has no unit", hint=repr(_example(text, to)))
        return _number(repr(float(text))), "1"
    clean = text.strip().replace("−", "-")
    match = _QUANTITY.fullmatch(clean) if len(clean) <= _LONGEST_TEXT else None
    if match is None:
        _refuse_non_finite(clean)
        shown = repr(text if len(text) <= _LONGEST_TEXT else text[:40] + "...")
        raise UnitError(
            f"{shown} is not a number with a unit", hint=f"text such as {_example(1, to)!r}"
        )
    number, unit = match.groups()
    if unit.startswith(","):
        raise UnitError(f"{text!r} is not a number with a unit", hint="a decimal point, no comma")
    if not unit and to != "1":
        raise UnitError(f"{text!r} has no unit", hint=repr(_example(number, to)))
    return _number(number), unit or "1"


def _example(number: object, to: str) -> str:
    """A quantity as it should have been written."""
    return str(number) if to == "1" else f"{number} {EXAMPLES.get(to, to)}"


def _refuse_non_finite(text: str) -> None:
    word = text.lstrip("+-").casefold()
    if word.startswith(("nan", "inf")):
        raise OutOfRangeError(f"{text!r} is not a finite number")


def _number(text: str) -> Fraction:
    """The exact value of a decimal number; refuses what no float can hold."""
    _refuse_non_finite(text)
    value = float(text)
    if math.isinf(value):
        raise OutOfRangeError(f"{text!r} is not a finite number")
    # Not through Fraction where the float is zero: its exponent may be astronomic.
    return Fraction(text) if value else Fraction(0)


def _finite(exact: Fraction, text: object) -> float:
    try:
        return float(exact)
    except OverflowError:
        raise OutOfRangeError(f"{str(text)!r} is too large to be a number here") from None


def _exact(number: Fraction, unit: str, to: str, substance: str | None) -> Fraction:
    """Convert, by way of the molar mass or the valence of the substance where needed."""
    if unit == to == "1":
        return number
    if not compatible(unit, to):
        for per_mole, table, what in (
            ("g/mol", MOLAR_MASS, "molar mass"),
            ("Eq/mol", VALENCE, "fixed valence"),
        ):
            for operator, power in (("/", -1), ("*", 1)):  # into moles, or out of them
                bridged = f"({unit}){operator}({per_mole})"
                if compatible(bridged, to):
                    known = find(table, substance) if substance else None
                    if known is None:
                        raise _no_bridge(unit, what, substance)
                    return number * affine(bridged, to)[0] * known**power
    scale, offset = affine(unit, to)
    return scale * number + offset


def _no_bridge(unit: str, what: str, substance: str | None) -> UnitError:
    """The error for a mass or a charge that cannot become moles, or the reverse."""
    why = f"{substance} has no {what} here" if substance else f"no substance gives its {what}"
    return UnitError(
        f"{unit!r} is {kind(unit)}, and {why}", hint="a unit of the kind asked for, such as mmol/L"
    )


def parse_range(text: str, to: str, *, where: str = "", substance: str | None = None) -> np.ndarray:
    """The values that a command-line range stands for, in the unit `to`.

    Parameters
    ----------
    text : str
        "0.5:2.0:16mmol/L" for 16 evenly spaced values from 0.5 to 2.0 mmol/L, both included, or a
        list, "0.5,1,2mmol/L". The last unit holds for every item of a list that has none.
    to, where, substance
        As in `parse_quantity`.

    Returns
    -------
    ndarray, shape (n,)
        At least one value.

    Raises
    ------
    UnitError, OutOfRangeError
        As `parse_quantity`; also for fewer than 2 or more than a million values in a grid.
    """
    import numpy as np

    text = str(text).strip()
    grid = _GRID.fullmatch(text)
    if grid is not None:
        first, last, count, unit = grid.groups()
        n = int(count)
        if not 2 <= n <= _MOST_POINTS:
            raise OutOfRangeError(
                f"a range of {n} values", where=where or None, hint=f"2 to {_MOST_POINTS} values"
            )
        ends = [
            parse_quantity(f"{end} {unit}".strip(), to, where=where, substance=substance)
            for end in (first, last)
        ]
        return np.linspace(ends[0], ends[1], n)
    if ":" in text:
        raise UnitError(
            f"{text!r} is not a range",
            where=where or None,
            hint=f"start:end:number of values and a unit, such as {_example('0.5:2.0:16', to)!r}",
        )
    items = [item.strip() for item in text.split(",")]
    last_item = _QUANTITY.fullmatch(items[-1])
    unit = last_item.group(2) if last_item else ""
    plain = re.compile(_NUMBER)
    return np.array(
        [
            parse_quantity(
                f"{item} {unit}" if plain.fullmatch(item) else item,
                to,
                where=where,
                substance=substance,
            )
            for item in items
        ]
    )


def format_quantity(value: float, unit: str, digits: int = 4) -> str:
    """A value with its unit, for display: "1.2 mmol/L".

    Parameters
    ----------
    value : float
        In `unit`.
    unit : str
        Its unit; "1" is not shown.
    digits : int
        Significant digits; 17 give the float back exactly.

    Returns
    -------
    str
        `parse_quantity` reads it again.
    """
    number = f"{value:.{digits}g}"
    if "e" in number and 1 <= abs(value) < 1e6:
        number = f"{value:.0f}"  # 12345, not 1.234e+04
    return number if unit == "1" else f"{number} {unit}"
