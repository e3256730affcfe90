"""The shape of model files: which tables and entries there are, and what each may hold.

Only the shape is checked here, before anything is built: what is missing, what is not known
(answered with the nearest known), what is of the wrong kind. Whether names exist, units fit and
processes balance is for the builder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from calcikin.errors import ModelFileError, UnknownNameError

__all__ = ["check_network", "check_scenario"]


@dataclass(frozen=True)
class Kind:
    """What an entry may hold: a test, words for it, and for a table what each of its items is."""

    words: str
    fits: Callable[[Any], bool]
    items: Kind | None = None


@dataclass(frozen=True)
class Entry:
    """One entry of a table."""

    kind: Kind
    needed: bool = False


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and bool(math.isfinite(value))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


TEXT = Kind("text", _is_text)
NUMBER = Kind("a finite number", _is_number)
POSITIVE = Kind("a number of at least 0", lambda v: _is_number(v) and v >= 0)
FLAG = Kind("true or false", lambda v: isinstance(v, bool))
NAME = Kind("a name or a finite number", lambda v: _is_text(v) or _is_number(v))
TABLE = Kind("a table", _is_table)
TEXTS = Kind(
    "a list of text",
    lambda v: isinstance(v, list) and all(isinstance(item, str) for item in v),
)
TABLE_OF_TEXT = Kind("a table", _is_table, TEXT)
TABLE_OF_TABLES = Kind("a table", _is_table, TABLE)
TABLE_OF_NUMBERS = Kind("a table", _is_table, NUMBER)
INPUTS = Kind("a table", _is_table, Kind("a name, a number or a list of these", lambda v: v != []))

Shape = dict[str, Entry]

#: A model file. The quantities with units are text, read by the units module.
SCENARIO: Shape = {
    **{key: Entry(TEXT, needed=True) for key in ("name", "network", "medium", "ph", "source")},
    "duration": Entry(Kind('text with a unit, such as "24 h"', _is_text), needed=True),
    **{key: Entry(TEXT) for key in ("title", "description", "constants", "parameters", "preset")},
    **{key: Entry(TEXT) for key in ("temperature", "window")},
    "enzyme_scale": Entry(POSITIVE),
    "pCO2": Entry(Kind("a number of atm between 0 and 1", lambda v: _is_number(v) and 0 < v <= 1)),
    "switch_off": Entry(TEXTS),
    "notes": Entry(TEXTS),
    "extension": Entry(TABLE),
}
#: A network file, and the extension of a model file.
NETWORK: Shape = {
    "name": Entry(TEXT),
    "title": Entry(TEXT),
    "dissolved": Entry(TABLE_OF_TEXT),
    "switches": Entry(TABLE_OF_TEXT),
    **{
        key: Entry(TABLE_OF_TABLES)
        for key in ("pools", "populations", "surfaces", "quantities", "processes")
    },
}
LAW: Shape = {"law": Entry(TEXT, needed=True), "inputs": Entry(INPUTS, needed=True)}
NOTES: Shape = {"title": Entry(TEXT), "source": Entry(TEXT)}
POOL: Shape = {
    "title": Entry(TEXT, needed=True),
    "like": Entry(TEXT),
    "elements": Entry(TABLE_OF_NUMBERS),
    "charge": Entry(NUMBER),
    "signed": Entry(FLAG),
}
POPULATION: Shape = {
    "title": Entry(TEXT, needed=True),
    "source": Entry(TEXT),
    "phase": Entry(TEXT, needed=True),
    "molar_volume": Entry(TEXT, needed=True),
    "nucleus_radius": Entry(TEXT, needed=True),
    "growth": Entry(TABLE, needed=True),
    "guest": Entry(TABLE),
    "coarsening": Entry(TEXT),
}
GUEST: Shape = {"fraction": Entry(TEXT, needed=True), "exchange": Entry(TEXT)}
SURFACE: Shape = NOTES | {
    "drive": Entry(TEXT, needed=True),
    "width": Entry(NAME, needed=True),
    "adsorbates": Entry(TABLE_OF_TABLES, needed=True),
}
ADSORBATE: Shape = {
    "affinity": Entry(TEXT, needed=True),
    "alpha": Entry(NAME, needed=True),
    "switch": Entry(TEXT),
}
QUANTITY: Shape = NOTES | LAW
PROCESS: Shape = QUANTITY | {
    "effect": Entry(TABLE_OF_NUMBERS),
    "nucleates": Entry(TEXT),
    "nucleus": Entry(TEXT),
}


def check_scenario(raw: Mapping[str, Any], where: str) -> None:
    """Check the entries of a model file.

    Parameters
    ----------
    raw : mapping
        Parsed TOML.
    where : str
        File name for messages.

    Raises
    ------
    ModelFileError
        For an entry that is missing or of the wrong kind; what it should be is said.
    UnknownNameError
        For an entry that nobody reads; the nearest known one is named.
    """
    _check(raw, SCENARIO, where)


def check_network(tables: Mapping[str, Any], where: str) -> None:
    """Check the tables of a network, extensions laid over it.

    Parameters
    ----------
    tables : mapping
        Parsed TOML.
    where : str
        File name for messages.

    Raises
    ------
    ModelFileError, UnknownNameError
        As :func:`check_scenario`; also for a pool that is neither like another state nor made of
        elements, a process that has two effects, and a component that is followed twice.
    """
    _check(tables, NETWORK | {"name": Entry(TEXT, needed=True)}, where)
    followed: dict[str, str] = {}
    for state, component in tables.get("dissolved", {}).items():
        if component in followed:
            raise ModelFileError(
                f"{state!r} and {followed[component]!r} are both the total of {component}",
                where=f"{where}: [dissolved]",
            )
        followed[component] = state
    for name, table in tables.get("pools", {}).items():
        place = f"{where}: [pools.{name}]"
        _check(table, POOL, place)
        _one_of(table, ("like", "elements"), place)
    for name, table in tables.get("populations", {}).items():
        place = f"{where}: [populations.{name}]"
        _check(table, POPULATION, place)
        _check(table["growth"], LAW, f"{place}: growth")
        if "guest" in table:
            _check(table["guest"], GUEST, f"{place}: guest")
    for name, table in tables.get("surfaces", {}).items():
        place = f"{where}: [surfaces.{name}]"
        _check(table, SURFACE, place)
        for adsorbate, entry in table["adsorbates"].items():
            _check(entry, ADSORBATE, f"{place}: adsorbate {adsorbate}")
    for name, table in tables.get("quantities", {}).items():
        _check(table, QUANTITY, f"{where}: [quantities.{name}]")
    for name, table in tables.get("processes", {}).items():
        place = f"{where}: [processes.{name}]"
        _check(table, PROCESS, place)
        if "effect" in table and "nucleates" in table:
            _one_of(table, ("effect", "nucleates"), place)


def _check(table: Mapping[str, Any], shape: Shape, where: str) -> None:
    for key, value in table.items():
        if key not in shape:
            raise UnknownNameError("entry", key, shape, where=where)
        _fit(key, value, shape[key].kind, where)
    missing = [key for key, entry in shape.items() if entry.needed and key not in table]
    if missing:
        raise ModelFileError(f"lacks {', '.join(map(repr, missing))}", where=where)


def _fit(name: str, value: Any, kind: Kind, where: str) -> None:
    if not kind.fits(value):
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}..."
        raise ModelFileError(f"{name} = {shown} is not {kind.words}", where=where)
    if kind.items is not None:
        for item, inside in value.items():
            _fit(f"{name}.{item}", inside, kind.items, where)


def _one_of(table: Mapping[str, Any], keys: tuple[str, str], where: str) -> None:
    if (keys[0] in table) == (keys[1] in table):
        raise ModelFileError(f"needs either {keys[0]!r} or {keys[1]!r}", where=where)
