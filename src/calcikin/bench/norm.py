"""The error of a trajectory, and how errors of many are summed up; one definition for every solver.

The solver's own norm with the tolerance taken out,

    error = max over output times and states of |y - ref| / (atol/rtol + |ref|),

where atol/rtol is the scale of each state: the amount below which it does not matter. It is the
same for every rtol and for every solver. error / rtol is the error in units of what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["NORM", "Summary", "matched_time", "matched_value", "summary", "trajectory_errors"]

Array = npt.NDArray[np.float64]
NORM = "max over output times and states of |y - ref| / (atol/rtol + |ref|)"


def trajectory_errors(y: Array, reference: Array, scale: Array) -> Array:
    """Error of each trajectory in the norm above [1].

    Parameters
    ----------
    y, reference : ndarray, shape (n, n_times, n_states)
    scale : ndarray, shape (n_states,), atol/rtol, in the unit of the states

    Returns
    -------
    ndarray, shape (n,)
        NaN for a trajectory that holds one: it failed.
    """
    relative = np.abs(y - reference) / (scale + np.abs(reference))
    return np.asarray(relative.max(axis=(1, 2), initial=0.0))


@dataclass(frozen=True)
class Summary:
    """Errors of many trajectories.

    Attributes
    ----------
    geomean, worst : float, over those that ended; NaN when none did
    failed : int, trajectories that did not end
    count : int, trajectories looked at
    """

    geomean: float
    worst: float
    failed: int
    count: int


def summary(errors: Array) -> Summary:
    """Sum up the errors of trajectories.

    Parameters
    ----------
    errors : ndarray, shape (n,), NaN for a trajectory that failed

    Returns
    -------
    Summary
    """
    ended = errors[np.isfinite(errors)]
    failed = int(errors.size - ended.size)
    if not ended.size:
        return Summary(math.nan, math.nan, failed, errors.size)
    # a solver that hits the reference to the last digit has an error of round-off, not of 0
    geomean = float(np.exp(np.mean(np.log(np.maximum(ended, np.finfo(float).eps)))))
    return Summary(geomean, float(ended.max()), failed, errors.size)


class _Rung(Protocol):
    """A solve of a ladder of tolerances."""

    @property
    def rtol(self) -> float: ...

    @property
    def error(self) -> float: ...

    @property
    def time_s(self) -> float: ...


def matched_time(rows: Sequence[_Rung], error: float) -> float | None:
    """Time at which a solver reaches ``error`` and keeps below it as rtol falls [s].

    Interpolated between neighbours of the ladder, logarithmically in both. None when the ladder
    does not enclose the error.
    """
    ladder = sorted(rows, key=lambda row: -row.rtol)
    times = [row.time_s for row in ladder]
    return matched_value([row.error for row in ladder], times, error)


def matched_value(errors: Sequence[float], values: Sequence[float], error: float) -> float | None:
    """A value where the error falls through ``error`` for the last time.

    Parameters
    ----------
    errors, values : sequence of float
        Along a ladder, from the loosest tolerance to the tightest.
    error : float

    Returns
    -------
    float or None
        Interpolated logarithmically in both; None when the ladder does not enclose the error.
    """
    for k in range(len(errors) - 1, 0, -1):
        before, after = errors[k - 1], errors[k]
        if not (after <= error):
            return None
        if before > error:
            share = math.log(before / error) / math.log(before / max(after, 1e-300))
            return float(values[k - 1] * (values[k] / values[k - 1]) ** share)
    return None
