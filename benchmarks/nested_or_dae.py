"""Speciation inside the rates, or beside them as algebraic equations: what one step costs each way.

Nested: every right-hand side solves the speciation by Newton, from the last solution; the Jacobian
is that of the states alone. Index-1 DAE: the free ions are unknowns of the step, and nothing
iterates. Both are the scalar kernels, along the states of one T50 run. A step of Rodas5P takes
eight right-hand sides and one matrix; the elimination of the nested one, of 25 unknowns and dense,
is left out, so that it is flattered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np
from numba import njit

import calcikin
from calcikin.compiler.ensemble import compile_ensemble
from calcikin.solvers.rosenbrock import RODAS5P
from calcikin.solvers.scipy_ivp import Work


def measure(quick: bool = False) -> dict[str, Any]:
    """Time both, interleaved; the least of the repeats counts."""
    model = calcikin.load("t50_serum")
    compiled = model.compiled
    dae, one = compile_ensemble(compiled, 1), compiled.module
    q = model.parameter_vector()
    run = model.simulate(solver="radau", rtol=1e-6)
    y = np.ascontiguousarray(run.y[:: max(1, run.y.shape[0] // 50)])
    w = Work.of(compiled)
    n, ns = dae.N, y.shape[1]
    z = np.empty((len(y), n))
    for k, row in enumerate(y):
        one.solution(q, row, w.x, w.tot, w.s)
        z[k, :ns], z[k, ns:] = row, w.x
    rhs, jacobian, try_step = one.rhs, one.jacobian, dae._try_step
    n_lu, n_past, stages = dae.N_LU, dae.N_PAST, RODAS5P.stages

    @njit
    def nested(y: Any, q: Any, x: Any, tot: Any, s: Any, v: Any) -> None:
        ns = y.shape[1]
        dy, j = np.empty(ns), np.empty((ns, ns))
        for k in range(y.shape[0]):
            jacobian(y[k], q, x, tot, s, j)
            for _ in range(8):
                rhs(y[k], q, x, tot, s, v, dy)

    @njit
    def algebraic(z: Any, q: Any, a: Any, c: Any, gamma: Any, tol: Any) -> None:
        n = z.shape[1]
        lu, zs, sums, u = np.empty(n_lu), np.empty(n), np.empty(n), np.empty((stages, n))
        h, ig, ih, calm = np.full(1, 10.0), np.empty(1), np.empty(1), np.ones(1)
        past, zn, ok, hn = np.zeros(n_past), np.empty(n), np.empty(1), np.empty(1)
        for k in range(z.shape[0]):
            try_step(z[k], q, h, tol, a, c, gamma, lu, zs, sums, u, ig, ih, calm, past, zn, ok, hn)

    tol = np.concatenate([model.tolerances(1e-4), np.zeros(n - ns), [1e-4, -0.2]])
    calls: dict[str, Callable[[], Any]] = {
        "nested": lambda: nested(y, q, w.x, w.tot, w.s, w.v),
        "index-1 DAE": lambda: algebraic(z, q, RODAS5P.a, RODAS5P.c, RODAS5P.gamma, tol),
    }
    least = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()
    for _ in range(5 if quick else 200):
        for name, call in calls.items():
            begun = time.process_time()
            call()
            least[name] = min(least[name], time.process_time() - begun)
    results = {name: 1e6 * value / len(y) for name, value in least.items()}
    for name, value in results.items():
        print(f"{name:14}{value:8.1f} us for a step")
    print(f"ratio {results['nested'] / results['index-1 DAE']:.2f}")
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
