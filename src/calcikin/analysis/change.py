"""A change of a model, as text: one quantity from one value to another, or one serum to another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calcikin.analysis.ranges import number_of
from calcikin.errors import InputError
from calcikin.simulate.model import Model

__all__ = ["Change"]

_FORM = re.compile(r"\s*([^:]+?)\s*:\s*(\S.*?)\s*(?:->|→)\s*(\S.*?)\s*")
_BARE = re.compile(r"[-+.0-9eE]+\Z")
_UNIT = re.compile(r"[-+.0-9eE]+\s*([^-+.0-9\s].*)")
_HINT = '"serum.Mg: 0.8 -> 1.2 mmol/L" or "serum: healthy -> haemodialysis"'
#: What stands for the serum as a whole.
_PRESET = ("serum", "preset")


@dataclass(frozen=True)
class Change:
    """From one state of the inputs to another.

    Attributes
    ----------
    text : str
        In words.
    start, end : dict of str to float
        What differs, in the units of the model.
    preset : bool
        Whether it is a change of the whole serum.
    """

    text: str
    start: dict[str, float]
    end: dict[str, float]
    preset: bool

    @staticmethod
    def read(model: Model, text: str) -> Change:
        """Read such as "serum.Mg: 0.8 -> 1.2 mmol/L"; several may be parted by semicolons.

        Raises
        ------
        UnknownNameError, UnitError, OutOfRangeError
        InputError
            For another form, a quantity that is changed twice, or a change that changes nothing.
        """
        start: dict[str, float] = {}
        end: dict[str, float] = {}
        words = []
        preset = False
        for part in text.split(";"):
            form = _FORM.fullmatch(part)
            if form is None:
                raise InputError(f"{part.strip()!r} is no change", hint=_HINT)
            name, first, last = form.groups()
            if name in _PRESET:
                preset = True
                one, two = (_serum(model.with_(preset=p)) for p in (first, last))
                found = {k: (one[k], two[k]) for k in one if one[k] != two[k]}
                words.append(f"serum: {first} -> {last}")
            else:
                unit = _UNIT.fullmatch(last)
                if unit and _BARE.match(first):
                    first = f"{first} {unit[1]}"
                low, high = number_of(model, name, first), number_of(model, name, last)
                found = {name: (low, high)}
                own = "" if model.unit_of(name) == "1" else f" {model.unit_of(name)}"
                words.append(f"{name}: {low:g} -> {high:g}{own}")
            for key, (low, high) in found.items():
                if key in start:
                    raise InputError(f"{key} is changed twice", hint="change it once")
                start[key], end[key] = low, high
        if not any(start[key] != end[key] for key in start):
            raise InputError("nothing is changed", hint=_HINT)
        for state in (start, end):
            model.with_(state).input_values()
        return Change("; ".join(words), start, end, preset)


def _serum(model: Model) -> dict[str, float]:
    """What a preset decides: the inputs, and the pH where the run is of serum itself."""
    values = model.input_values()
    if model.scenario.medium.serum_fraction == 1.0 and "pH" not in model.settings:
        values["pH"] = model.initial_ph
    return values
