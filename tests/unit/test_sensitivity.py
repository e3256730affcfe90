"""Sensitivities of a model: factors, elasticities, and what is said of runs without a value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcikin import load
from calcikin.analysis import local, morris, sobol
from calcikin.analysis.factors import factors, value_of
from calcikin.errors import InputError, OutOfRangeError, SimulationError, UnknownNameError

MG, PI = "serum.Mg", "serum.Pi"


def powers(columns, _):
    """T50 = 300 (Mg/0.82)^0.5 (Pi/1.1)^-2."""
    mg = np.asarray(columns.get(MG, 0.82))
    pi = np.asarray(columns.get(PI, 1.1))
    return {"t50": 300.0 * (mg / 0.82) ** 0.5 * (pi / 1.1) ** -2.0}


def test_elasticities_of_a_power_law_are_its_exponents(formula_runs):
    calls = formula_runs(powers)
    found = local("t50_serum", [MG, PI], differences=True)
    assert found.columns["elasticity"] == pytest.approx([0.5, -2.0], rel=1e-9)
    assert found.columns["derivative"] == pytest.approx([0.5 * 300 / 0.82, -600 / 1.1], rel=1e-9)
    assert found.columns["elasticity_error"].max() < 1e-6
    assert found.ranking == [1, 0]
    assert [row["factor"] for row in found.rows()] == [PI, MG]
    assert calls == [found.runs] == [1 + 2 * 2 * 6]
    rate = local("t50_serum", [MG, PI], scale="rate", differences=True)
    assert rate.columns["elasticity"] == pytest.approx([-0.5, 2.0], rel=1e-9)


def test_a_factor_that_is_zero_is_said(formula_runs):
    def formula(columns, _):
        c = np.asarray(columns["acp_coarsening"])
        return {"t50": np.where(c < 0.0, math.nan, 300.0 + 1e29 * c)}

    formula_runs(formula)
    found = local("t50_serum", ["acp_coarsening"])
    assert np.isnan(found.columns["elasticity"]).all()
    assert found.columns["derivative"] == pytest.approx([1e29], rel=1e-6)
    said = " ".join(found.said)
    assert "one side only" in said
    assert "zero, so that an elasticity says nothing: acp_coarsening" in said


def test_a_model_without_the_number_has_no_local_sensitivity(formula_runs):
    never = {"t50": math.nan, "t50_crystalline": math.nan}
    formula_runs(lambda c, _: {name: np.full(len(c[MG]), value) for name, value in never.items()})
    with pytest.raises(SimulationError, match="no t50"):
        local("t50_serum", [MG], differences=True)


def test_screening_finds_the_factor_that_acts(formula_runs):
    calls = formula_runs(lambda c, _: {"pH_end": 7.0 + 0.1 * (c[MG] - 0.5) / 1.1})
    found = morris("t50_serum", [MG, PI], "pH_end", ways=6)
    # over the whole usual range, 0.5 to 1.6 mmol/L
    assert found.columns["strength"] == pytest.approx([0.1, 0.0], abs=1e-12)
    assert found.columns["spread"] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert calls == [6 * 3]
    assert found.response == "pH_end"


def test_indices_of_a_sum(formula_runs):
    calls = formula_runs(lambda c, _: {"pH_end": c[MG] / 1.0 + 2.0 * c[PI]})
    over = {MG: (0.5, 1.5), PI: (1.0, 2.0)}
    found = sobol("t50_serum", over, "pH_end", size=256, seed=3)
    # variances 1/12 and 4/12
    assert found.columns["first"] == pytest.approx([0.2, 0.8], abs=0.03)
    assert found.columns["total"] == pytest.approx([0.2, 0.8], abs=0.03)
    assert calls == [256 * 4] == [found.runs]
    assert sobol("t50_serum", over, "pH_end", size=256, seed=3).rows() == found.rows()


def test_runs_without_a_value_are_treated_as_is_said(formula_runs):
    def formula(columns, _):
        mg = np.asarray(columns[MG])
        t50 = np.where(mg > 1.2, math.nan, 300.0 * mg)
        return {
            "t50": t50,
            "t50_crystalline": t50,
            "status": 3 * (mg < 0.52),
        }

    formula_runs(formula)
    over = {MG: (0.5, 1.5), PI: (1.0, 2.0)}
    found = sobol("t50_serum", over, size=64)
    # never: a rate of zero; failed: left out, and said
    assert found.columns["first"][0] > 0.8
    assert found.columns["total"][1] == pytest.approx(0.0, abs=1e-12)
    said = " ".join(found.said)
    assert "rate 0" in said
    assert "the solver gave up" in said
    assert "of 64 rows" in said
    screened = morris("t50_serum", over, ways=20)
    assert np.isfinite(screened.columns["strength"]).all()
    # on the plain scale those that never crystallise are left out
    plain = " ".join(sobol("t50_serum", over, size=64, scale="value").said)
    assert "no transition within the run" in plain


def test_a_response_that_does_not_vary_is_said(formula_runs):
    formula_runs(lambda c, _: {"t50": 300.0})
    found = sobol("t50_serum", [MG, PI], size=16)
    assert "depends on nothing" in " ".join(found.said)
    assert np.array_equal(found.columns["total"], [0.0, 0.0])


def test_groups_of_parameters_by_their_standing():
    model = load("t50_serum")
    fitted = factors(model, ["fitted"])
    known = model.scenario.parameters.parameters
    assert [f.name for f in fitted] == [n for n, p in known.items() if p.status == "fitted"]
    assert all((f.low, f.high) == (known[f.name].low, known[f.name].high) for f in fitted)
    assert len(factors(model, ["parameters"])) == len(known)
    around = factors(model, ["assumed", MG], spread=0.1)
    assert "acp_coarsening" not in {f.name for f in around}  # zero has no spread
    (mg,) = (f for f in around if f.name == MG)
    assert (mg.low, mg.high) == pytest.approx((0.9 * 0.82, 1.1 * 0.82))


def test_values_of_every_kind_of_quantity():
    model = load("t50_serum").with_({"acp_gamma": 33.0})
    assert value_of(model, "acp_gamma") == 33.0
    assert value_of(model, MG) == 0.82
    assert value_of(model, "duration") == 48.0
    assert value_of(model, "temperature") == pytest.approx(36.5)
    assert value_of(model, "pH") == 7.4
    assert value_of(model, "serum.Mg/serum.Ca") == pytest.approx(0.82 / 2.4)
    assert value_of(load("acp_slurry"), "Mg/Ca") >= 0.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: local("t50_serum", ["acp_gama"]), UnknownNameError),
        (lambda: local("t50_serum", []), InputError),
        (lambda: local("t50_serum", [MG], "t51"), UnknownNameError),
        (lambda: local("t50_serum", ["ionic_strength"]), InputError),
        (lambda: sobol("t50_serum", [MG], size=1000), InputError),
        (lambda: sobol("t50_serum", {MG: (1.0, 0.5)}), OutOfRangeError),
        (lambda: sobol("t50_serum", ["fitted"], spread=1.5), OutOfRangeError),
        (lambda: morris("t50_serum", [MG], ways=1), OutOfRangeError),
    ],
)
def test_bad_input_is_refused_before_anything_runs(formula_runs, call, error):
    calls = formula_runs(powers)
    with pytest.raises(error):
        call()
    assert calls == []


def test_elasticities_of_the_model_are_those_of_its_runs():
    model = load("t50_serum")
    names = [MG, PI, "ocp_growth_rate"]
    found = local(model, names)
    for k, name in enumerate(names):
        value = found.columns["value"][k]
        up, down = (model.with_({name: value * f}).simulate(rtol=1e-8) for f in (1.03, 0.97))
        # either T50 wobbles by 0.06 min with the place of its readings, and they are 8 min apart
        assert found.columns["elasticity"][k] == pytest.approx(
            math.log(up.t50() / down.t50()) / math.log(1.03 / 0.97), rel=0.015
        )
    assert (found.columns["elasticity_error"] < 0.01 * np.abs(found.columns["elasticity"])).all()
    near = local(model, names, differences=True)
    # noise of runs at the usual tolerance and of their readings, over the step
    assert near.columns["elasticity"] == pytest.approx(found.columns["elasticity"], rel=0.1)
    rate, log = (local(model, names, scale=scale) for scale in ("rate", "log"))
    assert rate.columns["elasticity"] == pytest.approx(-found.columns["elasticity"], rel=1e-9)
    assert log.columns["derivative"] == pytest.approx(
        found.columns["derivative"] / found.provenance["value"], rel=1e-9
    )


def test_what_never_comes_does_not_depend_on_anything():
    model = load("t50_serum").with_({"duration": "1 h"})
    found = local(model, [MG], scale="log")
    assert found.provenance["value"] == pytest.approx(math.log(60.0))
    assert found.columns["derivative"] == pytest.approx([0.0], abs=0.0)
    assert local(model, [MG], scale="rate").provenance["value"] == 0.0
    with pytest.raises(SimulationError, match="no t50: no transition within the run"):
        local(model, [MG])


def test_what_has_no_exact_derivative_is_a_difference(formula_runs):
    calls = formula_runs(lambda c, _: {"pH_end": 7.0 + 0.01 * np.asarray(c["temperature"])})
    found = local("t50_serum", ["serum.Na", "temperature"], "pH_end")
    assert calls == [1 + 2 * 6]
    assert found.columns["derivative"][1] == pytest.approx(0.01, rel=1e-9)
    assert np.isnan(found.columns["step"][0])
    assert "by differences, since there is no exact derivative: temperature" in found.said
