"""What the page gets: the curves and numbers of one run, small enough to be sent for every move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.flows import calcium_flows
from calcikin.app.composition import command_line, values
from calcikin.assays.radii import hydrodynamic_radius
from calcikin.plots import canvas
from calcikin.simulate.model import Model
from calcikin.simulate.result import CORES, LABELS, Result

__all__ = ["answer", "look"]

Array = npt.NDArray[np.float64]
#: Points of a curve within the shown time and beyond it: one per two to three pixels; and as many
#: over its logarithm, for an axis of that.
WITHIN, AFTER, LOGARITHMIC = 240, 60, 60
#: Saturation indices that are drawn, each with the stroke of the solid that has the phase.
SATURATION = {"ACP": "ACP", "OCP": "CPP2", "HAP": "HAP", "WH": "WH"}
#: Digits of a number that is drawn: a pixel is about 1e-3 of an axis.
DIGITS = 5
#: Smaller numbers are zero: no unit of the page makes one of them visible.
LEAST = 1e-30
#: Below this an ion of the phase is absent: its activity is then what keeps logarithms finite.
NO_INDEX = -30.0


def look() -> dict[str, Any]:
    """Colours and dashes of every line, those of the figures, as the page needs them."""

    def stroke(s: canvas.Stroke) -> dict[str, str]:
        dash = "solid" if isinstance(s.dash, str) else ",".join(f"{2 * x:g}px" for x in s.dash[1])
        return {"colour": s.colour, "dash": dash}

    return {
        "phases": {name: stroke(s) for name, s in canvas.PHASES.items()},
        "dissolved": {name: stroke(s) for name, s in canvas.DISSOLVED.items()},
        "light": canvas.BLUE,
        "crystals": canvas.VERMILION,
        "t50": canvas.PURPLE,
        "grey": canvas.GREY,
        "saturation": SATURATION,
    }


def answer(model: Model, result: Result, name: str) -> dict[str, Any]:
    """Everything the page shows of one run, as plain data.

    Parameters
    ----------
    model : Model
    result : Result
    name : str
        Name or file of the model, for the command line.

    Returns
    -------
    dict
        ``time`` [min] with ``series`` (name -> values; None where there is none), ``numbers``
        (name -> value), ``flows``, ``values`` (the inputs of the run), ``command``, ``status`` and
        ``reason``.
    """
    shown = result.shown_min
    at = _thinned(result.t / 60.0, shown)
    return {
        "status": result.status.word,
        "reason": result.reason,
        "shown_min": shown,
        "window_min": model.scenario.window / 60.0 or None,
        "time": _list(result.t[at] / 60.0),
        "series": {key: _list(curve[at]) for key, curve in _series(result).items()},
        "numbers": {key: _number(value) for key, value in _numbers(result).items()},
        "t50_status": result.transition.status if result.t.size >= 8 else "no_transition",
        "flows": [[f.source, f.target, float(f"{f.amount:.4g}")] for f in calcium_flows(result)],
        "values": values(model),
        "command": command_line(model, name),
    }


def _series(result: Result) -> dict[str, Array]:
    """Curves by name, in the units that the axes of the page name."""
    series = {"light": result.light, "crystalline": result.crystalline_fraction, "pH": result.ph}
    for label, amounts in result.phases.items():
        series[f"solid {label}"] = 1e3 * amounts
    for population in result.model.scenario.network.populations:
        label = LABELS.get(population.name, population.name)
        core = result.core_radius(population.name)
        if population.name in ("cpp1", "cpp2"):
            core = hydrodynamic_radius(core, CORES[population.name])
        series[f"number {label}"] = _positive(result.number(population.name))
        series[f"radius {label}"] = _positive(1e9 * core)
    for component in canvas.DISSOLVED:
        series[f"dissolved {component}"] = 1e3 * result.state(component)
    for phase in SATURATION:
        if phase in result.model.scenario.constants.phases:
            index = result.saturation_index(phase)
            series[f"SI {phase}"] = np.where(index > NO_INDEX, index, np.nan)
    return series


def _numbers(result: Result) -> dict[str, float]:
    """Single numbers, by the names of read-outs where there is one."""
    ratios = result.mg_ca_at_acp()
    return {
        "t50": result.t50(),
        "t50_crystalline": result.t50_crystalline(),
        "crystalline_fraction": float(result.crystalline_fraction[-1]),
        "rh_cpp1": result.peak_radius("cpp1"),
        "rh_cpp2": result.peak_radius("cpp2"),
        "pH_end": float(result.ph[-1]),
        "ionised_Ca": 1e3 * float(result.solute("free.Ca")[0]),
        "ionised_Mg": 1e3 * float(result.solute("free.Mg")[0]),
        "mg_ca_total": ratios["total"],
        "mg_ca_free": ratios["free"],
        "mg_ca_solid": ratios["solid"],
        "acp_max": 1e3 * float((result.phases["ACP"] + result.phases["CPP1"]).max()),
        "balance_error": result.balance_error,
    }


def _thinned(minutes: Array, shown: float) -> npt.NDArray[np.intp]:
    """Which output times are drawn: all of the first minutes, then even steps, also of ln t."""
    early = np.flatnonzero(minutes < 3.0)
    within = np.flatnonzero((minutes >= 3.0) & (minutes <= shown))
    after = np.flatnonzero(minutes > shown)
    even = np.geomspace(3.0, max(minutes[-1], 3.0), LOGARITHMIC)
    over = np.searchsorted(minutes, even[even <= minutes[-1]])
    return np.unique(np.concatenate([early, _some(within, WITHIN), over, _some(after, AFTER)]))


def _some(indices: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """At most `count` of them, evenly, with the first and the last."""
    if indices.size <= count:
        return indices
    return np.asarray(indices[np.unique(np.linspace(0, indices.size - 1, count).astype(int))])


def _positive(values: Array) -> Array:
    """Values for a logarithmic axis: NaN where there is nothing."""
    return np.where(values > 0.0, values, np.nan)


def _list(values: Array) -> list[float | None]:
    """Numbers of five digits; None for what is not finite."""
    finite = np.isfinite(values)
    safe = np.where(finite & (np.abs(values) > LEAST), values, 0.0)
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.where(safe == 0.0, 1.0, np.abs(safe)))))
    rounded = (np.round(safe * scale) / scale).tolist()
    if finite.all():
        return list(rounded)
    return [value if good else None for value, good in zip(rounded, finite.tolist(), strict=True)]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
