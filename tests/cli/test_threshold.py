"""`calcikin threshold`: what it finds, what it says when there is nothing to find."""

from __future__ import annotations

import json

import pytest

from calcikin.analysis import threshold
from calcikin.simulate.model import load
from calcikin.solvers import scipy_ivp

NARROW = ("acp_slurry", "--over", "Mg/Ca=0.05:0.5")


def test_json_has_the_keys_and_the_numbers_of_the_python_api(calcikin):
    result = calcikin("threshold", *NARROW, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert set(answer["threshold"]) == {"total", "free", "solid"}
    assert {"criterion", "simulations"} <= set(answer)
    same = threshold(load("acp_slurry"), "Mg/Ca", low=0.05, high=0.5)
    assert answer["threshold"] == same.threshold
    assert answer["simulations"] == same.simulations == len(answer["runs"])
    low, high = answer["bracket"]
    assert 0.05 <= low <= answer["value"] <= high <= 0.5


def test_over_is_mg_ca_when_nothing_is_said(calcikin):
    answer = json.loads(calcikin("threshold", "acp_slurry", "--json").stdout)
    assert answer["over"] == "Mg/Ca"
    assert answer["provenance"]["duration_h"] == 24.0
    assert answer["level"] == 0.05


def test_table_for_people(calcikin):
    text = calcikin("threshold", *NARROW).stdout
    for word in (
        *("criterion", "Mg/Ca total [mol/mol]", "Mg/Ca free [mol/mol]"),
        *("Mg/Ca in the ACP [mol/mol]", "bracket", "simulations"),
    ):
        assert f"\n{word} " in f"\n{text}"


def test_choices_reach_the_search(calcikin):
    words = ("--set", "temperature=30degC", "--off", "whitlockite", "--at", "12h")
    solver = ("--solver", "bdf", "--rtol", "1e-5", "--level", "10%")
    answer = json.loads(calcikin("threshold", *NARROW, *words, *solver, "--json").stdout)
    said = answer["provenance"]
    # 30 degC goes through kelvin and back
    assert said["temperature_degC"] == pytest.approx(30.0, abs=1e-12)
    assert said["off"] == ["whitlockite"]
    assert said["duration_h"] == 12.0
    assert answer["level"] == 0.1
    assert "crystalline" in answer["criterion"]


def test_the_length_of_the_runs_may_be_set_as_everywhere(calcikin):
    answer = json.loads(calcikin("threshold", *NARROW, "--set", "duration=10h", "--json").stdout)
    assert answer["provenance"]["duration_h"] == 10.0


def test_another_input_and_another_criterion(calcikin):
    over = ("acp_slurry", "--over", "Mg=0.5:5mmol/L")
    result = calcikin("threshold", *over, "--criterion", "pH_end", "--level", "7.25", "--at", "12h")
    # Whether it is crossed depends on the parameters; what is said does not.
    assert result.exit_code in (0, 1)
    assert "pH at the end" in result.stdout
    assert "Mg at the threshold" in result.stdout


def test_no_crossing_is_said_and_ends_with_1(calcikin, tmp_path):
    out = tmp_path / "t.json"
    result = calcikin(
        *("threshold", "acp_slurry", "--over", "Mg/Ca=0.9:1", "--at", "10min"),
        *("--json", "-o", out),
    )
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["found"] is False
    assert answer["threshold"] == {"total": None, "free": None, "solid": None}
    assert "Error: there is no threshold: crystalline_fraction: no crossing" in result.stderr
    assert "Traceback" not in result.stderr
    assert json.loads(out.read_text()) == answer


def test_a_failed_run_ends_the_search_with_1(calcikin, monkeypatch):
    monkeypatch.setattr(scipy_ivp, "MAX_EVALUATIONS", 20)
    result = calcikin("threshold", *NARROW)
    assert result.exit_code == 1
    assert "has no crystalline_fraction: stopped at" in result.stderr


def test_files(calcikin, tmp_path):
    out, plot = tmp_path / "t.json", tmp_path / "t.png"
    result = calcikin("threshold", *NARROW, "--json", "-o", out, "--plot", plot)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text()) == json.loads(result.stdout)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert result.stderr == f"wrote {out}\nwrote {plot}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--over", "Mgg/Ca"), ("unknown input or parameter 'Mgg/Ca'", "try: Mg or")),
        (("--over", "Mg/Ca=0.5"), ("gives no two ends", "Mg/Ca=LOW:HIGH\n")),
        (("--over", "Mg/Ca=0.5:0.1"), ("the lower end first",)),
        (("--over", "Mg/Ca=0:1mmol/L"), ("pure number",)),
        (("--over", "Mg=0:1"), ("has no unit",)),
        (("--over", "Mg=0:1000mmol/L"), ("not plausible",)),
        (("--set", "Mg=1mmol/L"), ("Mg/Ca sets Mg, which is given too",)),
        (("--set", "Mg/Ca=1"), ("both set and varied",)),
        (("--criterion", "crystaline_fraction"), ("try: crystalline_fraction",)),
        (("--level", "5min"), ("'min' is a time", "where: --level 5min")),
        (("--level", "nan"), ("finite", "--level 0.05")),
        (("--at", "24"), ("has no unit", "where: --at 24")),
        (("--at", "24h", "--set", "duration=24h"), ("given twice",)),
        (("-o", "t.nc"), (".nc is not a format", "end the name in .json")),
        (("--plot", "t.png", "--criterion", "pH_end"), ("the picture shows",)),
        (("--serum", "healthy"), ("unknown preset",)),
        (("--solver", "lsod"), ("lsoda",)),
    ],
)
@pytest.mark.usefixtures("no_long_work")
def test_bad_input(refused, arguments, says):
    message = refused("threshold", "acp_slurry", *arguments)
    for words in says:
        assert words in message
