"""`calcikin bench`: the report, its files, its progress. No time is ever asserted."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from calcikin import bench
from calcikin.bench.machine import describe_machine
from calcikin.bench.precision import Solve
from calcikin.bench.report import BenchReport


@cache
def quick_report() -> bench.BenchReport:
    """A report as `bench.run` gives it; what it measures is tested with it, not here."""
    return BenchReport(
        machine=describe_machine(),
        problem={
            "model": "t50_serum",
            "preset": "healthy",
            "duration_h": 1.0,
            "output_times": 40,
            "states": 24,
            "processes": 35,
            "norm": "largest",
            "reference": "radau",
            "reference_checked_by": "bdf",
            "reference_difference": 1e-9,
            "quick": True,
        },
        solves=tuple(
            Solve("lsoda", "compiled", jacobian, rtol, rtol, 0.1, 1e-3 / rtol, 1, 100, 10, "ok")
            for jacobian in ("exact", "differences")
            for rtol in (1e-3, 1e-5)
        ),
        kernels={name: {"ns": 1e3, "how": "warm"} for name in ("speciation_warm", "rhs")},
        t50_run={"time_s": 0.03},
        processes={},
    )


@pytest.fixture
def ran(monkeypatch):
    """Hand out one report for all tests; keeps what it was asked for."""
    asked = []

    def once(*, quick, progress):
        asked.append(quick)
        if progress is not None:
            progress("one thing")
        return quick_report()

    monkeypatch.setattr(bench, "run", once)
    return asked


def test_json_is_the_report(calcikin, ran):
    result = calcikin("bench", "--quick", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(quick_report().to_json())
    assert result.stderr == "one thing\n"
    assert ran == [True]


def test_table_for_people(calcikin, ran):
    result = calcikin("bench", "-q")
    assert result.stdout == quick_report().table() + "\n"
    assert result.stderr == ""
    assert ran == [False]


@pytest.mark.usefixtures("ran")
def test_files(calcikin, tmp_path):
    out, text, plot = tmp_path / "b.json", tmp_path / "b.txt", tmp_path / "b.png"
    assert calcikin("bench", "-o", out, "--plot", plot).exit_code == 0
    assert calcikin("bench", "-o", text).exit_code == 0
    assert json.loads(out.read_text()) == json.loads(quick_report().to_json())
    assert text.read_text() == quick_report().table() + "\n"
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_failed_solve_ends_with_3(calcikin, monkeypatch):
    solves = quick_report().solves
    broken = replace(quick_report(), solves=(replace(solves[0], status="step_limit"), *solves[1:]))
    monkeypatch.setattr(bench, "run", lambda **_: broken)
    result = calcikin("bench", "--quick")
    assert result.exit_code == 3
    assert f"note: 1 of {len(solves)} solves failed" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-o", "b.nc"), ".nc is not a format"),
        (("-o", "nowhere/b.json"), "the folder 'nowhere' does not exist"),
        (("--plot", "b.json"), ".json is not a format"),
    ],
)
def test_bad_input(refused, monkeypatch, arguments, says):
    def forbidden(**_):
        raise AssertionError("the benchmark was started")

    monkeypatch.setattr(bench, "run", forbidden)
    assert says in refused("bench", *arguments)


def test_a_named_problem(calcikin, tmp_path):
    out, plot = tmp_path / "b.json", tmp_path / "b.svg"
    words = ("bench", "hires", "--n", 8, "--quick", "--json", "-o", out, "--plot", plot)
    result = calcikin(*words)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert json.loads(out.read_text()) == data
    assert plot.read_text().lstrip().startswith("<?xml")
    assert {row["solver"] for row in data["results"]} == {"ensemble lanes", "ensemble scalar"}
    assert data["machine"]["cpu"]
    assert "compiling" in result.stderr
    assert "ensemble lanes: rtol" in result.stderr


def test_peers_run_or_are_named(calcikin):
    result = calcikin("bench", "hires", "--n", 2, "--quick", "--peers", "--json", "-q")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    data = json.loads(result.stdout)
    named = {row["solver"] for row in data["results"]}
    missing = {row["solver"]: row["reason"] for row in data["missing"]}
    assert named | set(missing) == {
        "ensemble lanes",
        "ensemble scalar",
        "SciPy LSODA",
        "SciPy BDF",
        "SciPy Radau",
        "scikit-sundae CVODE",
        "numbalsoda",
        "pydiffsol",
        "libRoadRunner",
        "COPASI",
    }
    assert not named & set(missing)
    assert "not a model" in missing["COPASI"]
    assert all(missing.values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sweeep",), "try: sweep?"),
        (("--peers",), "--peers needs the name of a problem"),
        (("--n", "10"), "--n needs the name of a problem"),
        (("rhs", "--n", "10"), "rhs has no number of trajectories"),
        (("sweep", "--n", "0"), "0 trajectories"),
        (("speciation", "--plot", "b.png"), "speciation compares no solvers"),
    ],
)
def test_bad_names_and_numbers(refused, monkeypatch, arguments, says):
    def forbidden(**_):
        raise AssertionError("the benchmark was started")

    monkeypatch.setattr(bench, "measure", forbidden)
    assert says in refused("bench", *arguments)
