"""Local sensitivity: derivatives and elasticities at the model's own values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calcikin.analysis.derivatives import Gradient, gradient
from calcikin.analysis.exact import slopes
from calcikin.analysis.factors import Over, value_of
from calcikin.analysis.ranges import Range
from calcikin.analysis.response import Response
from calcikin.analysis.sensitivity import Counted, Sensitivity
from calcikin.errors import InputError, SimulationError
from calcikin.simulate.directions import differentiable
from calcikin.simulate.model import Model

__all__ = ["local"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def local(
    model: Model | str,
    over: Over = ("fitted",),
    on: str = "t50",
    *,
    scale: str | None = None,
    cap: float | str | None = None,
    differences: bool = False,
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
    differences : bool
        Whether derivatives are differences of runs, not exact. They always are for what has no
        exact derivative (temperature, duration, ionic strength, ratios, a factor that is zero), and
        with a solver other than the ensemble.
    solver, rtol
        Of the runs; exact derivatives need a tight tolerance, by default 1e-7.

    Returns
    -------
    Sensitivity
        The elasticity is d ln(response) / d ln(factor) [1]: the percentage by which the response
        changes for one percent of the factor. Its error is how far a coarser run disagrees that is
        read at other times, or how far neighbouring steps of differences do.

    Raises
    ------
    InputError
        For bad input.
    SimulationError
        When the model itself has no such number.
    """
    response = Response.named(on, scale or "value", cap)
    runs = Counted(model, over, None, response, solver, rtol)
    axes, model = runs.axes, runs.model
    x = np.array([value_of(model, axis.name) for axis in axes])
    if not np.isfinite(x).all():
        name = axes[int(np.flatnonzero(~np.isfinite(x))[0])].name
        raise InputError(f"{name} has no value in this model", where=name, hint="set it first")
    exact = np.array([differentiable(model, axis.name) for axis in axes])
    if differences or solver not in (None, "auto", "ensemble"):
        exact[:] = False
    said = [response.words]
    value, absent = float("nan"), ""
    derivatives, errors, steps = (np.full(len(axes), np.nan) for _ in range(3))
    if exact.any():
        names = [axes[k].name for k in np.flatnonzero(exact)]
        found = slopes(model, names, response, rtol)
        runs.count += 2
        value, absent = found.value, response.readout.absent
        derivatives[exact], errors[exact] = found.derivatives, found.errors
    if not exact.all():
        near = _differences(runs, x, ~exact)
        if not exact.any():
            value, absent = near.value, runs.reason(0)
        derivatives[~exact], errors[~exact] = near.derivatives, near.errors
        steps[~exact] = near.steps
        said += _named(
            "from one side only, since the other has no runs", axes, ~exact, near.one_sided
        )
        if exact.any():
            said += _named("by differences, since there is no exact derivative", axes, ~exact)
    if not np.isfinite(value):
        raise SimulationError(
            f"the model itself has no {response.label}: {absent}",
            where=model.name,
            hint="a longer run, or the scale rate",
        )
    factor = np.where(value != 0.0, x / (value or 1.0), np.nan)
    said += _named("no derivative, since too few runs have a value", axes, np.isnan(derivatives))
    said += _named("zero, so that an elasticity says nothing", axes, x == 0.0)
    columns = {
        "value": x,
        "derivative": derivatives,
        "error": errors,
        "elasticity": np.where(x != 0.0, derivatives * factor, np.nan),
        "elasticity_error": np.where(x != 0.0, errors * np.abs(factor), np.nan),
        "step": steps,
    }
    return runs.report("local", columns, said, {"value": value, "exact": int(exact.sum())})


def _differences(runs: Counted, x: Array, moved: Flags) -> Gradient:
    """Derivatives by some of the factors, from runs at neighbouring values."""
    width = np.array([axis.high - axis.low for axis in runs.axes])

    def at(points: Array) -> Array:
        rows = np.repeat(x[None], len(points), axis=0)
        rows[:, moved] = points
        return runs(rows)

    return gradient(at, x[moved], np.where(x != 0.0, np.abs(x), width)[moved])


def _named(
    said: str, axes: tuple[Range, ...], some: Flags, among_them: Flags | None = None
) -> list[str]:
    """A sentence that ends with the names of some factors; none when there are none."""
    chosen = np.flatnonzero(some)
    if among_them is not None:
        chosen = chosen[among_them]
    return [f"{said}: {', '.join(axes[k].name for k in chosen)}"] if chosen.size else []
