"""A parameter file with what was fitted, in the form of ``models/parameters/default.toml``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from calcikin.calibration.fit import Fit
from calcikin.calibration.identify import Evidence
from calcikin.files import replacing
from calcikin.model.parameters import Parameter, ParameterSet

__all__ = ["fitted_set", "parameter_text", "write_parameters"]

_HEADER = (
    "# Parameters of the kinetics: value, unit, plausible interval, source and standing "
    "(literature, fitted, assumed)."
)
#: Significant digits of an interval.
DIGITS = 3


def fitted_set(fit: Fit, found: Evidence, name: str) -> dict[str, Parameter]:
    """The parameters that were fitted, with value, interval and source.

    Parameters
    ----------
    fit : Fit
    found : Evidence
    name : str
        How sources call the calibration.

    Returns
    -------
    dict of str to Parameter
        Also those that are tied, each by its name.
    """
    known, calibration = fit.objective.calibration.parameter_set, fit.objective.calibration
    out = {}
    for j, f in enumerate(calibration.fitted):
        value = f.written(f.prior + f.prior_sd * fit.z[j])
        low, high = (_rounded(end) for end in found.interval(f))
        share = found.sd[j]
        words = f"fitted: calibration {name}; low and high are its 95 % interval"
        if not found.determined(f.name):
            words += f"; NOT determined by the data, which leave {100.0 * share:.0f} % of the prior"
        words += f"; {f.note}" if f.note else ""
        words += f"; prior: {f.source}"
        for one in f.sets:
            out[one] = replace(
                known.get(one),
                value=value,
                low=min(low, value),
                high=max(high, value),
                status="fitted",
                source=words,
            )
    return out


def _rounded(value: float, digits: int = DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def parameter_text(base: ParameterSet, changed: Mapping[str, Parameter], name: str) -> str:
    """A parameter set as TOML, with some parameters changed.

    Parameters
    ----------
    base : ParameterSet
    changed : mapping of str to Parameter
    name : str
        Of the new set.

    Returns
    -------
    str
        With every parameter of `base`, in its order.
    """
    lines = [_HEADER, f"name = {_quoted(name)}", f"version = {_quoted(base.version)}"]
    for known in base.parameters.values():
        p = changed.get(known.name, known)
        lines += [
            "",
            f"[parameter.{p.name}]",
            f"value = {_number(p.value)}",
            f"unit = {_quoted(p.unit)}",
            f"low = {_number(p.low)}",
            f"high = {_number(p.high)}",
            f"status = {_quoted(p.status)}",
            f"source = {_quoted(p.source)}",
        ]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "inf" if value > 0.0 else "-inf"
    return repr(float(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", " ") + '"'


def write_parameters(
    base: ParameterSet, changed: Mapping[str, Parameter], path: str | Path, name: str
) -> Path:
    """Write `parameter_text` to a file, whole or not at all.

    Raises
    ------
    OutputError
        When it cannot be written there.
    """
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_text(parameter_text(base, changed, name), encoding="utf-8")
    return target
