"""Where a function of one variable crosses a level: look, bracket, then Brent's method.

Nothing here knows what the function means, so it is proven with functions whose crossing is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from calcikin.errors import OutOfRangeError

__all__ = ["Crossing", "find_crossing", "logit"]

Array = npt.NDArray[np.float64]
#: An axis of positive values that spans more than this is searched in its logarithm (assumed).
_WIDE = 20.0


@dataclass(frozen=True)
class Crossing:
    """What a search for a crossing has found.

    Attributes
    ----------
    found : bool
    x : float
        The crossing; NaN when there is none, or none that can be told.
    bracket : (float, float)
        Two evaluated points on either side of it, with no evaluated point between them; NaN without
        a crossing.
    brackets : tuple of (float, float)
        Every interval of the first look in which the level is crossed.
    reason : str
        Why there is no crossing, or that there are several; else empty.
    tried : tuple of (float, float)
        Every evaluation, x and value, in order.
    """

    found: bool
    x: float
    bracket: tuple[float, float]
    brackets: tuple[tuple[float, float], ...]
    reason: str
    tried: tuple[tuple[float, float], ...]


class _NoValue(Exception):
    """The function has no value somewhere in the bracket."""


def logit(fraction: float, floor: float = 1e-6) -> float:
    """ln((f + floor) / (1 - f + floor)): makes a step between 0 and 1 a gentle slope [1].

    Parameters
    ----------
    fraction : float, f, 0 to 1
    floor : float
        What counts as nothing; keeps the ends finite.
    """
    return math.log((fraction + floor) / (1.0 - fraction + floor))


def find_crossing(
    function: Callable[[float], float],
    low: float,
    high: float,
    level: float,
    *,
    tolerance: float = 1e-3,
    looks: int = 5,
    transform: Callable[[float], float] = float,
) -> Crossing:
    """Find where ``function(x) - level`` changes sign between `low` and `high`.

    A first look at evenly spaced points tells whether there is a crossing, and whether there are
    several: then the one at the highest x is meant, beyond which the function stays on its side.
    Brent's method then closes the bracket.

    Parameters
    ----------
    function : callable
        x -> value; each x is evaluated once. NaN means that there is no value.
    low, high : float
        Ends of the search, ``low < high``.
    level : float
    tolerance : float
        Width of the last bracket relative to that of the search [1] (of ln x, where the search
        spans more than a factor 20).
    looks : int
        Points of the first look, at least 2.
    transform : callable
        Increasing function of the value in which Brent's method interpolates, such as `logit`.

    Returns
    -------
    Crossing
        Never a guess: without a change of sign ``found`` is False and ``reason`` says what was
        seen.

    Raises
    ------
    OutOfRangeError
        For ends, a tolerance or a number of looks that make no sense.

    Notes
    -----
    A function that crosses and comes back between two neighbouring points of the first look is not
    seen. Source of the method: R. P. Brent, Algorithms for Minimization Without Derivatives, 1973.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise OutOfRangeError(f"a search from {low:g} to {high:g}", hint="low below high")
    if not 1e-12 <= tolerance < 1.0 or looks < 2 or not math.isfinite(level):
        raise OutOfRangeError(
            f"tolerance {tolerance:g}, {looks} looks, level {level:g}",
            hint="a tolerance of 1e-3, 5 looks, a finite level",
        )
    known: dict[float, float] = {}

    def value(x: float) -> float:
        if x not in known:
            known[x] = float(function(x))
        return known[x]

    def answer(x: float, reason: str, brackets: tuple[tuple[float, float], ...] = ()) -> Crossing:
        found = math.isfinite(x)
        bracket = _around(known, x, level) if found else (math.nan, math.nan)
        return Crossing(found, x, bracket, brackets, reason, tuple(known.items()))

    logarithmic = low > 0.0 and high / low > _WIDE
    grid = np.geomspace(low, high, looks) if logarithmic else np.linspace(low, high, looks)
    grid[0], grid[-1] = low, high
    seen = [(float(x), value(float(x))) for x in grid]
    for x, y in seen:
        if math.isnan(y):
            return answer(math.nan, f"there is no value at {x:g}")
    brackets = tuple(
        (a, b) for (a, at_a), (b, at_b) in pairwise(seen) if (at_a > level) != (at_b > level)
    )
    if not brackets:
        side = "above" if seen[0][1] > level else "at or below"
        return answer(
            math.nan,
            f"no crossing: the value stays {side} {level:g} from {low:g} to {high:g} "
            f"({seen[0][1]:.4g} to {seen[-1][1]:.4g})",
        )
    left, right = brackets[-1]
    place = _Logarithm() if logarithmic else _Plain()
    width = tolerance * (place.to(high) - place.to(low))
    try:
        x = _brent(lambda x: transform(value(x)), left, right, transform(level), width, place)
    except _NoValue as gap:
        return answer(math.nan, f"there is no value at {gap.args[0]:g}", brackets)
    reason = ""
    if len(brackets) > 1:
        where = ", ".join(f"{a:g} to {b:g}" for a, b in brackets)
        reason = f"crossed {len(brackets)} times (in {where}); the last is given"
    return answer(x, reason, brackets)


class _Plain:
    """The axis as it is."""

    def to(self, x: float) -> float:
        return x

    def back(self, u: float) -> float:
        return u


class _Logarithm:
    """The axis in its logarithm."""

    def to(self, x: float) -> float:
        return math.log(x)

    def back(self, u: float) -> float:
        return math.exp(u)


def _brent(
    value: Callable[[float], float],
    left: float,
    right: float,
    level: float,
    width: float,
    place: _Plain | _Logarithm,
) -> float:
    """Brent's method on an axis, from a bracket to one of `width`; the x that it ends at."""
    from scipy.optimize import brentq

    ends = {place.to(left): left, place.to(right): right}  # exactly, so that no end runs again

    def excess(u: float) -> float:
        x = ends.get(u, place.back(u))
        y = value(x)
        if math.isnan(y):
            raise _NoValue(x)
        return y - level

    u = float(brentq(excess, *ends, xtol=width, rtol=1e-15))
    return ends.get(u, place.back(u))


def _around(known: dict[float, float], x: float, level: float) -> tuple[float, float]:
    """The evaluated points next to the crossing at `x`, itself one of them."""
    points = sorted(known)
    k = points.index(x)
    above = [known[p] > level for p in points]
    if k > 0 and above[k - 1] != above[k]:
        return points[k - 1], x
    return x, points[min(k + 1, len(points) - 1)]
