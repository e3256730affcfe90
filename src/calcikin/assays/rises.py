"""Where a curve rises from one plateau to another.

A rise has a midpoint T and a logistic width w [s]. With x = (t - T) / w, S(x) = 1 / (1 + exp(-x)),
straight lines

    y(t) = L(t) (1 - S) + P(t) S                                                           (1)

are fitted by least squares to the plateaus alone, 4 < |x| < 16, clipped to the data and to the end
of the curve's first rise. The rise goes from the lag line at its foot, L at x = -4, to the plateau
line at its shoulder, P at x = 4. Its progress s = (y - L) / (P - L) is fitted over |x| < 4 by a
sigmoid on a warped clock,

    s = S + S (1 - S) (c0 + c1 x + c2 x^2)                                                 (2)

T and w are moved until c0 = 0, so that s(T) = 1/2, and c1 = 0, so that w = 1 / (4 ds/dt) at T; c2
takes up the asymmetry of the rise. A drift common to both plateaus does not move T; one that
differs by a share d of the height per w moves it by 8 d w. Every step is an integral over a PCHIP
interpolant on windows that move with T and w, so T depends smoothly on the curve, hardly on where
the samples lie or how long the record goes on, and not at all on the scale and zero of the values.

Why foot and shoulder, and not the lines drawn on to T: a curve that goes on rising slowly (crystals
ripen and grow for hours) is no drifting plateau, and lines drawn back from there put the level too
low; they also magnify noise.

`logistic` is the regression that a laboratory's software offers: a Boltzmann sigmoid between two
constant levels (L, P of (1) without slopes), by least squares over everything after the first
rise. It assumes a symmetric rise and steady plateaus, and depends on the length of the record.

Midpoints start from the step function nearest to the curve (largest variance between its two
parts), looked for in the whole curve and then on both sides of what was found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq, least_squares
from scipy.special import expit

Array = npt.NDArray[np.float64]

# Windows in units of w; a logistic is 1.8 % from its plateau at 4 w.
_NEAR, _FAR = 4.0, 16.0
# A crowded window may come as near as this; the second term of (1) then carries the tail.
_NEAREST = 2.0
# A rise with less room than this before it (in w) has no lag: it is the start of the curve.
_ROOM = 3.0
# A rise counts when it is this share of the whole range and this many times the noise.
_SHARE, _SIGMAS = 0.05, 5.0
# Ridge on the slopes of the plateaus: 0.2 % of a slope seen over 12 w, half of one seen over 1.5 w.
_RIDGE = 0.3
# A first rise below this share of the range is over at once.
_TRACE = 0.01
_NODES = 96
_SPLITS = 3


class Rise(NamedTuple):
    """A sigmoid rise of a `Curve`, whose values run from 0 to 1.

    Attributes
    ----------
    mid, width : float
        Midpoint T and logistic width w [s].
    low, high : float
        Levels of the curve at the foot and at the shoulder of the rise [1].
    begin : float
        Where the lag before it begins [s].
    """

    mid: float
    width: float
    low: float
    high: float
    begin: float

    @property
    def height(self) -> float:
        """High minus low level [1]."""
        return self.high - self.low

    @property
    def onset(self) -> float:
        """Where the tangent at the midpoint meets the low level [s]."""
        return self.mid - 2.0 * self.width

    @property
    def close(self) -> float:
        """Where the tangent at the midpoint meets the high level [s]."""
        return self.mid + 2.0 * self.width


class Curve:
    """Readings over time, interpolated and scaled to the range 0 to 1.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Increasing times [s].
    values : ndarray, shape (n,)
        Finite readings, any unit.

    Attributes
    ----------
    t, y : ndarray, shape (n,)
        Times [s] and scaled readings [1].
    zero, scale : float
        The reading is ``zero + scale * y``.
    at : PchipInterpolator
        Scaled reading at any time.
    threshold : float
        Height below which a rise is drift or noise [1].
    """

    def __init__(self, time: Array, values: Array) -> None:
        self.zero, self.scale = float(values.min()), float(np.ptp(values)) or 1.0
        self.t, self.y = time, (values - self.zero) / self.scale
        self.start, self.end = float(time[0]), float(time[-1])
        self.at = PchipInterpolator(time, self.y)
        self.sum = self.at.antiderivative()
        self.threshold = max(_SHARE, _SIGMAS * _noise(time, self.y))

    def first_rise_end(self, level: Callable[[Array], Array]) -> float:
        """2.5 times the time to come 90 % of the way from the first reading to a level [s].

        For an exponential rise 0.3 % of it is left by then. Rises below 1 % of the range of the
        curve are over at once.

        Parameters
        ----------
        level : callable
            The lag plateau over time [1].

        Returns
        -------
        float
            The start of the curve when it begins at the level or never comes there.
        """
        first = self.y[0]
        reached = self.y - first >= 0.9 * (level(self.t) - first) - _TRACE
        if reached[0] or not reached.any():
            return self.start
        index = int(np.argmax(reached))
        crossing = find_crossing(
            lambda t: self.at(t) - first - 0.9 * (level(t) - first) + _TRACE,
            self.t[index - 1],
            self.t[index],
        )
        return 2.5 * crossing - 1.5 * self.start

    def weight(self, rise: Rise) -> float:
        """Variance of the curve that a step at the rise explains: what the eye calls the rise."""
        return rise.height**2 * (rise.mid - rise.begin) * (self.end - rise.mid)


def find_crossing(function: Callable[[Any], Any], low: float, high: float) -> float:
    """Where a function rises through zero between two times [s].

    Parameters
    ----------
    function : callable
        Negative at ``low`` and not negative at ``high``, up to rounding.
    low, high : float
        The two times [s].

    Returns
    -------
    float
        The root; an end where rounding has taken the change of sign away.
    """
    if function(high) <= 0.0:
        return float(high)
    if function(low) >= 0.0:
        return float(low)
    return float(brentq(function, low, high))


def find_rises(curve: Curve) -> list[Rise]:
    """All sigmoid rises of a curve that have a lag before them, in order of time.

    Parameters
    ----------
    curve : Curve
        The readings.

    Returns
    -------
    list of Rise
        Those of at least ``curve.threshold``; the last may be cut off by the end of the data.
    """
    found = _between(curve, curve.start, curve.end, _SPLITS)
    return sorted(found, key=lambda rise: rise.mid)


def logistic(curve: Curve, rise: Rise) -> Rise:
    """Boltzmann regression between constant levels over everything after the first rise.

    Parameters
    ----------
    curve : Curve
        The readings.
    rise : Rise
        Where to start from, and where the lag begins.

    Returns
    -------
    Rise
        With the midpoint, width and levels of the regression.
    """
    t = np.linspace(rise.begin, curve.end, 1001)
    y = np.asarray(curve.at(t))

    def levels(p: Array) -> tuple[Array, Array]:
        s = expit((t - rise.mid - rise.width * p[0]) / (rise.width * np.exp(p[1])))
        matrix = np.stack([1.0 - s, s], axis=1)
        return matrix, np.linalg.lstsq(matrix, y, rcond=None)[0]

    def misfit(p: Array) -> Array:
        matrix, level = levels(p)
        return np.asarray(matrix @ level - y)

    best = least_squares(misfit, [0.0, 0.0], bounds=([-20.0, -3.0], [20.0, 3.0]), xtol=1e-12).x
    low, high = (float(level) for level in levels(best)[1])
    mid, width = rise.mid + rise.width * float(best[0]), rise.width * float(np.exp(best[1]))
    return Rise(mid, width, low, high, rise.begin)


def _noise(t: Array, y: Array) -> float:
    """Standard deviation of the readings about the line through their neighbours."""
    between = (t[1:-1] - t[:-2]) / (t[2:] - t[:-2])
    apart = y[1:-1] - (y[:-2] + between * (y[2:] - y[:-2]))
    # The median makes it blind to the rises; 0.6745 is the quartile of the normal distribution
    # and 1.5 the variance of a reading minus the mean of two others.
    return float(np.median(np.abs(apart)) / (0.6745 * np.sqrt(1.5)))


def _between(curve: Curve, begin: float, end: float, splits: int) -> list[Rise]:
    """Rises between two times: the best step, refined, then what lies on its sides."""
    inside = curve.t[(curve.t > begin) & (curve.t < end)]
    if splits == 0 or inside.size < 4:
        return []
    grid = np.unique(np.concatenate([inside, np.linspace(begin, end, 202)[1:-1]]))
    left = (curve.sum(grid) - curve.sum(begin)) / (grid - begin)
    right = (curve.sum(end) - curve.sum(grid)) / (end - grid)
    best = int(np.argmax((grid - begin) * (end - grid) * np.maximum(right - left, 0.0) ** 2))
    height = right[best] - left[best]
    if height < 0.5 * _SHARE:
        return []
    share = (curve.at(grid) - left[best]) / height
    below, above = np.flatnonzero(share[: best + 1] < 0.25), np.flatnonzero(share[best:] > 0.75)
    lower = grid[below[-1]] if below.size else begin
    upper = grid[best + above[0]] if above.size else end
    # a logistic takes 2.2 w from 25 % to 75 %
    width = float(max(upper - lower, 1e-9 * (end - begin))) / 2.2
    rise = _refined(curve, float(grid[best]), width, begin, end)
    reach = _NEAR * rise.width if rise else 0.0
    centre = rise.mid if rise else float(grid[best])
    return (
        ([rise] if rise else [])
        + _between(curve, begin, min(centre - reach, end), splits - 1)
        + _between(curve, max(centre + reach, begin), end, splits - 1)
    )


class _Plateaus(NamedTuple):
    """Lines (1), a + b x, and how near to the midpoint they were fitted [w]."""

    lag: tuple[float, float]
    top: tuple[float, float]
    foot: float
    shoulder: float

    @property
    def low(self) -> float:
        return self.lag[0] - self.lag[1] * self.foot

    @property
    def high(self) -> float:
        return self.top[0] + self.top[1] * self.shoulder


def _refined(curve: Curve, mid: float, width: float, begin: float, end: float) -> Rise | None:
    """Iterate (1) and (2); None where they find no rise with a lag before it."""
    rise: Rise | None = None
    room = begin
    for _ in range(80):
        levels = _plateaus(curve, mid, width, room, end)
        if levels is None or levels.high - levels.low < curve.threshold:
            return None
        shift, factor = _half_way(curve, mid, width, levels)
        room = max(begin, min(curve.first_rise_end(_lag_line(levels, mid, width)), mid))
        mid, width = mid + width * shift, width * factor
        rise = Rise(mid, width, levels.low, levels.high, room)
        if not (begin < mid < end and width < end - begin):
            return None
        # 1e-8 w is far below any use of T; most curves come there in 10 steps
        if abs(shift) < 1e-8 and abs(factor - 1.0) < 1e-7:
            break
    return rise if rise is not None and mid - room > _ROOM * width else None


def _plateaus(curve: Curve, mid: float, width: float, begin: float, end: float) -> _Plateaus | None:
    """Fit (1) to both plateaus; None where there is no room for one of them."""
    columns, values, nearest = [], [], []
    for sign, length in ((-1.0, (mid - begin) / width), (1.0, (end - mid) / width)):
        near = min(_NEAR, max(_NEAREST, 0.65 * length))
        far = min(_FAR, length)
        if far - near < 0.05:
            return None
        x = sign * (near + (far - near) * (np.arange(_NODES) + 0.5) / _NODES)
        s = expit(x)
        weight = np.sqrt((far - near) / _NODES)
        columns.append(weight * np.stack([1.0 - s, (1.0 - s) * x, s, s * x], axis=1))
        values.append(weight * curve.at(mid + width * x))
        nearest.append(near)
    matrix, y = np.concatenate(columns), np.concatenate(values)
    normal = matrix.T @ matrix + np.diag([0.0, _RIDGE, 0.0, _RIDGE])
    a, b, c, d = map(float, np.linalg.solve(normal, matrix.T @ y))
    return _Plateaus((a, b), (c, d), *nearest)


def _lag_line(levels: _Plateaus, mid: float, width: float) -> Callable[[Array], Array]:
    """The lag plateau of (1) as a function of time, level before the window it was fitted in."""

    def line(t: Array) -> Array:
        return np.asarray(levels.lag[0] + levels.lag[1] * np.maximum((t - mid) / width, -_FAR))

    return line


def _half_way(curve: Curve, mid: float, width: float, levels: _Plateaus) -> tuple[float, float]:
    """Solve (2) to first order: the shift of T in w, and the factor by which w changes."""
    x = _NEAR * np.linspace(-1.0, 1.0, _NODES)
    s = (curve.at(mid + width * x) - levels.low) / (levels.high - levels.low)
    steady = expit(x)
    # falls to nothing at the ends of the window, so that readings pass in and out smoothly
    weight = 1.0 - (x / _NEAR) ** 2
    warp = (steady * (1.0 - steady))[:, np.newaxis] * np.stack([np.ones_like(x), x, x * x], 1)
    c = np.linalg.lstsq(weight[:, np.newaxis] * warp, weight * (s - steady), rcond=None)[0]
    return float(np.clip(-c[0], -2.0, 2.0)), 1.0 / (1.0 + float(np.clip(c[1], -0.5, 1.0)))
