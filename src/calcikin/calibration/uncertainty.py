"""What is left open by a fit, carried to a prediction: read-outs and thresholds with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.calibration.interpolate import interval, root, scaled
from calcikin.calibration.posterior import load_posterior
from calcikin.errors import InputError, OutOfRangeError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.solvers.status import Status
from calcikin.sweep.batch import evaluate_many

__all__ = ["Spread", "draws_of", "predict", "threshold_spread"]

Array = npt.NDArray[np.float64]
#: Limits of the interval: it holds 95 % of the draws.
QUANTILES = (0.025, 0.5, 0.975)
#: Fewer draws say nothing about an interval of 95 %.
FEWEST = 20


@dataclass(frozen=True)
class Spread:
    """A read-out over many parameter sets.

    Attributes
    ----------
    name, unit : str
    low, median, high : float
        95 % of the draws lie between `low` and `high`; infinite where that end lies beyond the
        length of the run; NaN without any number.
    draws : ndarray, shape (n,)
        One number per draw [unit]; infinite where a time lies beyond the run, NaN where a run
        failed or has no such number.
    """

    name: str
    unit: str
    low: float
    median: float
    high: float
    draws: Array

    @property
    def without(self) -> int:
        """Draws that have no number within the run."""
        return int(np.count_nonzero(~np.isfinite(self.draws)))

    @staticmethod
    def of(name: str, unit: str, draws: Array) -> Spread:
        """The interval of some draws."""
        known = draws[~np.isnan(draws)]
        if known.size == 0:
            return Spread(name, unit, math.nan, math.nan, math.nan, draws)
        # the nearest draws, so that an infinite one does not make its neighbours infinite
        ends = np.quantile(known, QUANTILES, method="nearest")
        return Spread(name, unit, float(ends[0]), float(ends[1]), float(ends[2]), draws)

    def to_dict(self) -> dict[str, Any]:
        """As plain data (None where an end lies beyond the run)."""

        def number(value: float) -> float | None:
            return value if math.isfinite(value) else None

        return {
            "unit": self.unit,
            "low": number(self.low),
            "median": number(self.median),
            "high": number(self.high),
            "draws": int(self.draws.size),
            "without": self.without,
        }


def draws_of(model: Model, count: int, seed: int = 0) -> dict[str, Array]:
    """Parameter sets from the posterior that lies beside the parameter file of a model.

    Parameters
    ----------
    model : Model
    count : int
    seed : int

    Returns
    -------
    dict of str to ndarray, shape (count,)

    Raises
    ------
    OutOfRangeError
        For too few draws.
    InputError
        When there is no posterior, or a fitted parameter is set in the model: then it is known.
    """
    if count < FEWEST:
        raise OutOfRangeError(
            f"{count} draws say nothing about an interval", hint=f"{FEWEST} or more"
        )
    posterior = load_posterior(model.scenario.parameters)
    drawn = posterior.draw(count, seed)
    if held := sorted(set(drawn) & set(model.parameters)):
        raise InputError(
            f"{', '.join(held)} is set, and its uncertainty asked for",
            hint="leave out one of the two",
        )
    return drawn


def predict(
    model: Model,
    read: str | Sequence[str] = ("t50",),
    *,
    draws: int = 200,
    seed: int = 0,
    rtol: float | None = None,
) -> dict[str, Spread]:
    """Read-outs with what the fit leaves open, in one batch of runs.

    The interval holds the uncertainty of the fitted parameters alone: neither that of the numbers
    that were not fitted, nor the error of a measurement, nor what the model lacks.

    Parameters
    ----------
    model : Model
    read : str or sequence of str
        Names of read-outs.
    draws : int
    seed : int
    rtol : float, optional
        Relative tolerance of the runs [1].

    Returns
    -------
    dict of str to Spread
        By name of the read-out.

    Raises
    ------
    InputError, OutOfRangeError
        As `draws_of`.
    """
    parameters = draws_of(model, draws, seed)
    readouts = get_readouts(read)
    table = evaluate_many(model, parameters, [r.name for r in readouts], rtol=rtol)
    out = {}
    for readout in readouts:
        values = table.values[readout.name].copy()
        if readout.waits:
            late = (table.status == int(Status.OK)) & np.isnan(values)
            values[late] = math.inf
        out[readout.name] = Spread.of(readout.name, readout.unit, values)
    return out


def threshold_spread(
    model: Model,
    over: str,
    *,
    read: str,
    level: float,
    found: float,
    low: float,
    high: float,
    draws: int = 200,
    seed: int = 0,
    rtol: float | None = None,
) -> Spread:
    """Where a read-out crosses a level, for many parameter sets: two batches of runs.

    The first looks at 7 values across the range of the search, closest around the threshold of the
    shipped parameters; the second at 3 more in the interval where each set crosses.

    Parameters
    ----------
    model : Model
    over, read : str
        What is varied, and the read-out.
    level : float
    found : float
        The threshold of the parameters as they are.
    low, high : float
        Ends of the search, in the unit of `over`.
    draws, seed, rtol
        As in `predict`.

    Returns
    -------
    Spread
        Of the threshold, in the unit of `over`; NaN for a set that does not cross in the range.
    """
    parameters = draws_of(model, draws, seed)
    near = [found * f for f in (0.6, 0.8, 1.0, 1.25, 1.6)]
    grid = np.unique(np.clip([low, *near, high], low, high))
    first = _at(model, parameters, over, np.tile(grid, (draws, 1)), read, rtol)
    scale = "logit" if read == "crystalline_fraction" and 0.0 < level < 1.0 else "linear"
    target = float(scaled(np.array([level]), scale)[0])
    left = np.array([interval(scaled(row, scale) - target) for row in first])
    crossing = np.full(draws, math.nan)
    k = np.flatnonzero(left >= 0)
    if k.size:
        a, b = grid[left[k]], grid[left[k] + 1]
        inner = a[:, None] + (b - a)[:, None] * np.array([0.25, 0.5, 0.75])
        some = {name: values[k] for name, values in parameters.items()}
        second = _at(model, some, over, inner, read, rtol)
        for i, draw in enumerate(k):
            x = np.concatenate([[a[i]], inner[i], [b[i]]])
            y = np.concatenate(
                [[first[draw, left[draw]]], second[i], [first[draw, left[draw] + 1]]]
            )
            crossing[draw] = root(x, scaled(y, scale) - target)
    return Spread.of(over, model.unit_of(over), crossing)


def _at(
    model: Model, parameters: dict[str, Array], over: str, x: Array, read: str, rtol: float | None
) -> Array:
    """The read-out of every set at its values, shape of `x`: (sets, values)."""
    n = x.shape[1]
    columns = {name: np.repeat(values, n) for name, values in parameters.items()}
    table = evaluate_many(model, {**columns, over: x.ravel()}, [read], rtol=rtol)
    return table.values[read].reshape(x.shape)
