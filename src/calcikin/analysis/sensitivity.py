"""What an analysis of sensitivity finds, and the runs behind it, whatever the method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.factors import Over, factors
from calcikin.analysis.ranges import Range
from calcikin.analysis.response import Response, Runs
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance

__all__ = ["RANKED", "Counted", "Sensitivity"]

Array = npt.NDArray[np.float64]
#: Column by which each method ranks.
RANKED = {"local": "elasticity", "morris": "strength", "sobol": "total"}
#: Runs of a design that are asked for together: lanes stay full, and what is held is bounded.
AT_ONCE = 2**14


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


class Counted:
    """The response of a model at values of its factors, and what became of the runs.

    Parameters
    ----------
    model : Model or str
    over, spread
        See `calcikin.analysis.factors.factors`.
    response : Response
    solver, rtol
        Of the runs.
    """

    def __init__(
        self,
        model: Model | str,
        over: Over,
        spread: float | None,
        response: Response,
        solver: str | None,
        rtol: float | None,
    ) -> None:
        self.model = load(model) if isinstance(model, str) else model
        self.runs = Runs(self.model, solver, rtol)
        self.axes = factors(self.model, over, spread)
        self.response = response
        self.count = 0
        self.lost: list[str] = []
        self.reasons: list[str] = []

    def __call__(self, points: Array) -> Array:
        """Response at points, shape (n, d), in the units of the factors."""
        columns = {axis.name: points[:, k] for k, axis in enumerate(self.axes)}
        table = self.runs(columns, self.response.reads)
        minutes = self.runs.minutes(columns)
        self.count += len(points)
        self.lost += self.response.because(table, minutes)
        self.reasons = table.reason
        return self.response.of(table, minutes)

    def over_ranges(self, design: Sequence[Array]) -> Array:
        """Response on a design in the unit cube: m arrays of shape (n, d) -> shape (m, n).

        Many of them go into one call, but never so many that memory grows with their number.
        """
        n = len(design[0])
        at_once = max(1, AT_ONCE // n)
        values = np.empty((len(design), n))
        for start in range(0, len(design), at_once):
            part = [design[k] for k in range(start, min(start + at_once, len(design)))]
            shares = np.concatenate(part)
            points = np.stack([axis.at(shares[:, k]) for k, axis in enumerate(self.axes)], axis=1)
            values[start : start + len(part)] = self(points).reshape(-1, n)
        return values

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
            **provenance(self.model),
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
