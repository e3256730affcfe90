"""Many waters at once: the twin, single waters, order and threads, and refusals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from calcikin import speciate, speciate_many
from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.speciation import saturation_indices, solve
from calcikin.errors import CalcikinError, InputError, OutOfRangeError, UnknownNameError

PLASMA = load_medium("serum").totals()
SPANS = {  # [mol/L]
    "Ca": (0.0, 1e-2),
    "Mg": (0.0, 5e-3),
    "Pi": (0.0, 6e-3),
    "Na": (0.01, 0.2),
    "K": (3e-3, 6e-3),
    "Cl": (0.01, 0.2),
    "CO3": (0.0, 3e-2),
    "SO4": (0.0, 1e-3),
    "Cit": (0.0, 1e-3),
    "PPi": (0.0, 1e-5),
    "ATP": (0.0, 1e-5),
    "Alb": (0.0, 8e-3),
}


def waters(count: int, seed: int = 3) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    totals = {name: draw.uniform(*span, count) for name, span in SPANS.items()}
    for name in ("Mg", "Cit", "PPi"):  # exact zeros among them
        totals[name][draw.random(count) < 0.2] = 0.0
    return totals


@pytest.mark.parametrize("name", ["default", "phreeqc", "minteq.v4"])
def test_every_water_is_that_of_the_twin(name: str) -> None:
    constants = load_constants(name)
    totals, n = waters(12), 12
    draw = np.random.default_rng(1)
    pH, celsius = draw.uniform(5.0, 9.0, n), draw.choice([4.0, 25.0, 37.0, 60.0], n)
    found = speciate_many(totals, pH=pH, temperature=celsius, constants=name)
    assert found.activity_model == constants.activity_model
    assert found.found.all()
    species = ("CaHPO4", "HCO3-", "OH-", "CO2", "MgCit-", "CaAlb+2", "CaOH+")
    complexes = {s: found.species(s) for s in species}
    for k in range(n):
        given = {c: float(v[k]) for c, v in totals.items()}
        twin = solve(constants, given, celsius[k] + 273.15, fixed_activity={"H": 10.0 ** -pH[k]})
        # the twin solves to 1e-12, the kernel settles the activity of water to 1e-11
        assert found.ionic_strength[k] == pytest.approx(twin.ionic_strength, rel=1e-10)
        assert found.water_activity[k] == pytest.approx(twin.water_activity, abs=1e-11)
        for component, free in twin.free.items():
            assert found.free[component][k] == pytest.approx(free, rel=1e-10), component
            assert found.activity(component)[k] == pytest.approx(
                twin.activity[component], rel=1e-10
            )
        for one, c in complexes.items():
            assert c[k] == pytest.approx(twin.species[one], rel=1e-10), one
        for phase, si in saturation_indices(twin).items():
            assert found.saturation_index(phase)[k] == pytest.approx(si, abs=1e-9), phase
        assert found.total_H[k] == pytest.approx(twin.totals["H"], rel=1e-9)


@pytest.mark.parametrize("name", ["default", "phreeqc"])
def test_closed_and_open_waters(name: str) -> None:
    totals = waters(40)
    fixed = speciate_many(totals, pH=np.linspace(5.0, 9.0, 40), constants=name)
    closed = speciate_many({**totals, "H": fixed.total_H}, constants=name)
    # total H over the buffer: 1e-15 of 0.03 mol/L over 1e-5 mol/L a unit
    assert np.abs(closed.pH - fixed.pH).max() < 1e-8
    for component, c in closed.free.items():
        np.testing.assert_allclose(c, fixed.free[component], rtol=3e-8)
    without = {c: v for c, v in totals.items() if c != "CO3"}
    pressures = np.geomspace(1e-4, 0.1, 40)
    opened = speciate_many(without, pH=7.4, pCO2=pressures, temperature=25.0, constants=name)
    constants = load_constants(name)
    for k in (0, 17, 39):
        given = {c: float(v[k]) for c, v in without.items()}
        conditions = {"H": 10**-7.4, "CO2(g)": float(pressures[k])}
        twin = solve(constants, given, 298.15, fixed_activity=conditions)
        assert opened.free["CO3"][k] == pytest.approx(twin.free["CO3"], rel=1e-10)
        assert opened.saturation_index("calcite")[k] == pytest.approx(
            saturation_indices(twin)["calcite"], abs=1e-9
        )


def test_one_of_them_is_what_speciate_says() -> None:
    many = speciate_many(PLASMA, pH=[7.2, 7.4])
    for k, pH in enumerate((7.2, 7.4)):
        one = speciate(None, {**PLASMA, "pH": pH})
        for phase in ("ACP", "OCP", "HAP", "calcite"):
            assert many.saturation_index(phase)[k] == pytest.approx(one.si[phase], abs=1e-9)
    held = speciate_many(PLASMA, pH=7.4, ionic_strength=0.2)
    one = speciate(None, {**PLASMA, "ionic_strength": 0.2})
    assert held.free["Ca"][0] == pytest.approx(one.free["Ca"], rel=1e-10)
    assert len(many) == 2


@pytest.mark.parametrize("name", ["default", "phreeqc"])
def test_neither_order_nor_threads_nor_company_changes_a_water(name: str) -> None:
    totals = waters(9001)  # several chunks, the last one no multiple of the lanes
    pH = np.random.default_rng(8).uniform(4.0, 10.0, 9001)
    one = speciate_many(totals, pH=pH, threads=1, constants=name)
    two = speciate_many(totals, pH=pH, threads=2, constants=name)
    order = np.random.default_rng(9).permutation(9001)
    mixed = speciate_many({c: v[order] for c, v in totals.items()}, pH=pH[order], constants=name)
    part = speciate_many({c: v[4:7] for c, v in totals.items()}, pH=pH[4:7], constants=name)
    for component, c in one.free.items():
        assert np.array_equal(c, two.free[component])
        # waters share vector instructions and nothing else; 1e-10 is what is promised
        np.testing.assert_allclose(mixed.free[component], c[order], rtol=1e-13)
        np.testing.assert_allclose(part.free[component], c[4:7], rtol=1e-13)


def test_missing_ions_have_no_index() -> None:
    found = speciate_many({"Ca": [1e-3, 0.0], "Pi": 1e-3, "Cl": 0.1}, pH=7.4)
    assert math.isfinite(found.saturation_index("DCPD")[0])
    assert found.saturation_index("DCPD")[1] == -math.inf
    assert found.species("CaHPO4")[1] == 0.0
    assert found.free["Mg"].tolist() == [0.0, 0.0]


def test_a_closed_ph_is_7_4_when_nothing_is_said() -> None:
    assert speciate_many({"Na": 0.1, "Cl": 0.1}).pH[0] == pytest.approx(7.4, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: speciate_many({"Cal": 1e-3}), UnknownNameError, "Ca"),
        (lambda: speciate_many({"Ca": [1e-3, -1e-3]}), OutOfRangeError, "water 1"),
        (lambda: speciate_many({"Ca": [1e-3, math.nan]}), OutOfRangeError, "water 1"),
        (lambda: speciate_many({"Ca": 30.0}), OutOfRangeError, "Ca"),
        (lambda: speciate_many({"Ca": [1e-3, 2e-3], "Mg": [1e-3] * 3}), InputError, "lengths"),
        (lambda: speciate_many({"Ca": [[1e-3]]}), InputError, "dimension"),
        (lambda: speciate_many({"H": 0.0}, pH=7.4), InputError, "both given"),
        (lambda: speciate_many({"CO3": 0.0}, pCO2=0.05), InputError, "CO3"),
        (lambda: speciate_many({"H": 0.0}, pCO2=0.05), InputError, "closed"),
        (lambda: speciate_many({"Ca": 1e-3}, pH=74.0), OutOfRangeError, "pH"),
        (lambda: speciate_many({"Ca": 1e-3}, temperature=80.0), OutOfRangeError, "temperature"),
        (lambda: speciate_many({"Ca": 1e-3}, ionic_strength=9.0), OutOfRangeError, "ionic"),
        (lambda: speciate_many({"Ca": 1e-3}, activity="davis"), UnknownNameError, "davies"),
        (lambda: speciate_many({"Ca": 1e-3}, constants="sit"), InputError, "compiled"),
        (lambda: speciate_many({"Ca": 1e-3}, constants="phreeq"), UnknownNameError, "phreeqc"),
        (lambda: speciate_many({"Ca": 1e-3}).activity("Cal"), UnknownNameError, "Ca"),
        (lambda: speciate_many({"Ca": 1e-3}).species("CaX"), UnknownNameError, "Ca"),
        (lambda: speciate_many({"Ca": 1e-3}).saturation_index("HAp"), UnknownNameError, "HAP"),
    ],
)
def test_refusals(call: Callable[[], object], error: type[CalcikinError], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_set_that_fits_no_activity_model_takes_davies() -> None:
    found = speciate_many(PLASMA, pH=7.4, constants="sit", activity="davies")
    assert found.found.all()
    assert found.water_activity[0] == 1.0
