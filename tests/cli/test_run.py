"""`calcikin run`: its options, its numbers, its files and its exit codes."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import xarray as xr

from calcikin.cli.options import SOLVERS
from calcikin.simulate.model import load
from calcikin.solvers import choice, scipy_ivp

PNG = b"\x89PNG\r\n\x1a\n"


def run_json(calcikin, *arguments):
    result = calcikin("run", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_has_the_keys_and_the_numbers_of_the_python_api(calcikin):
    answer = run_json(calcikin, "t50_serum")
    run = load("t50_serum").simulate()
    assert answer["status"] == "ok"
    # The same arithmetic in the same process: equal, not close.
    assert answer["t50_min"] == run.t50()
    assert answer["t50_crystalline_min"] == run.t50_crystalline()
    assert answer["pH_end"] == run.ph[-1]
    assert answer["balance_error"] == run.balance_error < 1e-8
    assert set(answer["mg_ca"]) == {"total", "free", "solid"}
    assert set(answer["phases_end_mmol_per_L"]) == {"ACP", "CPP1", "CPP2", "HAP", "WH"}


def test_choices_reach_the_model(calcikin):
    answer = run_json(
        calcikin,
        *("t50_serum", "--serum", "haemodialysis", "--set", "serum.Mg=1.2mmol/L"),
        *("--set", "serum.Pi = 6.2 mg/dL", "--set", "duration=24h", "--set", "temperature=310.15K"),
        *("--set", "ocp_gamma=50 mJ/m2", "--off", "atp_shielding", "--off", "whitlockite"),
    )
    chosen = answer["provenance"]
    assert chosen["preset"] == "haemodialysis"
    assert chosen["inputs"]["serum.Mg"] == 1.2
    # 30.974 g/mol; to the four digits of the molar mass.
    assert chosen["inputs"]["serum.Pi"] == pytest.approx(62.0 / 30.974, rel=1e-4)
    assert chosen["duration_h"] == 24.0
    # 310.15 K - 273.15 K in floats.
    assert chosen["temperature_degC"] == pytest.approx(37.0, abs=1e-12)
    assert chosen["parameters"] == {"ocp_gamma": 50.0}
    assert chosen["off"] == ["atp_shielding", "whitlockite"]


def test_a_ratio_sets_the_input(calcikin):
    answer = run_json(calcikin, "acp_slurry", "--set", "Mg/Ca=0.1", "--set", "duration=1h")
    assert answer["provenance"]["ratios"] == {"Mg/Ca": 0.1}
    assert answer["mg_ca"]["total"] == pytest.approx(0.1, rel=1e-12)  # round-off of one division


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_gives_the_same_ph(calcikin, solver):
    short = ("acp_slurry", "--set", "duration=1h", "--rtol", "1e-8")
    answer = run_json(calcikin, *short, "--solver", solver.upper())
    # 100 rtol: the error of a run of some hundred steps, relative to a pH of order 10.
    assert answer["pH_end"] == pytest.approx(run_json(calcikin, *short)["pH_end"], rel=1e-6)


def test_the_solvers_are_those_of_the_package():
    assert choice.SOLVERS == SOLVERS


def test_rtol_reaches_the_solver(calcikin):
    short = ("acp_slurry", "--set", "duration=1h")
    loose = run_json(calcikin, *short, "--rtol", "1e-4")["solver"]["nfev"]
    assert run_json(calcikin, *short, "--rtol", "1e-9")["solver"]["nfev"] > loose


def test_table_for_people(calcikin):
    result = calcikin("run", "t50_serum", "--set", "serum.Mg=1.2mmol/L", "--off", "whitlockite")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("t50_serum: ")
    assert lines[1] == "with healthy; serum.Mg = 1.2 mmol/L; without whitlockite"
    table = {line.split("  ")[0]: line for line in lines[3:]}
    for row in (
        *("status", "T50 by scattering", "T50 by crystalline fraction", "pH, start and end"),
        *("hydrodynamic radius", "Mg/Ca [mol/mol]", "solid Ca, end [mmol/L]", "balance error"),
    ):
        assert row in table
    # one column of values
    starts = {line.index(line.split("  ", 1)[1].lstrip()) for line in lines[3:]}
    assert len(starts) == 1
    assert table["T50 by scattering"].split("  ")[-1].split()[1] == "min"


def test_results_to_stdout_and_notes_to_stderr(calcikin, tmp_path):
    out = tmp_path / "run.nc"
    result = calcikin("run", "acp_slurry", "--set", "duration=1h", "-o", out, "--json")
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert result.stderr == f"wrote {out}\n"
    quiet = calcikin("run", "acp_slurry", "--set", "duration=1h", "-o", out, "--json", "-q")
    assert quiet.stderr == ""


def test_netcdf_holds_everything(calcikin, tmp_path):
    out = tmp_path / "run.nc"
    answer = run_json(calcikin, "t50_serum", "-o", out)
    with xr.open_dataset(out, engine="h5netcdf") as dataset:
        assert dataset.attrs["t50_min"] == answer["t50_min"]
        assert dataset["pH"].values[-1] == answer["pH_end"]
        assert dataset["Ca"].attrs["units"] == "mmol/L"
        assert json.loads(dataset.attrs["provenance"])["sha256"] == answer["provenance"]["sha256"]


def test_csv_has_one_row_per_time_and_units_in_the_header(calcikin, tmp_path):
    out = tmp_path / "run.csv"
    answer = run_json(calcikin, "acp_slurry", "--set", "duration=1h", "-o", out)
    with out.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header[:2] == ["time [min]", "Ca [mmol/L]"]
    assert "pH" in header
    assert {len(row) for row in rows} == {len(header)}
    assert [float(rows[0][0]), float(rows[-1][0])] == [0.0, 60.0]
    assert float(rows[-1][header.index("pH")]) == answer["pH_end"]


def test_json_file_is_what_json_prints(calcikin, tmp_path):
    out = tmp_path / "run.json"
    answer = run_json(calcikin, "acp_slurry", "--set", "duration=1h", "-o", out)
    assert json.loads(out.read_text()) == answer


@pytest.mark.parametrize(
    ("name", "starts"), [("a.png", PNG), ("a.PDF", b"%PDF"), ("a.svg", b"<?xml")]
)
def test_plot_draws_by_suffix(calcikin, tmp_path, name, starts):
    out = tmp_path / name
    result = calcikin("run", "acp_slurry", "--set", "duration=1h", "--plot", out)
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(starts)
    assert result.stderr == f"wrote {out}\n"


def test_an_existing_file_is_replaced(calcikin, tmp_path):
    out = tmp_path / "run.json"
    out.write_text("old")
    run_json(calcikin, "acp_slurry", "--set", "duration=1h", "-o", out)
    assert out.read_text().startswith("{")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("name", ["run.nc", "run.csv", "run.json", "run.png"])
def test_a_file_has_the_rights_of_any_new_file(calcikin, tmp_path, name):
    plain = tmp_path / "plain"
    plain.touch()
    option = "--plot" if name.endswith("png") else "-o"
    run_json(calcikin, "acp_slurry", "--set", "duration=1h", option, tmp_path / name)
    assert (tmp_path / name).stat().st_mode == plain.stat().st_mode


def test_a_run_without_transition_says_so(calcikin):
    none = calcikin("run", "t50_serum", "--set", "duration=20min")
    assert none.exit_code == 0, none.output
    assert "T50 by scattering            none: the light shows no second rise" in none.stdout
    assert "none within 0.333333 h" in none.stdout
    assert run_json(calcikin, "t50_serum", "--set", "duration=20min")["t50_min"] is None


def test_a_failed_run_ends_with_1_and_says_why(calcikin, monkeypatch, tmp_path):
    monkeypatch.setattr(scipy_ivp, "MAX_EVALUATIONS", 60)
    out, plot = tmp_path / "run.nc", tmp_path / "run.png"
    result = calcikin("run", "t50_serum", "--json", "-o", out, "--plot", plot)
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["status"] == "step_limit"
    assert answer["t50_min"] is None
    assert "Error: the run is not sound (step_limit): stopped at " in result.stderr
    assert "Traceback" not in result.stderr
    # What there is of it can be looked at; a picture of one moment cannot.
    with xr.open_dataset(out, engine="h5netcdf") as dataset:
        assert dataset.attrs["status"] == "step_limit"
    assert not plot.exists()
    assert f"note: {plot} was not drawn" in result.stderr


def test_a_parameter_outside_its_interval_is_noted(calcikin):
    wild = ("run", "acp_slurry", "--set", "duration=1h", "--set", "acp_gamma=60 mJ/m2")
    result = calcikin(*wild)
    usual = load("acp_slurry").scenario.parameters.get("acp_gamma")
    span = f"{usual.low:g} to {usual.high:g} {usual.unit}"
    assert f"note: acp_gamma = 60 lies outside its plausible interval, {span}" in result.stderr
    assert calcikin(*wild, "-q").stderr == ""


def test_numbers_that_do_not_exist_are_null(calcikin):
    text = calcikin("run", "sbf", "--set", "duration=1h", "--json").stdout
    assert "NaN" not in text
    assert "Infinity" not in text
    answer = json.loads(text)
    assert answer["rh_cpp1_nm"] is None
    assert answer["si_start"]["CPPD"] is None  # no PPi in SBF: SI is minus infinity


def test_output_times_are_those_of_the_run(calcikin, tmp_path):
    out = tmp_path / "run.nc"
    run_json(calcikin, "acp_slurry", "--set", "duration=2h", "-o", out)
    with xr.open_dataset(out, engine="h5netcdf") as dataset:
        time = dataset["time"].values
    assert (time[0], time[-1]) == (0.0, 120.0)
    assert np.all(np.diff(time) > 0.0)
