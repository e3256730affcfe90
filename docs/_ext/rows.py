"""What the measuring scripts hand to the pages: texts by name, and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Found", "judge", "plain", "show"]


@dataclass
class Found:
    """Everything that was measured.

    Attributes
    ----------
    values : dict of str to str
        Name -> text with its unit, for the role ``{num}``.
    tables : dict of str to dict
        Name -> ``{"columns": [...], "rows": [[...], ...]}``.
    """

    values: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def value(self, name: str, number: float, unit: str = "", digits: int = 3) -> float:
        """Keep a number as text and hand it back."""
        if name in self.values:
            raise ValueError(f"{name} is measured twice")
        self.values[name] = f"{show(number, digits)} {unit}".strip()
        return number

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Keep a table."""
        self.tables[name] = {"columns": list(columns), "rows": [list(row) for row in rows]}


def show(number: float, digits: int = 3, sign: bool = False) -> str:
    """A number for print with so many significant digits; powers of ten beyond 1e5 and 1e-3."""
    if not math.isfinite(number):
        return "none" if math.isnan(number) else "∞"
    if number == 0.0:
        return "0"
    plus = "+" if sign and number > 0.0 else ""
    size = math.floor(math.log10(abs(number)))
    if -4 < size < 5:
        text = f"{round(number, digits - 1 - size):.{max(digits - 1 - size, 0)}f}"
        return plus + text.replace("-", "\N{MINUS SIGN}")
    mantissa, exponent = f"{number:.{min(digits, 2) - 1}e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
    mantissa = mantissa.replace("-", "\N{MINUS SIGN}")
    return f"{plus}{mantissa}·10{raised}"


def plain(number: float, digits: int = 4) -> str:
    """A number for print as a file has it: so many digits at most, no trailing zeros."""
    return f"{number:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def judge(value: float, low: float | None, high: float | None) -> str:
    """Whether a number lies within its bounds; the words of the pages."""
    if not math.isfinite(value):
        return "no number"
    inside = (low is None or value >= low) and (high is None or value <= high)
    return "inside" if inside else "**outside**"


def show_residual(number: float) -> str:
    """A residual in standard deviations, with two digits; 0 for what is nothing."""
    return "0" if abs(number) < 0.005 else show(number, 2, sign=True)
