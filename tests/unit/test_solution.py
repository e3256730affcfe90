"""Speciation by the compiled kernel: its twin, hand calculations, and input that makes no sense."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from calcikin import load, speciate
from calcikin.chemistry.activity import ActivityWarning, log10_gamma
from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.speciation import (
    Equilibrium,
    ionised,
    saturation_indices,
    solve,
    ultrafiltrable,
)
from calcikin.errors import InputError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.simulate.solution import Speciation

NAMES = [name for name in load_constants().components if name != "H"]
PLASMA = load_medium("serum").totals()
#: Both solve to 1e-10 or better in each balance; complexes with three ions triple that.
AGREES = 1e-9


@pytest.fixture
def _beyond_davies() -> Iterator[None]:
    # Extreme solutions are meant here; that they warn is tested by name below.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ActivityWarning)
        yield


def assert_same(answer: Speciation, twin: Equilibrium) -> None:
    for ours, theirs in (
        (answer.free, twin.free),
        (answer.species, twin.species),
        (answer.activity, twin.activity),
        (answer.ionised, ionised(twin)),
        (answer.ultrafiltrable, ultrafiltrable(twin)),
    ):
        assert ours.keys() == theirs.keys()
        for name, expected in theirs.items():
            if expected > 1e-290:  # below, doubles lose digits
                assert ours[name] == pytest.approx(expected, rel=AGREES), name
            else:
                assert ours[name] <= 1e-280, name
            assert (ours[name] == 0.0) == (expected == 0.0) or expected < 1e-300, name
    assert answer.ionic_strength == pytest.approx(twin.ionic_strength, rel=AGREES, abs=1e-300)
    assert answer.pH == pytest.approx(twin.pH, abs=AGREES)
    for phase, si in saturation_indices(twin).items():
        assert answer.si[phase] == pytest.approx(si, abs=20 * AGREES), phase  # up to 17 ions
    assert answer.residual <= 1e-10


def both(
    totals: dict[str, float],
    pH: float = 7.4,
    celsius: float = 37.0,
    ionic_strength: float | None = None,
    pco2: float | None = None,
) -> tuple[Speciation, Equilibrium]:
    changes: dict[str, str | float] = {**totals, "pH": pH, "temperature": celsius}
    fixed = {"H": 10.0**-pH}
    if ionic_strength is not None:
        changes["ionic_strength"] = ionic_strength
    if pco2 is not None:
        changes["pCO2"] = pco2
        fixed["CO2(g)"] = pco2
    twin = solve(
        load_constants(),
        totals,
        celsius + 273.15,
        fixed_activity=fixed,
        ionic_strength=ionic_strength,
    )
    return speciate(None, changes), twin


# --- the twin -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("_beyond_davies")
@pytest.mark.parametrize("seed", range(120))
def test_random_waters_agree_with_the_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    totals = {
        name: 10.0 ** draw.uniform(-15.0, math.log10(2.0)) for name in NAMES if draw.random() < 0.5
    }
    pH, celsius = draw.uniform(2.0, 12.0), draw.uniform(4.0, 60.0)
    held = [None, None, None, 0.0, 0.15][draw.integers(5)]
    assert_same(*both(totals, pH, celsius, held))


@pytest.mark.usefixtures("_beyond_davies")
@pytest.mark.parametrize(
    ("totals", "pH", "held"),
    [
        ({}, 7.0, None),
        ({}, 2.0, None),
        ({}, 12.0, None),
        ({"Ca": 1e-15}, 7.4, None),
        ({"Ca": 2.4e-3}, 7.4, None),
        ({"Mg": 1e-3}, 12.0, None),
        ({"Na": 0.15}, 7.4, None),
        ({"Pi": 1e-3}, 2.0, None),
        ({"ATP": 1e-15, "Mg": 1e-15}, 7.4, None),
        ({"PPi": 1e-15, "Ca": 2e-3, "Mg": 1e-3}, 12.0, None),
        ({"Cl": 0.15}, 7.4, None),
        ({"Alb": 8e-3, "Ca": 2.4e-3}, 7.4, None),
        ({"Fet": 1e-5}, 7.4, None),
        (dict.fromkeys(NAMES, 1e-15), 7.4, None),
        (dict.fromkeys(NAMES, 1e-2), 2.0, None),
        (dict.fromkeys(NAMES, 1e-2), 12.0, None),
        (dict.fromkeys(NAMES, 0.0), 7.4, None),
        (PLASMA, 7.4, 0.15),
        (PLASMA, 7.4, 0.0),
        (PLASMA, 2.0, 0.5),
    ],
)
def test_adversarial_waters_agree_with_the_twin(
    totals: dict[str, float], pH: float, held: float | None
) -> None:
    assert_same(*both(totals, pH, ionic_strength=held))


@pytest.mark.usefixtures("_beyond_davies")
@pytest.mark.parametrize(
    ("totals", "pH", "celsius"),
    [
        # waters in which Newton's method of the kernel does not settle: I of 0.0002, 2 and 9 mol/L
        ({"Ca": 0.1653, "ADP": 4.9e-5, "Pi": 8.4e-6, "Fet": 0.5112}, 5.556, 59.7),
        ({"Mg": 0.456, "ATP": 0.3805, "Pi": 7e-4, "Ca": 1.6e-5}, 11.174, 57.5),
        ({"PPi": 1.2097, "Na": 6.2e-6, "Ca": 5.2e-6}, 5.659, 30.9),
    ],
)
def test_waters_that_need_the_search_for_the_ionic_strength(
    totals: dict[str, float], pH: float, celsius: float
) -> None:
    assert_same(*both(totals, pH, celsius))


@pytest.mark.parametrize("pco2", [1e-4, 0.053, 0.1])
def test_open_carbonate_agrees_with_the_twin(pco2: float) -> None:
    totals = {name: c for name, c in PLASMA.items() if name != "CO3"}
    assert_same(*both(totals, pco2=pco2))


@pytest.mark.parametrize("seed", range(20))
def test_closed_ph_gives_the_fixed_ph_back(seed: int) -> None:
    draw = np.random.default_rng(seed)
    totals = {name: 10.0 ** draw.uniform(-6.0, -2.0) for name in NAMES if draw.random() < 0.6}
    pH = draw.uniform(3.0, 11.0)
    fixed = speciate(None, {**totals, "pH": pH})
    closed = speciate(None, {**totals, "H": fixed.totals["H"]})
    # the total of H may be a small difference of large numbers: its roundoff over the buffer value
    loose = 1e-9 + 1e-14 * abs(fixed.totals["H"]) / 2e-7
    assert closed.pH == pytest.approx(pH, abs=loose)


@pytest.mark.parametrize("preset", list(load_medium("serum").presets))
def test_a_serum_is_its_totals(preset: str) -> None:
    medium = load_medium("serum")
    pH = medium.presets[preset].pH.value
    totals = medium.totals(medium.values(preset))
    twin = solve(load_constants(), totals, medium.temperature, fixed_activity={"H": 10.0**-pH})
    answer = speciate("serum", preset=preset)
    assert_same(answer, twin)
    assert answer.title == f"serum {preset}"


def test_changes_of_a_serum_and_its_settings() -> None:
    medium = load_medium("serum")
    totals = medium.totals({"serum.Mg": 1.2})
    twin = solve(
        load_constants(), totals, 298.15, fixed_activity={"H": 10.0**-7.2}, ionic_strength=0.2
    )
    answer = speciate(
        medium,
        {
            "serum.Mg": "1.2 mmol/L",
            "temperature": "25 degC",
            "pH": 7.2,
            "ionic_strength": "0.2 mol/L",
        },
    )
    assert_same(answer, twin)


def test_a_model_is_its_mix_at_the_start() -> None:
    model = load("t50_serum").with_({"serum.Mg": "1.2 mmol/L"})
    result = model.with_({"duration": "1 min"}).simulate()
    answer = speciate(model)
    for metal in ("Ca", "Mg"):
        # the run closes the pH with the total of H that the fixed pH gives: back within roundoff
        assert answer.ionised[metal] == pytest.approx(result.solute(f"free.{metal}")[0], rel=1e-9)
    assert answer.si["OCP"] == pytest.approx(result.saturation_index("OCP")[0], abs=1e-8)


def test_a_switch_takes_its_complexes_away() -> None:
    model = load("t50_serum").with_(switch_off=["phosphate_complexation"])
    answer = speciate(model)
    gone = [
        name
        for name, item in model.scenario.constants.species.items()
        if "mg_phosphate" in item.tags
    ]
    assert gone
    assert all(answer.species[name] == 0.0 for name in gone)
    constants = model.scenario.constants.without(tags=["mg_phosphate"])
    totals = {name: c for name, c in model.totals().items() if name != "H"}
    twin = solve(
        constants, totals, model.temperature, fixed_activity={"H": 10.0**-model.initial_ph}
    )
    assert answer.ionised["Mg"] == pytest.approx(twin.free["Mg"], rel=AGREES)


# --- by hand ------------------------------------------------------------------------------------


def test_salt_water_by_hand() -> None:
    # inert chloride only: I = (Cl + H + OH) / 2, with gammas from the Davies equation
    answer = speciate(None, {"Cl": "0.1 mol/L", "pH": 7.0, "temperature": "25 degC"})
    gamma = 10.0 ** log10_gamma(1, answer.ionic_strength, 298.15)
    assert answer.free["H"] == pytest.approx(1e-7 / gamma, rel=1e-9)
    water = load_constants().species["OH-"].log_beta(298.15)
    assert answer.species["OH-"] == pytest.approx(10.0 ** (water + 7.0) / gamma, rel=1e-9)
    by_hand = 0.5 * (0.1 + answer.free["H"] + answer.species["OH-"])
    assert answer.ionic_strength == pytest.approx(by_hand, rel=1e-12)
    assert answer.si["HAP"] == -math.inf


def test_without_ions_concentrations_are_activities() -> None:
    answer = speciate(None, {"Ca": "1 mmol/L", "ionic_strength": 0.0})
    assert answer.ionic_strength == 0.0
    assert answer.activity["Ca"] == pytest.approx(answer.free["Ca"], rel=1e-12)


def test_a_bare_solution_has_a_usual_ph_and_temperature() -> None:
    answer = speciate(None, {"Ca": "2.4 mmol/L", "Pi": "1 mmol/L"})
    assert answer.pH == pytest.approx(7.4, abs=1e-12)
    assert answer.temperature == pytest.approx(310.15, abs=1e-9)
    assert answer.totals["Ca"] == pytest.approx(2.4e-3, rel=1e-10)
    assert answer.totals["Mg"] == 0.0


def test_units_of_a_laboratory() -> None:
    in_mass = speciate(None, {"Mg": "2.4305 mg/dL", "CO3": "24 mEq/L"})
    in_moles = speciate(None, {"Mg": "1 mmol/L", "CO3": "24 mmol/L"})
    assert in_mass.free == pytest.approx(in_moles.free, rel=1e-12)


def test_summary_is_json_in_mmol() -> None:
    answer = speciate(None, {"Ca": "2.4 mmol/L"})
    summary = json.loads(json.dumps(answer.summary(), allow_nan=False))
    assert summary["ionised"]["Ca"] == pytest.approx(1e3 * answer.ionised["Ca"], rel=1e-15)
    assert summary["si"]["HAP"] is None
    assert {"free", "species", "si", "ionised", "ionic_strength"} <= set(summary)


def test_beyond_davies_is_said() -> None:
    with pytest.warns(ActivityWarning, match="beyond the Davies equation"):
        answer = speciate(None, {"Na": "1 mol/L", "Cl": "1 mol/L"})
    assert not answer.valid
    assert speciate("serum").valid


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "changes", "error", "words"),
    [
        (None, {"Cal": "1 mmol/L"}, UnknownNameError, "Cal"),
        (None, {"Ca": "1"}, UnitError, "no unit"),
        (None, {"Ca": "1 min"}, UnitError, "Ca"),
        (None, {"Ca": "-1 mmol/L"}, OutOfRangeError, "Ca"),
        (None, {"Ca": math.nan}, OutOfRangeError, "Ca"),
        (None, {"Ca": "nan mmol/L"}, OutOfRangeError, "Ca"),
        (None, {"Ca": "20 mol/L"}, OutOfRangeError, "0 to 10"),
        (None, {"pH": 15}, OutOfRangeError, "pH"),
        (None, {"temperature": "80 degC"}, OutOfRangeError, "temperature"),
        (None, {"ionic_strength": "2 mol/L"}, OutOfRangeError, "ionic_strength"),
        (None, {"pCO2": "40 mmol/L"}, UnitError, "pCO2"),
        (None, {"pCO2": "5 atm"}, OutOfRangeError, "pCO2"),
        (None, {"duration": "1 h"}, UnknownNameError, "duration"),
        (None, {"H": 1e-3, "pH": 7.0}, InputError, "both given"),
        (None, {"H": 1e-3, "pCO2": 0.05}, InputError, "closed"),
        (None, {"CO3": 1e-3, "pCO2": 0.05}, InputError, "CO3"),
        ("open_serum", {"H": 1e-3}, InputError, "closed"),
        ("serum", {"serum.Mg": "20 mmol/L"}, OutOfRangeError, "mg/dL"),
        ("serum", {"serum.Mq": "1 mmol/L"}, UnknownNameError, "serum.Mg"),
        ("blood", {}, UnknownNameError, "blood"),
    ],
)
def test_bad_input_is_named(
    of: str | None, changes: dict[str, str | float], error: type[InputError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        speciate(of, changes)
    assert caught.value.exit_code == 2


def test_presets_belong_to_media() -> None:
    with pytest.raises(InputError, match="no preset"):
        speciate(None, {"Ca": 1e-3}, preset="healthy")
    with pytest.raises(UnknownNameError, match="helthy"):
        speciate("serum", preset="helthy")
