"""Usage, unexpected errors, and files that fail while they are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import xarray as xr

import calcikin as package
from calcikin.cli.main import VERBS
from calcikin.simulate.model import Model


def test_version(calcikin):
    result = calcikin("--version")
    assert (result.exit_code, result.stdout) == (0, f"calcikin {package.__version__}\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(calcikin, verb):
    for flag in ("--help", "-h"):
        result = calcikin(verb, flag)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"Usage: calcikin {verb} ")


def test_the_verbs_are_listed(calcikin):
    text = calcikin("--help").stdout
    assert all(f"\n  {verb} " in text for verb in VERBS)
    assert "never for decisions about a patient" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("runn",), "try: run?"),
        (("zzz",), "one of run, sweep"),
        (("run",), "Missing argument 'MODEL'"),
        (("run", "t50_serum", "--colour"), "No such option"),
        (("run", "t50_serum", "sbf"), "unexpected extra argument"),
        (("run", "t50_serum", "--set"), "requires an argument"),
        (("run", "t50_serum", "--rtol", "small"), "'small' is not a valid float"),
        (("--colour",), "No such option"),
    ],
)
def test_usage(calcikin, arguments, says):
    result = calcikin(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


@pytest.fixture
def broken(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(Model, "simulate", fail)


@pytest.mark.usefixtures("broken")
def test_an_unexpected_error_is_short(calcikin):
    result = calcikin("run", "sbf", "-q")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "ZeroDivisionError: division by zero\n" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("words", [("--debug", "run", "sbf"), ("run", "sbf", "--debug")])
def test_debug_shows_where(calcikin, words):
    result = calcikin(*words)
    assert isinstance(result.exception, ZeroDivisionError)


def test_debug_shows_where_for_bad_input_too(calcikin):
    result = calcikin("run", "t50_serm", "--debug")
    assert isinstance(result.exception, package.InputError)


@pytest.mark.parametrize("name", ["run.nc", "run.csv", "run.json", "run.png"])
def test_a_disk_that_fills_leaves_the_old_file_as_it_was(calcikin, tmp_path, monkeypatch, name):
    replace = os.replace

    def full(source, target):
        if Path(target).parent == tmp_path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    out = tmp_path / name
    out.write_text("old")
    # In place of the old file goes the new one only when it is whole: fail at that moment.
    monkeypatch.setattr(os, "replace", full)
    option = "--plot" if name.endswith("png") else "-o"
    result = calcikin("run", "sbf", "--set", "duration=1h", option, out, "-q")
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_netcdf_that_fails_half_way_leaves_nothing(calcikin, tmp_path, monkeypatch):
    def half(self, path, **_):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    result = calcikin("run", "sbf", "--set", "duration=1h", "-o", tmp_path / "run.nc", "-q")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []
