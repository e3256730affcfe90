"""The only door to ``scipy.integrate``: LSODA, BDF and Radau on the compiled right-hand side.

LSODA runs through ``odeint``, whose whole loop is compiled: on the T50 model that halves the time
of
``solve_ivp(method="LSODA")``, which is the same integrator stepped from Python. BDF and Radau run
through ``solve_ivp``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.compiler.module import CompiledModel
from calcikin.errors import UnknownNameError
from calcikin.solvers.status import Status

__all__ = ["METHODS", "Solution", "Work", "integrate"]

Array = npt.NDArray[np.float64]
METHODS = {"lsoda": "LSODA", "bdf": "BDF", "radau": "Radau"}
#: Evaluations of the right-hand side after which a run is given up: 10 times the worst of a sweep
#: of
#: the shipped models over their input windows at rtol 1e-10.
MAX_EVALUATIONS = 200_000
FIRST_STEP = 1e-4  # s, at most; nucleation from nothing is explosive and must not be stepped over


@dataclass
class Work:
    """Scratch arrays of one trajectory, so that kernels allocate nothing."""

    x: Array
    tot: Array
    s: Array
    v: Array

    @classmethod
    def of(cls, compiled: CompiledModel) -> Work:
        """Return fresh scratch for ``compiled``."""
        return cls(
            np.zeros(compiled.n_unknowns),
            np.zeros(len(compiled.tables.components)),
            np.zeros(compiled.slots.size),
            np.zeros(len(compiled.network.processes) + len(compiled.observed)),
        )


@dataclass(frozen=True)
class Solution:
    """What a solver returns.

    Attributes
    ----------
    t : ndarray, shape (n_times,) [s]
    y : ndarray, shape (n_times, n_states) [mol/L]
    status : Status
    message : str
        The solver's own words.
    stopped_at : float
        Time reached [s].
    nfev, njev : int
        Evaluations of the right-hand side and Jacobian.
    wall : float
        Elapsed time [s].
    """

    t: Array
    y: Array
    status: Status
    message: str
    stopped_at: float
    nfev: int
    njev: int
    wall: float


class _GiveUp(Exception):
    """Raised inside the right-hand side to leave the solver's loop."""

    def __init__(self, status: Status, t: float) -> None:
        self.status = status
        self.t = t


def integrate(
    compiled: CompiledModel,
    q: Array,
    y0: Array,
    times: Array,
    *,
    method: str = "lsoda",
    rtol: float = 1e-6,
    atol: Array,
    exact_jacobian: bool = True,
    rhs: Callable[[float, Array], Array] | None = None,
) -> Solution:
    """Integrate one trajectory.

    Output comes from the solver's own interpolant, so ``times`` never changes the steps.

    Parameters
    ----------
    compiled : CompiledModel
    q : ndarray, prepared parameter vector
    y0 : ndarray, shape (n_states,) [mol/L]
    times : ndarray, shape (n_times,), increasing from 0 [s]
    method : {"lsoda", "bdf", "radau"}
    rtol : float, relative tolerance [1]
    atol : ndarray, shape (n_states,), absolute tolerances [mol/L]
    exact_jacobian : bool, use the generated Jacobian; finite differences otherwise
    rhs : callable, optional, another right-hand side (the plain-Python twin, for the benchmark)

    Returns
    -------
    Solution
        Never raises for numerical trouble: see ``status``.

    Raises
    ------
    UnknownNameError
        For an unknown method.
    """
    if method not in METHODS:
        raise UnknownNameError("solver", method, METHODS)
    module, work = compiled.module, Work.of(compiled)
    n = y0.size
    evaluations, latest = 0, 0.0
    module.cold_start(q, compiled.totals(q, y0), work.x)

    def right_hand_side(t: float, y: Array) -> Array:
        nonlocal evaluations, latest
        evaluations, latest = evaluations + 1, t
        if evaluations > MAX_EVALUATIONS:
            raise _GiveUp(Status.STEP_LIMIT, t)
        y = np.ascontiguousarray(y)  # SciPy's differences hand in columns of a matrix
        dy = np.empty(n)  # SciPy keeps references: never hand out the same buffer twice
        if module.rhs(y, q, work.x, work.tot, work.s, work.v, dy) < 0:
            raise _GiveUp(Status.SPECIATION_FAILED, t)
        return dy

    def jacobian(t: float, y: Array) -> Array:
        matrix = np.empty((n, n))
        if module.jacobian(y, q, work.x, work.tot, work.s, matrix) < 0:
            raise _GiveUp(Status.SPECIATION_FAILED, t)
        return matrix

    start = time.perf_counter()
    problem = (rhs or right_hand_side, jacobian if exact_jacobian else None)
    try:
        fastest = _fastest(compiled, y0, problem[0](0.0, y0))
        first = min(FIRST_STEP, float(times[-1]), fastest)
        if method == "lsoda":
            outcome = _lsoda(*problem, y0, times, rtol, atol, first)
        else:
            outcome = _solve_ivp(METHODS[method], *problem, y0, times, rtol, atol, first)
    except _GiveUp as stop:
        wall = time.perf_counter() - start
        return Solution(
            times[:1], y0[None, :], stop.status, stop.status.word, stop.t, evaluations, 0, wall
        )
    except (ValueError, np.linalg.LinAlgError) as trouble:
        # SciPy's own. Its step for a Jacobian by differences grows tenfold with each Jacobian for
        # a state that acts on little, until it overflows and the factorisation refuses the matrix.
        wall = time.perf_counter() - start
        return Solution(
            times[:1],
            y0[None, :],
            Status.SOLVER_FAILED,
            f"{method}: {trouble}",
            latest,
            evaluations,
            0,
            wall,
        )
    wall = time.perf_counter() - start
    t, states, success, message, nfev, njev = outcome
    reached = float(t[-1]) if t.size else 0.0
    status = Status.OK if success else Status.SOLVER_FAILED
    if not np.all(np.isfinite(states)) or (success and t.size != times.size):
        status = Status.NOT_FINITE
    return Solution(t, states, status, message, reached, nfev, njev, wall)


def _fastest(compiled: CompiledModel, y: Array, dy: Array) -> float:
    """Time in which a thousandth of some dissolved total reacts [s]."""
    totals = [i for i, state in enumerate(compiled.network.states) if state.component is not None]
    times = [abs(y[i] / dy[i]) for i in totals if y[i] > 0.0 and dy[i] != 0.0]
    return 1e-3 * min(times, default=np.inf)


_Outcome = tuple[Array, Array, bool, str, int, int]
_Function = Callable[[float, Array], Array]


def _lsoda(
    rhs: _Function,
    jacobian: _Function | None,
    y0: Array,
    times: Array,
    rtol: float,
    atol: Array,
    first_step: float,
) -> _Outcome:
    """LSODA; output by its own interpolation (it steps past a time and looks back)."""
    from scipy.integrate import odeint

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what went wrong is in the message
        states, info = odeint(
            rhs,
            y0,
            times,
            Dfun=jacobian,
            tfirst=True,
            rtol=rtol,
            atol=atol,
            h0=first_step,
            mxstep=MAX_EVALUATIONS,
            full_output=True,
        )
    message = str(info["message"])
    success = message == "Integration successful."
    done = times.size if success else max(1, int(np.searchsorted(times, info["tcur"].max())))
    nfev, njev = int(info["nfe"].max()), int(info["nje"].max())
    return times[:done], states[:done], success, message, nfev, njev


def _solve_ivp(
    name: str,
    rhs: _Function,
    jacobian: _Function | None,
    y0: Array,
    times: Array,
    rtol: float,
    atol: Array,
    first_step: float,
) -> _Outcome:
    """BDF or Radau; output from the solver's dense interpolant."""
    from scipy.integrate import solve_ivp

    with np.errstate(all="ignore"):  # what went wrong is in the status
        answer = solve_ivp(
            rhs,
            (0.0, float(times[-1])),
            y0,
            method=name,
            t_eval=times,
            jac=jacobian,
            rtol=rtol,
            atol=atol,
            first_step=first_step,
        )
    states = np.ascontiguousarray(answer.y.T)
    message = str(answer.message)
    return answer.t, states, bool(answer.success), message, int(answer.nfev), int(answer.njev)
