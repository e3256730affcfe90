"""What is to be said of a traced boundary: absent, several, turning back, not resolved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calcikin.analysis.criterion import TRACE, Criterion
from calcikin.analysis.ranges import Range
from calcikin.analysis.tracing import Traced

__all__ = ["said_of"]

Array = npt.NDArray[np.float64]


def said_of(
    traced: Sequence[Traced],
    axes: Sequence[Range],
    criterion: Criterion,
    readings: Array,
    looks: int,
) -> tuple[str, ...]:
    """Sentences on one boundary, or on those of several draws.

    Parameters
    ----------
    traced : sequence of Traced
    axes : sequence of Range
    criterion : Criterion
    readings : ndarray, shape (n,)
        Of the criterion's read-out, at every point of every draw.
    looks : int
        Points along each axis of the first look.

    Returns
    -------
    tuple of str
        Empty when there is one boundary, crossed once from every side, and all of it was resolved.
    """
    said: list[str] = []
    absent = [one for one in traced if not one.found]
    if absent:
        who = "" if len(traced) == 1 else f"in {len(absent)} of {len(traced)} draws "
        said.append(who + _absence(absent, axes, criterion, readings, looks))
    several = [len(one.branches) for one in traced if len(one.branches) > 1]
    if several and len(traced) == 1:
        said.append(f"there are {several[0]} separate boundaries")
    elif several:
        said.append(f"{len(several)} of {len(traced)} draws have separate boundaries")
    said += _turning(traced, axes)
    lost, unresolved = sum(one.lost for one in traced), sum(one.unresolved for one in traced)
    if lost:
        said.append(f"{lost} crossings have no value beside them and are left out")
    if unresolved:
        said.append(f"at {unresolved} places the boundary bends too sharply to be resolved")
    missing = sum(int(np.isnan(one.margins).sum()) for one in traced)
    if missing:
        total = sum(len(one.margins) for one in traced)
        text = f"{missing} of {total} runs cannot be judged; no boundary is drawn there"
        if criterion.other is not None and criterion.readout.unit == "mmol/L":
            both = f"{criterion.readout.name} nor {criterion.other.name}"
            text += f" (there is nothing to compare where neither {both} is above {TRACE:g} mmol/L)"
        said.append(text)
    return tuple(said)


def _absence(
    absent: Sequence[Traced],
    axes: Sequence[Range],
    criterion: Criterion,
    readings: Array,
    looks: int,
) -> str:
    """Why there is no boundary."""
    margins = np.concatenate([one.margins for one in absent])
    sound = margins[np.isfinite(margins)]
    names = " and ".join(axis.name for axis in axes)
    if sound.size == 0:
        return f"no run over {names} can be judged"
    where = f"the range of {names}"
    if (sound > 0.0).any() and (sound <= 0.0).any():
        return f"the criterion turns in {where}, but only beside runs without a value"
    word = "everywhere" if (sound > 0.0).all() else "nowhere"
    text = f"there is no boundary: {criterion.words} is met {word} in {where}"
    finite = readings[np.isfinite(readings)]
    if finite.size:
        unit = "" if criterion.readout.unit == "1" else f" {criterion.readout.unit}"
        text += f" ({criterion.readout.name} from {finite.min():.4g} to {finite.max():.4g}{unit})"
    return f"{text}; anything smaller than 1/{looks - 1} of an axis may have been missed"


def _turning(traced: Sequence[Traced], axes: Sequence[Range]) -> list[str]:
    """Whether a straight way along an axis meets the boundary more than once."""
    if len(axes) != 2:
        return []
    said = []
    at = np.linspace(0.0, 1.0, 101)
    for k, axis in enumerate(axes):
        other = axes[1 - k]
        counts = np.array([[len(x) for x in one.crossed_at(at, 1 - k)] for one in traced])
        most = counts.max(axis=0)
        if (most > 1).any():
            (places,) = np.nonzero(most > 1)
            low, high = other.at(at[places[0]]), other.at(at[places[-1]])
            unit = "" if other.unit == "1" else f" {other.unit}"
            who = "" if len(traced) == 1 else "in some draws "
            said.append(
                f"{who}it is not monotone in {axis.name}: with {other.name} between {low:.4g} and "
                f"{high:.4g}{unit} it is met up to {most.max()} times"
            )
    return said
