"""What must not change a sweep: processes, chunks, the order of inputs, its other points."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from calcikin import Model, load
from calcikin.errors import SimulationError
from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.sweep import save, sweep
from calcikin.sweep.table import Sheet

OVER = {"serum.Mg": [0.5, 0.8, 99.0, 1.4], "serum.Pi": [0.9, 1.8]}
READ = ["t50", "t50_crystalline", "pH_end", "HAP_end", "rh_cpp2", "ionised_Mg", "SI_OCP_end"]


@pytest.fixture(scope="module")
def serum() -> Model:
    """The assay for two hours: particles form and ripen, and a run takes few milliseconds."""
    return load("t50_serum").with_({"duration": "2 h"})


@pytest.fixture(scope="module")
def alone(serum: Model) -> xr.Dataset:
    return sweep(serum, OVER, READ, jobs=1)


def assert_identical(one: xr.Dataset, other: xr.Dataset) -> None:
    """Bit by bit, attributes included."""
    xr.testing.assert_identical(one, other)
    for name, values in one.variables.items():
        if values.dtype != object:
            assert values.values.tobytes() == other[name].values.tobytes(), name


@pytest.mark.parametrize(("jobs", "chunk"), [(2, None), (2, 1), (3, 3)])
def test_processes_and_chunks_change_nothing(
    serum: Model, alone: xr.Dataset, jobs: int, chunk: int | None
) -> None:
    assert_identical(sweep(serum, OVER, READ, jobs=jobs, chunk=chunk), alone)


def test_a_refused_point_is_a_row_whoever_runs_it(alone: xr.Dataset) -> None:
    refused = alone.status == Status.BAD_INPUT
    assert refused.sel({"serum.Mg": 99.0}).all()
    assert int(refused.sum()) == 2
    assert all("99 mmol/L" in reason for reason in alone.reason.values[refused.values])


def test_the_order_of_inputs_only_turns_the_table(serum: Model, alone: xr.Dataset) -> None:
    turned = sweep(serum, dict(reversed(OVER.items())), READ, jobs=1)
    for name, values in alone.data_vars.items():
        np.testing.assert_array_equal(values.values, turned[name].values.T)


def test_a_point_does_not_know_the_others(serum: Model, alone: xr.Dataset) -> None:
    one = sweep(serum, {"serum.Mg": [1.4], "serum.Pi": [0.9]}, READ, jobs=1)
    for name in READ:
        expected = alone[name].sel({"serum.Mg": 1.4, "serum.Pi": 0.9}).values
        np.testing.assert_array_equal(one[name].values.item(), expected)


def test_files_of_equal_sweeps_are_equal(serum: Model, tmp_path: Path) -> None:
    # nothing in them tells when or by whom: no dates, no counts of processes
    names = []
    for jobs in (1, 2):
        made = sweep(serum, {"serum.Mg": [0.8, 1.2]}, "pH_end", jobs=jobs)
        names.append(save(made, tmp_path / f"{jobs}.nc"))
    first, second = (xr.load_dataset(name, engine="h5netcdf") for name in names)
    xr.testing.assert_identical(first, second)


# --- processes that end badly -------------------------------------------------------------------

SCRIPT = """
from calcikin import load, sweep

model = load("sbf").with_({{"duration": "1 min"}})
{guard}
    made = sweep(model, {{"Ca": "1:3:{points}mmol/L"}}, "pH_end", jobs=2, chunk=1, progress=True,
                 solver="lsoda")
    print("failed", made.attrs["failed"], "of", made.attrs["runs"])
"""


def script(folder: Path, guard: str, points: int) -> Path:
    path = folder / "script.py"
    path.write_text(SCRIPT.format(guard=guard, points=points), encoding="utf-8")
    return path


def kill_a_worker(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Kill one worker of so many pools when a chunk comes back; the list fills with their ids."""
    killed: list[int] = []
    seen: set[int | None] = set()
    keep = Sheet.keep

    def keep_and_kill(self: Sheet, start: int, table: Table) -> None:
        keep(self, start, table)
        # not one beside a worker that was killed: its pool breaks once, when that is noticed
        children = [c for c in multiprocessing.active_children() if c.pid not in seen]
        if children and len(killed) < times:
            seen.update(child.pid for child in children)
            killed.append(children[0].pid or 0)
            children[0].kill()

    monkeypatch.setattr(Sheet, "keep", keep_and_kill)
    return killed


def test_a_killed_worker_costs_nothing(serum: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    over = {"serum.Mg": np.linspace(0.5, 2.0, 12)}
    whole = sweep(serum, over, READ, jobs=1)
    killed = kill_a_worker(monkeypatch, 1)
    assert_identical(sweep(serum, over, READ, jobs=2, chunk=1), whole)
    assert len(killed) == 1


def test_workers_that_keep_dying_are_an_error(
    serum: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = kill_a_worker(monkeypatch, 2)
    with pytest.raises(SimulationError, match="died twice"):
        sweep(
            serum,
            {"serum.Mg": np.linspace(0.5, 2.0, 100)},
            READ,
            jobs=2,
            chunk=1,
            solver="lsoda",
        )
    assert len(killed) == 2


def test_a_script_without_a_main_guard_still_gets_its_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script(tmp_path, "if True:", 6))],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    assert done.stdout == "failed 0 of 6\n"
    # the warning names the line of the script that is to be guarded
    assert "script.py:6: RuntimeWarning: worker processes could not start" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_sweep_leaves_no_processes(tmp_path: Path, blow: signal.Signals) -> None:
    guard = 'if __name__ == "__main__":'
    process = subprocess.Popen(
        [sys.executable, str(script(tmp_path, guard, 100_000))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    seen = b""
    # until the bar is past the two points that the parent runs itself: workers are at it
    while not any(int(count) > 2 for count in re.findall(rb"(\d+)/100000", seen)):
        seen += os.read(process.stderr.fileno(), 4096)
    if blow == signal.SIGINT:
        os.killpg(process.pid, blow)  # as a terminal does
    else:
        process.kill()
    _, rest = process.communicate(timeout=60)
    assert process.returncode != 0
    assert rest.count(b"Traceback") == (blow == signal.SIGINT)  # the parent's own, not the workers'
    until = time.monotonic() + 20.0
    while group_lives(process.pid):
        assert time.monotonic() < until, "workers outlive their parent"
        time.sleep(0.1)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
