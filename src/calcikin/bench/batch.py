"""Many trajectories of one problem, as arrays that every solver can be given.

A model and a test problem look alike here: kernels ``rhs`` and ``jacobian`` with the same
arguments, and an ensemble module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from calcikin.bench.norm import trajectory_errors
from calcikin.bench.stiff_problems import PROBLEMS, StiffProblem
from calcikin.compiler.ensemble import compile_ensemble
from calcikin.compiler.module import CompiledModel, cache_directory, load_module, write_module
from calcikin.compiler.ode_system import compile_ode, ode_system
from calcikin.errors import SimulationError
from calcikin.simulate.model import Model, load
from calcikin.simulate.points import lay_out
from calcikin.solvers.ensemble import run_module
from calcikin.solvers.scipy_ivp import Solution, integrate
from calcikin.solvers.status import Status

__all__ = ["BOX", "Batch", "Reference", "reference_of", "serum_batch", "stiff_batch"]

Array = npt.NDArray[np.float64]
MODEL = "t50_serum"
#: Sera of the sweep (assumed): a wide box around the presets, from fast to slow transitions.
BOX: Mapping[str, tuple[float, float]] = {
    "serum.Ca": (2.0, 3.0),  # mmol/L
    "serum.Mg": (0.5, 1.6),  # mmol/L
    "serum.Pi": (0.8, 2.4),  # mmol/L
    "serum.PPi": (0.5, 4.0),  # umol/L
}
#: Output times: 0, then this many in geometric progression to the end.
OUTPUTS = 48
#: Tight solves for the reference, and for the check of it: two methods that share no code.
REFERENCE_RTOL, CHECK = 1e-10, ("radau", 1e-11)


@dataclass(frozen=True)
class Batch:
    """Trajectories of one problem.

    Attributes
    ----------
    name : str
    compiled : CompiledModel
        Kernels of a single trajectory.
    q : ndarray, shape (n, n_q), prepared parameters
    y0 : ndarray, shape (n, n_states), states at the start
    x0 : ndarray, shape (n, n_algebraic), algebraic unknowns of the ensemble at the start
    times : ndarray, shape (n_times,), increasing from 0 [s]
    scale : ndarray, shape (n_states,), absolute tolerances at rtol 1
    ensemble : callable, number of lanes -> ensemble module
    variant : callable, optional, row -> Model, for programs that read a model file
    problem : StiffProblem, optional, for programs that read equations
    """

    name: str
    compiled: CompiledModel
    q: Array
    y0: Array
    x0: Array
    times: Array
    scale: Array
    ensemble: Callable[[int], ModuleType]
    variant: Callable[[int], Model] | None = None
    problem: StiffProblem | None = None

    @property
    def size(self) -> int:
        """Number of trajectories."""
        return len(self.y0)

    @property
    def duration(self) -> float:
        """Length of a trajectory [s]."""
        return float(self.times[-1])

    def totals(self) -> Array:
        """Totals of all components at the start, shape (n, n_components) [mol/L]."""
        return self.compiled.totals(self.q, self.y0)

    def by_scipy(self, row: int, method: str, rtol: float) -> Solution:
        """Solve one row with a solver of SciPy, its absolute tolerances `rtol` of the scale."""
        return integrate(
            self.compiled,
            self.q[row],
            self.y0[row],
            self.times,
            method=method,
            rtol=rtol,
            atol=rtol * self.scale,
        )

    def first(self, n: int) -> Batch:
        """The first ``n`` trajectories."""
        return replace(self, q=self.q[:n], y0=self.y0[:n], x0=self.x0[:n])


# ---- the model -----------------------------------------------------------------------------------


def serum_batch(n: int, *, seed: int = 1, duration: str | None = None) -> Batch:
    """T50 assays of ``n`` sera drawn evenly from `BOX`; the first is the healthy one.

    Parameters
    ----------
    n : int
    seed : int
        The first sera are the same for any ``n``.
    duration : str, optional
        Instead of that of the model.

    Raises
    ------
    SimulationError
        When a serum is refused, which none in the box should be.
    """
    model = load(MODEL)
    if duration is not None:
        model = model.with_({"duration": duration})
    columns = serum_columns(model, n, seed)
    (points,), refused = lay_out(model, columns, {}, n)
    if refused:
        raise SimulationError(f"{len(refused)} of {n} sera were refused: {refused}")

    def variant(row: int) -> Model:
        return model.with_({name: float(column[row]) for name, column in columns.items()})

    return Batch(
        name=MODEL,
        compiled=model.compiled,
        q=points.q,
        y0=points.y,
        x0=points.x,
        times=_times(model.duration, 1.0),
        scale=model.tolerances(1.0),
        ensemble=lambda width: compile_ensemble(model.compiled, width),
        variant=variant,
    )


def serum_columns(model: Model, n: int, seed: int = 1) -> dict[str, Array]:
    """Inputs of the sera: name -> values in the model's units, shape (n,)."""
    low, high = np.array(list(BOX.values())).T
    draws = low + (high - low) * np.random.default_rng(seed).random((n, len(BOX)))
    if n:
        healthy = model.input_values()
        draws[0] = [healthy[name] for name in BOX]
    return {name: np.ascontiguousarray(draws[:, k]) for k, name in enumerate(BOX)}


def _times(duration: float, first: float) -> Array:
    return np.concatenate([[0.0], np.geomspace(first, duration, OUTPUTS)])


# ---- test problems -------------------------------------------------------------------------------

_KERNELS = '''"""Generated by calcikin: kernels of {name!r}; it is written anew."""

from numba import njit

kernel = njit(cache=True, error_model="numpy", fastmath=False, nogil=True)


@kernel
def cold_start(q, tot, x):
    return  # there is no speciation


@kernel
def rhs(y, q, x, tot, s, v, dy):
{right}
    return 1


@kernel
def jacobian(y, q, x, tot, s, J):
    J[:] = 0.0
{matrix}
    return 1
'''


def stiff_batch(name: str, n: int, *, seed: int = 1) -> Batch:
    """A test problem from ``n`` starts: its own, then others with each amount halved to doubled.

    Parameters
    ----------
    name : {"robertson", "hires", "orego", "e5"}
    n : int
    seed : int
        The first starts are the same for any ``n``.
    """
    problem = PROBLEMS[name]
    size = len(problem.start)
    factors = 2.0 ** np.random.default_rng(seed).uniform(-1.0, 1.0, (n, size))
    factors[:1] = 1.0
    return Batch(
        name=name,
        compiled=_kernels_of(problem),
        q=np.zeros((n, 1)),
        y0=factors * np.array(problem.start),
        x0=np.zeros((n, 0)),
        times=_times(problem.end, 1e-9 * problem.end),
        scale=np.full(size, problem.atol),
        ensemble=lambda width: compile_ode(name, problem.right, size, 1, width, problem.conserved),
        problem=problem,
    )


def _kernels_of(problem: StiffProblem) -> CompiledModel:
    """Kernels of a test problem, in the clothes of a model without chemistry."""
    system = ode_system(problem.right, len(problem.start), 1)
    right = "\n".join(f"    dy[{i}] = {text}" for i, text in system.values.items())
    matrix = "\n".join(f"    J[{i}, {j}] = -({t})" for (i, j), t in system.entries.items())
    text = _KERNELS.format(name=problem.name, right=right, matrix=matrix)
    path = cache_directory() / f"b{hashlib.sha256(text.encode()).hexdigest()[:32]}.py"
    if not path.exists():
        write_module(path, text)
    none: Any = SimpleNamespace(components=["none"], cations=[], states=[], processes=[], size=0)
    return CompiledModel(
        module=load_module(path),
        layout={"total.none": 0},
        slots=none,
        tables=none,
        observed=[],
        path=path,
        network=none,
    )


# ---- reference -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """Tight solutions of the first trajectories of a batch.

    Attributes
    ----------
    y : ndarray, shape (n, n_times, n_states)
    made_by : str
    checked_by : str
    difference : float
        Largest error of a tight solution by another method, over the trajectories checked.
    checked : int
    """

    y: Array
    made_by: str
    checked_by: str
    difference: float
    checked: int


def reference_of(batch: Batch, n: int, *, checked: int) -> Reference:
    """Solve the first ``n`` trajectories tightly, and ``checked`` of them by another method.

    Parameters
    ----------
    batch : Batch
    n, checked : int

    Returns
    -------
    Reference

    Raises
    ------
    SimulationError
        When one of the solves fails.
    """
    part = batch.first(n)
    tight = run_module(
        batch.ensemble(1),
        part.q,
        np.hstack([part.y0, part.x0]),
        part.duration,
        tolerances=tolerances(batch, batch.ensemble(1), REFERENCE_RTOL),
        times=part.times,
    )
    if (tight.status != Status.OK).any():
        worst = Status(int(tight.status.max())).word
        raise SimulationError(f"no reference solution of {batch.name}: {worst}")
    y = np.ascontiguousarray(tight.dense[:, :, : batch.scale.size])
    method, rtol = CHECK
    other = np.empty_like(y[:checked])
    for k in range(len(other)):
        solution = batch.by_scipy(k, method, rtol)
        if solution.status is not Status.OK:
            raise SimulationError(f"no check of the reference: {method}: {solution.message}")
        other[k] = solution.y
    difference = trajectory_errors(other, y[:checked], batch.scale).max(initial=0.0)
    return Reference(
        y,
        f"ensemble, Rodas5P, rtol {REFERENCE_RTOL:g}",
        f"{method}, rtol {rtol:g}",
        float(difference),
        len(other),
    )


def tolerances(batch: Batch, module: ModuleType, rtol: float) -> Array:
    """Tolerances as an ensemble module takes them: absolute ones, then rtol."""
    algebraic = np.zeros(cast(int, module.N) - batch.scale.size)
    return np.concatenate([rtol * batch.scale, algebraic, [rtol]])
