"""The range over which a quantity of a model is varied: ends, unit, linear or logarithmic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError
from calcikin.model.modelfile import WINDOWS
from calcikin.simulate.model import RATIO, SETTINGS, Model
from calcikin.units import parse_quantity

__all__ = ["Ends", "Range", "default_ends", "number_of", "ranges_of"]

Array = npt.NDArray[np.float64]
#: Two ends, as numbers in the quantity's unit or text with a unit; None: the default of each.
Ends = Sequence[float | str | None] | None
#: Where a ratio is varied when nothing is said [mol/mol]: from none to equal amounts (assumed).
RATIO_RANGE = (0.0, 1.0)
#: A range of positive values that spans more than this factor is taken in its logarithm (assumed).
WIDE = 20.0


@dataclass(frozen=True)
class Range:
    """An interval of one quantity, mapped to 0 to 1.

    Attributes
    ----------
    name : str, input, parameter, setting or ratio of a model
    unit : str
    low, high : float [unit]
    logarithmic : bool, whether equal parts are equal factors
    """

    name: str
    unit: str
    low: float
    high: float
    logarithmic: bool

    def at(self, share: npt.ArrayLike) -> Array:
        """Values at shares of the range (0 is `low`, 1 is `high`), shape as `share` [unit]."""
        u = np.asarray(share, dtype=float)
        if self.logarithmic:
            x = self.low * np.exp(u * math.log(self.high / self.low))
        else:
            x = self.low + u * (self.high - self.low)
        # exactly the ends at the ends: rounding may not lead out of what the model accepts
        return np.asarray(np.clip(x, self.low, self.high))

    def share(self, value: npt.ArrayLike) -> Array:
        """Inverse of `at`: 0 to 1 for values inside."""
        x = np.asarray(value, dtype=float)
        if self.logarithmic:
            return np.asarray(np.log(x / self.low) / math.log(self.high / self.low))
        return np.asarray((x - self.low) / (self.high - self.low))


def default_ends(model: Model, name: str) -> tuple[float, float]:
    """Where a quantity is varied when nothing is said, in its unit.

    The usual range of an input, the window of a setting, 0 to 1 for a ratio, the plausible interval
    of a parameter.

    Raises
    ------
    UnknownNameError
    """
    model.unit_of(name)
    if name in model.scenario.medium.inputs:
        return model.scenario.medium.inputs[name].usual
    if name in SETTINGS:
        return WINDOWS[name]
    if RATIO.match(name):
        return RATIO_RANGE
    parameter = model.scenario.parameters.get(name)
    return parameter.low, parameter.high


def number_of(model: Model, name: str, given: float | str) -> float:
    """A value of a quantity in its unit, from a number in that unit or text with a unit.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError
    """
    unit = model.unit_of(name)
    if isinstance(given, str):
        inputs = model.scenario.medium.inputs
        substance = inputs[name].substance if name in inputs else None
        return parse_quantity(given, unit, where=name, substance=substance)
    number = float(given)
    if not math.isfinite(number):
        raise OutOfRangeError(f"{given!r} is no end of a range", where=name)
    return number


def ranges_of(model: Model, over: Mapping[str, Ends]) -> tuple[Range, ...]:
    """The ranges of several quantities, each end accepted by the model.

    Parameters
    ----------
    model : Model
    over : mapping of str to (low, high) or None
        None, for a range or for one end of it: the default, see `default_ends`.

    Returns
    -------
    tuple of Range

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError
        Also for a range that is empty.
    InputError
        When nothing is varied, or two of them set the same input.
    """
    if not over:
        raise InputError("nothing is varied", hint="such as serum.Mg")
    setters: dict[str, str] = {}
    found = []
    for name, ends in over.items():
        usual = default_ends(model, name)
        ratio = RATIO.match(name) if name not in model.scenario.medium.inputs else None
        sets = ratio[1] if ratio else name
        if sets in setters:
            raise InputError(
                f"{setters[sets]} and {name} both set {sets}", where=name, hint="keep one of them"
            )
        setters[sets] = name
        given = (None, None) if ends is None else tuple(ends)
        if len(given) != 2:
            raise OutOfRangeError(f"{ends!r} has no two ends", where=name, hint="(low, high)")
        low, high = (
            default if end is None else number_of(model, name, end)
            for end, default in zip(given, usual, strict=True)
        )
        if not low < high:
            raise OutOfRangeError(
                f"the range from {low:g} to {high:g} is empty",
                where=name,
                hint="the lower end first",
            )
        for end in (low, high):
            model.with_({name: end}).input_values()
        wide = low > 0.0 and high / low > WIDE
        found.append(Range(name, model.unit_of(name), low, high, wide))
    return tuple(found)
