"""Tables of the speciation page, from the constant set."""

from __future__ import annotations

import re

from rows import plain
from tables import chemical, linked, markdown_table

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.logk import T25, T37
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.records import ConstantSet, Origin
from calcikin.chemistry.speciation import saturation_indices, solve

__all__ = ["components", "conflicts", "phases", "sets", "species", "temperatures"]


def _set() -> ConstantSet:
    return load_constants("default")


def _short(origin: Origin) -> str:
    """First author and year with a link, else the text."""
    authors = origin.source.split(",")[0]
    year = re.search(r"\b(?:19|20)\d\d\b", origin.source)
    label = f"{authors} {year[0]}" if year and year[0] not in authors else authors
    if origin.source[0].islower():
        label = origin.source.split()[0]  # a data file, or the word "assumed"
    if origin.source.startswith("NIST"):
        label = "NIST 46"
    return f"[{label}](https://doi.org/{origin.doi})" if origin.doi else label


def components() -> str:
    """Components of the solution."""
    rows = []
    for c in _set().components.values():
        rows.append([f"`{c.name}`", chemical(c.formula), c.role, c.note])
    return markdown_table(["component", "as", "role", "remark"], rows)


def species() -> str:
    """Aqueous species: reaction as published, log K at 25 and 37 degC at I = 0."""
    rows = []
    for s in _set().species.values():
        kind = " (conditional)" if s.conditional else ""
        at = f"{s.origin.temperature - 273.15:g} °C"
        if s.origin.ionic_strength:
            at += f", I {s.origin.ionic_strength:g}"
        rows.append(
            [
                chemical(s.reaction) + kind,
                plain(s.origin.published),
                at,
                plain(s.log_beta(T37), 4),
                f"{s.uncertainty:g}" + ("" if s.origin.uncertainty_basis == "published" else "*"),
                _short(s.origin),
            ]
        )
    return markdown_table(["reaction", "log K", "at", "log β, 37 °C", "±", "source"], rows)


def phases() -> str:
    """Solids: dissolution as published."""
    rows = []
    for p in _set().phases.values():
        rows.append(
            [
                f"`{p.name}`",
                chemical(p.reaction),
                f"{p.nu:g}",
                plain(p.origin.published, 5),
                f"{p.origin.temperature - 273.15:g} °C",
                f"{p.uncertainty:g}" + ("" if p.origin.uncertainty_basis == "published" else "*"),
                _short(p.origin),
            ]
        )
    return markdown_table(["phase", "dissolution", "ν", "log K", "at", "±", "source"], rows)


def conflicts() -> str:
    """The notes of the constants file: how conflicts were settled."""
    constants, lines = _set(), []
    entries = [*constants.species.values(), *constants.phases.values(), *constants.gases.values()]
    for item in entries:
        if item.origin.note:
            name = chemical(item.name) if item in constants.species.values() else item.name
            lines.append(f"{name}\n: {linked(item.origin.note)}\n")
    return "\n".join(lines)


def sets() -> str:
    """The healthy serum at pH 7.4 and 37 degC by every constant set."""
    totals = load_medium("serum").totals()
    rows = []
    for name in sorted(constant_sets(), key=lambda n: (n != "default", n)):
        constants = load_constants(name)
        known = {k: v for k, v in totals.items() if k in constants.components}
        found = solve(constants, known, T37, fixed_activity={"H": 10.0**-7.4})
        index = saturation_indices(found)
        free = (1e3 * found.free[metal] for metal in ("Ca", "Mg"))
        indices = (plain(index[p], 3) for p in ("ACP", "OCP", "HAP"))
        cells = [f"`{name}`", constants.description]
        rows.append([*cells, *(plain(c, 3) for c in free), *indices])
    return markdown_table(["set", "", "free Ca", "free Mg", "SI(ACP)", "SI(OCP)", "SI(HAP)"], rows)


def temperatures() -> str:
    """Solubility of every phase at several temperatures, as dissolution into components."""
    kelvin = (277.15, T25, T37, 333.15)
    rows = [
        [f"`{p.name}`", *(plain(p.log_k.at(T), 5) for T in kelvin)] for p in _set().phases.values()
    ]
    return markdown_table(["phase", *(f"{T - 273.15:.0f} °C" for T in kelvin)], rows)
