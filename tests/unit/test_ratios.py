"""Inputs given as ratios: what is said last holds, and one ratio may rest on another."""

from __future__ import annotations

import pytest

from calcikin import Model, load
from calcikin.errors import InputError


@pytest.fixture(scope="module")
def slurry() -> Model:
    return load("acp_slurry")


@pytest.mark.parametrize("order", [("Mg/Ca", "Ca/Pi"), ("Ca/Pi", "Mg/Ca")])
def test_a_ratio_may_rest_on_another(slurry: Model, order: tuple[str, str]) -> None:
    ratios = {"Mg/Ca": 0.2, "Ca/Pi": 1.5}
    values = slurry.with_({name: ratios[name] for name in order}).input_values()
    assert values["Ca"] / values["Pi"] == pytest.approx(1.5, rel=1e-14)
    assert values["Mg"] / values["Ca"] == pytest.approx(0.2, rel=1e-14)


def test_what_is_said_last_holds(slurry: Model) -> None:
    model = slurry.with_({"Mg/Ca": 0.2}).with_({"Mg": "1 mmol/L"})
    assert model.input_values()["Mg"] == 1.0
    again = model.with_({"Mg/Pi": 0.5}).with_({"Mg/Ca": 0.3})
    assert again.input_values()["Mg"] == pytest.approx(3.0, rel=1e-14)
    # the denominator may change afterwards; the ratio stays
    assert again.with_({"Ca": 20.0}).input_values()["Mg"] == pytest.approx(6.0, rel=1e-14)


def test_ratios_in_a_circle_are_refused(slurry: Model) -> None:
    with pytest.raises(InputError, match="set each other"):
        slurry.with_({"Mg/Ca": 0.2, "Ca/Mg": 5.0}).input_values()
    with pytest.raises(InputError, match="set each other"):
        slurry.with_({"Mg/Mg": 1.0}).input_values()
