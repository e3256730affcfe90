"""One point of a sweep: a run, its read-outs, and what is said when it fails."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from calcikin.errors import CalcikinError, InputError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import Readout
from calcikin.solvers.status import Status

__all__ = ["Row", "evaluate"]


class Row(NamedTuple):
    """What one point leaves behind.

    Attributes
    ----------
    values : tuple of float
        One per read-out, in its unit; NaN where the run failed or has no such number.
    status : int
        A :class:`~calcikin.solvers.status.Status`.
    reason : str
        Why it failed, or which number a sound run does not have; else empty.
    balance_error : float
        Largest relative error of a balance [1]; NaN when nothing ran.
    """

    values: tuple[float, ...]
    status: int
    reason: str
    balance_error: float


def evaluate(
    model: Model,
    changes: Mapping[str, float],
    readouts: Sequence[Readout],
    *,
    solver: str = "lsoda",
    rtol: float = 1e-6,
) -> Row:
    """Run `model` with `changes` and read it; never raises for what happens in the run.

    Parameters
    ----------
    model : Model
    changes : mapping of str to float
        Name -> value in ``model.unit_of(name)``.
    readouts : sequence of Readout
    solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
    rtol : float
        Relative tolerance [1].

    Returns
    -------
    Row
        With a status and a reason when the point failed.
    """
    nothing = (math.nan,) * len(readouts)
    try:
        # The row tells what went wrong; a warning would tell it once per process.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = model.with_(changes).simulate(solver=solver, rtol=rtol)
            if not result.ok:
                return Row(nothing, int(result.status), result.reason, result.balance_error)
            values = tuple(readout(result) for readout in readouts)
    except InputError as error:
        return Row(nothing, int(Status.BAD_INPUT), _sentence(error), math.nan)
    except CalcikinError as error:
        return Row(nothing, int(Status.SOLVER_FAILED), _sentence(error), math.nan)
    except Exception as error:
        # Whatever it is, the other points are not to be lost with it.
        said = f"{type(error).__name__}: {error}"
        return Row(nothing, int(Status.SOLVER_FAILED), said, math.nan)
    absent = [
        f"{readout.name}: {readout.absent}"
        for readout, value in zip(readouts, values, strict=True)
        if math.isnan(value)
    ]
    return Row(values, int(Status.OK), "; ".join(absent), result.balance_error)


def _sentence(error: CalcikinError) -> str:
    """One line of what an error says."""
    return f"{error.what} ({error.hint})" if error.hint else error.what
