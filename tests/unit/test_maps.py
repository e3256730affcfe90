"""Boundaries of a model: criteria, what is said of them, intervals, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from calcikin import load
from calcikin.analysis import boundary, response
from calcikin.analysis.criterion import Criterion
from calcikin.analysis.draws import read_draws
from calcikin.analysis.fields import field
from calcikin.analysis.ranges import ranges_of
from calcikin.errors import InputError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.simulate.rows import Table

MG, PI = "serum.Mg", "serum.Pi"
OVER = {MG: (0.4, 2.0), PI: (0.7, 2.0)}


def table(status=None, **values):
    columns = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    n = len(next(iter(columns.values())))
    return Table(columns, np.asarray(status or [0] * n, dtype=np.int8), [""] * n, np.zeros(n))


# ---- criteria ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "reads"),
    [
        ("t50 > 300 min", "t50 > 300 min", ("t50", "t50_crystalline")),
        ("t50>5h", "t50 > 300 min", ("t50", "t50_crystalline")),
        ("crystalline_fraction >= 5%", "crystalline_fraction > 0.05", ("crystalline_fraction",)),
        ("HAP_end > WH_end", "HAP_end > WH_end", ("HAP_end", "WH_end")),
        ("acp_max < 10 umol/L", "acp_max < 0.01 mmol/L", ("acp_max",)),
    ],
)
def test_criteria_are_read(text, words, reads):
    criterion = Criterion.read(text)
    assert criterion.words == words
    assert criterion.reads == reads


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("t51 > 300 min", UnknownNameError, "t51"),
        ("t50 > 300", UnitError, "no unit"),
        ("t50 > 300 mmol/L", UnitError, "min"),
        ("HAP_end > t50", UnitError, "cannot be compared"),
        ("HAP_end > HAB_end", UnknownNameError, "HAB_end"),
        ("t50", InputError, "no criterion"),
        ("t50 = 300 min", InputError, "no criterion"),
        ("__import__('os') > 1", InputError, "no criterion"),
        ("", InputError, "no criterion"),
    ],
)
def test_what_is_no_criterion_is_refused(text, error, said):
    with pytest.raises(error, match=said):
        Criterion.read(text)


def test_a_time_that_did_not_come_is_longer_than_the_run():
    criterion = Criterion.read("t50 > 300 min")
    runs = table(
        t50=[100.0, 400.0, math.nan, math.nan, math.nan],
        t50_crystalline=[100.0, 400.0, math.nan, 50.0, math.nan],
    )
    margin = criterion.margin(runs, 600.0)
    assert margin[0] < 0.0 < margin[1]
    assert margin[2] == pytest.approx(math.log(2.0), abs=1e-5)  # 600 min against 300
    assert math.isnan(margin[3])  # crystalline, and yet no transition: it cannot be told
    assert margin[4] > 0.0  # no solid at all
    # a run of 200 min says nothing about 300 min
    assert math.isnan(criterion.margin(runs, 200.0)[2])
    assert np.all(Criterion.read("t50 < 300 min").margin(runs, 600.0)[:3] == -margin[:3])


def test_a_failed_run_meets_nothing():
    runs = table(status=[0, 3], acp_max=[1.0, 1.0])
    margin = Criterion.read("acp_max > 0.5 mmol/L").margin(runs, 60.0)
    assert margin[0] > 0.0
    assert math.isnan(margin[1])


def test_traces_are_not_compared():
    runs = table(HAP_end=[1.0, 1e-6, 1e-6, 0.0], WH_end=[0.1, 1e-2, 1e-7, 0.0])
    margin = Criterion.read("HAP_end > WH_end").margin(runs, 60.0)
    assert margin[0] > 0.0 > margin[1]
    assert np.isnan(margin[2:]).all()


def test_a_boundary_between_phases_ends_where_there_is_neither(formula_runs):
    formula_runs(lambda c, _: {"HAP_end": 2.0 - c[MG], "WH_end": np.where(c[PI] > 1.3, 1.0, 3e-5)})
    found = boundary("t50_serum", {MG: (0.4, 1.99996), PI: (0.7, 2.0)}, "HAP_end > WH_end")
    (line,) = (curve for curve in found.curves() if curve[:, 1].max() > 1.5)
    assert line[line[:, 1] > 1.4, 0] == pytest.approx(1.0, abs=1e-6)
    formula_runs(lambda c, _: {"HAP_end": 1e-6 * c[MG], "WH_end": 1e-6})
    nothing = boundary("t50_serum", OVER, "HAP_end > WH_end")
    assert not nothing.found
    assert "neither HAP_end nor WH_end is above 0.0001 mmol/L" in " ".join(nothing.said)


def test_a_fraction_is_smooth_on_its_scale():
    runs = table(crystalline_fraction=[0.0, 0.05, 1.0])
    margin = Criterion.read("crystalline_fraction > 0.05").margin(runs, 60.0)
    assert margin == pytest.approx([-10.87, 0.0, 16.76], abs=0.01)  # logit with a floor of 1e-6


# ---- boundaries ----------------------------------------------------------------------------------


def straight(columns, _):
    """T50 of 300 min on the line Pi = 0.2 + 1.2 Mg."""
    return {"t50": 300.0 * np.exp(0.2 + 1.2 * columns[MG] - columns[PI])}


def test_a_boundary_in_the_units_of_the_inputs(formula_runs):
    calls = formula_runs(straight)
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    assert found.found
    assert found.said == ()
    (line,) = found.curves()
    # a line stays a line: the crossings are exact but for their interpolation
    assert line[:, 1] == pytest.approx(0.2 + 1.2 * line[:, 0], abs=1e-6)
    assert sum(calls) == found.simulations == len(found.points)
    assert len(calls) == found.stages <= 8
    assert found.saving >= 20.0
    (pi,) = found.crossings([1.0])
    assert pi == pytest.approx([1.4], abs=1e-6)
    assert np.array_equal(found.met, (found.readings["t50"] > 300.0).astype(float))


def test_a_wide_axis_is_taken_in_its_logarithm(formula_runs):
    formula_runs(lambda c, _: {"t50": 300.0 * c["serum.PPi"] / 0.4 * np.exp(c[MG] - 1.0)})
    found = boundary("t50_serum", {MG: None, "serum.PPi": (0.05, 5.0)}, "t50 > 300 min")
    assert found.axes[1].logarithmic
    (line,) = found.curves()
    assert line[:, 1] == pytest.approx(0.4 * np.exp(1.0 - line[:, 0]), rel=1e-3)
    assert found.axes[0].low == load("t50_serum").scenario.medium.inputs[MG].usual[0]


def test_an_absent_boundary_is_said_with_what_was_seen(formula_runs):
    formula_runs(lambda c, _: {"t50": 100.0 + 10.0 * c[MG]})
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    assert not found.found
    assert found.curves() == ()
    (said,) = found.said
    for word in ("there is no boundary", "met nowhere", "from 104 to 120 min", "1/8 of an axis"):
        assert word in said
    found = boundary("t50_serum", OVER, "t50 < 300 min")
    assert "met everywhere" in found.said[0]


def test_several_boundaries_and_a_turning_one_are_said(formula_runs):
    formula_runs(lambda c, _: {"t50": 300.0 + 500.0 * ((c[MG] - 1.2) ** 2 - 0.1)})
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    said = " ".join(found.said)
    assert "2 separate boundaries" in said
    assert "not monotone in serum.Mg" in said
    assert "serum.Pi between 0.7 and 2 mmol/L" in said
    assert "up to 2 times" in said
    assert "monotone in serum.Pi" not in said


def test_runs_that_fail_are_counted_with_their_reason(formula_runs):
    formula_runs(lambda c, _: {**straight(c, _), "status": 3 * (c[PI] > 1.6)})
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    assert found.found
    assert any("cannot be judged" in sentence for sentence in found.said)
    assert "the solver gave up" in found.reasons[0]
    assert max(line[:, 1].max() for line in found.curves()) <= 1.6
    formula_runs(lambda c, _: {"status": 3 * np.ones(len(c[PI]), dtype=int)})
    nothing = boundary("t50_serum", OVER, "t50 > 300 min")
    assert not nothing.found
    assert "no run over serum.Mg and serum.Pi can be judged" in nothing.said[0]


def test_what_the_ensemble_gives_up_is_run_by_radau(monkeypatch):
    asked = {"ensemble": 0, "radau": 0}

    def evaluate(model, columns, read, *, solver, **_):
        pi = np.asarray(columns[PI])
        asked[solver] += pi.size
        failed = (np.abs(pi - columns[MG]) < 0.2) & (solver == "ensemble")
        values = {name: np.where(failed, math.nan, 300.0 * pi / columns[MG]) for name in read}
        reason = ["gave up" if f else "" for f in failed]
        return Table(values, np.where(failed, 3, 0).astype(np.int8), reason, np.zeros(pi.size))

    monkeypatch.setattr(response, "evaluate_many", evaluate)
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    (line,) = found.curves()
    assert line[:, 0] == pytest.approx(line[:, 1], abs=0.01)
    assert 0 < asked["radau"] < asked["ensemble"] == found.simulations
    assert found.reasons == ()
    assert found.said == (f"{asked['radau']} runs that the ensemble gave up were run by Radau",)


def test_a_surface_in_three_inputs(formula_runs):
    calls = formula_runs(
        lambda c, _: {"t50": 300.0 * np.exp(1.2 * c[MG] - c[PI] - 2.0 * (c["pH"] - 7.5))}
    )
    found = boundary("t50_serum", {**OVER, "pH": (7.2, 7.6)}, "t50 > 300 min")
    vertices = found.values(found.traced[0].vertices)
    off = 1.2 * vertices[:, 0] - vertices[:, 1] - 2.0 * (vertices[:, 2] - 7.5)
    # one percent of every axis
    assert np.abs(off).max() <= 0.01 * (1.2 * 1.6 + 1.3 + 2.0 * 0.4)
    assert found.saving >= 20.0
    assert len(calls) <= 10
    with pytest.raises(InputError, match="two dimensions"):
        found.crossings([1.0])


# ---- uncertain parameters ------------------------------------------------------------------------


def drawn(columns, _):
    """The line Pi = shift + 1.2 Mg, shifted by a parameter."""
    shift = columns["affinity_Mg"] / 1e5
    return {"t50": 300.0 * np.exp(shift + 1.2 * columns[MG] - columns[PI])}


def test_draws_give_an_interval(formula_runs):
    calls = formula_runs(drawn)
    shifts = np.linspace(0.1, 0.3, 21)
    found = boundary("t50_serum", OVER, "t50 > 300 min", draws={"affinity_Mg": 1e5 * shifts})
    assert len(found.traced) == 21
    assert len(calls) <= 8  # all draws in the same calls
    low, middle, high = found.intervals([1.0])[0]
    assert [low, middle, high] == pytest.approx(
        np.quantile(1.2 + shifts, [0.05, 0.5, 0.95]), abs=1e-6
    )
    # where a draw has no boundary there is no interval
    assert np.isnan(found.intervals([1.9])).all()
    # share of the draws at a point: those whose line lies above it
    k, j = 37, 54
    mg, pi = (axis.at(n / 100.0) for axis, n in zip(found.axes, (k, j), strict=True))
    truth = np.mean(shifts + 1.2 * mg > pi)
    assert found.probability[k, j] == pytest.approx(truth, abs=1.5 / 21)
    assert found.probability[100, 0] == 1.0
    assert found.probability[0, 100] == 0.0
    # between two draws it goes evenly from one to the other, without steps: parallel lines, of
    # which those at shares of j/20 are the draws themselves
    x = found.axes[0].share(1.0)
    column = found.probability[round(50 * 2 * x)]
    pis = found.axes[1].at(np.linspace(0.0, 1.0, 101))
    mg = found.axes[0].at(round(100 * x) / 100.0)
    expected = np.interp(pis, np.sort(shifts) + 1.2 * mg, np.linspace(1.0, 0.0, 21))
    # lines that are straight are traced to rounding, and so is what lies between them
    assert column == pytest.approx(expected, abs=1e-3)


def test_one_draw_is_the_boundary_itself(formula_runs):
    formula_runs(drawn)
    plain = boundary("t50_serum", OVER, "t50 > 300 min", draws={"affinity_Mg": [2e4]})
    formula_runs(straight)
    same = boundary("t50_serum", OVER, "t50 > 300 min")
    assert plain.curves()[0] == pytest.approx(same.curves()[0], abs=1e-12)


def test_draws_from_a_table(tmp_path):
    model = load("t50_serum")
    path = tmp_path / "draws.csv"
    path.write_text("acp_gamma [J/m2],serum.Ca [mg/dL],affinity_Mg\n0.032,10,8e4\n\n0.033,9,9e4\n")
    draws = read_draws(model, path)
    assert draws["acp_gamma"] == pytest.approx([32.0, 33.0])
    assert draws["serum.Ca"] == pytest.approx([2.495, 2.2455], rel=1e-3)
    assert draws["affinity_Mg"] == pytest.approx([8e4, 9e4])


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("acp_gamma\n", InputError, "no draws"),
        ("acp_gama\n32\n", UnknownNameError, "acp_gama"),
        ("acp_gamma\nmany\n", InputError, "row 2, column 1"),
        ("acp_gamma\nnan\n", OutOfRangeError, "not finite"),
        ("acp_gamma,affinity_Mg\n32\n", InputError, "column 2"),
        ("acp_gamma,acp_gamma\n32,33\n", InputError, "two columns"),
        ("acp_gamma [mmol/L]\n32\n", UnitError, "mmol/L"),
    ],
)
def test_bad_tables_of_draws_are_refused(tmp_path, text, error, said):
    path = tmp_path / "draws.csv"
    path.write_text(text)
    with pytest.raises(error) as caught:
        read_draws(load("t50_serum"), path)
    assert said in str(caught.value)


def test_a_missing_table_of_draws_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_draws(load("t50_serum"), tmp_path / "none.csv")


# ---- bad input, and results ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("over", "words", "error"),
    [
        ({MG: (0.4, 2.0)}, {}, InputError),
        ({MG: (2.0, 0.4), PI: None}, {}, OutOfRangeError),
        ({MG: (1.0, 1.0), PI: None}, {}, OutOfRangeError),
        ({MG: (0.4, 900.0), PI: None}, {}, OutOfRangeError),
        ({MG: ("0.4 mmol/L", "2 h"), PI: None}, {}, UnitError),
        ({"serum.Mgg": None, PI: None}, {}, UnknownNameError),
        ({MG: None, "serum.Mg/serum.Ca": None}, {}, InputError),
        ({}, {}, InputError),
        (OVER, {"draws": {MG: [1.0]}}, InputError),
        (OVER, {"draws": {"affinity_Mg": [1.0, 2.0], "acp_gamma": [3.0]}}, InputError),
        (OVER, {"draws": {"affinity_Mg": [math.nan]}}, OutOfRangeError),
        (OVER, {"draws": {"affinity_Mg": []}}, InputError),
        (OVER, {"confidence": 90.0}, OutOfRangeError),
        (OVER, {"looks": 1}, OutOfRangeError),
    ],
)
def test_bad_input_is_refused_before_anything_runs(formula_runs, over, words, error):
    calls = formula_runs(straight)
    with pytest.raises(error):
        boundary("t50_serum", over, "t50 > 300 min", **words)
    assert calls == []


def test_the_table_and_the_summary_hold_every_run(formula_runs):
    formula_runs(straight)
    found = boundary("t50_serum", OVER, "t50 > 300 min")
    table = found.dataset()
    assert table.sizes["point"] == found.simulations
    assert table[MG].attrs["units"] == "mmol/L"
    assert json.loads(table.attrs["provenance"])["criterion"] == "t50 > 300 min"
    summary = found.summary()
    assert summary["grid_would_take"] == 101 * 101
    assert summary["boundaries"][0][0].shape[1] == 2
    assert summary["provenance"]["sha256"]


def test_a_field_is_the_read_out_on_the_axes(formula_runs):
    calls = formula_runs(straight)
    model = load("t50_serum")
    ground = field(model, ranges_of(model, OVER), size=5)
    assert calls == [25]
    assert ground["t50"].dims == (MG, PI)
    expected = 300.0 * math.exp(0.2 + 1.2 * 2.0 - 0.7)
    assert float(ground["t50"].sel({MG: 2.0, PI: 0.7})) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(OutOfRangeError):
        field(model, ranges_of(model, OVER), size=1)


def test_a_boundary_of_the_model_is_where_its_runs_turn():
    # few points: a coarse look and a coarse tolerance
    over = {MG: (0.7, 1.1), PI: (1.0, 1.6)}
    found = boundary("t50_serum", over, "t50 > 300 min", looks=3, tolerance=0.1)
    assert found.found
    (line,) = found.curves()
    model = load("t50_serum")
    mg, pi = line[len(line) // 2]
    for shift, longer in ((-0.05, False), (0.05, True)):
        t50 = model.with_({MG: float(mg) + shift, PI: float(pi)}).simulate().t50()
        assert (t50 > 300.0) is longer
