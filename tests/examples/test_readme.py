"""README.md: its commands run, its output is what they print, its links lead somewhere.

`python tests/examples/test_readme.py` writes the output of today into README.md.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from calcikin.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
#: Numbers of these lines depend on round-off, or on the machine.
LOOSE = ("balance error", "simulations", "bracket", "   found with")
#: Relative and absolute: two units of the last digit printed, for numbers of three digits.
RELATIVE, ABSOLUTE = 0.02, 0.011


class Shown(NamedTuple):
    """A command of README.md, and what it is said to print."""

    command: str
    output: tuple[str, ...]


def blocks(language: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def shown() -> list[Shown]:
    found = []
    for block in blocks("console"):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        for part in parts:
            command, *output = part.rstrip("\n").split("\n")
            found.append(Shown(command, tuple(output)))
    return found


def printed(command: str, folder: Path) -> list[str]:
    """What a command prints, stdout and stderr as on a terminal; notes on compiling left out."""
    if command == "make demo":
        done = subprocess.run(
            [sys.executable, ROOT / "examples" / "demo.py"],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        text = done.stdout
    else:
        words = shlex.split(command)
        assert words.pop(0) == "calcikin"
        before = os.getcwd()
        os.chdir(folder)
        try:
            result = CliRunner().invoke(main, words, prog_name="calcikin")
        finally:
            os.chdir(before)
        assert result.exit_code == 0, result.output
        text = result.output
    return [line.rstrip() for line in text.rstrip().split("\n") if "compiling" not in line]


def test_there_is_something_to_test():
    assert len(shown()) >= 5
    assert len(blocks("python")) == 1


@pytest.mark.parametrize("example", shown(), ids=lambda example: example.command)
def test_a_command_prints_what_the_readme_shows(example, tmp_path):
    real = printed(example.command, tmp_path)
    expected = [line.rstrip() for line in example.output if "compiling" not in line]
    assert expected, "write its output: python tests/examples/test_readme.py"
    for here, there in zip_longest(expected, real):
        if here == "...":
            break
        assert here is not None, f"README.md lacks {there!r}"
        assert there is not None, f"no longer printed: {here!r}"
        # Words first, without the widths of columns.
        assert squeezed(here) == squeezed(there)
        if not here.startswith(LOOSE):
            numbers = [[float(n) for n in NUMBER.findall(line)] for line in (here, there)]
            assert numbers[0] == pytest.approx(numbers[1], rel=RELATIVE, abs=ABSOLUTE)


def squeezed(line: str) -> str:
    return re.sub(r"-{2,}", "--", " ".join(NUMBER.sub("#", line).split()))


@pytest.mark.parametrize("name", ["t50.png"])
def test_the_python_lines_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "readme.py"
    script.write_text(blocks("python")[0], encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / name).is_file()
    said = capsys.readouterr().out
    assert said.startswith("True ")
    assert "<xarray.Dataset>" in said


def test_commands_within_the_text_exist():
    text = BLOCK.sub("", README.read_text(encoding="utf-8"))
    commands = re.findall(r"`calcikin ((?!--)[^`]+)`", text)
    assert commands
    for words in map(shlex.split, commands):
        result = CliRunner().invoke(main, [words[0], "--help"])
        assert result.exit_code == 0, words
        for option in (word for word in words if word.startswith("--")):
            assert f" {option} " in result.output


def test_links_lead_somewhere():
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)", text)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_the_readme_says_what_it_is_not_for():
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert "Never use it for decisions about a patient" in text


def update(folder: Path) -> None:
    """Write what every shown command prints now into README.md."""
    text = README.read_text(encoding="utf-8")
    for example in shown():
        new = printed(example.command, folder)
        if "..." in example.output:
            new = [*new[: example.output.index("...")], "..."]
        old = "\n".join((f"$ {example.command}", *example.output)) + "\n```"
        assert text.count(old) == 1, example.command
        text = text.replace(old, "\n".join((f"$ {example.command}", *new)) + "\n```")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        update(Path(scratch))
