"""The command line under test, in this process; tests/cli/test_process.py runs it as a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from calcikin.cli.main import main

Calcikin = Callable[..., Result]


@pytest.fixture
def calcikin() -> Calcikin:
    """Run `calcikin ...`; the result has exit_code, stdout and stderr."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in arguments], prog_name="calcikin")

    return call


@pytest.fixture
def refused(calcikin: Calcikin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calcikin:
    """Run a command that must be refused; gives back its stderr.

    Holds for every bad input: exit code 2, nothing on stdout, no traceback, a message that says
    what, where and what to try, and no file left in the folder in which it ran.
    """
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> str:
        before = sorted(tmp_path.rglob("*"))
        result = calcikin(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        assert "unexpected" not in result.stderr
        assert "Error: " in result.stderr
        assert "\n  where: " in result.stderr or "\n  try: " in result.stderr
        assert sorted(tmp_path.rglob("*")) == before
        return result.stderr

    return call


@pytest.fixture
def no_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every long computation an error: what is refused must be refused before it."""
    from calcikin.simulate import model

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a long computation was started")

    monkeypatch.setattr(model.Model, "simulate", forbidden)
    monkeypatch.setattr(model, "compile_network", forbidden)
    monkeypatch.setattr(model, "_COMPILED", {})
