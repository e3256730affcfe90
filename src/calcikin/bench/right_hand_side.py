"""Speciation, right-hand side and Jacobian along a run of every shipped model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from calcikin.bench.kernels import CALLS, kernel_costs
from calcikin.model.modelfile import scenario_names
from calcikin.simulate.model import Model, load
from calcikin.simulate.reference import reference_rhs

__all__ = ["measure_rhs", "rhs_table"]

KERNELS = ("speciation_cold", "speciation_warm", "rhs", "jacobian")
TWIN = "plain-Python twin"


def measure_rhs(*, quick: bool, progress: Callable[[str], None]) -> dict[str, Any]:
    """Time each kernel, and the plain-Python twin of the right-hand side on a few states.

    Parameters
    ----------
    quick : bool
        One model instead of all.
    progress : callable

    Returns
    -------
    dict
        ``results``: ``model``, ``kernel``, ``role``, ``ns`` per call, ``how``.
    """
    rows = []
    for name in ["t50_serum"] if quick else scenario_names():
        progress(name)
        model = load(name)
        run = model.simulate()
        costs = kernel_costs(model, run.y, repeats=3 if quick else 15)
        costs["twin"] = {"ns": 1e9 * _twin_s(model, run.y, 3 if quick else 20), "how": TWIN}
        rows += [
            {
                "model": name,
                "kernel": k,
                "role": "ours",
                "ns": costs[k]["ns"],
                "how": costs[k]["how"],
            }
            for k in (*KERNELS, "twin")
        ]
    return {"problem": {"name": "rhs"}, "results": rows, "missing": []}


def _twin_s(model: Model, ys: Any, count: int) -> float:
    """Time of one right-hand side in plain Python [s]."""
    twin = reference_rhs(model)
    times = []
    for y in ys[:: max(1, len(ys) // count)]:
        start = time.perf_counter()
        twin(0.0, y)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def rhs_table(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a measurement for a terminal."""
    names = (*KERNELS, "twin")
    yield f"{'us per call':18}" + "".join(f"{k.replace('_', ' '):>18}" for k in names)
    for model in dict.fromkeys(row["model"] for row in data["results"]):
        cells = [row["ns"] for row in data["results"] if row["model"] == model]
        yield f"{model:18}" + "".join(f"{1e-3 * ns:18.2f}" for ns in cells)
    yield f"cold speciation inside a compiled loop; the others: {CALLS}"
