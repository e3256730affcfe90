"""Crossings on many line segments at once: one call of the criterion for all of them per stage."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Crossings", "closing"]

Array = npt.NDArray[np.float64]
#: Points to be judged, shape (n, d), in the unit cube, and the answer: margins, shape (n,).
Stage = Generator[Array, Array, "Crossings"]
#: A guess is tried this share of the wanted width beyond where it points, so that two tries close
#: a bracket whose guess is good.
_BEYOND = 0.45


@dataclass(frozen=True)
class Crossings:
    """Where segments cross.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        Interpolated inside the last bracket; NaN where a value was missing on the way.
    widths : ndarray, shape (n,)
        Length of the last bracket, in the unit cube: the crossing lies inside.
    """

    points: Array
    widths: Array


def closing(start: Array, end: Array, first: Array, last: Array, width: float) -> Stage:
    """Close brackets: each segment has margins of opposite sides at its ends.

    Parameters
    ----------
    start, end : ndarray, shape (n, d)
    first, last : ndarray, shape (n,)
        Margins at the ends; above zero is one side, zero and below the other.
    width : float
        Wanted length of every bracket.

    Yields
    ------
    ndarray, shape (m, d)
        Points to be judged; their margins are to be sent.

    Returns
    -------
    Crossings

    Notes
    -----
    Linear interpolation, tried a little beyond its guess, so that the other end follows at the next
    try; every third try halves the bracket, so that steps and plateaus end as surely as smooth
    curves: at most three times the tries of bisection.
    """
    span = np.linalg.norm(end - start, axis=1)
    low, high = np.zeros(len(start)), np.ones(len(start))
    below, above = first.astype(float).copy(), last.astype(float).copy()
    lost = np.zeros(len(start), dtype=bool)
    tries = 0
    while True:
        (open_,) = np.nonzero(((high - low) * span > width) & ~lost)
        if open_.size == 0:
            break
        tries += 1
        a, b = low[open_], high[open_]
        at = a + (b - a) * _share(below[open_], above[open_])
        if tries % 3 == 0:
            at = 0.5 * (a + b)
        else:
            step = _BEYOND * width / span[open_]
            at = np.where(at - a < b - at, at + step, at - step)
            edge = 0.05 * (b - a)
            at = np.clip(at, a + edge, b - edge)
        points = start[open_] + at[:, None] * (end[open_] - start[open_])
        values = yield points
        missing = np.isnan(values)
        lost[open_[missing]] = True
        same = ~missing & ((values > 0.0) == (below[open_] > 0.0))
        other = ~missing & ~same
        low[open_[same]], below[open_[same]] = at[same], values[same]
        high[open_[other]], above[open_[other]] = at[other], values[other]
    at = low + (high - low) * _share(below, above)
    points = start + at[:, None] * (end - start)
    points[lost] = np.nan
    return Crossings(points, np.where(lost, np.nan, (high - low) * span))


def _share(below: Array, above: Array) -> Array:
    """Where a straight line between two margins is zero, 0 to 1; a half where that says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = below / (below - above)
    return np.where(np.isfinite(share), np.clip(share, 0.0, 1.0), 0.5)
