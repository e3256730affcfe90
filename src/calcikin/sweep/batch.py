"""Many points at once, as columns: what maps, sensitivities, attributions and fits are built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, UnknownNameError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.sweep.point import evaluate

__all__ = ["Table", "evaluate_many"]


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


def evaluate_many(
    model: Model,
    columns: Mapping[str, npt.ArrayLike],
    read: str | Sequence[str] = ("t50",),
    *,
    switches: Mapping[str, npt.ArrayLike] | None = None,
    solver: str = "lsoda",
    rtol: float = 1e-6,
) -> Table:
    """Run `model` at n points and read each; never raises for what happens in a run.

    Parameters
    ----------
    model : Model
    columns : mapping of str to array_like, shape (n,)
        Input, parameter, setting or ratio -> values in ``model.unit_of(name)``.
    read : str or sequence of str
        Names of read-outs.
    switches : mapping of str to array_like of bool, shape (n,), optional
        Mechanism -> whether it is on at each point; those that are not named stay as in `model`.
    solver : {"lsoda", "bdf", "radau"}
    rtol : float
        Relative tolerance [1].

    Returns
    -------
    Table

    Raises
    ------
    UnknownNameError
        For an unknown input, read-out or mechanism.
    InputError
        For columns of unequal length.
    """
    numbers = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    flags = {name: np.asarray(column, dtype=bool) for name, column in (switches or {}).items()}
    for name in numbers:
        model.unit_of(name)
    for name in flags:
        if name not in model.scenario.network.switches:
            raise UnknownNameError("mechanism", name, model.scenario.network.switches)
    sizes = {column.shape for column in (*numbers.values(), *flags.values())}
    if len(sizes) > 1 or any(len(shape) != 1 for shape in sizes):
        raise InputError(f"columns of shapes {sorted(sizes)} do not match", where="evaluate_many")
    n = sizes.pop()[0] if sizes else 1
    readouts = get_readouts(read)
    rows = []
    for k in range(n):
        off = [name for name, flag in flags.items() if not flag[k]]
        changes = {name: float(column[k]) for name, column in numbers.items()}
        variant = model.with_(switch_off=off) if off else model
        rows.append(evaluate(variant, changes, readouts, solver=solver, rtol=rtol))
    table = np.array([row.values for row in rows], dtype=float).reshape(n, len(readouts))
    return Table(
        values={readout.name: table[:, j].copy() for j, readout in enumerate(readouts)},
        status=np.array([row.status for row in rows], dtype=np.int8),
        reason=tuple(row.reason for row in rows),
        balance_error=np.array([row.balance_error for row in rows], dtype=float),
    )
