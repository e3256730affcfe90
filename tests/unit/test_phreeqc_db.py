"""Reading PHREEQC databases: syntax, units, secondary species, other components, refusals."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.phreeqc_db import constants_of, import_phreeqc
from calcikin.chemistry.phreeqc_file import CALORIE, parse_phreeqc, read_phreeqc
from calcikin.chemistry.phreeqc_formula import charge_of, elements_of, normal, terms_of
from calcikin.chemistry.speciation import solve
from calcikin.errors import InputError, ModelFileError, UnknownNameError

# Small, but with everything that the real ones have: other masters than ours, definitions in any
# order, semicolons, comments, continued lines, units, redefinitions, redox, and blocks to skip.
TEXT = """
# a small database
SOLUTION_MASTER_SPECIES
H H+ -1 H 1.008
E e- 1 0 0
O H2O 0 O 16
Ca Ca++ 0 Ca 40.08
P H2PO4- 2 P 30.97
C HCO3- 2 C 12.01
S SO4-- 0 S 32.06
SOLUTION_SPECIES
H+ = H+; -gamma 9 0
e- = e-
H2O = H2O
Ca++ = Ca++
    -gamma 5.0 0.1
    -gamma 5.1 0.165 # the later one counts
H2PO4- = H2PO4-
    -gamma 4 0
HCO3- = HCO3-
SO4-2 = SO4-2
H2O = OH- + H+; -log_k -14.0; -delta_h 13.362 kcal # heat of ionisation
CaHPO4- = CaHPO4-
Ca+2 + HPO4-2 = CaHPO4
    log_k 2.7 # T and ionic strength: 0.1 25.0
    delta_h 12600 J
H2PO4- = HPO4-2 + H+
    -log_k -7.2
    delta_H 3.6 kJ/mol
HPO4-2 = PO4-3 + \\
    H+
    -logk -12.35
    -deltah 3.5 kcal/mol
Ca+2 - H+ + H2PO4- = CaHPO4 # later: this one counts
    -log_k -4.6
HCO3- = CO3-2 + H+
    -log_k -10.33
    -analytical_expression -107.8871 -0.03252849 5151.79 38.92561 -563713.9
HCO3- + H+ = CO2 + H2O
    -log_k 6.35
    -co2_llnl_gamma
Ca+2 + 2 SO4-2 = Ca(SO4)2-2
    -log_k 3.0
SO4-2 + 9 H+ + 8 e- = HS- + 4 H2O
    -log_k 33.65
2 H2PO4- = P2O7-4 + 2 H+ + H2O
    -log_k -18.0
Ca+2 + 2 H2PO4- = CaP2O7-2 + 2H+ + H2O
    -log_k -11.2
P2O7-4 + H+ = HP2O7-3
    -log_k 9.4
PHASES
Hydroxyapatite
    Ca5(PO4)3OH + 7 H+ = 5Ca+2 + 3 H2PO4- + H2O
    -log_k 14.4
    -Vm 159
Brushite
    CaHPO4:2H2O = Ca+2 + HPO4-2 + 2 H2O
    -log_k -6.6
CO2(g)
    CO2 = CO2
    -log_k -1.47
    -T_c 304
Pyrite
    FeS2 + 2 H+ + 2 e- = Fe+2 + 2 HS-
    -log_k -18.5
EXCHANGE_SPECIES
X- = X-
    -log_k 0
SIT
-epsilon
Ca+2 HPO4-2 0.05
H+ SO4-2 -0.01
END
"""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ca++", "Ca+2"),
        ("SO4--", "SO4-2"),
        ("Na+1", "Na+"),
        ("H+", "H+"),
        ("e-", "e-"),
        ("P2O7-4", "P2O7-4"),
        ("Ca+0", "Ca"),
        ("CO2", "CO2"),
        ("H2(PO4)-", "H2(PO4)-"),
    ],
)
def test_charges_are_written_one_way(written: str, expected: str) -> None:
    assert normal(written) == expected
    assert charge_of(written) == charge_of(expected)


def test_formulas_and_equations() -> None:
    assert elements_of("Ca5(OH)(PO4)3") == {"Ca": 5, "O": 13, "H": 1, "P": 3}
    assert elements_of("CaHPO4:2H2O") == {"Ca": 1, "H": 5, "P": 1, "O": 6}
    assert elements_of("H2(Citrate)-") == {"H": 2, "Citrate": 1}
    assert elements_of("[13C]O3-2") == {"[13C]": 1, "O": 3}
    assert elements_of("e-") == {}
    terms = terms_of("Ca+2 - 7 H+ + 3H2(PO4)- = 0.5 X + 2 Ca+2")
    assert terms == {"Ca+2": 1.0, "H+": 7.0, "H2(PO4)-": -3.0, "X": 0.5}
    for text in ("Ca+2", "A = B = C", "Ca+2 + ?? = X"):
        with pytest.raises(ValueError, match=r"=|read"):
            terms_of(text)


def test_entries_are_read_as_written() -> None:
    database = parse_phreeqc(TEXT, "small.dat")
    entries = {entry.name: entry for entry in database.species}
    assert database.masters["S"] == "SO4-2"
    assert database.unread == []
    assert entries["Ca+2"].gamma == (5.1, 0.165)
    assert entries["OH-"].delta_h == pytest.approx(13.362 * CALORIE)
    assert entries["OH-"].unit == "kcal"
    assert entries["HPO4-2"].delta_h == 3.6
    assert entries["PO4-3"].delta_h == pytest.approx(3.5 * CALORIE)
    assert entries["PO4-3"].equation == "HPO4-2 = PO4-3 + H+"
    twice = [entry for entry in database.species if entry.name == "CaHPO4"]
    assert [entry.log_k for entry in twice] == [2.7, -4.6]
    assert twice[0].delta_h == pytest.approx(12.6)
    assert twice[0].comments == ("T and ionic strength: 0.1 25.0",)
    assert entries["CO3-2"].analytic == (-107.8871, -0.03252849, 5151.79, 38.92561, -563713.9, 0.0)
    assert [phase.name for phase in database.phases] == [
        "Hydroxyapatite",
        "Brushite",
        "CO2(g)",
        "Pyrite",
    ]
    assert database.epsilon == {("Ca+2", "HPO4-2"): 0.05, ("H+", "SO4-2"): -0.01}


def test_everything_is_written_with_our_components() -> None:
    constants = constants_of(parse_phreeqc(TEXT, "small.dat"), one_ligand=False)
    assert set(constants.components) == {"H", "Ca", "Pi", "CO3", "SO4", "PPi"}
    expected = {
        # name: components, H2O taken up, log10 beta at 25 degC by hand
        "OH-": ({"H": -1}, 1.0, -14.0),
        "HPO4-2": ({"H": 1, "Pi": 1}, 0.0, 12.35),
        "H2PO4-": ({"H": 2, "Pi": 1}, 0.0, 12.35 + 7.2),  # a master there, a species here
        "CaHPO4": ({"Ca": 1, "H": 1, "Pi": 1}, 0.0, -4.6 + 12.35 + 7.2),
        "HCO3-": ({"H": 1, "CO3": 1}, 0.0, 10.3289),
        "CO2": ({"H": 2, "CO3": 1}, -1.0, 10.3289 + 6.35),
        "Ca(SO4)2-2": ({"Ca": 1, "SO4": 2}, 0.0, 3.0),
        # pyrophosphate is a component: 2 H2PO4- = P2O7-4 + 2 H+ + H2O is not used
        "CaP2O7-2": ({"Ca": 1, "PPi": 1}, 0.0, -11.2 + 18.0),
        "HP2O7-3": ({"H": 1, "PPi": 1}, 0.0, 9.4),
    }
    assert set(constants.species) == set(expected)  # HS- needs electrons, and is left out
    for name, (numbers, water, log_beta) in expected.items():
        item = constants.species[name]
        assert dict(item.stoichiometry) == numbers, name
        assert item.water == water, name
        assert item.log_beta(298.15) == pytest.approx(log_beta, abs=1e-4), name
        charges = [constants.components[k].charge * n for k, n in numbers.items()]
        assert item.charge == sum(charges)
    assert constants.components["Ca"].gamma == (5.1, 0.165)
    assert constants.species["H2PO4-"].gamma == (4.0, 0.0)
    assert constants.activity_model == "sit"
    assert constants.epsilon == {("Ca", "HPO4-2"): 0.05, ("H", "SO4"): -0.01}


def test_solids_and_gases() -> None:
    constants = constants_of(parse_phreeqc(TEXT, "small.dat"))
    hap = constants.phases["Hydroxyapatite"]
    assert dict(hap.stoichiometry) == {"Ca": 5.0, "H": -1.0, "Pi": 3.0, "H2O": 1.0}
    assert hap.nu == 9.0
    assert hap.log_k.at(298.15) == pytest.approx(14.4 - 3 * (12.35 + 7.2), abs=1e-9)
    brushite = constants.phases["Brushite"]
    assert brushite.log_k.at(298.15) == pytest.approx(-6.6 - 12.35, abs=1e-9)
    assert brushite.stoichiometry["H2O"] == 2.0
    assert set(constants.phases) == {"Hydroxyapatite", "Brushite"}  # no iron here
    assert constants.gases["CO2(g)"].species == "CO2"
    assert constants.gases["CO2(g)"].log_k.at(310.15) == -1.47


def test_enthalpies_in_any_unit_and_the_gas_constant_of_phreeqc() -> None:
    constants = constants_of(parse_phreeqc(TEXT, "small.dat"))
    T = 310.15
    slope = 13.362 * 4184.0 / (8.3147 * math.log(10.0)) * (1 / 298.15 - 1 / T)
    assert constants.species["OH-"].log_beta(T) == pytest.approx(-14.0 + slope, abs=1e-12)


def test_species_with_two_ligands_only_when_asked_for() -> None:
    constants = constants_of(parse_phreeqc(TEXT, "small.dat"))
    assert "Ca(SO4)2-2" not in constants.species


def test_fewer_components() -> None:
    constants = constants_of(parse_phreeqc(TEXT, "small.dat"), ["Ca", "Pi"])
    assert set(constants.components) == {"H", "Ca", "Pi"}
    assert set(constants.species) == {"OH-", "HPO4-2", "H2PO4-", "CaHPO4"}


def test_what_cannot_be_asked_for() -> None:
    database = parse_phreeqc(TEXT, "small.dat")
    with pytest.raises(UnknownNameError, match="Pi"):
        constants_of(database, ["Pj"])
    with pytest.raises(InputError, match=r"no Mg\+2"):
        constants_of(database, ["Mg"])
    with pytest.raises(ModelFileError, match=r"no H\+"):
        constants_of(parse_phreeqc("SOLUTION_SPECIES\nCa+2 = Ca+2"))


def test_what_cannot_be_read_is_kept_aside() -> None:
    text = "SOLUTION_SPECIES\nCa+2 + ?? = X\n-log_k 3\nCa+2 = Y\n-log_k three\nPHASES\nA + B = C\n"
    database = parse_phreeqc(text)
    assert [line for line, _ in database.unread] == [2, 4, 7]
    assert database.species == []


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "small.dat"
    path.write_text(TEXT)
    constants = load_constants(path)
    assert constants.name == "small"
    assert len(constants.sha256) == 64
    line = TEXT.split("\n").index("Ca+2 - H+ + H2PO4- = CaHPO4 # later: this one counts")
    assert constants.species["CaHPO4"].source == f"small.dat, line {line + 1}"
    assert import_phreeqc(path).species.keys() == constants.species.keys()
    solution = solve(constants, {"Ca": 1e-3, "Pi": 1e-3}, 298.15, fixed_activity={"H": 1e-7})
    assert solution.activity_model == "sit"
    empty = tmp_path / "empty.dat"
    empty.write_text("nothing")
    for bad in (empty, tmp_path / "missing.dat"):
        with pytest.raises(ModelFileError):
            read_phreeqc(bad)
