"""Something added to a run while it goes on, at the pH at which the mix was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calcikin.errors import OutOfRangeError
from calcikin.simulate.model import Model
from calcikin.simulate.result import Result
from calcikin.simulate.run import default_times, result_of
from calcikin.solvers.choice import choose
from calcikin.solvers.ensemble import integrate_one

__all__ = ["with_addition"]


def with_addition(
    model: Model,
    changes: Mapping[str, str | float],
    at: float,
    *,
    rtol: float | None = None,
) -> Result:
    """Run a model, and change its composition when it has run for a while.

    What is added is what makes the changed mix out of the own one: dissolved totals, with the
    hydrogen that they bring at the pH of the start, and the ions that go with them. It must not
    change the volume much, since nothing is diluted.

    Parameters
    ----------
    model : Model
    changes : mapping
        As of `Model.with_`: inputs that are there from that time on.
    at : float
        When it is added [s].
    rtol : float, optional
        Relative tolerance [1]; by default that of the ensemble.

    Returns
    -------
    Result
        From the addition on, its times counted from the start of the run. When the first part
        failed, that part.

    Raises
    ------
    OutOfRangeError
        When it is added before the start or after the end.
    """
    if not 0.0 < at < model.duration:
        raise OutOfRangeError(
            f"an addition after {at / 3600.0:g} h of a run of {model.duration / 3600.0:g} h"
        )
    _, rtol = choose("ensemble", rtol, 1)
    first = model.simulate(solver="ensemble", rtol=rtol, times=np.array([0.0, at]))
    if not first.ok:
        return first
    changed = model.with_(changes)
    q = changed.parameter_vector()
    added = changed.initial_state(q) - model.initial_state(model.parameter_vector())
    start = first.y[-1] + added
    grid = default_times(model.duration)
    # as dense after the addition as after a start
    times = np.union1d(default_times(model.duration - at), grid[grid > at] - at)
    atol = model.tolerances(rtol)
    solution = integrate_one(changed.compiled, q, start, times, rtol=rtol, atol=atol)
    shifted = replace(solution, t=solution.t + at, stopped_at=solution.stopped_at + at)
    return result_of(changed, q, start, atol, shifted)
