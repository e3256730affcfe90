"""A sweep that was stopped at any moment goes on to the very bytes of one that was not."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from calcikin import Model, load
from calcikin.sweep import load as load_table
from calcikin.sweep import sobol, sweep, zarr_files
from calcikin.sweep.design import Design

READ = ["pH_end", "SI_HAP_end", "t50"]
#: Numbers that follow from the input within 2 ms take the place of runs, and a chunk has two
#: points, so that writing takes about half of the time and kills often come in the midst of it.
SCRIPT = """
import sys, time
from calcikin import load
from calcikin.solvers.status import Status
from calcikin.sweep import here, sobol, sweep, zarr_files
from calcikin.sweep.point import Row

def slow(model, changes, readouts, **_):
    time.sleep(0.002)
    total = sum(changes.values())
    return Row(tuple(total + j for j, _ in enumerate(readouts)), Status.OK, f"{total:g}", 1e-15)

if __name__ == "__main__":
    here.evaluate = slow
    zarr_files.CHUNK_ONE_BY_ONE = 2
    model = load("sbf")
    design = sobol(model, {"Ca": "1:3 mmol/L", "Mg": "0:2 mmol/L"}, 256, seed=5)
    sweep(model, design, ["pH_end", "t50"], store=sys.argv[1], resume=True, jobs=1)
"""


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def chunks(store: Path) -> int:
    return sum(1 for path in (store / "status").rglob("c/*") if path.is_file())


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_bytes(script: Path, tmp_path: Path) -> None:
    whole, store = tmp_path / "whole.zarr", tmp_path / "a.zarr"
    subprocess.run([sys.executable, script, whole], check=True, timeout=120)
    draw = random.Random(11)
    for blow in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        before = chunks(store)
        process = subprocess.Popen(
            [sys.executable, script, store], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        until = time.monotonic() + 100.0
        while chunks(store) < before + 3:  # it is at work: strike some time later
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.1))
        process.send_signal(blow)
        process.communicate(timeout=60)
        assert process.returncode != 0
        assert before < chunks(store) < 128, "it came too late to cut anything off"
    subprocess.run([sys.executable, script, store], check=True, timeout=120)
    assert files(store) == files(whole)


# --- whoever runs the points --------------------------------------------------------------------


@pytest.fixture(scope="module")
def fluid() -> Model:
    return load("sbf").with_({"duration": "1 min"})


@pytest.fixture(scope="module")
def design(fluid: Model) -> Design:
    # some calcium that the model refuses, so that there are failed rows
    return sobol(fluid, {"Ca": (1.0, 60.0), "Mg": "0:2 mmol/L"}, 32, seed=4)


@pytest.mark.parametrize(("jobs", "chunk"), [(2, 1), (2, 5), (1, 7)])
def test_processes_and_pieces_change_not_a_byte(
    fluid: Model,
    design: Design,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jobs: int,
    chunk: int,
) -> None:
    monkeypatch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 6)
    sweep(fluid, design, READ, jobs=1, store=tmp_path / "whole.zarr")
    sweep(fluid, design, READ, jobs=jobs, chunk=chunk, store=tmp_path / "a.zarr")
    assert files(tmp_path / "a.zarr") == files(tmp_path / "whole.zarr")
    xr.testing.assert_identical(load_table(tmp_path / "a.zarr"), sweep(fluid, design, READ, jobs=1))
    assert 0 < np.count_nonzero(load_table(tmp_path / "a.zarr")["status"]) < 32
