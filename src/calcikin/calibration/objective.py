"""Residuals of a calibration: data and priors in standard deviations.

Fitted numbers are held as z = (x - prior)/prior_sd, where x is the value or its log10; the residual
of a prior is then z itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from calcikin.calibration.points import SOLVERS, Demand, answer
from calcikin.calibration.records import Calibration, Dataset, Error

__all__ = ["CAP", "Objective", "censored", "censored_slope", "soft_cap"]

Array = npt.NDArray[np.float64]
#: Largest residual [standard deviations]: what a failed run, or one without the number, counts as.
#: Others come near it smoothly, so that no number is worse than none.
CAP = 30.0


def soft_cap(residual: Array) -> Array:
    """Residual r / sqrt(1 + (r/CAP)^2): r where it is small, and never beyond CAP.

    At two standard deviations it is 0.2 % smaller than r.
    """
    return np.asarray(residual / np.sqrt(1.0 + (residual / CAP) ** 2))


def censored(off: Array, side: int) -> Array:
    """Residual of an observation of which only the side of a bound is known (Tobin 1958).

    A measurement of error 1 falls above a bound that the prediction exceeds by x with probability
    Phi(x); as a residual that is sqrt(-2 ln Phi(x)): nothing far on the side that is asked for,
    1.18 at the bound, and nearly -x beyond it.

    Parameters
    ----------
    off : ndarray [standard deviations]
        Prediction less bound.
    side : int
        1 where it is asked to lie above, -1 below.

    Returns
    -------
    ndarray, of the sign of what is missed: negative where it is asked to lie above.
    """
    return np.asarray(-side * np.sqrt(-2.0 * log_ndtr(side * off)))


def censored_slope(off: Array, side: int) -> Array:
    """Derivative of `censored` by `off`, phi/(Phi r)"""
    x, r = side * off, np.abs(censored(off, side))
    density = np.exp(-0.5 * x**2 - log_ndtr(x)) / math.sqrt(2.0 * math.pi)
    return np.asarray(np.where(r > 0.0, density / np.where(r > 0.0, r, 1.0), 0.0))


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
    def demands(self) -> tuple[Demand, ...]:
        """Every number that the fitted datasets need, once."""
        return tuple(dict.fromkeys(x for d in self.datasets for x in d.demands))

    def places(self, dataset: Dataset) -> list[int]:
        """Where the numbers of a dataset stand among `demands`."""
        return [self._place[demand] for demand in dataset.demands]

    @cached_property
    def _place(self) -> dict[Demand, int]:
        return {demand: i for i, demand in enumerate(self.demands)}

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

    def weights(self, z: Array) -> dict[str, Array]:
        """Derivatives of the model's parameters by z, each of shape (m, n_fitted)."""
        values, out = self.parameters(z), {}
        for j, f in enumerate(self.calibration.fitted):
            for name in f.sets:
                out[name] = np.zeros((len(z), len(self.calibration.fitted)))
                slope = math.log(10.0) * values[name] if f.log10 else 1.0
                out[name][:, j] = f.prior_sd * slope
        return out

    def numbers(self, z: Array) -> tuple[Array, list[str]]:
        """Numbers of runs, shape (m, n_demands), and why the first has none (empty where it has)"""
        return answer(self.demands, self.parameters(z), solvers=self.solvers)

    def predicted(self, numbers: Array) -> Array:
        """Predicted values of the fitted datasets from the numbers of runs, shape (m, k)."""
        columns = []
        for dataset in self.datasets:
            assert dataset.observable is not None
            part = numbers[:, self.places(dataset)]
            columns.append(dataset.observable.value(part) * dataset.factor)
        return np.stack(columns, axis=1)

    def predictions(self, z: Array) -> Array:
        """Predicted values of the fitted datasets, shape (m, k), in the units of their rows."""
        return self.predicted(self.numbers(z)[0])

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
        return self.of_predictions(self.predictions(z), z)

    def of_predictions(self, predicted: Array, z: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        """As `residuals`, from what is predicted at z."""
        out = np.empty_like(predicted)
        for j, dataset in enumerate(self.datasets):
            error = dataset.error
            assert error is not None
            off = self._off(dataset, predicted[:, j], z)
            out[:, j] = censored(off, error.side) if error.side else off
        lost = ~np.isfinite(out)
        out = np.where(lost, CAP, soft_cap(np.where(lost, 0.0, out)))
        return np.concatenate([out, z], axis=1), lost

    def slopes(self, predicted: Array, z: Array) -> tuple[Array, Array]:
        """Derivatives of the data's residuals, not yet capped, by predictions and by z itself.

        Parameters
        ----------
        predicted : ndarray, shape (m, k)
        z : ndarray, shape (m, n)

        Returns
        -------
        by_prediction : ndarray, shape (m, k)
        by_scale : ndarray, shape (m, k, n)
            Through the factors between centres; the numbers that are fitted act by predictions.
        """
        by_prediction = np.empty_like(predicted)
        by_scale = np.zeros((*predicted.shape, self.size))
        for j, dataset in enumerate(self.datasets):
            error = dataset.error
            assert error is not None
            p = predicted[:, j]
            off = self._off(dataset, p, z)
            slope = censored_slope(off, error.side) if error.side else 1.0
            slope = slope / _sd(error, off)
            by_prediction[:, j] = slope / p if error.log else slope
            if error.scale:
                column = self.names.index(error.scale)
                by_scale[:, j, column] = slope * self.scale_sd(error.scale)
        return by_prediction, by_scale

    def _off(self, dataset: Dataset, predicted: Array, z: Array) -> Array:
        """How far a prediction lies above what is asked, in standard deviations."""
        error = dataset.error
        assert error is not None
        if error.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                off = np.log(predicted / error.asked)
        else:
            off = predicted - error.asked
        if error.scale:
            off = off + self.scale_sd(error.scale) * z[:, self.names.index(error.scale)]
        return np.asarray(off / _sd(error, off))


def _sd(error: Error, off: Array) -> Array | float:
    """Standard deviation on the side of the value on which predictions lie."""
    return error.sd if error.even else np.where(off > 0.0, error.sd_above, error.sd)
