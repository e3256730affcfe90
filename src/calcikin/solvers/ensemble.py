"""Many trajectories at once: the compiled Rosenbrock ensemble on all cores.

Blocks of trajectories go to threads; each thread steps W of them at a time in the lanes of vector
instructions (`calcikin.compiler.ensemble_driver`). The kernel holds no lock of Python, so plain
threads use every core, and a block's numbers do not depend on who ran it.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

from calcikin.compiler.ensemble import compile_ensemble, compile_sensitivities
from calcikin.compiler.module import CompiledModel
from calcikin.errors import OutOfRangeError, UnknownNameError
from calcikin.solvers.rosenbrock import METHODS, Tableau
from calcikin.solvers.scipy_ivp import Solution, Work
from calcikin.solvers.status import Status

__all__ = [
    "WIDTHS",
    "Curve",
    "Ensemble",
    "best_width",
    "integrate_directions",
    "integrate_many",
    "integrate_one",
    "run_module",
]

Array = npt.NDArray[np.float64]
WIDTHS = (1, 2, 4, 8, 16)
FIRST_STEP = 1e-4  # s: nucleation from nothing is explosive and must not be stepped over
#: Steps after which a trajectory is given up; shipped models take some 300 at rtol 1e-4 and 3000 at
#: 1e-9.
MAX_STEPS = 100_000
LEAST_STEP = 1e-12  # s
#: Trajectories per block: long against the tail in which lanes run empty, short enough to share.
BLOCK = 512
#: Numbers of a cache line, to which the scratch is aligned.
_LINE = 8


@dataclass(frozen=True)
class Curve:
    """What the kernel needs to read T50 while it integrates.

    Attributes
    ----------
    times : ndarray, shape (n_times,), sampling times of the curve [s]
    volume_slots : ndarray of int, slots of the molar volumes in q
    place : ndarray of int, shape (n_populations, 4)
        Amount, number, guest or -1, crystalline or not.
    optics : ndarray, shape (n_populations, 4)
        Ca per formula, cores per particle, cluster over core radius, scattering strength.
    table : ndarray, shape (m, 2), collected form factor and slope
    spacing : float, of the table [m]
    settings : ndarray, constants of the T50 algorithm
    stop : bool, end a trajectory once T50 is known
    """

    times: Array
    volume_slots: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    optics: Array
    table: Array
    spacing: float
    settings: Array
    stop: bool


@dataclass(frozen=True)
class Ensemble:
    """Outcome of many trajectories.

    Attributes
    ----------
    status : ndarray of int8, shape (n,), a :class:`Status` each
    reached : ndarray, shape (n,) [s]
    steps, rejected : ndarray of int, shape (n,)
    last : ndarray, shape (n, n_unknowns), states and solution variables at the end
    dense : ndarray, shape (n, n_times, n_unknowns), at the times asked for
    t50, t50_crystalline : ndarray, shape (n,) [s]; NaN without
    t50_code : ndarray of int, shape (n,), 0 ok, 1 no transition, 2 incomplete, 3 single rise
    """

    status: npt.NDArray[np.int8]
    reached: Array
    steps: npt.NDArray[np.int64]
    rejected: npt.NDArray[np.int64]
    last: Array
    dense: Array
    t50: Array
    t50_code: npt.NDArray[np.int64]
    t50_crystalline: Array


@lru_cache(maxsize=1)
def best_width() -> int:
    """Lanes that fill one vector register of this machine: 8 with AVX-512, 4 with AVX2, else 2.

    Two registers per value were measured slower than one (spills), on AVX2 by a factor of 1.5.
    """
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 8
    return 4 if features.get("avx2") else 2


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def integrate_many(
    compiled: CompiledModel,
    q: Array,
    z0: Array,
    duration: float,
    *,
    rtol: float = 1e-4,
    atol: Array,
    method: str = "rodas5p",
    times: Array | None = None,
    curve: Curve | None = None,
    width: int | None = None,
    threads: int | None = None,
) -> Ensemble:
    """Integrate many trajectories of one model.

    Parameters
    ----------
    compiled : CompiledModel
    q : ndarray, shape (n, n_q), prepared parameter vectors
    z0 : ndarray, shape (n, n_unknowns)
        States at the start [mol/L], then the solution of the speciation.
    duration : float [s]
    rtol : float, relative tolerance [1]
    atol : ndarray, shape (n_states,), absolute tolerances [mol/L]
    method : {"rodas5p", "rodas4"}
    times : ndarray, shape (n_times,), increasing from 0, optional
        Output times [s]; they do not change the steps.
    curve : Curve, optional
        Read T50 on the way.
    width : int, optional
        Lanes: 1, 2, 4, 8 or 16; by default those of a vector register.
    threads : int, optional
        By default one per core.

    Returns
    -------
    Ensemble
        A failed trajectory is a row with a status; nothing is raised for numerical trouble.

    Raises
    ------
    UnknownNameError, OutOfRangeError
        For an unknown method or number of lanes.
    """
    width = best_width() if width is None else width
    if width not in WIDTHS:
        raise OutOfRangeError(f"{width} lanes", where="ensemble", hint=f"one of {WIDTHS}")
    module = compile_ensemble(compiled, width)
    nothing = np.zeros(module.N - len(atol))
    return run_module(
        module,
        q,
        z0,
        duration,
        tolerances=np.concatenate([atol, nothing, [rtol]]),
        method=method,
        times=times,
        curve=curve,
        threads=threads,
    )


def integrate_one(
    compiled: CompiledModel, q: Array, y0: Array, times: Array, *, rtol: float, atol: Array
) -> Solution:
    """Integrate one trajectory by the scalar kernel, as `calcikin.solvers.scipy_ivp.integrate`.

    Parameters
    ----------
    compiled : CompiledModel
    q : ndarray, prepared parameter vector
    y0 : ndarray, shape (n_states,) [mol/L]
    times : ndarray, shape (n_times,), increasing from 0 [s]
    rtol, atol : as of `integrate_many`
    """
    work = Work.of(compiled)
    start = time.perf_counter()
    if compiled.module.solution(q, y0, work.x, work.tot, work.s) < 0:
        status = Status.SPECIATION_FAILED
        return Solution(times[:1], y0[None, :], status, status.word, 0.0, 0, 0, 0.0)
    z0 = np.concatenate([y0, work.x])[None, :]
    span = float(times[-1])
    many = integrate_many(
        compiled, q[None, :], z0, span, rtol=rtol, atol=atol, times=times, width=1
    )
    status = Status(int(many.status[0]))
    done = int(np.searchsorted(times, many.reached[0], side="right"))
    done = times.size if status is Status.OK else max(done, 1)
    y = np.ascontiguousarray(many.dense[0, :done, : y0.size])
    if status is not Status.OK and not np.isfinite(y[0]).all():
        y[0] = y0
    steps = int(many.steps[0])
    wall = time.perf_counter() - start
    reached = float(many.reached[0])
    return Solution(times[:done], y, status, status.word, reached, steps, steps, wall)


def integrate_directions(
    compiled: CompiledModel,
    q: Array,
    dq: Array,
    totals: Array,
    dtotals: Array,
    y0: Array,
    dy0: Array,
    times: Array,
    *,
    h_state: int,
    rtol: float,
    atol: Array,
    method: str = "rodas5p",
) -> tuple[Status, Array, Array, Array]:
    """Integrate one trajectory and its derivatives in several directions.

    Parameters
    ----------
    compiled : CompiledModel
    q : ndarray, shape (n_q,), not yet prepared; dq : shape (n, n_q), its directions
    totals, dtotals : ndarray, shapes (n_components,), (n, n_components) [mol/L]
    y0, dy0 : ndarray, shapes (n_states,), (n, n_states) [mol/L]
        The derivative of total H is found here.
    times : ndarray, shape (n_times,), increasing from 0 [s]
    h_state : int, where total H is among the states
    rtol, atol : as of `integrate_many`

    Returns
    -------
    Status
    ndarray, shape (n_times, n_states), states
    ndarray, shape (n_times, n_states), their rates: derivatives of the interpolated states by time
    ndarray, shape (n, n_times, n_states), derivatives in each direction
    """
    width = best_width()
    module = compile_sensitivities(compiled, width)
    tableau = METHODS[method]
    slots, n, ns = compiled.layout, len(dq), y0.size
    work = Work.of(compiled)
    prepared = q.copy()
    compiled.module.prepare(prepared)
    prepared[slots["ph_fixed"]] = 1.0
    compiled.module.cold_start(prepared, totals, work.x)
    compiled.module.speciate(prepared, totals, work.x, work.s)
    y, rate = np.empty((times.size, module.N)), np.empty((times.size, module.N))
    dy = np.zeros((n, times.size, ns))
    for start in range(0, n, width):
        rows = slice(start, min(start + width, n))
        count = rows.stop - rows.start

        def padded(directions: Array, rows: slice = rows, count: int = count) -> Array:
            """Directions of all lanes; those beyond the last are zero."""
            lanes = np.zeros((width, directions.shape[1]))
            lanes[:count] = directions[rows]
            return lanes

        own, down = q.copy(), padded(dq)
        module.prepare(own, down)
        held = own.copy()
        held[slots["ph_fixed"]] = 1.0
        x, dx = work.x.copy(), np.zeros((width, work.x.size))
        hydrogen = np.empty(1 + width)
        module.begin(held, down, totals.copy(), padded(dtotals), x, dx, hydrogen)
        first, dfirst = y0.copy(), padded(dy0)
        first[h_state], dfirst[:, h_state] = hydrogen[0], hydrogen[1:]
        part = np.zeros((times.size, width, module.N))
        status = module.trajectory(
            own,
            down,
            np.concatenate([first, x]),
            np.hstack([dfirst, dx]),
            float(times[-1]),
            min(FIRST_STEP, float(times[-1])),
            times,
            tableau.a,
            tableau.c,
            tableau.h,
            tableau.gamma,
            np.array([MAX_STEPS, LEAST_STEP, times[-1]]),
            np.concatenate([atol, np.zeros(module.N - ns), [rtol, -1.0 / tableau.order]]),
            y,
            rate,
            part,
        )
        if status != 0:
            word = Status.STEP_LIMIT if status == 1 else Status.SOLVER_FAILED
            return word, np.ascontiguousarray(y[:, :ns]), np.ascontiguousarray(rate[:, :ns]), dy
        dy[rows] = part[:, :count, :ns].transpose(1, 0, 2)
    return Status.OK, np.ascontiguousarray(y[:, :ns]), np.ascontiguousarray(rate[:, :ns]), dy


def run_module(
    module: ModuleType,
    q: Array,
    z0: Array,
    duration: float,
    *,
    tolerances: Array,
    method: str = "rodas5p",
    times: Array | None = None,
    curve: Curve | None = None,
    threads: int | None = None,
    first_step: float = FIRST_STEP,
    block: int = BLOCK,
) -> Ensemble:
    """Run an ensemble module; see `integrate_many`. tolerances: absolute ones, then rtol."""
    if method not in METHODS:
        raise UnknownNameError("Rosenbrock method", method, METHODS)
    tableau = METHODS[method]
    n = len(z0)
    shape = 0 if times is None else times.size
    last = np.full((n, module.N), np.nan)
    dense = np.full((n, shape, module.N), np.nan)
    info = np.full((n, 7), np.nan)
    threads = max(1, min(threads or cores(), -(-n // module.W) or 1))
    rounds = max(1, -(-n // (threads * block)))
    size = max(module.W, -(-n // (threads * rounds)))  # equal shares: no thread waits for a rest
    starts = range(0, n, size)

    def run(start: int) -> None:
        rows = slice(start, min(start + size, n))
        _run_block(
            module,
            q[rows],
            z0[rows],
            duration,
            tolerances,
            tableau,
            times,
            curve,
            first_step,
            last[rows],
            dense[rows],
            info[rows],
        )

    if threads == 1 or len(starts) == 1:
        for start in starts:
            run(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, starts))
    return _outcome(last, dense, info)


def _run_block(
    module: ModuleType,
    q: Array,
    z0: Array,
    duration: float,
    tolerances: Array,
    tableau: Tableau,
    times: Array | None,
    curve: Curve | None,
    first_step: float,
    last: Array,
    dense: Array,
    info: Array,
) -> None:
    """One call of the kernel; last, dense and info are filled."""
    stages = tableau.stages
    scratch = np.empty(module.work_size(q.shape[1], stages) + _LINE)
    offset = -(scratch.ctypes.data // scratch.itemsize) % _LINE
    look = curve or _NO_CURVE
    sampled = look.times if curve is not None else (np.zeros(0) if times is None else times)
    module.ensemble(
        q,
        z0,
        duration,
        np.full(len(z0), min(first_step, duration)),
        np.zeros(0) if times is None else times,
        sampled,
        tableau.a,
        tableau.c,
        tableau.h,
        tableau.gamma,
        np.array([MAX_STEPS, LEAST_STEP, duration]),
        np.append(tolerances, -1.0 / tableau.order),
        scratch[offset:],
        dense,
        last,
        info,
        0 if curve is None else (2 if curve.stop else 1),
        look.volume_slots,
        look.place,
        look.optics,
        look.table,
        look.spacing,
        look.settings,
    )


def _outcome(last: Array, dense: Array, info: Array) -> Ensemble:
    """The kernel's numbers as an outcome."""
    status = info[:, 0].astype(np.int8)
    gave_up = status == 2
    sound = np.asarray(np.isfinite(last).all(axis=1))
    status[gave_up] = np.where(sound[gave_up], Status.SOLVER_FAILED, Status.NOT_FINITE)
    status[(status == 0) & ~sound] = Status.NOT_FINITE
    failed = status != Status.OK
    for column in (4, 6):
        info[failed, column] = np.nan
    return Ensemble(
        status=status,
        reached=info[:, 1],
        steps=info[:, 2].astype(np.int64),
        rejected=info[:, 3].astype(np.int64),
        last=last,
        dense=dense,
        t50=info[:, 4],
        t50_code=np.nan_to_num(info[:, 5], nan=1.0).astype(np.int64),
        t50_crystalline=info[:, 6],
    )


_NO_CURVE = Curve(
    times=np.zeros(0),
    volume_slots=np.zeros(0, dtype=np.int64),
    place=np.zeros((0, 4), dtype=np.int64),
    optics=np.zeros((0, 4)),
    table=np.zeros((2, 2)),
    spacing=1.0,
    settings=np.ones(5),
    stop=False,
)
