"""Exact derivatives of a response: from one run that carries its derivatives along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.analysis.response import Response
from calcikin.simulate.model import Model
from calcikin.simulate.result import Result
from calcikin.simulate.run import default_times
from calcikin.simulate.sensitivity import sensitivities

__all__ = ["Slopes", "slopes"]

Array = npt.NDArray[np.float64]
#: Derivatives of T50 are good to 0.2 % here and at ten times it; at a tolerance that does for a run
#: they are nonsense, since steps are chosen for the error of the run alone.
RTOL = 1e-7


@dataclass(frozen=True)
class Slopes:
    """A response and its derivatives.

    Attributes
    ----------
    value : float
    derivatives, errors : ndarray, shape (n,)
        By each name, and by how much a run disagrees at ten times the tolerance, with a quarter of
        the readings.
    """

    value: float
    derivatives: Array
    errors: Array


def slopes(
    model: Model, names: Sequence[str], response: Response, rtol: float | None = None
) -> Slopes:
    """Derivatives of a response by inputs and parameters, at the values of the model.

    Parameters
    ----------
    model : Model
    names : sequence of str
        What `calcikin.simulate.directions.differentiable` holds for.
    response : Response
    rtol : float, optional
        Relative tolerance [1]; 1e-7 by default.

    Returns
    -------
    Slopes
        Where a run never reaches what is waited for, the response is a constant, and so its
        derivatives are zero.

    Raises
    ------
    SimulationError
        When the run fails.
    """
    rtol = RTOL if rtol is None else rtol
    fine = sensitivities(model, names, rtol=rtol)
    value, slope = _chain(response, fine.result())
    if slope == 0.0:
        return Slopes(value, np.zeros(len(names)), np.zeros(len(names)))
    times = default_times(model.duration)
    coarse = sensitivities(model, names, times=times, rtol=10.0 * rtol)
    name = response.readout.name
    found, other = (slope * run.readouts(name)[name] for run in (fine, coarse))
    return Slopes(value, found, np.abs(found - other))


def _chain(response: Response, result: Result) -> tuple[float, float]:
    """The response of a run, and its derivative by the read-out; zero where it is a constant."""
    value = response.readout(result)
    longest = float(response.longest(float(result.t[-1]) / 60.0))
    if response.readout.waits and math.isnan(value) and math.isnan(result.t50_crystalline()):
        constant = {"rate": 0.0, "log": math.log(longest)}
        if response.scale in constant:
            return constant[response.scale], 0.0
    if response.scale == "rate":
        return 60.0 / value, -60.0 / value**2
    if response.scale == "log":
        if response.readout.waits and value >= longest:
            return math.log(longest), 0.0
        return (math.log(value), 1.0 / value) if value > 0.0 else (math.nan, math.nan)
    return value, 1.0
