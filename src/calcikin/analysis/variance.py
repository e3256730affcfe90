"""Sobol indices: which share of the variance of a response comes from which factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError

__all__ = ["Indices", "Saltelli", "indices"]

Array = npt.NDArray[np.float64]
_RESAMPLES = 500
#: Resamples that are weighed at once: bounds the memory.
_BLOCK = 50
_SMALLEST = 8


@dataclass(frozen=True)
class Indices:
    """First-order and total indices of each factor [1], with intervals over resampled rows.

    Attributes
    ----------
    first, first_low, first_high : ndarray, shape (d,)
        Share of the variance that a factor explains by itself.
    total, total_low, total_high : ndarray, shape (d,)
        Share in which it takes part, by itself or with others.
    variance : float
        Of the response.
    rows, dropped : int
        Base rows, and those left out because one of their runs has no value.
    """

    first: Array
    first_low: Array
    first_high: Array
    total: Array
    total_low: Array
    total_high: Array
    variance: float
    rows: int
    dropped: int


class Saltelli(Sequence[Array]):
    """Saltelli's design in the unit cube: A, B, AB_1 ..., each (size, dims), made when asked for.

    Parameters
    ----------
    dims : int
    size : int
        Base rows: a power of two, for which the sequence is balanced.
    seed : int
        Of the scrambling.

    Raises
    ------
    InputError
        For a size that is not a power of two.
    OutOfRangeError
        For one that is too small.

    Source
    ------
    A. Saltelli et al., Comput. Phys. Commun. 2010, 181, 259, 10.1016/j.cpc.2009.09.018: one Sobol
    sequence of twice the dimension for A and B, and AB_i is A with the column i of B.
    """

    def __init__(self, dims: int, size: int, seed: int) -> None:
        if size < _SMALLEST:
            raise OutOfRangeError(f"{size} base rows", where="Sobol", hint=f"at least {_SMALLEST}")
        if size & (size - 1):
            below = 1 << (size.bit_length() - 1)
            raise InputError(
                f"{size} is no power of two",
                where="Sobol",
                hint=f"{below} or {2 * below} base rows",
            )
        from scipy.stats import qmc

        both: Array = qmc.Sobol(2 * dims, scramble=True, seed=seed).random(size)
        self._dims = dims
        self._first, self._second = both[:, :dims], both[:, dims:]

    def __len__(self) -> int:
        return self._dims + 2

    def __getitem__(self, k: int) -> Array:  # type: ignore[override]
        if k < 2:
            return (self._first, self._second)[k]
        mixed = self._first.copy()
        mixed[:, k - 2] = self._second[:, k - 2]
        return mixed


def indices(values: Array, *, seed: int = 0, confidence: float = 0.95) -> Indices:
    """Indices from the response on Saltelli's design.

    Parameters
    ----------
    values : ndarray, shape (d + 2, size)
        In the order of `Saltelli`. A row with a NaN in any of its d + 2 values is left out.
    seed : int
        Of the resampling.
    confidence : float
        Of the intervals [1].

    Returns
    -------
    Indices
        Zero where the response does not vary; NaN when fewer than 8 rows are left.

    Notes
    -----
    First order by Saltelli et al. 2010, total by Jansen 1999 (10.1016/S0010-4655(98)00154-4), the
    formulas that `scipy.stats.sobol_indices` uses too; it does not take rows with a hole in them.
    """
    whole = np.isfinite(values).all(axis=0)
    kept = values[:, whole]
    n, dims = kept.shape[1], len(values) - 2
    dropped = int((~whole).sum())
    if n < _SMALLEST:
        nothing = np.full(dims, np.nan)
        return Indices(*(nothing,) * 6, float("nan"), values.shape[1], dropped)
    kept = kept - kept[:2].mean()
    a, b, mixed = kept[0], kept[1], kept[2:]
    # every index is a ratio of means over the rows, so that resampling is a matter of weights
    terms = np.concatenate([[a + b, a**2 + b**2], b * (mixed - a), 0.5 * (a - mixed) ** 2]).T
    first, total, variance = _ratios(terms.mean(axis=0)[None], dims)
    rng = np.random.default_rng(seed)
    firsts, totals = [], []
    for _ in range(_RESAMPLES // _BLOCK):
        weights = rng.multinomial(n, np.full(n, 1.0 / n), size=_BLOCK) / n
        again = _ratios(weights @ terms, dims)
        firsts.append(again[0])
        totals.append(again[1])
    tail = 0.5 * (1.0 - confidence)
    ends = [tail, 1.0 - tail]
    first_low, first_high = np.quantile(np.concatenate(firsts), ends, axis=0)
    total_low, total_high = np.quantile(np.concatenate(totals), ends, axis=0)
    return Indices(
        first[0],
        first_low,
        first_high,
        total[0],
        total_low,
        total_high,
        float(variance[0]),
        values.shape[1],
        dropped,
    )


def _ratios(means: Array, dims: int) -> tuple[Array, Array, Array]:
    """Indices and variance from the means of the terms, shape (resamples, 2 + 2 d)."""
    variance = 0.5 * means[:, 1] - (0.5 * means[:, 0]) ** 2
    # a constant response leaves rounding, of either sign
    flat = variance <= 1e-24 * np.maximum(means[:, 1], 1e-300)
    divisor = np.where(flat, 1.0, variance)[:, None]
    shares = np.where(flat[:, None], 0.0, means[:, 2:] / divisor)
    return shares[:, :dims], shares[:, dims:], np.where(flat, 0.0, variance)
