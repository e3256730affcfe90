"""Sweeps: the points they run, the table they make, what they say of points that fail."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import calcikin
from calcikin import Model, Result, load
from calcikin.errors import (
    InputError,
    OutOfRangeError,
    OutputError,
    SimulationError,
    UnitError,
    UnknownNameError,
)
from calcikin.simulate.readouts import Readout, get_readouts
from calcikin.solvers import scipy_ivp
from calcikin.solvers.status import Status
from calcikin.sweep import here, save, sweep, workers
from calcikin.sweep import load as load_table
from calcikin.sweep.design import axis_values, grid
from calcikin.sweep.point import evaluate

CLEAR = ["pH_end", "ionised_Ca", "SI_OCP_end", "t50"]


@pytest.fixture(scope="module")
def fluid() -> Model:
    """Kokubo's fluid for a minute: nothing falls out, so that runs are quick and sound."""
    return load("sbf").with_({"duration": "1 min"})


@pytest.fixture(scope="module")
def table(fluid: Model) -> xr.Dataset:
    return sweep(fluid, {"Ca": [1.0, 2.5, 3.0], "Mg": "0:2:2mmol/L"}, CLEAR, jobs=1)


# --- designs ------------------------------------------------------------------------------------


def test_a_grid_is_every_combination_last_axis_fastest(fluid: Model) -> None:
    design = grid(fluid, {"Ca": [1.0, 2.0], "temperature": [25.0, 30.0, 37.0]})
    assert design.names == ("Ca", "temperature")
    assert design.units == ("mmol/L", "degC")
    assert design.shape == (2, 3)
    assert design.size == 6
    assert design.points.tolist() == [
        [1.0, 25.0],
        [1.0, 30.0],
        [1.0, 37.0],
        [2.0, 25.0],
        [2.0, 30.0],
        [2.0, 37.0],
    ]
    assert design.changes(4) == {"Ca": 2.0, "temperature": 30.0}


def test_the_hash_of_a_design_tells_designs_apart(fluid: Model) -> None:
    def hashed(over: dict[str, list[float]]) -> str:
        return grid(fluid, over).sha256

    one = hashed({"Ca": [1.0, 2.0]})
    assert one == hashed({"Ca": [1.0, 2.0]})
    others = [
        {"Ca": [1.0, 2.5]},
        {"Mg": [1.0, 2.0]},
        {"Ca": [2.0, 1.0]},
        {"Ca": [1.0, 2.0], "Mg": [0.0]},
    ]
    assert len({one, *map(hashed, others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("0.5:2.0:4mmol/L", [0.5, 1.0, 1.5, 2.0]),
        ("500,1000 umol/L", [0.5, 1.0]),
        ("2.4305 mg/dL", [1.0]),
        (["0.5 mmol/L", "2.4305 mg/dL"], [0.5, 1.0]),
        ([0.5, 1], [0.5, 1.0]),
        (np.array([0.5, 1.0], dtype=np.float32), [0.5, 1.0]),
        (range(3), [0.0, 1.0, 2.0]),
    ],
)
def test_values_of_an_axis(fluid: Model, values: object, expected: list[float]) -> None:
    assert axis_values(fluid, "Mg", values).tolist() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("over", "error", "words"),
    [
        ({}, InputError, "nothing is varied"),
        ({"Mq": [1.0]}, UnknownNameError, "Mg"),
        ({"Mg": "0.5:2.0:4"}, UnitError, "Mg"),
        ({"Mg": "0.5:2.0:4min"}, UnitError, "Mg"),
        ({"Mg": "0.5:2.0:1mmol/L"}, OutOfRangeError, "Mg"),
        ({"Mg": []}, OutOfRangeError, "at least one"),
        ({"Mg": [[1.0, 2.0]]}, OutOfRangeError, "one dimension"),
        ({"Mg": [1.0, math.nan]}, OutOfRangeError, "finite"),
        ({"Mg": [1.0, {}]}, UnitError, "no list of numbers"),
        ({"Mg": 1.0}, UnitError, "no list of numbers"),
        ({"Mg": ["1.0", "2.0"]}, UnitError, "no unit"),
        ({"Mg/Ca": [0.1], "Mg": [1.0]}, InputError, "both set Mg"),
        ({"Mg": [1.0], "Mg/Ca": [0.1]}, InputError, "both set Mg"),
        ({"Mg/Ca": [0.1], "Mg/Pi": [0.1]}, InputError, "both set Mg"),
        ({"Mg": np.ones(4000), "Ca": np.ones(4000)}, OutOfRangeError, "16000000 points"),
    ],
)
def test_designs_that_make_no_sense(
    fluid: Model, over: dict[str, object], error: type[InputError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        grid(fluid, over)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2


# --- the table ----------------------------------------------------------------------------------


def test_every_cell_is_the_run_that_it_says(fluid: Model, table: xr.Dataset) -> None:
    assert table.sizes == {"Ca": 3, "Mg": 2}
    for ca in (1.0, 2.5, 3.0):
        for mg in (0.0, 2.0):
            result = fluid.with_({"Ca": ca, "Mg": mg}).simulate()
            cell = table.sel(Ca=ca, Mg=mg)
            for readout in get_readouts(CLEAR):
                # the same numbers, not nearly: a run does not know that it is part of a sweep
                assert np.array_equal(cell[readout.name], readout(result), equal_nan=True)
            assert int(cell.status) == int(result.status) == Status.OK
            assert float(cell.balance_error) == result.balance_error


def test_a_sound_run_without_a_number_says_so(table: xr.Dataset) -> None:
    assert np.isnan(table.t50).all()
    assert table.attrs["failed"] == 0
    assert set(table.reason.values.ravel()) == {"t50: no transition within the run"}


def test_units_and_meanings_are_with_the_table(table: xr.Dataset) -> None:
    assert table.Ca.attrs["units"] == "mmol/L"
    assert table.t50.attrs == {"units": "min", "long_name": "T50 from scattered light"}
    assert table.status.dtype == np.int8
    meanings = table.status.attrs["flag_meanings"].split()
    assert meanings == [status.word for status in Status]
    assert table.status.attrs["flag_values"].tolist() == [int(status) for status in Status]


def test_provenance_is_inputs_versions_and_hashes(fluid: Model, table: xr.Dataset) -> None:
    origin = json.loads(table.attrs["provenance"])
    assert origin["calcikin"] == calcikin.__version__
    assert origin["sha256"] == fluid.scenario.sha256
    assert origin["structure"] == fluid.compiled.path.stem
    assert origin["constants_sha256"] == fluid.scenario.constants.sha256
    assert origin["parameters_sha256"] == fluid.scenario.parameters.sha256
    assert origin["inputs"] == fluid.input_values()
    assert origin["over"]["Mg"] == {"unit": "mmol/L", "values": [0.0, 2.0]}
    assert origin["read"] == CLEAR
    assert (origin["solver"], origin["rtol"]) == ("lsoda", 1e-6)
    expected = grid(fluid, {"Ca": [1.0, 2.5, 3.0], "Mg": [0.0, 2.0]}).sha256
    assert origin["design_sha256"] == expected
    assert {"python", "numpy", "scipy", "numba"} <= set(origin)


def test_model_and_readout_by_name_and_balance_error_once() -> None:
    made = sweep("sbf", {"duration": ["1 min"]}, "balance_error, pH_end")
    assert list(made.data_vars) == ["pH_end", "status", "reason", "balance_error"]


# --- failures -----------------------------------------------------------------------------------


def test_a_point_that_the_model_refuses_is_a_row(fluid: Model) -> None:
    made = sweep(fluid, {"Ca": [2.5, 500.0, 3.0]}, "pH_end", jobs=1)
    assert made.status.values.tolist() == [Status.OK, Status.BAD_INPUT, Status.OK]
    assert "500 mmol/L is not plausible" in str(made.reason.values[1])
    assert np.isnan(made.pH_end.values[1])
    assert np.isfinite(made.pH_end.values[[0, 2]]).all()
    assert np.isnan(made.balance_error.values[1])
    assert made.attrs["failed"] == 1


def test_a_sweep_in_which_every_point_is_refused_is_bad_input(fluid: Model) -> None:
    with pytest.raises(InputError, match="refuses every point") as caught:
        sweep(fluid, {"Ca": [500.0, 600.0]}, "pH_end")
    assert "500 mmol/L is not plausible" in str(caught.value)


def test_a_run_that_breaks_off_is_a_row(fluid: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scipy_ivp, "MAX_EVALUATIONS", 3)
    made = sweep(fluid, {"Ca": [2.5, 3.0]}, ["pH_end", "ionised_Ca"], jobs=1)
    assert (made.status == Status.STEP_LIMIT).all()
    assert all("stopped at" in reason for reason in made.reason.values)
    # no number of a run that is not sound, though its start is known
    assert np.isnan(made.pH_end).all()
    assert np.isnan(made.ionised_Ca).all()
    assert made.attrs["failed"] == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (SimulationError("no luck", hint="again"), "no luck (again)"),
    ],
)
def test_a_readout_that_fails_is_a_row(fluid: Model, error: Exception, said: str) -> None:
    def broken(result: Result) -> float:
        raise error

    row = evaluate(fluid, {"Ca": 2.5}, [Readout("broken", "1", "broken", broken)])
    assert row.status == Status.SOLVER_FAILED
    assert row.reason == said
    assert math.isnan(row.values[0])


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("read-out", {"read": "t5O"}),
        ("no read-out", {"read": []}),
        ("solver", {"solver": "euler"}),
        ("jobs", {"jobs": 0}),
        ("chunk", {"chunk": 0}),
    ],
)
def test_bad_options_are_refused_before_anything_runs(
    fluid: Model, words: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "evaluate", lambda *a, **k: pytest.fail("it ran"))
    with pytest.raises(InputError, match=words):
        sweep(fluid, {"Ca": [2.5]}, **options)  # type: ignore[arg-type]


# --- files --------------------------------------------------------------------------------------


def test_a_table_comes_back_from_its_file(table: xr.Dataset, tmp_path: Path) -> None:
    path = save(table, tmp_path / "sweep.nc")
    again = load_table(path)
    xr.testing.assert_identical(again, table)
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.nc"]


def test_a_ratio_survives_the_file(fluid: Model, tmp_path: Path) -> None:
    made = sweep(fluid, {"Mg/Ca": [0.1, 0.2]}, "mg_ca_total", jobs=1)
    assert made.mg_ca_total.values.tolist() == pytest.approx([0.1, 0.2], rel=1e-12)
    again = load_table(save(made, tmp_path / "ratio.nc"))
    assert again.mg_ca_total.dims == ("Mg/Ca",)
    xr.testing.assert_identical(again, made)


def test_files_that_cannot_be_written_or_read(table: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        save(table, tmp_path / "none" / "sweep.nc")
    with pytest.raises(OutputError, match=r"\.nc"):
        save(table, tmp_path / "sweep.csv")
    (tmp_path / "empty.nc").touch()
    for name in ("missing.nc", "empty.nc"):
        with pytest.raises(InputError, match="cannot be read"):
            load_table(tmp_path / name)
    xr.Dataset({"a": 1.0}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="no table of a sweep"):
        load_table(tmp_path / "other.nc")


# --- what is seen -------------------------------------------------------------------------------


def test_progress_goes_to_stderr_and_only_when_wanted(
    fluid: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(fluid, {"Ca": [2.5, 500.0]}, "pH_end")
    quiet = capsys.readouterr()
    assert (quiet.out, quiet.err) == ("", "")  # stderr is no terminal here
    sweep(fluid, {"Ca": [2.5, 500.0]}, "pH_end", progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    assert "failed=1" in shown.err


def test_small_sweeps_stay_in_this_process(fluid: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "pool", lambda *a: pytest.fail("a pool was started"))
    sweep(fluid, {"Ca": [1.0, 1.5, 2.0, 2.5]}, "pH_end")


def test_the_package_can_be_called_like_the_function() -> None:
    assert calcikin.sweep is sys.modules["calcikin.sweep"]
    assert callable(calcikin.sweep)
    with pytest.raises(InputError, match="nothing is varied"):
        calcikin.sweep("sbf", {})
