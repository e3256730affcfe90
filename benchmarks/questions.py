"""What many runs at once are asked: a map, Sobol indices, Shapley values, a traced boundary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import common

import calcikin
from calcikin.analysis import attribute, boundary, sobol
from calcikin.analysis.fields import field
from calcikin.analysis.ranges import ranges_of

OVER = {"serum.Mg": (0.4, 2.0), "serum.Pi": (0.7, 2.0)}
#: Inputs that vary between patients: twelve, as in the benchmark that was set.
TWELVE = (
    *("serum.Ca", "serum.Mg", "serum.Pi", "serum.PPi", "serum.ATP", "serum.citrate"),
    *("serum.albumin", "serum.fetuin", "serum.bicarbonate", "serum.K", "serum.Na", "serum.Cl"),
)
MG = "serum.Mg: 0.8 -> 1.2 mmol/L"


def measure(quick: bool = False) -> dict[str, Any]:
    """Time each question once, warm; seconds aimed at on two free cores in the last column."""
    model = calcikin.load("t50_serum")
    side, rows = (16, 2**4) if quick else (256, 2**13)
    switches = tuple(model.scenario.network.switches)[: 4 if quick else 9]
    model.simulate(solver="lsoda")
    attribute(model, MG, among=switches[:1])  # compiled and warm

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
    print(f"{'question':32}{'runs':>9}{'s':>9}{'ms/run':>9}{'aim/s':>8}")
    results: dict[str, Any] = {}
    for name, (call, aim) in questions.items():
        start = time.perf_counter()
        runs = call()
        seconds = time.perf_counter() - start
        results[name] = {"runs": runs, "time_s": seconds, "aim_s": None if quick else aim}
        print(f"{name:32}{runs:9d}{seconds:9.2f}{1e3 * seconds / runs:9.3f}{aim:8.0f}")
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
