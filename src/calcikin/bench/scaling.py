"""How a sweep of T50 grows: with trajectories, with threads, and in memory.

What is timed is what a user asks for: T50 alone of many sera, from the columns of inputs to the
column of answers. Each number of trajectories has a process of its own, for its peak memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from calcikin.bench.batch import MODEL, serum_columns
from calcikin.bench.processes import fresh_ensembles, in_fresh_process
from calcikin.simulate.many import run_many
from calcikin.simulate.model import load
from calcikin.simulate.readouts import get_readouts
from calcikin.solvers.ensemble import best_width, cores
from calcikin.solvers.status import Status

__all__ = ["compile_times", "sizes_up_to", "with_threads", "with_trajectories"]

Row = dict[str, Any]
#: Longest sweep that is begun [s].
LIMIT = 300.0
_SWEEP = """
from calcikin import load
from calcikin.bench.batch import serum_columns
from calcikin.sweep.batch import evaluate_many
model, n = load(sys.argv[1]), int(sys.argv[2])
evaluate_many(model, serum_columns(model, 64), ["t50"], solver="ensemble")
stages["memory_before_MB"] = peak()
columns = serum_columns(model, n)
lap()
table = evaluate_many(model, columns, ["t50"], solver="ensemble")
stages["sweep_s"] = lap()
stages["failed"] = int((table.status != 0).sum())
"""


def sizes_up_to(n: int) -> list[int]:
    """Numbers of trajectories: powers of ten from 100 on, and ``n`` itself."""
    powers = [10**k for k in range(2, 1 + math.floor(math.log10(max(n, 1))))]
    return [*powers, *([] if n in powers else [n])]


def with_trajectories(
    sizes: Sequence[int], progress: Callable[[str], None], limit_s: float = LIMIT
) -> tuple[list[Row], list[Row]]:
    """Time and memory of sweeps of T50, on all cores.

    Parameters
    ----------
    sizes : sequence of int, growing
    progress : callable
    limit_s : float
        A sweep that would take longer, by the time of the one before, is left out [s].

    Returns
    -------
    rows : list of dict
        ``trajectories``, ``threads``, ``sweep_s``, ``us_per_trajectory``, ``failed``,
        ``peak_memory_MB`` of the process and ``memory_before_MB``, what it holds before the sweep.
    left_out : list of dict
        ``trajectories``, ``expected_s``.
    """
    rows: list[Row] = []
    left_out: list[Row] = []
    for n in sizes:
        expected = 1e-6 * n * rows[-1]["us_per_trajectory"] if rows else 0.0
        if expected > limit_s:
            left_out.append({"trajectories": n, "expected_s": expected})
            continue
        progress(f"T50 of {n} sera, {cores()} threads")
        stages = in_fresh_process(_SWEEP, MODEL, n)
        rows.append(
            {
                "trajectories": n,
                "threads": cores(),
                "sweep_s": stages["sweep_s"],
                "us_per_trajectory": 1e6 * stages["sweep_s"] / n,
                "failed": stages["failed"],
                "peak_memory_MB": stages["peak_memory_MB"],
                "memory_before_MB": stages["memory_before_MB"],
            }
        )
    return rows, left_out


def with_threads(
    n: int, threads: Sequence[int], progress: Callable[[str], None], repeats: int = 3
) -> list[Row]:
    """Elapsed time of one sweep of T50 with different numbers of threads.

    Returns
    -------
    list of dict
        ``threads``, ``trajectories``, ``sweep_s`` (the least of the repeats: what else the machine
        does only adds to it), ``speedup`` over the first.
    """
    model = load(MODEL)
    columns, read = serum_columns(model, n), get_readouts(["t50"])
    few = serum_columns(model, 64)
    run_many(model, few, {}, read, 64)  # compiles
    rows: list[Row] = []
    for number in threads:
        progress(f"T50 of {n} sera, threads: {number}")
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            found = run_many(model, columns, {}, read, n, threads=number)
            times.append(time.perf_counter() - start)
        rows.append(
            {
                "threads": number,
                "trajectories": n,
                "sweep_s": min(times),
                "failed": int((found.status != Status.OK).sum()),
            }
        )
    for row in rows:
        row["speedup"] = rows[0]["sweep_s"] / row["sweep_s"]
    return rows


def compile_times(progress: Callable[[str], None]) -> dict[str, Any]:
    """Cold and warm compile of the ensemble, scalar and in lanes; see `fresh_ensembles`."""
    found: dict[str, Any] = {}
    for name, width in (("scalar", 1), ("lanes", best_width())):
        progress(f"compiling the ensemble, {name}: empty cache, then from cache")
        found[name] = {"width": width} | fresh_ensembles(MODEL, width)
    return found
