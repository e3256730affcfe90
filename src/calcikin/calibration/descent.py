"""Bounded least squares from many starts at once (Levenberg 1944, Marquardt 1963).

All problems go in step, so that what they want evaluated makes few large batches. A step solves

    min_p |J p + r|^2 + mu |p|^2,   low <= z + p <= high                                  (1)

with `scipy.optimize.lsq_linear` for several mu, and the best of them is taken. Nothing here knows
what is fitted. Everything that an iteration needs is in `State`, which can be kept and taken up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear

__all__ = ["State", "begin", "descend", "polish"]

Array = npt.NDArray[np.float64]
#: Residuals of many z: (m, n) -> (m, k).
Residuals = Callable[[Array], Array]
#: Derivatives at many z, from z and the derivatives before (or None): (m, n) -> (m, k, n).
Jacobian = Callable[[Array, Array | None], Array]
#: Factors of the damping that are tried in one batch.
TRIED = (0.01, 0.1, 1.0, 10.0, 100.0)
#: A problem is finished when its cost falls by less than this, relatively, ...
SMALL_GAIN = 1e-4
#: ... or no step with a damping up to this, relative to the largest curvature, is better.
MOST_DAMPING = 1e6
#: Of rivals, one whose cost is this many times that of the best after so many iterations is given
#: up: another basin, or a valley so long that the others' work is better spent on the best.
BEHIND, PATIENCE = 3.0, 15


@dataclass(frozen=True)
class State:
    """Where m searches stand.

    Attributes
    ----------
    z : ndarray, shape (m, n)
    residuals : ndarray, shape (m, k)
    damping : ndarray, shape (m,), mu relative to the largest curvature
    running : ndarray of bool, shape (m,)
    guide : ndarray, shape (m, k, n), derivatives of the last iteration; NaN before the first
    iteration : int
    """

    z: Array
    residuals: Array
    damping: Array
    running: npt.NDArray[np.bool_]
    guide: Array
    iteration: int

    @property
    def cost(self) -> Array:
        """Half of the sum of squares, shape (m,)."""
        return np.asarray(0.5 * np.sum(self.residuals**2, axis=1))

    def to_dict(self) -> dict[str, Any]:
        """As plain lists; floats keep every bit."""
        return {
            "z": self.z.tolist(),
            "residuals": self.residuals.tolist(),
            "damping": self.damping.tolist(),
            "running": self.running.tolist(),
            "guide": None if np.isnan(self.guide).any() else self.guide.tolist(),
            "iteration": self.iteration,
        }

    @staticmethod
    def from_dict(content: dict[str, Any]) -> State:
        """Back from `to_dict`."""
        z, residuals = np.array(content["z"]), np.array(content["residuals"])
        guide = np.full((*residuals.shape, z.shape[1]), np.nan)
        if content["guide"] is not None:
            guide = np.array(content["guide"])
        running = np.array(content["running"], dtype=bool)
        return State(
            z, residuals, np.array(content["damping"]), running, guide, content["iteration"]
        )


def begin(residuals: Residuals, starts: Array) -> State:
    """A state at the starts, shape (m, n)."""
    r = residuals(starts)
    m, n = starts.shape
    guide = np.full((m, r.shape[1], n), np.nan)
    return State(starts.copy(), r, np.full(m, 1e-3), np.ones(m, dtype=bool), guide, 0)


def polish(
    state: State,
    residuals: Residuals,
    jacobian: Jacobian,
    bounds: tuple[Array, Array],
    free: npt.NDArray[np.bool_] | None = None,
) -> State:
    """One iteration of every search that is still running.

    Parameters
    ----------
    state : State
    residuals, jacobian : callable
    bounds : (ndarray, ndarray), each of shape (n,)
    free : ndarray of bool, shape (m, n), optional
        Which coordinates of each problem may move; by default all.

    Returns
    -------
    State
    """
    index = np.flatnonzero(state.running)
    if index.size == 0:
        return state
    z, r = state.z[index], state.residuals[index]
    known = None if state.iteration == 0 else state.guide[index]
    slopes = jacobian(z, known)
    movable = np.ones_like(z, dtype=bool) if free is None else free[index]
    trials = np.array(
        [
            [
                _step(slopes[i], r[i], z[i], bounds, movable[i], factor * state.damping[k])
                for factor in TRIED
            ]
            for i, k in enumerate(index)
        ]
    )
    tried = residuals(trials.reshape(-1, z.shape[1])).reshape(*trials.shape[:2], -1)
    costs = 0.5 * np.sum(tried**2, axis=2)
    best = np.argmin(costs, axis=1)
    out = replace(
        state,
        z=state.z.copy(),
        residuals=state.residuals.copy(),
        damping=state.damping.copy(),
        running=state.running.copy(),
        guide=state.guide.copy(),
        iteration=state.iteration + 1,
    )
    before = state.cost
    for i, k in enumerate(index):
        j = int(best[i])
        gain = (before[k] - costs[i, j]) / max(before[k], 1e-300)
        out.guide[k] = slopes[i]
        if gain > 0.0:
            out.z[k], out.residuals[k] = trials[i, j], tried[i, j]
            out.damping[k] = max(state.damping[k] * TRIED[j], 1e-12)
            out.running[k] = gain > SMALL_GAIN
        else:
            out.damping[k] = state.damping[k] * TRIED[-1] * 10.0
            out.running[k] = out.damping[k] <= MOST_DAMPING
    return out


def _step(
    slopes: Array,
    r: Array,
    z: Array,
    bounds: tuple[Array, Array],
    free: npt.NDArray[np.bool_],
    damping: float,
) -> Array:
    """Where a damped step of one problem leads: equation (1)."""
    inside = np.clip(z, *bounds)
    matrix = slopes[:, free]
    n = matrix.shape[1]
    if n == 0:
        return inside
    mu = damping * max(float(np.sum(matrix**2, axis=0).max()), 1e-300)
    stacked = np.concatenate([matrix, np.sqrt(mu) * np.eye(n)])
    wanted = np.concatenate([-r, np.zeros(n)])
    low, high = bounds[0][free] - inside[free], bounds[1][free] - inside[free]
    answer = lsq_linear(stacked, wanted, (low - 1e-12, high + 1e-12))
    moved = inside.copy()
    moved[free] += answer.x
    return np.asarray(np.clip(moved, *bounds))


def descend(
    residuals: Residuals,
    jacobian: Jacobian,
    starts: Array,
    bounds: tuple[Array, Array],
    *,
    iterations: int = 60,
    free: npt.NDArray[np.bool_] | None = None,
    state: State | None = None,
    watch: Callable[[State], None] | None = None,
    rivals: bool = False,
) -> State:
    """Search until nothing moves, or for so many iterations.

    Parameters
    ----------
    residuals, jacobian : callable
    starts : ndarray, shape (m, n)
    bounds : (ndarray, ndarray), each of shape (n,)
    iterations : int
        At most.
    free : ndarray of bool, shape (m, n), optional
    state : State, optional
        Where to go on, instead of `starts`.
    watch : callable, optional
        Called with the state at the start and after every iteration.
    rivals : bool
        Whether all are searches of one problem: one that is far behind the best is then given up,
        see `PATIENCE`.

    Returns
    -------
    State
    """
    now = begin(residuals, np.clip(starts, *bounds)) if state is None else state
    if watch is not None:
        watch(now)
    while now.iteration < iterations and now.running.any():
        now = polish(now, residuals, jacobian, bounds, free)
        if rivals and now.iteration >= PATIENCE:
            now = replace(now, running=now.running & (now.cost < BEHIND * now.cost.min()))
        if watch is not None:
            watch(now)
    return now
