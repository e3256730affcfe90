"""What is checked: the entries of a constants file or of a PHREEQC database, one form for both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from calcikin.chemistry.constants_merge import INHERITED, extend
from calcikin.chemistry.constants_value import read_value
from calcikin.chemistry.formula import Reaction, parse_formula, parse_reaction
from calcikin.chemistry.logk import GAS_CONSTANT, LogK
from calcikin.chemistry.phreeqc_file import Database, DatabaseEntry, read_phreeqc
from calcikin.chemistry.phreeqc_formula import charge_of, elements_of
from calcikin.errors import InputError, ModelFileError
from calcikin.files import read_toml

Severity = Literal["error", "warning", "note"]
Composition = tuple[frozenset[tuple[str, float]], float]

#: Pseudo-elements that databases spell differently.
_SPELLINGS = {"Citrate": "Cit", "Lactate": "Lac"}
#: How minteq.v4.dat says where a constant was measured: ionic strength and degC.
_MEASURED = re.compile(r"T and ionic strength:\s*(\d*\.?\d+)\s+(\d+\.?\d*)")


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes
    ----------
    check : str, name of the check, e.g. ``"sign"``
    severity : "error" | "warning" | "note"
    entry : str, the species or solid
    where : str, file and line or entry
    message : str, what is wrong, with the numbers
    size : float, how far off [log10 units or kJ/mol, as the message says]; 0 where it has no size
    """

    check: str
    severity: Severity
    entry: str
    where: str
    message: str
    size: float = 0.0


@dataclass
class LintSource:
    """The entries of one file.

    Attributes
    ----------
    name : str, of the file
    database : Database, its entries
    measured : dict[str, (float, float)], entry -> ionic strength [mol/L] and temperature [degC] of
        the measurement, where the constant is used as if it were at I = 0 and 25 degC
    quiet : set of str, entries that are another file's to report (taken over from there)
    found : list of Finding, from reading
    composition : callable, species -> elements and charge, spelled one way
    """

    name: str
    database: Database
    measured: dict[str, tuple[float, float]] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    found: list[Finding] = field(default_factory=list)
    composition: Callable[[str], Composition] = lambda name: _composition(name, elements_of)

    def where(self, entry: DatabaseEntry) -> str:
        """Where an entry stands."""
        return f"{self.name}, line {entry.line}" if entry.line else f"{self.name}, {entry.name}"


def read_source(path: str | Path) -> LintSource:
    """Read a constants file (.toml) or a PHREEQC database (.dat).

    Raises
    ------
    ModelFileError
        When the file cannot be read at all.
    InputError
        When it is neither.
    """
    path = Path(path)
    if path.suffix == ".dat":
        return _from_phreeqc(path)
    if path.suffix == ".toml":
        return _from_toml(path)
    raise InputError(
        f"{path.suffix or 'no suffix'} is no kind of constants file",
        where=str(path),
        hint="give a constant set (.toml) or a PHREEQC database (.dat)",
    )


def _from_phreeqc(path: Path) -> LintSource:
    database = read_phreeqc(path)
    source = LintSource(path.name, database)
    for line, text in database.unread:
        where = f"{path.name}, line {line}"
        source.found.append(
            Finding("unreadable", "error", text.split(":")[-1].strip(), where, text)
        )
    for entry in [*database.species, *database.phases]:
        for comment in entry.comments:
            match = _MEASURED.search(comment)
            if match:
                source.measured[entry.name] = (float(match[1]), float(match[2]))
    return source


def _from_toml(path: Path) -> LintSource:
    document, _ = read_toml(path)
    head = document.get("set")
    if isinstance(head, Mapping) and "extends" in head:
        base, _ = read_toml(path.parent / f"{head['extends']}.toml")
        document = extend(base, document, where=str(path))
    database = Database(path.name)
    source = LintSource(
        path.name, database, composition=lambda name: _composition(name, _project_elements)
    )
    for entry in document.get("component", []):
        name = str(entry.get("formula", ""))
        database.species.append(DatabaseEntry("species", name, f"{name} = {name}", {}))
    for kind in ("species", "phase", "gas"):
        for entry in document.get(kind, []):
            _toml_entry(source, document, kind, entry)
    return source


def _toml_entry(
    source: LintSource, document: Mapping[str, Any], kind: str, entry: Mapping[str, Any]
) -> None:
    """Add one entry of a constants file, or the finding that it cannot be read."""
    name = str(entry.get("name", "(without a name)"))
    where = f"{source.name}, {name}"
    if INHERITED in entry:
        source.quiet.add(name)
    dissolved = entry.get("species", "?")
    text = str(entry.get("reaction", f"{dissolved} = {dissolved}"))  # a gas: CO2 = CO2
    try:
        reaction = Reaction(text, {}) if kind == "gas" else parse_reaction(text, where=where)
        log_k, _ = read_value(
            {"uncertainty": 0.0, "source": "assumed", **entry},
            reaction,
            document.get("sources", {}),
            where,
            conditional=bool(entry.get("conditional", False)),
        )
    except (ModelFileError, InputError) as error:
        source.found.append(Finding("unreadable", "error", name, where, error.what))
        return
    source_kind: Literal["species", "phase"] = "species" if kind == "species" else "phase"
    record = DatabaseEntry(
        kind=source_kind,
        name=name,
        equation=text,
        terms=reaction.terms,
        log_k=log_k.value_25,
        delta_h=entry.get("delta_h"),
        unit="kj" if "delta_h" in entry else "",
        analytic=log_k.coefficients if "analytic" in entry else None,
        comments=(str(entry.get("note", "")),),
    )
    (source.database.species if kind == "species" else source.database.phases).append(record)


def _project_elements(name: str) -> Mapping[str, float]:
    return parse_formula(name).elements


def _composition(name: str, elements: Callable[[str], Mapping[str, float]]) -> Composition:
    found = {_SPELLINGS.get(k, k): round(n, 6) for k, n in elements(name).items() if n}
    return frozenset(found.items()), charge_of(name)


def enthalpy(log_k: LogK, T: float) -> float:
    """Reaction enthalpy at temperature `T` [K] from the temperature function [kJ/mol]."""
    _, a2, a3, a4, a5, a6 = log_k.coefficients
    slope = a2 - a3 / T**2 + a4 / (T * math.log(10.0)) - 2.0 * a5 / T**3 + 2.0 * a6 * T
    return 1e-3 * GAS_CONSTANT * math.log(10.0) * T**2 * slope
