"""Tables of the speciation page, from the constant set."""

from __future__ import annotations

import math
import re

from rows import plain
from tables import chemical, linked, markdown_table

from calcikin.chemistry.activity_models import activity_model
from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.constants_diff import named_waters
from calcikin.chemistry.logk import T25, T37
from calcikin.chemistry.records import ConstantSet, Origin
from calcikin.chemistry.speciation import solve
from calcikin.chemistry.uncertainty import uncertain_indices

__all__ = [
    "components",
    "conflicts",
    "phases",
    "set_indices",
    "set_ions",
    "sets",
    "species",
    "temperatures",
]


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


def _sets() -> list[ConstantSet]:
    return [load_constants(n) for n in sorted(constant_sets(), key=lambda n: (n != "default", n))]


def sets() -> str:
    """What the constant sets are."""
    rows = []
    for constants in _sets():
        borrowed = len(constants.inherited())
        total = len(constants.species) + len(constants.phases) + len(constants.gases)
        model = activity_model(constants.activity_model, constants, T37).title.removeprefix("the ")
        rows.append([f"`{constants.name}`", constants.description, model, f"{borrowed} of {total}"])
    return markdown_table(["set", "", "activity model", "from `default`"], rows)


def set_indices(water: str) -> str:
    """Saturation index of every phase in a named water, by every set, with its uncertainty."""
    constants, found = _sets(), named_waters()[water]
    by_set = [
        uncertain_indices(c, found.totals, found.T, fixed_activity={"H": 10.0**-found.pH})
        for c in constants
    ]
    rows = []
    for phase in _set().phases:
        cells = [
            f"{show_index(index[phase].value)} ± {index[phase].u:.2f}"
            if math.isfinite(index[phase].value)
            else "–"
            for index in by_set
        ]
        rows.append([f"`{phase}`", *cells])
    return markdown_table(["phase", *(f"`{c.name}`" for c in constants)], rows)


def set_ions(water: str) -> str:
    """Free Ca and Mg [mmol/L], ionic strength [mmol/L] and activity of water, by every set."""
    found, rows = named_waters()[water], []
    for c in _sets():
        one = solve(c, found.totals, found.T, fixed_activity={"H": 10.0**-found.pH})
        amounts = (one.free["Ca"], one.free["Mg"], one.ionic_strength)
        cells = [plain(1e3 * x, 3) for x in amounts]
        rows.append([f"`{c.name}`", *cells, plain(one.water_activity, 4)])
    return markdown_table(["set", "free Ca", "free Mg", "I", "activity of water"], rows)


def show_index(value: float) -> str:
    """A saturation index with two decimals."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def temperatures() -> str:
    """Solubility of every phase at several temperatures, as dissolution into components."""
    kelvin = (277.15, T25, T37, 333.15)
    rows = [
        [f"`{p.name}`", *(plain(p.log_k.at(T), 5) for T in kelvin)] for p in _set().phases.values()
    ]
    return markdown_table(["phase", *(f"{T - 273.15:.0f} °C" for T in kelvin)], rows)
