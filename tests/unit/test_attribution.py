"""Attributions of a model: what is split, that it sums, and how runs without a T50 are treated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcikin import load
from calcikin.analysis import attribute
from calcikin.analysis.attribution import REST
from calcikin.analysis.change import Change
from calcikin.analysis.response import Response
from calcikin.errors import (
    InputError,
    OutOfRangeError,
    SimulationError,
    UnitError,
    UnknownNameError,
)
from calcikin.simulate.rows import Table

OF = "serum.Mg: 0.8 -> 1.2 mmol/L"


def on(switches, name, n):
    return np.asarray(switches.get(name, np.ones(n, dtype=bool)), dtype=float)


def known(columns, switches):
    """A rate of 3 + Mg (1 + 2 a + 4 b + 8 a b) per 60 h, a and b two mechanisms."""
    mg = np.asarray(columns["serum.Mg"])
    a = on(switches, "growth_poisoning", len(mg))
    b = on(switches, "acp_stabilisation", len(mg))
    return {"t50": 3600.0 / (3.0 + mg * (1.0 + 2.0 * a + 4.0 * b + 8.0 * a * b))}


# ---- the game ------------------------------------------------------------------------------------


def test_the_split_of_a_known_game(formula_runs):
    calls = formula_runs(known)
    found = attribute("t50_serum", OF)
    assert calls == [2 * 2**9] == [found.runs]
    change = 0.4 / 60.0  # of Mg, in the unit of the rate
    assert found.contributions["growth_poisoning"] == pytest.approx((2.0 + 4.0) * change)
    assert found.contributions["acp_stabilisation"] == pytest.approx((4.0 + 4.0) * change)
    assert float(found.remainder.sum()) == pytest.approx(1.0 * change)
    assert float(found.total.sum()) == pytest.approx(15.0 * change)
    a, b, pair = found.pairs[0]
    assert {a, b} == {"growth_poisoning", "acp_stabilisation"}
    assert pair == pytest.approx(8.0 * change)
    # the other seven switches do nothing
    rest = [v for k, v in found.contributions.items() if k not in (a, b)]
    assert len(rest) == 7
    assert np.abs(rest).max() < 1e-16
    assert found.unit == "1/h"
    assert found.exact
    assert sum(found.shares.values()) == pytest.approx(14.0 / 15.0)


def test_players_that_are_not_named_stay_as_they_are(formula_runs):
    formula_runs(known)
    change = 0.4 / 60.0
    found = attribute("t50_serum", OF, among=["growth_poisoning"])
    # the other one is on in every combination, and what it does alone is in the remainder
    assert found.contributions == pytest.approx({"growth_poisoning": (2.0 + 8.0) * change})
    assert float(found.remainder.sum()) == pytest.approx(5.0 * change)
    off = load("t50_serum").with_(switch_off=["acp_stabilisation"])
    assert "acp_stabilisation" not in attribute(off, OF).players


def test_steps_add_up_to_the_whole(formula_runs):
    formula_runs(lambda c, s: {"t50": known(c, s)["t50"] ** 1.3})
    whole = attribute("t50_serum", OF)
    steps = attribute("t50_serum", OF, steps=5)
    assert steps.levels == pytest.approx([0.8, 0.88, 0.96, 1.04, 1.12, 1.2])
    assert steps.values.shape == (5, 9)
    assert steps.contributions == pytest.approx(whole.contributions, abs=1e-15)
    assert steps.values.sum(axis=1) + steps.remainder == pytest.approx(steps.total, abs=1e-15)
    assert steps.readings[[0, -1]] == pytest.approx(whole.readings)
    assert steps.runs == 6 * 2**9


def test_inputs_between_two_sera(formula_runs):
    def formula(columns, _):
        n = len(columns["serum.Mg"])
        pi = np.asarray(columns["serum.Pi"])
        ca = np.asarray(columns["serum.Ca"])
        return {"t50": 60.0 / (0.1 + 0.05 * pi * ca), "pH_end": np.full(n, 7.4)}

    calls = formula_runs(formula)
    found = attribute("t50_serum", "serum: healthy -> haemodialysis")
    assert found.by == "inputs"
    assert calls == [2**12]
    assert {k for k, v in found.contributions.items() if abs(v) > 1e-16} == {
        "serum.Pi",
        "serum.Ca",
    }
    model = load("t50_serum")
    one, two = (model.with_(preset=p).input_values() for p in ("healthy", "haemodialysis"))
    # Shapley of a product: the change of one, times the mean of the other
    pi = 0.05 * (two["serum.Pi"] - one["serum.Pi"]) * 0.5 * (one["serum.Ca"] + two["serum.Ca"])
    assert found.contributions["serum.Pi"] == pytest.approx(pi)
    assert found.remainder == pytest.approx([0.0])
    assert sum(found.contributions.values()) == pytest.approx(float(found.total.sum()))
    # those that are not named together
    few = attribute("t50_serum", "serum: healthy -> haemodialysis", among=["serum.Pi"])
    assert few.players == ("serum.Pi", REST)
    assert few.runs == 4
    assert few.contributions["serum.Pi"] == pytest.approx(pi)


def test_a_change_of_serum_may_be_split_over_mechanisms(formula_runs):
    formula_runs(known)
    found = attribute("t50_serum", "serum: healthy -> haemodialysis", by="mechanisms")
    assert found.by == "mechanisms"
    assert found.levels == pytest.approx([0.0, 1.0])
    assert found.contributions["growth_poisoning"] == pytest.approx(6.0 * (0.9 - 0.82) / 60.0)


def test_several_changes_may_be_split_by_input_and_in_steps(formula_runs):
    formula_runs(lambda c, _: {"t50": 60.0 / (c["serum.Mg"] * c["serum.Pi"])})
    of = "serum.Mg: 1 -> 2 mmol/L; serum.Pi: 1 -> 2 mmol/L"
    found = attribute("t50_serum", of, by="inputs", steps=2)
    assert found.levels == pytest.approx([0.0, 0.5, 1.0])
    assert found.total == pytest.approx([1.25, 1.75])
    assert found.contributions == pytest.approx({"serum.Mg": 1.5, "serum.Pi": 1.5})
    assert found.readings == pytest.approx([60.0, 60.0 / 2.25, 15.0])


def test_more_than_twelve_players_are_sampled(formula_runs):
    names = [f"serum.{c}" for c in ("Ca", "Mg", "Pi", "PPi", "ATP", "K", "Na", "Cl")]
    names += [
        "serum.albumin",
        "serum.fetuin",
        "serum.citrate",
        "serum.bicarbonate",
        "serum.sulphate",
    ]

    def formula(columns, _):
        moved = [np.asarray(columns[n]) / columns[n].max() for n in names]
        return {"t50": 60.0 / (1.0 + sum(k * m for k, m in enumerate(moved)) + moved[0] * moved[1])}

    calls = formula_runs(formula)
    model = load("t50_serum")
    values = model.input_values()
    parts = [f"{n}: {0.9 * values[n]} -> {values[n]} {model.unit_of(n)}" for n in names]
    found = attribute(model, "; ".join(parts), by="inputs", orders=20)
    assert not found.exact
    assert found.interactions is None
    assert found.pairs == []
    assert sum(found.contributions.values()) == pytest.approx(float(found.total.sum()))
    # with backward orders a game of pairs is exact, and says so
    assert found.errors.max() < 1e-12
    assert found.contributions["serum.sulphate"] == pytest.approx(12 * 0.1)
    assert calls == [found.runs]
    assert found.runs <= 20 * 14


# ---- runs that never crystallise -----------------------------------------------------------------


def never_above(limit):
    def formula(columns, _):
        mg = np.asarray(columns["serum.Mg"])
        never = mg > limit
        t50 = np.where(never, math.nan, 100.0 * mg)
        return {"t50": t50, "t50_crystalline": t50}

    return formula


def test_never_is_a_rate_of_zero(formula_runs):
    formula_runs(never_above(1.0))
    found = attribute("t50_serum", OF)
    assert float(found.total.sum()) == pytest.approx(-60.0 / 80.0)
    assert math.isnan(found.readings[-1])
    assert "rate 0" in found.words


def test_never_is_the_cap_in_the_logarithm(formula_runs):
    formula_runs(never_above(1.0))
    found = attribute("t50_serum", OF, scale="log")
    assert float(found.total.sum()) == pytest.approx(math.log(48 * 60.0 / 80.0))
    assert "length of the run" in found.words
    capped = attribute("t50_serum", OF, scale="log", cap="10 h")
    assert float(capped.total.sum()) == pytest.approx(math.log(600.0 / 80.0))
    assert "600 min" in capped.words


def test_a_combination_without_a_value_is_no_split(formula_runs):
    def formula(columns, switches):
        n = len(columns["serum.Mg"])
        poisoned = on(switches, "growth_poisoning", n) > 0.0
        return {"t50": np.where(poisoned, 300.0, math.nan), "t50_crystalline": np.ones(n)}

    formula_runs(formula)
    with pytest.raises(SimulationError) as caught:
        attribute("t50_serum", OF)
    said = str(caught.value)
    assert "512 of 1024 runs have no 1/t50" in said
    assert "with growth_poisoning" in said
    assert "t50_crystalline" in said


def test_responses_of_runs():
    runs = Table(
        {
            "t50": np.array([60.0, 600.0, math.nan, math.nan, math.nan]),
            "t50_crystalline": np.array([60.0, 600.0, math.nan, 50.0, math.nan]),
        },
        np.array([0, 0, 0, 0, 3], dtype=np.int8),
        ("", "", "no transition", "one rise", "gave up"),
        np.zeros(5),
    )
    rate = Response.named("t50").of(runs, 1200.0)
    assert rate[:3] == pytest.approx([1.0, 0.1, 0.0])
    assert np.isnan(rate[3:]).all()
    log = Response.named("t50", "log", "5 h").of(runs, 1200.0)
    assert np.exp(log[:3]) == pytest.approx([60.0, 300.0, 300.0])
    value = Response.named("t50", "value").of(runs, 1200.0)
    assert np.isnan(value[2:]).all()
    said = Response.named("t50").because(runs, 1200.0)
    assert said == ["1 x one rise", "1 x gave up"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("t51",), UnknownNameError),
        (("t50", "rat"), UnknownNameError),
        (("pH_end", "rate"), InputError),
        (("t50", "rate", "10 h"), InputError),
        (("pH_end", "log", "10 h"), InputError),
        (("t50", "log", "10 mmol/L"), UnitError),
        (("t50", "log", 0.0), OutOfRangeError),
    ],
)
def test_responses_that_make_no_sense_are_refused(words, error):
    with pytest.raises(error):
        Response.named(*words)


# ---- the change ----------------------------------------------------------------------------------


def test_changes_are_read_with_units():
    model = load("t50_serum")
    change = Change.read(model, "serum.Mg: 1.94 -> 2.92 mg/dL")
    assert change.start["serum.Mg"] == pytest.approx(0.798, abs=1e-3)
    assert change.end["serum.Mg"] == pytest.approx(1.201, abs=1e-3)
    mixed = Change.read(model, "serum.Mg: 800 umol/L → 1.2 mmol/L")
    assert mixed.start == pytest.approx({"serum.Mg": 0.8})
    assert mixed.text == "serum.Mg: 0.8 -> 1.2 mmol/L"
    serum = Change.read(model, "serum: healthy -> pxe; serum.Mg: 0.8 -> 1 mmol/L")
    assert set(serum.start) == {"serum.PPi", "serum.ATP", "serum.Mg"}


def test_a_serum_that_is_run_as_it_is_changes_its_ph_too():
    model = load("open_serum")
    presets = model.scenario.medium.presets
    names = [p for p in presets if presets[p].pH.value != presets["healthy"].pH.value]
    change = Change.read(model, f"serum: healthy -> {names[0]}")
    assert change.end["pH"] == presets[names[0]].pH.value


@pytest.mark.parametrize(
    ("of", "error", "said"),
    [
        ("serum.Mg 0.8 to 1.2", InputError, "no change"),
        ("serum.Mg: 0.8 -> 1.2", UnitError, "no unit"),
        ("serum.Mg: 0.8 -> 0.8 mmol/L", InputError, "nothing is changed"),
        ("serum.Mgg: 0.8 -> 1.2 mmol/L", UnknownNameError, "serum.Mg"),
        ("serum.Mg: 0.8 -> 900 mmol/L", OutOfRangeError, "plausible"),
        ("serum: healthy -> ill", UnknownNameError, "ill"),
        ("serum: healthy -> healthy", InputError, "nothing is changed"),
        ("serum.Mg: 0.8 -> 1 mmol/L; serum.Mg: 1 -> 2 mmol/L", InputError, "changed twice"),
    ],
)
def test_changes_that_are_none_are_refused(of, error, said):
    with pytest.raises(error) as caught:
        Change.read(load("t50_serum"), of)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("of", "words", "error"),
    [
        (OF, {"among": ["growth_poison"]}, UnknownNameError),
        (OF, {"by": "magic"}, UnknownNameError),
        (OF, {"steps": 0}, OutOfRangeError),
        (OF, {"by": "inputs", "among": ["serum.Pi"]}, UnknownNameError),
        ("serum: healthy -> pxe", {"among": []}, InputError),
    ],
)
def test_bad_input_is_refused_before_anything_runs(formula_runs, of, words, error):
    calls = formula_runs(known)
    with pytest.raises(error):
        attribute("t50_serum", of, **words)
    assert calls == []


def test_a_switch_that_is_off_cannot_play(formula_runs):
    formula_runs(known)
    off = load("t50_serum").with_(switch_off=["whitlockite"])
    with pytest.raises(InputError, match="switched off"):
        attribute(off, OF, among=["whitlockite"])
    with pytest.raises(InputError, match="no mechanism is on"):
        attribute(off.with_(switch_off=off.scenario.network.switches), OF)


# ---- the model itself ----------------------------------------------------------------------------


def test_an_attribution_of_the_model_sums_to_what_its_runs_say():
    players = ["growth_poisoning", "whitlockite"]
    found = attribute("t50_serum", OF, among=players)
    model = load("t50_serum")
    t50 = [model.with_({"serum.Mg": mg}).simulate().t50() for mg in (0.8, 1.2)]
    total = 60.0 / t50[1] - 60.0 / t50[0]
    # runs in a batch and one by one may differ by the solver's tolerance
    assert float(found.total.sum()) == pytest.approx(total, rel=1e-3)
    parts = sum(found.contributions.values()) + float(found.remainder.sum())
    assert parts == pytest.approx(float(found.total.sum()), abs=1e-15)
    assert found.contributions["growth_poisoning"] < 0.0
    assert abs(found.shares["whitlockite"]) < 1e-3  # hardly any forms in serum
