"""The checks on databases as they are shipped: what is known to be wrong with them is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calcikin.chemistry.constants_lint import Finding, lint

Find = Callable[[str], Path]


def findings(path: Path, check: str, entry: str) -> list[Finding]:
    return [item for item in lint(path) if (item.check, item.entry) == (check, entry)]


def test_brushite_of_llnl_has_the_wrong_sign(database: Find) -> None:
    (item,) = findings(database("llnl.dat"), "sign", "Brushite")
    assert item.severity == "error"
    assert "log K 6.55 has the wrong sign" in item.message
    assert "Gregory" in item.message


def test_magnesium_phosphate_of_minteq_was_measured_in_salt(database: Find) -> None:
    (item,) = findings(database("minteq.v4.dat"), "ionic strength", "MgPO4-")
    assert "log K 4.654 was measured at I = 0.2" in item.message
    assert "with Davies it is 6.18" in item.message


@pytest.mark.parametrize(
    ("name", "entry", "size"),
    [
        ("phreeqc.dat", "Hydroxyapatite", 4.1),
        ("wateq4f.dat", "Hydroxyapatite", 4.1),
        ("llnl.dat", "Hydroxylapatite", 4.3),
    ],
)
def test_hydroxyapatite_is_four_log_units_too_soluble(
    name: str, entry: str, size: float, database: Find
) -> None:
    (item,) = findings(database(name), "window", entry)
    assert "more soluble" in item.message
    assert item.size == pytest.approx(size, abs=0.05)  # against the middle of the window


@pytest.mark.parametrize(
    ("name", "entry"), [("minteq.v4.dat", "Hydroxylapatite"), ("sit.dat", "Hydroxyapatite")]
)
def test_hydroxyapatite_of_the_others_is_not_told(name: str, entry: str, database: Find) -> None:
    assert findings(database(name), "window", entry) == []


def test_more_that_is_wrong(database: Find) -> None:
    # CaH2PO4+ and MgH2PO4+ of llnl.dat are written with HPO4-2 but have the constants of H2PO4-
    for entry in ("CaH2PO4+", "MgH2PO4+"):
        (item,) = findings(database("llnl.dat"), "window", entry)
        assert 6.5 < item.size < 7.5
    # tricalcium phosphate dissolves with heat given off: less soluble when warm
    (item,) = findings(database("minteq.v4.dat"), "enthalpy sign", "Ca3(PO4)2(beta)")
    assert "54.0 kJ/mol" in item.message


@pytest.mark.parametrize("name", ["phreeqc.dat", "sit.dat", "minteq.v4.dat", "llnl.dat"])
def test_no_false_errors(name: str, database: Find) -> None:
    # every equation of these databases is read and balances; the errors are the two named above
    errors = {(item.check, item.entry) for item in lint(database(name)) if item.severity == "error"}
    known = {
        "llnl.dat": {("sign", "Brushite")},
        "minteq.v4.dat": {("enthalpy sign", "Ca3(PO4)2(beta)")},
    }
    assert errors == known.get(name, set())
