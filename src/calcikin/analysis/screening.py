"""Morris screening: elementary effects along random ways through the unit cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import OutOfRangeError

__all__ = ["Effects", "effects", "trajectories"]

Array = npt.NDArray[np.float64]
#: Levels of the lattice that the ways run on, and the step between: Morris' own choice.
_LEVELS = 4
_STEP = 2.0 / 3.0
_RESAMPLES = 1000


@dataclass(frozen=True)
class Effects:
    """Statistics of the elementary effects of each factor, over its whole range.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        µ, in the unit of the response.
    strength : ndarray, shape (d,)
        µ*, the mean of their magnitudes.
    strength_low, strength_high : ndarray, shape (d,)
        Interval of µ* over resampled ways.
    spread : ndarray, shape (d,)
        σ: large where a factor acts through others, or not in proportion.
    count : ndarray of int, shape (d,)
        Effects that could be formed.
    """

    mean: Array
    strength: Array
    strength_low: Array
    strength_high: Array
    spread: Array
    count: npt.NDArray[np.intp]


def trajectories(dims: int, count: int, seed: int) -> Array:
    """Ways on which every factor moves once, shape (count, dims + 1, dims), in the unit cube.

    Raises
    ------
    OutOfRangeError
        For fewer than 2 ways.

    Source
    ------
    M. D. Morris, Technometrics 1991, 33, 161, 10.1080/00401706.1991.10484804.
    """
    if count < 2:
        raise OutOfRangeError(f"{count} ways", where="Morris", hint="at least 2, such as 20")
    rng = np.random.default_rng(seed)
    ways = np.empty((count, dims + 1, dims))
    for way in ways:
        start = rng.integers(0, _LEVELS // 2, dims) / (_LEVELS - 1)  # a step up stays inside
        up = rng.integers(0, 2, dims).astype(bool)
        point = np.where(up, start, start + _STEP)
        way[0] = point
        for place, factor in enumerate(rng.permutation(dims)):
            point[factor] += _STEP if up[factor] else -_STEP
            way[place + 1] = point
    return np.clip(ways, 0.0, 1.0)


def effects(ways: Array, values: Array, *, seed: int = 0, confidence: float = 0.95) -> Effects:
    """Elementary effects from the response along the ways.

    Parameters
    ----------
    ways : ndarray, shape (count, d + 1, d)
    values : ndarray, shape (count, d + 1)
        NaN where there is none: the effects on either side of it are left out.
    seed : int
        Of the resampling.
    confidence : float
        Of the interval [1].
    """
    count, dims = ways.shape[0], ways.shape[2]
    move = np.diff(ways, axis=1)
    factor = np.argmax(np.abs(move), axis=2)
    step = np.take_along_axis(move, factor[:, :, None], axis=2)[:, :, 0]
    single = np.full((count, dims), np.nan)
    np.put_along_axis(single, factor, np.diff(values, axis=1) / step, axis=1)
    number = np.isfinite(single).sum(axis=0)
    size = np.abs(single)
    rng = np.random.default_rng(seed)
    again = rng.integers(0, count, (_RESAMPLES, count))
    resampled = _mean(size[again], 1)
    tail = 0.5 * (1.0 - confidence)
    mean = _mean(single, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.nansum((single - mean) ** 2, axis=0) / (number - 1.0))
    low, high = np.full(dims, np.nan), np.full(dims, np.nan)
    for k in range(dims):
        usable = resampled[:, k][np.isfinite(resampled[:, k])]
        if usable.size:
            low[k], high[k] = np.quantile(usable, [tail, 1.0 - tail])
    return Effects(mean, _mean(size, 0), low, high, np.where(number > 1, spread, np.nan), number)


def _mean(values: Array, axis: int) -> Array:
    """Mean of what is there; NaN where nothing is."""
    number = np.isfinite(values).sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(values, axis=axis) / np.where(number > 0, number, np.nan))
