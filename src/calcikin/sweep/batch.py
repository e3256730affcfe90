"""Many points at once, as columns: what maps, sensitivities, attributions and fits are built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, UnknownNameError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.rows import Table
from calcikin.solvers.choice import choose
from calcikin.sweep.here import Columns, Flags
from calcikin.sweep.spread import Work, spread

__all__ = ["evaluate_many"]


def evaluate_many(
    model: Model,
    columns: Mapping[str, npt.ArrayLike],
    read: str | Sequence[str] = ("t50",),
    *,
    switches: Mapping[str, npt.ArrayLike] | None = None,
    solver: str = "auto",
    rtol: float | None = None,
    jobs: int | None = None,
    executor: Any = None,
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
    solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
    rtol : float, optional
        Relative tolerance [1]; by default that of the solver.
    jobs : int, optional
        Processes for a solver that runs points one by one, by default one per core when it is
        worth starting them; threads of the ensemble. The numbers are the same for any number.
    executor : optional
        Anything with the `submit` of `concurrent.futures.Executor`, to run the points instead.

    Returns
    -------
    Table

    Raises
    ------
    UnknownNameError
        For an unknown input, read-out, mechanism or solver.
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

    def block(start: int, stop: int) -> tuple[Columns, Flags]:
        return (
            {name: column[start:stop] for name, column in numbers.items()},
            {name: column[start:stop] for name, column in flags.items()},
        )

    solver, rtol = choose(solver, rtol, n)
    names = tuple(readout.name for readout in get_readouts(read))
    parts: dict[int, Table] = {}
    spread(
        Work(model, block, names, solver, rtol),
        [range(n)],
        parts.__setitem__,
        jobs=jobs,
        executor=executor,
    )
    return Table.joined([parts[start] for start in sorted(parts)])
