"""Derivatives of the residuals: exact where every number of a dataset has one, else differences."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calcikin.calibration.objective import CAP, Objective
from calcikin.calibration.slopes import exact, slopes

__all__ = ["difference_jacobian", "residual_jacobian"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
#: Relative step by which a number is moved to see what an observable makes of it: arithmetic and
#: interpolation only, so that rounding leaves ten digits.
NUDGE = 1e-6
#: Step of central differences along the axes of z [standard deviations of the prior].
STEP = 1e-2
#: Along directions known to be stiff or sloppy: so long that the residuals move by this much [sd],
#: but no longer than `LONGEST`. T50 is read between output times 3 min apart, which makes it
#: wobble by about 0.02 min as it moves: steps of some minutes average that, steps along the axes
#: would leave the small differences of large slopes to it. At the shipped parameters 3 and 5 agree
#: to 10 % of the largest derivative of each row; along the axes the sloppy directions are lost.
REACH = 5.0
LONGEST = 0.2


def residual_jacobian(objective: Objective, z: Array, guide: Array | None = None) -> Array:
    """Derivatives of the residuals by z.

    Parameters
    ----------
    objective : Objective
    z : ndarray, shape (m, n)
    guide : ndarray, shape (m, k + n, n), optional
        Derivatives at a point nearby, for `difference_jacobian` where it is needed.

    Returns
    -------
    ndarray, shape (m, k + n, n)
        Zero where a run is lost: its residual is `CAP` whatever z.
    """
    numbers, _ = objective.numbers(z)
    predicted = objective.predicted(numbers)
    by_number = _by_number(objective, numbers)
    rows = np.array([all(exact(d) for d in data.demands) for data in objective.datasets])
    demands = objective.demands
    known = [j for j, d in enumerate(demands) if exact(d)]
    m, n = z.shape
    k, p = len(objective.datasets), len(objective.calibration.fitted)
    own = np.zeros((m, len(demands), p))
    if known:
        own[:, known] = slopes(
            [demands[j] for j in known],
            numbers[:, known],
            objective.parameters(z),
            objective.weights(z),
        )
    out = np.zeros((m, k + n, n))
    residuals, lost = objective.of_predictions(predicted, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_prediction, by_scale = objective.slopes(predicted, z)
        for j, dataset in enumerate(objective.datasets):
            each = by_number[j][:, :, None] * own[:, objective.places(dataset)]
            # a number without influence, or that is missing among others, moves nothing
            along = np.where(by_number[j][:, :, None] == 0.0, 0.0, each).sum(axis=1)
            out[:, j, :p] = along * by_prediction[:, j, None]
    out[:, :k] += by_scale
    out[:, :k] *= ((1.0 - (residuals[:, :k] / CAP) ** 2) ** 1.5)[:, :, None]
    out[:, :k][lost] = 0.0
    missing = ~rows[None, :] | ~np.isfinite(out[:, :k]).all(axis=2)
    if missing.any():
        again = difference_jacobian(objective, z, guide)
        if guide is None:  # once more, along the directions that the first has found
            again = difference_jacobian(objective, z, again)
        out[:, :k][missing] = again[:, :k][missing]
    out[:, k:, :] = np.eye(n)
    return out


def _by_number(objective: Objective, numbers: Array) -> list[Array]:
    """Derivatives of each observable by its own numbers, arrays of shape (m, n_demands)."""
    out = []
    for dataset in objective.datasets:
        assert dataset.observable is not None
        own = numbers[:, objective.places(dataset)]
        slope = np.zeros_like(own)
        for j in range(own.shape[1]):
            step = NUDGE * np.maximum(np.abs(own[:, j]), 1e-9)
            up, down = own.copy(), own.copy()
            up[:, j] += step
            down[:, j] -= step
            change = dataset.observable.value(up) - dataset.observable.value(down)
            slope[:, j] = np.where(np.isfinite(own[:, j]), change / (2.0 * step), 0.0)
        out.append(slope * dataset.factor)
    return out


def difference_jacobian(objective: Objective, z: Array, guide: Array | None = None) -> Array:
    """Derivatives of the residuals by z, by central differences in one batch.

    Parameters
    ----------
    objective : Objective
    z : ndarray, shape (m, n)
    guide : ndarray, shape (m, k + n, n), optional
        Derivatives at a point nearby. The differences are then taken along the singular vectors of
        its data, long steps where the data say little and short ones where they say much.

    Returns
    -------
    ndarray, shape (m, k + n, n)
        One-sided where a run on one side is lost, zero where both are.
    """
    m, n = z.shape
    k, p = len(objective.datasets), len(objective.calibration.fitted)
    basis = np.broadcast_to(np.eye(p), (m, p, p)).copy()  # rows are directions
    steps = np.full((m, p), STEP)
    if guide is not None:
        for i, known in enumerate(guide):
            _, sizes, basis[i] = np.linalg.svd(known[:k, :p])
            sizes = np.concatenate([sizes, np.zeros(p - sizes.size)])
            steps[i] = np.clip(REACH / np.maximum(sizes, 1e-12), 1e-3, LONGEST)
    moves = np.zeros((m, p, n))
    moves[:, :, :p] = steps[:, :, None] * basis
    points = np.concatenate([z[:, None], z[:, None] + moves, z[:, None] - moves], axis=1)
    residuals, lost = objective.residuals(points.reshape(-1, n))
    r = residuals[:, :k].reshape(m, 2 * p + 1, k)
    gone = lost.reshape(m, 2 * p + 1, k)
    centre, up, down = r[:, :1], r[:, 1 : p + 1], r[:, p + 1 :]
    no_up, no_down = gone[:, 1 : p + 1] | gone[:, :1], gone[:, p + 1 :] | gone[:, :1]
    high, low = np.where(no_up, centre, up), np.where(no_down, centre, down)
    sides = (~no_up).astype(float) + (~no_down)
    along = np.where(sides > 0.0, (high - low) / np.maximum(sides, 1.0), 0.0) / steps[:, :, None]
    out = np.zeros((m, k + n, n))
    # along[i, d] = J basis[d], and the basis is orthonormal
    out[:, :k, :p] = np.einsum("idk,idj->ikj", along, basis)
    out[:, :k] += objective.slopes(objective.predictions(z), z)[1]
    capped = (1.0 - (centre[:, 0] / CAP) ** 2) ** 1.5
    out[:, :k, p:] *= capped[:, :, None]
    out[:, k:, :] = np.eye(n)
    return out
