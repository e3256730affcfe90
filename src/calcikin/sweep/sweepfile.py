"""A sweep written down in a TOML file: model, design, read-outs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from calcikin.errors import InputError, UnknownNameError
from calcikin.files import read_toml
from calcikin.simulate.model import Model, load
from calcikin.simulate.readouts import get_readouts
from calcikin.sweep.cohort import cohort
from calcikin.sweep.design import Design, grid, listed
from calcikin.sweep.here import SOLVERS
from calcikin.sweep.patients import patients
from calcikin.sweep.sampled import SAMPLERS

__all__ = ["KINDS", "Plan", "is_sweep_file", "read_sweep_file"]

_TEXT, _TABLE, _WHOLE, _LIST = "text", "a table", "a whole number", "a list of text"
#: What the file may hold beside the table [design].
_KEYS = {
    "model": _TEXT,
    "read": _LIST,
    "preset": _TEXT,
    "off": _LIST,
    "set": _TABLE,
    "solver": _TEXT,
    "rtol": "a number",
    "design": _TABLE,
}
_SAMPLED = {"over": _TABLE, "points": _WHOLE, "seed": _WHOLE, "log": _LIST}
#: Kind of design -> what the table [design] may hold beside `kind`.
KINDS: dict[str, dict[str, str]] = {
    "grid": {"over": _TABLE},
    "list": {"over": _TABLE},
    "latin_hypercube": _SAMPLED,
    "sobol": _SAMPLED,
    "halton": _SAMPLED,
    "patients": {"file": _TEXT},
    "cohort": {"stages": _TABLE, "seed": _WHOLE},
}
_OPTIONAL = {"seed", "log", "read", "preset", "off", "set", "solver", "rtol"}


class Plan(NamedTuple):
    """What a sweep consists of.

    Attributes
    ----------
    model : Model
    design : Design
    read : tuple of str
    solver : str
    rtol : float or None, for the default of the solver
    """

    model: Model
    design: Design
    read: tuple[str, ...]
    solver: str
    rtol: float | None


def is_sweep_file(path: str | Path) -> bool:
    """Whether a path is a TOML file with a table ``[design]``; a model file has none."""
    try:
        with Path(path).open("rb") as stream:
            return Path(path).suffix == ".toml" and "design" in tomllib.load(stream)
    except (OSError, ValueError):
        return False


def read_sweep_file(path: str | Path) -> Plan:
    """Read a sweep from a file such as ::

        model = "t50_serum"
        read = ["t50", "crystalline_fraction"]

        [set]
        "serum.PPi" = "2 umol/L"

        [design]
        kind = "sobol"
        points = 1024
        seed = 7

        [design.over]
        "serum.Mg" = "0.5:2.0 mmol/L"
        "serum.Pi" = "0.8:2.0 mmol/L"

    Parameters
    ----------
    path : str or Path
        Files that it names lie beside it.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        For an entry that is missing, unknown or of the wrong kind, with its place; and as the
        functions that make designs.
    """
    path = Path(path)
    where = path.name
    raw, _ = read_toml(path)
    _check(raw, _KEYS, where)
    table = raw["design"]
    kind = table.get("kind", "grid")
    if kind not in KINDS:
        raise UnknownNameError("kind of design", str(kind), KINDS, where=f"{where}: [design]")
    _check({k: v for k, v in table.items() if k != "kind"}, KINDS[kind], f"{where}: [design]")
    solver = raw.get("solver", "auto")
    rtol = float(raw["rtol"]) if "rtol" in raw else None
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS, where=where)
    if rtol is not None and not 1e-13 <= rtol <= 1e-2:
        raise InputError(f"rtol = {rtol:g}", where=where, hint="1e-13 to 1e-2")
    readouts = get_readouts(raw.get("read", ["t50"]))
    name = raw["model"]
    model = load(path.parent / name if name.endswith(".toml") else name)
    if "preset" in raw:
        model = model.with_(preset=raw["preset"])
    model = model.with_(raw.get("set", {}), switch_off=raw.get("off", ()))
    model.input_values()
    design = _design(model, kind, table, path.parent)
    given = {*model.inputs, *model.parameters, *model.settings}
    given |= {name.partition("/")[0] for name in model.ratios}
    for name in design.names:
        if name in given or name.partition("/")[0] in given:
            raise InputError(f"{name} is both set and varied", where=where, hint="keep one of them")
    return Plan(model, design, tuple(r.name for r in readouts), solver, rtol)


def _design(model: Model, kind: str, table: Mapping[str, Any], folder: Path) -> Design:
    if kind == "grid":
        return grid(model, table["over"])
    if kind == "list":
        return listed(model, table["over"])
    if kind == "patients":
        return patients(model, folder / table["file"])
    if kind == "cohort":
        return cohort(model, table["stages"], seed=table.get("seed", 0))
    seed, log = table.get("seed", 0), table.get("log", ())
    return SAMPLERS[kind](model, table["over"], table["points"], seed=seed, log=log)


def _check(table: Mapping[str, Any], known: Mapping[str, str], where: str) -> None:
    """Refuse entries that are missing, unknown or of the wrong kind."""
    for key, value in table.items():
        if key not in known:
            raise UnknownNameError("entry", key, known, where=where)
        if not _fits(value, known[key]):
            raise InputError(f"{key} = {value!r}", where=where, hint=f"{key} is {known[key]}")
    for key in known:
        if key not in table and key not in _OPTIONAL:
            raise InputError(f"there is no {key!r}", where=where, hint=f"{key} is {known[key]}")


def _fits(value: Any, kind: str) -> bool:
    if kind == _TEXT:
        return isinstance(value, str) and bool(value.strip())
    if kind == _TABLE:
        return isinstance(value, Mapping)
    if kind == _LIST:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (kind != _WHOLE or isinstance(value, int))
