"""The shipped sets side by side: complete, marked where they borrow, and different where known."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.constants_merge import extend
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.speciation import saturation_indices, solve
from calcikin.errors import ModelFileError
from calcikin.paths import models_dir

DERIVED = ["classical", "mcdonogh2024", "minteq.v4", "phreeqc", "sit"]
DEFAULT = load_constants("default")
T = 310.15


def test_the_sets_are_there() -> None:
    assert constant_sets() == sorted([*DERIVED, "default"])


@pytest.mark.parametrize("name", DERIVED)
def test_set_covers_everything_of_the_default(name: str) -> None:
    constants = load_constants(name)
    assert set(constants.components) == set(DEFAULT.components)
    for kind in ("species", "phases", "gases"):
        missing = set(getattr(DEFAULT, kind)) - set(getattr(constants, kind))
        assert not missing, kind
    for item, known in DEFAULT.species.items():
        assert constants.species[item].tags == known.tags
        assert constants.species[item].stoichiometry == known.stoichiometry
        assert constants.species[item].charge == known.charge
        assert constants.species[item].conditional == known.conditional
    for phase, solid in DEFAULT.phases.items():
        assert constants.phases[phase].formula == solid.formula


@pytest.mark.parametrize("name", DERIVED)
def test_what_is_borrowed_is_marked_and_unchanged(name: str) -> None:
    constants = load_constants(name)
    borrowed = constants.inherited()
    assert borrowed
    for item in borrowed:
        own, base = (
            (s.species | s.phases | s.gases)[item]  # type: ignore[operator]
            for s in (constants, DEFAULT)
        )
        assert own.origin.inherited == "default"
        assert own.origin.note.startswith(f"Not in {name}: the value of default.")
        assert own.origin.published == base.origin.published
        assert own.origin.source == base.origin.source
    for item in set(constants.species) - set(borrowed):
        assert constants.species[item].origin.inherited == ""
        assert not constants.species[item].origin.note.startswith("Not in")
    assert DEFAULT.inherited() == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("default", "davies"),
        ("classical", "davies"),
        ("mcdonogh2024", "davies"),
        ("phreeqc", "truesdell_jones"),
        ("minteq.v4", "truesdell_jones"),
        ("sit", "sit"),
    ],
)
def test_each_set_has_its_own_activity_model(name: str, model: str) -> None:
    assert load_constants(name).activity_model == model


@pytest.mark.parametrize(
    ("name", "ksp"),
    [("default", -58.517), ("minteq.v4", -58.33), ("sit", -58.33), ("phreeqc", -54.454)],
)
def test_hydroxyapatite_of_the_sets(name: str, ksp: float) -> None:
    # As Ca5(PO4)3OH = 5 Ca+2 + 3 PO4-3 + OH-, 25 degC. McDowell 1977 -58.517; NIST 46 -58.33 (both
    # databases follow it); phreeqc.dat 4.06 log units more soluble. 2e-3: digits of the sources.
    constants = load_constants(name)
    value = constants.phases["HAP"].log_k.at(298.15) + constants.species["OH-"].log_beta(298.15)
    assert value == pytest.approx(ksp, abs=2e-3)


def test_the_revision_of_calcium_phosphate() -> None:
    classical, revised = load_constants("classical"), load_constants("mcdonogh2024")
    shift = classical.species["CaPO4-"].log_beta(T) - revised.species["CaPO4-"].log_beta(T)
    assert shift == pytest.approx(6.459 - 4.46, abs=1e-12)
    for name in set(DEFAULT.species) - {"CaPO4-"}:
        assert classical.species[name].log_beta(T) == revised.species[name].log_beta(T), name
    # the default set weakens MgPO4- as well
    differ = [
        name
        for name in DEFAULT.species
        if DEFAULT.species[name].log_beta(T) != revised.species[name].log_beta(T)
    ]
    assert differ == ["MgPO4-"]


def test_sets_disagree_on_hydroxyapatite_in_serum() -> None:
    # 4 log units on HAP between databases in the same water, one between minteq.v4 and sit, which
    # have the same constant at 25 degC (sit has an enthalpy, and weaker pairs of Na), and hardly
    # anything on calcite
    totals = load_medium("serum").totals()
    si = {}
    for name in constant_sets():
        solution = solve(load_constants(name), totals, T, fixed_activity={"H": 10**-7.4})
        si[name] = saturation_indices(solution)
    hap = {name: values["HAP"] for name, values in si.items()}
    assert 3.5 < hap["default"] - hap["phreeqc"] < 4.5
    assert 0.5 < hap["sit"] - hap["minteq.v4"] < 1.5
    calcite = [values["calcite"] for values in si.values()]
    assert max(calcite) - min(calcite) < 0.25


# --- extending ----------------------------------------------------------------------------------


def document(name: str) -> dict[str, Any]:
    return tomllib.loads((models_dir() / "constants" / f"{name}.toml").read_text("utf-8"))


def test_extending_document_keeps_order_and_says_only_the_difference() -> None:
    base, own = document("default"), document("mcdonogh2024")
    whole = extend(base, own)
    assert [s["name"] for s in whole["species"]] == [s["name"] for s in base["species"]]
    assert whole["set"]["name"] == "mcdonogh2024"
    assert "extends" not in whole["set"]
    entry = next(s for s in whole["species"] if s["name"] == "CaPO4-")
    assert entry["reaction"] == "Ca+2 + PO4-3 = CaPO4-"  # not said again in the file
    assert entry["tags"] == ["ca_phosphate"]
    assert base == document("default")  # nothing is changed in place


def test_new_entries_follow() -> None:
    own = copy.deepcopy(document("mcdonogh2024"))
    own["species"].append({"name": "KPO4-2", "reaction": "K+ + PO4-3 = KPO4-2", "log_k": 1.3})
    whole = extend(document("default"), own)
    assert whole["species"][-1]["name"] == "KPO4-2"


def test_extending_an_extension_is_refused() -> None:
    with pytest.raises(ModelFileError, match="itself extends"):
        extend(document("phreeqc"), document("classical"), where="some.toml")


def test_hash_follows_the_extended_file() -> None:
    hashes = {load_constants(name).sha256 for name in constant_sets()}
    assert len(hashes) == len(constant_sets())
