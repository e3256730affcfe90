"""CVODE (BDF) of SUNDIALS through scikit-sundae, on our right-hand side and exact Jacobian.

scikit-sundae calls Python functions; each is one line around a compiled kernel.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.bench.batch import Batch
from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.extras import library
from calcikin.solvers.scipy_ivp import FIRST_STEP, Work

__all__ = ["CVODE"]

Array = npt.NDArray[np.float64]
#: Steps between two output times.
MAX_STEPS = 100_000


def _load(batch: Batch) -> Run:
    cvode = library("sksundae.cvode", "bench", "this solver", package="scikit-sundae")
    module, work, n = batch.compiled.module, Work.of(batch.compiled), batch.scale.size
    state, slope, matrix = np.empty(n), np.empty(n), np.empty((n, n))
    q, totals = [batch.q[0]], batch.totals()

    # CVODE's arrays are read-only, for which numba would compile every kernel again: so copies
    def right(t: float, y: Array, dy: Any) -> None:
        state[:] = y
        module.rhs(state, q[0], work.x, work.tot, work.s, work.v, slope)
        dy[:] = slope

    def jacobian(t: float, y: Array, dy: Array, out: Any) -> None:
        state[:] = y
        module.jacobian(state, q[0], work.x, work.tot, work.s, matrix)
        out[:] = matrix

    def run(start: int, stop: int, rtol: float) -> Trajectories:
        found = np.full((stop - start, batch.times.size, n), np.nan)
        solver = cvode.CVODE(
            right,
            jacfn=jacobian,
            method="BDF",
            rtol=rtol,
            atol=rtol * batch.scale,
            first_step=min(FIRST_STEP, batch.duration),
            max_num_steps=MAX_STEPS,
        )
        for k in range(start, stop):
            q[0] = batch.q[k]
            # the speciation starts anew, so that no trajectory depends on the one before
            module.cold_start(batch.q[k], totals[k], work.x)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what failed is a row of NaN
                answer = solver.solve(batch.times, batch.y0[k])
            if answer.success and answer.y.shape == found[0].shape:
                found[k - start] = answer.y
        return Trajectories(found)

    return run


CVODE = Solver(
    "scikit-sundae CVODE",
    "peer",
    "our compiled right-hand side and exact Jacobian called from Python, dense solver, tolerances "
    "per state, a capped first step",
    _load,
    loosest=1e-5,
)
