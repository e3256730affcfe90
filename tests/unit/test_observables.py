"""Observables: known numbers in, known numbers out; entries that make no sense are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from calcikin.calibration.interpolate import interval, root, scaled
from calcikin.calibration.observables import read_observable
from calcikin.calibration.points import answer
from calcikin.errors import InputError, UnknownNameError

HERE = Path(__file__).parent
SERUM = {"model": "t50_serum", "read": "t50"}
GRID = {"model": "acp_slurry", "over": "Mg/Ca", "values": [0.0, 0.1, 0.2, 0.3], "level": 0.05}


def observable(**entry):
    return read_observable(entry, HERE, "test")


def test_a_difference_a_slope_and_a_quotient():
    change = {"base": {}, "changed": {"add": {"serum.Pi": 0.2}}}
    assert observable(kind="difference", **SERUM, **change).value(np.array([300.0, 270.0])) == -30.0
    slope = observable(kind="slope", per="serum.Pi", **SERUM, **change)
    assert slope.unit == "min per mmol/L"
    numbers = np.array([300.0, 270.0, 1.1, 1.3])
    assert slope.value(numbers) == pytest.approx(-150.0, rel=1e-12)
    assert observable(kind="quotient", **SERUM, **change).value(np.array([300.0, 270.0])) == 0.9


def test_the_half_life_of_an_exponential_decay():
    decay = observable(
        kind="half_life",
        model="open_serum",
        read="PPi_end",
        per="serum.PPi",
        base={},
        changed={"add": {"serum.PPi": 10.0}},
    )
    rest, t, half = 1.6, 0.5, 0.55
    left = 10.0 * 0.5 ** (t / half)
    numbers = np.array([rest, rest + left, 1.6, 11.6, t])
    assert decay.value(numbers) == pytest.approx(half, rel=1e-12)


def test_a_crossing_is_found_between_the_points_of_a_logistic():
    found = observable(kind="crossing", read="crystalline_fraction", scale="logit", **GRID)
    x = np.array(GRID["values"])
    # on the scale of the logit a logistic is a line, and the curve through it is exact
    numbers = 1.0 / (1.0 + np.exp((x - 0.15) / 0.02))
    expected = 0.15 + 0.02 * math.log(0.95 / 0.05)
    assert found.value(numbers) == pytest.approx(expected, abs=1e-6)
    both = found.value(np.stack([numbers, np.full(4, 0.5)]))
    assert both[0] == pytest.approx(expected, abs=1e-6)
    assert math.isnan(both[1])


def test_a_crossing_tells_another_readout_there():
    entry = {**GRID, "read": "acp_max", "level": 2.0}
    found = observable(kind="crossing", report="SI_ACP_start", plus="log_k.ACP", **entry)
    numbers = np.array([1.0, 1.0, 3.0, 3.0, 0.0, 0.1, 0.2, 0.3, -10.0])
    assert found.unit == "1"
    # steep between 0.1 and 0.2: half way, by symmetry
    assert found.value(numbers) == pytest.approx(-9.85, abs=1e-9)


def test_a_delay_is_read_at_a_share_of_the_crossing():
    found = observable(
        kind="delay",
        read="crystalline_fraction",
        scale="linear",
        late={"read": "t50_crystalline"},
        share=0.5,
        **{**GRID, "level": 0.5},
    )
    x = np.array(GRID["values"])
    times = np.exp(3.0 * x)  # the logarithm is a line
    numbers = np.concatenate([np.array([1.0, 1.0, 0.0, 0.0]), times])
    assert found.value(numbers) == pytest.approx(math.exp(3.0 * 0.075) - 1.0, rel=1e-9)


def test_signs_that_are_not_finite_bound_no_interval():
    assert interval(np.array([1.0, np.nan, -1.0])) == -1
    assert interval(np.array([1.0, -1.0, 1.0, -2.0])) == 2
    assert root(np.array([0.0, 1.0]), np.array([-1.0, 1.0])) == pytest.approx(0.5)
    assert math.isnan(root(np.array([0.0, 1.0]), np.array([1.0, 2.0])))
    assert scaled(np.array([0.5]), "logit")[0] == 0.0


def test_numbers_that_need_no_run_are_those_of_the_model_and_of_the_parameters_in_hand():
    demands = [
        observable(model="t50_serum", read=read, at=at).demands[0]
        for read, at in (
            ("parameter.acp_gamma", {}),
            ("input.serum.Mg", {"preset": "haemodialysis", "scale": {"serum.Mg": 2.0}}),
            ("log_k.ACP", {}),
        )
    ]
    numbers, reasons = answer(demands, {"acp_gamma": np.array([30.0, 31.0])})
    assert numbers[:, 0].tolist() == [30.0, 31.0]
    assert numbers[:, 1].tolist() == [1.8, 1.8]
    assert numbers[0, 2] == pytest.approx(-10.64, abs=0.05)
    assert reasons == ["", "", ""]


def test_what_is_alike_runs_once_and_gives_what_the_model_gives():
    from calcikin import load

    slurry = load("acp_slurry").with_({"duration": "1 h", "Mg/Ca": 0.1})
    entry = {"model": "acp_slurry", "read": "onset_ACP", "set": {"duration": "1 h"}}
    demand = observable(at={"set": {"Mg/Ca": 0.1}}, **entry).demands[0]
    gamma = np.array([30.0, 32.0, 30.0])
    other = demand._replace(read="acp_max")
    numbers, _ = answer([demand, other, demand], {"acp_gamma": gamma})
    for k in (0, 1):
        result = slurry.with_({"acp_gamma": gamma[k]}).simulate(rtol=1e-7)
        largest = 1e3 * (result.phases["ACP"] + result.phases["CPP1"]).max()
        # two solvers at tolerances of 1e-6 and 1e-7
        assert numbers[k, 1] == pytest.approx(largest, rel=1e-5)
    assert np.array_equal(numbers[0], numbers[2])
    assert np.array_equal(numbers[:, 0], numbers[:, 2])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"kind": "diference", **SERUM}, "difference"),
        ({**SERUM, "at": {"sett": {}}}, "set"),
        ({**SERUM, "att": {}}, "at"),
        ({"model": "t50_serum", "at": {}}, "no read-out"),
        ({"read": "t50", "at": {}}, "no model"),
        ({**SERUM, "at": {"set": {"serum.Mgg": 1.0}}}, "serum.Mg"),
        ({**SERUM, "at": {"scale": {"serum.Mgg": 1.0}}}, "serum.Mg"),
        ({**SERUM, "at": {"set": {"serum.Mg": "1 min"}}}, "min"),
        ({**SERUM, "read": "t5", "at": {}}, "t50"),
        ({"kind": "crossing", "read": "acp_max", **{**GRID, "values": [1.0]}}, "values must rise"),
        ({"kind": "crossing", "read": "acp_max", "scale": "lg", **GRID}, "log"),
        ({"kind": "slope", **SERUM, "base": {}, "changed": {}}, "'per' is missing"),
    ],
)
def test_entries_that_cannot_be_are_refused_with_what_is_meant(entry, says):
    with pytest.raises(InputError, match=says) as error:
        read_observable(entry, HERE, "dataset x")
    assert "dataset x" in str(error.value)


def test_a_given_number_has_to_exist():
    with pytest.raises(UnknownNameError):
        observable(model="t50_serum", read="parameter.acp_gama", at={})
