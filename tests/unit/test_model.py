"""The model as users hold it: what it refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import calcikin
from calcikin import InputError, Model
from calcikin.errors import OutOfRangeError, UnknownNameError


@pytest.fixture(scope="module")
def serum() -> Model:
    return calcikin.load("t50_serum")


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"serum": "healthy"}, 'preset="healthy"'),
        ({"temperature": "37 degC"}, "\\{\"temperature\": '37 degC'\\}"),
    ],
)
def test_a_value_in_place_of_a_group_is_answered(
    serum: Model, groups: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        serum.with_(**groups)


def test_a_group_is_short_for_its_names(serum: Model) -> None:
    assert serum.with_(serum={"Mg": "1.2 mmol/L"}) == serum.with_({"serum.Mg": "1.2 mmol/L"})


def test_one_mechanism_or_several(serum: Model) -> None:
    assert serum.with_(switch_off="whitlockite").off == ("whitlockite",)
    assert serum.with_(switch_off=["whitlockite", "whitlockite"]).off == ("whitlockite",)


@pytest.mark.parametrize(
    "times", [[], [0.0], [60.0, 120.0], [0.0, 120.0, 60.0], [0.0, np.nan], [[0.0, 60.0]]]
)
def test_output_times_increase_from_zero(serum: Model, times: Any) -> None:
    with pytest.raises(OutOfRangeError, match="do not increase from 0"):
        serum.simulate(times=times)


def test_totals_in_place_of_a_model_are_answered() -> None:
    totals: Any = {"Ca": "2.4 mmol/L"}
    with pytest.raises(InputError, match=r"speciate\(None"):
        calcikin.speciate(totals)


def test_an_unknown_name_of_the_package_is_no_name_of_it() -> None:
    with pytest.raises(AttributeError, match="treshold") as caught:
        calcikin.treshold  # noqa: B018
    assert caught.value.name == "treshold"  # from these two Python offers "threshold"
    assert caught.value.obj is calcikin


@pytest.mark.parametrize(
    ("method", "name", "near"),
    [
        ("state", "acp.mm", "acp.m"),
        ("solute", "lna.Cb", "lna.Ca"),
        ("observed", "OCP.z", "OCP.s"),
        ("ln_activity", "Pj", "Pi"),
        ("saturation_index", "HAPP", "HAP"),
        ("number", "cpp3", "cpp1"),
        ("core_radius", "cpp3", "cpp1"),
        ("peak_radius", "cpp3", "cpp1"),
    ],
)
def test_a_result_answers_unknown_names_with_the_nearest(
    serum: Model, method: str, name: str, near: str
) -> None:
    result = serum.simulate("1 min")
    with pytest.raises(UnknownNameError) as caught:
        getattr(result, method)(name)
    assert near in str(caught.value.hint)
