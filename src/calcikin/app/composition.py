"""What the page asks for: entries checked through the model, and the same as a command line.

An entry is text as the user typed it, with or without a unit. Nothing is evaluated; every value
goes through `Model.with_`, which knows units, windows and names.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

from calcikin.errors import CalcikinError, InputError
from calcikin.model.modelfile import WINDOWS
from calcikin.simulate.model import SETTINGS, Model
from calcikin.simulate.readouts import READOUTS

__all__ = ["EntryError", "command_line", "controls", "read", "sweep_range", "values"]

#: No entry is longer than this, and no more of them are read.
MOST_LETTERS, MOST_ENTRIES = 60, 400
#: Shown first, in this order; whatever else a medium has stands below.
FIRST = ("Mg", "Ca", "Pi", "albumin", "fetuin", "PPi")
#: Tracks of the sliders of settings; what is typed may be anything in `WINDOWS`.
#: Serum stays within pH 7.0 to 7.8; assays are run between room and fever temperature.
TRACKS = {"temperature": (20.0, 45.0), "pH": (7.0, 7.8)}
#: How far a slider goes beyond the usual values of its input, as a share of their span [1].
BEYOND = 0.4


class EntryError(InputError):
    """An entry of the page that cannot be used; `field` names it.

    Attributes
    ----------
    field : str
        Name of the input, setting or switch; empty when the request as a whole is at fault.
    """

    def __init__(self, error: CalcikinError, field: str) -> None:
        super().__init__(error.what, where=error.where, hint=error.hint)
        self.field = field


def read(model: Model, asked: object) -> Model:
    """The model with what the page asks for.

    Parameters
    ----------
    model : Model
        As it was loaded.
    asked : object
        Parsed JSON: ``{"preset": str, "values": {name: text}, "off": [switch]}``, each optional.

    Returns
    -------
    Model

    Raises
    ------
    EntryError
        Names the entry at fault.
    """
    if not isinstance(asked, Mapping):
        raise _malformed("a request is an object with preset, values and off")
    preset = asked.get("preset") or None
    entries, off = asked.get("values", {}), asked.get("off", [])
    if not (preset is None or isinstance(preset, str)):
        raise _malformed("the preset is a name")
    if not isinstance(entries, Mapping) or len(entries) > MOST_ENTRIES:
        raise _malformed("values are names with entries")
    if not isinstance(off, list) or len(off) > MOST_ENTRIES:
        raise _malformed("off is a list of mechanisms")
    chosen = model
    if preset is not None:
        chosen = _with(chosen, "preset", preset=preset)
    for name, entry in entries.items():
        chosen = _with(chosen, name, {name: _entry(name, entry)})
    for switch in off:
        if not isinstance(switch, str):
            raise _malformed("a mechanism is a name")
        chosen = _with(chosen, switch, switch_off=[switch])
    try:
        chosen.input_values()
    except CalcikinError as error:
        raise EntryError(error, "") from error
    return chosen


def _with(model: Model, field: str, changes: Any = None, **choice: Any) -> Model:
    try:
        return model.with_(changes, **choice)
    except CalcikinError as error:
        raise EntryError(error, field) from error


def _entry(name: str, entry: object) -> str | float:
    """Text as it was typed, or the number that it is without a unit."""
    if isinstance(entry, bool) or not isinstance(entry, str | int | float):
        raise EntryError(InputError("an entry is a number or text", where=name), name)
    text = str(entry).strip()
    if not text:
        raise EntryError(InputError("nothing is entered", where=name, hint="a number"), name)
    if len(text) > MOST_LETTERS:
        raise EntryError(InputError("this is too long to be a quantity", where=name), name)
    try:
        return float(text)
    except ValueError:
        return text


def _malformed(what: str) -> EntryError:
    return EntryError(InputError(what, where="request"), "")


def command_line(model: Model, name: str) -> str:
    """The `calcikin run` that gives the same run.

    Parameters
    ----------
    model : Model
    name : str
        Name or file of the model, as the command line takes it.

    Returns
    -------
    str
        To be pasted into a shell.
    """
    words = ["calcikin", "run", name]
    if model.preset and model.preset != model.scenario.preset:
        words += ["--serum", model.preset]
    for group in (model.inputs, model.ratios, model.parameters, model.settings):
        for key, value in group.items():
            unit = model.unit_of(key)
            words += ["--set", f"{key}={value:.10g}{'' if unit == '1' else unit}"]
    for switch in model.off:
        words += ["--off", switch]
    return shlex.join(words)


def controls(model: Model) -> dict[str, Any]:
    """What can be changed on the page: presets, sliders and switches, as plain data.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict
        ``presets`` (name, title, values), ``sliders`` (name, label, unit, low and high of the
        track, step, window, whether it is among the first) and ``switches`` (name, what it is, on).
    """
    medium = model.scenario.medium
    held = {name: values(model.with_(preset=name)) for name in medium.presets}
    sliders = []
    for name, item in medium.inputs.items():
        short = name.rpartition(".")[2]
        given = [preset[name] for preset in held.values()] or [item.default.value]
        low = min(item.usual[0], *given)
        high = item.usual[1] + BEYOND * (item.usual[1] - item.usual[0])
        high = min(max(high, *given), item.window[1])
        low = 0.0 if low < 0.05 * high and item.window[0] == 0.0 else low
        sliders.append(_slider(name, short, item.unit, (low, high), item.window, short in FIRST))
    sliders.sort(key=lambda s: FIRST.index(s["label"]) if s["first"] else len(FIRST))
    for name, track in TRACKS.items():
        sliders.append(_slider(name, name, SETTINGS[name], track, WINDOWS[name], True))
    return {
        "presets": [
            {"name": name, "title": preset.title, "values": held[name]}
            for name, preset in medium.presets.items()
        ],
        "preset": model.preset,
        "values": values(model),
        "sliders": sliders,
        "switches": [
            {"name": name, "title": title, "on": name not in model.switched_off()}
            for name, title in model.scenario.network.switches.items()
        ],
        "readouts": {name: [r.long_name, r.unit] for name, r in READOUTS.items()},
    }


def values(model: Model) -> dict[str, float]:
    """Every value that a slider shows, in its unit."""
    return {
        **model.input_values(),
        "temperature": round(model.temperature - 273.15, 6),
        "pH": model.initial_ph,
    }


def _slider(
    name: str,
    label: str,
    unit: str,
    track: tuple[float, float],
    window: tuple[float, float],
    first: bool,
) -> dict[str, Any]:
    low, high = track
    digits = -math.floor(math.log10((high - low) / 50.0))  # 50 to 500 steps
    step, ends = 10.0**-digits, 10.0 ** (1 - digits)
    return {
        "name": name,
        "label": label,
        "unit": "" if unit == "1" else unit,
        "low": round(math.floor(low / ends + 1e-9) * ends, digits),
        "high": min(round(math.ceil(high / ends - 1e-9) * ends, digits), window[1]),
        "step": step,
        "window": list(window),
        "first": first,
    }


def sweep_range(model: Model) -> tuple[str, float, float] | None:
    """The magnesium input of a model with the ends of its slider; None when it has none."""
    for slider in controls(model)["sliders"]:
        if slider["label"] == "Mg":
            return slider["name"], 0.0, slider["high"]
    return None
