"""Work and precision of the solvers on one problem.

The error of a solve is that of `calcikin.bench.norm`.

Differences are each solver's own. SciPy's, for BDF and Radau, overflow in the T50 model after some
300 Jacobians: populations that have vanished act on nothing until their amounts reach 1e-27 mol/L,
a scale that no step for a difference fits. Such a solve is reported as failed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.bench.norm import trajectory_errors
from calcikin.errors import SimulationError
from calcikin.simulate.model import Model
from calcikin.simulate.reference import reference_rhs
from calcikin.simulate.result import Result
from calcikin.solvers.scipy_ivp import MAX_EVALUATIONS, Solution, Work, integrate
from calcikin.solvers.status import Status

__all__ = ["Problem", "Solve", "reference_solution", "work_precision"]

Array = npt.NDArray[np.float64]
RightHandSide = Callable[[float, Array], Array]
#: Tight solves for the reference, and for the check of it: two methods that share nothing.
REFERENCE, CHECK = ("radau", 1e-11), ("lsoda", 1e-12)


@dataclass(frozen=True)
class Problem:
    """A run to be timed: arrays ready for the solvers.

    Attributes
    ----------
    model : Model
    q : ndarray, prepared parameters
    y0 : ndarray, shape (n_states,) [mol/L]
    times : ndarray, shape (n_times,) [s]
    """

    model: Model
    q: Array
    y0: Array
    times: Array

    @classmethod
    def of(cls, model: Model, times: Array) -> Problem:
        """Prepare a model."""
        q = model.parameter_vector()
        return cls(model, q, model.initial_state(q), times)

    def solve(
        self, method: str, rtol: float, *, exact: bool = True, rhs: RightHandSide | None = None
    ) -> Solution:
        """Integrate once."""
        return integrate(
            self.model.compiled,
            self.q,
            self.y0,
            self.times,
            method=method,
            rtol=rtol,
            atol=self.model.tolerances(rtol),
            exact_jacobian=exact,
            rhs=rhs,
        )

    def error(self, y: Array, reference: Array) -> float:
        """Error of a solution in the norm above; NaN when it is incomplete."""
        if y.shape != reference.shape:
            return float("nan")
        return float(trajectory_errors(y[None], reference[None], self.model.tolerances(1.0))[0])

    def t50(self, solution: Solution) -> float:
        """T50 by scattering [min]; NaN without a transition."""
        nothing = np.empty((solution.t.size, 0))
        states = solution.t, solution.y, nothing, nothing, nothing
        return Result(self.model, *states, solution.status, "", math.nan, solution).t50()

    def compiled_rhs(self) -> RightHandSide:
        """Return dy/dt by the compiled kernel."""
        module, w = self.model.compiled.module, Work.of(self.model.compiled)
        module.solution(self.q, self.y0, w.x, w.tot, w.s)
        module.cold_start(self.q, w.tot, w.x)

        def rhs(t: float, y: Array) -> Array:
            del t
            dy = np.empty(y.size)
            # SciPy hands over columns of a matrix when it takes differences
            module.rhs(np.ascontiguousarray(y), self.q, w.x, w.tot, w.s, w.v, dy)
            return dy

        return rhs


@dataclass(frozen=True)
class Solve:
    """One entry of the work-precision table.

    Attributes
    ----------
    solver : {"lsoda", "bdf", "radau"}
    rhs : {"compiled", "python"}
    jacobian : {"exact", "differences"}
    rtol : float, requested
    error : float, achieved, in the norm of this module; NaN for a solve that failed
    t50_error_min : float
        What that means for the assay: how far T50 is off [min]; NaN without a transition.
    time_s : float, median of ``repeats`` solves [s]; NaN for a solve that failed
    repeats : int
    nfev : int
        Right-hand sides in all, those for a Jacobian by differences included.
    njev : int
        Jacobians.
    status : str
    """

    solver: str
    rhs: str
    jacobian: str
    rtol: float
    error: float
    t50_error_min: float
    time_s: float
    repeats: int
    nfev: int
    njev: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with the error in units of the tolerance too."""
        return asdict(self) | {"error_in_tolerances": self.error / self.rtol}


def reference_solution(problem: Problem) -> tuple[Solution, float]:
    """Return a tight solution, and how far a tight solution by another method is from it.

    Raises
    ------
    SimulationError
        When one of the two fails.
    """
    solutions = []
    for method, rtol in (REFERENCE, CHECK):
        solution = problem.solve(method, rtol)
        if solution.status is not Status.OK:
            raise SimulationError(
                f"no reference solution: {method} at rtol {rtol:g} ended with {solution.message}"
            )
        solutions.append(solution)
    return solutions[0], problem.error(solutions[1].y, solutions[0].y)


def work_precision(
    problem: Problem,
    reference: Solution,
    *,
    solvers: Sequence[str],
    rtols: Sequence[float],
    python_rtol: float,
    repeats: int,
    progress: Callable[[str], None],
) -> list[Solve]:
    """Solve with every method, right-hand side and Jacobian.

    The plain-Python right-hand side is hundreds of times slower, so it is tried once, at
    ``python_rtol``: with the exact Jacobian, and for LSODA, which copes best, with differences too.
    A solve that fails is a row with its status, and no error or time.
    """
    python = reference_rhs(problem.model)
    rows: list[Solve] = []
    for solver in solvers:
        for exact in (True, False):
            for rtol in rtols:
                progress(f"{solver}, compiled, {_word(exact)}, rtol {rtol:g}")
                rows.append(_solve(problem, reference, solver, rtol, exact, repeats))
        for exact in (True, False) if solver == "lsoda" else (True,):
            progress(f"{solver}, plain Python, {_word(exact)}, rtol {python_rtol:g}")
            rows.append(_solve(problem, reference, solver, python_rtol, exact, 1, python))
    return rows


def _word(exact: bool) -> str:
    return "exact" if exact else "differences"


def _solve(
    problem: Problem,
    reference: Solution,
    solver: str,
    rtol: float,
    exact: bool,
    repeats: int,
    python: RightHandSide | None = None,
) -> Solve:
    """Time ``repeats`` solves; count evaluations in one more (or in the only one, when slow)."""
    count = 0
    inner = python or problem.compiled_rhs()

    def counted(t: float, y: Array) -> Array:
        nonlocal count
        count += 1
        if count > MAX_EVALUATIONS:
            raise ValueError(f"given up after {MAX_EVALUATIONS} evaluations")
        return inner(t, y)

    solution = problem.solve(solver, rtol, exact=exact, rhs=counted)
    failed = solution.status is not Status.OK
    times = [math.nan if failed else solution.wall]
    if python is None and not failed:
        times = [problem.solve(solver, rtol, exact=exact).wall for _ in range(repeats)]
    return Solve(
        solver=solver,
        rhs="compiled" if python is None else "python",
        jacobian=_word(exact),
        rtol=rtol,
        error=math.nan if failed else problem.error(solution.y, reference.y),
        t50_error_min=abs(problem.t50(solution) - problem.t50(reference)),
        time_s=statistics.median(times),
        repeats=len(times),
        nfev=count,
        njev=int(solution.njev),
        status=solution.status.word,
    )
