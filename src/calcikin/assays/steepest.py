"""T50 of a computed (noise-free) curve: half-way point of its steepest rise.

    s(t) = dI/dt,  t_m = argmax s after the first rise                                   (1)
    t_a, t_b: nearest times before and after t_m at which s has fallen to a tenth of s(t_m)   (2)
    I(T50) = (I(t_a) + I(t_b)) / 2                                                       (3)

Everything in (1)-(3) changes continuously with the curve, so slopes such as dT50/dMg are free of the
jumps (5-10 min, measured) that a choice among plateaus by fit makes where a curve rises in two stages.
For a symmetric rise T50 is its midpoint exactly. On noisy readings the derivative is useless: there
`calcikin.assays.t50.t50_from_curve` is meant.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from calcikin.assays.t50 import Transition

__all__ = ["SHOULDER", "t50_from_computed_curve"]

Array = npt.NDArray[np.float64]

#: Share of the steepest slope at which a rise begins and ends; of a logistic rise (2) then spans 95 %
#: of the height. Assumed; T50 of the healthy serum moves by under 10 min between 0.05 and 0.2.
SHOULDER = 0.1
#: A rise lower than this share of the curve's range is none.
LEAST_RISE = 0.05
_POINTS_PER_INTERVAL = 8


def t50_from_computed_curve(
    time_s: npt.ArrayLike,
    intensity: npt.ArrayLike,
    *,
    first_rise_s: float = 600.0,
    from_start: bool = False,
) -> Transition:
    """T50 of a computed nephelometry curve, equations (1)-(3) [s].

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Increasing times [s], n at least 8.
    intensity : array_like, shape (n,)
        Scattered light without noise, any unit and zero.
    first_rise_s : float
        The first rise (ACP, CPP1) lies before this time [s] and is passed over. Assumed: 10 min.
    from_start : bool
        Look from the first reading where nothing rises later: for a run known to have crystallised
        within the first rise. The status is then ``single_rise``.

    Returns
    -------
    Transition
        ``no_transition`` when nothing rises after the first rise, ``incomplete`` when the data end
        before the rise does; T50 is NaN then.
    """
    t = np.asarray(time_s, dtype=float)
    y = np.asarray(intensity, dtype=float)
    found = _rise(t, y, first_rise_s)
    if found.status == "no_transition" and from_start:
        again = _rise(t, y, float(t[0]))
        if again.status == "ok":
            return Transition(
                again.t50_s,
                "single_rise",
                again.lag_level,
                again.plateau_level,
                again.t_start,
                again.t_end,
                again.slope,
            )
    return found


def _rise(t: Array, y: Array, begin: float) -> Transition:
    """The steepest rise after ``begin``."""
    if t[-1] <= begin:
        return Transition(np.nan, "no_transition")
    curve = CubicSpline(t, y)
    knots = np.concatenate([[begin], t[t > begin]])
    parts = np.arange(_POINTS_PER_INTERVAL) / _POINTS_PER_INTERVAL
    grid = np.append((knots[:-1, None] + np.diff(knots)[:, None] * parts).ravel(), knots[-1])
    slope = curve(grid, 1)
    top = int(np.argmax(slope))
    level = SHOULDER * slope[top]
    if not slope[top] > 0.0:
        return Transition(np.nan, "no_transition")
    below = slope < level
    before = np.flatnonzero(below[:top])
    after = np.flatnonzero(below[top:])
    start = grid[0] if before.size == 0 else _cross(curve, grid, before[-1], level)
    span = float(y.max() - y.min())
    if after.size == 0:
        rising = float(curve(grid[-1]) - curve(start)) > LEAST_RISE * span
        return Transition(np.nan, "incomplete" if rising else "no_transition")
    end = _cross(curve, grid, top + after[0] - 1, level)
    low, high = float(curve(start)), float(curve(end))
    if high - low < LEAST_RISE * span:
        return Transition(np.nan, "no_transition")
    middle = 0.5 * (low + high)
    t50 = float(brentq(lambda x: float(curve(x)) - middle, start, end))
    return Transition(t50, "ok", low, high, float(start), float(end), float(slope[top]))


def _cross(curve: CubicSpline, grid: Array, i: int, level: float) -> float:
    """Where the slope passes ``level`` between grid points i and i + 1 [s]."""
    return float(brentq(lambda x: float(curve(x, 1)) - level, grid[i], grid[i + 1]))
