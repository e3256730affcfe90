"""Thresholds: the value of an input, such as Mg/Ca, at which a read-out crosses a level.

Nothing about the threshold is in the model: every trial is a run, and what is reported is where the
runs' read-out changes sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.crossing import Crossing, find_crossing, logit
from calcikin.analysis.ranges import default_ends, number_of
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance
from calcikin.simulate.readouts import Readout, get_readout
from calcikin.simulate.result import Result
from calcikin.units import format_quantity, parse_quantity

__all__ = ["DEFAULT_AT", "DEFAULT_LEVEL", "Threshold", "Trial", "threshold"]

Array = npt.NDArray[np.float64]
#: Crystalline share that counts as "hardly any crystals" [1]: what X-ray diffraction of a powder
#: just shows (assumed).
DEFAULT_LEVEL = 0.05
#: Length of the runs of a search: a slurry that is looked at the next day.
DEFAULT_AT = "24 h"


@dataclass(frozen=True)
class Trial:
    """One run of the search.

    Attributes
    ----------
    x : float, value of the varied input, in its unit
    value : float, the criterion's read-out; NaN when the run has none
    total, free, solid : float, Mg/Ca of the mix, of the free ions and of the ACP when there is most
        ACP [mol/mol]; NaN where there is none
    status : str
    reason : str
    """

    x: float
    value: float
    total: float
    free: float
    solid: float
    status: str
    reason: str


@dataclass(frozen=True)
class Threshold:
    """Where a criterion is crossed.

    Attributes
    ----------
    found : bool
        False when there is no crossing in the range, or a run has no value; see ``reason``.
    over, unit : str
        Name and unit of the varied input.
    value : float
        Its value at the crossing [unit]; NaN when none was found.
    total, free, solid : float
        Mg/Ca there, of the mix, of the free ions and of the ACP when there is most ACP [mol/mol].
    criterion : str
        In words.
    level : float
        Of the read-out.
    bracket : (float, float)
        The two runs on either side of the crossing [unit].
    brackets : tuple of (float, float)
        Every interval of the first look with a crossing; more than one: ``reason`` says so, and the
        last is meant.
    reason : str
        Why there is none, or what else is to be said; else empty.
    history : tuple of Trial
        Every run, in order.
    provenance : dict
        Inputs, versions and hashes.
    """

    found: bool
    over: str
    unit: str
    value: float
    total: float
    free: float
    solid: float
    criterion: str
    level: float
    bracket: tuple[float, float]
    brackets: tuple[tuple[float, float], ...]
    reason: str
    history: tuple[Trial, ...]
    provenance: dict[str, Any]

    @property
    def simulations(self) -> int:
        """Number of runs."""
        return len(self.history)

    @property
    def threshold(self) -> dict[str, float]:
        """Mg/Ca at the crossing: total, free, solid [mol/mol]."""
        return {"total": self.total, "free": self.free, "solid": self.solid}

    @property
    def ratio(self) -> Array:
        """Values tried, shape (n,) [unit]."""
        return np.array([trial.x for trial in self.history])

    @property
    def fraction(self) -> Array:
        """Read-out of each, shape (n,)."""
        return np.array([trial.value for trial in self.history])

    def summary(self) -> dict[str, Any]:
        """The numbers of ``calcikin threshold --json`` (None where there is no number)."""

        def number(value: float) -> float | None:
            return value if math.isfinite(value) else None

        return {
            "found": self.found,
            "reason": self.reason,
            "threshold": {name: number(value) for name, value in self.threshold.items()},
            "over": self.over,
            "unit": self.unit,
            "value": number(self.value),
            "criterion": self.criterion,
            "level": self.level,
            "bracket": [number(x) for x in self.bracket],
            "simulations": self.simulations,
            "runs": [
                {
                    "x": trial.x,
                    "value": number(trial.value),
                    "mg_ca": {
                        "total": number(trial.total),
                        "free": number(trial.free),
                        "solid": number(trial.solid),
                    },
                    "status": trial.status,
                    "reason": trial.reason,
                }
                for trial in self.history
            ],
            "provenance": self.provenance,
        }


def threshold(
    model: Model | str,
    over: str = "Mg/Ca",
    *,
    criterion: str | Callable[[Result], float] = "crystalline_fraction",
    level: float | str = DEFAULT_LEVEL,
    at: str | None = DEFAULT_AT,
    low: float | str | None = None,
    high: float | str | None = None,
    tolerance: float = 1e-3,
    looks: int = 5,
    solver: str = "auto",
    rtol: float | None = None,
) -> Threshold:
    """Find the value of an input at which a read-out crosses a level.

    Parameters
    ----------
    model : Model or str
        A model, or the name of one.
    over : str
        Input, parameter, setting or ratio of the model.
    criterion : str or callable
        Name of a read-out (`calcikin.simulate.readouts.READOUTS`), or a function of a Result.
    level : float or str
        In the read-out's unit, or text with a unit.
    at : str or None
        Length of the runs, such as ``"24 h"``; None for the model's own.
    low, high : float or str, optional
        Ends of the search; by default 0 to 1 for a ratio, the usual range of an input, the
        plausible interval of a parameter, the window of a setting.
    tolerance : float
        Width of the last bracket relative to the range of the search [1].
    looks : int
        Runs that are spread over the range before the crossing is bracketed.
    solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
    rtol : float
        Relative tolerance of the runs [1].

    Returns
    -------
    Threshold
        Never a guess: look at ``found`` and ``reason``.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError
        For bad input, named with what was expected.

    Notes
    -----
    A run without a T50 counts as one whose T50 is the length of the run, since it is longer: a
    level within the run is then told apart without a guess. See `calcikin.analysis.crossing` for
    the search.

    Examples
    --------
    >>> found = threshold("acp_slurry", over="Mg/Ca", tolerance=0.02)
    >>> found.found, 0.1 < found.total < 0.4  # mol/mol; published: 0.15 to 0.25
    (True, True)
    """
    if isinstance(model, str):
        model = load(model)
    if at is not None:
        model = model.with_({"duration": at})
    unit = model.unit_of(over)
    readout = (
        get_readout(criterion)
        if isinstance(criterion, str)
        else Readout(getattr(criterion, "__name__", "criterion"), "1", "criterion", criterion)
    )
    target = (
        parse_quantity(level, readout.unit, where="level")
        if isinstance(level, str)
        else float(level)
    )
    bounds = [
        default if given is None else number_of(model, over, given)
        for given, default in zip((low, high), default_ends(model, over), strict=True)
    ]
    search = _Search(model, over, readout, target, solver, rtol)
    crossing = find_crossing(
        search,
        bounds[0],
        bounds[1],
        target,
        tolerance=tolerance,
        looks=looks,
        transform=logit if _is_fraction(readout, target) else float,
    )
    return search.report(crossing, unit)


def _is_fraction(readout: Readout, level: float) -> bool:
    return readout.name == "crystalline_fraction" and 0.0 < level < 1.0


class _Search:
    """The function whose crossing is sought: one run for each x."""

    def __init__(
        self,
        model: Model,
        over: str,
        readout: Readout,
        level: float,
        solver: str,
        rtol: float | None,
    ) -> None:
        self.model = model
        self.over = over
        self.readout = readout
        self.level = level
        self.solver = solver
        self.rtol = rtol
        self.trials: list[Trial] = []

    def __call__(self, x: float) -> float:
        """Run at `x` and return the read-out; NaN when the run failed."""
        result = self.model.with_({self.over: x}).simulate(solver=self.solver, rtol=self.rtol)
        if not result.ok:
            nothing = math.nan
            trial = Trial(x, nothing, nothing, nothing, nothing, result.status.word, result.reason)
        else:
            value = self.readout(result)
            reason = ""
            if math.isnan(value):
                reason = self.readout.absent
                value = self._waited(result)
            trial = Trial(x, value, **result.mg_ca_at_acp(), status="ok", reason=reason)
        self.trials.append(trial)
        return trial.value

    def _waited(self, result: Result) -> float:
        """The value of a time that a run did not live to see: its length, where that decides."""
        minutes = float(result.t[-1]) / 60.0
        never = math.isnan(result.t50_crystalline())
        if self.readout.waits and never and self.level < minutes:
            return minutes
        return math.nan

    def report(self, crossing: Crossing, unit: str) -> Threshold:
        """The outcome, with the Mg/Ca of the run at the crossing."""
        at = next((t for t in self.trials if crossing.found and t.x == crossing.x), None)
        reason = crossing.reason
        lost = next((t for t in self.trials if math.isnan(t.value)), None)
        if not crossing.found and lost is not None:
            where = format_quantity(lost.x, unit)
            reason = f"the run at {self.over} = {where} has no {self.readout.name}: {lost.reason}"
        elif not crossing.found:
            reason = f"{self.readout.name}: {reason}"
        level = format_quantity(self.level, self.readout.unit)
        length = format_quantity(self.model.duration / 3600.0, "h")
        return Threshold(
            found=at is not None,
            over=self.over,
            unit=unit,
            value=crossing.x,
            total=at.total if at else math.nan,
            free=at.free if at else math.nan,
            solid=at.solid if at else math.nan,
            criterion=f"{self.readout.long_name} = {level}, in runs of {length}",
            level=self.level,
            bracket=crossing.bracket,
            brackets=crossing.brackets,
            reason=reason,
            history=tuple(self.trials),
            provenance=provenance(self.model),
        )
