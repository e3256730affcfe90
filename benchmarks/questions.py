"""What many runs at once are asked: a map, Sobol indices, Shapley values, a traced boundary.

Seconds on the clock hold for a machine that does nothing else; processor seconds hardly depend on
what else runs. What they make on all cores is in the column "shared": less it cannot take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common

import calcikin
from calcikin.analysis import attribute, boundary, sobol
from calcikin.analysis.fields import field
from calcikin.analysis.ranges import ranges_of
from calcikin.bench.processes import in_fresh_process
from calcikin.solvers.ensemble import cores

OVER = {"serum.Mg": (0.4, 2.0), "serum.Pi": (0.7, 2.0)}
#: Inputs that vary between patients: twelve, as in the benchmark that was set.
TWELVE = (
    *("serum.Ca", "serum.Mg", "serum.Pi", "serum.PPi", "serum.ATP", "serum.citrate"),
    *("serum.albumin", "serum.fetuin", "serum.bicarbonate", "serum.K", "serum.Na", "serum.Cl"),
)
MG = "serum.Mg: 0.8 -> 1.2 mmol/L"


#: In a process of its own: Sobol indices from so many base rows.
_INDICES = """
sys.path.insert(0, sys.argv[1])
from questions import TWELVE
from calcikin.analysis import sobol
sobol("t50_serum", TWELVE, spread=0.1, size=int(sys.argv[2]))
"""


def peak(size: int) -> float:
    """Largest memory of a fresh process that computes Sobol indices [MB]."""
    stages = in_fresh_process(_INDICES, Path(__file__).parent, size)
    return float(stages["peak_memory_MB"])


def measure(quick: bool = False) -> dict[str, Any]:
    """Time each question once, warm; seconds aimed at on two free cores in the last column.

    Then the largest memory of fresh processes that ask for Sobol indices from few and many runs.
    """
    model = calcikin.load("t50_serum")
    side, rows = (16, 2**6) if quick else (256, 2**13)
    switches = tuple(model.scenario.network.switches)[: 4 if quick else 9]
    field(model, ranges_of(model, OVER), size=16)  # compiled and warm: as many as go together

    def a_map() -> int:
        field(model, ranges_of(model, OVER), size=side)
        return side**2

    def a_sobol() -> int:
        return sobol(model, TWELVE, spread=0.1, size=rows).runs

    def a_shapley() -> int:
        return attribute(model, MG, among=switches).runs

    def a_boundary() -> int:
        return boundary(model, OVER, "t50 > 300 min").simulations

    questions: dict[str, tuple[Callable[[], int], float]] = {
        f"map {side} x {side}": (a_map, 15.0),
        f"Sobol, 12 factors, {rows} rows": (a_sobol, 25.0),
        f"Shapley, {len(switches)} switches": (a_shapley, 2.0),
        "traced boundary": (a_boundary, 1.0),
    }
    print(f"{'question':32}{'runs':>9}{'s':>9}{'cpu s':>9}{'shared':>9}{'ms/run':>9}{'aim/s':>8}")
    results: dict[str, Any] = {}
    for name, (call, aim) in questions.items():
        start, busy = time.perf_counter(), time.process_time()
        runs = call()
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        results[name] = {
            "runs": runs,
            "time_s": seconds,
            "cpu_s": busy,
            "aim_s": None if quick else aim,
        }
        each, shared = 1e3 * busy / runs, busy / cores()
        print(f"{name:32}{runs:9d}{seconds:9.2f}{busy:9.2f}{shared:9.2f}{each:9.3f}{aim:8.0f}")
    results["peak_mb"] = {size * 14: peak(size) for size in (rows // 8, rows) if size >= 8}
    for runs, megabytes in results["peak_mb"].items():
        print(f"memory with {runs} runs: {megabytes:.0f} MB")
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
