"""Designs: which inputs are varied, and the points at which a model is run. Nothing runs here."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError, UnitError
from calcikin.simulate.model import RATIO, Model
from calcikin.units import parse_quantity, parse_range

__all__ = ["Axis", "Design", "Values", "axis_values", "grid"]

Array = npt.NDArray[np.float64]
#: What an input may be varied over: numbers in the input's unit, quantities as text, or a range as
#: text ("0.5:2.0:16mmol/L").
Values = str | Sequence[float] | Sequence[str] | Array
#: More points than this are refused (a day and a half at 100 runs per second: likely a slip).
MOST_POINTS = 10_000_000


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


@dataclass(frozen=True)
class Design:
    """Points at which a model is run, and the table that they fill.

    Attributes
    ----------
    names : tuple of str
        Inputs that are set at every point.
    units : tuple of str
        Unit of each.
    points : ndarray, shape (n_points, n_inputs)
        Values in those units, in the order in which they fill the table (last axis fastest).
    axes : tuple of Axis
        Dimensions of the table.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    points: Array
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the table."""
        return tuple(axis.values.size for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.points.shape[0])

    def changes(self, k: int) -> dict[str, float]:
        """What point `k` changes: name -> value in its unit."""
        return dict(zip(self.names, self.points[k].tolist(), strict=True))

    @property
    def sha256(self) -> str:
        """Hash of names, units, shape and every point."""
        digest = hashlib.sha256(repr((self.names, self.units, self.shape)).encode())
        digest.update(np.ascontiguousarray(self.points, dtype="<f8").tobytes())
        return digest.hexdigest()


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
    inputs = model.scenario.medium.inputs
    substance = inputs[name].substance if name in inputs else None
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
    UnknownNameError, UnitError, OutOfRangeError
        As `axis_values`; also for too many points.
    InputError
        When nothing is varied, or one axis would undo another.
    """
    if not over:
        raise InputError(
            "nothing is varied", where="sweep", hint='over={"serum.Mg": "0.5:2.0:16mmol/L"}'
        )
    setters: dict[str, str] = {}  # input -> what sets it
    for name in over:
        ratio = RATIO.match(name)
        sets = ratio[1] if ratio else name
        if sets in setters:
            raise InputError(
                f"{setters[sets]} and {name} both set {sets}",
                where="sweep",
                hint="vary one of the two",
            )
        setters[sets] = name
    axes = tuple(
        Axis(name, model.unit_of(name), axis_values(model, name, values))
        for name, values in over.items()
    )
    count = math.prod(axis.values.size for axis in axes)
    if count > MOST_POINTS:
        raise OutOfRangeError(
            f"a grid of {count} points", where="sweep", hint=f"at most {MOST_POINTS}"
        )
    mesh = np.meshgrid(*(axis.values for axis in axes), indexing="ij")
    points = np.stack([values.ravel() for values in mesh], axis=1)
    return Design(tuple(a.name for a in axes), tuple(a.unit for a in axes), points, axes)
