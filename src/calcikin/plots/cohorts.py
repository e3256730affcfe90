"""Figures of cohorts: how a read-out is distributed over groups of patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset

_STROKES = (
    canvas.Stroke(canvas.BLUE, "-"),
    canvas.Stroke(canvas.VERMILION, (0.0, (7.0, 2.0))),
    canvas.Stroke(canvas.GREEN, (0.0, (4.0, 1.5, 1.2, 1.5))),
    canvas.Stroke(canvas.ORANGE, (0.0, (1.0, 1.2))),
    canvas.Stroke(canvas.PURPLE, (0.0, (6.0, 2.0, 1.2, 2.0))),
    canvas.Stroke(canvas.BLACK, (0.0, (4.0, 1.5, 1.2, 1.5, 1.2, 1.5))),
)


def cohort(ds: Dataset, *, read: str = "t50") -> Figure:
    """Distribution of a read-out of a sweep over the groups that its points are labelled with.

    Parameters
    ----------
    ds : Dataset
        A sweep over patients, with labels such as ``stage`` along its points.
    read : str
        The read-out.

    Returns
    -------
    Figure
        `cohort_distributions` by the label with the fewest groups; all together where each has more
        than six.

    Raises
    ------
    InputError
        When the read-out is missing, or nobody has a number.
    """
    if read not in ds:
        raise InputError(f"the table has no {read}", where="cohort", hint=", ".join(map(str, ds)))
    values = ds[read]
    labels = [
        [str(word) for word in column.values]
        for column in ds.coords.values()
        if column.dims == values.dims and column.dtype.kind in "OSTU"
    ]
    everybody = ["everybody"] * values.size
    label = min(labels, key=lambda words: len(set(words)), default=everybody)
    if len(set(label)) > len(_STROKES):
        label = everybody
    numbers, words = np.asarray(values, dtype=float), np.array(label)
    return cohort_distributions(
        {word: numbers[words == word] for word in dict.fromkeys(label)},
        name=str(values.attrs.get("long_name", read)),
        unit=str(values.attrs.get("units", "1")),
    )


def cohort_distributions(
    groups: Mapping[str, npt.ArrayLike], *, name: str = "T50", unit: str = "min"
) -> Figure:
    """Cumulative distribution of a read-out in each group, and its quartiles below.

    Parameters
    ----------
    groups : mapping of str to array_like, shape (n,)
        Group, such as a stage of kidney disease -> read-out of each member [unit]. NaN for members
        that have no such number: they count in the group, so that its curve ends below one.
    name, unit : str
        Of the read-out.

    Returns
    -------
    Figure
        Above, the share of each group at or below a value; below, median, quartiles and the central
        90 % of the members that have a number.

    Raises
    ------
    InputError
        When no member of any group has a number.
    """
    numbers = {group: np.asarray(values, dtype=float) for group, values in groups.items()}
    if not any(np.isfinite(values).any() for values in numbers.values()):
        raise InputError("no member of any group has a number", where="cohort_distributions")
    count = len(numbers)
    with canvas.page(3.6 + 0.26 * count, 2, heights=(2.6, 0.3 + 0.26 * count)) as (
        figure,
        (curves, boxes),
    ):
        for row, (group, values) in enumerate(numbers.items()):
            stroke = _STROKES[row % len(_STROKES)]
            found = np.sort(values[np.isfinite(values)])
            if found.size == 0:
                boxes.plot([], [])
                continue
            share = np.arange(1, found.size + 1) / values.size
            without = values.size - found.size
            label = f"{group} ({values.size})" + (f"\n{without} without" if without else "")
            curves.step(
                np.concatenate([[found[0]], found]),
                np.concatenate([[0.0], share]),
                where="post",
                color=stroke.colour,
                linestyle=stroke.dash,
                label=label,
            )
            low, first, middle, last, high = np.quantile(found, [0.05, 0.25, 0.5, 0.75, 0.95])
            boxes.plot([low, high], [row, row], color=stroke.colour, linewidth=1.2)
            boxes.barh(row, last - first, left=first, height=0.5, color=stroke.colour, alpha=0.55)
            boxes.plot([middle], [row], "|", color=canvas.BLACK, markersize=10, markeredgewidth=1.8)
        curves.set_ylim(0.0, 1.0)
        curves.set_ylabel("share of the group [1]")
        canvas.name_rows(boxes, list(numbers))
        boxes.set_xlabel(canvas.named(name, unit))
        canvas.key_beside(curves)
    return figure
