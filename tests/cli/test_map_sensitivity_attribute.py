"""`calcikin map`, `sensitivity`, `attribute`: what they print and write, and what they refuse."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

MAP = ("map", "t50_serum", "--over", "serum.Mg=0.4:2mmol/L", "--over", "serum.Pi=0.7:2mmol/L")
T50 = ("--criterion", "t50 > 300 min")
OF = "serum.Mg: 0.8 -> 1.2 mmol/L"


def formula(columns, switches):
    n = len(next(iter({**columns, **switches}.values())))
    mg = np.asarray(columns.get("serum.Mg", np.full(n, 0.82)))
    pi = np.asarray(columns.get("serum.Pi", np.full(n, 1.1)))
    strength = 0.4 + 0.8 * np.asarray(switches.get("growth_poisoning", np.ones(n)), dtype=float)
    return {"t50": 300.0 * np.exp(0.2 + strength * mg - pi)}


@pytest.fixture
def quick(formula_runs):
    return formula_runs(formula)


# ---- map -----------------------------------------------------------------------------------------


def test_map_prints_the_boundary_and_what_it_cost(calcikin, quick, tmp_path):
    picture, rows = tmp_path / "map.png", tmp_path / "runs.csv"
    result = calcikin(*MAP, *T50, "--plot", picture, "-o", rows)
    assert result.exit_code == 0, result.output
    for word in ("t50 > 300 min", "simulations", "a grid would take", "boundary at serum.Pi"):
        assert word in result.stdout
    assert "\n              0.4                           0.68" not in result.stdout
    assert "\n              0.6                           0.92\n" in result.stdout
    assert picture.stat().st_size > 10_000
    with rows.open() as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == sum(quick)
    assert {"serum.Mg [mmol/L]", "serum.Pi [mmol/L]", "t50", "met"} <= set(table[0])


def test_map_as_json(calcikin, quick, tmp_path):
    out = tmp_path / "map.json"
    answer = json.loads(calcikin(*MAP, *T50, "--json", "-o", out).stdout)
    assert answer == json.loads(out.read_text())
    assert answer["found"] is True
    assert answer["simulations"] == sum(quick)
    assert answer["stages"] == len(quick)
    (line,) = answer["boundaries"][0]
    assert all(pi == pytest.approx(0.2 + 1.2 * mg, abs=1e-6) for mg, pi in line)


def test_map_says_what_is_absent_and_ends_with_1(calcikin, quick):
    result = calcikin(*MAP, "--criterion", "t50 > 30000 min", "--set", "duration=900h")
    assert result.exit_code == 1
    assert "Error: there is no boundary: t50 > 30000 min is met nowhere" in result.stderr


def test_map_notes_that_a_boundary_turns(calcikin, formula_runs):
    formula_runs(lambda c, _: {"t50": 250.0 + 400.0 * (c["serum.Mg"] - 1.2) ** 2})
    result = calcikin(*MAP, *T50)
    assert result.exit_code == 0
    assert "note: there are 2 separate boundaries" in result.stderr
    assert "not monotone in serum.Mg" in result.stderr


def test_map_with_draws_and_on_a_grid(calcikin, quick, tmp_path):
    draws = tmp_path / "draws.csv"
    draws.write_text("affinity_Mg\n8e4\n9e4\n")
    result = calcikin(*MAP, *T50, "--draws", draws, "--plot", tmp_path / "draws.svg")
    assert result.exit_code == 0, result.output
    assert "serum.Pi [mmol/L] 5 %" in result.stdout
    grid = calcikin(*MAP, *T50, "--grid", 4, "--plot", tmp_path / "grid.png")
    assert grid.exit_code == 0, grid.output
    assert quick[-1] == 16


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--criterion", "t51 > 300 min"), "unknown read-out 't51'"),
        (("--criterion", "t50 > 300"), "no unit"),
        (("--criterion", "t50"), "no criterion"),
        (("--over", "pH", "--over", "temperature"), "4 axes"),
        (("--over", "serum.Mg=1:2mmol/L"), "varied twice"),
        (("--set", "serum.Mg=1mmol/L"), "both set and varied"),
        (("--draws", "none.csv"), "cannot be read"),
        (("--grid", "8"), "for a picture"),
        (("--tolerance", "0"), "tolerance 0"),
        (("--looks", "2"), "2 looks"),
        (("--confidence", "90"), "interval of 90"),
        (("-o", "map.nc"), "not a format"),
        (("--plot", "map.doc"), "not a format"),
        (("--off", "nothing"), "unknown mechanism"),
    ],
)
def test_map_refuses(refused, quick, words, said):
    assert said in refused(*MAP, *(() if "--criterion" in words else T50), *words)
    assert quick == []


def test_map_refuses_an_empty_range_and_one_axis(refused, quick):
    over = ("--over", "serum.Mg=2:1mmol/L", "--over", "serum.Pi")
    assert "range is empty" in refused("map", "t50_serum", *over)
    assert "1 axes" in refused("map", "t50_serum", "--over", "serum.Mg")


# ---- sensitivity ---------------------------------------------------------------------------------


def test_sensitivity_of_the_fitted_parameters_by_default(calcikin, quick):
    answer = json.loads(calcikin("sensitivity", "t50_serum", "--json").stdout)
    assert answer["method"] == "local"
    assert len(answer["factors"]) == 11
    assert answer["provenance"]["exact"] == 11
    assert quick == []


@pytest.mark.parametrize(
    ("method", "more", "column"),
    [
        ("local", ("--differences",), "elasticity error"),
        ("morris", ("--size", "4"), "strength low"),
        ("sobol", ("--size", "16", "--scale", "log", "--cap", "20h"), "total high"),
    ],
)
def test_sensitivity_by_every_method(calcikin, quick, tmp_path, method, more, column):
    words = ("--over", "serum.Mg=0.5:1.5mmol/L", "--over", "serum.Pi", "--plot", tmp_path / "s.png")
    result = calcikin("sensitivity", "t50_serum", "--method", method, *words, *more)
    assert result.exit_code == 0, result.output
    assert column in result.stdout
    assert "serum.Mg" in result.stdout
    assert f"simulations  {sum(quick)}\n" in result.stdout
    assert "note: a " in result.stderr
    assert (tmp_path / "s.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "sobol", "--size", "1000"), "1000 is no power of two"),
        (("--method", "sobel"), "unknown method 'sobel'"),
        (("--on", "t51"), "unknown read-out 't51'"),
        (("--over", "acp_gama"), "acp_gamma"),
        (("--over", "serum.Mg=1:1mmol/L"), "range is empty"),
        (("--scale", "rate", "--on", "pH_end"), "not a time"),
        (("--cap", "5h"), "cap is for the logarithm"),
        (("--spread", "0.1"), "says nothing to the method local"),
        (("--method", "morris", "--spread", "2"), "a spread of 2"),
        (("--seed", "-1"), "a seed of -1"),
        (("-o", "s.csv"), "not a format"),
    ],
)
def test_sensitivity_refuses(refused, quick, words, said):
    assert said in refused("sensitivity", "t50_serum", *words)
    assert quick == []


# ---- attribute -----------------------------------------------------------------------------------


def test_attribute_prints_a_split_that_sums(calcikin, quick, tmp_path):
    picture = tmp_path / "waterfall.pdf"
    result = calcikin("attribute", "t50_serum", "--of", OF, "--plot", picture)
    assert result.exit_code == 0, result.output
    for word in ("growth_poisoning", "with none of them", "total", "interaction", "share [%]"):
        assert word in result.stdout
    assert "simulations      1024" in result.stdout
    assert "note: a run that never reaches t50 counts with the rate 0" in result.stderr
    assert picture.stat().st_size > 3000


def test_attribute_as_json_is_the_python_api(calcikin, quick):
    from calcikin.analysis import attribute

    words = ("--among", "growth_poisoning,whitlockite", "--steps", "2", "--json")
    answer = json.loads(calcikin("attribute", "t50_serum", "--of", OF, *words).stdout)
    same = attribute(
        "t50_serum", OF, among=["growth_poisoning", "whitlockite"], steps=2
    ).contributions
    assert {p["name"]: p["contribution"] for p in answer["players"]} == same
    assert answer["players"][1]["contribution"] == 0.0
    parts = sum(p["contribution"] for p in answer["players"]) + answer["remainder"]
    assert parts == pytest.approx(answer["total"], abs=1e-15)
    assert answer["exact"] is True
    assert answer["steps"]["levels"] == pytest.approx([0.8, 1.0, 1.2])


def test_attribute_between_two_sera(calcikin, quick, tmp_path):
    result = calcikin(
        *("attribute", "t50_serum", "--of", "serum: healthy -> haemodialysis"),
        *("--among", "serum.Pi", "--among", "serum.Mg"),
    )
    assert result.exit_code == 0, result.output
    assert "the rest" in result.stdout
    assert "input " in result.stdout
    assert "with none of them" not in result.stdout


def test_attribute_map_over_the_change(calcikin, quick, tmp_path):
    picture = tmp_path / "steps.svg"
    words = ("--steps", "3", "--scale", "log", "--cap", "40h", "--plot", picture)
    result = calcikin("attribute", "t50_serum", "--of", OF, *words)
    assert result.exit_code == 0, result.output
    assert "counts as 2400 min" in result.stderr
    assert picture.exists()


def test_attribute_when_a_combination_has_no_value(calcikin, formula_runs):
    formula_runs(lambda c, _: {"t50": np.full(len(c["serum.Mg"]), math.nan)})
    result = calcikin("attribute", "t50_serum", "--of", OF)
    assert result.exit_code == 1
    assert "have no 1/t50" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--of", "serum.Mg 0.8 1.2"), "is no change"),
        (("--of", OF, "--among", "growth_poisson"), "growth_poisoning"),
        (("--of", OF, "--on", "t51"), "unknown read-out 't51'"),
        (("--of", OF, "--by", "wish"), "unknown kind"),
        (("--of", OF, "--set", "serum.Mg=1mmol/L"), "both set and changed"),
        (
            ("--of", "serum.Mg/serum.Ca: 0.3 -> 0.4", "--set", "serum.Mg/serum.Ca=0.2"),
            "both set and changed",
        ),
        (("--of", OF, "--off", "whitlockite", "--among", "whitlockite"), "switched off"),
        (("--of", OF, "--steps", "0"), "0 steps"),
        (("--of", OF, "--cap", "10h"), "cap is for the logarithm"),
        (("--of", "serum: healthy -> ill"), "ill"),
        (("--of", "serum.Mg: 0.8 -> 1.2 h"), "mmol/L"),
    ],
)
def test_attribute_refuses(refused, quick, words, said):
    assert said in refused("attribute", "t50_serum", *words)
    assert quick == []
