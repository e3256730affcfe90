"""Sensitivity over whole ranges: Morris screening and Sobol indices."""

from __future__ import annotations

from calcikin.analysis.factors import Over
from calcikin.analysis.response import Response
from calcikin.analysis.screening import effects, trajectories
from calcikin.analysis.sensitivity import Counted, Sensitivity
from calcikin.analysis.variance import Saltelli, indices
from calcikin.simulate.model import Model

__all__ = ["morris", "sobol"]


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
    response = Response.named(on, scale, cap)
    runs = Counted(model, over, spread, response, solver, rtol)
    design = trajectories(len(runs.axes), ways, seed)
    values = runs.over_ranges(list(design))
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
    response = Response.named(on, scale, cap)
    runs = Counted(model, over, spread, response, solver, rtol)
    values = runs.over_ranges(Saltelli(len(runs.axes), size, seed))
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
