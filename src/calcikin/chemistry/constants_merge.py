"""A constants file that says only where it differs from another one.

``extends = "default"`` under ``[set]`` names a file of the same folder. Every entry of that file is
taken over, except those that the extending file has under the same name. Of these it may leave out
what stays the same of a component, and reaction, formula and tags of other entries. What is taken
over is marked: its `Origin.inherited` names the set it is from, and its note says that the own
source lacks it. Entries keep the order of the extended file, new ones follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcikin.errors import ModelFileError

#: Key under which a taken-over entry carries the name of its set.
INHERITED = "_inherited"

_KINDS = ("component", "species", "phase", "gas")
#: What an entry of the extending file has from the extended one where it does not say it itself.
_KEPT = {
    "component": ("formula", "role", "note", "gamma"),
    "species": ("tags", "reaction"),
    "phase": ("formula", "reaction"),
    "gas": ("species",),
}


def extend(
    base: Mapping[str, Any], document: Mapping[str, Any], *, where: str = ""
) -> dict[str, Any]:
    """The whole document behind one that extends another.

    Parameters
    ----------
    base : Mapping, the extended document, as `tomllib` returns it
    document : Mapping, the extending document
    where : str, the extending file, for messages

    Returns
    -------
    dict
        Without ``extends``; inherited entries carry the key `INHERITED`.

    Raises
    ------
    ModelFileError
        When the extended file extends a third one.
    """
    head, base_head = document.get("set", {}), base.get("set", {})
    if "extends" in base_head:
        raise ModelFileError(
            f"{base_head.get('name')} itself extends {base_head['extends']}",
            where=where,
            hint=f"extend {base_head['extends']}",
        )
    own_name, base_name = str(head.get("name", "?")), str(base_head.get("name", "?"))
    whole: dict[str, Any] = {
        "set": {
            key: value
            for key, value in {**base_head, **head}.items()
            if key != "extends" and (key in head or key != "activity")
        },
        "sources": {**base.get("sources", {}), **document.get("sources", {})},
        "epsilon": dict(document.get("epsilon", {})),
    }
    for kind in _KINDS:
        own = {str(entry.get("name")): entry for entry in document.get(kind, [])}
        entries: list[dict[str, Any]] = []
        for entry in base.get(kind, []):
            mine = own.pop(str(entry["name"]), None)
            if mine is not None:
                kept = {key: entry[key] for key in _KEPT[kind] if key in entry}
                entries.append({**kept, **mine})
            else:
                entries.append(_inherited(entry, own_name, base_name, kind))
        whole[kind] = entries + list(own.values())
    return whole


def _inherited(entry: Mapping[str, Any], own: str, base: str, kind: str) -> dict[str, Any]:
    marked = {**entry, INHERITED: base}
    if kind != "component":
        note = str(entry.get("note", ""))
        marked["note"] = f"Not in {own}: the value of {base}." + (f" {note}" if note else "")
    return marked
