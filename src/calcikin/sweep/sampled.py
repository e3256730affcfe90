"""Designs that fill a box: Latin hypercube, Sobol and Halton sequences."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.simulate.model import Model
from calcikin.sweep.design import BLOCK, Design, checked, substance_of, whole_number
from calcikin.units import parse_quantity

__all__ = ["SAMPLERS", "Interval", "halton", "interval", "latin_hypercube", "sobol"]

Array = npt.NDArray[np.float64]
#: Between what an input is varied: two numbers in its unit, or text ("0.5:2.0 mmol/L").
Interval = str | Sequence[float]


def interval(model: Model, name: str, ends: Interval) -> tuple[float, float]:
    """Both ends of an interval, in the unit of the model's quantity `name`.

    Parameters
    ----------
    model : Model
    name : str
        Input, parameter, setting or ratio of the model.
    ends : str or (float, float)
        ``"0.5:2.0 mmol/L"``, or numbers in ``model.unit_of(name)``.

    Returns
    -------
    (float, float)

    Raises
    ------
    UnknownNameError, UnitError
        For a name that the model does not have, a missing or a wrong unit.
    OutOfRangeError
        When the lower end is not below the upper one.
    """
    unit = model.unit_of(name)
    hint = f"two ends and the unit, such as '0.5:2.0 {unit}'".replace(" 1'", "'")
    if isinstance(ends, str):
        first, colon, last = ends.partition(":")
        if not colon or ":" in last:
            raise UnitError(f"{ends!r} is no interval", where=name, hint=hint)
        given = last.strip().lstrip("+-.0123456789eE").strip()
        low, high = (
            parse_quantity(text, unit, where=name, substance=substance_of(model, name))
            for text in (f"{first} {given}".strip(), last)
        )
    else:
        try:
            low, high = (float(end) for end in ends)
        except (TypeError, ValueError) as error:
            raise UnitError(f"{ends!r} is no interval", where=name, hint=hint) from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise OutOfRangeError(
            f"an interval from {low:g} to {high:g}", where=name, hint="the lower end first"
        )
    return low, high


class _Sequence:
    """Points of a sequence, block by block; going on costs nothing, going back starts anew."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.position = 0

    def __call__(self, start: int, stop: int) -> Array:
        """Numbers of points `start` to `stop` in the unit cube."""
        if start < self.position:
            self.engine.reset()
            self.position = 0
        with warnings.catch_warnings():
            # scipy warns of the balance of a first draw that is no power of two; here a draw is
            # a block, and the size of the whole is checked where it is chosen
            warnings.simplefilter("ignore")
            while self.position < start:
                self._draw(min(BLOCK, start - self.position))
            return self._draw(stop - start)

    def _draw(self, count: int) -> Array:
        self.position += count
        return np.asarray(self.engine.random(count))


def _sampled(
    kind: str,
    model: Model,
    over: Mapping[str, Interval],
    points: int,
    seed: int,
    log: Sequence[str],
) -> Design:
    from scipy.stats import qmc

    points = whole_number(points, 1, "points", kind)
    seed = whole_number(seed, 0, "seed", kind)
    units = checked(model, over, points)
    ends = {name: interval(model, name, span) for name, span in over.items()}
    for name in log:
        if name not in ends:
            raise UnknownNameError("varied input", name, ends, where="log")
        if ends[name][0] <= 0.0:
            raise OutOfRangeError(
                f"{name} from {ends[name][0]:g} cannot be varied by its logarithm",
                where="log",
                hint="a lower end above zero",
            )
    low, high = np.array(list(ends.values())).T
    bent = np.array([name in log for name in over])
    low[bent], high[bent] = np.log(low[bent]), np.log(high[bent])
    rng = np.random.default_rng(seed)
    unit_cube: Any
    if kind == "latin_hypercube":
        cube = qmc.LatinHypercube(len(ends), seed=rng).random(points)
        unit_cube = lambda start, stop: cube[start:stop]  # noqa: E731  (one of three)
    elif kind == "sobol":
        unit_cube = _Sequence(qmc.Sobol(len(ends), seed=rng))
    else:
        unit_cube = _Sequence(qmc.Halton(len(ends), seed=rng))

    def block(start: int, stop: int) -> Array:
        values = low + unit_cube(start, stop) * (high - low)
        values[:, bent] = np.exp(values[:, bent])
        return np.asarray(values)

    origin = {
        "points": points,
        "seed": seed,
        "intervals": {name: list(span) for name, span in ends.items()},
        "log": [name for name in over if name in log],
    }
    return Design(tuple(over), units, points, block, kind, origin=origin)


def latin_hypercube(
    model: Model,
    over: Mapping[str, Interval],
    points: int,
    *,
    seed: int = 0,
    log: Sequence[str] = (),
) -> Design:
    """Points of a Latin hypercube: each input meets each of its equal shares once.

    Parameters
    ----------
    model : Model
    over : mapping
        Name -> interval, see `interval`.
    points : int
    seed : int
    log : sequence of str
        Inputs whose logarithm is spread evenly.

    Returns
    -------
    Design
        It holds its points (8 byte per number); those of the other two are made as they are run.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        As `interval`; also for a number of points or a seed that makes no sense.
    """
    return _sampled("latin_hypercube", model, over, points, seed, log)


def sobol(
    model: Model,
    over: Mapping[str, Interval],
    points: int,
    *,
    seed: int = 0,
    log: Sequence[str] = (),
) -> Design:
    """Points of a scrambled Sobol sequence: the most even cover of the box.

    Parameters
    ----------
    model, over, seed, log
        As in `latin_hypercube`.
    points : int
        A power of two; the sequence is uneven after any other number.

    Returns
    -------
    Design

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        As `latin_hypercube`; also for another number of points.
    """
    design = _sampled("sobol", model, over, points, seed, log)
    if design.size & (design.size - 1):
        below = 1 << (design.size.bit_length() - 1)
        raise InputError(
            f"a Sobol sequence of {design.size} points is uneven: its size is a power of two",
            where="sobol",
            hint=f"{below} or {2 * below} points; a Halton sequence takes any number",
        )
    return design


def halton(
    model: Model,
    over: Mapping[str, Interval],
    points: int,
    *,
    seed: int = 0,
    log: Sequence[str] = (),
) -> Design:
    """Points of a scrambled Halton sequence: an even cover of the box for any number of points.

    Parameters
    ----------
    model, over, points, seed, log
        As in `latin_hypercube`.

    Returns
    -------
    Design

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        As `latin_hypercube`.
    """
    return _sampled("halton", model, over, points, seed, log)


#: Kind -> function.
SAMPLERS = {"latin_hypercube": latin_hypercube, "sobol": sobol, "halton": halton}
