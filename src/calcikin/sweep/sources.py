"""The papers behind the numbers that a model uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcikin.chemistry.records import WATER, Origin
from calcikin.errors import InputError
from calcikin.simulate.model import Model
from calcikin.sweep.design import Design

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Source", "sources_in", "sources_of"]

#: Said of numbers that are the user's own.
CHANGED, VARIED = "set by the user", "varied in this sweep"
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;]+")


@dataclass(frozen=True)
class Source:
    """One source, and the numbers that come from it.

    Attributes
    ----------
    text : str, the reference as the data give it, or ``assumed``, ``derived``, ``fitted`` with why
    doi : str, empty when there is none
    used_for : tuple of str, such as ``parameter ocp_molar_volume`` or ``constant CaHPO4``
    """

    text: str
    doi: str
    used_for: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {"text": self.text, "doi": self.doi, "used_for": list(self.used_for)}


def sources_of(model: Model, design: Design | None = None) -> tuple[Source, ...]:
    """Every source behind a model: of its constants, parameters, laws and media.

    Parameters
    ----------
    model : Model
    design : Design, optional
        What a sweep varies; the sources of a virtual cohort come with it.

    Returns
    -------
    tuple of Source
        By what it is used for: model, medium, constants, phases, laws, parameters. Constants and
        parameters that no equation of the model uses are left out; a value that was changed or
        varied by the user has no source here, and says so.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for use, text, doi in _uses(model, design):
        known_doi, uses = found.setdefault(text, (doi, []))
        if use not in uses:
            uses.append(use)
        if doi and not known_doi:
            found[text] = (doi, uses)
    return tuple(Source(text, doi, tuple(uses)) for text, (doi, uses) in found.items())


def sources_in(table: xr.Dataset) -> tuple[Source, ...]:
    """Sources that the table of a sweep holds.

    Parameters
    ----------
    table : xarray.Dataset

    Returns
    -------
    tuple of Source

    Raises
    ------
    InputError
        When it holds none: it was made by an early version.
    """
    if "sources" not in table.attrs:
        raise InputError(
            "the table holds no sources",
            where="cite",
            hint=f"calcikin cite {table.attrs.get('model', 'MODEL')}",
        )
    return tuple(
        Source(entry["text"], entry["doi"], tuple(entry["used_for"]))
        for entry in json.loads(table.attrs["sources"])
    )


Use = tuple[str, str, str]


def _uses(model: Model, design: Design | None) -> Iterator[Use]:
    scenario = model.scenario
    changed = dict.fromkeys((*model.inputs, *model.ratios, *model.parameters), CHANGED)
    if design is not None:
        changed |= dict.fromkeys(design.names, VARIED)
    changed |= {name.partition("/")[0]: said for name, said in changed.items() if "/" in name}
    yield _use("model", scenario.name, scenario.source)
    yield from _media(model, changed)
    if design is not None:
        for name, text in design.origin.get("sources", {}).items():
            yield _use(design.kind, name, text)
    yield from _constants(model, design)
    network = scenario.network
    for law in {node.law.name: node.law for node in network.nodes}.values():
        yield _use("law", law.name, law.source)
    used = {p.molar_volume for p in network.populations} | {
        ref.name for node in network.nodes for ref in node.refs() if ref.kind == "parameter"
    }
    for name, parameter in scenario.parameters.parameters.items():
        if name in changed:
            yield _use("parameter", name, changed[name])
        elif name in used:
            text = parameter.source
            if parameter.status != "literature" and parameter.status not in text:
                text = f"{parameter.status}: {text}"
            yield _use("parameter", name, text)


def _media(model: Model, changed: Mapping[str, str]) -> Iterator[Use]:
    medium = model.scenario.medium
    yield _use("medium", medium.name, medium.source)
    for part in medium.parts:
        yield _use("part", part.name, part.source)
    preset = medium.presets.get(model.preset)
    for name, item in medium.inputs.items():
        if name in changed:
            yield _use("input", name, changed[name])
        else:
            datum = preset.values.get(name, item.default) if preset else item.default
            yield _use("input", name, datum.source)


def _present(model: Model, design: Design | None) -> set[str]:
    """Components that are in the solution at the start of some run, or come from those."""
    scenario = model.scenario
    present = {"H", WATER} | {name for name, total in model.totals().items() if total > 0.0}
    if scenario.pco2 is not None:
        present.add("CO3")
    varied = {part for name in (design.names if design else ()) for part in name.split("/")}
    for name in varied & set(scenario.medium.inputs):
        present |= set(scenario.medium.inputs[name].provides)
    component = {state.name: state.component for state in scenario.network.states}
    effects = [
        {component[name]: n for name, n in process.effect.items() if component.get(name)}
        for process in scenario.network.processes
    ]
    grows = True
    while grows:
        before = len(present)
        for effect in effects:
            if present >= {name for name, n in effect.items() if n < 0.0}:
                present |= {str(name) for name in effect}
        grows = len(present) > before
    return present


def _constants(model: Model, design: Design | None) -> Iterator[Use]:
    """Species whose components occur in the model, and phases that its equations name."""
    scenario = model.scenario
    constants, network = scenario.constants, scenario.network
    present = _present(model, design)
    for name, species in constants.species.items():
        if set(species.stoichiometry) <= present:
            yield _constant("constant", name, species.origin)
    phases = {ref.name for node in network.nodes for ref in node.refs() if ref.kind == "ln_k"}
    for name, phase in constants.phases.items():
        if name in phases:
            yield _constant("phase", name, phase.origin)
    if scenario.pco2 is not None:
        yield _constant("gas", "CO2(g)", constants.gases["CO2(g)"].origin)


def _constant(kind: str, name: str, origin: Origin) -> Use:
    return f"{kind} {name}", origin.source, origin.doi


def _use(kind: str, name: str, text: str) -> Use:
    doi = _DOI.search(text)
    return f"{kind} {name}", text or "no source", doi[0] if doi else ""
