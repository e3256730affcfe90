"""Programs that read the model as SBML: libRoadRunner (CVODE) and COPASI (LSODA).

They find the solution by relaxation and differences (see `calcikin.exchange.sbml`), and have one
absolute tolerance: that of the smallest state. Finding the numbers of a variant is ours, and is
not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from calcikin.bench.batch import Batch
from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.errors import InputError, SimulationError
from calcikin.exchange.engines import Copasi, Engine, RoadRunner
from calcikin.exchange.numbers import file_numbers
from calcikin.simulate.model import Model

__all__ = ["COPASI", "ROADRUNNER"]


def _load(batch: Batch, program: Callable[[Model], Engine]) -> Run:
    if batch.variant is None:
        raise InputError(f"{batch.name} is not a model: there is no SBML file of it")
    variant = batch.variant
    engine = program(variant(0))
    least = float(batch.scale.min())

    def run(start: int, stop: int, rtol: float) -> Trajectories:
        y = np.full((stop - start, batch.times.size, batch.scale.size), np.nan)
        aside = 0.0
        for k in range(start, stop):
            begun = time.process_time()
            model = variant(k)
            made = time.process_time()
            file_numbers(model)  # the engine does it once more
            done = time.process_time()
            aside += (done - begun) + (done - made)
            try:
                y[k - start] = engine.run(model, batch.times, rtol=rtol, atol=rtol * least)
            except SimulationError:
                continue
        return Trajectories(y, aside)

    return run


GIVEN = "the same reactions and speciation as SBML, the tolerance of the smallest state for all"
ROADRUNNER = Solver(
    "libRoadRunner",
    "peer",
    GIVEN + ", compiled with full optimisation",
    lambda batch: _load(batch, lambda model: RoadRunner(model, optimise=True)),
    loosest=1e-5,
)
COPASI = Solver("COPASI", "peer", GIVEN, lambda batch: _load(batch, Copasi), loosest=1e-5)
