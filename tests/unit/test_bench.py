"""The benchmark: its structure, and what holds for any timing. No time is ever asserted."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache

import pytest

from calcikin import bench
from calcikin.bench.norm import matched_time
from calcikin.bench.precision import Solve
from calcikin.bench.report import BUDGETS, BenchReport

WAYS = [("compiled", "exact"), ("compiled", "differences"), ("python", "exact")]


@cache
def report() -> BenchReport:
    return bench.run(quick=True)


def test_every_way_of_solving_is_there() -> None:
    ladders = report().ladders()
    expected = {(s, *way) for s in ("lsoda", "bdf", "radau") for way in WAYS}
    assert set(ladders) == expected | {("lsoda", "python", "differences")}
    for (_, rhs, _), rows in ladders.items():
        assert len(rows) == (1 if rhs == "python" else 3)
    for row in report().solves:
        assert row.status == "ok"
        assert row.time_s > 0.0
        assert row.nfev > 0
        assert row.njev >= 0
        assert row.repeats >= 1
        assert math.isfinite(row.error)
        assert row.error > 0.0


def test_error_falls_with_the_tolerance() -> None:
    for way, rows in report().ladders().items():
        errors = [row.error for row in sorted(rows, key=lambda r: -r.rtol)]
        assert errors == sorted(errors, reverse=True), way
        if len(rows) > 1:
            # 1e-3 to 1e-7: at least two of the four orders of magnitude arrive
            assert errors[0] / errors[-1] > 1e2, way


def test_reference_is_better_than_anything_compared_with_it() -> None:
    difference = report().problem["reference_difference"]
    assert 0.0 < difference < 0.1 * min(row.error for row in report().solves)


def test_differences_cost_evaluations_and_python_takes_the_same_steps() -> None:
    ladders = report().ladders()
    for solver in ("bdf", "radau"):  # LSODA chooses; it may take no Jacobian at all
        for exact, differences in zip(
            ladders[solver, "compiled", "exact"],
            ladders[solver, "compiled", "differences"],
            strict=True,
        ):
            assert differences.nfev > exact.nfev
    for solver in ("lsoda", "bdf", "radau"):
        python = ladders[solver, "python", "exact"][0]
        peers = ladders[solver, "compiled", "exact"]
        compiled = next(row for row in peers if row.rtol == python.rtol)
        # the two right-hand sides differ by round-off: nearly the same steps (some convergence
        # test may fall the other way), and the same accuracy within a factor of two
        assert python.nfev == pytest.approx(compiled.nfev, rel=0.1)
        assert 0.5 < python.error / compiled.error < 2.0


def test_kernels_and_run() -> None:
    kernels = report().kernels
    assert {"speciation_cold", "speciation_warm", "rhs", "jacobian", "observation"} == set(kernels)
    for name, cost in kernels.items():
        assert cost["ns"] > 0.0, name
        assert cost["how"]
    # a warm start saves Newton steps; it takes at least the one that shows that it has converged
    warm, cold = kernels["speciation_warm"], kernels["speciation_cold"]
    assert 1.0 <= warm["iterations"] < cold["iterations"]
    run = report().t50_run
    assert run["status"] == "ok"
    assert run["time_s"] >= run["solver_time_s"] > 0.0
    assert run["nfev"] > run["njev"] >= 0


def test_as_plain_data() -> None:
    data = json.loads(report().to_json())
    assert data == json.loads(json.dumps(report().to_dict(), allow_nan=False))
    assert set(data) == {
        "machine",
        "problem",
        "budgets",
        "t50_run",
        "kernels",
        "processes",
        "solves",
        "ratios",
    }
    machine = data["machine"]
    assert machine["cpu"]
    assert machine["cores"] >= machine["usable_cores"] >= 1
    assert {"calcikin", "numpy", "scipy", "numba"} <= set(machine["packages"])
    for row in data["solves"]:
        assert row["error_in_tolerances"] == pytest.approx(row["error"] / row["rtol"])
    assert data["problem"]["quick"] is True
    assert data["processes"] == {}
    assert {row["what"] for row in data["budgets"]} <= set(BUDGETS)


def test_table_names_everything() -> None:
    text = report().table()
    for words in ("lsoda", "bdf", "radau", "python", "right-hand side", "warm speciation"):
        assert words in text
    assert "NaN" not in text
    assert max(len(line) for line in text.splitlines()) < 140


def test_figure_has_a_line_for_every_way() -> None:
    figure = report().figure()
    axes = figure.axes[0]
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 0]
    assert len(drawn) == 10
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_ratios_compare_like_with_like() -> None:
    rows = {(r["solver"], r["rhs"], r["jacobian"]): r for r in report().ratios()}
    assert rows["lsoda", "compiled", "exact"]["ratio"] == pytest.approx(1.0)
    for (solver, rhs, jacobian), row in rows.items():
        if rhs == "python":
            assert row["to"] == f"{solver}, compiled, {jacobian}"
            assert row["compared_at"] == "rtol 0.001"
        else:
            assert row["to"] == "lsoda, compiled, exact"
            assert row["compared_at"] == "error 0.0001"
        assert row["ratio"] is None or row["ratio"] > 0.0


def test_failed_solve_is_a_row_without_numbers() -> None:
    base = report().solves[0]
    failed = replace(base, error=math.nan, time_s=math.nan, status="solver_failed")
    broken = replace(report(), solves=(*report().solves, failed))
    row = json.loads(broken.to_json())["solves"][-1]
    assert row["error"] is None
    assert row["time_s"] is None
    assert row["error_in_tolerances"] is None
    assert "solver_failed" in broken.table()
    assert "nan" not in broken.table()


def ladder(*points: tuple[float, float, float]) -> list[Solve]:
    base = Solve("lsoda", "compiled", "exact", 1.0, 1.0, 0.0, 1.0, 1, 1, 1, "ok")
    return [replace(base, rtol=r, error=e, time_s=t) for r, e, t in points]


def test_matched_time() -> None:
    # error = rtol, time = rtol^-1/2: at error 1e-4 the time is 100, exactly, in logarithms
    rows = ladder((1e-3, 1e-3, 10**1.5), (1e-5, 1e-5, 10**2.5))
    assert matched_time(rows, 1e-4) == pytest.approx(100.0)
    assert matched_time(rows[::-1], 1e-4) == pytest.approx(100.0)
    # not enclosed: never guessed
    assert matched_time(rows, 1e-6) is None
    assert matched_time(rows, 1e-2) is None
    assert matched_time([], 1e-4) is None
    # the error must stay below: a lucky early point does not count
    lucky = ladder((1e-2, 1e-5, 1.0), (1e-3, 1e-3, 10.0), (1e-5, 1e-5, 1000.0))
    assert matched_time(lucky, 1e-4) == pytest.approx(100.0)
    assert matched_time(ladder((1e-2, 1e-2, 1.0), (1e-3, math.nan, 2.0)), 1e-4) is None
