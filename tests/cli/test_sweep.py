"""`calcikin sweep`: the grid, the table, its files, failed points and exit code 3."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import xarray as xr

import calcikin.sweep as sweep_package
from calcikin.simulate.model import load
from calcikin.solvers import scipy_ivp

SHORT = ("acp_slurry", "--set", "duration=1h")
RATIOS = ("--over", "Mg/Ca=0:0.2:3")


def sweep_json(calcikin, *arguments, exit_code=0):
    result = calcikin("sweep", *arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def column(answer, name):
    return [point[name] for point in answer["points"]]


def test_json_holds_the_numbers_of_single_runs(calcikin):
    answer = sweep_json(calcikin, *SHORT, *RATIOS, "--read", "pH_end", "--read", "acp_max")
    assert column(answer, "Mg/Ca") == [0.0, 0.1, 0.2]
    assert (answer["runs"], answer["failed"]) == (3, 0)
    assert answer["units"] == {"Mg/Ca": "1", "pH_end": "1", "acp_max": "mmol/L"}
    model = load("acp_slurry").with_({"duration": "1 h"})
    alone = [float(model.with_({"Mg/Ca": x}).simulate().ph[-1]) for x in (0.0, 0.1, 0.2)]
    assert column(answer, "pH_end") == alone  # the same arithmetic, whoever asks
    assert set(column(answer, "status")) == {"ok"}
    assert all(error < 1e-8 for error in column(answer, "balance_error"))


def test_a_grid_of_two_and_a_list(calcikin):
    over = ("--over", "Mg=0:2:2mmol/L", "--over", "temperature=25,30,37degC")
    answer = sweep_json(calcikin, *SHORT, *over, "--read", "pH_end")
    assert answer["over"]["temperature"]["values"] == [25.0, 30.0, 37.0]
    points = list(zip(column(answer, "Mg"), column(answer, "temperature"), strict=True))
    assert points == [(mg, t) for mg in (0.0, 2.0) for t in (25.0, 30.0, 37.0)]
    assert len(set(column(answer, "pH_end"))) == 6


def test_read_outs_with_commas_and_choices(calcikin):
    answer = sweep_json(
        calcikin,
        *(*SHORT, *RATIOS, "--read", "pH_end,HAP_end", "--off", "growth_poisoning"),
        *("--solver", "bdf", "--rtol", "1e-5", "--jobs", "1"),
    )
    said = answer["provenance"]
    assert said["read"] == ["pH_end", "HAP_end"]
    assert said["off"] == ["growth_poisoning"]
    assert (said["solver"], said["rtol"]) == ("bdf", 1e-5)


def test_any_number_of_jobs_gives_the_same_table(calcikin):
    one = sweep_json(calcikin, *SHORT, *RATIOS, "--read", "pH_end", "--jobs", "1")
    two = sweep_json(calcikin, *SHORT, *RATIOS, "--read", "pH_end", "--jobs", "2")
    assert one["points"] == two["points"]


def test_table_for_people(calcikin):
    result = calcikin("sweep", *SHORT, *RATIOS, "--read", "pH_end", "--read", "acp_max")
    assert result.exit_code == 0, result.output
    header, rule, *rows = result.stdout.splitlines()
    assert header.split() == ["Mg/Ca", "pH_end", "acp_max", "[mmol/L]", "status"]
    assert set(rule) == {"-", " "}
    assert [row.split()[0] for row in rows] == ["0", "0.1", "0.2"]
    assert result.stderr == ""  # no bar where there is no terminal


def test_the_table_has_a_reason_where_a_number_is_missing(calcikin):
    early = ("t50_serum", "--set", "duration=20min", "--over", "serum.Mg=0.8,1.2mmol/L")
    result = calcikin("sweep", *early)
    assert result.exit_code == 0, result.output  # a sound run without a T50 is no failure
    header, _, *rows = result.stdout.splitlines()
    assert header.split()[-1] == "reason"
    assert all(row.endswith("-  ok      t50: no transition within the run") for row in rows)


def test_files(calcikin, tmp_path):
    answers = {}
    for suffix in (".nc", ".csv", ".json"):
        out = tmp_path / f"table{suffix}"
        answers[suffix] = sweep_json(calcikin, *SHORT, *RATIOS, "--read", "pH_end", "-o", out, "-q")
    assert json.loads((tmp_path / "table.json").read_text()) == answers[".json"]
    table = sweep_package.load(tmp_path / "table.nc")
    assert table["pH_end"].dims == ("Mg/Ca",)
    assert table["pH_end"].values.tolist() == column(answers[".nc"], "pH_end")
    with (tmp_path / "table.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["Mg/Ca", "pH_end", "status", "reason", "balance_error"]
    assert [float(row[1]) for row in rows] == column(answers[".csv"], "pH_end")
    assert {row[2] for row in rows} == {"ok"}


def test_pictures_of_one_and_two_inputs(calcikin, tmp_path):
    for k, over in enumerate((RATIOS, (*RATIOS, "--over", "temperature=25,37degC"))):
        plot = tmp_path / f"{k}.png"
        result = calcikin("sweep", *SHORT, *over, "--read", "pH_end", "--plot", plot)
        assert result.exit_code == 0, result.output
        assert plot.read_bytes().startswith(b"\x89PNG")
        assert result.stderr == f"wrote {plot}\n"


def test_a_picture_of_a_cohort(calcikin, tmp_path):
    plan, plot = tmp_path / "cohort.toml", tmp_path / "cohort.png"
    plan.write_text(
        'model = "t50_serum"\nread = ["pH_end"]\n[set]\nduration = "1 min"\n'
        '[design]\nkind = "cohort"\nstages = { healthy = 2, haemodialysis = 2 }\n',
        encoding="utf-8",
    )
    result = calcikin("sweep", plan, "--plot", plot, "-q")
    assert result.exit_code == 0, result.output
    assert plot.read_bytes().startswith(b"\x89PNG")
    plan.write_text(
        'model = "t50_serum"\n[design]\nkind = "sobol"\npoints = 4\n'
        '[design.over]\n"serum.Mg" = "0.6:1.4 mmol/L"\n"serum.Pi" = "0.8:2 mmol/L"\n'
        '"serum.Ca" = "2:2.6 mmol/L"\n',
        encoding="utf-8",
    )
    refused = calcikin("sweep", plan, "--plot", plot)
    assert "groups such as stages of a cohort, not a design of the kind sobol" in refused.stderr


def test_failed_points_are_kept_and_end_with_3(calcikin, monkeypatch, tmp_path):
    real = scipy_ivp.integrate

    def fails_at_the_second(compiled, q, y0, grid, **options):
        mg = y0[compiled.network.index("Mg")]
        limit = 20 if 0.0005 < mg < 0.0015 else 200_000
        monkeypatch.setattr(scipy_ivp, "MAX_EVALUATIONS", limit)
        return real(compiled, q, y0, grid, **options)

    monkeypatch.setattr("calcikin.simulate.run.integrate", fails_at_the_second)
    out, plot = tmp_path / "table.nc", tmp_path / "table.png"
    result = calcikin(
        *("sweep", *SHORT, *RATIOS, "--read", "pH_end", "--json", "-o", out, "--plot", plot)
    )
    assert result.exit_code == 3
    answer = json.loads(result.stdout)
    assert column(answer, "status") == ["ok", "step_limit", "ok"]
    assert column(answer, "pH_end")[1] is None
    assert "stopped at" in answer["points"][1]["reason"]
    assert answer["failed"] == 1
    assert "note: 1 of 3 runs failed" in result.stderr
    with xr.open_dataset(out, engine="h5netcdf") as table:
        assert np.isnan(table["pH_end"].values).tolist() == [False, True, False]
    assert plot.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), ("nothing is varied", "--over serum.Mg=0.5:2.0:16mmol/L")),
        (("--over", "serum.Mg"), ("gives no value",)),
        (("--over", "serum.Mg=0.5:2.0:4"), ("has no unit", "where: --over serum.Mg=0.5:2.0:4")),
        (("--over", "serum.Mg=0.5:2.0mmol/L"), ("is not a range",)),
        (("--over", "serum.Mg=0.5:2.0:1mmol/L"), ("a range of 1 values",)),
        (("--over", "serum.Mg=0.5:2.0:4kg"), ("'kg' is a mass",)),
        (("--over", "serum.Mg=nan,1mmol/L"), ("finite",)),
        (("--over", "serum.Mg=-1:1:3mmol/L"), ("is negative",)),
        (("--over", "serum.Mg=0.5:20:4mmol/L"), ("20 mmol/L is not plausible", "mg/L")),
        (("--over", "serum.Mgg=0.5:2:4mmol/L"), ("unknown", "try: serum.Mg or")),
        (("--over", "serum.Mg/serum.Ca=0:50:3"), ("not plausible",)),
        (("--over", "serum.Mg=1,2mmol/L", "--over", "serum.Mg=1,2mmol/L"), ("varied twice",)),
        (("--over", "serum.Mg=1,2mmol/L", "--set", "serum.Mg=1mmol/L"), ("both set and varied",)),
        (
            ("--over", "serum.Mg/serum.Ca=0.1,0.2", "--set", "serum.Mg=1mmol/L"),
            ("serum.Mg/serum.Ca sets serum.Mg, which is given too",),
        ),
        (("--over", "serum.Mg=1,2mmol/L", "--read", "t5"), ("unknown read-out 't5'", "t50")),
        (("--over", "serum.Mg=1,2mmol/L", "--read", ""), ("no read-out is named",)),
        (("--over", "serum.Mg=1,2mmol/L", "-o", "nowhere/a.nc"), ("does not exist",)),
        (("--over", "serum.Mg=1,2mmol/L", "-o", "a.xlsx"), (".xlsx is not a format",)),
        (("--over", "serum.Mg=1,2mmol/L", "--serum", "healhty"), ("healthy",)),
        (
            (
                *("--over", "serum.Mg=1,2mmol/L", "--over", "serum.Pi=1,2mmol/L"),
                *("--over", "serum.Ca=1,2mmol/L", "--plot", "a.png"),
            ),
            ("a picture shows one or two inputs, not 3",),
        ),
    ],
)
@pytest.mark.usefixtures("no_long_work")
def test_bad_input(refused, arguments, says):
    message = refused("sweep", "t50_serum", *arguments)
    for words in says:
        assert words in message


def test_jobs_has_to_be_a_number_of_processes(calcikin):
    for jobs in ("0", "-1", "two", "1.5"):
        result = calcikin("sweep", "t50_serum", "--over", "serum.Mg=1,2mmol/L", "--jobs", jobs)
        assert result.exit_code == 2
        assert "'--jobs'" in result.stderr


def test_quiet_shows_no_bar(calcikin, monkeypatch):
    seen = []

    def spy(*_, progress, **__):
        seen.append(progress)
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep_package, "sweep", spy)
    for words in ((), ("-q",)):
        assert calcikin("sweep", *SHORT, *RATIOS, *words).exit_code == 1  # cut off by the user
    assert seen == [None, False]
