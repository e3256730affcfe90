"""Every check finds the slip it is for, and nothing in a file without slips."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from calcikin.chemistry.constants import constant_sets
from calcikin.chemistry.constants_lint import Finding, lint
from calcikin.chemistry.lint_windows import reference_windows
from calcikin.errors import InputError, ModelFileError
from calcikin.paths import models_dir

# Nothing to find here: constants of NIST 46 and Gregory, with enthalpies, ions in two spellings.
SOUND = """SOLUTION_SPECIES
H+ = H+
e- = e-
H2O = H2O
Ca+2 = Ca+2
Na+ = Na+
Cl- = Cl-
PO4-3 = PO4-3
CO3-2 = CO3-2
SO4-2 = SO4-2
H2O = OH- + H+
    -log_k -13.997
    -delta_h 13.33 kcal
H+ + PO4-3 = HPO4-2
    -log_k 12.375
    -delta_h -15.1
HPO4-2 + H+ = H2(PO4)-
    -log_k 7.198
    -delta_h -3.8 kJ
Ca+2 + HPO4-2 = Ca(HPO4)
    -log_k 2.66
    -delta_h 12.6 kJ
Ca+2 + SO4-2 = CaSO4
    -log_k 2.36
    -delta_h 7.1 kJ
H+ + CO3-2 = HCO3-
    -log_k 10.329
    -delta_h -3.561 kcal
    -analytic 107.8871 0.03252849 -5151.79 -38.92561 563713.9
PHASES
Brushite
    Ca(HPO4):2H2O + H+ = Ca+2 + H2(PO4)- + 2 H2O
    -log_k 0.608
    -delta_h -9.7 kJ
Hydroxyapatite
    Ca5(OH)(PO4)3 = 5 Ca+2 - 7 H+ + 3 H2(PO4)- + H2O
    -log_k 14.35
    -delta_h -178.5
Halite
    NaCl = Na+ + Cl-
    -log_k 1.57
    -delta_h 1.37 kcal
"""


def run(tmp_path: Path, text: str, name: str = "some.dat") -> list[Finding]:
    path = tmp_path / name
    path.write_text(text)
    return lint(path)


def altered(tmp_path: Path, old: str, new: str) -> list[Finding]:
    assert SOUND.count(old) == 1
    return run(tmp_path, SOUND.replace(old, new))


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, [str(item) for item in found]
    return found[0]


def test_nothing_to_find(tmp_path: Path) -> None:
    assert run(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "check", "severity", "entry", "words"),
    [
        # as in llnl.dat: the sign of one constant, whatever ions the reaction is written with
        ("-log_k 0.608", "-log_k -0.608", "window", "warning", "Brushite", "less soluble"),
        ("-log_k 12.375", "-log_k -12.375", "sign", "error", "HPO4-2", "wrong sign"),
        ("-log_k 14.35", "-log_k 18.4", "window", "warning", "Hydroxyapatite", "4.2 more soluble"),
        ("-log_k 2.66", "-log_k 6.125", "logarithm", "error", "Ca(HPO4)", "natural logarithm"),
        ("-delta_h 13.33 kcal", "-delta_h 13.33", "enthalpy unit", "error", "OH-", "kcal taken as"),
        ("-delta_h 13.33 kcal", "-delta_h 55.8 kcal", "enthalpy unit", "error", "OH-", "kJ taken"),
        ("-delta_h 13.33 kcal", "-delta_h -55.8", "enthalpy sign", "error", "OH-", "wrong sign"),
        ("-delta_h 7.1 kJ", "-delta_h 17.1 kJ", "enthalpy", "warning", "CaSO4", "17.1 kJ/mol"),
        # against the entry's own analytical expression
        ("-3.561 kcal", "-3.561 kJ", "enthalpy unit", "error", "HCO3-", "kcal taken as kJ"),
        ("-3.561 kcal", "-14.9 kcal", "enthalpy unit", "error", "HCO3-", "kJ taken as kcal"),
        ("-3.561 kcal", "3.561 kcal", "enthalpy sign", "error", "HCO3-", "opposite sign"),
        ("-log_k 10.329", "-log_k 10.5", "expression", "warning", "HCO3-", "10.329 at 25 degC"),
        ("-delta_h 1.37 kcal", "", "temperature", "note", "Halite", "no enthalpy"),
        ("-delta_h 1.37 kcal", "-delta_h -0 kJ", "temperature", "note", "Halite", "enthalpy of 0"),
        (
            "NaCl = Na+ + Cl-",
            "NaCl = Na+ + 2 Cl-",
            "balance",
            "error",
            "Halite",
            "Cl [+]1, charge -1",
        ),
        ("Ca+2 + SO4-2 = CaSO4", "Ca+2 + SO4-2 = CaSO3", "balance", "error", "CaSO3", "O -1"),
        ("NaCl = Na+ + Cl-", "NaCl = Na+ + ?", "unreadable", "error", "Halite", "cannot read"),
    ],
)
def test_slip_is_found(
    tmp_path: Path, old: str, new: str, check: str, severity: str, entry: str, words: str
) -> None:
    found = altered(tmp_path, old, new)
    if check == "unreadable":
        assert [item.check for item in found] == ["unreadable"]
        assert words in found[0].message
        return
    item = only([item for item in found if item.entry == entry])
    assert (item.check, item.severity) == (check, severity)
    assert re.search(words, item.message), item.message
    assert item.where.startswith("some.dat, line ")


def test_sign_is_found_through_other_ions(tmp_path: Path) -> None:
    # written with H2PO4- the constant of brushite is small; written with HPO4-2 it shows
    found = altered(
        tmp_path,
        "Ca(HPO4):2H2O + H+ = Ca+2 + H2(PO4)- + 2 H2O\n    -log_k 0.608\n    -delta_h -9.7 kJ",
        "Ca(HPO4):2H2O = Ca+2 + HPO4-2 + 2 H2O\n    -log_k 6.59\n    -delta_h -5.9 kJ",
    )
    item = only(found)
    assert (item.check, item.severity, item.entry) == ("sign", "error", "Brushite")
    assert item.size == pytest.approx(13.18)


def test_contradiction_around_a_cycle(tmp_path: Path) -> None:
    # CaSO4 by another way, 0.3 stronger; the later definition counts, so the first one is off
    extra = "SOLUTION_SPECIES\nCaSO4 + H+ = Ca+2 + HSO4-\n-log_k -0.37\n-delta_h 15.5\n"
    extra += "H+ + SO4-2 = HSO4-\n-log_k 1.99\n-delta_h 22.6\n"
    extra += "Ca+2 + HSO4- = CaSO4 + H+\n-log_k 0.67\n-delta_h -15.5\n"
    found = run(tmp_path, SOUND + extra)
    checks = {item.check for item in found}
    assert "cycle" in checks
    cycle = next(item for item in found if item.check == "cycle")
    assert cycle.entry == "CaSO4"
    assert cycle.size == pytest.approx(2.66 - 2.36, abs=1e-9)
    assert "defined twice" in next(i for i in found if i.check == "duplicate").message


def test_consistent_cycle_is_no_contradiction(tmp_path: Path) -> None:
    extra = "SOLUTION_SPECIES\nH+ + SO4-2 = HSO4-\n-log_k 1.99\n-delta_h 22.6\n"
    extra += "Ca+2 + HSO4- = CaSO4 + H+\n-log_k 0.37\n-delta_h -15.5\n"
    assert {item.check for item in run(tmp_path, SOUND + extra)} == {"duplicate"}


def test_same_species_under_two_names(tmp_path: Path) -> None:
    extra = "SOLUTION_SPECIES\nCa+2 + SO4-2 = Ca(SO4)\n-log_k 2.3\n-delta_h 7.0\n"
    item = only(run(tmp_path, SOUND + extra))
    assert (item.check, item.severity) == ("duplicate", "warning")
    assert "CaSO4 has the same composition" in item.message


def test_ionic_strength_and_temperature_of_the_measurement(tmp_path: Path) -> None:
    mark = "    -delta_h 7.1 kJ"
    found = altered(tmp_path, mark, f"{mark}\n    #T and ionic strength: 0.10 25.0")
    item = only(found)
    assert (item.check, item.severity, item.entry) == ("ionic strength", "warning", "CaSO4")
    # by hand: A = 0.5115, D(0.1) = 0.21025, sum nu z^2 = -8
    assert "carried there with Davies it is 3.22" in item.message
    assert item.size == pytest.approx(0.860, abs=1e-3)
    found = altered(tmp_path, mark, f"{mark}\n    #T and ionic strength: 0.00 37.0")
    item = only(found)
    assert (item.check, item.severity) == ("measured at", "note")
    # a reaction whose charges cancel is not moved by ionic strength
    mark = "    -delta_h -3.8 kJ"
    assert len(altered(tmp_path, mark, f"{mark}\n    #T and ionic strength: 0.10 25.0")) == 1


def test_errors_come_first_and_the_worst_of_a_kind(tmp_path: Path) -> None:
    text = SOUND.replace("-log_k 12.375", "-log_k -12.375").replace("-delta_h 1.37 kcal", "")
    found = run(tmp_path, text)
    order = ["error", "warning", "note"]
    ranks = [order.index(item.severity) for item in found]
    assert ranks == sorted(ranks)
    for one, other in pairwise(found):
        if (one.severity, one.check) == (other.severity, other.check):
            assert one.size >= other.size


# --- constant sets ------------------------------------------------------------------------------


def test_default_set_has_no_errors_and_no_warnings() -> None:
    found = lint(models_dir() / "constants" / "default.toml")
    assert {item.severity for item in found} == {"note"}
    assert {item.check for item in found} == {"temperature"}


@pytest.mark.parametrize("name", constant_sets())
def test_what_is_known_of_the_shipped_sets(name: str) -> None:
    # the slips of a database stay in the set that stands for it, and are found there
    found = lint(models_dir() / "constants" / f"{name}.toml")
    serious = {(item.check, item.entry) for item in found if item.severity != "note"}
    expected = {
        "phreeqc": {("window", "HAP")},
        "minteq.v4": {("enthalpy sign", "TCP"), ("enthalpy", "DCPD")},
    }
    assert serious == expected.get(name, set())


def test_slip_in_a_constant_set(tmp_path: Path) -> None:
    text = (models_dir() / "constants" / "default.toml").read_text("utf-8")
    changed = text.replace("log_k = 2.66\n", "log_k = -2.66\n", 1)
    changed = changed.replace('reaction = "Ca+2 + CO3-2 = CaCO3"', 'reaction = "Ca+2 = CaCO3"')
    changed = changed.replace("delta_h = 55", "delta_h = 5")
    found = run(tmp_path, changed, "mine.toml")
    serious = {(item.check, item.entry) for item in found if item.severity == "error"}
    assert ("sign", "CaHPO4") in serious
    assert ("balance", "CaCO3") in serious
    assert any(item.where == "mine.toml, CaHPO4" for item in found)


def test_entries_that_make_no_sense(tmp_path: Path) -> None:
    text = (models_dir() / "constants" / "default.toml").read_text("utf-8")
    found = run(tmp_path, text.replace("log_k = 2.66\n", 'log_k = "2.66"\n', 1), "mine.toml")
    assert (found[0].check, found[0].entry) == ("unreadable", "CaHPO4")
    # what only loading the whole set shows
    found = run(tmp_path, text.replace('source = "li2009"', 'source = "nobody"', 1), "mine.toml")
    assert found[0].severity == "error"
    assert "nobody" in found[0].message


def test_what_is_taken_over_is_for_the_other_file_to_report(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text(
        (models_dir() / "constants" / "default.toml").read_text("utf-8")
    )
    text = (models_dir() / "constants" / "classical.toml").read_text("utf-8")
    assert run(tmp_path, text, "classical.toml") == []


def test_windows_are_sourced_and_balanced() -> None:
    windows = reference_windows()
    assert len({(w.of, w.solid) for w in windows}) == len(windows)
    for window in windows:
        assert window.sources, window.of
        assert window.log_k[0] < window.log_k[1]


def test_files_that_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no kind of constants file"):
        lint(tmp_path / "some.txt")
    for name in ("missing.dat", "missing.toml"):
        with pytest.raises(ModelFileError):
            lint(tmp_path / name)
