"""Read what a PHREEQC database says about reactions: every entry as written, nothing resolved.

Read are SOLUTION_MASTER_SPECIES, SOLUTION_SPECIES (log_k, delta_h in kJ, J, kcal or cal, analytical
expressions, -gamma), PHASES, and the -epsilon block of SIT. Left aside are molar volumes,
diffusion, viscosity, exchange, surfaces, rates, and the activity model of LLNL. A later definition
of a species replaces an earlier one, as in PHREEQC; both are kept here, since a check wants to see
both. The syntax is that of D. L. Parkhurst, C. A. J. Appelo, USGS Techniques and Methods 6-A43
(2013), 10.3133/tm6A43.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from calcikin.chemistry.logk import T25, Coefficients
from calcikin.chemistry.phreeqc_formula import normal, terms_of
from calcikin.errors import ModelFileError

#: Joules in a calorie, and gas constant [J/(mol K)], as PHREEQC 3.8 has them.
CALORIE = 4.184
PHREEQC_R = 8.3147

_LN10 = math.log(10.0)
_UNITS = {"kj": 1.0, "j": 1e-3, "kcal": CALORIE, "cal": 1e-3 * CALORIE}
#: Words that open a data block and may stand in a database.
_BLOCKS = """CALCULATE_VALUES DATABASE END EXCHANGE EXCHANGE_MASTER_SPECIES EXCHANGE_SPECIES
GAS_BINARY_PARAMETERS GAS_PHASE INCREMENTAL_REACTIONS INCLUDE$ ISOTOPES ISOTOPE_ALPHAS
ISOTOPE_RATIOS KINETICS KNOBS LLNL_AQUEOUS_MODEL_PARAMETERS MEAN_GAMMAS NAMED_EXPRESSIONS PHASES
PITZER PRINT RATES RATE_PARAMETERS_PK RATE_PARAMETERS_SVD RATE_PARAMETERS_HERMANSKA SAVE
SELECTED_OUTPUT SIT SOLID_SOLUTIONS SOLUTION SOLUTION_MASTER_SPECIES SOLUTION_SPECIES SURFACE
SURFACE_MASTER_SPECIES SURFACE_SPECIES TITLE TRANSPORT USE USER_PRINT USER_PUNCH"""
_KEYWORDS = frozenset(_BLOCKS.split())
_OPTIONS = {
    "log_k": ("log_k", "logk"),
    "delta_h": ("delta_h", "deltah"),
    "analytic": ("a_e", "ae", "analytic", "analytical", "analytical_expression"),
    "gamma": ("gamma",),
    "add_logk": ("add_logk", "add_log_k"),
    "no_check": ("no_check",),
}
_ALIASES = {alias: option for option, aliases in _OPTIONS.items() for alias in aliases}


@dataclass(frozen=True)
class DatabaseEntry:
    """One reaction of a database, as written.

    Attributes
    ----------
    kind : "species" | "phase"
    name : str, the species that is defined (charge written as ``+2``), or the phase
    equation : str
    terms : Mapping[str, float], species -> coefficient, positive on the right [1]
    log_k : float | None, log10 K at 25 degC
    delta_h : float | None, reaction enthalpy [kJ/mol]
    unit : str, unit of the enthalpy as written, empty when none is said (then kJ/mol)
    analytic : tuple of 6 floats | None, as in `logk`; used in place of log_k and delta_h
    gamma : (float, float) | None, ion size [Angstrom] and b [kg/mol]
    other : tuple of str, options that change the reaction and are not read (``add_logk``)
    comments : tuple of str, remarks on the entry
    line : int, of the equation
    """

    kind: Literal["species", "phase"]
    name: str
    equation: str
    terms: Mapping[str, float]
    log_k: float | None = None
    delta_h: float | None = None
    unit: str = ""
    analytic: Coefficients | None = None
    gamma: tuple[float, float] | None = None
    other: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    line: int = 0

    @property
    def coefficients(self) -> Coefficients:
        """A1 ... A6 of log10 K(T), with the gas constant that PHREEQC takes."""
        if self.analytic is not None and any(self.analytic):
            return self.analytic
        slope = 1e3 * (self.delta_h or 0.0) / (PHREEQC_R * _LN10)
        return ((self.log_k or 0.0) + slope / T25, 0.0, -slope, 0.0, 0.0, 0.0)

    @property
    def is_master(self) -> bool:
        """Whether this only names a species to write others with (``H+ = H+``)."""
        return self.kind == "species" and not self.terms


@dataclass
class Database:
    """The reactions of a PHREEQC database.

    Attributes
    ----------
    name : str, of the file
    masters : dict[str, str], element or valence -> master species
    species, phases : list of DatabaseEntry, in file order, later definitions after earlier ones
    epsilon : dict[(str, str), float], two species -> SIT coefficient [kg/mol]
    unread : list of (int, str), line number and text of entries that could not be read
    llnl : bool, whether the database brings the activity model of LLNL
    """

    name: str
    masters: dict[str, str] = field(default_factory=dict)
    species: list[DatabaseEntry] = field(default_factory=list)
    phases: list[DatabaseEntry] = field(default_factory=list)
    epsilon: dict[tuple[str, str], float] = field(default_factory=dict)
    unread: list[tuple[int, str]] = field(default_factory=list)
    llnl: bool = False


def read_phreeqc(path: str | Path) -> Database:
    """Read a PHREEQC database.

    Parameters
    ----------
    path : str | Path

    Returns
    -------
    Database

    Raises
    ------
    ModelFileError
        When the file cannot be read or holds no SOLUTION_SPECIES.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ModelFileError(
            f"the file cannot be read: {error.strerror}", where=str(path)
        ) from error
    database = parse_phreeqc(text, path.name)
    if not database.species:
        raise ModelFileError(
            "there is no SOLUTION_SPECIES in this file",
            where=str(path),
            hint="give a PHREEQC database such as phreeqc.dat",
        )
    return database


def parse_phreeqc(text: str, name: str = "") -> Database:
    """The reactions in the text of a PHREEQC database; see `read_phreeqc`."""
    database = Database(name)
    draft: _Draft | None = None
    block = ""
    for number, statement, comment in _statements(text):
        first = statement.split()[0].upper() if statement else ""
        if first in _KEYWORDS:
            _finish(database, draft)
            draft, block = None, first
            database.llnl = database.llnl or first == "LLNL_AQUEOUS_MODEL_PARAMETERS"
        elif block == "SOLUTION_MASTER_SPECIES" and len(statement.split()) > 1:
            element, species = statement.split()[:2]
            database.masters[element] = normal(species)
        elif block in ("SOLUTION_SPECIES", "PHASES"):
            draft = _read_reaction(database, draft, block, number, statement)
            if draft is not None and comment:
                draft.comments.append(comment)
        elif block == "SIT" and len(statement.split()) > 2 and not statement.startswith("-"):
            one, other, value = statement.split()[:3]
            database.epsilon[normal(one), normal(other)] = float(value)
    _finish(database, draft)
    return database


@dataclass
class _Draft:
    """An entry while its lines are read."""

    kind: Literal["species", "phase"]
    name: str
    line: int
    equation: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, statement and comment; a statement ends at a line's end or a semicolon."""
    held, begun = "", 0
    for number, line in enumerate(text.replace("\r", "").split("\n"), start=1):
        begun = begun or number
        if line.rstrip().endswith("\\"):  # goes on in the next line
            held += line.rstrip()[:-1] + " "
            continue
        line, number, held, begun = held + line, begun, "", 0
        body, _, comment = line.partition("#")
        pieces = [piece.strip() for piece in body.split(";")]
        for k, piece in enumerate(pieces):
            last = k == len(pieces) - 1
            if piece or (last and comment):
                yield number, piece, comment.strip() if last else ""


def _read_reaction(
    database: Database, draft: _Draft | None, block: str, number: int, statement: str
) -> _Draft | None:
    """Take one statement of SOLUTION_SPECIES or PHASES; the entry that is now being read."""
    words = statement.split()
    if not words:
        return draft
    key = _ALIASES.get(words[0].lstrip("-").lower())
    if key is not None:
        if draft is not None:
            if key in ("add_logk", "no_check"):
                draft.other.append(key)
            draft.values[key] = words[1:]
        return draft
    if words[0].startswith("-") and not words[0][1:2].isdigit() and words[0] != "-":
        return draft  # an option that is not read
    if "=" not in statement:
        if block == "PHASES":
            _finish(database, draft)
            return _Draft("phase", words[0], number)
        return draft
    if block == "PHASES" and draft is not None and not draft.equation:
        draft.equation, draft.line = statement, number
        return draft
    _finish(database, draft)
    if block == "PHASES":
        database.unread.append((number, f"an equation without a phase: {statement}"))
        return None
    return _Draft("species", "", number, statement)


def _finish(database: Database, draft: _Draft | None) -> None:
    """Add the entry that has been read to the database."""
    if draft is None or not draft.equation:
        return
    try:
        terms = terms_of(draft.equation)
        log_k = [float(word) for word in draft.values.get("log_k", [])[:1]]
        analytic = _numbers(draft.values.get("analytic", []))
        gamma = _numbers(draft.values.get("gamma", []))
        enthalpy, unit = _enthalpy(draft.values.get("delta_h", []))
    except ValueError as error:
        database.unread.append((draft.line, f"{error}: {draft.name} {draft.equation}".strip()))
        return
    name = draft.name
    if draft.kind == "species":
        # the species that is defined is the first one on the right side
        right = draft.equation.split("=")[1]
        name = next(iter(terms_of(f"= {right}")))
    entry = DatabaseEntry(
        kind=draft.kind,
        name=name,
        equation=" ".join(draft.equation.split()),
        terms={key: value for key, value in terms.items() if value != 0.0},
        log_k=log_k[0] if log_k else None,
        delta_h=enthalpy,
        unit=unit,
        analytic=_six(analytic) if analytic else None,
        gamma=(gamma[0], gamma[1] if len(gamma) > 1 else 0.0) if gamma else None,
        other=tuple(draft.other),
        comments=tuple(draft.comments),
        line=draft.line,
    )
    (database.species if draft.kind == "species" else database.phases).append(entry)


def _numbers(words: list[str]) -> list[float]:
    """The leading numbers of an option."""
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            break
    return found


def _enthalpy(words: list[str]) -> tuple[float | None, str]:
    """Reaction enthalpy [kJ/mol] and its unit as written."""
    if not words:
        return None, ""
    unit = words[1].lower().removesuffix("/mol") if len(words) > 1 else ""
    if unit.removesuffix("oules").removesuffix("oule") in ("kj", "j"):
        unit = unit.removesuffix("oules").removesuffix("oule")
    return float(words[0]) * _UNITS.get(unit, 1.0), unit if unit in _UNITS else ""


def _six(values: list[float]) -> Coefficients:
    a1, a2, a3, a4, a5, a6 = (values + [0.0] * 6)[:6]
    return a1, a2, a3, a4, a5, a6
