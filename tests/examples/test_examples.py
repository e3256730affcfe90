"""The examples run, small, and leave the files that they name."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def load(script: Path):
    spec = importlib.util.spec_from_file_location(f"example_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_examples_are_there():
    names = {script.stem for script in SCRIPTS}
    assert {"demo", "mg_ca_threshold", "one_t50_curve", "serum_mg_sweep"} <= names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_example_says_what_it_is(script):
    title = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0]
    assert title.endswith(".")
    signature = inspect.signature(load(script).main)
    assert signature.parameters["quick"].default is False
    assert "out" in signature.parameters


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_quick_run_writes_what_it_names(script, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    files = load(script).main(quick=True, out=out)
    assert files
    assert sorted(files) == sorted(out.iterdir())
    assert all(path.stat().st_size > 0 for path in files)
    text = capsys.readouterr().out
    assert all(str(path) in text for path in files)


def test_a_script_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, FOLDER / "demo.py", "--quick"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "demo").iterdir()} >= {"sweep.nc", "threshold.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_script_has_quick_and_out(script):
    done = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, encoding="utf-8", check=True
    )
    assert "--quick" in done.stdout
    assert "--out" in done.stdout
