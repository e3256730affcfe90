"""From read-outs of runs to what was measured: differences, slopes, ratios, crossings, statements.

An observable names the numbers that it needs (`demands`) and makes one number of them (`value`);
it runs nothing. With numbers of shape (..., n_demands) it gives shape (...).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from calcikin.calibration.interpolate import SCALES, curve, root, scaled
from calcikin.calibration.points import Demand, read_point, unit_of
from calcikin.errors import InputError, ModelFileError, UnknownNameError

__all__ = ["KINDS", "Observable", "read_observable"]

Array = npt.NDArray[np.float64]


class Observable(Protocol):
    """What a dataset is about.

    Attributes
    ----------
    demands : tuple of Demand
    unit : str
    """

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The numbers that it needs."""
        ...

    @property
    def unit(self) -> str:
        """Unit of `value`."""
        ...

    def value(self, numbers: Array) -> Array:
        """The observable [unit], shape (...), from numbers of shape (..., n_demands)."""
        ...


@dataclass(frozen=True)
class Value:
    """A number of one run."""

    demand: Demand
    unit: str

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The one number."""
        return (self.demand,)

    def value(self, numbers: Array) -> Array:
        """The number itself."""
        return numbers[..., 0]


@dataclass(frozen=True)
class Difference:
    """changed - base; with `per`, a slope: divided by the change of an input."""

    base: Demand
    changed: Demand
    unit: str
    per: tuple[Demand, Demand] | None = None

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Two numbers of runs, and for a slope the input in each."""
        return (self.base, self.changed, *(self.per or ()))

    def value(self, numbers: Array) -> Array:
        """Difference x1 - x0, or slope (x1 - x0)/(u1 - u0)"""
        change = numbers[..., 1] - numbers[..., 0]
        return change if self.per is None else change / (numbers[..., 3] - numbers[..., 2])


@dataclass(frozen=True)
class Quotient:
    """changed / base."""

    base: Demand
    changed: Demand
    unit: str = "1"

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Two numbers of runs."""
        return (self.base, self.changed)

    def value(self, numbers: Array) -> Array:
        """Ratio x1/x0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(numbers[..., 1] / numbers[..., 0])


@dataclass(frozen=True)
class HalfLife:
    """Half-life of what is added to a steady state: t ln 2 / ln(added / what is left of it)."""

    base: Demand
    changed: Demand
    before: tuple[Demand, Demand]
    duration: Demand
    unit: str = "h"

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Read-outs after, inputs before, and the time between."""
        return (self.base, self.changed, *self.before, self.duration)

    def value(self, numbers: Array) -> Array:
        """Half-life t ln 2 / ln((u1 - u0)/(x1 - x0))"""
        left = numbers[..., 1] - numbers[..., 0]
        added = numbers[..., 3] - numbers[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(numbers[..., 4] * math.log(2.0) / np.log(added / left))


@dataclass(frozen=True)
class Crossing:
    """The value of an input at which a read-out crosses a level, between runs on a grid.

    With `relative`, the level is in terms of the first run's value. With `report`, the number of
    another read-out at the crossing, plus `offset`.
    """

    over: Array
    runs: tuple[Demand, ...]
    level: float
    scale: str
    unit: str
    relative: bool = False
    report: tuple[Demand, ...] = ()
    offset: Demand | None = None

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The read-out at every value, then what is reported."""
        return (*self.runs, *self.report, *((self.offset,) if self.offset else ()))

    def value(self, numbers: Array) -> Array:
        """Crossing x*, where f(x*) = level; NaN where it is not crossed."""
        n = len(self.runs)
        flat = numbers.reshape(-1, numbers.shape[-1])
        found = np.array([self._crossing(row[:n]) for row in flat])
        if self.report:
            offset = flat[:, -1] if self.offset else 0.0
            at = [
                np.interp(x, self.over, row[n : 2 * n]) for x, row in zip(found, flat, strict=True)
            ]
            found = np.asarray(at) + offset
        return found.reshape(numbers.shape[:-1])

    def _crossing(self, values: Array) -> float:
        level = self.level * values[0] if self.relative else self.level
        target = float(scaled(np.array([level]), self.scale)[0])
        return root(self.over, scaled(values, self.scale) - target)


@dataclass(frozen=True)
class Delay:
    """How much later a read-out comes at a share of a crossing than at the first of its runs."""

    crossing: Crossing
    late: tuple[Demand, ...]
    share: float
    unit: str

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Those of the crossing, then the times."""
        return (*self.crossing.demands, *self.late)

    def value(self, numbers: Array) -> Array:
        """Delay t(share x*) - t(x_0)"""
        n = len(self.crossing.demands)
        at = self.share * np.atleast_1d(self.crossing.value(numbers[..., :n]))
        times = numbers[..., n:].reshape(-1, len(self.late))
        out = []
        for x, row in zip(at.ravel(), times, strict=True):
            here = np.isfinite(row)
            known = here.sum() > 1 and math.isfinite(x) and x <= self.crossing.over[here][-1]
            if not known:
                out.append(math.nan)
                continue
            times_of = curve(self.crossing.over[here], np.log(row[here]))
            out.append(math.exp(float(times_of(x))) - row[0])
        return np.array(out).reshape(numbers.shape[:-1])


# ---- reading --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """An entry of a calibration file, with where it stands."""

    entry: Mapping[str, Any]
    folder: Path
    where: str

    def number(self, key: str, default: Mapping[str, Any] | None = None, read: str = "") -> Demand:
        """What a key such as ``base`` asks for."""
        point, own = read_point(
            self.entry.get(key, default or {}), self.entry, self.folder, f"{self.where}: {key}"
        )
        demand = Demand(point, read or own)
        if not demand.read:
            raise ModelFileError("no read-out is named", where=self.where, hint='read = "t50"')
        unit_of(demand)
        return demand

    def need(self, key: str) -> Any:
        """An entry that must be there."""
        if key not in self.entry:
            raise ModelFileError(f"{key!r} is missing", where=self.where)
        return self.entry[key]

    def grid(self, key: str = "at", read: str = "") -> tuple[Array, tuple[Demand, ...]]:
        """Runs at every value of what is varied."""
        over = str(self.need("over"))
        values = np.array(self.need("values"), dtype=float)
        if values.ndim != 1 or values.size < 2 or not np.all(np.diff(values) > 0.0):
            raise ModelFileError("values must rise", where=self.where, hint="values = [0, 0.1]")
        base = dict(self.entry.get(key, {}))
        runs = []
        for value in values:
            change = {**base.get("set", {}), over: float(value)}
            runs.append(self.number("", {**base, "set": change}, read))
        return values, tuple(runs)


def _value(e: _Entry) -> Observable:
    demand = e.number("at")
    return Value(demand, unit_of(demand))


def _difference(e: _Entry) -> Observable:
    base, changed = e.number("base"), e.number("changed")
    return Difference(base, changed, unit_of(base))


def _slope(e: _Entry) -> Observable:
    base, changed = e.number("base"), e.number("changed")
    name = f"input.{e.need('per')}"
    per = (Demand(base.point, name), Demand(changed.point, name))
    return Difference(base, changed, f"{unit_of(base)} per {unit_of(per[0])}", per)


def _quotient(e: _Entry) -> Observable:
    return Quotient(e.number("base"), e.number("changed"))


def _half_life(e: _Entry) -> Observable:
    base, changed = e.number("base"), e.number("changed")
    name = f"input.{e.need('per')}"
    before = (Demand(base.point, name), Demand(changed.point, name))
    return HalfLife(base, changed, before, Demand(base.point, "setting.duration"))


def _crossing(e: _Entry) -> Crossing:
    values, runs = e.grid()
    scale = str(e.entry.get("scale", "linear"))
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES, where=e.where)
    report: tuple[Demand, ...] = ()
    offset = None
    unit = unit_of(Demand(runs[0].point, f"input.{e.need('over')}"))
    if "report" in e.entry:
        report = e.grid(read=str(e.entry["report"]))[1]
        unit = unit_of(report[0])
        if "plus" in e.entry:
            offset = Demand(report[0].point, str(e.entry["plus"]))
    level = float(e.need("level"))
    relative = bool(e.entry.get("relative", False))
    return Crossing(values, runs, level, scale, unit, relative, report, offset)


def _delay(e: _Entry) -> Observable:
    late = e.grid("late", str(e.need("late").get("read", "")))[1]
    return Delay(_crossing(e), late, float(e.need("share")), unit_of(late[0]))


#: Kind of an observable -> how its entry is read.
KINDS = {
    "value": _value,
    "difference": _difference,
    "slope": _slope,
    "quotient": _quotient,
    "half_life": _half_life,
    "crossing": _crossing,
    "delay": _delay,
}
_KEYS = (
    *("kind", "model", "preset", "set", "off", "read", "at", "base", "changed", "per"),
    *("over", "values", "level", "scale", "relative", "report", "plus", "late", "share"),
)


def read_observable(
    entry: Mapping[str, Any], folder: Path, where: str, others: Sequence[str] = ()
) -> Observable:
    """The observable of an entry of a calibration file.

    Parameters
    ----------
    entry : mapping
        ``kind`` and what it needs; see docs/calibration.
    folder : Path
        Where model files are looked for.
    where : str
        The place to name in errors.
    others : sequence of str
        Further keys that the entry may have.

    Returns
    -------
    Observable

    Raises
    ------
    InputError
        For what is missing, unknown or impossible.
    """
    for key in entry:
        if key not in (*_KEYS, *others):
            raise UnknownNameError("key", key, (*_KEYS, *others), where=where)
    kind = str(entry.get("kind", "value"))
    if kind not in KINDS:
        raise UnknownNameError("kind of observable", kind, KINDS, where=where)
    try:
        return KINDS[kind](_Entry(entry, folder, where))
    except InputError as error:
        error.where = error.where or where
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"an entry cannot be understood ({type(error).__name__}: {error})", where=where
        ) from error
