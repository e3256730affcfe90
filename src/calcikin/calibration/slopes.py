"""Exact derivatives of the numbers that datasets need, with respect to fitted numbers.

Each number comes from one run with its derivatives in all fitted directions
(`calcikin.simulate.course`); runs of all points and all parameter sets go over threads together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from calcikin.calibration.points import GIVEN, Demand, Point, variant
from calcikin.compiler.ensemble import compile_sensitivities
from calcikin.simulate.course import SMOOTH, TIMES, course
from calcikin.simulate.directions import Directions, directions_of
from calcikin.simulate.model import Model
from calcikin.simulate.run import default_times
from calcikin.solvers.ensemble import best_width, cores
from calcikin.solvers.status import Status

__all__ = ["exact", "slopes"]

Array = npt.NDArray[np.float64]
#: Relative tolerance of the runs [1]. Ten times that costs up to 2 % of a derivative of T50, which
#: is most of what is left in the difference of two.
RTOL = 1e-7
#: Step in z: fronts, a tenth of a second wide, are to move by much less.
STEP = 1e-8
#: How much longer than a time a run must last for it to be read, as a first guess [1, s].
LONGER, LEAST = 2.0, 3600.0


class Task(NamedTuple):
    """One run: of which set, at which point, and what is read from it."""

    row: int
    point: Point
    reads: tuple[str, ...]


def exact(demand: Demand) -> bool:
    """Whether a number has an exact derivative, or needs no run."""
    return demand.read in SMOOTH or demand.read.partition(".")[0] in GIVEN


def slopes(
    demands: Sequence[Demand],
    numbers: Array,
    parameters: Mapping[str, Array],
    weights: Mapping[str, Array],
) -> Array:
    """Derivatives of numbers by z.

    Parameters
    ----------
    demands : sequence of Demand
        All `exact`.
    numbers : ndarray, shape (m, n_demands)
        Their values; where there is none there is no derivative.
    parameters : mapping of str to ndarray, shape (m,)
        Parameter -> its value in each set, in its unit.
    weights : mapping of str to ndarray, shape (m, n)
        Parameter -> its derivatives by z in each set.

    Returns
    -------
    ndarray, shape (m, n_demands, n)
        NaN where there is none.
    """
    m, names = len(numbers), tuple(parameters)
    n = next(iter(weights.values())).shape[1]
    out = np.full((m, len(demands), n), np.nan)
    wanted: dict[tuple[int, Point], dict[str, int]] = {}
    for j, demand in enumerate(demands):
        kind, _, name = demand.read.partition(".")
        if kind in GIVEN:
            own = kind == "parameter" and name in weights
            out[:, j] = weights[name] if own else 0.0
            continue
        for row in np.flatnonzero(np.isfinite(numbers[:, j])).tolist():
            wanted.setdefault((row, demand.point), {})[demand.read] = j
    tasks = [Task(row, point, tuple(reads)) for (row, point), reads in wanted.items()]
    for point in dict.fromkeys(task.point for task in tasks):
        _start(point, names)  # compiled and laid out before the threads begin

    def run(task: Task) -> dict[str, Array]:
        here = {name: float(parameters[name][task.row]) for name in names}
        moves = np.stack([weights[name][task.row] for name in names], axis=1)
        known = numbers[task.row, [wanted[task.row, task.point][read] for read in task.reads]]
        return _slopes(task, here, moves, known)

    with ThreadPoolExecutor(cores()) as pool:
        for task, found in zip(tasks, pool.map(run, tasks), strict=True):
            for read, values in found.items():
                out[task.row, wanted[task.row, task.point][read]] = values
    return out


@lru_cache(maxsize=256)
def _start(point: Point, names: tuple[str, ...]) -> tuple[Model, Directions, dict[str, float]]:
    """Model and start of a point; parameters do not move it, so that it serves every set.

    Also the parameters that the model has, with what one of their units is inside.
    """
    model = variant(point)
    compile_sensitivities(model.compiled, best_width())
    own = model.scenario.parameters.parameters
    known = [name for name in names if f"parameter.{name}" in model.compiled.layout]
    units = {name: own[name].with_value(1.0).internal for name in known}
    return model, directions_of(model, []), units


def _slopes(
    task: Task, values: Mapping[str, float], moves: Array, known: Array
) -> dict[str, Array]:
    """Derivatives of the read-outs of one run; moves: shape (n, n_names)."""
    model, start, units = _start(task.point, tuple(values))
    layout = model.compiled.layout
    q, n = start.q.copy(), len(moves)
    dq = np.zeros((n, q.size))
    for k, (name, value) in enumerate(values.items()):
        if name in units:
            slot = layout[f"parameter.{name}"]
            q[slot] = value * units[name]
            dq[:, slot] = moves[:, k] * units[name]
    flat = np.zeros((n, start.totals.size)), np.zeros((n, start.y.size))
    directions = replace(start, q=q, dq=dq, dtotals=flat[0], dy=flat[1])
    whole = model.duration
    ends = [whole]
    if all(read in TIMES for read in task.reads):
        last = 60.0 * float(known.max())
        ends = [min(whole, max(LONGER * last, last + LEAST)), whole]
    found = {read: np.full(n, np.nan) for read in task.reads}
    for end in dict.fromkeys(ends):
        times = default_times(whole)
        times = np.append(times[times < end], end)
        status, run = course(model, directions, times, rtol=RTOL, end=whole)
        if status is not Status.OK:
            continue
        read_now = run.read(task.reads, np.full(n, STEP))
        found = {read: derivatives for read, (_, derivatives) in read_now.items()}
        if all(np.isfinite(derivatives).all() for derivatives in found.values()):
            break
    return found
