"""Nanoseconds per call of the compiled kernels.

Cold speciation and observation are timed inside compiled loops that the generated module has
anyway. The others are called from Python many times, and the time of an empty compiled function
with the same arguments is subtracted; numba needs about 1 us to hand seven arrays over. States
follow one another along a run, so that a warm speciation starts from the answer one output time
earlier.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from calcikin.simulate.model import Model
from calcikin.solvers.scipy_ivp import Work

__all__ = ["kernel_costs"]

Array = npt.NDArray[np.float64]
LOOP, CALLS = "inside a compiled loop", "calls from Python, less those of an empty function"


def kernel_costs(model: Model, ys: Array, repeats: int = 5) -> dict[str, dict[str, Any]]:
    """Time each kernel on the states of a run.

    Parameters
    ----------
    model : Model
    ys : ndarray, shape (n_times, n_states) [mol/L]
        States, in the order of a run.
    repeats : int
        Passes over the states; the median counts.

    Returns
    -------
    dict
        Kernel -> ``ns`` per call, ``how`` it was measured, and for the speciation the mean number
        of Newton ``iterations``.
    """
    compiled, q = model.compiled, model.parameter_vector()
    module, w = compiled.module, Work.of(compiled)
    n = ys.shape[0]
    dy, matrix = np.empty(ys.shape[1]), np.empty((ys.shape[1], ys.shape[1]))
    totals = np.empty((n, w.tot.size))
    for k in range(n):
        module.solution(q, ys[k], w.x, w.tot, w.s)
        totals[k] = w.tot
    xs, solutions = np.empty((n, w.x.size)), np.empty((n, w.s.size))
    held = np.full((n, 1), np.nan)
    if model.scenario.closed_ph is False:
        held[:] = q[compiled.layout["ln_ah"]]
    fluxes = np.empty((n, len(model.scenario.network.processes)))
    observed = np.empty((n, len(compiled.observed)))

    def cold_speciation() -> None:
        module.speciate_many(q, totals, held, xs, solutions)

    def observation() -> None:
        module.observe(ys, q, w.x, w.tot, w.s, w.v, solutions, fluxes, observed)

    costs = {
        "speciation_cold": _row(_median(cold_speciation, repeats) / n, LOOP),
        "observation": _row(_median(observation, repeats) / n, LOOP),
    }
    costs["speciation_cold"]["iterations"] = _mean_iterations(model, solutions, cold_speciation)
    iterations: list[int] = []
    module.cold_start(q, totals[0], w.x)
    for k in range(n):
        iterations.append(module.speciate(q, totals[k], w.x, w.s))
    costs["speciation_warm"] = _calls(
        module.speciate, [(q, totals[k], w.x, w.s) for k in range(n)], repeats
    )
    costs["speciation_warm"]["iterations"] = statistics.fmean(iterations)
    costs["rhs"] = _calls(
        module.rhs, [(ys[k], q, w.x, w.tot, w.s, w.v, dy) for k in range(n)], repeats
    )
    costs["jacobian"] = _calls(
        module.jacobian, [(ys[k], q, w.x, w.tot, w.s, matrix) for k in range(n)], repeats
    )
    return costs


def _row(seconds: float, how: str) -> dict[str, Any]:
    return {"ns": 1e9 * seconds, "how": how}


def _median(call: Callable[[], None], repeats: int) -> float:
    """Median time of a call, after one that is not counted [s]."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _calls(
    kernel: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], repeats: int
) -> dict[str, Any]:
    """Time per call of ``kernel`` over all ``arguments``, less that of an empty function."""
    empty = _empty_like(len(arguments[0]))

    def each(function: Callable[..., Any]) -> Callable[[], None]:
        def call() -> None:
            for a in arguments:
                function(*a)

        return call

    gross, dispatch = _median(each(kernel), repeats), _median(each(empty), repeats)
    row = _row((gross - dispatch) / len(arguments), CALLS)
    row["dispatch_ns"] = 1e9 * dispatch / len(arguments)
    return row


def _empty_like(count: int) -> Callable[..., Any]:
    """Return a compiled function of ``count`` arguments that does nothing."""
    if count == 4:
        return njit(lambda a, b, c, d: 0)
    if count == 6:
        return njit(lambda a, b, c, d, e, f: 0)
    return njit(lambda a, b, c, d, e, f, g: 0)


def _mean_iterations(model: Model, solutions: Array, call: Callable[[], None]) -> float:
    call()
    return float(solutions[:, model.compiled.slots["iterations"]].mean())
