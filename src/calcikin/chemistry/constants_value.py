"""The number of one entry of a constants file, at I = 0 and 25 degC, and where it is from.

An entry says

    log_k             log10 K at 25 degC, or
    log_k_37          log10 K at 37 degC where there is no value at 25 degC, or
    analytic          six coefficients A1 ... A6 (see `logk`)
    delta_h           reaction enthalpy [kJ/mol], optional, with log_k or log_k_37
    ionic_strength    of the measurement [mol/L], 0 if absent. Above 0 the constant is a
                      concentration constant; it is carried to I = 0 with the Davies equation at
                      the temperature of the value, so that at that ionic strength the measured
                      value comes out again
    conditional       true: no such extrapolation (proteins), see `Species`
    medium, uncertainty, uncertainty_basis, source (a key of [sources]), note

and must have uncertainty and source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcikin.chemistry.activity import davies_a, davies_term
from calcikin.chemistry.constants_merge import INHERITED
from calcikin.chemistry.formula import Reaction, parse_formula
from calcikin.chemistry.logk import T25, T37, LogK
from calcikin.chemistry.records import Origin
from calcikin.chemistry.tables import number, numbers
from calcikin.errors import ModelFileError, UnknownNameError

#: What an entry may say about its number.
VALUE_KEYS = {
    "log_k",
    "log_k_37",
    "analytic",
    "delta_h",
    "ionic_strength",
    "conditional",
    "medium",
    "uncertainty",
    "uncertainty_basis",
    "source",
    "note",
}


def read_value(
    entry: Mapping[str, Any],
    reaction: Reaction,
    sources: Mapping[str, Any],
    where: str,
    *,
    conditional: bool = False,
) -> tuple[LogK, Origin]:
    """The log K of a reaction as written, at I = 0 unless conditional, and its origin.

    Parameters
    ----------
    entry : Mapping, an entry of a constants file
    reaction : Reaction, of the entry
    sources : Mapping, key -> {text, doi}
    where : str, file and entry, for messages
    conditional : bool, whether the constant stays at its own ionic strength

    Raises
    ------
    ModelFileError
        When a number is missing, given twice or none.
    UnknownNameError
        When the source does not exist.
    """
    given = [key for key in ("log_k", "log_k_37", "analytic") if key in entry]
    if len(given) != 1:
        raise ModelFileError(
            f"needs exactly one of log_k, log_k_37, analytic (has {given or 'none'})", where=where
        )
    T = T37 if given[0] == "log_k_37" else T25
    ionic_strength = number(entry, "ionic_strength", where, 0.0)
    delta_h = number(entry, "delta_h", where) if "delta_h" in entry else None
    if given[0] == "analytic":
        if delta_h is not None or ionic_strength:
            raise ModelFileError("analytic stands at I = 0 and without delta_h", where=where)
        a1, a2, a3, a4, a5, a6 = numbers(entry, "analytic", 6, where)
        log_k = LogK.combine([(1.0, LogK(0.0, None, (a1, a2, a3, a4, a5, a6)))])
        published = log_k.value_25
    else:
        published = number(entry, given[0], where)
        value = published
        if ionic_strength > 0.0 and not conditional:
            value -= _davies_shift(reaction, ionic_strength, T)
        log_k = LogK.from_value(value, T, delta_h)
    if conditional and ionic_strength <= 0.0:
        raise ModelFileError("a conditional constant needs its ionic_strength", where=where)
    return log_k, _origin(entry, sources, published, T, ionic_strength, where)


def _davies_shift(reaction: Reaction, ionic_strength: float, T: float) -> float:
    """log10 K(concentrations, I) - log10 K(I = 0) after Davies, = A D(I) sum(nu z^2)."""
    change = sum(c * parse_formula(t).charge ** 2 for t, c in reaction.terms.items())
    return davies_a(T) * davies_term(ionic_strength) * change


def _origin(
    entry: Mapping[str, Any],
    sources: Mapping[str, Any],
    published: float,
    T: float,
    ionic_strength: float,
    where: str,
) -> Origin:
    key = str(entry["source"])
    if key != "assumed" and key not in sources:
        raise UnknownNameError("source", key, [*sources, "assumed"], where)
    source = sources.get(key, {"text": "assumed"})
    basis = str(entry.get("uncertainty_basis", "assumed"))
    if basis not in ("published", "assumed"):
        raise ModelFileError(
            f"uncertainty_basis {basis!r} is not published or assumed", where=where
        )
    return Origin(
        source=str(source["text"]),
        doi=str(source.get("doi", "")),
        note=str(entry.get("note", "")),
        uncertainty=number(entry, "uncertainty", where),
        uncertainty_basis=basis,
        temperature=T,
        ionic_strength=ionic_strength,
        medium=str(entry.get("medium", "")),
        published=published,
        inherited=str(entry.get(INHERITED, "")),
    )
