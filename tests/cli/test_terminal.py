"""What people expect of a terminal program: completion, colour only where it is wanted, version."""

from __future__ import annotations

import re

import pytest
from click.shell_completion import BashComplete, FishComplete, ZshComplete
from click.testing import CliRunner

import calcikin
from calcikin.cli.main import main

COLOUR = "\x1b["


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete])
def test_verbs_and_options_are_completed(shell):
    complete = shell(main, {}, "calcikin", "_CALCIKIN_COMPLETE")
    assert "_CALCIKIN_COMPLETE" in complete.source()
    verbs = {item.value for item in complete.get_completions([], "r")}
    assert {"run", "report"} <= verbs
    options = {item.value for item in complete.get_completions(["run"], "--s")}
    assert {"--serum", "--set", "--solver"} <= options


@pytest.mark.parametrize(
    ("words", "begun", "offered"),
    [
        (["run"], "t50", ["t50_serum"]),
        (["app"], "acp", ["acp_slurry"]),
        (["run", "t50_serum", "--serum"], "h", ["healthy", "haemodialysis"]),
        (["run", "t50_serum", "--off"], "wh", ["whitlockite"]),
        (["run", "no_such_model", "--off"], "wh", []),
        (["export", "t50_serum", "--to"], "p", ["petab", "phreeqc", "python"]),
    ],
)
def test_names_are_completed(words, begun, offered):
    complete = BashComplete(main, {}, "calcikin", "_CALCIKIN_COMPLETE")
    assert sorted(i.value for i in complete.get_completions(words, begun)) == sorted(offered)


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False), (False, "1", False)],
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, terminal, no_color, coloured):
    monkeypatch.setenv("NO_COLOR", no_color)
    # click asks whether a stream is a terminal; `color` is its runner's answer to that
    result = CliRunner().invoke(main, ["doctor"], color=terminal)
    assert result.exit_code == 0
    assert (COLOUR in result.output) is coloured


def test_the_version_is_that_of_the_package():
    result = CliRunner().invoke(main, ["--version"])
    assert result.output == f"calcikin {calcikin.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", calcikin.__version__)
