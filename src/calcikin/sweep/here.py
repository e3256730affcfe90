"""Many points in this process, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from calcikin.simulate.many import run_many
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import Readout
from calcikin.simulate.rows import Table
from calcikin.solvers.choice import SOLVERS
from calcikin.sweep.point import evaluate

__all__ = ["SOLVERS", "Columns", "Flags", "evaluate_here", "one_by_one"]

Columns = Mapping[str, npt.NDArray[np.float64]]
Flags = Mapping[str, npt.NDArray[np.bool_]]


def one_by_one(solver: str) -> bool:
    """Whether `solver` runs points one by one on one core, so that processes help."""
    return solver != "ensemble"


def evaluate_here(
    model: Model,
    columns: Columns,
    flags: Flags,
    readouts: Sequence[Readout],
    *,
    solver: str = "lsoda",
    rtol: float = 1e-6,
    threads: int | None = None,
) -> Table:
    """Run `model` at n points in this process; never raises for what happens in a run.

    Parameters
    ----------
    model : Model
    columns : mapping of str to ndarray, shape (n,)
        Input, parameter, setting or ratio -> values in ``model.unit_of(name)``.
    flags : mapping of str to ndarray of bool, shape (n,)
        Mechanism -> whether it is on at each point.
    readouts : sequence of Readout
    solver : str, one of `SOLVERS`
    rtol : float
        Relative tolerance [1].
    threads : int, optional
        Of the ensemble; by default one per core.

    Returns
    -------
    Table
        The numbers of a point do not depend on the other points.
    """
    n = next((column.size for column in (*columns.values(), *flags.values())), 1)
    if not one_by_one(solver):
        return run_many(model, columns, flags, readouts, n, rtol=rtol, threads=threads)
    rows = []
    for k in range(n):
        off = [name for name, flag in flags.items() if not flag[k]]
        changes = {name: float(column[k]) for name, column in columns.items()}
        variant = model.with_(switch_off=off) if off else model
        rows.append(evaluate(variant, changes, readouts, solver=solver, rtol=rtol))
    values = np.array([row.values for row in rows], dtype=float).reshape(n, len(readouts))
    return Table(
        values={readout.name: values[:, j].copy() for j, readout in enumerate(readouts)},
        status=np.array([row.status for row in rows], dtype=np.int8),
        reason=[row.reason for row in rows],
        balance_error=np.array([row.balance_error for row in rows], dtype=float),
    )
