"""The shipped sets against the databases they stand for, and against PHREEQC running these."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.phreeqc_db import import_phreeqc
from calcikin.chemistry.records import WATER
from calcikin.chemistry.speciation import saturation_indices, solve

Find = Callable[[str], Path]
Run = Callable[..., dict[str, float]]
SETS = ["phreeqc", "minteq.v4", "sit"]
#: What the shipped sets leave out on purpose, as their headers say.
LEFT_OUT = {"HCl", "Mg4(OH)4+4"}
SOLIDS = {
    "phreeqc": {"HAP": "Hydroxyapatite", "calcite": "Calcite"},
    "minteq.v4": {
        "HAP": "Hydroxylapatite",
        "OCP": "Ca4H(PO4)3:3H2O",
        "DCPD": "CaHPO4:2H2O",
        "TCP": "Ca3(PO4)2(beta)",
        "calcite": "Calcite",
        "newberyite": "MgHPO4:3H2O",
    },
    "sit": {
        "HAP": "Hydroxyapatite",
        "OCP": "Ca4H(PO4)3:2.5H2O(s)",
        "DCPD": "Brushite",
        "TCP": "Ca3(PO4)2(alfa)",
        "calcite": "Calcite",
        "newberyite": "Mg(HPO4):3H2O(s)",
    },
}
TEMPERATURES = np.linspace(277.15, 333.15, 8)


@pytest.mark.parametrize("name", SETS)
def test_every_constant_is_that_of_the_database(name: str, database: Find) -> None:
    shipped, theirs = load_constants(name), import_phreeqc(database(f"{name}.dat"))
    by_content = {
        (frozenset(s.stoichiometry.items()), s.charge): s for s in shipped.species.values()
    }
    borrowed = set(shipped.inherited())
    seen = set()
    for item in theirs.species.values():
        if item.name in LEFT_OUT:
            continue
        ours = by_content[frozenset(item.stoichiometry.items()), item.charge]
        seen.add(ours.name)
        assert ours.name not in borrowed
        assert ours.gamma == item.gamma
        for T in TEMPERATURES:
            # 1e-4: enthalpies with four decimals, and the gas constant of PHREEQC (1e-5)
            assert ours.log_beta(T) == pytest.approx(item.log_beta(T), abs=1e-4), (ours.name, T)
    assert seen == set(shipped.species) - borrowed
    for component, item in theirs.components.items():
        assert shipped.components[component].gamma == item.gamma
    for ours_name, theirs_name in SOLIDS[name].items():
        ours, solid = shipped.phases[ours_name], theirs.phases[theirs_name]
        for component in set(ours.stoichiometry) | set(solid.stoichiometry) - {WATER}:
            if component != WATER:
                assert ours.stoichiometry[component] == solid.stoichiometry[component]
        for T in TEMPERATURES:
            assert ours.log_k.at(T) == pytest.approx(solid.log_k.at(T), abs=2e-4), (ours_name, T)
    assert set(shipped.phases) - set(SOLIDS[name]) <= borrowed
    gas, known = shipped.gases["CO2(g)"], theirs.gases["CO2(g)"]
    for T in TEMPERATURES:
        assert gas.log_k.at(T) == pytest.approx(known.log_k.at(T), abs=1e-4)
    assert len(shipped.epsilon) == len(theirs.epsilon)
    assert sorted(shipped.epsilon.values()) == sorted(theirs.epsilon.values())


@pytest.mark.parametrize("name", SETS)
def test_waters_agree_with_phreeqc(
    name: str, run_phreeqc: Run, waters: Mapping[str, tuple[float, dict[str, float]]]
) -> None:
    shipped = load_constants(name)
    own = shipped.without(species=[s for s in shipped.inherited() if s in shipped.species])
    ions = {"Ca": "Ca+2", "Mg": "Mg+2", "Pi": "PO4-3"}
    for celsius, recipe in waters.values():
        lines = [f"{element} {amount!r}" for element, amount in recipe.items()]
        script = ["SOLUTION", "units mmol/kgw", f"temp {celsius!r}", "pH 7.4", *lines]
        theirs = run_phreeqc("\n".join(script), ions.values(), SOLIDS[name].values(), f"{name}.dat")
        elements = {"P": "Pi", "C(4)": "CO3", "S(6)": "SO4"}
        totals = {elements.get(e, e): 1e-3 * amount for e, amount in recipe.items()}
        ours = solve(own, totals, celsius + 273.15, fixed_activity={"H": 10**-7.4})
        for component, ion in ions.items():
            # Mg(SO4)2-2, which two ligands keep out of the set, holds up to 2e-5 of the magnesium;
            # temperature functions are rounded as above
            assert ours.free[component] == pytest.approx(theirs[f"m:{ion}"], rel=2e-4), ion
        indices = saturation_indices(ours)
        for mine, solid in SOLIDS[name].items():
            if not math.isfinite(indices[mine]):
                continue
            # OCP is taken without its water: 3 log10 a_w, at most 0.01
            allowed = 0.012 if mine == "OCP" else 1e-3
            assert indices[mine] == pytest.approx(theirs[f"si:{solid}"], abs=allowed), mine
