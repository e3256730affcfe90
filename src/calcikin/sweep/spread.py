"""Who runs which points: this process, processes of its own, or any executor."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from calcikin.errors import CalcikinError, OutOfRangeError, SimulationError, UnknownNameError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.sweep import workers
from calcikin.sweep.here import SOLVERS, Columns, Flags, evaluate_here, one_by_one

__all__ = ["Keep", "Work", "check_options", "spread"]

#: Gets the first index of some points and their table; comes in any order.
Keep = Callable[[int, Table], object]
#: What starting workers costs [s]: interpreter, imports, model and kernels from the cache; measured
#: 1.5 s for two on a machine of two cores. A sweep that saves less by sharing is run here.
POOL_START = 1.5
#: Seconds of work in a piece: long against the 1 ms of sending one, short for the bar and Ctrl-C.
PIECE_SECONDS = 0.5
LARGEST_PIECE = 256
#: Pieces that wait for each process, so that none is idle; few, so that memory stays small.
QUEUED = 2
#: Pieces that an executor is given at a time when it is not said how many workers it has.
IN_FLIGHT = 64
#: How often a broken pool is started again.
RESTARTS = 1


@dataclass(frozen=True)
class Work:
    """What is to be run.

    Attributes
    ----------
    model : Model
    block : callable, (start, stop) -> (columns, flags) of those points
    read : tuple of str
    solver : str
    rtol : float
    """

    model: Model
    block: Callable[[int, int], tuple[Columns, Flags]]
    read: tuple[str, ...]
    solver: str
    rtol: float

    def here(self, piece: range, threads: int | None = None) -> Table:
        """Run a piece in this process."""
        columns, flags = self.block(piece.start, piece.stop)
        readouts = get_readouts(self.read) if self.read else ()
        return evaluate_here(
            self.model,
            columns,
            flags,
            readouts,
            solver=self.solver,
            rtol=self.rtol,
            threads=threads,
        )


class _Todo:
    """Points that are left, handed out in order; pieces that were lost come first."""

    def __init__(self, ranges: Iterable[range]) -> None:
        self._ranges: Iterator[range] = iter(ranges)
        self._first: list[range] = []

    def take(self, most: int | None) -> range | None:
        """The next points, at most so many; None when there are none left."""
        part = self._first.pop() if self._first else next(self._ranges, None)
        if part is not None and most is not None and len(part) > most:
            self.give_back(part[most:])
            part = part[:most]
        return part

    def give_back(self, part: range) -> None:
        """Points that were not run."""
        if part:
            self._first.append(part)


def check_options(solver: str, jobs: int | None, chunk: int | None) -> None:
    """Refuse options that make no sense, before anything runs.

    Raises
    ------
    UnknownNameError, OutOfRangeError
    """
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS)
    for name, value in (("jobs", jobs), ("chunk", chunk)):
        if value is not None and value < 1:
            raise OutOfRangeError(f"{name} = {value}", where="sweep", hint="1 or more")


def spread(
    work: Work,
    ranges: Iterable[range],
    keep: Keep,
    *,
    jobs: int | None = None,
    executor: Any = None,
    chunk: int | None = None,
) -> None:
    """Run points and hand on their tables, in whatever order they finish.

    Parameters
    ----------
    work : Work
    ranges : iterable of range
        Indices of the points; a piece never reaches from one range into the next.
    keep : callable
        Gets the index of the first point of a piece, and its table.
    jobs : int, optional
        Processes, for a solver that runs points one by one; by default one per core when it is
        worth starting them. Threads, for the ensemble. With an executor: its workers, which
        have one thread each, so that each has pieces waiting.
    executor : optional
        Anything with the `submit` of `concurrent.futures.Executor`.
    chunk : int, optional
        Points in a piece; by default half a second of work, or a whole range for an executor.

    Raises
    ------
    UnknownNameError, OutOfRangeError
        For bad options.
    SimulationError
        When workers keep dying.
    """
    check_options(work.solver, jobs, chunk)
    if workers.importing_main():
        # The parent says what is the matter; a traceback from every worker would not help.
        raise SystemExit(1)
    todo = _Todo(ranges)
    if executor is not None:
        _through(executor, work, todo, keep, chunk, QUEUED * jobs if jobs else IN_FLIGHT)
    elif not one_by_one(work.solver) or jobs == 1:
        _here(work, todo, keep, chunk, jobs)
    else:
        _processes(work, todo, keep, jobs, chunk)


def _here(
    work: Work, todo: _Todo, keep: Keep, chunk: int | None, threads: int | None = None
) -> None:
    """Run everything in this process, in pieces of about half a second."""
    size = chunk or (1 if one_by_one(work.solver) else LARGEST_PIECE)
    while (piece := todo.take(size)) is not None:
        start = time.perf_counter()
        keep(piece.start, work.here(piece, threads))
        took = max(time.perf_counter() - start, 1e-6)
        if chunk is None:
            # the first piece compiles, so its time says little: no more than twice as many next
            size = max(1, min(2 * size, int(PIECE_SECONDS / took * len(piece))))


def _processes(work: Work, todo: _Todo, keep: Keep, jobs: int | None, chunk: int | None) -> None:
    """Run in processes of our own where it is worth starting them."""
    cost = _two_here(work, todo, keep)
    left = []
    while (part := todo.take(None)) is not None:
        left.append(part)
    count = sum(map(len, left))
    todo = _Todo(left)
    processes = min(jobs or _cores(), max(count, 1))
    worth = cost * count * (1.0 - 1.0 / processes) > POOL_START
    if count and processes > 1 and (jobs is not None or worth):
        size = chunk or max(1, min(LARGEST_PIECE, int(PIECE_SECONDS / max(cost, 1e-6))))
        size = min(size, -(-count // processes))
        if _through_pool(work, todo, keep, processes, size, count):
            return
    _here(work, todo, keep, chunk)


def _two_here(work: Work, todo: _Todo, keep: Keep) -> float:
    """Run points here until kernels are compiled and a run is timed: what one costs [s]."""
    cost, runs = 0.0, 0
    while runs < 2 and (piece := todo.take(1)) is not None:
        start = time.perf_counter()
        table = work.here(piece)
        cost = time.perf_counter() - start
        runs += int(table.status[0]) != Status.BAD_INPUT
        keep(piece.start, table)
    return cost


def _through_pool(
    work: Work, todo: _Todo, keep: Keep, processes: int, size: int, count: int
) -> bool:
    """Run in fresh processes, started once more when they die; False when they cannot start."""
    done = 0

    def counted(start: int, table: Table) -> None:
        nonlocal done
        done += len(table)
        keep(start, table)

    for attempt in range(RESTARTS + 1):
        before = done
        executor = workers.pool(processes)
        try:
            _through(executor, work, todo, counted, size, QUEUED * processes, own=processes)
            return True
        except BrokenProcessPool:
            if done == before:
                warnings.warn(
                    "worker processes could not start, so one process does the sweep; in a "
                    'script, call it under if __name__ == "__main__":',
                    RuntimeWarning,
                    stacklevel=6,
                )
                return False
            if attempt == RESTARTS:
                raise SimulationError(
                    f"worker processes died twice, {count - done} points before the end",
                    where=f"sweep of {work.model.name}",
                    hint="memory may have run out: use fewer jobs",
                ) from None
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
    return False


Waiting = dict["Future[Table]", range]


def _through(
    executor: Any,
    work: Work,
    todo: _Todo,
    keep: Keep,
    size: int | None,
    in_flight: int,
    *,
    own: int = 0,
) -> None:
    """Run pieces in an executor, so many at a time; `own`: its processes, when they are ours."""
    waiting: Waiting = {}
    recipe = workers.Recipe.of(work.model, work.read, work.solver, work.rtol)

    def send(most: int) -> None:
        while len(waiting) < most and (piece := todo.take(size)) is not None:
            try:
                columns, flags = work.block(piece.start, piece.stop)
                waiting[executor.submit(workers.run_piece, recipe, columns, flags)] = piece
            except BaseException:
                todo.give_back(piece)
                raise

    try:
        if own:
            with workers.terminal_signals_left_to_the_parent():
                send(own)  # this starts the processes
        send(in_flight)
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                table = future.result()
                keep(waiting.pop(future).start, table)
            send(in_flight)
    except CalcikinError:
        raise
    except Exception as error:
        if own and isinstance(error, BrokenProcessPool):
            raise
        # of its own classes: a worker that was lost more often than the executor puts up with
        raise SimulationError(
            f"the executor lost a piece: {type(error).__name__}: {error}",
            where=f"sweep of {work.model.name}",
            hint="look at its workers; with a store, --resume goes on from what is finished",
        ) from error
    finally:
        for future, piece in waiting.items():
            future.cancel()
            todo.give_back(piece)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
