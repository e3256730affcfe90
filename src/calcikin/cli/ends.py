"""NAME or NAME=LOW:HIGHunit: what is varied, and between which ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calcikin.cli import options
from calcikin.errors import InputError, OutOfRangeError

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["Given", "ends", "several"]

#: Low and high in the quantity's unit, or None for what is usual.
Given = tuple[float, float] | None
_ENDS = re.compile(r"([^:]+):\s*([-+.0-9eE]+)\s*([^:]*)")


def ends(model: Model, over: str, example: str) -> tuple[str, Given]:
    """Name of what is varied, and the ends in its unit where they are given.

    Raises
    ------
    InputError
        Also for a name that is both set and varied, and an empty range.
    """
    from calcikin.sweep.design import axis_values

    name, equals, span = (part.strip() for part in over.partition("="))
    with options.located("--over", over, hint=example):
        unit = model.unit_of(name)
        options.ratio_alone(name, {*model.inputs, *model.ratios}, "")
        if name in options.chosen_names(model):
            raise InputError(f"{name} is both set and varied", hint="keep one of them")
        if not equals:
            return name, None
        match = _ENDS.fullmatch(span)
        if match is None:
            raise InputError(
                f"{span!r} gives no two ends",
                hint=f"--over {name}=LOW:HIGH{'' if unit == '1' else unit}",
            )
        low, high = axis_values(model, name, f"{match[1]}:{match[2]}:2{match[3]}")
        if not low < high:
            raise OutOfRangeError(
                f"a search from {low:g} to {high:g}", hint="the lower end first: the range is empty"
            )
        for end in (low, high):
            model.with_({name: float(end)}).input_values()
        return name, (float(low), float(high))


def several(
    model: Model, over: tuple[str, ...], example: str, groups: tuple[str, ...] = ()
) -> dict[str, Given]:
    """Every `--over`, each name once; a group of names stands as it is.

    Raises
    ------
    InputError
    """
    found: dict[str, Given] = {}
    for text in over:
        name, given = (text, None) if text in groups else ends(model, text, example)
        if name in found:
            raise InputError(
                f"{name} is varied twice", where=f"--over {text}", hint="keep one of them"
            )
        found[name] = given
    return found
