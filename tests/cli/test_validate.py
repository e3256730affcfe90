"""`calcikin validate` and `--uncertainty`: what is printed is what the Python functions give."""

from __future__ import annotations

import csv
import json

import pytest


def test_json_is_a_list_with_the_promised_keys(calcikin):
    result = calcikin("validate", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    for row in rows:
        assert {"id", "use", "measured", "low", "high", "predicted", "unit", "verdict"} <= set(row)
    by_id = {row["id"]: row for row in rows}
    assert by_id["t50_general_population"]["measured"] == 329
    assert by_id["t50_general_population"]["verdict"] == "inside"
    assert by_id["atp_blocks"]["verdict"] == "not predicted"
    assert by_id["atp_blocks"]["reason"]
    assert {row["use"] for row in rows} >= {"fit", "check", "prior"}


def test_the_table_names_what_is_missed_and_why_and_files_are_written(calcikin, tmp_path):
    out, plot = tmp_path / "rows.csv", tmp_path / "forest.svg"
    result = calcikin("validate", "--use", "check", "-o", out, "--plot", plot)
    assert result.exit_code == 0, result.output
    assert "mg_no_effect_below, outside: " in result.stdout
    assert "check: " in result.stdout
    assert "t50_general_population" not in result.stdout
    with out.open(encoding="utf-8", newline="") as stream:
        assert {row["use"] for row in csv.DictReader(stream)} == {"check"}
    assert b"<svg" in plot.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("validate", "defalt"), "default"),
        (("validate", "none.toml"), "No such file"),
        (("validate", "--use", "fits"), "fit"),
        (("validate", "-o", "x.txt"), ".json"),
        (("validate", "--parameters", "defalt"), "default"),
        (("fit", "defalt"), "default"),
        (("fit", "default", "-o", "x.json"), ".toml"),
        (("fit", "default", "--profile", "acp_gama"), "acp_gamma"),
        (("fit", "default", "--draws", "-1"), "0 or more"),
        (("fit", "default", "--starts", "-1"), "starts from 0"),
        (("run", "t50_serum", "--uncertainty", "2"), "20 or more"),
        (("run", "t50_serum", "--set", "acp_gamma=33mJ/m2", "--uncertainty", "20"), "is set"),
    ],
)
@pytest.mark.usefixtures("no_long_work")
def test_bad_input_is_refused_before_anything_long(refused, arguments, says):
    assert says in refused(*arguments)


def test_a_run_with_intervals(calcikin):
    result = calcikin("run", "t50_serum", "--uncertainty", "64", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    t50 = answer["uncertainty"]["t50"]
    assert t50["low"] < answer["t50_min"] < t50["high"]
    assert t50["draws"] == 64
    # the fit holds T50 of this serum to 2 min; the tails of 64 draws reach three times that
    assert t50["high"] - t50["low"] < 16.0
    text = calcikin("run", "t50_serum", "--uncertainty", "64").stdout
    assert "t50, interval" in text
    assert "95 % of 64 parameter sets" in text


def test_a_threshold_with_an_interval(calcikin):
    words = ("threshold", "acp_slurry", "--over", "Mg/Ca=0.05:0.5", "--uncertainty", "20", "--json")
    answer = json.loads(calcikin(*words).stdout)
    spread = answer["uncertainty"]["Mg/Ca"]
    assert spread["low"] < answer["value"] < spread["high"]
