"""Many points in this process, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.simulate.many import run_many
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import Readout
from calcikin.solvers.choice import SOLVERS
from calcikin.sweep.point import Row, evaluate

__all__ = ["SOLVERS", "Columns", "Flags", "Table", "evaluate_here", "one_by_one"]

Columns = Mapping[str, npt.NDArray[np.float64]]
Flags = Mapping[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Table:
    """Read-outs of many points.

    Attributes
    ----------
    values : dict of str to ndarray, shape (n,)
        One column per read-out, in its unit; NaN where a run failed or has no such number.
    status : ndarray of int8, shape (n,)
        A :class:`~calcikin.solvers.status.Status` per point.
    reason : tuple of str, length n
    balance_error : ndarray, shape (n,) [1]
    """

    values: dict[str, npt.NDArray[np.float64]]
    status: npt.NDArray[np.int8]
    reason: tuple[str, ...]
    balance_error: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return self.status.size

    @classmethod
    def of(cls, rows: Sequence[Row], names: Sequence[str]) -> Table:
        """Rows of read-outs `names` as columns."""
        values = np.array([row.values for row in rows], dtype=float).reshape(len(rows), len(names))
        return cls(
            values={name: values[:, j].copy() for j, name in enumerate(names)},
            status=np.array([row.status for row in rows], dtype=np.int8),
            reason=tuple(row.reason for row in rows),
            balance_error=np.array([row.balance_error for row in rows], dtype=float),
        )

    @classmethod
    def joined(cls, parts: Sequence[Table]) -> Table:
        """One table of several, one below the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            values={n: np.concatenate([p.values[n] for p in parts]) for n in parts[0].values},
            status=np.concatenate([p.status for p in parts]),
            reason=tuple(reason for p in parts for reason in p.reason),
            balance_error=np.concatenate([p.balance_error for p in parts]),
        )


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
        found = run_many(model, columns, flags, readouts, n, rtol=rtol, threads=threads)
        return Table(found.values, found.status, tuple(found.reason), found.balance_error)
    rows = []
    for k in range(n):
        off = [name for name, flag in flags.items() if not flag[k]]
        changes = {name: float(column[k]) for name, column in columns.items()}
        variant = model.with_(switch_off=off) if off else model
        rows.append(evaluate(variant, changes, readouts, solver=solver, rtol=rtol))
    return Table.of(rows, [readout.name for readout in readouts])
