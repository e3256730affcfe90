"""Checks that need no reference: balance, cycles, duplicates, temperature, ionic strength."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calcikin.chemistry.activity import davies_a, davies_term
from calcikin.chemistry.lint_source import Finding, LintSource, enthalpy
from calcikin.chemistry.logk import T25, LogK, evaluate
from calcikin.chemistry.phreeqc_file import CALORIE, DatabaseEntry
from calcikin.chemistry.phreeqc_formula import charge_of
from calcikin.chemistry.phreeqc_resolve import Resolver
from calcikin.errors import ModelFileError

#: Atoms or charges that may be missing: solids of fractional composition have two decimals.
_UNBALANCED = 0.0051
#: Log units within which two ways to the same species agree, and an analytical expression agrees
#: with the log K beside it (assumed: databases give two or three decimals).
_SAME_LOG_K = 0.05
#: Enthalpies [kJ/mol] too small to tell kcal from kJ by their ratio (assumed).
_SMALL_ENTHALPY = 2.0
#: Log units by which an ionic strength of measurement must matter to be told.
_SHIFT = 0.1


def check_balance(source: LintSource) -> Iterator[Finding]:
    """Elements and charge on both sides of every equation."""
    for entry in _entries(source):
        if "no_check" in entry.other:
            continue
        total: dict[str, float] = {}
        try:
            for name, n in entry.terms.items():
                elements, charge = source.composition(name)
                for element, count in [*elements, ("charge", charge)]:
                    total[element] = total.get(element, 0.0) + n * count
        except ModelFileError as error:
            yield Finding("unreadable", "error", entry.name, source.where(entry), error.what)
            continue
        wrong = {k: v for k, v in total.items() if abs(v) > _UNBALANCED}
        if wrong:
            listed = ", ".join(f"{k} {v:+.4g}" for k, v in sorted(wrong.items()))
            message = f"{entry.equation} does not balance: {listed} (right minus left)"
            size = max(map(abs, wrong.values()))
            yield Finding("balance", "error", entry.name, source.where(entry), message, size)


def check_duplicates(source: LintSource) -> Iterator[Finding]:
    """Entries defined twice, and species of the same composition under two names."""
    seen: dict[str, DatabaseEntry] = {}
    compositions: dict[object, str] = {}
    for entry in _entries(source):
        if entry.name in seen and seen[entry.name].kind == entry.kind:
            first = seen[entry.name]
            message = f"defined twice, first in {source.where(first)}; the later one counts"
            yield Finding("duplicate", "warning", entry.name, source.where(entry), message)
        seen[entry.name] = entry
        if entry.kind == "phase" or entry.is_master:
            continue
        try:
            key = source.composition(entry.name)
        except ModelFileError:
            continue  # told by the balance
        other = compositions.setdefault(key, entry.name)
        if other != entry.name:
            message = f"{other} has the same composition and charge"
            yield Finding("duplicate", "warning", entry.name, source.where(entry), message)


def check_cycles(source: LintSource) -> Iterator[Finding]:
    """Reactions that the others of the file already imply, and what they differ by.

    A definition that adds no new species closes a cycle: its log K must be the sum of the others.
    """
    resolver = Resolver(source.database)
    for entry in source.database.species:
        if entry.is_master or entry.other or resolver.defined.get(entry.name) is entry:
            continue
        if entry.name not in entry.terms:
            continue
        around = resolver.reaction(entry, entry.name)
        straight = resolver.species(entry.name)
        if around is None or straight is None or around.amounts != straight.amounts:
            continue
        gap = evaluate(around.coefficients, T25) - evaluate(straight.coefficients, T25)
        if abs(gap) > _SAME_LOG_K:
            message = (
                f"{entry.equation} is not what the other reactions of the file add up to: "
                f"log K {gap:+.2f} too high at 25 degC"
            )
            yield Finding("cycle", "warning", entry.name, source.where(entry), message, abs(gap))


def check_temperature(source: LintSource) -> Iterator[Finding]:
    """Missing temperature data; log K, enthalpy and analytical expression against each other."""
    for entry in _entries(source):
        if entry.is_master or not entry.terms:
            continue
        where = source.where(entry)
        analytic = entry.analytic if entry.analytic and any(entry.analytic) else None
        varies = analytic is not None and any(analytic[1:])
        if not varies and not entry.delta_h:
            stated = "an enthalpy of 0 and" if entry.delta_h == 0.0 else "no enthalpy and"
            message = f"{stated} no analytical expression: log K is the same at every temperature"
            yield Finding("temperature", "note", entry.name, where, message)
        if analytic is None:
            continue
        if entry.log_k is not None:
            gap = evaluate(analytic, T25) - entry.log_k
            if abs(gap) > _SAME_LOG_K:
                message = (
                    f"the analytical expression, which counts, gives {entry.log_k + gap:.3f} at "
                    f"25 degC, log_k says {entry.log_k:g}"
                )
                yield Finding("expression", "warning", entry.name, where, message, abs(gap))
        if entry.delta_h and varies:
            yield from _enthalpies(entry, enthalpy(LogK(0.0, None, analytic), T25), where)


def _enthalpies(entry: DatabaseEntry, derived: float, where: str) -> Iterator[Finding]:
    """The enthalpy of an entry against that of its own analytical expression."""
    stated = entry.delta_h or 0.0
    if min(abs(stated), abs(derived)) < _SMALL_ENTHALPY:
        return
    ratio = derived / stated
    slips: Mapping[str, tuple[float, str, str]] = {
        "kcal": (CALORIE, "enthalpy unit", "it looks like kcal taken as kJ"),
        "kj": (1.0 / CALORIE, "enthalpy unit", "it looks like kJ taken as kcal"),
        "sign": (-1.0, "enthalpy sign", "it has the opposite sign"),
    }
    for expected, check, words in slips.values():
        if abs(ratio / expected - 1.0) < 0.03:  # closer than any two measurements differ by chance
            message = (
                f"the enthalpy is {stated:.2f} kJ/mol, but the analytical expression has "
                f"{derived:.2f} at 25 degC: {words}"
            )
            yield Finding(check, "error", entry.name, where, message, abs(stated - derived))
            return


def check_ionic_strength(source: LintSource) -> Iterator[Finding]:
    """Constants measured in a salt solution or at another temperature, used as if they were not.

    What a constant would be at I = 0 is told with the Davies equation.
    """
    for entry in _entries(source):
        ionic_strength, celsius = source.measured.get(entry.name, (0.0, 25.0))
        if not entry.terms or entry.log_k is None:
            continue
        where = source.where(entry)
        change = sum(n * charge_of(name) ** 2 for name, n in entry.terms.items())
        shift = davies_a(T25) * davies_term(ionic_strength) * change
        if abs(shift) > _SHIFT:
            beyond = " (beyond the Davies equation)" if ionic_strength > 0.5 else ""
            message = (
                f"log K {entry.log_k:g} was measured at I = {ionic_strength:g} and is used as if "
                f"at I = 0; carried there with Davies it is {entry.log_k - shift:.2f}{beyond}"
            )
            yield Finding("ionic strength", "warning", entry.name, where, message, abs(shift))
        if abs(celsius - 25.0) > 2.0:
            message = f"log K {entry.log_k:g} was measured at {celsius:g} degC, not 25"
            yield Finding("measured at", "note", entry.name, where, message)


def _entries(source: LintSource) -> Iterator[DatabaseEntry]:
    """Every entry that is this file's own."""
    for entry in [*source.database.species, *source.database.phases]:
        if entry.name not in source.quiet:
            yield entry
