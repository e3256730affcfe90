"""What a calibration consists of: datasets, what predicts them, and what is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcikin.calibration.observables import Observable
from calcikin.calibration.points import Demand
from calcikin.calibration.rows import Row
from calcikin.model.parameters import ParameterSet

if TYPE_CHECKING:
    from calcikin.calibration.variants import Variant

__all__ = ["Calibration", "Condition", "Dataset", "Error", "Fitted", "Scale", "bound"]

#: Significant digits of a fitted value in a file: T50 then stays within 0.01 min.
DIGITS = 8


@dataclass(frozen=True)
class Fitted:
    """A number that is fitted, on the scale on which its prior is normal.

    Attributes
    ----------
    name : str
    sets : tuple of str
        Parameters that all take its value.
    log10 : bool
        Whether x is log10 of the value, or the value.
    low, high : float
        Bounds of x.
    prior, prior_sd : float
        Mean and standard deviation of x before the data.
    source : str
        Where the prior is from.
    unit : str
        Of the value.
    note : str
        What is to be said of it in the parameter file.
    """

    name: str
    sets: tuple[str, ...]
    log10: bool
    low: float
    high: float
    prior: float
    prior_sd: float
    source: str
    unit: str
    note: str = ""

    def value(self, x: Any) -> Any:
        """Value of the parameter [unit] at x."""
        return 10.0**x if self.log10 else x

    def x(self, value: float) -> float:
        """X of a value [unit]; that of the prior where 0 has no logarithm."""
        if self.log10:
            return math.log10(value) if value > 0.0 else self.prior
        return value

    def written(self, x: float) -> float:
        """Value [unit] at x as a parameter file holds it, to `DIGITS` digits."""
        return float(f"{float(self.value(x)):.{DIGITS}g}")


@dataclass(frozen=True)
class Scale:
    """A factor between centres: measured there = exp(x) times what the reference would measure."""

    name: str
    sd: float
    source: str


@dataclass(frozen=True)
class Error:
    """Error model of a fitted dataset.

    Attributes
    ----------
    sd : float
        Standard deviation, in the row's unit, or of the natural logarithm.
    log : bool
        Whether residuals are of logarithms.
    scale : str
        Name of a `Scale`; empty without one.
    why : str
    asked : float
        The value, or the bound, in the row's unit.
    side : int
        1 where the data say only that it lies above the bound (a sign, say), -1 below; else 0.
    sd_above : float
        The standard deviation for predictions above, where the interval is wider on one side.
    """

    sd: float
    log: bool
    scale: str
    why: str
    asked: float
    side: int = 0
    sd_above: float = math.nan

    @property
    def even(self) -> bool:
        """Whether the standard deviation is the same on both sides."""
        return math.isnan(self.sd_above) or self.sd_above == self.sd

    @property
    def said(self) -> str:
        """What is asked, in words: ``329``, ``above 0``, ``below 2``."""
        return f"{('', 'above ', 'below ')[self.side]}{self.asked:.4g}"


def bound(low: float, high: float) -> tuple[float, int]:
    """The one finite end of an interval, and the side of it that is inside.

    Raises
    ------
    ValueError
        When not exactly one end is finite.
    """
    if math.isfinite(low) == math.isfinite(high):
        raise ValueError(f"one bound is needed to be fitted, not {low:g} to {high:g}")
    return (low, 1) if math.isfinite(low) else (high, -1)


@dataclass(frozen=True)
class Condition:
    """One part of a statement in words: an observable that must lie between bounds.

    With `fitted` it is fitted where the statement is.
    """

    what: str
    observable: Observable
    low: float
    high: float
    fitted: bool = True


@dataclass(frozen=True)
class Dataset:
    """A row, and what predicts it.

    Attributes
    ----------
    row : Row
    observable : Observable or None
    factor : float
        From the observable's unit to the row's.
    conditions : tuple of Condition
        Instead of an observable, for a statement.
    error : Error or None
        When it is fitted.
    low, high : float
        Bounds of the verdict, in the row's unit.
    accepted : str
        Why these bounds, where the row has none.
    standing : str
        ``predicted``, ``fitted`` or ``given`` (put into the model, not predicted).
    none : str
        Why nothing in the model predicts it; else empty.
    note, miss : str
        What is to be said of it; what is to be said when it is missed.
    """

    row: Row
    observable: Observable | None
    factor: float
    conditions: tuple[Condition, ...]
    error: Error | None
    low: float
    high: float
    accepted: str
    standing: str
    none: str
    note: str
    miss: str

    @property
    def terms(self) -> tuple[Dataset, ...]:
        """The dataset itself; of a statement each condition that is fitted, as a dataset."""
        if not self.conditions:
            return (self,)
        return tuple(self._term(condition) for condition in self.conditions if condition.fitted)

    def _term(self, condition: Condition) -> Dataset:
        low, high = condition.low, condition.high
        row = replace(
            self.row,
            id=f"{self.row.id}: {condition.what}",
            condition=f"{self.row.condition}; {condition.what}",
            unit=condition.observable.unit,
            low=low,
            high=high,
        )
        asked, side = bound(low, high)
        return replace(
            self,
            row=row,
            observable=condition.observable,
            conditions=(),
            error=self.error and replace(self.error, asked=asked, side=side),
            low=low,
            high=high,
        )

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Every number that it needs."""
        if self.observable is not None:
            return self.observable.demands
        return tuple(d for c in self.conditions for d in c.observable.demands)


@dataclass(frozen=True)
class Calibration:
    """A calibration file, read and checked.

    Attributes
    ----------
    name, title : str
    parameter_set : ParameterSet
    fitted : tuple of Fitted
    scales : tuple of Scale
    datasets : tuple of Dataset
    seed : int
    notes : tuple of str
    sha256 : str
        Of the file, its data and its parameters.
    path : Path
    variants : tuple of Variant
        Other mechanisms to be compared on the same data.
    """

    name: str
    title: str
    parameter_set: ParameterSet
    fitted: tuple[Fitted, ...]
    scales: tuple[Scale, ...]
    datasets: tuple[Dataset, ...]
    seed: int
    notes: tuple[str, ...]
    sha256: str
    path: Path
    variants: tuple[Variant, ...] = ()

    @property
    def in_fit(self) -> tuple[Dataset, ...]:
        """Datasets that are fitted; a statement as one for each of its conditions."""
        return tuple(term for d in self.datasets if d.error is not None for term in d.terms)
