"""Run a design, here or over several processes; a failed point is a row."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, Any

from calcikin.errors import InputError, OutOfRangeError, SimulationError, UnknownNameError
from calcikin.simulate.model import Model, load
from calcikin.simulate.readouts import get_readouts
from calcikin.solvers.scipy_ivp import METHODS
from calcikin.solvers.status import Status
from calcikin.sweep import workers
from calcikin.sweep.design import Design, Values, grid
from calcikin.sweep.point import Row, evaluate
from calcikin.sweep.store import to_dataset

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep"]

#: What starting workers costs [s]: interpreter, imports, model and kernels from the cache; measured
#: 1.5 s for two on a machine of two cores. A sweep that saves less by sharing is run here.
POOL_START = 1.5
#: Seconds of work that are sent to a worker at a time: long against the 1 ms of sending, short for
#: the bar and for Ctrl-C.
CHUNK_SECONDS = 0.5
LARGEST_CHUNK = 256
#: Chunks that wait for each process, so that none is idle; few, so that memory stays small.
QUEUED = 2
#: How often a broken pool is started again.
RESTARTS = 1


def sweep(
    model: Model | str,
    over: Mapping[str, Values],
    read: str | Sequence[str] = ("t50",),
    *,
    jobs: int | None = None,
    progress: bool | None = None,
    solver: str = "lsoda",
    rtol: float = 1e-6,
    chunk: int | None = None,
) -> xr.Dataset:
    """Run a model at every point of a grid and collect read-outs.

    Parameters
    ----------
    model : Model or str
        A model, or the name of one.
    over : mapping
        Input, parameter, setting or ratio -> values: numbers in ``model.unit_of(name)``, texts with
        units, or a range ``"0.5:2.0:16mmol/L"``. One dimension of the result for each.
    read : str or sequence of str
        Names of read-outs, see `calcikin.simulate.readouts.READOUTS`.
    jobs : int, optional
        Number of processes. By default one per core, unless the work is so small that starting
        them would take longer; the result is the same for any number.
    progress : bool, optional
        Whether to show a bar on stderr; by default when it is a terminal.
    solver : {"lsoda", "bdf", "radau"}
    rtol : float
        Relative tolerance [1].
    chunk : int, optional
        Points that are sent to a process at a time; by default half a second of work.

    Returns
    -------
    xarray.Dataset
        One variable per read-out with its unit, ``status``, ``reason`` and ``balance_error``, over
        one dimension per input; attributes ``failed`` (number of failed points) and ``provenance``
        (JSON: inputs, versions, hashes). A failed point has NaN, a status and a reason.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        For bad input, before anything runs; and when the model refuses every point.
    SimulationError
        When processes keep dying.
    """
    if isinstance(model, str):
        model = load(model)
    design = grid(model, over)
    # the error of the balances is always there
    readouts = [r for r in get_readouts(read) if r.name != "balance_error"]
    if solver not in METHODS:
        raise UnknownNameError("solver", solver, METHODS)
    for name, value in (("jobs", jobs), ("chunk", chunk)):
        if value is not None and value < 1:
            raise OutOfRangeError(f"{name} = {value}", where="sweep", hint="1 or more")
    if workers.importing_main():
        # The parent says what is the matter; a traceback from every worker would not help.
        raise SystemExit(1)
    runner = _Runner(model, design, [r.name for r in readouts], solver, rtol, progress)
    rows = runner.run(jobs, chunk)
    if all(row.status == Status.BAD_INPUT for row in rows):
        raise InputError(
            f"the model refuses every point: {rows[0].reason}",
            where=f"sweep over {', '.join(design.names)}",
            hint="check the ranges and their units",
        )
    return to_dataset(model, design, readouts, rows, solver=solver, rtol=rtol)


class _Runner:
    """Rows of a design, filled in any order."""

    def __init__(
        self,
        model: Model,
        design: Design,
        read: Sequence[str],
        solver: str,
        rtol: float,
        progress: bool | None,
    ) -> None:
        self.model = model
        self.design = design
        self.read = tuple(read)
        self.readouts = get_readouts(read) if read else ()
        self.solver = solver
        self.rtol = rtol
        self.rows: list[Row | None] = [None] * design.size
        self.failed = 0
        self.bar = self._bar(progress)

    def _bar(self, progress: bool | None) -> Any:
        from tqdm import tqdm

        shown = sys.stderr.isatty() if progress is None else progress
        title = self.model.name
        return tqdm(
            total=self.design.size,
            desc=title,
            unit="run",
            file=sys.stderr,
            disable=not shown,
            dynamic_ncols=True,
        )

    def run(self, jobs: int | None, chunk: int | None) -> list[Row]:
        """Fill every row and return them in the order of the design."""
        with self.bar:
            todo, cost = self._here_first()
            cores = _cores()
            count = min(jobs or cores, max(len(todo), 1))
            worth = cost * len(todo) * (1.0 - 1.0 / count) > POOL_START
            if todo and count > 1 and (jobs is not None or worth):
                size = chunk or max(1, min(LARGEST_CHUNK, int(CHUNK_SECONDS / max(cost, 1e-6))))
                size = min(size, -(-len(todo) // count))
                todo = self._spread(todo, count, size)
            self._here(todo)
        return [row for row in self.rows if row is not None]

    def _here_first(self) -> tuple[list[int], float]:
        """Run points here until kernels are compiled and a run is timed: what is left, and [s]."""
        cost, runs = 0.0, 0
        for k in range(self.design.size):
            if runs == 2:
                return list(range(k, self.design.size)), cost
            start = time.perf_counter()
            self._here([k])
            row = self.rows[k]
            if row is not None and row.status != Status.BAD_INPUT:
                cost, runs = time.perf_counter() - start, runs + 1
        return [], cost

    def _here(self, indices: Sequence[int]) -> None:
        for k in indices:
            row = evaluate(
                self.model,
                self.design.changes(k),
                self.readouts,
                solver=self.solver,
                rtol=self.rtol,
            )
            self._keep([k], [row])

    def _keep(self, indices: Sequence[int], rows: Sequence[Row]) -> None:
        for k, row in zip(indices, rows, strict=True):
            self.rows[k] = row
            self.failed += row.status != Status.OK
        if self.failed:
            self.bar.set_postfix(failed=self.failed, refresh=False)
        self.bar.update(len(indices))

    def _spread(self, todo: list[int], jobs: int, size: int) -> list[int]:
        """Run points in worker processes; returns those that are left to be run here."""
        recipe = workers.Recipe.of(self.model, self.read, self.solver, self.rtol)
        for attempt in range(RESTARTS + 1):
            before = len(todo)
            try:
                self._through_pool(recipe, todo, jobs, size)
                return []
            except BrokenProcessPool:
                todo = [k for k in todo if self.rows[k] is None]
                if len(todo) == before:
                    warnings.warn(
                        "worker processes could not start, so one process does the sweep; in a "
                        'script, call it under if __name__ == "__main__":',
                        RuntimeWarning,
                        stacklevel=4,
                    )
                    return todo
                if attempt == RESTARTS:
                    raise SimulationError(
                        f"worker processes died twice, {len(todo)} points before the end",
                        where=f"sweep over {', '.join(self.design.names)}",
                        hint="memory may have run out: use fewer jobs",
                    ) from None
        return todo

    def _through_pool(
        self, recipe: workers.Recipe, todo: Sequence[int], jobs: int, size: int
    ) -> None:
        executor = workers.pool(recipe, jobs)
        parts = (todo[start : start + size] for start in range(0, len(todo), size))
        pending: dict[Future[list[Row]], Sequence[int]] = {}

        def send(count: int) -> None:
            for part in islice(parts, count):
                points = [self.design.changes(k) for k in part]
                pending[executor.submit(workers.run_chunk, points)] = part

        try:
            with workers.terminal_signals_left_to_the_parent():
                send(jobs)  # this starts the processes
            send(jobs * QUEUED)
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    self._keep(pending.pop(future), future.result())
                    send(1)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
