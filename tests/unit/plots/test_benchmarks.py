"""Figures of solver benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from calcikin import plots
from calcikin.errors import InputError

Curves = Callable[[Axes], dict[str, np.ndarray]]
Key = Callable[[Axes], list[str]]
Rules = Callable[[Figure], None]


def a_benchmark() -> list[dict[str, Any]]:
    """Made-up work-precision results of three solvers."""
    rows = []
    for s, solver in enumerate(("LSODA", "BDF", "Radau")):
        for code, slow in (("compiled", 1.0), ("python", 120.0)):
            for jacobian, more in (("exact", 1.0), ("differences", 1.6)):
                for power in range(3, 10):
                    time = 3e-3 * (1 + s) * slow * more * 1.5 ** (power - 3)
                    error = 3.0 * 10.0 ** (1 - power * (1 + 0.05 * s))
                    rows.append(
                        {
                            "solver": solver,
                            "rhs": code,
                            "jacobian": jacobian,
                            "rtol": 10.0**-power,
                            "time_s": time,
                            "error": error,
                        }
                    )
    rows[5]["error"] = rows[5]["time_s"] = np.nan
    return rows


EVERY = {
    "bench_work_precision": lambda: plots.bench_work_precision(a_benchmark()),
}


@pytest.mark.parametrize("name", EVERY)
def test_house_rules(name: str, house_rules: Rules) -> None:
    house_rules(EVERY[name]())


def test_work_precision_draws_every_combination(key: Key) -> None:
    (axes,) = plots.bench_work_precision(a_benchmark()).axes
    lines = [line for line in axes.get_lines() if np.size(line.get_ydata()) > 2]
    assert len(lines) == 3 * 2 * 2
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert key(axes)[:3] == ["LSODA", "BDF", "Radau"]
    assert sum(np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum() for line in lines) == 1
    look = {
        (line.get_marker(), str(line.get_linestyle()), to_rgb(str(line.get_markerfacecolor())))
        for line in lines
    }
    assert len(look) == 12  # no two look alike


def test_benchmark_results_must_be_complete() -> None:
    with pytest.raises(InputError, match="no benchmark results"):
        plots.bench_work_precision([])
    row = a_benchmark()[0]
    del row["error"]
    with pytest.raises(InputError, match="result 0 has no 'error'"):
        plots.bench_work_precision([row])
