"""Other mechanisms on the same data: variants of a calibration, declared in its file.

A variant switches mechanisms off, runs other model files in place of the calibration's, holds some
numbers or sets them, or fits others besides. Data, errors and priors stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from calcikin.calibration.points import Demand, Point, model_named
from calcikin.calibration.records import Calibration, Fitted
from calcikin.errors import ModelFileError, UnknownNameError

__all__ = ["Variant", "read_variant", "with_variant"]

_KEYS = ("name", "title", "off", "models", "hold", "set", "parameter")


@dataclass(frozen=True)
class Variant:
    """What differs from the calibration.

    Attributes
    ----------
    name, title : str
    off : tuple of str, mechanisms switched off in every run
    models : mapping of str to str, model of the calibration -> the one that is run instead
    hold : tuple of str, fitted numbers that stay at the shipped value
    set : mapping of str to float, parameter -> value in its unit, in every run
    fitted : tuple of Fitted, what is fitted besides
    """

    name: str
    title: str
    off: tuple[str, ...]
    models: Mapping[str, str]
    hold: tuple[str, ...]
    set: Mapping[str, float]
    fitted: tuple[Fitted, ...]

    @property
    def same(self) -> bool:
        """Whether it is the calibration as it stands."""
        return not (self.off or self.models or self.hold or self.set or self.fitted)


def read_variant(
    entry: Mapping[str, Any],
    known: tuple[Fitted, ...],
    read_fitted: Callable[[Mapping[str, Any]], Fitted],
    folder: Path,
    where: str,
) -> Variant:
    """A variant as a calibration file writes it (``[[variant]]``).

    Raises
    ------
    InputError
        For a key, a name or a value that cannot be.
    """
    for key in entry:
        if key not in _KEYS:
            raise UnknownNameError("key of a variant", key, _KEYS, where=where)
    name = str(entry["name"])
    where = f"{where}: variant {name}"
    names = [f.name for f in known]
    for held in entry.get("hold", ()):
        if held not in names:
            raise UnknownNameError("fitted parameter", held, names, where=where)
    fitted = tuple(read_fitted(e) for e in entry.get("parameter", ()))
    for one in fitted:
        if one.name in names:
            raise ModelFileError(f"{one.name} is fitted anyway", where=where)
    models = {}
    for old, new in entry.get("models", {}).items():
        path = str((folder / new).resolve()) if str(new).endswith(".toml") else str(new)
        model_named(path)
        models[_model(str(old), folder)] = path
    return Variant(
        name,
        str(entry.get("title", name)),
        tuple(entry.get("off", ())),
        models,
        tuple(entry.get("hold", ())),
        {str(k): float(v) for k, v in entry.get("set", {}).items()},
        fitted,
    )


def _model(name: str, folder: Path) -> str:
    return str((folder / name).resolve()) if name.endswith(".toml") else name


def with_variant(calibration: Calibration, name: str) -> Calibration:
    """A calibration of one of its variants.

    Parameters
    ----------
    calibration : Calibration
    name : str

    Returns
    -------
    Calibration
        With the same data, and its own hash.

    Raises
    ------
    UnknownNameError
        For a variant, a mechanism or a parameter that there is not.
    """
    known = {v.name: v for v in calibration.variants}
    if name not in known:
        raise UnknownNameError("variant", name, known, where=calibration.path.name)
    variant = known[name]

    def other(point: Point) -> Point:
        model = variant.models.get(point.model, point.model)
        off = tuple(dict.fromkeys((*point.off, *variant.off)))
        changes = dict(point.changes) | dict(variant.set)
        model_named(model).with_(changes, switch_off=off)  # refuses what there is not
        return Point(model, point.preset, tuple(sorted(changes.items())), off)

    datasets = tuple(
        replace(
            d,
            observable=_moved(d.observable, other),
            conditions=tuple(
                replace(c, observable=_moved(c.observable, other)) for c in d.conditions
            ),
        )
        for d in calibration.datasets
    )
    kept = tuple(f for f in calibration.fitted if f.name not in variant.hold)
    digest = hashlib.sha256((calibration.sha256 + repr(variant)).encode()).hexdigest()
    return replace(
        calibration,
        name=f"{calibration.name}, {name}",
        title=variant.title,
        fitted=(*kept, *variant.fitted),
        datasets=datasets,
        sha256=digest,
    )


def _moved(value: Any, other: Callable[[Point], Point]) -> Any:
    """An observable, or a part of one, with its points changed."""
    if isinstance(value, Point):
        return other(value)
    if isinstance(value, Demand):
        return Demand(other(value.point), value.read)
    if isinstance(value, tuple):
        return tuple(_moved(v, other) for v in value)
    if hasattr(value, "demands"):
        return replace(
            value, **{f.name: _moved(getattr(value, f.name), other) for f in fields(value)}
        )
    return value
