"""`calcikin bench`: the report, its files, its progress. No time is ever asserted."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from calcikin import bench

run = bench.run


@cache
def quick_report() -> bench.BenchReport:
    return run(quick=True)


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
