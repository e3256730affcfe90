"""Constant sets: reading reactions, proving balance, and what the default set holds."""

from __future__ import annotations

import copy
import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcikin.chemistry.activity import davies_a, davies_term, log10_gamma
from calcikin.chemistry.constants import LogK, constant_sets, load_constants, tableau
from calcikin.chemistry.constants_file import build_constants
from calcikin.chemistry.formula import imbalance, parse_formula, parse_reaction
from calcikin.errors import BalanceError, ModelFileError, UnknownNameError
from calcikin.paths import models_dir

SETS = constant_sets()


def document(name: str = "default") -> dict[str, Any]:
    return tomllib.loads((models_dir() / "constants" / f"{name}.toml").read_text("utf-8"))


def entry(doc: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next(item for item in doc[kind] if item["name"] == name)


# --- formulas and reactions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "elements", "charge"),
    [
        ("Ca+2", {"Ca": 1}, 2),
        ("HPO4-2", {"H": 1, "P": 1, "O": 4}, -2),
        ("CaPO4-", {"Ca": 1, "P": 1, "O": 4}, -1),
        ("CaH0.22(PO4)0.74", {"Ca": 1, "H": 0.22, "P": 0.74, "O": 2.96}, 0),
        ("Ca9Mg(HPO4)(PO4)6", {"Ca": 9, "Mg": 1, "H": 1, "P": 7, "O": 28}, 0),
        ("CaHPO4:2H2O", {"Ca": 1, "H": 5, "P": 1, "O": 6}, 0),
        ("MgATP-2", {"Mg": 1, "Ado": 1, "P": 3, "O": 10}, -2),
        ("HHEPES", {"H": 1, "Hepes": 1}, 0),
        ("CaAlb+2", {"Ca": 1, "Alb": 1}, 2),
        ("Ca(OH)2", {"Ca": 1, "O": 2, "H": 2}, 0),
    ],
)
def test_formula(text: str, elements: dict[str, float], charge: int) -> None:
    formula = parse_formula(text)
    assert dict(formula.elements) == pytest.approx(elements)
    assert formula.charge == charge


@pytest.mark.parametrize("text", ["", "ca", "Ca(PO4", "PO4)2", "Ca Mg", "2+", "Ca$"])
def test_unreadable_formula_is_refused(text: str) -> None:
    with pytest.raises(ModelFileError):
        parse_formula(text)


def test_reaction_coefficients_are_signed() -> None:
    reaction = parse_reaction("Ca5(PO4)3OH = 5 Ca+2 + 3 PO4-3 + OH-")
    assert reaction.terms == {"Ca5(PO4)3OH": -1.0, "Ca+2": 5.0, "PO4-3": 3.0, "OH-": 1.0}
    assert imbalance(reaction) == {}


@pytest.mark.parametrize("text", ["Ca+2", "Ca+2 = = CaCO3", "Ca+2 + Ca+2 = CaOH+", "Ca+2 +  = X"])
def test_unreadable_reaction_is_refused(text: str) -> None:
    with pytest.raises(ModelFileError):
        parse_reaction(text)


def test_hydrolysis_of_atp_balances() -> None:
    # ENPP1: the pseudo-element Ado carries the adenosine part
    assert imbalance(parse_reaction("ATP-4 + H2O = AMP-2 + P2O7-4 + 2 H+")) == {}
    assert imbalance(parse_reaction("ATP-4 + H2O = ADP-3 + PO4-3 + 2 H+")) == {}


# --- every shipped set ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_set_is_complete_and_sourced(name: str) -> None:
    constants = load_constants(name)
    for item in [*constants.species.values(), *constants.phases.values()]:
        origin = item.origin
        assert origin.source, item.name
        assert 0.0 <= origin.uncertainty <= 5.0, item.name
        assert math.isfinite(origin.published)
        if origin.source == "assumed":
            assert origin.note, f"{item.name} is assumed without a reason"
    for gas in constants.gases.values():
        assert gas.species in constants.species
    low, high = constants.temperature_range
    for T in np.linspace(low, high, 9):
        values = [s.log_beta(T) for s in constants.species.values()]
        values += [p.log_k.at(T) for p in constants.phases.values()]
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", SETS)
def test_every_species_and_phase_balances_from_components(name: str) -> None:
    # A second proof, from the resolved stoichiometry instead of the reaction: charge, and every
    # element but H and O (water is free to make those up), then H and O with water.
    constants = load_constants(name)
    for species in constants.species.values():
        own = parse_formula(species.name)
        total: dict[str, float] = {}
        charge = 0
        for component, count in species.stoichiometry.items():
            charge += count * constants.components[component].charge
            for element, number in constants.components[component].elements.items():
                total[element] = total.get(element, 0.0) + count * number
        assert charge == species.charge == own.charge
        water = own.elements.get("O", 0.0) - total.get("O", 0.0)
        total["O"] = total.get("O", 0.0) + water
        total["H"] = total.get("H", 0.0) + 2.0 * water
        assert {k: v for k, v in total.items() if v} == pytest.approx(dict(own.elements))
        ligands = [c for c in species.stoichiometry if constants.components[c].role == "ligand"]
        assert len(ligands) <= 1
    for phase in constants.phases.values():
        total = {"charge": 0.0}
        for component, count in phase.stoichiometry.items():
            if component == "H2O":
                parts: dict[str, float] = {"H": 2.0, "O": 1.0}
            else:
                parts = dict(constants.components[component].elements)
                total["charge"] += count * constants.components[component].charge
            for element, number in parts.items():
                total[element] = total.get(element, 0.0) + count * number
        assert total.pop("charge") == pytest.approx(0.0, abs=1e-12)
        assert total == pytest.approx(dict(phase.elements))


@pytest.mark.parametrize("name", SETS)
def test_tableau_says_what_the_set_says(name: str) -> None:
    constants = load_constants(name)
    T = 310.15
    tab = tableau(constants, T)
    assert tab.components == tuple(constants.components)
    for i, species in enumerate(constants.species.values()):
        row = {c: int(n) for c, n in zip(tab.components, tab.matrix[i], strict=True) if n}
        assert row == dict(species.stoichiometry)
        assert tab.ln_beta[i] == pytest.approx(math.log(10) * species.log_beta(T), rel=1e-14)
        assert tab.species_charge[i] == species.charge
        assert tab.conditional[i] == species.conditional
        ligands = [c for c in row if constants.components[c].role == "ligand"]
        assert tab.ligand[i] == (tab.index[ligands[0]] if ligands else -1)
    # the six coefficients give the same constants at another temperature
    other = tableau(constants, 290.0)
    powers = np.array([1.0, 290.0, 1 / 290.0, math.log10(290.0), 290.0**-2, 290.0**2])
    # rtol: cancellation among terms of order 1e3 leaves about 1e-13 of them
    np.testing.assert_allclose(
        math.log(10) * tab.coefficients @ powers, other.ln_beta, rtol=0, atol=1e-9
    )


# --- the default set ---------------------------------------------------------------------------


def test_default_holds_the_components_of_the_project() -> None:
    names = "H Ca Mg Na K Cl Pi CO3 Cit PPi ATP ADP AMP SO4 Lac HEPES Tris Alb Fet"
    assert set(load_constants().components) == set(names.split())


@pytest.mark.parametrize(
    ("species", "T", "expected"),
    [
        # value of the sources at 37 degC, which the shipped temperature functions must reach
        ("OH-", 310.15, -13.62),  # NIST 46
        ("HPO4-2", 310.15, 12.273),
        ("HCO3-", 310.15, 10.237),
        ("CO2", 310.15, 10.237 + 6.303),
        ("MgATP-2", 310.15, 5.977),
        ("TrisH+", 310.15, 7.75),
        ("HHEPES", 310.15, 7.426),
        ("HCit-2", 310.15, 6.418),
        ("CaPO4-", 298.15, 4.46),
    ],
)
def test_default_values(species: str, T: float, expected: float) -> None:
    # 0.005: the sources give two or three decimals
    assert load_constants().species[species].log_beta(T) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("phase", "log_k", "nu"),
    [
        ("ACP", -10.64, 1.96),
        ("ACP2", -11.49, 1.96),
        ("OCP", -47.95, 8),
        ("HAP", -58.629, 9),
        ("WH", -114.8, 18),
        ("DCPD", -6.63, 2),
        ("TCP", -29.548, 5),
        ("CPPD", -14.7, 3),
        ("newberyite", -5.94, 2),
        ("calcite", -8.537, 2),
    ],
)
def test_default_solids_at_37_degrees(phase: str, log_k: float, nu: float) -> None:
    constants = load_constants()
    solid = constants.phases[phase]
    # back from components to the published reaction
    value = solid.log_k.at(310.15)
    reaction = parse_reaction(solid.reaction)
    for term, coefficient in reaction.terms.items():
        if term in constants.species and term != solid.formula:
            value += coefficient * constants.species[term].log_beta(310.15)
    # 0.025: NIST and Plummer differ by 0.02 for calcite; the others agree to rounding
    assert value == pytest.approx(log_k, abs=0.025)
    assert solid.nu == pytest.approx(nu)


def test_measured_constants_come_out_again_at_their_ionic_strength() -> None:
    # 3.70 for CaATP at 37 degC and I = 0.15 was carried to I = 0 with Davies
    T, ionic_strength = 310.15, 0.15
    log_k = load_constants().species["CaATP-2"].log_beta(T)
    gammas = [log10_gamma(z, ionic_strength, T) for z in (2, -4, -2)]
    assert log_k + gammas[0] + gammas[1] - gammas[2] == pytest.approx(3.70, abs=1e-12)


def test_without_removes_a_group() -> None:
    constants = load_constants()
    lean = constants.without(tags=["mg_phosphate"])
    gone = set(constants.species) - set(lean.species)
    assert gone == {"MgPO4-", "MgHPO4", "MgH2PO4+"}
    with pytest.raises(UnknownNameError, match="mg_phosphat"):
        constants.without(tags=["mg_phosphat"])
    with pytest.raises(UnknownNameError):
        constants.without(species=["MgPO4"])


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="default"):
        load_constants("defalt")
    with pytest.raises(UnknownNameError, match="OCP"):
        load_constants().phase("OPC")
    with pytest.raises(UnknownNameError, match="Pi"):
        load_constants().component("PI")


# --- refusals ----------------------------------------------------------------------------------


def changed(kind: str, which: str, /, **values: Any) -> dict[str, Any]:
    doc = copy.deepcopy(document())
    item = entry(doc, kind, which)
    for key, value in values.items():
        if value is None:
            del item[key]
        else:
            item[key] = value
    return doc


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        (changed("species", "CaHPO4", reaction="Ca+2 + PO4-3 = CaHPO4"), "H [+]1.*charge [+]1"),
        (changed("phase", "HAP", reaction="Ca5(PO4)3OH = 4 Ca+2 + 3 PO4-3 + OH-"), "Ca -1"),
        (changed("phase", "WH", reaction="Ca9Mg(HPO4)(PO4)6 = 9 Ca+2 + Mg+2 + 7 PO4-3"), "H -1"),
    ],
)
def test_imbalance_is_named(doc: dict[str, Any], message: str) -> None:
    with pytest.raises(BalanceError, match=message) as caught:
        build_constants(doc, where="some.toml")
    assert "some.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        (changed("species", "CaHPO4", log_k="2.7"), "finite number"),
        (changed("species", "CaHPO4", log_k=math.nan), "finite number"),
        (changed("species", "CaHPO4", log_k=None), "exactly one"),
        (changed("species", "CaHPO4", log_k_37=2.7), "exactly one"),
        (changed("species", "CaHPO4", uncertainty=None), "uncertainty"),
        (changed("species", "CaHPO4", source="nobody"), "nobody"),
        (changed("species", "CaHPO4", source=None), "source"),
        (changed("species", "CaHPO4", dleta_h=3.0), "delta_h"),
        (changed("species", "CaHPO4", reaction="Ca+2 + HPO4-2 = CaHPO5"), "CaHPO5|balance"),
        (changed("species", "CaAlb+2", ionic_strength=None), "ionic_strength"),
        (changed("species", "H2PO4-", name="H2PO4"), "H2PO4"),
        (changed("component", "Pi", role="anion"), "anion"),
        (changed("phase", "HAP", analytic=[1.0, 2.0]), "six"),
        (changed("phase", "HAP", formula="Ca5(PO4)3OH2"), "must dissolve one"),
        ({}, "no \\[set\\]"),
    ],
)
def test_bad_entries_are_refused(doc: dict[str, Any], message: str) -> None:
    with pytest.raises((ModelFileError, UnknownNameError), match=message):
        build_constants(doc, where="some.toml")


def test_two_ligands_in_one_species_are_refused() -> None:
    doc = document()
    doc["species"].append(
        {
            "name": "CaCO3SO4-2",
            "reaction": "Ca+2 + CO3-2 + SO4-2 = CaCO3SO4-2",
            "log_k": 4.0,
            "uncertainty": 0.1,
            "source": "assumed",
        }
    )
    with pytest.raises(ModelFileError, match="more than one ligand"):
        build_constants(doc, where="some.toml")


def test_unreadable_files(tmp_path: Path) -> None:
    for content in (b"", b"[set", b"\xff\xfe", b'set = "x"'):
        path = tmp_path / "bad.toml"
        path.write_bytes(content)
        with pytest.raises(ModelFileError):
            load_constants(path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_constants(tmp_path / "missing.toml")


# --- temperature and activity ------------------------------------------------------------------


def test_vant_hoff() -> None:
    log_k = LogK(2.0, 20.0)
    slope = 20e3 / (8.31446261815324 * math.log(10))
    assert log_k.at(298.15) == pytest.approx(2.0, abs=1e-13)
    assert log_k.at(310.15) == pytest.approx(2.0 + slope * (1 / 298.15 - 1 / 310.15), abs=1e-12)
    assert LogK.from_value(log_k.at(310.15), 310.15, 20.0).value_25 == pytest.approx(2.0, abs=1e-12)


def test_constants_of_consecutive_reactions_add() -> None:
    one, two = LogK(2.0, 20.0), LogK(0.0, None, (1.0, 0.01, -300.0, 2.0, 1e4, 1e-6))
    both = LogK.combine([(1.0, one), (-2.0, two)])
    for T in (277.15, 298.15, 333.15):
        assert both.at(T) == pytest.approx(one.at(T) - 2.0 * two.at(T), abs=1e-12)


def test_mcdowell_solubility_of_hap() -> None:
    # J. Res. NBS 81A:273: Ks 3.04e-59 at 25, 2.35e-59 at 37 degC; the given digits
    constants = load_constants()
    hydroxide = constants.species["OH-"]
    for T, ks in ((298.15, 3.04e-59), (310.15, 2.35e-59)):
        value = constants.phases["HAP"].log_k.at(T) + hydroxide.log_beta(T)
        assert value == pytest.approx(math.log10(ks), abs=0.002)


def test_davies() -> None:
    assert davies_a(310.15) == pytest.approx(0.523, abs=5e-4)
    # molal and older values at 25 degC are 0.509 to 0.5115; A on the molar scale is the upper one
    assert davies_a(298.15) == pytest.approx(0.5115, abs=3e-4)
    assert log10_gamma(0, 0.1, 298.15) == 0.0
    assert log10_gamma(2, 0.1, 298.15) == pytest.approx(4 * log10_gamma(1, 0.1, 298.15))
    # by hand: sqrt(0.1)/(1 + sqrt(0.1)) - 0.03 = 0.21025
    assert davies_term(0.1) == pytest.approx(0.21025, abs=5e-6)
    assert davies_term(5.0) == davies_term(1.0)  # held outside validity
