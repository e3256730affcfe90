"""SciPy's LSODA, BDF and Radau on our compiled right-hand side and exact Jacobian."""

from __future__ import annotations

import numpy as np

from calcikin.bench.batch import Batch
from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.solvers.status import Status

__all__ = ["BDF", "LSODA", "RADAU"]

GIVEN = "our compiled right-hand side and exact Jacobian, tolerances per state, a capped first step"


def _load(batch: Batch, method: str) -> Run:
    def run(start: int, stop: int, rtol: float) -> Trajectories:
        y = np.full((stop - start, batch.times.size, batch.scale.size), np.nan)
        for k in range(start, stop):
            solution = batch.by_scipy(k, method, rtol)
            if solution.status is Status.OK:
                y[k - start] = solution.y
        return Trajectories(y)

    return run


LSODA = Solver("SciPy LSODA", "peer", GIVEN, lambda batch: _load(batch, "lsoda"), loosest=1e-4)
BDF = Solver("SciPy BDF", "peer", GIVEN, lambda batch: _load(batch, "bdf"), loosest=1e-5)
RADAU = Solver("SciPy Radau", "peer", GIVEN, lambda batch: _load(batch, "radau"), loosest=1e-3)
