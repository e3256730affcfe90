"""Reading model files: a scenario (what is mixed, how long) on top of a network (what reacts)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.medium import Medium
from calcikin.chemistry.records import ConstantSet
from calcikin.errors import ModelFileError, OutOfRangeError, UnknownNameError
from calcikin.files import read_toml
from calcikin.model.build import build_network
from calcikin.model.network import Network
from calcikin.model.parameters import ParameterSet, load_parameters
from calcikin.model.schema import check_network, check_scenario
from calcikin.paths import models_dir
from calcikin.units import parse_quantity

__all__ = ["WINDOWS", "Scenario", "load_scenario", "scenario_names"]

#: Plausible values of the settings of a run: temperature [degC], pH, duration [h], ionic strength
#: [mol/L].
WINDOWS = {
    "temperature": (4.0, 60.0),
    "pH": (2.0, 12.0),
    "duration": (1e-3, 10_000.0),
    "ionic_strength": (0.0, 0.5),
}


@dataclass(frozen=True)
class Scenario:
    """A model file, read and checked.

    Attributes
    ----------
    name, title, description, source : str
    network : Network
    constants : ConstantSet
    parameters : ParameterSet
    medium : Medium
    preset : str
        Preset of the medium's inputs, empty when it has none.
    closed_ph : bool
        Total H conserved (True) or pH held (False).
    temperature : float [K]
    duration : float [s]
    window : float [s]
        How long the laboratory looks; 0 when there is no such limit.
    enzyme_scale : float
        Enzyme activity relative to undiluted serum.
    pco2 : float or None
        Partial pressure of CO2 [atm] in an open system.
    switch_off : tuple of str
    notes : tuple of str
    sha256 : str
        Hash of scenario, network, constants, parameters and medium.
    path : Path
    """

    name: str
    title: str
    description: str
    source: str
    network: Network
    constants: ConstantSet
    parameters: ParameterSet
    medium: Medium
    preset: str
    closed_ph: bool
    temperature: float
    duration: float
    window: float
    enzyme_scale: float
    pco2: float | None
    switch_off: tuple[str, ...]
    notes: tuple[str, ...]
    sha256: str
    path: Path


def scenario_names() -> list[str]:
    """Names of the shipped models."""
    return sorted(path.stem for path in models_dir().glob("*.toml"))


def load_scenario(name: str | Path) -> Scenario:
    """Load a model by name, or from a file.

    Raises
    ------
    UnknownNameError
        When there is no such model; the nearest are named.
    ModelFileError, BalanceError, UnitError
        When the file, or one it names, does not make sense: what, where, and what to try.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in scenario_names():
            raise UnknownNameError("model", str(name), scenario_names())
        path = models_dir() / f"{name}.toml"
    if not path.is_file():
        raise ModelFileError(
            f"there is no file {str(path)!r}", hint="give a name from 'calcikin models' or a path"
        )
    try:
        return _load(path.resolve(), _stamp(path))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # an entry of the wrong type, found where it is used
        raise ModelFileError(
            f"an entry cannot be understood ({type(error).__name__}: {error})",
            where=str(path),
            hint="compare its entries with those of a model that comes with calcikin",
        ) from error


def merge(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the tables of ``extra`` laid over it, table by table."""
    result = dict(base)
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def _network_tables(name: str, here: Path) -> tuple[dict[str, Any], Path]:
    """Tables of a network; ``extends = "other"`` lays a file over another."""
    path = here / name if name.endswith(".toml") else models_dir() / "networks" / f"{name}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in (models_dir() / "networks").glob("*.toml"))
        raise UnknownNameError("network", name, known, where=str(here))
    tables, _ = read_toml(path)
    parent = tables.pop("extends", None)
    if parent is not None:
        base, _ = _network_tables(parent, path.parent)
        tables = merge(base, tables)
    return tables, path


def _stamp(path: Path) -> tuple[int, ...]:
    """Times of all files that a model may draw on: an edited one makes the model another one."""
    files = {path.resolve(), *path.resolve().parent.glob("*.toml"), *models_dir().rglob("*.toml")}
    return tuple(file.stat().st_mtime_ns for file in sorted(files))


@lru_cache(maxsize=16)
def _load(path: Path, stamp: tuple[int, ...]) -> Scenario:
    del stamp
    raw, _ = read_toml(path)
    check_scenario(raw, path.name)
    if raw["ph"] not in ("closed", "fixed"):
        raise ModelFileError(
            f"ph = {raw['ph']!r}", where=path.name, hint="ph is 'closed' or 'fixed'"
        )
    constants = load_constants(raw.get("constants", "default"))
    parameters = load_parameters(raw.get("parameters", "default"))
    medium_name = str(raw["medium"])
    medium = load_medium(
        path.parent / medium_name if medium_name.endswith(".toml") else medium_name
    )
    tables, network_path = _network_tables(str(raw["network"]), path.parent)
    where = network_path.name
    if "extension" in raw:
        tables = merge(tables, raw["extension"])
        where = f"{where} with the extension in {path.name}"
    check_network(tables, where)
    network = build_network(tables, constants, parameters.units(), where, _scales(tables))
    switch_off = tuple(raw.get("switch_off", ()))
    for switch in switch_off:
        if switch not in network.switches:
            raise UnknownNameError("switch", switch, network.switches, where=path.name)
    temperature = (
        parse_quantity(str(raw["temperature"]), "K", where=path.name)
        if "temperature" in raw
        else medium.temperature
    )
    duration = parse_quantity(str(raw["duration"]), "s", where=f"{path.name}: duration")
    window = parse_quantity(str(raw.get("window", "0 s")), "s", where=f"{path.name}: window")
    preset = str(raw.get("preset", medium.default_preset))
    if preset:
        medium.preset(preset)
    pco2 = raw.get("pCO2")
    scale = raw.get("enzyme_scale", medium.serum_fraction)
    for name, value, low, high, unit in (
        ("temperature", temperature - 273.15, *WINDOWS["temperature"], "degC"),
        ("duration", duration / 3600.0, *WINDOWS["duration"], "h"),
        ("window", window / 3600.0, 0.0, WINDOWS["duration"][1], "h"),
    ):
        if not low <= value <= high:
            raise OutOfRangeError(
                f"{name} = {value:g} {unit} is not plausible",
                where=path.name,
                hint=f"{low:g} to {high:g} {unit}",
            )
    digest = hashlib.sha256()
    for part in (raw, tables):
        digest.update(json.dumps(part, sort_keys=True, default=str).encode())
    digest.update((constants.sha256 + parameters.sha256).encode())
    digest.update(repr(medium).encode())
    return Scenario(
        name=str(raw["name"]),
        title=str(raw.get("title", raw["name"])),
        description=str(raw.get("description", "")),
        source=str(raw["source"]),
        network=network,
        constants=constants,
        parameters=parameters,
        medium=medium,
        preset=preset,
        closed_ph=raw["ph"] == "closed",
        temperature=temperature,
        duration=duration,
        window=window,
        enzyme_scale=float(scale),
        pco2=None if pco2 is None else float(pco2),
        switch_off=switch_off,
        notes=tuple(raw.get("notes", ())),
        sha256=digest.hexdigest(),
        path=path,
    )


def _scales(tables: Mapping[str, Any]) -> dict[str, str]:
    """Inputs that the run supplies rather than a parameter file: enzyme scale and set points."""
    scales = {"scale.enzymes": "1", "scale.fetuin": "mol/L"}
    for name in tables.get("dissolved", {}):
        scales[f"scale.initial_{name}"] = "mol/L"
    return scales
