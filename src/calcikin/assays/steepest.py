"""T50 of a computed (noise-free) curve: half-way point of its steepest rise.

    w(t) = max(dI/dt, 0)^4 after the first rise                                          (1)
    mu, sigma: mean and standard deviation of t with the weight w                        (2)
    I(T50) = (I(mu - 5 sigma) + I(mu + 5 sigma)) / 2                                     (3)

The fourth power makes the steepest rise speak alone; slow rises before and after it (drift, later
ripening) weigh nothing. Everything in (1)-(3) changes smoothly with the curve, so slopes such as
dT50/dMg are free of the jumps (up to 10 min, measured) that a choice among plateaus makes where a
curve
rises in two stages. For a symmetric rise T50 is its midpoint exactly, and for a logistic rise the
window
(3) spans 95 % of the height. On noisy readings a derivative is useless: there
`calcikin.assays.t50.t50_from_curve` is meant.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from calcikin.assays.t50 import Transition

__all__ = ["t50_from_computed_curve"]

Array = npt.NDArray[np.float64]

#: Power of the slope in (1), and half-width of the window (3) in sigma. Assumed; between 4 and 6
#: sigma
#: the T50 of healthy serum moves by under 1 min.
POWER = 4
WINDOW = 5.0
#: The record must reach this many sigma beyond the mean for the rise to count as complete.
COMPLETE = 2.5
#: A rise lower than this share of the curve's range is none.
LEAST_RISE = 0.05
POINTS_PER_INTERVAL = 8


def t50_from_computed_curve(
    time_s: npt.ArrayLike,
    intensity: npt.ArrayLike,
    *,
    first_rise_s: float = 600.0,
    until_s: float = np.inf,
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
        The first rise (ACP, CPP1) lies before this time [s] and is passed over. Assumed: 10 min;
        a caller who knows when crystals appear gives that time.
    until_s : float
        Later rises (ripening) begin after this time [s] and are passed over.
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
    found = _rise(t, y, first_rise_s, until_s)
    if found.status == "no_transition" and from_start:
        again = _rise(t, y, float(t[0]), until_s)
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


def _rise(t: Array, y: Array, begin: float, until: float) -> Transition:
    """The steepest rise between ``begin`` and ``until``."""
    until = min(until, float(t[-1]))
    if until <= begin:
        return Transition(np.nan, "no_transition")
    curve = CubicSpline(t, y)
    knots = np.concatenate([[begin], t[(t > begin) & (t < until)], [until]])
    parts = np.arange(POINTS_PER_INTERVAL) / POINTS_PER_INTERVAL
    grid = np.append((knots[:-1, None] + np.diff(knots)[:, None] * parts).ravel(), knots[-1])
    slope = np.maximum(curve(grid, 1), 0.0)
    steepest = float(slope.max())
    if not steepest > 0.0:
        return Transition(np.nan, "no_transition")
    weight = (slope / steepest) ** POWER * np.gradient(grid)
    mean = float((weight * grid).sum() / weight.sum())
    spread = float(np.sqrt((weight * (grid - mean) ** 2).sum() / weight.sum()))
    start = max(mean - WINDOW * spread, begin)
    end = min(mean + WINDOW * spread, until)
    low, high = float(curve(start)), float(curve(end))
    if high - low < LEAST_RISE * float(y.max() - y.min()):
        return Transition(np.nan, "no_transition")
    if mean + COMPLETE * spread > t[-1]:
        return Transition(np.nan, "incomplete")
    middle = 0.5 * (low + high)
    t50 = float(brentq(lambda x: float(curve(x)) - middle, start, end))
    return Transition(t50, "ok", low, high, start, end, steepest)
