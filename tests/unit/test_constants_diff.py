"""Two sets side by side: constants for the same reaction, indices in named waters, and a caller."""

from __future__ import annotations

import math

import pytest

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.constants_diff import (
    Change,
    Water,
    compare,
    named_waters,
    reaction_log_k,
)
from calcikin.chemistry.speciation import saturation_indices, solve
from calcikin.errors import UnknownNameError

T25 = 298.15
WATERS = named_waters()


def test_named_waters() -> None:
    assert list(WATERS) == ["plasma", "ultrafiltrate", "sbf", "t50_mix"]
    plasma, filtrate = WATERS["plasma"], WATERS["ultrafiltrate"]
    assert "Alb" not in filtrate.totals
    # textbooks: 55-65 % of the calcium of serum and 70-85 % of the magnesium pass a membrane; the
    # model has 65 and 82
    calcium, magnesium = (filtrate.totals[m] / plasma.totals[m] for m in ("Ca", "Mg"))
    assert calcium == pytest.approx(0.6, abs=0.07)
    assert magnesium == pytest.approx(0.8, abs=0.07)
    assert pytest.approx(309.65) == WATERS["t50_mix"].T


def test_a_set_does_not_differ_from_itself() -> None:
    default = load_constants()
    same = compare(default, default)
    assert same.constants == ()
    assert all(change.by in (0.0, None) for row in same.indices.values() for change in row)
    assert set(same.indices) == set(WATERS)
    assert same.behaviour == ()


def test_one_revised_constant() -> None:
    # classical against mcdonogh2024: CaPO4- alone, by the two orders of magnitude of the paper
    found = compare(load_constants("classical"), load_constants("mcdonogh2024"))
    (change,) = found.constants
    assert change.name == "CaPO4-"
    assert change.detail == "Ca+2 + PO4-3 = CaPO4-"
    assert change.by == pytest.approx(4.46 - 6.459, abs=1e-12)
    # freed phosphate and calcium raise the index, by hundredths only (McDonogh 2024: negligible
    # below pH 9)
    hap = {water: {c.name: c for c in row}["HAP"].by for water, row in found.indices.items()}
    assert all(by is not None and 0.0 < by < 0.06 for by in hap.values()), hap


def test_largest_difference_first_and_for_the_same_reaction() -> None:
    found = compare(load_constants("default"), load_constants("phreeqc"), T=T25)
    sizes = [abs(change.by) for change in found.constants if change.by is not None]
    assert sizes == sorted(sizes, reverse=True)
    by_name = {change.name: change for change in found.constants}
    assert found.constants[0].name == "HAP"
    assert by_name["HAP"].one == pytest.approx(-58.517, abs=1e-3)
    assert by_name["HAP"].other == pytest.approx(-54.454, abs=1e-3)
    # stepwise in default, cumulative in minteq.v4: compared for the reaction of the first
    found = compare(load_constants("default"), load_constants("minteq.v4"), T=T25)
    by_name = {change.name: change for change in found.constants}
    assert by_name["MgHPO4"].detail == "Mg+2 + HPO4-2 = MgHPO4"
    assert by_name["MgHPO4"].other == pytest.approx(15.175 - 12.375, abs=1e-9)
    # what only one has comes last
    only = [change for change in found.constants if change.by is None]
    assert {"KSO4-", "KCit-2"} <= {change.name for change in only}
    assert found.constants[-len(only) :] == tuple(only)


def test_indices_are_those_of_the_speciation() -> None:
    one, other = load_constants("default"), load_constants("sit")
    water = WATERS["sbf"]
    found = compare(one, other, [water])
    for k, constants in enumerate((one, other)):
        solution = solve(constants, water.totals, water.T, fixed_activity={"H": 10**-water.pH})
        si = saturation_indices(solution)
        for change in found.indices["sbf"]:
            value = change.one if k == 0 else change.other
            assert value == si[change.name]
        assert (found.free["sbf"][0].one, found.free["sbf"][0].other)[k] == solution.free["Ca"]


def test_absent_constituent() -> None:
    water = Water("salt", "calcium chloride", {"Ca": 1e-3, "Cl": 2e-3}, 310.15, 7.4)
    found = compare(load_constants("default"), load_constants("phreeqc"), [water])
    hap = next(change for change in found.indices["salt"] if change.name == "HAP")
    assert hap.one == hap.other == -math.inf
    assert hap.by is None


def test_behaviour_comes_from_the_caller() -> None:
    asked = []

    def behaviour(name: str) -> dict[str, float]:
        asked.append(name)
        return {"T50 [min]": 329.0 if name == "default" else 301.0}

    water = [WATERS["sbf"]]
    found = compare(load_constants(), load_constants("phreeqc"), water, behaviour=behaviour)
    assert asked == ["default", "phreeqc"]
    assert found.behaviour == (Change("T50 [min]", 329.0, 301.0),)
    assert found.behaviour[0].by == -28.0


@pytest.mark.parametrize("name", constant_sets())
def test_any_reaction(name: str) -> None:
    constants = load_constants(name)
    pair = reaction_log_k(constants, "Ca+2 + HPO4-2 = CaHPO4", T25)
    step = reaction_log_k(constants, "H+ + PO4-3 = HPO4-2", T25)
    both = reaction_log_k(constants, "Ca+2 + H+ + PO4-3 = CaHPO4", T25)
    assert both == pytest.approx(pair + step, abs=1e-12)
    # Hess: from the solid to the ion pair
    solid = reaction_log_k(constants, "DCPD = Ca+2 + HPO4-2 + 2 H2O", T25)
    assert reaction_log_k(constants, "DCPD = CaHPO4 + 2 H2O", T25) == pytest.approx(solid + pair)
    # a formula alone on the left is the solid, elsewhere the ion pair
    calcite = reaction_log_k(constants, "CaCO3 = Ca+2 + CO3-2", T25)
    assert calcite == pytest.approx(-8.48, abs=0.02)
    assert reaction_log_k(constants, "Ca+2 + CO3-2 = CaCO3", T25) == pytest.approx(3.2, abs=0.05)
    with pytest.raises(UnknownNameError, match="CaHPO4"):
        reaction_log_k(constants, "Ca+2 + HPO4-2 = CaHPO5", T25)
