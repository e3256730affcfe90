"""A sweep that was stopped at any moment goes on to the very bytes of one that was not."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
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
#: points, so that writing takes most of the time and blows come in the midst of it. The process
#: strikes itself some time after it is at work, so that it does not matter how busy the machine is.
SCRIPT = """
import os, sys, threading, time
from calcikin import load
from calcikin.solvers.status import Status
from calcikin.sweep import here, sobol, sweep, zarr_files
from calcikin.sweep.point import Row

done = []

def slow(model, changes, readouts, **_):
    done.append(1)
    if len(done) == 7 and len(sys.argv) > 2:
        strike = os.kill, (os.getpid(), int(sys.argv[2]))
        threading.Timer(float(sys.argv[3]), *strike).start()
    time.sleep(0.002)
    total = sum(changes.values())
    return Row(tuple(total + j for j, _ in enumerate(readouts)), Status.OK, f"{total:g}", 1e-15)

if __name__ == "__main__":
    here.evaluate = slow
    zarr_files.CHUNK_ONE_BY_ONE = 2
    model = load("sbf")
    design = sobol(model, {"Ca": "1:3 mmol/L", "Mg": "0:2 mmol/L"}, 256, seed=5)
    read, store = ["pH_end", "t50"], sys.argv[1]
    sweep(model, design, read, store=store, resume=True, jobs=1, solver="lsoda")
"""


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def chunks(store: Path) -> int:
    return sum(1 for path in (store / "status").rglob("c/*") if path.suffix != ".partial")


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
        words = [sys.executable, script, store, str(int(blow)), str(draw.uniform(0.0, 0.1))]
        stopped = subprocess.run(words, capture_output=True, timeout=120, check=False)
        assert stopped.returncode != 0
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


def test_pieces_and_threads_of_the_ensemble_change_not_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zarr_files, "CHUNK_TOGETHER", 20)
    serum = load("t50_serum").with_({"duration": "6 h"})
    # some magnesium that the model refuses, so that there are failed rows
    over = sobol(serum, {"serum.Mg": (0.5, 6.0), "serum.Pi": (0.8, 2.0)}, 64, seed=4)
    for read in (["t50", "crystalline_fraction"], ["t50", "pH_end"]):
        name = "-".join(read)
        whole = tmp_path / f"{name}.zarr"
        sweep(serum, over, read, store=whole, solver="ensemble")
        for chunk, jobs in ((1, 1), (3, 2), (11, 2)):
            store = tmp_path / f"{name}{chunk}.zarr"
            sweep(serum, over, read, store=store, solver="ensemble", chunk=chunk, jobs=jobs)
            assert files(store) == files(whole)
        status = load_table(whole)["status"]
        assert 0 < np.count_nonzero(status) < 64
