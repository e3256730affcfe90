"""Check constants against the reference windows of ``models/checks/reactions.toml``.

A window gives a reaction, and where log K and the enthalpy lie at 25 degC. The value of a file for
this reaction is the sum of its own constants (Hess's law), whatever ions it is written with there:
a closed cycle of the file's reactions and the reference's. Where it lies outside, the likely slips
are tried one by one on the entry that defines the species or solid: the sign, the unit of the
enthalpy (kcal read as kJ, or the reverse), natural in place of decadic logarithm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from calcikin.chemistry.formula import parse_formula, parse_reaction
from calcikin.chemistry.lint_source import Composition, Finding, LintSource, Severity, enthalpy
from calcikin.chemistry.logk import T25, LogK, evaluate
from calcikin.chemistry.phreeqc_file import CALORIE, DatabaseEntry
from calcikin.chemistry.phreeqc_resolve import Formation, Resolver
from calcikin.chemistry.tables import pair, text
from calcikin.errors import ModelFileError
from calcikin.files import read_toml
from calcikin.paths import models_dir

#: Widening of a window before a value counts as outside [log10 units, kJ/mol]: rounding.
_ROUNDING = 0.005
#: Smallest log K whose sign or base can be told from its size (assumed).
_SLIP = 1.0
#: A reference up to its year.
_SHORT = re.compile(r".*?(?:\b(?:19|20)\d\d\b\)?|$)")
_NONE = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Window:
    """Where the constant of a reaction is expected.

    Attributes
    ----------
    of : str, formula of the species or solid that is judged
    solid : bool
    reaction : str
    terms : Mapping[str, float], formula -> coefficient, positive on the right [1]
    log_k : (float, float), log10 K at 25 degC, I = 0
    delta_h : (float, float) | None, enthalpy [kJ/mol]
    sources : tuple of str, references
    note : str
    """

    of: str
    solid: bool
    reaction: str
    terms: Mapping[str, float]
    log_k: tuple[float, float]
    delta_h: tuple[float, float] | None
    sources: tuple[str, ...]
    note: str


@lru_cache(maxsize=1)
def reference_windows() -> tuple[Window, ...]:
    """The shipped windows.

    Raises
    ------
    ModelFileError
        When the file says something impossible.
    """
    path = models_dir() / "checks" / "reactions.toml"
    document, _ = read_toml(path)
    sources = {key: str(item["text"]) for key, item in document["sources"].items()}
    windows = []
    for entry in document["reaction"]:
        where = f"{path}, {entry.get('of')}"
        reaction = parse_reaction(text(entry, "reaction", where), where=where)
        of = text(entry, "of", where)
        if of not in reaction.terms:
            raise ModelFileError(f"the reaction does not hold {of}", where=where)
        windows.append(
            Window(
                of=of,
                solid=reaction.terms[of] < 0.0,
                reaction=reaction.text,
                terms=reaction.terms,
                log_k=pair(entry, "log_k", where),
                delta_h=pair(entry, "delta_h", where) if "delta_h" in entry else None,
                sources=tuple(sources[key] for key in entry["sources"]),
                note=str(entry.get("note", "")),
            )
        )
    return tuple(windows)


def check_windows(source: LintSource) -> Iterator[Finding]:
    """Every finding of the reference windows in a file."""
    file = _File(source)
    for window in reference_windows():
        for entry, formula in file.entries(window):
            if entry.name in source.quiet:
                continue
            value = file.value(window, entry, formula)
            if value is not None:
                yield from _judge(source, window, entry, value)


@dataclass(frozen=True)
class _Value:
    """What a file says about the reaction of a window, at 25 degC.

    log_k, and how much of it is the entry's own log K as written (factor times stated); the same
    for the enthalpy [kJ/mol], None without temperature data.
    """

    log_k: float
    factor: float
    stated: float
    delta_h: float | None
    own_delta_h: float


class _File:
    """Ions and solids of a file by composition, and sums of its constants."""

    def __init__(self, source: LintSource) -> None:
        self.resolver = Resolver(source.database)
        self.species: dict[Composition, DatabaseEntry] = {}
        self.solids: dict[Composition, list[tuple[DatabaseEntry, str]]] = {}
        self.source = source
        for entry in source.database.species:
            key = self._composition(entry.name)
            if key is not None:
                self.species[key] = entry
        for entry in source.database.phases:
            formula = next(iter(entry.terms), "")
            key = self._composition(formula) if formula and not entry.name.endswith("(g)") else None
            if key is not None and entry.terms[formula] < 0.0:
                self.solids.setdefault(key, []).append((entry, formula))

    def _composition(self, name: str) -> Composition | None:
        try:
            return self.source.composition(name)
        except ModelFileError:
            return None

    def entries(self, window: Window) -> list[tuple[DatabaseEntry, str]]:
        """The entries that define the species or solid of a window, with the name in the terms."""
        key = _of_project(window.of)
        if window.solid:
            return self.solids.get(key, [])
        entry = self.species.get(key)
        return [] if entry is None or entry.is_master else [(entry, entry.name)]

    def value(self, window: Window, entry: DatabaseEntry, own: str) -> _Value | None:
        """The file's value for the reaction of a window; None when it lacks an ion."""
        if entry.other or own not in entry.terms:
            return None
        total = Formation({}, _NONE)
        for formula, n in window.terms.items():
            part: Formation | None
            if formula == window.of:
                part = self.resolver.reaction(entry, own)
            elif formula == "H2O":
                part = Formation({"H2O": 1.0}, _NONE)
            else:
                ion = self.species.get(_of_project(formula))
                part = None if ion is None else self.resolver.species(ion.name)
            if part is None:
                return None
            total = total.plus(n, part)
        if total.amounts:  # a reaction of the window that the file does not balance
            return None
        factor = window.terms[window.of] / entry.terms[own]
        stated = LogK(0.0, None, entry.coefficients)
        whole = LogK(0.0, None, total.coefficients)
        known = bool(entry.delta_h) or _varies(entry)
        return _Value(
            log_k=evaluate(total.coefficients, T25),
            factor=factor,
            stated=evaluate(entry.coefficients, T25),
            delta_h=enthalpy(whole, T25) if known else None,
            own_delta_h=factor * enthalpy(stated, T25),
        )


def _varies(entry: DatabaseEntry) -> bool:
    return entry.analytic is not None and any(entry.analytic[1:])


def _of_project(formula: str) -> Composition:
    parsed = parse_formula(formula)
    return frozenset((k, round(n, 6)) for k, n in parsed.elements.items()), float(parsed.charge)


def _judge(
    source: LintSource, window: Window, entry: DatabaseEntry, value: _Value
) -> Iterator[Finding]:
    def found(check: str, severity: Severity, message: str, size: float) -> Finding:
        text_ = f"{message} (expected {_span(window.log_k)} for {window.reaction}; "
        if check.startswith("enthalpy") and window.delta_h is not None:
            text_ = f"{message} (expected {_span(window.delta_h)} kJ/mol for {window.reaction}; "
        sources = "; ".join(_SHORT.match(s)[0] for s in window.sources)  # type: ignore[index]
        note = f"; {window.note}" if window.note else ""
        where = source.where(entry)
        return Finding(check, severity, entry.name, where, f"{text_}{sources}{note})", size)

    off = _outside(value.log_k, window.log_k)
    if off:
        own = value.factor * value.stated
        if abs(own) > _SLIP and not _outside(value.log_k - 2.0 * own, window.log_k):
            yield found(
                "sign",
                "error",
                f"log K {value.stated:g} has the wrong sign: with {-value.stated:g} it would fit",
                abs(2.0 * value.stated),
            )
        elif abs(own) > _SLIP and not _outside(
            value.log_k - own + own / math.log(10.0), window.log_k
        ):
            yield found(
                "logarithm",
                "error",
                f"log K {value.stated:g} looks like a natural logarithm",
                abs(off),
            )
        else:
            soluble = ""
            if window.solid:
                soluble = " more soluble" if off > 0.0 else " less soluble"
            middle = value.log_k - 0.5 * sum(window.log_k)
            yield found(
                "window",
                "warning",
                f"log K is {value.log_k:.2f}, {abs(off):.2f} outside of what is known "
                f"and {abs(middle):.1f}{soluble or ' away'} from its middle",
                abs(middle),
            )
    if window.delta_h is None or value.delta_h is None:
        return
    off = abs(_outside(value.delta_h, window.delta_h))
    if not off:
        return
    rest, own_h = value.delta_h - value.own_delta_h, value.own_delta_h
    shown = f"the enthalpy is {value.delta_h:.1f} kJ/mol"
    slips = {
        "kcal taken as kJ": rest + CALORIE * own_h,
        "kJ taken as kcal": rest + own_h / CALORIE,
        "of the wrong sign": rest - own_h,
    }
    for slip, corrected in slips.items():
        if off > _slip_of(window.delta_h) and not _outside(corrected, window.delta_h):
            check = "enthalpy sign" if "sign" in slip else "enthalpy unit"
            message = f"{shown}, it looks {slip if 'sign' in slip else f'like {slip}'}"
            yield found(check, "error", message, abs(corrected - value.delta_h))
            return
    middle = abs(value.delta_h - 0.5 * sum(window.delta_h))
    yield found("enthalpy", "warning", shown, middle)


def _outside(value: float, window: tuple[float, float]) -> float:
    """How far a value lies outside of a window, with its sign; 0 inside."""
    low, high = window
    if value > high + _ROUNDING:
        return value - high
    return value - low if value < low - _ROUNDING else 0.0


def _slip_of(window: tuple[float, float]) -> float:
    """How far outside an enthalpy must lie before a slip is named [kJ/mol] (assumed)."""
    return max(8.0, 0.25 * (window[1] - window[0]))


def _span(window: tuple[float, float]) -> str:
    return f"{window[0]:g} to {window[1]:g}"
