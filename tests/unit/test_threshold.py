"""Thresholds: the search is proven on functions whose crossing is known, then on runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from calcikin import Model, Result, load, threshold
from calcikin.analysis import ranges
from calcikin.analysis.crossing import find_crossing, logit
from calcikin.errors import InputError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.solvers import scipy_ivp

# --- the search alone ---------------------------------------------------------------------------


def counted(function: Callable[[float], float]) -> tuple[Callable[[float], float], list[float]]:
    calls: list[float] = []

    def wrapped(x: float) -> float:
        calls.append(x)
        return function(x)

    return wrapped, calls


def step(centre: float, width: float) -> Callable[[float], float]:
    """A fraction that falls from 1 to 0 around `centre`."""
    return lambda x: 0.5 * (1.0 - math.tanh(0.5 * (x - centre) / width))


@pytest.mark.parametrize("centre", [0.013, 0.2, 0.25, 0.5, 0.987])
@pytest.mark.parametrize("width", [0.1, 0.01, 1e-3, 1e-6])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-6])
def test_a_falling_fraction_is_crossed_where_algebra_says(
    centre: float, width: float, tolerance: float
) -> None:
    level = 0.05
    root = centre + width * math.log((1.0 - level) / level)  # f(root) = level
    function, calls = counted(step(centre, width))
    crossing = find_crossing(
        function, 0.0, 1.0, level, tolerance=tolerance, looks=5, transform=logit
    )
    if root >= 1.0:
        assert not crossing.found
        return
    assert crossing.found
    low, high = crossing.bracket
    # the promise: two neighbouring evaluations, on either side, no further apart than this
    assert low <= root <= high
    assert 0.0 < high - low <= tolerance * (1.0 + 1e-9)
    assert crossing.x in (low, high)
    assert function(low) > level >= function(high)
    assert not any(low < x < high for x in calls)
    # each point once; bisection alone would take log2(0.25 / tolerance) after the first five
    tried = [x for x, _ in crossing.tried]
    assert calls[: len(tried)] == tried
    assert len(set(tried)) == len(tried)
    assert len(tried) <= 5 + 2 * math.ceil(math.log2(0.25 / tolerance)) + 2


def test_a_gentle_slope_takes_few_evaluations() -> None:
    function, calls = counted(step(0.2, 0.02))
    crossing = find_crossing(function, 0.0, 1.0, 0.05, tolerance=1e-4, transform=logit)
    assert crossing.x == pytest.approx(0.2 + 0.02 * math.log(19.0), abs=1e-4)
    # 5 to look; the logit of this function is a straight line but for its floor of 1e-6
    assert len(calls) <= 10


def test_a_rising_function_and_the_plain_value() -> None:
    crossing = find_crossing(lambda x: x**3, -2.0, 3.0, 1.0, tolerance=1e-9)
    assert crossing.x == pytest.approx(1.0, abs=5e-9)
    assert crossing.reason == ""


def test_a_wide_axis_is_searched_in_its_logarithm() -> None:
    function, calls = counted(lambda x: math.log10(x))
    crossing = find_crossing(function, 1e-9, 1.0, -5.5, tolerance=1e-6)
    assert crossing.x == pytest.approx(10.0**-5.5, rel=1e-6 * math.log(1e9))
    assert len(calls) <= 8  # a straight line in ln x
    assert (calls[0], calls[4]) == (1e-9, 1.0)


@pytest.mark.parametrize(
    ("value", "words"), [(0.9, "stays above 0.05"), (0.01, "stays at or below 0.05")]
)
def test_no_crossing_is_said(value: float, words: str) -> None:
    function, calls = counted(lambda x: value)
    crossing = find_crossing(function, 0.0, 1.0, 0.05)
    assert not crossing.found
    assert words in crossing.reason
    assert math.isnan(crossing.x)
    assert all(map(math.isnan, crossing.bracket))
    assert len(calls) == len(crossing.tried) == 5


def test_several_crossings_are_said_and_the_last_is_given() -> None:
    crossing = find_crossing(lambda x: math.cos(x), 0.0, 9.0, 0.0, looks=10, tolerance=1e-6)
    assert crossing.x == pytest.approx(2.5 * math.pi, abs=1e-5)
    assert crossing.brackets == ((1.0, 2.0), (4.0, 5.0), (7.0, 8.0))
    assert "crossed 3 times" in crossing.reason


@pytest.mark.parametrize("gap", [(0.4, 0.6), (0.26, 0.49)])
def test_where_there_is_no_value_there_is_no_guess(gap: tuple[float, float]) -> None:
    def function(x: float) -> float:
        return math.nan if gap[0] < x < gap[1] else step(0.375, 0.01)(x)

    crossing = find_crossing(function, 0.0, 1.0, 0.05)
    assert not crossing.found
    assert "no value at" in crossing.reason


def test_a_level_met_exactly_at_a_look() -> None:
    crossing = find_crossing(lambda x: x, 0.0, 1.0, 0.25)
    assert crossing.x == 0.25
    assert crossing.bracket[0] == 0.25


@pytest.mark.parametrize(
    "options",
    [
        {"low": 1.0, "high": 0.0},
        {"low": 0.0, "high": math.inf},
        {"tolerance": 0.0},
        {"looks": 1},
        {"level": math.nan},
    ],
)
def test_searches_that_make_no_sense(options: dict[str, float]) -> None:
    whole = {"low": 0.0, "high": 1.0, "level": 0.5} | options
    with pytest.raises(OutOfRangeError):
        find_crossing(lambda x: x, **whole)  # type: ignore[arg-type]


# --- on runs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fluid() -> Model:
    """Kokubo's fluid: nothing falls out, so runs are quick and its Mg/Ca is that of the mix."""
    return load("sbf")


def stub(result: Result) -> float:
    """A fraction with a known crossing: 0.05 at Mg/Ca = 0.2 + 0.02 ln 19."""
    return step(0.2, 0.02)(float(result.mg_ca["total"][0]))


def test_a_known_criterion_is_found_on_runs(fluid: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    simulate = Model.simulate
    monkeypatch.setattr(
        Model, "simulate", lambda self, *a, **k: (runs.append(self), simulate(self, *a, **k))[1]
    )
    found = threshold(fluid, criterion=stub, at="1 min", tolerance=1e-5)
    root = 0.2 + 0.02 * math.log(19.0)
    assert found.found
    assert found.value == pytest.approx(root, abs=1e-5)
    assert found.bracket[0] <= root <= found.bracket[1]
    # nothing falls out: the total is what was mixed, and free Mg/Ca is that of the run there
    assert found.total == pytest.approx(found.value, rel=1e-12)
    there = fluid.with_({"Mg/Ca": found.value, "duration": "1 min"}).simulate()
    assert found.free == there.mg_ca_at_acp()["free"]
    assert math.isnan(found.solid)
    assert found.simulations == len(found.history) == len(runs) - 1
    assert found.ratio.tolist() == [trial.x for trial in found.history]
    # the total of the mix is x but for roundoff
    expected = [step(0.2, 0.02)(x) for x in found.ratio]
    np.testing.assert_allclose(found.fraction, expected, rtol=1e-12, atol=1e-15)
    assert all(model.duration == pytest.approx(60.0) for model in runs)


def test_no_crossing_on_runs_is_said(fluid: Model) -> None:
    found = threshold(fluid, at="1 min", looks=2)
    assert not found.found
    assert "stays at or below 0.05" in found.reason
    assert all(math.isnan(x) for x in (found.value, *found.threshold.values()))
    assert found.simulations == 2
    summary = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert summary["threshold"] == {"total": None, "free": None, "solid": None}
    assert summary["simulations"] == 2
    assert not summary["found"]
    assert summary["provenance"]["sha256"] == fluid.scenario.sha256


def test_a_failed_run_ends_the_search_with_its_reason(
    fluid: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scipy_ivp, "MAX_EVALUATIONS", 3)
    found = threshold(fluid, criterion=stub, at="1 min", looks=2)
    assert not found.found
    assert "Mg/Ca = 0 has no stub: stopped at" in found.reason
    assert {trial.status for trial in found.history} == {"step_limit"}


def test_a_time_that_is_not_reached_is_longer_than_the_run(fluid: Model) -> None:
    found = threshold(fluid, criterion="t50_crystalline", level="30 s", at="1 min", looks=2)
    assert [trial.value for trial in found.history] == [1.0, 1.0]  # min
    assert "stays above 0.5" in found.reason
    # of a level beyond the run it cannot be told
    found = threshold(fluid, criterion="t50_crystalline", level="2 min", at="1 min", looks=2)
    assert all(math.isnan(trial.value) for trial in found.history)
    assert "never half crystalline within the run" in found.reason


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("Mg/Ca", (0.0, 1.0)),
        ("temperature", (4.0, 60.0)),
        ("acp_nucleation_energy", None),
        ("Mg", None),
    ],
)
def test_where_a_search_looks_by_itself(
    fluid: Model, over: str, expected: tuple[float, float] | None
) -> None:
    if over == "Mg":
        expected = fluid.scenario.medium.inputs["Mg"].usual
    elif expected is None:
        over = next(iter(fluid.scenario.parameters.parameters))
        parameter = fluid.scenario.parameters.get(over)
        expected = (parameter.low, parameter.high)
    assert ranges.default_ends(fluid, over) == expected


def test_ends_and_levels_with_units(fluid: Model) -> None:
    found = threshold(
        fluid,
        "Mg",
        criterion="ionised_Mg",
        level="700 umol/L",
        at="1 min",
        low="0.5 mmol/L",
        high="2.4305 mg/dL",
        tolerance=1e-4,
    )
    assert found.found
    assert found.unit == "mmol/L"
    assert (found.history[0].x, found.history[4].x) == (0.5, 1.0)
    ionised = fluid.with_({"Mg": found.value, "duration": "1 min"}).simulate()
    # within the last bracket: 1e-4 of 0.5 mmol/L
    assert 1e3 * ionised.solute("free.Mg")[0] == pytest.approx(0.7, abs=5e-5)
    assert found.criterion == "ionised Mg at the start = 0.7 mmol/L, in runs of 0.01667 h"


@pytest.mark.parametrize(
    ("over", "options", "error"),
    [
        ("Mq/Ca", {}, UnknownNameError),
        ("Mg/Ca", {"criterion": "crystals"}, UnknownNameError),
        ("Mg/Ca", {"at": "24"}, UnitError),
        ("Mg/Ca", {"level": "5 min"}, UnitError),
        ("Mg", {"low": "1 min"}, UnitError),
        ("Mg/Ca", {"low": math.nan}, OutOfRangeError),
        ("Mg/Ca", {"low": 0.5, "high": 0.1}, OutOfRangeError),
        ("Mg", {"low": 0.0, "high": 500.0}, OutOfRangeError),
        ("Mg/Ca", {"solver": "euler"}, UnknownNameError),
    ],
)
def test_bad_input_is_named(
    fluid: Model, over: str, options: dict[str, object], error: type[InputError]
) -> None:
    with pytest.raises(error) as caught:
        threshold(fluid, over, **({"at": "1 min"} | options))  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
