"""Where a curve known at a few points crosses a level."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

__all__ = ["SCALES", "curve", "interval", "root", "scaled"]

Array = npt.NDArray[np.float64]
#: How a read-out is scaled so that it changes evenly.
SCALES = ("linear", "log", "logit")
#: Fractions nearer to 0 and 1 than this are held apart from them, amounts above this [1].
_LEAST = 1e-9


def scaled(values: Array, scale: str) -> Array:
    """Values on one of `SCALES`."""
    if scale == "log":
        return np.asarray(np.log(np.maximum(values, _LEAST)))
    if scale == "logit":
        inside = np.clip(values, _LEAST, 1.0 - _LEAST)
        return np.asarray(np.log(inside / (1.0 - inside)))
    return values


def curve(x: Array, y: Array) -> PchipInterpolator:
    """A curve through points that does not overshoot (monotone where they are)."""
    return PchipInterpolator(x, y)


def interval(y: Array) -> int:
    """The last interval in which y changes its sign; -1 where there is none.

    Beyond the last the curve stays on its side; a point that is not finite bounds no interval.
    """
    signs = np.sign(y)
    known = np.isfinite(y[:-1]) & np.isfinite(y[1:])
    k = np.flatnonzero(known & (signs[:-1] != signs[1:]))
    return int(k[-1]) if k.size else -1


def root(x: Array, y: Array) -> float:
    """Where the curve through (x, y) crosses zero for the last time; NaN where it does not.

    Parameters
    ----------
    x : ndarray, shape (n,), rising
    y : ndarray, shape (n,); points that are not finite are left out

    Returns
    -------
    float
    """
    here = np.isfinite(y)
    x, y = x[here], y[here]
    k = interval(y)
    if k < 0:
        return math.nan
    if y[k + 1] == 0.0:
        return float(x[k + 1])
    return float(brentq(curve(x, y), x[k], x[k + 1]))
