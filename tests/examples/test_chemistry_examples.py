"""Every `calcikin speciate` and `calcikin constants` that is shown anywhere runs."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from calcikin.cli import constants, speciate
from calcikin.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = re.compile(r"^```\{shell\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```\{python\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(calcikin (?:speciate|constants) [^`]+)`")
#: What is left open in the text, not meant to be typed.
OPEN = re.compile(r"[A-Z]{3,}(?![a-z])|\.\.\.")


def shown() -> list[str]:
    """Commands of the pages and of the help texts."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [line for block in SHELL.findall(text) for line in block.splitlines()]
        found += [command for command in INLINE.findall(text) if not OPEN.search(command)]
    group = constants.command
    assert isinstance(group, click.Group)
    context = click.Context(group)
    verbs = [group.get_command(context, name) for name in group.list_commands(context)]
    for command in (speciate.command, *verbs):
        assert command is not None
        said = (command.epilog or "").removeprefix("Such as: ")
        parts = [] if not said else re.split(r",\s+(?:or: )?(?=calcikin|show)", said)
        found += [
            part if part.startswith("calcikin") else f"calcikin constants {part}" for part in parts
        ]
    wanted = ("calcikin speciate", "calcikin constants")
    return list(dict.fromkeys(command for command in found if command.startswith(wanted)))


def test_there_is_something_to_test() -> None:
    commands = shown()
    assert sum(command.startswith("calcikin speciate") for command in commands) >= 6
    for name in ("list", "show", "diff", "lint"):
        assert any(command.startswith(f"calcikin constants {name}") for command in commands), name


@pytest.mark.parametrize("command", shown())
def test_it_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    if "llnl.dat" in words:  # a file that the reader is told to have
        from importlib.resources import files

        text = files("phreeqc").joinpath("databases", "llnl.dat").read_text("latin-1")
        Path("llnl.dat").write_text(text, encoding="latin-1")
    result = CliRunner().invoke(main, words[1:], prog_name="calcikin")
    # a file with errors ends lint with 1: llnl.dat has the brushite with the wrong sign
    assert result.exit_code == (1 if "llnl.dat" in words else 0), result.output
    assert result.stdout


def test_the_python_lines_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (code,) = PYTHON.findall((ROOT / "docs" / "speciation.md").read_text(encoding="utf-8"))
    script = tmp_path / "page.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.startswith("SI(OCP) falls from 2.")
