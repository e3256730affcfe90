"""One run of a model, and the verdict on it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calcikin.errors import OutOfRangeError
from calcikin.simulate.model import Model
from calcikin.simulate.result import Result
from calcikin.solvers.choice import choose
from calcikin.solvers.ensemble import integrate_one
from calcikin.solvers.scipy_ivp import Solution, Work, integrate
from calcikin.solvers.status import Status

__all__ = [
    "BALANCE_LIMIT",
    "NEGATIVE_LIMIT",
    "NEGATIVE_SHARE",
    "default_times",
    "result_of",
    "run",
]

Array = npt.NDArray[np.float64]
#: Relative error of an element balance above which a run is not accepted. Rosenbrock and multistep
#: methods keep linear invariants to round-off, so 1e-8 leaves room for 1e5 steps.
BALANCE_LIMIT = 1e-8
#: How far below zero a state may lie at an output time: 1000 absolute tolerances, or 0.1 % of its
#: own peak (a population that vanishes undershoots by a multiple of the local error of its peak).
NEGATIVE_LIMIT = 1e3
NEGATIVE_SHARE = 1e-3


def default_times(duration: float) -> Array:
    """Output times [s]: dense at the start, then every 3 min as the plate reader."""
    early = np.geomspace(1.0, 180.0, 24)
    late = np.arange(360.0, duration, 180.0)
    times = np.concatenate([[0.0], early[early < duration], late[late < duration], [duration]])
    return np.unique(times)


def _checked_times(times: npt.ArrayLike) -> Array:
    """Output times that begin at 0 and increase [s]."""
    grid = np.asarray(times, dtype=float)
    whole = grid.ndim == 1 and grid.size > 1 and bool(np.isfinite(grid).all())
    if not (whole and grid[0] == 0.0 and (np.diff(grid) > 0.0).all()):
        raise OutOfRangeError(
            "the output times do not increase from 0",
            where="times",
            hint="seconds, such as np.linspace(0, 86400, 481)",
        )
    return grid


def run(
    model: Model,
    *,
    solver: str = "auto",
    rtol: float | None = None,
    times: Array | None = None,
    exact_jacobian: bool = True,
) -> Result:
    """Run a model and judge the outcome; see :meth:`Model.simulate`."""
    solver, rtol = choose(solver, rtol, 1)
    compiled = model.compiled
    q = model.parameter_vector()
    y0 = model.initial_state(q)
    grid = default_times(model.duration) if times is None else _checked_times(times)
    atol = model.tolerances(rtol)
    if solver == "ensemble":
        one = integrate_one(compiled, q, y0, grid, rtol=rtol, atol=atol)
        return result_of(model, q, y0, atol, one)
    solution = integrate(
        compiled, q, y0, grid, method=solver, rtol=rtol, atol=atol, exact_jacobian=exact_jacobian
    )
    return result_of(model, q, y0, atol, solution)


def result_of(model: Model, q: Array, y0: Array, atol: Array, solution: Solution) -> Result:
    """What a trajectory means: everything at its output times, and a verdict.

    Parameters
    ----------
    model : Model
    q : ndarray, prepared parameter vector of that model
    y0 : ndarray, shape (n_states,), start [mol/L]
    atol : ndarray, shape (n_states,) [mol/L]
    solution : Solution
    """
    compiled = model.compiled
    y = solution.y
    work = Work.of(compiled)
    n = y.shape[0]
    s = np.full((n, compiled.slots.size), np.nan)
    v = np.full((n, len(compiled.network.processes)), np.nan)
    o = np.full((n, len(compiled.observed)), np.nan)
    if np.all(np.isfinite(y)):
        compiled.module.observe(y, q, work.x, work.tot, work.s, work.v, s, v, o)
    status, reason, error = _judge(model, solution, y0, atol, s, v)
    return Result(model, solution.t, y, s, v, o, status, reason, error, solution)


def _judge(
    model: Model, solution: Solution, y0: Array, atol: Array, s: Array, v: Array
) -> tuple[Status, str, float]:
    """Finite, non-negative, balanced? Otherwise a status and a sentence in chemical words."""
    network = model.scenario.network
    y = solution.y
    names, matrix = network.conserved()
    scale = np.abs(matrix) @ np.abs(y0)
    error = 0.0
    worst = ""
    if np.all(np.isfinite(y)):
        drift = np.abs((y - y0) @ matrix.T)
        relative = np.where(scale > 0.0, drift / np.where(scale > 0.0, scale, 1.0), 0.0).max(axis=0)
        error = float(relative.max())
        worst = names[int(relative.argmax())]
    else:
        error = math.inf
    if solution.status is not Status.OK:
        return solution.status, _story(model, solution, v), error
    guests = {p.guest for p in network.populations}
    # a guest lies below its host's tolerance
    floor = np.maximum(NEGATIVE_LIMIT * atol, NEGATIVE_SHARE * np.abs(y).max(axis=0))
    for i, state in enumerate(network.states):
        if state.signed or state.name in guests:
            continue
        low = float(y[:, i].min())
        if low < -floor[i]:
            at = float(solution.t[int(y[:, i].argmin())])
            return (
                Status.NEGATIVE,
                f"{state.title} fell to {low:.2g} mol/L at {at / 60:.1f} min; "
                "tighten the tolerance",
                error,
            )
    if error > BALANCE_LIMIT:
        return (
            Status.UNBALANCED,
            f"the balance of {worst} drifted by {error:.1e}; tighten the tolerance",
            error,
        )
    return Status.OK, "", error


def _story(model: Model, solution: Solution, v: Array) -> str:
    """Where and in which process a run broke off."""
    at = f"stopped at {solution.stopped_at / 60.0:.4g} min"
    cause = {
        Status.STEP_LIMIT: "the rates changed too fast for the step size (step limit)",
        Status.SPECIATION_FAILED: "the solution had no equilibrium that could be found",
        Status.NOT_FINITE: "a rate became infinite",
    }.get(solution.status, solution.message)
    if v.size and np.all(np.isfinite(v[-1])):
        k = int(np.abs(v[-1]).argmax())
        process = model.scenario.network.process_names[k]
        return f"{at}: {cause}; fastest process then: {process} ({v[-1][k]:.3g} mol/L/s)"
    return f"{at}: {cause}"
