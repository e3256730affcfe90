"""Derivatives of a response by central differences, each with its own step and an estimated error.

For what has no exact derivative; those are made in `calcikin.analysis.exact`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Gradient", "gradient"]

Array = npt.NDArray[np.float64]
#: Steps that are tried, relative to the scale of a factor, each twice the one before. At the
#: default tolerance of a run its noise moves a difference over the smallest by about a percent, and
#: over the largest not at all; curvature does the reverse.
_STEPS = 1e-3 * 2.0 ** np.arange(6)


@dataclass(frozen=True)
class Gradient:
    """First derivatives at a point.

    Attributes
    ----------
    value : float
        The response there.
    derivatives, errors : ndarray, shape (d,)
        Derivative by each factor, and how far neighbouring steps disagree about it; NaN where there
        is none.
    steps : ndarray, shape (d,)
        Step that was chosen, in the unit of the factor.
    one_sided : ndarray of bool, shape (d,)
        Where the response exists on one side only.
    points : int
        Number of points.
    """

    value: float
    derivatives: Array
    errors: Array
    steps: Array
    one_sided: npt.NDArray[np.bool_]
    points: int


def gradient(evaluate: Callable[[Array], Array], x: Array, scale: Array) -> Gradient:
    """Derivatives of `evaluate` at `x`, in one call of it.

    Parameters
    ----------
    evaluate : callable
        Points, shape (n, d) -> response, shape (n,); NaN where there is none.
    x, scale : ndarray, shape (d,)
        The point, and what a step of 1 means for each factor, above zero.

    Returns
    -------
    Gradient

    Notes
    -----
    Differences over steps that double, central or (at the end of a range) forward or backward over
    three points, all of second order; two neighbours make one of fourth order by Richardson's
    extrapolation. Of those the one is taken that agrees best with both of its neighbours, and the
    larger disagreement is its error: a larger step suffers from curvature, a smaller one from the
    noise of the runs.
    """
    d, m = len(x), len(_STEPS)
    steps = _STEPS[None, :] * scale[:, None]
    moves = np.zeros((d, m, 2, d))
    for k in range(d):
        moves[k, :, 0, k] = steps[k]
        moves[k, :, 1, k] = -steps[k]
    points = np.concatenate([x[None, :], x + moves.reshape(-1, d)])
    values = evaluate(points)
    centre = float(values[0])
    up, down = np.moveaxis(values[1:].reshape(d, m, 2), 2, 0)
    central = (up - down) / (2.0 * steps)
    forward = _three_points(centre, up, steps)
    backward = -_three_points(centre, down, steps)
    found = [_best(kind, steps) for kind in (central, forward, backward)]
    derivatives, errors, chosen = (np.full(d, np.nan) for _ in range(3))
    one_sided = np.zeros(d, dtype=bool)
    for number, (derivative, error, step) in enumerate(found):
        new = np.isnan(derivatives) & np.isfinite(derivative)
        derivatives[new], errors[new], chosen[new] = derivative[new], error[new], step[new]
        one_sided[new] = number > 0
    return Gradient(centre, derivatives, errors, chosen, one_sided, len(points))


def _three_points(centre: float, values: Array, steps: Array) -> Array:
    """Differences to one side over a step and its double, shape (d, m); NaN for the last."""
    double = np.concatenate([values[:, 1:], np.full((len(values), 1), np.nan)], axis=1)
    return np.asarray((4.0 * values - double - 3.0 * centre) / (2.0 * steps))


def _best(differences: Array, steps: Array) -> tuple[Array, Array, Array]:
    """Extrapolated derivative, error and step of each factor, shapes (d,)."""
    fourth = (4.0 * differences[:, :-1] - differences[:, 1:]) / 3.0
    apart = np.abs(np.diff(fourth, axis=1))
    doubt = np.maximum(apart[:, :-1], apart[:, 1:])  # of all but the first and the last
    some = np.isfinite(doubt).any(axis=1)
    best = np.argmin(np.where(np.isfinite(doubt), doubt, np.inf), axis=1)
    row = np.arange(len(steps))
    nothing = np.where(some, 0.0, np.nan)
    return (
        fourth[row, best + 1] + nothing,
        doubt[row, best] + nothing,
        steps[row, best + 1] + nothing,
    )
