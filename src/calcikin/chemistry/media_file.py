"""Read a medium from TOML.

A file holds

    [medium]             name, title, description, source, temperature [degC], pH; optional prefix
                         (of input names), preset (the default one), serum (name of the medium whose
                         inputs and presets this one takes over), notes
    [inputs.NAME]        unit, substance, provides, window, usual, value, source, note
    [presets.NAME]       title, pH, [presets.NAME.values], [presets.NAME.reference]
    [[part]]             name, volume [uL], contents (substance -> mmol/L), inputs = true for the
                         part that the inputs describe, source, note

A direct medium has no parts: its inputs are the final composition. Numbers are tables
``{ value = ..., low = ..., high = ..., source = "...", note = "..." }``; the source is a reference,
``derived`` or ``assumed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calcikin.chemistry.medium import Datum, Input, Medium, Part, Preset
from calcikin.chemistry.tables import check_keys, number, pair, table, text
from calcikin.errors import ModelFileError, UnknownNameError
from calcikin.files import read_toml

#: What a dissolved substance brings along: component -> mol per mol. H is left to the pH.
SUBSTANCES: Mapping[str, Mapping[str, float]] = {
    "NaCl": {"Na": 1.0, "Cl": 1.0},
    "KCl": {"K": 1.0, "Cl": 1.0},
    "CaCl2": {"Ca": 1.0, "Cl": 2.0},
    "MgCl2": {"Mg": 1.0, "Cl": 2.0},
    "Na2HPO4": {"Na": 2.0, "Pi": 1.0},
    "NaH2PO4": {"Na": 1.0, "Pi": 1.0},
    "NaOH": {"Na": 1.0},
    "HCl": {"Cl": 1.0},
    "HEPES": {"HEPES": 1.0},
    "Tris": {"Tris": 1.0},
}

_MEDIUM_KEYS = {
    "name",
    "title",
    "description",
    "source",
    "temperature",
    "pH",
    "prefix",
    "preset",
    "serum",
    "notes",
}
_INPUT_KEYS = {"unit", "substance", "provides", "window", "usual", "value", "source", "note"}
_PART_KEYS = {"name", "volume", "contents", "inputs", "source", "note"}
_PRESET_KEYS = {"title", "pH", "values", "reference"}
_DATUM_KEYS = {"value", "low", "high", "source", "note"}


def read_medium(path: Path) -> Medium:
    """Read and check the medium in the file `path`.

    Raises
    ------
    ModelFileError
        When the file is missing, is no TOML, or an entry makes no sense.
    """
    document, _ = read_toml(path)
    where = str(path)
    head = table(document, "medium", where)
    check_keys(head, _MEDIUM_KEYS, "medium", where)
    inputs: dict[str, Input] = {}
    presets: dict[str, Preset] = {}
    default = str(head.get("preset", ""))
    if "serum" in head:
        serum = read_medium(path.parent / f"{head['serum']}.toml")
        inputs, presets = dict(serum.inputs), dict(serum.presets)
        default = default or serum.default_preset
    prefix = f"{head['prefix']}." if "prefix" in head else ""
    for name, entry in document.get("inputs", {}).items():
        inputs[prefix + name] = _input(prefix + name, entry, f"{where}, input {name}")
    for name, entry in document.get("presets", {}).items():
        presets[name] = _preset(name, entry, prefix, inputs, f"{where}, preset {name}")
    if default and default not in presets:
        raise UnknownNameError("preset", default, presets, where)
    parts = tuple(
        _part(entry, f"{where}, part {entry.get('name', '?')}")
        for entry in document.get("part", [])
    )
    if not parts:
        parts = (Part("solution", 1.0, {}, True, str(head.get("source", ""))),)
    if sum(part.inputs for part in parts) != 1:
        raise ModelFileError("exactly one part must have inputs = true", where=where)
    return Medium(
        name=text(head, "name", where),
        title=text(head, "title", where),
        description=text(head, "description", where),
        source=text(head, "source", where),
        inputs=inputs,
        parts=parts,
        presets=presets,
        default_preset=default,
        temperature=number(head, "temperature", where) + 273.15,
        pH=number(head, "pH", where),
        notes=tuple(str(note) for note in head.get("notes", [])),
    )


def _input(name: str, entry: Mapping[str, Any], where: str) -> Input:
    check_keys(entry, _INPUT_KEYS, "input", where)
    window, usual = pair(entry, "window", where), pair(entry, "usual", where)
    provides = {str(k): float(v) for k, v in table(entry, "provides", where).items()}
    item = Input(
        name=name,
        unit=text(entry, "unit", where),
        substance=text(entry, "substance", where),
        provides=provides,
        window=window,
        usual=usual,
        default=Datum(
            value=number(entry, "value", where),
            low=None,
            high=None,
            source=text(entry, "source", where),
            note=str(entry.get("note", "")),
        ),
    )
    item.check(item.default.value)
    item.molar(item.default.value)  # proves that the unit and the substance go together
    return item


def _preset(
    name: str, entry: Mapping[str, Any], prefix: str, inputs: Mapping[str, Input], where: str
) -> Preset:
    check_keys(entry, _PRESET_KEYS, "preset", where)
    values: dict[str, Datum] = {}
    for key, datum in table(entry, "values", where).items():
        if prefix + key not in inputs:
            raise UnknownNameError("input", prefix + key, inputs, where)
        values[prefix + key] = _datum(datum, f"{where}, {key}")
        inputs[prefix + key].check(values[prefix + key].value)
    missing = [key for key in inputs if key not in values]
    if missing:
        raise ModelFileError(f"no value for {', '.join(missing)}", where=where)
    return Preset(
        name=name,
        title=text(entry, "title", where),
        values=values,
        reference={k: _datum(v, where) for k, v in entry.get("reference", {}).items()},
        pH=_datum(table(entry, "pH", where), f"{where}, pH"),
    )


def _part(entry: Mapping[str, Any], where: str) -> Part:
    check_keys(entry, _PART_KEYS, "part", where)
    contents: dict[str, float] = {}
    for substance, c in entry.get("contents", {}).items():
        if substance not in SUBSTANCES:
            raise UnknownNameError("substance", substance, SUBSTANCES, where)
        if isinstance(c, bool) or not isinstance(c, int | float) or not c >= 0.0:
            raise ModelFileError(f"{substance} must be >= 0 mmol/L, not {c!r}", where=where)
        for component, count in SUBSTANCES[substance].items():
            contents[component] = contents.get(component, 0.0) + 1e-3 * count * c
    volume = number(entry, "volume", where)
    if volume <= 0.0:
        raise ModelFileError(f"the volume must be > 0 uL, not {volume:g}", where=where)
    return Part(
        name=text(entry, "name", where),
        volume=volume,
        contents=contents,
        inputs=bool(entry.get("inputs", False)),
        source=text(entry, "source", where),
        note=str(entry.get("note", "")),
    )


def _datum(entry: Mapping[str, Any], where: str) -> Datum:
    if not isinstance(entry, Mapping):
        raise ModelFileError("needs { value = ..., source = ... }", where=where)
    check_keys(entry, _DATUM_KEYS, "datum", where)
    return Datum(
        value=number(entry, "value", where),
        low=number(entry, "low", where) if "low" in entry else None,
        high=number(entry, "high", where) if "high" in entry else None,
        source=text(entry, "source", where),
        note=str(entry.get("note", "")),
    )
