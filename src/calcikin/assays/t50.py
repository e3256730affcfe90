"""T50: when primary calciprotein particles turn into secondary ones, read from a curve.

The nephelometer shows a first rise within minutes (ACP and CPP1 form), a lag plateau, a second,
sigmoid rise (CPP1 -> CPP2) and a plateau. T50 is the half-maximal point of the second rise
(Pasch 2012, JASN 23:1744). Both plateaus may drift. `rises` finds the rises of a curve; here it is
decided which of them is meant.

``midpoint`` is the default method rather than the Boltzmann regression ``logistic``, because it
does not depend on the length of the record and allows for drift and asymmetry. For a rise with
w = 10 min (44 min from 10 to 90 %) at 329 min, height 4:

    error of                                          midpoint   logistic      [min]
    an ideal sigmoid                                     0.0        0.0
    plateaus that drift by 0.5 and 1.5 in 10 h           0.3        1.6
    an asymmetric (Gompertz) rise                       -0.3        0.9
    light that rises on by half in hours (10 h record)   1.7        7.4
    the same in a record of 24 h                         1.7       19.6
    readings every 3 min, CV 3 % (sd)                    0.5        0.3
    readings every 3 min, CV 5 % (sd)                    0.8        0.5

The price is half as much scatter again with noisy readings; computed curves have none. The two
disagree where a curve rises in two stages: T50 is then less well defined than its digits suggest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from calcikin.assays.rises import Curve, Rise, find_crossing, find_rises, logistic
from calcikin.errors import InputError, UnknownNameError

Array = npt.NDArray[np.float64]
Status = Literal["ok", "no_transition", "incomplete", "single_rise"]
Method = Literal["midpoint", "logistic"]
SingleRise = Literal["none", "transition"]

# The record must reach this far beyond T50, in w: 99.3 % of a logistic rise.
_COMPLETE = 5.0


@dataclass(frozen=True)
class Transition:
    """The second rise of a nephelometry curve.

    Attributes
    ----------
    t50_s : float
        Half-maximal point [s]; NaN unless ``status`` is ``ok`` or ``single_rise``.
    status : str
        ``ok``; ``no_transition``: no second rise; ``incomplete``: it had begun but not levelled
        out when the data ended; ``single_rise``: only when asked for, see `t50_from_curve`.
    lag_level, plateau_level : float
        Levels at the foot and at the shoulder of the rise [unit of the intensity].
    t_start, t_end : float
        Where the tangent at T50 meets the two levels [s].
    slope : float
        Steepness at T50 [unit of the intensity / s].
    """

    t50_s: float
    status: Status
    lag_level: float = np.nan
    plateau_level: float = np.nan
    t_start: float = np.nan
    t_end: float = np.nan
    slope: float = np.nan


def t50_from_curve(
    time_s: npt.ArrayLike,
    intensity: npt.ArrayLike,
    *,
    method: Method = "midpoint",
    first_rise_s: float = 600.0,
    single_rise: SingleRise = "none",
) -> Transition:
    """T50, the half-maximal point of the second rise of a nephelometry curve [s].

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Increasing times [s], n at least 8; the spacing is free.
    intensity : array_like, shape (n,)
        Scattered light, any unit and zero.
    method : {"midpoint", "logistic"}
        See the module.
    first_rise_s : float
        When the curve has one rise only and its onset lies within this time of the start [s], it
        is taken for the first rise (ACP, CPP1). Assumed: 10 min.
    single_rise : {"none", "transition"}
        What to make of such a curve. Light alone cannot tell a serum whose CPP1 never ripen from
        a solution without proteins whose crystals form at once. ``none``: ``no_transition``.
        ``transition``: the rise is the transition (the caller knows that crystals formed) and
        the status is ``single_rise``.

    Returns
    -------
    Transition
        With ``t50_s`` NaN when there is nothing to read.

    Raises
    ------
    InputError
        For fewer than 8 points, unequal lengths, times that do not increase, values that are not
        finite, or an unknown method.

    Notes
    -----
    Of several later rises the one that explains most of the curve's variance is meant. Rises
    lower than 5 % of the range of the curve or 5 standard deviations of its noise are ignored, and
    so are rises whose lag is shorter than 3 w: two rises that overlap are one. A rise counts as
    complete when the record reaches 5 w beyond T50. Sampling every 3 min instead of every 10 s
    moves T50 by less than 0.2 min for w down to 1 min.

    Examples
    --------
    >>> t = np.arange(0.0, 36000.0, 180.0)  # s
    >>> rise = lambda at, width: 1.0 / (1.0 + np.exp((at - t) / width))
    >>> found = t50_from_curve(t, 0.1 * rise(300.0, 60.0) + rise(18000.0, 900.0))
    >>> found.status, bool(abs(found.t50_s - 18000.0) < 60.0)
    ('ok', True)
    """
    for value, kind, known in (
        (method, "method", get_args(Method)),
        (single_rise, "single_rise choice", get_args(SingleRise)),
    ):
        if value not in known:
            raise UnknownNameError(kind, str(value), known, "t50_from_curve")
    curve = Curve(*_checked(time_s, intensity, what="nephelometry curve", least=8))
    rises = find_rises(curve)
    if rises and _is_first(curve, rises[0], first_rise_s):
        if len(rises) == 1 and single_rise == "transition":
            return _transition(curve, rises[0], "single_rise")
        rises = rises[1:]
    if not rises:
        start = _start_rise(curve) if single_rise == "transition" else None
        if start is not None:
            return _transition(curve, start, "single_rise")
        return Transition(np.nan, "incomplete" if _ends_rising(curve) else "no_transition")
    rise = max(rises, key=curve.weight)
    if rise.mid + _COMPLETE * rise.width > curve.end:
        return Transition(np.nan, "incomplete")
    return _transition(curve, logistic(curve, rise) if method == "logistic" else rise, "ok")


def t50_from_fraction(
    time_s: npt.ArrayLike, fraction: npt.ArrayLike, *, level: float = 0.5
) -> float:
    """Time at which the crystalline fraction first reaches a level [s].

    Parameters
    ----------
    time_s : array_like, shape (n,)
        Increasing times [s].
    fraction : array_like, shape (n,)
        Crystalline share of the solid [1]; NaN where there is no solid yet (left out).
    level : float
        Between 0 and 1 [1].

    Returns
    -------
    float
        By inverting the PCHIP interpolant [s]; the first known time when the curve starts above
        the level; NaN when it is never reached.

    Raises
    ------
    InputError
        For unequal lengths, times that do not increase, infinite values, or a level outside 0..1.
    """
    if not 0.0 < level < 1.0:
        raise InputError(
            f"level {level!r} of the crystalline fraction is not between 0 and 1",
            where="t50_from_fraction(level=...)",
            hint="0.5 for T50",
        )
    t, y = np.asarray(time_s, dtype=float), np.asarray(fraction, dtype=float)
    if t.shape == y.shape:
        known = ~np.isnan(y)
        t, y = t[known], y[known]
    t, y = _checked(t, y, what="crystalline fraction", least=0)
    reached = y >= level
    if not reached.any():
        return float("nan")
    first = int(np.argmax(reached))
    if first == 0:
        return float(t[0])
    at = PchipInterpolator(t, y)
    return find_crossing(lambda x: at(x) - level, t[first - 1], t[first])


def _checked(
    time: npt.ArrayLike, values: npt.ArrayLike, *, what: str, least: int
) -> tuple[Array, Array]:
    """Times and values as float arrays, or an InputError that says what is wrong with them."""
    t, y = np.asarray(time, dtype=float), np.asarray(values, dtype=float)
    if t.ndim != 1 or t.shape != y.shape:
        raise InputError(
            f"times of shape {t.shape} do not match values of shape {y.shape}",
            where=what,
            hint="give two lists of equal length",
        )
    if t.size < least:
        raise InputError(f"{t.size} points are too few", where=what, hint=f"give {least} or more")
    finite = np.isfinite(t) & np.isfinite(y)
    if not finite.all():
        bad = int(np.argmin(finite))
        raise InputError(
            f"point {bad} is not finite: time {float(t[bad])!r} s, value {float(y[bad])!r}",
            where=what,
            hint="leave such readings out",
        )
    if np.any(np.diff(t) <= 0.0):
        bad = int(np.argmax(np.diff(t) <= 0.0))
        raise InputError(
            f"times do not increase: {float(t[bad])!r} s comes before {float(t[bad + 1])!r} s",
            where=what,
            hint="sort the readings and drop repeated times",
        )
    return t, y


def _is_first(curve: Curve, rise: Rise, first_rise_s: float) -> bool:
    """Whether a rise starts with the curve: early, and nothing has risen before it."""
    early = rise.onset < curve.start + first_rise_s
    return early and rise.low - curve.y[0] < curve.threshold


def _start_rise(curve: Curve) -> Rise | None:
    """The rise that begins with the first reading: half way to the median of the curve."""
    high = float(np.median(curve.at(np.linspace(curve.start, curve.end, 2001))))
    low = float(curve.y[0])
    if high - low < curve.threshold:
        return None
    middle = 0.5 * (low + high)
    half = int(np.argmax(curve.y >= middle))
    mid = find_crossing(lambda t: curve.at(t) - middle, curve.t[half - 1], curve.t[half])
    steepness = float(curve.at.derivative()(mid))
    return Rise(mid, 0.25 * (high - low) / steepness, low, high, curve.start)


def _ends_rising(curve: Curve) -> bool:
    """Whether the curve leaves its lag upwards before the data end."""
    median = float(np.median(curve.y))
    settled = curve.first_rise_end(lambda t: np.full_like(t, median))
    begin = min(settled, 0.5 * (curve.start + curve.end))
    t = np.linspace(begin, curve.end, 201)
    y = np.asarray(curve.at(t))
    # above where the first half of the record points to, and above its own middle
    lag = np.polynomial.Polynomial.fit(t[:101], y[:101], 1)
    last = float(np.mean(y[-10:]))
    excess = min(last - float(np.mean(lag(t[-10:]))), last - float(np.mean(y[90:110])))
    return excess > 2.0 * curve.threshold


def _transition(curve: Curve, rise: Rise, status: Status) -> Transition:
    """A rise in the units of the readings."""
    return Transition(
        t50_s=float(rise.mid),
        status=status,
        lag_level=float(curve.zero + curve.scale * rise.low),
        plateau_level=float(curve.zero + curve.scale * rise.high),
        t_start=float(rise.onset),
        t_end=float(rise.close),
        slope=float(curve.scale * rise.height / (4.0 * rise.width)),
    )
