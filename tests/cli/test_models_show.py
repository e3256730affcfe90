"""`calcikin models` and `calcikin show`: every model, every number with its unit and source."""

from __future__ import annotations

import json

import pytest

from calcikin.cli.show import stoichiometry
from calcikin.model.modelfile import load_scenario, scenario_names


def test_models_lists_every_model_with_its_presets(calcikin):
    result = calcikin("models")
    assert result.exit_code == 0
    for name in scenario_names():
        assert f"{name}: {load_scenario(name).title}" in result.stdout
    assert "presets (--serum): healthy, ckd_3_4, haemodialysis, pxe" in result.stdout


def test_models_as_json(calcikin):
    rows = json.loads(calcikin("models", "--json").stdout)
    assert [row["name"] for row in rows] == scenario_names()
    assert all(row["title"] and row["source"] for row in rows)


@pytest.mark.parametrize("name", scenario_names())
def test_show_holds_everything_in_the_model(calcikin, name):
    answer = json.loads(calcikin("show", name, "--json").stdout)
    scenario = load_scenario(name)
    network = scenario.network
    assert [state["name"] for state in answer["states"]] == network.state_names
    assert [process["name"] for process in answer["processes"]] == network.process_names
    assert set(answer["switches"]) == set(network.switches)
    assert [item["name"] for item in answer["inputs"]] == list(scenario.medium.inputs)
    for row in (*answer["parameters"], *answer["inputs"]):
        assert row["unit"]
        assert row["source"]
        assert row["low"] <= row.get("value", row.get("default")) <= row["high"]
    assert {row["status"] for row in answer["parameters"]} <= {"literature", "fitted", "assumed"}
    assert all(process["law"] and process["source"] for process in answer["processes"])


@pytest.mark.parametrize("name", scenario_names())
def test_show_prints_what_the_json_holds(calcikin, name):
    text = calcikin("show", name).stdout
    answer = json.loads(calcikin("show", name, "--json").stdout)
    cells = {word for line in text.splitlines() for word in line.split("  ")}
    for group in ("states", "processes", "parameters", "inputs", "settings"):
        for row in answer[group]:
            assert row["name"] in cells
    for heading in ("Inputs", "Settings", "Switches", "States", "Processes", "Parameters"):
        assert f"\n{heading} (" in text


def test_show_reads_a_model_file(calcikin, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nnetwork = "calcification"\nmedium = "t50_mix"\npreset = "pxe"\n'
        'ph = "closed"\nduration = "12 h"\nsource = "test"\nswitch_off = ["whitlockite"]\n'
    )
    answer = json.loads(calcikin("show", path, "--json").stdout)
    assert answer["name"] == "mine"
    assert answer["duration_h"] == 12.0
    assert answer["medium"]["preset"] == "pxe"
    assert not answer["switches"]["whitlockite"]["on"]
    assert answer["switches"]["pyrophosphate"]["on"]


def test_stoichiometry_reads_as_a_reaction():
    effect = {"PPi": -1.0, "H2O": -1.0, "Pi": 2.0, "H": 2.0}
    assert stoichiometry(effect) == "PPi + H2O -> 2 Pi + 2 H"
    assert stoichiometry({"acp.n": 1.0}) == "nothing -> acp.n"
    assert stoichiometry({"acp.n": -1.0}) == "acp.n -> nothing"
    assert stoichiometry({"Pi": -2.0 / 3.0, "acp.m": 1.0}) == "0.6667 Pi -> acp.m"
