"""On what a read-out depends: local elasticities, Morris screening, Sobol indices of a model.

The factors are inputs, parameters, settings or ratios; every method is one call for all its runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.derivatives import gradient
from calcikin.analysis.factors import Over, factors, value_of
from calcikin.analysis.ranges import Range
from calcikin.analysis.response import Response, Runs
from calcikin.analysis.screening import effects, trajectories
from calcikin.analysis.variance import indices, saltelli
from calcikin.errors import InputError, SimulationError
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance

__all__ = ["RANKED", "Sensitivity", "local", "morris", "sobol"]

Array = npt.NDArray[np.float64]
#: Column by which each method ranks.
RANKED = {"local": "elasticity", "morris": "strength", "sobol": "total"}


@dataclass(frozen=True)
class Sensitivity:
    """What a method found about each factor.

    Attributes
    ----------
    method : {"local", "morris", "sobol"}
    response, unit : str
        The number that was analysed, such as ``1/t50`` [1/h].
    factors : tuple of Range
    columns : dict of str to ndarray, shape (d,)
        One number per factor, NaN where there is none. ``local``: value, derivative, error,
        elasticity, elasticity_error, step. ``morris``: mean, strength (µ*), strength_low,
        strength_high, spread (σ). ``sobol``: first, first_low, first_high, total, total_low,
        total_high.
    runs : int
    said : tuple of str
        How runs without the number were treated, and what is missing.
    provenance : dict
    """

    method: str
    response: str
    unit: str
    factors: tuple[Range, ...]
    columns: dict[str, Array]
    runs: int
    said: tuple[str, ...]
    provenance: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)

    @property
    def ranking(self) -> list[int]:
        """Numbers of the factors, the most influential first, those without a number last."""
        size = np.abs(self.columns[RANKED[self.method]])
        return [int(k) for k in np.argsort(np.where(np.isnan(size), np.inf, -size), kind="stable")]

    def rows(self) -> list[dict[str, Any]]:
        """One mapping per factor, ranked."""
        return [
            {
                "factor": self.factors[k].name,
                "unit": self.factors[k].unit,
                "low": self.factors[k].low,
                "high": self.factors[k].high,
                **{name: float(column[k]) for name, column in self.columns.items()},
            }
            for k in self.ranking
        ]

    def summary(self) -> dict[str, Any]:
        """The content of ``calcikin sensitivity --json``."""
        return {
            "method": self.method,
            "response": self.response,
            "unit": self.unit,
            "factors": self.rows(),
            "runs": self.runs,
            "said": list(self.said),
            "provenance": self.provenance,
        }


def local(
    model: Model | str,
    over: Over = ("fitted",),
    on: str = "t50",
    *,
    scale: str | None = None,
    cap: float | str | None = None,
    solver: str | None = None,
    rtol: float | None = None,
) -> Sensitivity:
    """Derivatives and elasticities at the model's own values.

    Parameters
    ----------
    model : Model or str
    over : mapping or iterable of str
        Factors or groups of them, see `factors`.
    on : str
        Read-out.
    scale, cap
        See `calcikin.analysis.response.Response.named`; by default the read-out itself.
    solver, rtol
        Of the runs.

    Returns
    -------
    Sensitivity
        The elasticity is d ln(response) / d ln(factor) [1]: the percentage by which the response
        changes for one percent of the factor. Its error is how far neighbouring steps disagree.

    Raises
    ------
    InputError
        For bad input.
    SimulationError
        When the model itself has no such number.
    """
    model = load(model) if isinstance(model, str) else model
    response = Response.named(on, scale or "value", cap)
    axes = factors(model, over)
    x = np.array([value_of(model, axis.name) for axis in axes])
    if not np.isfinite(x).all():
        name = axes[int(np.flatnonzero(~np.isfinite(x))[0])].name
        raise InputError(f"{name} has no value in this model", where=name, hint="set it first")
    width = np.array([axis.high - axis.low for axis in axes])
    runs = _Counted(Runs(model, solver, rtol), axes, response)
    found = gradient(runs, x, np.where(x != 0.0, np.abs(x), width))
    if not np.isfinite(found.value):
        raise SimulationError(
            f"the model itself has no {response.label}: {runs.reason(0)}",
            where=model.name,
            hint="a longer run, or the scale rate",
        )
    factor = np.where(found.value != 0.0, x / (found.value or 1.0), np.nan)
    said = [response.words]
    if found.one_sided.any():
        ends = ", ".join(axes[k].name for k in np.flatnonzero(found.one_sided))
        said.append(f"from one side only, since the other has no runs: {ends}")
    if np.isnan(found.derivatives).any():
        none = ", ".join(axes[k].name for k in np.flatnonzero(np.isnan(found.derivatives)))
        said.append(f"no derivative, since too few runs have a value: {none}")
    if (x == 0.0).any():
        zero = ", ".join(axes[k].name for k in np.flatnonzero(x == 0.0))
        said.append(f"zero, so that an elasticity says nothing: {zero}")
    columns = {
        "value": x,
        "derivative": found.derivatives,
        "error": found.errors,
        "elasticity": np.where(x != 0.0, found.derivatives * factor, np.nan),
        "elasticity_error": np.where(x != 0.0, found.errors * np.abs(factor), np.nan),
        "step": found.steps,
    }
    return runs.report("local", columns, said, {"value": found.value})


def morris(
    model: Model | str,
    over: Over = ("fitted",),
    on: str = "t50",
    *,
    spread: float | None = None,
    ways: int = 20,
    seed: int = 0,
    confidence: float = 0.95,
    scale: str | None = None,
    cap: float | str | None = None,
    solver: str | None = None,
    rtol: float | None = None,
) -> Sensitivity:
    """Screen many factors over their whole ranges with few runs, ``ways`` × (d + 1).

    Parameters
    ----------
    model, over, on, solver, rtol
        As in `local`.
    spread : float, optional
        See `factors`.
    ways : int
        Ways through the ranges, at least 2.
    seed : int
    confidence : float
        Of the interval of µ* [1].
    scale, cap
        By default the rate of a time, so that every sound run has a number.

    Returns
    -------
    Sensitivity
        In units of the response per whole range of a factor.
    """
    model = load(model) if isinstance(model, str) else model
    response = Response.named(on, scale, cap)
    axes = factors(model, over, spread)
    design = trajectories(len(axes), ways, seed)
    runs = _Counted(Runs(model, solver, rtol), axes, response)
    values = runs(_values(axes, design.reshape(-1, len(axes)))).reshape(design.shape[:2])
    found = effects(design, values, seed=seed, confidence=confidence)
    columns = {
        "mean": found.mean,
        "strength": found.strength,
        "strength_low": found.strength_low,
        "strength_high": found.strength_high,
        "spread": found.spread,
    }
    return runs.report(
        "morris",
        columns,
        [response.words, *runs.missing("the effects beside them are left out")],
        {"ways": ways, "seed": seed, "confidence": confidence},
    )


def sobol(
    model: Model | str,
    over: Over = ("fitted",),
    on: str = "t50",
    *,
    spread: float | None = None,
    size: int = 1024,
    seed: int = 0,
    confidence: float = 0.95,
    scale: str | None = None,
    cap: float | str | None = None,
    solver: str | None = None,
    rtol: float | None = None,
) -> Sensitivity:
    """First-order and total Sobol indices, from ``size`` × (d + 2) runs.

    Parameters
    ----------
    model, over, on, spread, seed, confidence, scale, cap, solver, rtol
        As in `morris`; factors are taken as independent and spread evenly over their ranges (over
        the logarithm of a range that spans more than a factor of 20).
    size : int
        Base rows, a power of two.

    Returns
    -------
    Sensitivity
        Rows in which a run has no value are left out and counted in ``said``.

    Raises
    ------
    InputError
        Also for a size that is not a power of two.
    """
    model = load(model) if isinstance(model, str) else model
    response = Response.named(on, scale, cap)
    axes = factors(model, over, spread)
    design = saltelli(len(axes), size, seed)
    runs = _Counted(Runs(model, solver, rtol), axes, response)
    values = runs(_values(axes, design.reshape(-1, len(axes)))).reshape(design.shape[:2])
    found = indices(values, seed=seed, confidence=confidence)
    said = [response.words]
    if found.dropped:
        note = f"{found.dropped} of {found.rows} rows with such a run are left out"
        said += runs.missing(note)
    if found.variance == 0.0:
        said.append("the response does not vary, so that it depends on nothing here")
    columns = {
        name: getattr(found, name)
        for name in ("first", "first_low", "first_high", "total", "total_low", "total_high")
    }
    chosen = {"size": size, "seed": seed, "confidence": confidence, "variance": found.variance}
    return runs.report("sobol", columns, said, chosen)


def _values(axes: tuple[Range, ...], shares: Array) -> Array:
    return np.stack([axis.at(shares[:, k]) for k, axis in enumerate(axes)], axis=1)


class _Counted:
    """The response at points, and what became of the runs."""

    def __init__(self, runs: Runs, axes: tuple[Range, ...], response: Response) -> None:
        self.runs = runs
        self.axes = axes
        self.response = response
        self.count = 0
        self.lost: list[str] = []
        self.reasons: tuple[str, ...] = ()

    def __call__(self, points: Array) -> Array:
        """Response at points, shape (n, d), in the units of the factors."""
        columns = {axis.name: points[:, k] for k, axis in enumerate(self.axes)}
        table = self.runs(columns, self.response.reads)
        minutes = self.runs.minutes(columns)
        self.count += len(points)
        self.lost += self.response.because(table, minutes)
        self.reasons = table.reason
        return self.response.of(table, minutes)

    def reason(self, row: int) -> str:
        """Why a row of the last call has no value."""
        return self.reasons[row] or self.response.readout.absent

    def missing(self, note: str) -> list[str]:
        """A sentence on runs without a value, if there are any."""
        return [f"runs without a value: {'; '.join(self.lost[:3])}; {note}"] if self.lost else []

    def report(
        self, method: str, columns: dict[str, Array], said: list[str], chosen: dict[str, Any]
    ) -> Sensitivity:
        """The outcome of a method."""
        origin = {
            **provenance(self.runs.model),
            "on": self.response.readout.name,
            "scale": self.response.scale,
            "solver": self.runs.solver,
            "rtol": self.runs.rtol,
            **chosen,
        }
        return Sensitivity(
            method,
            self.response.label,
            self.response.unit,
            self.axes,
            columns,
            self.count,
            tuple(said),
            origin,
        )
