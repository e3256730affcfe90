"""Stores: what is in them, what they refuse, what survives when writing or reading fails."""

from __future__ import annotations

import errno
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from calcikin import Model, load
from calcikin.errors import InputError, OutputError
from calcikin.simulate.readouts import Readout
from calcikin.solvers.status import Status
from calcikin.sweep import cohort, here, open_table, save, sobol, sweep, zarr_files
from calcikin.sweep import load as load_table
from calcikin.sweep.design import Design
from calcikin.sweep.point import Row
from calcikin.sweep.zarr_files import chunk_shape, lock, stored_name

READ = ["t50", "pH_end"]
GRID = {"serum.Mg": "0.5:2.0:5mmol/L", "serum.Mg/serum.Pi": [0.4, 0.5, 0.6]}


@pytest.fixture(scope="module")
def serum() -> Model:
    return load("t50_serum")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks, and numbers that follow from the input without a simulation."""
    monkeypatch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 4)
    monkeypatch.setattr(here, "evaluate", made_up)


def made_up(
    model: Model, changes: Mapping[str, float], readouts: Sequence[Readout], **_: object
) -> Row:
    number = sum(value * (j + 1.0) for j, value in enumerate(changes.values()))
    if changes.get("serum.Mg", 0.0) > 1.8:
        return Row((math.nan,) * len(readouts), Status.STEP_LIMIT, f"no luck at {number:g}", 1e-3)
    return Row(tuple(number + j for j, _ in enumerate(readouts)), Status.OK, "", 1e-15)


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def designs(model: Model) -> dict[str, Design | dict[str, Any]]:
    box = {"serum.Mg": "0.5:2.0 mmol/L", "serum.Pi": "0.8:2.0 mmol/L"}
    return {
        "grid": {"serum.Mg": "0.5:2.0:5mmol/L", "serum.Pi/serum.Ca": [0.4, 0.5, 0.6]},
        "sobol": sobol(model, box, 16, seed=1),
        "cohort": cohort(model, {"healthy": 5, "haemodialysis": 6}, seed=1),
    }


# --- what is in a store -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["grid", "sobol", "cohort"])
def test_a_store_is_the_table_in_memory(serum: Model, tmp_path: Path, kind: str) -> None:
    over = designs(serum)[kind]
    plain = sweep(serum, over, READ, jobs=1)
    opened = sweep(serum, over, READ, jobs=1, store=tmp_path / "a.zarr")
    assert opened.sizes == plain.sizes
    loaded = load_table(tmp_path / "a.zarr")
    xr.testing.assert_identical(loaded, plain)
    for name, values in plain.variables.items():
        if values.dtype != object:
            assert values.values.tobytes() == loaded[name].values.tobytes(), name
    xr.testing.assert_identical(load_table(save(plain, tmp_path / "a.nc")), plain)


def test_the_order_of_the_columns_is_that_of_the_table(serum: Model, tmp_path: Path) -> None:
    over = {"serum.Mg": [0.8]}
    opened = sweep(serum, over, ["pH_end", "acp_max", "t50"], jobs=1, store=tmp_path / "a.zarr")
    names = ["pH_end", "acp_max", "t50", "status", "reason", "balance_error"]
    assert list(opened.data_vars) == names


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_pieces_change_not_a_byte(serum: Model, tmp_path: Path, chunk: int) -> None:
    for kind, over in designs(serum).items():
        sweep(serum, over, READ, jobs=1, store=tmp_path / f"{kind}.zarr")
        sweep(serum, over, READ, jobs=1, store=tmp_path / f"{kind}{chunk}.zarr", chunk=chunk)
        assert files(tmp_path / f"{kind}.zarr") == files(tmp_path / f"{kind}{chunk}.zarr")


def test_xarray_reads_it_without_calcikin(serum: Model, tmp_path: Path) -> None:
    sweep(serum, designs(serum)["cohort"], READ, jobs=1, store=tmp_path / "a.zarr")
    table = xr.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)
    assert {"serum.Mg", "serum.Pi", "stage"} <= set(map(str, table.coords))
    assert table["serum.Mg"].attrs["units"] == "mmol/L"
    assert table["stage"].values.tolist() == ["healthy"] * 5 + ["haemodialysis"] * 6
    assert json.loads(table.attrs["provenance"])["design"]["seed"] == 1
    assert json.loads(table.attrs["sources"])


def test_names_that_mean_something_else_in_a_file() -> None:
    assert stored_name("serum.Mg/serum.Ca") == "serum.Mg_per_serum.Ca"
    assert stored_name("date of birth") == "date_of_birth"


@pytest.mark.parametrize(
    ("shape", "most", "expected"),
    [
        ((10,), 4, (4,)),
        ((9,), 4, (3,)),
        ((3,), 4, (3,)),
        ((256, 256), 8192, (32, 256)),
        ((5, 3), 4, (1, 3)),
        ((2, 10), 4, (1, 4)),
        ((2, 3, 2), 100, (2, 3, 2)),
        ((7, 3, 2), 12, (2, 3, 2)),
        ((1, 1), 1, (1, 1)),
    ],
)
def test_chunks_are_ranges_of_points(
    shape: tuple[int, ...], most: int, expected: tuple[int, ...]
) -> None:
    found = chunk_shape(shape, most)
    assert found == expected
    assert math.prod(found) <= most
    # every chunk is a range: its points lie one behind the other in the order of the design
    numbers = np.arange(math.prod(shape)).reshape(shape)
    counts = [math.ceil(n / c) for n, c in zip(shape, found, strict=True)]
    for index in np.ndindex(*counts):
        part = numbers[tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, found, strict=True))]
        assert (np.diff(part.ravel()) == 1).all()


# --- going on -----------------------------------------------------------------------------------


class Stop(Exception):
    """What ends a sweep in a test."""


def broken_off(serum: Model, store: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a store and let it end after so many points."""
    left = iter(range(after))

    def stops(*args: Any, **options: Any) -> Row:
        if next(left, None) is None:
            raise Stop
        return made_up(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(here, "evaluate", stops)
        with pytest.raises(Stop):
            sweep(serum, GRID_1, READ, jobs=1, store=store)


GRID_1 = {"serum.Mg": np.linspace(0.5, 2.0, 19)}


@pytest.mark.parametrize("after", [0, 3, 4, 9, 18])
def test_a_sweep_that_ended_goes_on_to_the_same_bytes(
    serum: Model, tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "whole.zarr")
    broken_off(serum, tmp_path / "a.zarr", after, monkeypatch)
    (tmp_path / "a.zarr" / "t50" / "c").mkdir(exist_ok=True)
    (tmp_path / "a.zarr" / "t50" / "c" / "4.abc.partial").write_bytes(b"half")
    with pytest.raises(InputError, match=f"{19 - after // 4 * 4} of 19 points were not run yet"):
        load_table(tmp_path / "a.zarr")
    asked = []

    def counts(*args: Any, **options: Any) -> Row:
        asked.append(1)
        return made_up(*args, **options)

    monkeypatch.setattr(here, "evaluate", counts)
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr", resume=True)
    assert len(asked) == 19 - after // 4 * 4  # finished chunks are not run again
    assert files(tmp_path / "a.zarr") == files(tmp_path / "whole.zarr")
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr", resume=True)
    assert len(asked) == 19 - after // 4 * 4
    assert files(tmp_path / "a.zarr") == files(tmp_path / "whole.zarr")


def test_resume_begins_a_store_that_is_not_there(serum: Model, tmp_path: Path) -> None:
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr", resume=True)
    assert load_table(tmp_path / "a.zarr").attrs["runs"] == 19


def test_an_unfinished_table_can_be_looked_at(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(serum, tmp_path / "a.zarr", 9, monkeypatch)
    table = open_table(tmp_path / "a.zarr")
    assert np.count_nonzero(table["status"].values >= 0) == 8


def test_the_bar_begins_where_the_store_ends(
    serum: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken_off(serum, tmp_path / "a.zarr", 9, monkeypatch)
    capsys.readouterr()
    store = tmp_path / "a.zarr"
    sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True, progress=True)
    shown = capsys.readouterr().err
    assert "8/19" in shown
    assert "19/19" in shown
    assert "run/s" in shown


# --- what is refused, and stays -----------------------------------------------------------------


def test_nothing_is_overwritten(serum: Model, tmp_path: Path) -> None:
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    before = files(tmp_path)
    with pytest.raises(OutputError, match="nothing is overwritten") as caught:
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    assert "--resume" in str(caught.value.hint)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"over": {"serum.Mg": np.linspace(0.5, 1.9, 19)}}, "another sweep: over, design differ"),
        ({"over": {"serum.Pi": np.linspace(0.5, 1.9, 19)}}, "another sweep"),
        ({"read": ["t50"]}, "another sweep: read differs"),
        ({"rtol": 1e-5}, "another sweep: rtol differs"),
        ({"solver": "bdf"}, "another sweep: solver differs"),
        ({"off": True}, "another sweep: off differs"),
    ],
)
def test_the_store_of_another_sweep(
    serum: Model, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    store = tmp_path / "a.zarr"
    sweep(serum, GRID_1, READ, jobs=1, store=store)
    before = files(tmp_path)
    model = serum.with_(switch_off=["whitlockite"]) if change.pop("off", False) else serum
    said = {"over": GRID_1, "read": READ, "jobs": 1, "store": store, "resume": True} | change
    with pytest.raises(InputError, match=words):
        sweep(model, **said)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"sha256": "other"}, "another version of the model t50_serum"),
        ({"sha256": "other", "calcikin": "0.0.1"}, "another version of the model"),
        ({"calcikin": "0.0.1"}, r"other versions: calcikin 0\.0\.1, here"),
        ({"numpy": "1.0", "structure": "m0"}, r"other versions: numpy 1\.0, here"),
    ],
)
def test_the_store_of_another_version(
    serum: Model, tmp_path: Path, entry: dict[str, str], words: str
) -> None:
    store = tmp_path / "a.zarr"
    sweep(serum, GRID_1, READ, jobs=1, store=store)
    group = zarr.open_group(store, mode="r+")
    said = json.loads(str(group.attrs["provenance"]))
    group.update_attributes({"provenance": json.dumps(said | entry)})
    before = files(tmp_path)
    with pytest.raises(InputError, match=words):
        sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)
    assert files(tmp_path) == before


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let every write of zarr fail after so many."""
    real = zarr.storage.LocalStore.set
    left = iter(range(after))

    async def fails(self: Any, key: str, value: Any) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        await real(self, key, value)

    monkeypatch.setattr(zarr.storage.LocalStore, "set", fails)


def test_a_disk_that_fills_up_keeps_what_is_finished(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "whole.zarr")
    store = tmp_path / "a.zarr"
    with monkeypatch.context() as patch:
        full_disk(patch, 26)  # in the midst of the second or third chunk
        with pytest.raises(OutputError, match="No space left") as caught:
            sweep(serum, GRID_1, READ, jobs=1, store=store)
    assert "finished chunks stay" in str(caught.value.hint)
    there = int(np.count_nonzero(open_table(store)["status"].values >= 0))
    assert 4 <= there < 19
    sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)
    assert files(store) == files(tmp_path / "whole.zarr")


def test_a_disk_that_is_full_from_the_start_leaves_nothing(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, 3)
    with pytest.raises(OutputError, match="No space left"):
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(zarr_files.tempfile, "mkdtemp", refuses)
    with pytest.raises(OutputError, match="Permission denied") as caught:
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    assert "rights" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["none/a.zarr", "a.nc", "a"])
def test_places_for_a_store(serum: Model, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError):
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t50", "status", "reason"])
def test_a_damaged_chunk_is_named_and_run_again_when_it_is_moved_away(
    serum: Model, tmp_path: Path, name: str
) -> None:
    sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "whole.zarr")
    store = tmp_path / "a.zarr"
    sweep(serum, GRID_1, READ, jobs=1, store=store)
    chunk = store / name / "c" / "2"
    damaged = bytearray(chunk.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    chunk.write_bytes(damaged)
    before = files(store)
    with pytest.raises(InputError, match="damaged") as caught:
        sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)
    assert caught.value.where == str(chunk)
    with pytest.raises(InputError, match="damaged"):
        load_table(store)
    assert files(store) == before
    chunk.rename(tmp_path / "away")  # as the message says
    sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)
    assert files(store) == files(tmp_path / "whole.zarr")


def test_a_store_that_another_process_fills(serum: Model, tmp_path: Path) -> None:
    store = tmp_path / "a.zarr"
    sweep(serum, GRID_1, READ, jobs=1, store=store)
    with lock(store), pytest.raises(OutputError, match="another process"):
        sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)
    sweep(serum, GRID_1, READ, jobs=1, store=store, resume=True)


def test_a_design_without_a_valid_point_makes_no_store(serum: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"refuses every point: .*500 mmol/L is not plausible"):
        sweep(serum, {"serum.Mg": [500.0, 600.0]}, store=tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_points_that_all_fail_when_they_are_run_are_kept_and_told(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Row((math.nan, math.nan), Status.BAD_INPUT, "no equilibrium", math.nan)
    monkeypatch.setattr(here, "evaluate", lambda *a, **k: refused)
    with pytest.raises(InputError, match="refuses every point: no equilibrium"):
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    assert load_table(tmp_path / "a.zarr").attrs["failed"] == 19


def test_what_is_no_store(serum: Model, tmp_path: Path) -> None:
    (tmp_path / "empty.zarr").mkdir()
    zarr.create_group(tmp_path / "other.zarr")
    for name, words in (("none", "cannot be read"), ("empty", "cannot be read"), ("other", "no")):
        with pytest.raises(InputError, match=words):
            load_table(tmp_path / f"{name}.zarr")
    with pytest.raises(InputError):
        sweep(serum, GRID_1, READ, store=tmp_path / "other.zarr", resume=True)


def test_resume_needs_a_store(serum: Model) -> None:
    with pytest.raises(InputError, match="without a store"):
        sweep(serum, GRID_1, READ, resume=True)


def test_a_table_in_memory_is_not_saved_as_a_store(serum: Model, tmp_path: Path) -> None:
    made = sweep(serum, GRID_1, READ, jobs=1)
    with pytest.raises(OutputError, match="filled while"):
        save(made, tmp_path / "a.zarr")


def test_without_zarr_the_extra_is_named(
    serum: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)  # as if it could not be found
    with pytest.raises(InputError, match="zarr") as caught:
        sweep(serum, GRID_1, READ, jobs=1, store=tmp_path / "a.zarr")
    assert "calcikin[store]" in str(caught.value.hint)
