"""Designs: which inputs are varied, and the points at which a model is run. Nothing runs here."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError, UnitError
from calcikin.simulate.model import RATIO, Model
from calcikin.simulate.readouts import READOUTS
from calcikin.units import parse_quantity, parse_range

__all__ = [
    "Axis",
    "Design",
    "Values",
    "axis_values",
    "checked",
    "combined",
    "grid",
    "listed",
    "substance_of",
    "whole_number",
]

Array = npt.NDArray[np.float64]
#: What an input may be varied over: numbers in the input's unit, quantities as text, or a range as
#: text ("0.5:2.0:16mmol/L").
Values = str | Sequence[float] | Sequence[str] | Array
#: More points than this are refused (a day and a half at 100 runs per second: likely a slip).
MOST_POINTS = 10_000_000
#: Name of the only dimension of a table that is no grid.
POINT = "point"
#: Names of a table that no label may have.
_TAKEN = (POINT, "status", "reason")
#: Points that are made at a time when all of them are gone through: 12 MB for 12 inputs.
BLOCK = 131_072
#: Values of an axis that are listed one by one in the origin of a table; more of them stand in its
#: coordinate alone, because NetCDF limits an attribute to 64 kB.
LISTED = 256


@dataclass(frozen=True)
class Axis:
    """One dimension of the table that a sweep makes.

    Attributes
    ----------
    name : str, an input, parameter, setting or ratio of the model
    unit : str
    values : ndarray, shape (n,) [unit]
    """

    name: str
    unit: str
    values: Array

    def origin(self) -> dict[str, Any]:
        """Unit and values as plain data; of many values only their number and range."""
        if self.values.size <= LISTED:
            return {"unit": self.unit, "values": self.values.tolist()}
        low, high = float(self.values.min()), float(self.values.max())
        return {"unit": self.unit, "count": self.values.size, "low": low, "high": high}


@dataclass(frozen=True)
class Design:
    """Points at which a model is run, and the table that they fill.

    Attributes
    ----------
    names : tuple of str
        Inputs that are set at every point.
    units : tuple of str
        Unit of each.
    size : int
        Number of points.
    block : callable, (start, stop) -> ndarray, shape (stop - start, n_inputs)
        Points `start` to `stop` in those units, in the order in which they fill the table (last
        axis fastest). The same numbers however the points are parted into blocks.
    kind : str
        How the points were chosen: ``grid``, ``list``, ``sobol``, ...
    axes : tuple of Axis
        Dimensions of the table; none when it is a list of points.
    origin : mapping
        What it takes to make the points again (seed, intervals, file), as plain data.
    labels : mapping of str to ndarray of str, shape (n_points,)
        Words that belong to each point, such as a patient's number.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    size: int
    block: Callable[[int, int], Array]
    kind: str
    axes: tuple[Axis, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the table."""
        return tuple(axis.values.size for axis in self.axes) or (self.size,)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions of the table."""
        return tuple(axis.name for axis in self.axes) or (POINT,)

    @property
    def points(self) -> Array:
        """Every point at once, shape (n_points, n_inputs)."""
        return self.block(0, self.size)

    def columns(self, start: int, stop: int) -> dict[str, Array]:
        """Points `start` to `stop` by input: name -> values in its unit."""
        block = self.block(start, stop)
        return {name: np.ascontiguousarray(block[:, j]) for j, name in enumerate(self.names)}

    def changes(self, k: int) -> dict[str, float]:
        """What point `k` changes: name -> value in its unit."""
        return dict(zip(self.names, self.block(k, k + 1)[0].tolist(), strict=True))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Bounds of blocks that are small against memory and cover every point."""
        for start in range(0, self.size, BLOCK):
            yield start, min(start + BLOCK, self.size)

    @cached_property
    def sha256(self) -> str:
        """Hash of names, units, shape, every point and every label."""
        digest = hashlib.sha256(repr((self.names, self.units, self.shape)).encode())
        for start, stop in self.blocks():
            digest.update(np.ascontiguousarray(self.block(start, stop), dtype="<f8").tobytes())
        for name, words in sorted(self.labels.items()):
            digest.update(repr((name, words.tolist())).encode())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What stands in the provenance of a table: kind, origin and hash."""
        over = {axis.name: axis.origin() for axis in self.axes}
        return {
            "over": over or dict(zip(self.names, ({"unit": u} for u in self.units), strict=True)),
            "design": {"kind": self.kind, **self.origin},
            "design_sha256": self.sha256,
        }


def substance_of(model: Model, name: str) -> str | None:
    """The substance of an input, by which mass becomes moles; None for anything else."""
    inputs = model.scenario.medium.inputs
    return inputs[name].substance if name in inputs else None


def whole_number(value: Any, least: int, name: str, where: str) -> int:
    """Return `value` when it is a whole number of at least `least`; OutOfRangeError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise OutOfRangeError(
            f"{name} = {value!r}", where=where, hint=f"a whole number, {least} or more"
        )
    return int(value)


def axis_values(model: Model, name: str, values: Values) -> Array:
    """The values of one axis, in the unit of the model's quantity `name`.

    Parameters
    ----------
    model : Model
    name : str
        Input, parameter, setting or ratio of the model.
    values : str, sequence of float, sequence of str, or ndarray
        Plain numbers in ``model.unit_of(name)``, quantities with units, or a range such as
        ``"0.5:2.0:16mmol/L"``.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    UnknownNameError, UnitError
        For a name that the model does not have, a missing or a wrong unit.
    OutOfRangeError
        For no value at all, or one that is not finite.
    """
    unit = model.unit_of(name)
    substance = substance_of(model, name)
    if isinstance(values, str):
        return parse_range(values, unit, where=name, substance=substance)
    try:
        if any(isinstance(value, str) for value in values):
            parsed = [parse_quantity(v, unit, where=name, substance=substance) for v in values]
            return np.array(parsed, dtype=float)
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise UnitError(
            f"{values!r} is no list of numbers",
            where=name,
            hint=f"numbers in {unit}, or text with units",
        ) from error
    if numbers.ndim != 1 or numbers.size == 0:
        raise OutOfRangeError(
            f"values of shape {numbers.shape}", where=name, hint="one dimension, at least one value"
        )
    if not np.all(np.isfinite(numbers)):
        raise OutOfRangeError("a value that is not finite", where=name, hint="finite numbers only")
    return numbers


def checked(model: Model, names: Iterable[str], count: int) -> tuple[str, ...]:
    """Units of what a design varies, once it is clear that it makes sense.

    Parameters
    ----------
    model : Model
    names : iterable of str
        What is varied.
    count : int
        Number of points.

    Returns
    -------
    tuple of str

    Raises
    ------
    UnknownNameError
        For a name that the model does not have.
    InputError
        When nothing is varied, or two of them set the same input.
    OutOfRangeError
        For no point, or too many.
    """
    names = tuple(names)
    if not names:
        raise InputError(
            "nothing is varied", where="sweep", hint='over={"serum.Mg": "0.5:2.0:16mmol/L"}'
        )
    setters: dict[str, str] = {}  # input -> what sets it
    for name in names:
        ratio = RATIO.match(name)
        sets = ratio[1] if ratio else name
        if sets in setters:
            raise InputError(
                f"{setters[sets]} and {name} both set {sets}",
                where="sweep",
                hint="vary one of the two",
            )
        setters[sets] = name
    units = tuple(model.unit_of(name) for name in names)
    if not 1 <= count <= MOST_POINTS:
        raise OutOfRangeError(
            f"a design of {count} points", where="sweep", hint=f"1 to {MOST_POINTS}"
        )
    return units


def combined(axes: tuple[Axis, ...]) -> Design:
    """The grid of some axes."""
    shape = tuple(axis.values.size for axis in axes)

    def block(start: int, stop: int) -> Array:
        where = np.unravel_index(np.arange(start, stop), shape)
        return np.stack([axis.values[k] for axis, k in zip(axes, where, strict=True)], axis=1)

    names, units = tuple(axis.name for axis in axes), tuple(axis.unit for axis in axes)
    return Design(names, units, math.prod(shape), block, "grid", axes)


def grid(model: Model, over: Mapping[str, Values]) -> Design:
    """Every combination of the values of some inputs.

    Parameters
    ----------
    model : Model
    over : mapping
        Name -> values, see `axis_values`; one dimension of the table for each.

    Returns
    -------
    Design

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        As `axis_values` and `checked`.
    """
    checked(model, over, 1)
    axes = tuple(
        Axis(name, model.unit_of(name), axis_values(model, name, values))
        for name, values in over.items()
    )
    checked(model, over, math.prod(axis.values.size for axis in axes))
    return combined(axes)


def listed(
    model: Model,
    columns: Mapping[str, Values],
    *,
    kind: str = "list",
    origin: Mapping[str, Any] | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Design:
    """Points one by one: the k-th value of every column makes the k-th point.

    Parameters
    ----------
    model : Model
    columns : mapping
        Name -> values, see `axis_values`; all of the same length.
    kind, origin, labels
        As of `Design`.

    Returns
    -------
    Design

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        As `axis_values` and `checked`; also for columns of unequal length, or a label with the
        name of something else.
    """
    checked(model, columns, 1)
    values = [axis_values(model, name, column) for name, column in columns.items()]
    for name in labels or {}:
        if name in (*READOUTS, *columns, *_TAKEN) or not name.strip():
            raise InputError(
                f"a label cannot be called {name!r}", where="sweep", hint="another name for it"
            )
    words = {name: np.array(column, dtype=str) for name, column in (labels or {}).items()}
    lengths = {column.size for column in (*values, *words.values())}
    if len(lengths) > 1:
        raise InputError(
            f"columns of {', '.join(map(str, sorted(lengths)))} values",
            where=", ".join(columns),
            hint="as many values in each: the k-th of each make the k-th point",
        )
    points = np.stack(values, axis=1)
    units = checked(model, columns, points.shape[0])
    return Design(
        tuple(columns),
        units,
        points.shape[0],
        lambda start, stop: points[start:stop],
        kind,
        origin=dict(origin or {}),
        labels=words,
    )
