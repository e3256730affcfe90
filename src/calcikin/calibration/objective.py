"""Residuals of a calibration: data and priors in standard deviations, and their derivatives.

Fitted numbers are held as z = (x - prior)/prior_sd, where x is the value or its log10; the residual
of a prior is then z itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from calcikin.calibration.points import SOLVERS, Demand, answer
from calcikin.calibration.records import Calibration, Dataset

__all__ = ["CAP", "Objective", "residual_jacobian", "soft_cap"]

Array = npt.NDArray[np.float64]
#: Largest residual [standard deviations]: what a failed run, or one without the number, counts as.
#: Others come near it smoothly, so that no number is worse than none.
CAP = 30.0
#: Step of central differences along the axes of z [standard deviations of the prior].
STEP = 1e-2
#: Along directions known to be stiff or sloppy: so long that the residuals move by this much [sd],
#: but no longer than `LONGEST`. T50 is read between output times 3 min apart, which makes it
#: wobble by about 0.02 min as it moves: steps of some minutes average that, steps along the axes
#: would leave the small differences of large slopes to it. At the shipped parameters 3 and 5 agree
#: to 10 % of the largest derivative of each row; along the axes the sloppy directions are lost.
REACH = 5.0
LONGEST = 0.2


def soft_cap(residual: Array) -> Array:
    """Residual r / sqrt(1 + (r/CAP)^2): r where it is small, and never beyond CAP.

    At two standard deviations it is 0.2 % smaller than r.
    """
    return np.asarray(residual / np.sqrt(1.0 + (residual / CAP) ** 2))


@dataclass(frozen=True)
class Objective:
    """Residuals as a function of z.

    Attributes
    ----------
    calibration : Calibration
    solvers : tuple of (str, float)
        Solver and relative tolerance [1] of the runs; the next is tried where one is not sound.
    """

    calibration: Calibration
    solvers: tuple[tuple[str, float], ...] = SOLVERS

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Fitted numbers: parameters, then factors between centres."""
        c = self.calibration
        return (*(f.name for f in c.fitted), *(s.name for s in c.scales))

    @cached_property
    def datasets(self) -> tuple[Dataset, ...]:
        """Fitted datasets, in the order of their residuals."""
        return self.calibration.in_fit

    @property
    def size(self) -> int:
        """Number of fitted numbers, n."""
        return len(self.names)

    @cached_property
    def _demands(self) -> list[Demand]:
        return list(dict.fromkeys(x for d in self.datasets for x in d.demands))

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of z, each of shape (n,)."""
        low = [(f.low - f.prior) / f.prior_sd for f in self.calibration.fitted]
        high = [(f.high - f.prior) / f.prior_sd for f in self.calibration.fitted]
        free = [np.inf] * len(self.calibration.scales)
        return np.array([*low, *(-x for x in free)]), np.array([*high, *free])

    @cached_property
    def shipped(self) -> Array:
        """Z of the parameter set that the calibration starts from, shape (n,); factors at 1."""
        values = self.calibration.parameter_set
        z = [
            (f.x(values.get(f.sets[0]).value) - f.prior) / f.prior_sd
            for f in self.calibration.fitted
        ]
        low, high = self.bounds
        return np.asarray(np.clip([*z, *([0.0] * len(self.calibration.scales))], low, high))

    def parameters(self, z: Array) -> dict[str, Array]:
        """Values of the model's parameters, each of shape (m,), from z of shape (m, n)."""
        return {
            name: np.asarray(f.value(f.prior + f.prior_sd * z[:, j]))
            for j, f in enumerate(self.calibration.fitted)
            for name in f.sets
        }

    def predictions(self, z: Array) -> Array:
        """Predicted values of the fitted datasets, shape (m, k), in the units of their rows."""
        numbers, _ = answer(self._demands, self.parameters(z), solvers=self.solvers)
        place = {demand: i for i, demand in enumerate(self._demands)}
        columns = []
        for dataset in self.datasets:
            assert dataset.observable is not None
            part = numbers[:, [place[d] for d in dataset.demands]]
            columns.append(dataset.observable.value(part) * dataset.factor)
        return np.stack(columns, axis=1)

    def scale_sd(self, name: str) -> float:
        """Standard deviation of the logarithm of a factor between centres [1]."""
        return next(s.sd for s in self.calibration.scales if s.name == name)

    def residuals(self, z: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Residuals of data and priors.

        Parameters
        ----------
        z : ndarray, shape (m, n)

        Returns
        -------
        residuals : ndarray, shape (m, k + n) [standard deviations]
            Those of the k datasets, then z.
        lost : ndarray of bool, shape (m, k)
            Where a run failed or has no such number; the residual is `CAP` there.
        """
        predicted = self.predictions(z)
        out = np.empty_like(predicted)
        for j, dataset in enumerate(self.datasets):
            error = dataset.error
            assert error is not None
            value, p = dataset.row.value, predicted[:, j]
            if not error.log:
                out[:, j] = (p - value) / error.sd
                continue
            with np.errstate(divide="ignore", invalid="ignore"):
                log = np.log(p / value)
            if error.scale:
                log = log + self.scale_sd(error.scale) * z[:, self.names.index(error.scale)]
            out[:, j] = log / error.sd
        lost = ~np.isfinite(out)
        out = np.where(lost, CAP, soft_cap(np.where(lost, 0.0, out)))
        return np.concatenate([out, z], axis=1), lost


def residual_jacobian(objective: Objective, z: Array, guide: Array | None = None) -> Array:
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
    for j, dataset in enumerate(objective.datasets):
        error = dataset.error
        if error is not None and error.scale:
            column = objective.names.index(error.scale)
            slope = (1.0 - (centre[:, 0, j] / CAP) ** 2) ** 1.5  # of the soft cap
            out[:, j, column] = objective.scale_sd(error.scale) / error.sd * slope
    out[:, k:, :] = np.eye(n)
    return out
