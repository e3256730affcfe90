"""Exported solutions, run unchanged by PHREEQC, give the solution back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.phreeqc_input import phreeqc_input, phreeqc_names
from calcikin.chemistry.speciation import Equilibrium, saturation_indices, solve
from calcikin.errors import InputError, UnknownNameError

Run = Callable[..., dict[str, float]]
MEDIA = ["serum", "t50_mix", "sbf"]


def solution(name: str, medium: str, **conditions: object) -> Equilibrium:
    recipe = load_medium(medium)
    conditions.setdefault("fixed_activity", {"H": 10**-recipe.pH})
    return solve(load_constants(name), recipe.totals(), recipe.temperature, **conditions)  # type: ignore[arg-type]


def assert_same(text: str, ours: Equilibrium, run: Run, database: str = "phreeqc.dat") -> None:
    names = phreeqc_names(ours.constants)
    found = {**ours.free, **ours.species}
    present = {name: c for name, c in found.items() if c > 0.0}
    indices = {phase: si for phase, si in saturation_indices(ours).items() if math.isfinite(si)}
    theirs = run(text, [names[name] for name in present], indices, database)
    # 1e-6 and 1e-5: PHREEQC stops at 1e-12 in its balances, but repeats activity coefficients only
    # to about 1e-8; tenths of that were seen
    assert theirs["pH"] == pytest.approx(ours.pH, abs=1e-6)
    for name, c in present.items():
        if c > 1e-25:  # PHREEQC drops what is less
            assert theirs[f"m:{names[name]}"] == pytest.approx(c, rel=1e-6), name
    for phase, si in indices.items():
        assert theirs[f"si:{phase}"] == pytest.approx(si, abs=1e-5), phase


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("name", constant_sets())
def test_fixed_ph(name: str, medium: str, run_phreeqc: Run) -> None:
    ours = solution(name, medium)
    assert_same(phreeqc_input(ours, title=medium), ours, run_phreeqc)


@pytest.mark.parametrize("database", ["minteq.v4.dat", "wateq4f.dat", "Amm.dat"])
def test_any_database_gives_the_same(database: str, run_phreeqc: Run) -> None:
    ours = solution("default", "serum")
    assert_same(phreeqc_input(ours), ours, run_phreeqc, database)


@pytest.mark.parametrize("name", ["default", "phreeqc", "sit"])
@pytest.mark.parametrize("medium", MEDIA)
def test_closed_ph_is_found_from_the_charge(name: str, medium: str, run_phreeqc: Run) -> None:
    # what charge the recipes have (of proteins, or of rounded amounts) goes to an ion of its own
    ours = solution(name, medium)
    closed = solve(ours.constants, ours.totals, ours.T)
    text = phreeqc_input(closed, closed=True)
    assert " charge\n" in text
    assert "Balance_" in text
    assert_same(text, closed, run_phreeqc)


def test_neutral_water_needs_no_balance(run_phreeqc: Run) -> None:
    totals = {"Na": 0.03, "CO3": 0.01, "Cl": 0.02, "H": 0.01}
    ours = solve(load_constants("phreeqc"), totals, 298.15)
    text = phreeqc_input(ours, closed=True)
    assert "Balance_" not in text
    assert "-gamma 4.08 0.082" in text  # PHREEQC's own coefficients, since it has the model
    assert_same(text, ours, run_phreeqc)


@pytest.mark.parametrize("name", ["default", "phreeqc", "minteq.v4", "sit"])
@pytest.mark.parametrize("closed", [False, True])
def test_open_to_carbon_dioxide(name: str, closed: bool, run_phreeqc: Run) -> None:
    constants = load_constants(name)
    totals = {k: v for k, v in load_medium("sbf").totals().items() if k != "CO3"}
    fixed = {"H": 10**-7.4, "CO2(g)": 0.05}
    ours = solve(constants, totals, 310.15, fixed_activity=fixed)
    text = phreeqc_input(ours, closed=closed, gas="CO2(g)")
    assert "CO2(g) -1.30" in text
    assert_same(text, ours, run_phreeqc)


def test_one_metal_no_ligand_and_dilute(run_phreeqc: Run) -> None:
    for totals in ({"Ca": 1e-3}, {"Pi": 1e-6}, {"Na": 1e-7, "Cl": 1e-7}):
        ours = solve(load_constants(), totals, 290.0, fixed_activity={"H": 10**-7.0})
        assert_same(phreeqc_input(ours), ours, run_phreeqc)


def test_refusals() -> None:
    ours = solution("default", "sbf")
    with pytest.raises(UnknownNameError, match=r"CO2\(g\)"):
        phreeqc_input(ours, gas="CO(g)")
    constants = ours.constants
    twin = replace(constants.species["CaHPO4"], name="CaPO4H")
    doubled = replace(constants, species={**constants.species, "CaPO4H": twin})
    with pytest.raises(InputError, match="same composition"):
        phreeqc_names(doubled)
