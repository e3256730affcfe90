"""One solver on a batch at a ladder of tolerances: what it costs, and what it achieves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.bench.batch import Batch, Reference
from calcikin.bench.norm import Summary, summary, trajectory_errors
from calcikin.bench.peers import Run, Solver
from calcikin.errors import CalcikinError

__all__ = ["Effort", "Ladder", "Rung", "climb"]

Array = npt.NDArray[np.float64]
#: Ladders stay within these tolerances.
LOOSEST, TIGHTEST = 1e-1, 1e-10


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    target : float
        Achieved error at which solvers are compared.
    seconds : float
        Processor time for each tolerance: as many trajectories as fit into it are run, those that
        the first call is given at least.
    repeats : int
        The whole is timed so often, within those seconds; the median counts.
    """

    target: float = 1e-4
    seconds: float = 3.0
    repeats: int = 3


@dataclass(frozen=True)
class Rung:
    """One tolerance.

    Attributes
    ----------
    rtol : float
    time_s : float
        Processor time per trajectory, of all threads of the process together [s].
    wall_s : float
        Elapsed time per trajectory [s].
    trajectories : int
        Trajectories timed.
    errors : ndarray, shape (n,)
        Error of each trajectory that has a reference; NaN for one that failed.
    """

    rtol: float
    time_s: float
    wall_s: float
    trajectories: int
    errors: Array

    @property
    def error(self) -> float:
        """Geometric mean of the errors; NaN when a trajectory failed."""
        found = self.summary()
        return found.geomean if not found.failed else float("nan")

    def summary(self, n: int | None = None) -> Summary:
        """Errors of the first ``n`` trajectories summed up."""
        return summary(self.errors[:n])


@dataclass(frozen=True)
class Ladder:
    """A solver and its tolerances, and why there are none or too few.

    Attributes
    ----------
    solver : Solver
    rungs : tuple of Rung, from the loosest tolerance
    missing : str
        Why the solver could not be measured, or not to the end; empty otherwise.
    """

    solver: Solver
    rungs: tuple[Rung, ...] = ()
    missing: str = ""

    @property
    def common(self) -> int:
        """Trajectories with a reference that ran at every tolerance."""
        return min((rung.errors.size for rung in self.rungs), default=0)


def climb(
    solver: Solver,
    batch: Batch,
    reference: Reference,
    effort: Effort,
    progress: Callable[[str], None],
) -> Ladder:
    """Measure a solver at tolerances a power of ten apart, so that they enclose the target error.

    It begins at the solver's loosest tolerance, goes on to two that are tight enough, and back to
    looser ones where none was too loose.

    Parameters
    ----------
    solver : Solver
    batch : Batch
    reference : Reference
    effort : Effort
    progress : callable
        Told what comes next.

    Returns
    -------
    Ladder
        With ``missing`` when its library is not installed, the problem is beyond it, or it broke.
    """
    rungs: list[Rung] = []
    missing = ""
    try:
        progress(f"{solver.name}: loading")
        run = solver.load(batch)
        run(0, 1, solver.loosest)  # compiles what compiles on the first call

        def rung(rtol: float) -> Rung:
            progress(f"{solver.name}: rtol {rtol:g}")
            return _measure(run, solver.together, batch, reference, effort, rtol)

        rungs.append(rung(solver.loosest))
        while rungs[-1].rtol > 2.0 * TIGHTEST and sum(r.error <= effort.target for r in rungs) < 2:
            rungs.append(rung(float(f"{0.1 * rungs[-1].rtol:.0e}")))
        while rungs[0].rtol < 0.5 * LOOSEST and rungs[0].error <= effort.target:
            rungs.insert(0, rung(float(f"{10.0 * rungs[0].rtol:.0e}")))
    except CalcikinError as error:
        missing = f"{error.what} ({error.hint})" if error.hint else error.what
    except Exception as error:  # a library of others may raise anything; the rest goes on
        if solver.role == "ours":
            raise
        missing = f"{type(error).__name__}: {error}"
    return Ladder(solver, tuple(rungs), missing)


def _measure(
    run: Run, together: int, batch: Batch, reference: Reference, effort: Effort, rtol: float
) -> Rung:
    """Run as many trajectories as fit into the time, then again while there is some left."""
    known = len(reference.y)
    errors: list[Array] = []
    done, spent, elapsed = 0, 0.0, 0.0
    while done < batch.size and (done == 0 or spent < effort.seconds):
        stop = min(done + together, batch.size)
        part, cpu, wall = _timed(run, done, stop, rtol)
        if done < known:
            few = min(stop, known) - done
            errors.append(
                trajectory_errors(part[:few], reference.y[done : done + few], batch.scale)
            )
        done, spent, elapsed = stop, spent + cpu, elapsed + wall
    cpus, walls, total = [spent], [elapsed], spent
    while len(cpus) < effort.repeats and total + spent < effort.seconds:
        cpu, wall = 0.0, 0.0
        for start in range(0, done, together):
            _, one, other = _timed(run, start, min(start + together, done), rtol)
            cpu, wall = cpu + one, wall + other
        cpus.append(cpu)
        walls.append(wall)
        total += cpu
    return Rung(
        rtol=rtol,
        time_s=float(np.median(cpus)) / done,
        wall_s=float(np.median(walls)) / done,
        trajectories=done,
        errors=np.concatenate(errors),
    )


def _timed(run: Run, start: int, stop: int, rtol: float) -> tuple[Array, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = run(start, stop, rtol)
    cpu = time.process_time() - cpu - found.aside_s
    wall = time.perf_counter() - wall - found.aside_s
    return found.y, cpu, wall
