"""Ours: the compiled Rosenbrock ensemble, one trajectory at a time or in lanes; one thread."""

from __future__ import annotations

import numpy as np

from calcikin.bench.batch import Batch, tolerances
from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.solvers.ensemble import best_width, run_module
from calcikin.solvers.status import Status

__all__ = ["LANES", "SCALAR"]

GIVEN = "Rodas5P in generated code, exact Jacobian, one thread"


def _load(batch: Batch, width: int) -> Run:
    module = batch.ensemble(width)
    z0 = np.hstack([batch.y0, batch.x0])
    states = batch.scale.size

    def run(start: int, stop: int, rtol: float) -> Trajectories:
        rows = slice(start, stop)
        many = run_module(
            module,
            batch.q[rows],
            z0[rows],
            batch.duration,
            tolerances=tolerances(batch, module, rtol),
            times=batch.times,
            threads=1,
        )
        y = many.dense[:, :, :states]
        y[many.status != Status.OK] = np.nan
        return Trajectories(y)

    return run


LANES = Solver(
    "ensemble lanes",
    "ours",
    GIVEN + ", as many lanes as fill a vector register",
    lambda batch: _load(batch, best_width()),
    together=512,
)
SCALAR = Solver("ensemble scalar", "ours", GIVEN, lambda batch: _load(batch, 1), together=64)
