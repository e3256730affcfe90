"""The model against every row of the data: predicted, measured, standardised residual, verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.calibration.points import answer
from calcikin.calibration.records import Calibration, Dataset

__all__ = ["VERDICTS", "Judged", "judge", "summary", "validate"]

Array = npt.NDArray[np.float64]
#: inside and outside of the interval; no number: the runs have none, which counts as a miss;
#: not predicted: nothing in the model corresponds to the row.
VERDICTS = ("inside", "outside", "no number", "not predicted")


@dataclass(frozen=True)
class Judged:
    """A row with what the model makes of it.

    Attributes
    ----------
    dataset : Dataset
    predicted : float
        In the row's unit; for a statement the share of its conditions that hold; NaN without one.
    said : str
        A statement's conditions with their numbers; else empty.
    residual : float
        (predicted - measured) in standard deviations of the row; NaN where it has none.
    verdict : str, one of `VERDICTS`
    reason : str
        Why it is missed or not predicted, or why there is no number.
    """

    dataset: Dataset
    predicted: float
    said: str
    residual: float
    verdict: str
    reason: str

    @property
    def missed(self) -> bool:
        """Whether it counts against the model."""
        return self.verdict in ("outside", "no number")

    def to_dict(self) -> dict[str, Any]:
        """What ``calcikin validate --json`` prints (None where there is no number)."""
        row = self.dataset.row

        def number(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        statement = bool(self.dataset.conditions)
        return {
            "id": row.id,
            "use": row.use,
            "measured": number(row.value) if math.isfinite(row.value) else row.text or None,
            "low": number(self.dataset.low),
            "high": number(self.dataset.high),
            "predicted": self.said if statement else number(self.predicted),
            "unit": row.unit,
            "verdict": self.verdict,
            "residual": number(self.residual),
            "standing": self.dataset.standing,
            "fitted": self.dataset.error is not None,
            "observable": f"{row.system}: {row.observable} ({row.condition})",
            "reason": self.reason or None,
            "note": self.dataset.note or None,
            "accepted": self.dataset.accepted or None,
            "source": row.source,
            "doi": row.doi or None,
        }


def validate(
    calibration: Calibration, parameters: Mapping[str, float] | None = None
) -> tuple[Judged, ...]:
    """Predict every row of a calibration and judge it.

    Parameters
    ----------
    calibration : Calibration
    parameters : mapping of str to float, optional
        Other values of parameters, in their units; by default the models' own.

    Returns
    -------
    tuple of Judged
        In the order of the calibration file. What happens in a run never stops it.
    """
    demands = list(dict.fromkeys(x for d in calibration.datasets for x in d.demands))
    place = {demand: k for k, demand in enumerate(demands)}
    sets = {name: np.array([value]) for name, value in (parameters or {}).items()}
    numbers, reasons = answer(demands, sets)
    judged = []
    for dataset in calibration.datasets:
        index = [place[d] for d in dataset.demands]
        said = "; ".join(dict.fromkeys(reasons[k] for k in index if reasons[k]))
        judged.append(judge(dataset, numbers[0, index], said))
    return tuple(judged)


def judge(dataset: Dataset, numbers: Array, reason: str = "") -> Judged:
    """A dataset with the numbers that it asked for.

    Parameters
    ----------
    dataset : Dataset
    numbers : ndarray, shape (n_demands,)
    reason : str
        Why a run has no number; else empty.

    Returns
    -------
    Judged
    """
    if dataset.conditions:
        return _statement(dataset, numbers)
    if dataset.observable is None:
        return Judged(dataset, math.nan, "", math.nan, "not predicted", dataset.none)
    predicted = float(dataset.observable.value(numbers)) * dataset.factor
    if not math.isfinite(predicted):
        why = dataset.miss or reason or "the read-out does not cross the level"
        return Judged(dataset, math.nan, "", math.nan, "no number", why)
    inside = dataset.low <= predicted <= dataset.high
    residual = _residual(dataset, predicted)
    verdict = "inside" if inside else "outside"
    return Judged(dataset, predicted, "", residual, verdict, "" if inside else dataset.miss)


def _residual(dataset: Dataset, predicted: float) -> float:
    """Distance from the value in its standard deviations, of logarithms where it spans decades."""
    row = dataset.row
    if not math.isfinite(row.value):
        return math.nan
    if row.wide and predicted > 0.0 and row.value > 0.0:
        return math.log(predicted / row.value) / row.log_sd
    return (predicted - row.value) / row.sd


def _statement(dataset: Dataset, numbers: Array) -> Judged:
    """A statement: every condition has to hold."""
    said, held, start = [], [], 0
    for condition in dataset.conditions:
        stop = start + len(condition.observable.demands)
        value = float(condition.observable.value(numbers[start:stop]))
        holds = condition.low <= value <= condition.high  # never for NaN
        unit = "" if condition.observable.unit == "1" else f" {condition.observable.unit}"
        shown = f"{value:.3g}{unit}" if math.isfinite(value) else "no number"
        said.append(f"{condition.what}: {'yes' if holds else 'NO'} ({shown})")
        held.append(holds)
        start = stop
    verdict = "inside" if all(held) else "outside"
    share = sum(held) / len(held)
    reason = "" if all(held) else dataset.miss
    return Judged(dataset, share, "; ".join(said), math.nan, verdict, reason)


def summary(judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """How many rows of each use have which verdict.

    Returns
    -------
    dict
        Use -> verdict -> number of rows; only what occurs.
    """
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        counts.setdefault(one.dataset.row.use, Counter())[one.verdict] += 1
    return {use: dict(counter) for use, counter in counts.items()}
