"""The benchmark: one T50 run by every solver, and the cost of each part."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from calcikin.bench.kernels import kernel_costs
from calcikin.bench.machine import describe_machine
from calcikin.bench.norm import NORM
from calcikin.bench.precision import (
    CHECK,
    REFERENCE,
    Problem,
    reference_solution,
    work_precision,
)
from calcikin.bench.processes import fresh_processes
from calcikin.bench.report import BenchReport
from calcikin.simulate.model import Model, load
from calcikin.simulate.run import default_times

__all__ = ["one_run", "run"]

MODEL = "t50_serum"
SOLVERS = ("lsoda", "bdf", "radau")
RTOLS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
PYTHON_RTOL = 1e-3
QUICK_DURATION, QUICK_RTOLS = "1 min", (1e-3, 1e-5, 1e-7)


def run(quick: bool = False, progress: Callable[[str], None] | None = None) -> BenchReport:
    """Run the benchmark on the T50 model.

    Parameters
    ----------
    quick : bool
        The first minute of the assay, three tolerances, one repeat, no fresh processes: some
        seconds instead of some minutes, to try the benchmark itself.
    progress : callable, optional
        Told what comes next, one line each.

    Returns
    -------
    BenchReport

    Raises
    ------
    SimulationError
        When there is no reference solution, or a fresh process fails.
    """
    tell = progress or (lambda line: None)
    machine = describe_machine()
    tell("compiling")
    model = load(MODEL)
    if quick:
        model = model.with_({"duration": QUICK_DURATION})
    result = model.simulate()
    problem = Problem.of(model, default_times(model.duration))
    repeats = 1 if quick else 3
    tell("cost of the kernels")
    kernels = kernel_costs(model, result.y, repeats=3 if quick else 15)
    tell("one run")
    t50_run = one_run(model, repeats=3 if quick else 15)
    tell("reference solution")
    reference, cross_check = reference_solution(problem)
    solves = work_precision(
        problem,
        reference,
        solvers=SOLVERS,
        rtols=QUICK_RTOLS if quick else RTOLS,
        python_rtol=PYTHON_RTOL,
        repeats=repeats,
        progress=tell,
    )
    processes: dict[str, dict[str, Any]] = {}
    if not quick:
        tell("fresh processes: empty cache, then from cache")
        processes = fresh_processes(MODEL)
    return BenchReport(
        machine=machine,
        problem={
            "model": MODEL,
            "preset": model.preset,
            "duration_h": model.duration / 3600.0,
            "output_times": int(problem.times.size),
            "states": int(problem.y0.size),
            "processes": len(model.scenario.network.processes),
            "norm": NORM,
            "reference": f"{REFERENCE[0]} at rtol {REFERENCE[1]:g}",
            "reference_checked_by": f"{CHECK[0]} at rtol {CHECK[1]:g}",
            "reference_difference": cross_check,
            "quick": quick,
        },
        solves=tuple(solves),
        kernels=kernels,
        t50_run=t50_run,
        processes=processes,
    )


def one_run(model: Model, repeats: int) -> dict[str, Any]:
    """Time ``simulate`` at the default tolerance: solve, fluxes, speciation of every output.

    Returns
    -------
    dict
        ``time_s``, ``solver_time_s`` (medians), ``repeats``, ``status``, ``nfev``, ``njev``.
    """
    times, solver = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        result = model.simulate()
        times.append(time.perf_counter() - start)
        solver.append(result.solution.wall)
    return {
        "time_s": statistics.median(times),
        "solver_time_s": statistics.median(solver),
        "repeats": repeats,
        "status": result.status.word,
        "nfev": int(result.solution.nfev),
        "njev": int(result.solution.njev),
    }
