"""`calcikin constants`: list, show, diff and lint, as text and as JSON."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.paths import models_dir


def database(name: str) -> Path:
    with as_file(files("phreeqc").joinpath("databases", name)) as path:
        return Path(path)


def test_list(calcikin):
    result = calcikin("constants", "list")
    assert result.exit_code == 0
    for name in constant_sets():
        assert f"{name} {load_constants(name).version}\n" in result.stdout
    rows = json.loads(calcikin("constants", "list", "--json").stdout)
    assert [row["name"] for row in rows] == constant_sets()
    models = {row["name"]: row["activity_model"] for row in rows}
    assert models["phreeqc"] == "truesdell_jones"
    assert models["sit"] == "sit"
    assert all(row["description"] and row["sources"] for row in rows)
    borrowed = {row["name"]: row["borrowed"] for row in rows}
    assert borrowed["default"] == 0 < borrowed["phreeqc"] < borrowed["classical"]


def test_show_a_solid(calcikin):
    text = calcikin("constants", "show", "HAP").stdout
    assert text.startswith("Ca5(PO4)3OH = 5 Ca+2 + 3 PO4-3 + OH-\n")
    assert "McDowell" in text
    answer = json.loads(calcikin("constants", "show", "HAP", "--json").stdout)
    rows = {row["set"]: row for row in answer["sets"]}
    assert set(rows) == set(constant_sets())
    assert rows["default"]["log_k_25"] == pytest.approx(-58.517, abs=1e-3)
    assert rows["phreeqc"]["log_k_25"] == pytest.approx(-54.454, abs=1e-3)
    assert rows["default"]["log_k"] == pytest.approx(-58.629, abs=1e-3)  # 37 degC
    assert rows["default"]["doi"] == "10.6028/jres.081A.017"
    assert rows["classical"]["borrowed"] == "default"
    assert rows["default"]["uncertainty"] == 0.05


def test_solids_of_one_formula_are_told_apart(calcikin):
    values = {}
    for name in ("ACP", "ACP2"):
        answer = json.loads(
            calcikin("constants", "show", name, "--set", "default", "--json").stdout
        )
        values[name] = answer["sets"][0]["log_k"]
    assert values == {"ACP": pytest.approx(-10.64), "ACP2": pytest.approx(-11.49)}


def test_show_any_reaction_at_a_temperature(calcikin):
    reaction = "Ca+2 + HPO4-2 = CaHPO4"
    arguments = ("constants", "show", reaction, "--at", "25degC", "--set", "phreeqc", "--json")
    answer = json.loads(calcikin(*arguments).stdout)
    assert answer["temperature_degC"] == pytest.approx(25.0)
    (row,) = answer["sets"]
    assert row["log_k"] == row["log_k_25"] == pytest.approx(2.739, abs=1e-9)
    assert "sum of the constants" in row["source"]
    gas = json.loads(calcikin("constants", "show", "CO2(g)", "--json").stdout)["sets"]
    assert all(row["log_k_25"] == pytest.approx(-1.468, abs=0.003) for row in gas)


def test_show_reads_a_database(calcikin):
    path = database("phreeqc.dat")
    answer = json.loads(calcikin("constants", "show", "CaHPO4", "--set", path, "--json").stdout)
    assert answer["sets"][0]["log_k_25"] == pytest.approx(2.739, abs=1e-9)
    assert answer["sets"][0]["uncertainty"] is None  # databases state none


def test_diff(calcikin):
    result = calcikin("constants", "diff", "default", "phreeqc")
    assert result.exit_code == 0
    first = result.stdout.splitlines()[3]  # below the title, the header and its line
    assert first.startswith("Ca5(PO4)3OH = 5 Ca+2 + 3 PO4-3 + OH-")
    assert first.endswith("+3.82")
    for water in ("plasma", "ultrafiltrate", "sbf", "t50_mix"):
        assert water in result.stdout
    answer = json.loads(calcikin("constants", "diff", "default", "phreeqc", "--json").stdout)
    assert answer["sets"] == ["default", "phreeqc"]
    plasma = {row["name"]: row for row in answer["si"]["plasma"]}
    assert plasma["HAP"]["by"] == pytest.approx(-3.61, abs=0.02)
    assert answer["si"]["sbf"][7]["name"] == "CPPD"
    assert answer["si"]["sbf"][7]["by"] is None  # no pyrophosphate there
    assert answer["runs"] == []


def test_diff_of_a_set_with_itself(calcikin):
    text = calcikin("constants", "diff", "sit", "sit").stdout
    assert "the same in both" in text


def test_diff_with_a_file_of_the_same_name(calcikin, tmp_path):
    path = tmp_path / "mine.toml"
    text = (models_dir() / "constants" / "default.toml").read_text("utf-8")
    path.write_text(text.replace("log_k = 4.46\n", "log_k = 5.46\n"))
    answer = json.loads(calcikin("constants", "diff", "default", path, "--json").stdout)
    assert answer["sets"] == ["default", str(path)]
    (row,) = answer["constants"]
    assert row["name"] == "CaPO4-"
    assert row["by"] == pytest.approx(1.0)


def test_diff_with_runs(calcikin):
    # only constants change between these two, so one compiled model serves both
    result = calcikin("constants", "diff", "default", "mcdonogh2024", "--runs", "--json")
    assert "running the T50 assay and the Mg/Ca series with mcdonogh2024" in result.stderr
    runs = {row["name"]: row for row in json.loads(result.stdout)["runs"]}
    assert set(runs) == {"T50 [min]", "Mg/Ca threshold [mol/mol]"}
    for row in runs.values():
        # MgPO4- holds 0.5 % of the phosphate: a little, not nothing
        assert 0.0 < abs(row["by"]) < 0.02 * row["default"]


def test_lint_finds_what_is_wrong_with_a_database(calcikin):
    result = calcikin("constants", "lint", database("llnl.dat"))
    assert result.exit_code == 1
    assert "error, sign: Brushite (llnl.dat, line 10688)" in result.stdout
    assert "  note, " not in result.stdout
    result = calcikin("constants", "lint", database("phreeqc.dat"), "--notes")
    assert result.exit_code == 0  # warnings only
    assert "warning, window: Hydroxyapatite" in result.stdout
    assert "  note, temperature: " in result.stdout


def test_lint_as_json(calcikin):
    path = database("minteq.v4.dat")
    found = json.loads(calcikin("constants", "lint", path, "--json").stdout)[str(path)]
    mg = [row for row in found if row["entry"] == "MgPO4-" and row["check"] == "ionic strength"]
    assert len(mg) == 1
    assert {row["severity"] for row in found} == {"error", "warning"}


def test_lint_of_the_shipped_sets(calcikin):
    result = calcikin("constants", "lint")
    assert result.exit_code == 0
    for name in constant_sets():
        assert f"{name}.toml: " in result.stdout
    assert "default.toml: 0 errors, 0 warnings" in result.stdout
    assert "keep its slips" in result.stderr
    assert calcikin("constants", "lint", "-q").stderr == ""
    assert calcikin("constants", "lint", "default").exit_code == 0  # by name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "HPA"), "HAP"),
        (("show", "Ca+2 + HPO4-2 = CaHPO5"), "CaHPO4"),
        (("show", "Ca+2 + HPO4-2"), "Ca"),
        (("show", "A = = B"), "'='"),
        (("show", "HAP", "--set", "phreeq"), "phreeqc"),
        (("show", "HAP", "--at", "90degC"), "4 to 60"),
        (("show", "HAP", "--at", "warm"), "--at"),
        (("diff", "default", "minteq"), "minteq.v4"),
        (("diff", "default", "missing.dat"), "missing.dat"),
        (("lint", "missing.dat"), "missing.dat"),
        (("lint", "notes.txt"), "no kind of constants file"),
        (("lint", "minteqv4"), "no kind of constants file"),
    ],
)
def test_bad_input(refused, arguments, words):
    assert words in refused("constants", *arguments)


def test_unknown_subcommand(calcikin):
    result = calcikin("constants", "shwo")
    assert result.exit_code == 2
    assert "show?" in result.stderr
    assert "list" in calcikin("constants", "--help").stdout
