"""Parameter sets: value, unit, interval, standing and source of every number of the kinetics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from calcikin.errors import ModelFileError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.files import read_toml
from calcikin.paths import models_dir
from calcikin.units import compatible, convert, factor, parse_quantity

__all__ = ["Parameter", "ParameterSet", "load_parameters"]

#: One internal unit per dimension (SI with litres for amounts of solution).
INTERNAL_UNITS = (
    "1",
    "mol/L",
    "mol/L/s",
    "mol/m2/s",
    "1/s",
    "L/mol",
    "L/mol/s",
    "m",
    "m3/s",
    "J/m2",
    "J/mol",
    "mol/m2",
    "K",
)
STATUSES = ("literature", "fitted", "assumed")


@dataclass(frozen=True)
class Parameter:
    """One number of the model.

    Attributes
    ----------
    name : str
    value : float, in ``unit``
    unit : str, unit at the boundary
    low, high : float, plausible interval in ``unit``
    status : str, ``literature``, ``fitted`` or ``assumed``
    source : str
    """

    name: str
    value: float
    unit: str
    low: float
    high: float
    status: str
    source: str

    @property
    def internal_unit(self) -> str:
        """The unit in which the kernels hold it.

        Raises
        ------
        UnitError
            When nothing in the model is measured in such a unit.
        """
        for candidate in INTERNAL_UNITS:
            if compatible(self.unit, candidate):
                return candidate
        raise UnitError(f"parameter {self.name!r}: no quantity of the model is in {self.unit}")

    @property
    def internal(self) -> float:
        """Value in the internal unit."""
        return float(convert(self.value, self.unit, self.internal_unit))

    def with_value(self, value: float | str) -> Parameter:
        """Copy with another value: a number in ``unit``, or text with a unit.

        Raises
        ------
        UnitError
            When the text's unit does not fit.
        OutOfRangeError
            When the value is not finite or has the wrong sign.
        """
        if isinstance(value, str):
            value = parse_quantity(value, self.unit, where=f"parameter {self.name}")
        if not math.isfinite(value) or (value < 0.0 <= self.low):
            raise OutOfRangeError(
                f"parameter {self.name!r} cannot be {value:g} {self.unit}",
                hint=f"plausible: {self.low:g} to {self.high:g} {self.unit}",
            )
        return replace(self, value=float(value))


@dataclass(frozen=True)
class ParameterSet:
    """A named set of parameters and the hash of its file."""

    name: str
    version: str
    parameters: Mapping[str, Parameter]
    sha256: str
    path: Path

    def units(self) -> dict[str, str]:
        """Internal unit of every parameter."""
        return {name: p.internal_unit for name, p in self.parameters.items()}

    def get(self, name: str) -> Parameter:
        """Return the parameter called ``name``; UnknownNameError with the nearest otherwise."""
        if name not in self.parameters:
            raise UnknownNameError("parameter", name, self.parameters, where=str(self.path))
        return self.parameters[name]


def load_parameters(name: str | Path = "default") -> ParameterSet:
    """Load a parameter set by name (``models/parameters/NAME.toml``) or path.

    Raises
    ------
    ModelFileError
        When the file cannot be read, or a parameter lacks value, unit, interval, status or source.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = models_dir() / "parameters" / f"{name}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in (models_dir() / "parameters").glob("*.toml"))
        raise UnknownNameError("parameter set", str(name), known)
    return _load(path.resolve(), path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _load(path: Path, stamp: int) -> ParameterSet:
    del stamp
    document, sha256 = read_toml(path)
    parameters: dict[str, Parameter] = {}
    for name, entry in document.get("parameter", {}).items():
        where = f"{path.name}: [parameter.{name}]"
        missing = [
            k for k in ("value", "unit", "low", "high", "status", "source") if k not in entry
        ]
        if missing:
            raise ModelFileError(
                f"parameter {name!r} lacks {', '.join(missing)}",
                where=where,
                hint="every number needs a value, a unit, an interval, a status and a source",
            )
        if entry["status"] not in STATUSES:
            raise UnknownNameError("status", str(entry["status"]), STATUSES, where=where)
        try:
            parameter = Parameter(
                name,
                float(entry["value"]),
                str(entry["unit"]),
                float(entry["low"]),
                float(entry["high"]),
                str(entry["status"]),
                str(entry["source"]),
            )
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"parameter {name!r}: {error}", where=where) from error
        if not parameter.low <= parameter.value <= parameter.high:
            raise ModelFileError(
                f"parameter {name!r} = {parameter.value:g} lies outside its own interval "
                f"{parameter.low:g} to {parameter.high:g} {parameter.unit}",
                where=where,
            )
        factor(parameter.unit, parameter.internal_unit)
        parameters[name] = parameter
    if not parameters:
        raise ModelFileError("holds no parameters", where=str(path))
    return ParameterSet(
        str(document.get("name", path.stem)),
        str(document.get("version", "")),
        parameters,
        sha256,
        path,
    )
