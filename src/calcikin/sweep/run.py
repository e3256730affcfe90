"""A sweep: a design is run, here or elsewhere, into a table in memory or on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin.errors import InputError
from calcikin.simulate.model import Model, load
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.rows import Table
from calcikin.solvers.choice import choose
from calcikin.solvers.status import Status
from calcikin.sweep.design import Design, Values, grid
from calcikin.sweep.here import Columns, Flags
from calcikin.sweep.labels import Labels
from calcikin.sweep.spread import Work, check_options, spread
from calcikin.sweep.store import open_table
from calcikin.sweep.table import Sheet
from calcikin.sweep.zarr_files import check_chunks
from calcikin.sweep.zarr_store import Store

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep"]

#: Points that are tried, without running them, before a store is made.
TRIED = 1000


def sweep(
    model: Model | str,
    over: Mapping[str, Values] | Design,
    read: str | Sequence[str] = ("t50",),
    *,
    store: str | Path | None = None,
    resume: bool = False,
    jobs: int | None = None,
    executor: Any = None,
    progress: bool | None = None,
    solver: str = "auto",
    rtol: float | None = None,
    chunk: int | None = None,
) -> xr.Dataset:
    """Run a model at every point of a design and collect read-outs.

    Parameters
    ----------
    model : Model or str
        A model, or the name of one.
    over : mapping or Design
        Input, parameter, setting or ratio -> values: numbers in ``model.unit_of(name)``, texts with
        units, or a range ``"0.5:2.0:16mmol/L"``. One dimension of the result for each. Or a design,
        such as `sobol`, `patients` or `cohort` make it.
    read : str or sequence of str
        Names of read-outs, see `calcikin.simulate.readouts.READOUTS`.
    store : str or Path, optional
        A folder that ends in ``.zarr``: filled while the sweep runs, so that a sweep that is
        stopped or killed loses a few seconds of work, and memory does not grow with the number of
        points.
    resume : bool
        Go on with a store that is there. The result is that of a sweep that was never stopped, bit
        for bit.
    jobs : int, optional
        Number of threads of the ensemble, one per core by default; of processes for the other
        solvers, one per core unless starting them would take longer. The result is the same for
        any number.
    executor : optional
        Anything with the `submit` of `concurrent.futures.Executor`, such as
        ``dask.distributed.Client(...).get_executor()`` or ``mpi4py.futures.MPIPoolExecutor()``: its
        workers run the points. `jobs` then tells how many they are, so that each has work waiting.
    progress : bool, optional
        Whether to show a bar on stderr; by default when it is a terminal.
    solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
    rtol : float, optional
        Relative tolerance [1]; by default that of the solver.
    chunk : int, optional
        Points that are sent at a time; by default half a second of work.

    Returns
    -------
    xarray.Dataset
        One variable per read-out with its unit, ``status``, ``reason`` and ``balance_error``, over
        one dimension per input of a grid, or over ``point``; attributes ``failed`` (number of
        failed points), ``provenance`` and ``sources`` (JSON: inputs, versions, hashes; the papers
        behind the numbers). A failed point has NaN, a status and a reason. With a store it is read
        from there when it is used.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        For bad input, before anything runs; and when the model refuses every point.
    OutputError
        When the store exists already, or cannot be written.
    SimulationError
        When processes keep dying.

    Examples
    --------
    >>> table = sweep("t50_serum", {"serum.Mg": [0.8, 1.2]}, read=["t50", "rh_cpp2"], jobs=1)
    >>> table["t50"].dims, table["t50"].units, int(table.attrs["failed"])
    (('serum.Mg',), 'min', 0)
    >>> bool(table["t50"][1] > table["t50"][0])
    True
    """
    if isinstance(model, str):
        model = load(model)
    design = over if isinstance(over, Design) else grid(model, over)
    # the error of the balances is always there
    readouts = [r for r in get_readouts(read) if r.name != "balance_error"]
    check_options(solver, jobs, chunk)
    solver, rtol = choose(solver, rtol, design.size)
    if resume and store is None:
        raise InputError("nothing to resume without a store", where="sweep", hint="store=...")
    _try_points(model, design)
    labels = Labels(model, design, readouts, solver, rtol)

    def block(start: int, stop: int) -> tuple[Columns, Flags]:
        return design.columns(start, stop), {}

    work = Work(model, block, tuple(r.name for r in readouts), solver, rtol)

    def fill(keep: Callable[[int, Table], None], ranges: Sequence[range]) -> None:
        bar = _Bar(model.name, design.size, design.size - sum(map(len, ranges)), progress)
        with bar:
            spread(work, ranges, bar.around(keep), jobs=jobs, executor=executor, chunk=chunk)

    if store is None:
        sheet = Sheet(labels)
        fill(sheet.keep, [range(design.size)])
        if np.all(sheet.columns["status"] == Status.BAD_INPUT):
            raise _refused(design, str(sheet.columns["reason"][0]))
        return sheet.dataset()
    kept = Store.begin(store, labels, resume=resume)
    with kept.locked():
        check_chunks(kept.path)
        fill(kept.keep, list(kept.missing()))
        found = kept.finish()
    table = open_table(store)
    if set(found) == {int(Status.BAD_INPUT)}:
        raise _refused(design, str(table["reason"].values.ravel()[0]))
    return table


def _try_points(model: Model, design: Design) -> None:
    """Refuse a design of which the model would run no point, before a file is made for it."""
    reason = ""
    for k in range(min(design.size, TRIED)):
        try:
            model.with_(design.changes(k)).input_values()
        except InputError as error:
            reason = reason or (f"{error.what} ({error.hint})" if error.hint else error.what)
        else:
            return
    if design.size <= TRIED:
        raise _refused(design, reason)


def _refused(design: Design, reason: str) -> InputError:
    return InputError(
        f"the model refuses every point: {reason}",
        where=f"sweep over {', '.join(design.names)}",
        hint="check the ranges and their units",
    )


class _Bar:
    """Progress on stderr: points, rate, time that is left, failed points."""

    def __init__(self, title: str, size: int, done: int, progress: bool | None) -> None:
        from tqdm import tqdm

        shown = sys.stderr.isatty() if progress is None else progress
        self.failed = 0
        self.bar = tqdm(
            total=size,
            initial=done,
            desc=title,
            unit="run",
            file=sys.stderr,
            disable=not shown,
            dynamic_ncols=True,
        )

    def around(self, keep: Callable[[int, Table], None]) -> Callable[[int, Table], None]:
        """`keep`, and the bar goes on."""

        def kept(start: int, table: Table) -> None:
            keep(start, table)
            self.failed += int(np.count_nonzero(table.status != Status.OK))
            if self.failed:
                self.bar.set_postfix(failed=self.failed, refresh=False)
            self.bar.update(len(table))

        return kept

    def __enter__(self) -> None:
        self.bar.__enter__()

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)
