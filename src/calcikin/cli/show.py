"""`calcikin show`: what a model holds, every number with its unit and source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output

if TYPE_CHECKING:
    from calcikin.model.network import Network, Node
    from calcikin.simulate.model import Model

__all__ = ["command"]


@click.command("show")
@options.model_argument
@options.json_option
@options.debug_option
def command(model: str, as_json: bool) -> None:
    """Show what MODEL holds: inputs, states, processes, switches, parameters with sources.

    MODEL is a name from 'calcikin models', or a model file (.toml).
    """
    content = describe(options.load_model(model))
    if as_json:
        click.echo(output.json_text(content))
    else:
        _print(content)


def describe(model: Model) -> dict[str, Any]:
    """What a model holds, as plain data (the keys of ``show --json``)."""
    scenario = model.scenario
    medium, network = scenario.medium, scenario.network
    values = model.input_values()
    used = {ref.name for node in network.nodes for ref in node.refs() if ref.kind == "parameter"}
    return {
        "name": scenario.name,
        "title": scenario.title,
        "description": scenario.description,
        "source": scenario.source,
        "file": str(scenario.path),
        "duration_h": scenario.duration / 3600.0,
        "assay_window_h": scenario.window / 3600.0 or None,
        "pH_mode": "closed" if scenario.closed_ph else "held",
        "notes": [*scenario.notes, *medium.notes],
        "medium": {
            "name": medium.name,
            "title": medium.title,
            "source": medium.source,
            "preset": model.preset or None,
            "presets": {name: preset.title for name, preset in medium.presets.items()},
        },
        "inputs": [
            {
                "name": name,
                "default": values[name],
                "unit": item.unit,
                "low": item.window[0],
                "high": item.window[1],
                "source": (
                    medium.presets[model.preset].values.get(name, item.default)
                    if model.preset
                    else item.default
                ).source,
            }
            for name, item in medium.inputs.items()
        ],
        "settings": [
            {"name": name, "value": value, "unit": unit, "low": low, "high": high}
            for name, value, unit, low, high in _settings(model)
        ],
        "states": [{"name": s.name, "title": s.title} for s in network.states],
        "processes": _processes(network),
        "switches": {
            name: {"removes": title, "on": name not in model.switched_off()}
            for name, title in network.switches.items()
        },
        "parameters": [
            {
                "name": p.name,
                "value": p.value,
                "unit": p.unit,
                "low": p.low,
                "high": p.high,
                "status": p.status,
                "source": p.source,
            }
            for p in scenario.parameters.parameters.values()
            if p.name in used
        ],
        "constants": f"{scenario.constants.name} {scenario.constants.version}",
        "parameter_set": f"{scenario.parameters.name} {scenario.parameters.version}",
        "sha256": scenario.sha256,
    }


def _settings(model: Model) -> Iterator[tuple[str, float | None, str, float, float]]:
    """What a run has besides inputs and parameters; an ionic strength of None follows the ions."""
    from calcikin.model.modelfile import WINDOWS
    from calcikin.simulate.model import SETTINGS

    values = {
        "temperature": model.temperature - 273.15,
        "pH": model.initial_ph,
        "duration": model.duration / 3600.0,
    }
    for name, unit in SETTINGS.items():
        yield name, values.get(name), unit, *WINDOWS[name]


def _processes(network: Network) -> list[dict[str, Any]]:
    nodes = {node.name: node for node in network.nodes}
    rows: list[dict[str, Any]] = []
    for process in network.processes:
        law = nodes[process.node].law
        rows.append(
            {
                "name": process.name,
                "law": law.name,
                "driven_by": _driver(nodes, nodes[process.node]),
                "stoichiometry": stoichiometry(process.effect),
                "source": process.source or law.source,
            }
        )
    return rows


def _driver(nodes: Mapping[str, Node], node: Node) -> str | None:
    """The law of the flux behind a process of a particle population."""
    law = None
    for argument in ("specific", "flux"):
        ref = node.inputs.get(argument)
        if ref is not None and not isinstance(ref, tuple) and ref.name in nodes:
            node = nodes[ref.name]
            law = node.law.name
    return law


def stoichiometry(effect: Mapping[str, float]) -> str:
    """An effect as a reaction: what is used up -> what appears."""

    def side(sign: int) -> str:
        terms = []
        for name, coefficient in effect.items():
            count = sign * coefficient
            if count > 0.0:
                terms.append(name if count == 1.0 else f"{count:.4g} {name}")
        return " + ".join(terms) or "nothing"

    return f"{side(-1)} -> {side(+1)}"


def _print(content: Mapping[str, Any]) -> None:
    click.echo(f"{content['name']}: {content['title']}\n{content['description']}\n")
    medium = content["medium"]
    window = content["assay_window_h"]
    output.print_pairs(
        (
            ("source", content["source"]),
            ("medium", f"{medium['title']} ({medium['source']})"),
            *((("presets", _presets(medium)),) if medium["presets"] else ()),
            ("run", f"{content['duration_h']:g} h" + (f", assay {window:g} h" if window else "")),
            ("pH", "closed: free after the start" if content["pH_mode"] == "closed" else "held"),
            ("constants", content["constants"]),
            ("parameter set", content["parameter_set"]),
            ("file", content["file"]),
        )
    )
    for text in content["notes"]:
        click.echo(f"  {text}")

    _title("Inputs", "--set NAME=VALUEunit")
    output.print_table(
        ("name", "default", "unit", "from", "to", "source"),
        (
            (i["name"], _g(i["default"]), i["unit"], _g(i["low"]), _g(i["high"]), i["source"])
            for i in content["inputs"]
        ),
    )
    _title("Settings", "--set NAME=VALUEunit")
    output.print_table(
        ("name", "value", "unit", "from", "to"),
        (
            (
                entry["name"],
                "-" if entry["value"] is None else _g(entry["value"]),
                entry["unit"] if entry["unit"] != "1" else "",
                _g(entry["low"]),
                _g(entry["high"]),
            )
            for entry in content["settings"]
        ),
    )
    _title("Switches", "--off NAME")
    output.print_table(
        ("name", "on", "what it is"),
        (
            (name, "yes" if entry["on"] else "no", entry["removes"])
            for name, entry in content["switches"].items()
        ),
    )
    _title("States", "what is followed in time")
    output.print_table(("name", "what it is"), ((s["name"], s["title"]) for s in content["states"]))
    _title("Processes", "used up -> formed, per turnover")
    output.print_table(
        ("name", "law", "driven by", "stoichiometry"),
        (
            (p["name"], p["law"], p["driven_by"] or "", p["stoichiometry"])
            for p in content["processes"]
        ),
    )
    _title("Parameters", "--set NAME=VALUEunit")
    output.print_table(
        ("name", "value", "unit", "from", "to", "status", "source"),
        (
            (
                p["name"],
                _g(p["value"]),
                p["unit"],
                _g(p["low"]),
                _g(p["high"]),
                p["status"],
                p["source"],
            )
            for p in content["parameters"]
        ),
    )


def _title(words: str, note: str) -> None:
    click.echo(f"\n{words} ({note})")


def _g(value: float) -> str:
    return f"{value:.4g}"


def _presets(medium: Mapping[str, Any]) -> str:
    names = ", ".join(medium["presets"])
    return f"{names} (default: {medium['preset']})"
