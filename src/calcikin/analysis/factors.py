"""Which quantities of a model are factors of a sensitivity, over which ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calcikin.analysis.ranges import Ends, Range, ranges_of
from calcikin.errors import InputError, OutOfRangeError
from calcikin.model.parameters import STATUSES
from calcikin.simulate.model import RATIO, SETTINGS, Model

__all__ = ["Over", "factors", "value_of"]

#: Names or groups, or names with their ends.
Over = Mapping[str, Ends] | Iterable[str]


def factors(model: Model, over: Over, spread: float | None = None) -> tuple[Range, ...]:
    """The factors that names stand for, with their ranges.

    Parameters
    ----------
    model : Model
    over : mapping of str to (low, high) or None, or iterable of str
        Names, or groups: ``fitted``, ``assumed``, ``literature`` (parameters by standing),
        ``parameters``, ``inputs``.
    spread : float, optional
        Instead of the usual range: from (1 - spread) to (1 + spread) times the value in `model`
        [1]; factors that are zero are then left out of a group.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError
    InputError
        When no factor is left.
    """
    named: dict[str, Ends] = dict(over) if isinstance(over, Mapping) else dict.fromkeys(over)
    known = model.scenario.parameters.parameters
    groups: dict[str, list[str]] = {
        status: [name for name, p in known.items() if p.status == status] for status in STATUSES
    }
    groups |= {"parameters": list(known), "inputs": list(model.scenario.medium.inputs)}
    if spread is not None and not 0.0 < spread < 1.0:
        raise OutOfRangeError(f"a spread of {spread:g}", hint="between 0 and 1, such as 0.1")
    chosen: dict[str, Ends] = {}
    for name, ends in named.items():
        members = groups.get(name)
        for one in [name] if members is None else members:
            around = ends
            if spread is not None and ends is None:
                value = value_of(model, one)
                if value == 0.0 and members is not None:
                    continue
                around = (value * (1.0 - spread), value * (1.0 + spread))
            chosen[one] = around
    if not chosen:
        raise InputError("there is no factor", hint="such as serum.Mg, fitted or parameters")
    return ranges_of(model, chosen)


def value_of(model: Model, name: str) -> float:
    """The value of a quantity in a model, in its unit.

    Raises
    ------
    UnknownNameError
    """
    unit = model.unit_of(name)
    inputs = model.scenario.medium.inputs
    if name in inputs:
        return model.input_values()[name]
    if name in SETTINGS:
        return {
            "temperature": model.temperature - 273.15,
            "pH": model.initial_ph,
            "duration": model.duration / 3600.0,
            "ionic_strength": model.settings.get("ionic_strength", float("nan")),
        }[name]
    ratio = RATIO.match(name)
    if ratio and unit == "1" and name not in model.scenario.parameters.parameters:
        values = model.input_values()
        upper, lower = (inputs[part].molar(values[part]) for part in (ratio[1], ratio[2]))
        return upper / lower
    return model.parameters.get(name, model.scenario.parameters.get(name).value)
