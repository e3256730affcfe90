"""Figures of calibrations: rows against the model, profiles, correlations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from calcikin.calibration.identify import Evidence
    from calcikin.calibration.profiles import Profile
    from calcikin.calibration.validate import Judged

#: Where a prediction far outside is drawn, in half-widths of the interval.
_EDGE = 3.4


def forest(judged: Sequence[Judged]) -> Figure:
    """Every row with a number: the prediction within, or beside, the published interval.

    Parameters
    ----------
    judged : sequence of Judged
        As `calcikin.calibration.validate` returns them.

    Returns
    -------
    Figure
        Each interval is drawn from -1 to 1, so that rows of any unit stand below one another:
        filled circles are inside, crosses outside, arrows beyond the edge. Intervals without a
        lower or upper end are drawn to the edge.

    Raises
    ------
    InputError
        When no row has a number.
    """
    rows = [one for one in judged if math.isfinite(one.predicted) and not one.dataset.conditions]
    if not rows:
        raise InputError("no row has a number", where="forest")
    place = np.arange(len(rows))[::-1]
    with canvas.page(0.9 + 0.17 * len(rows)) as (figure, (axes,)):
        for k, one in zip(place, rows, strict=True):
            _row(axes, int(k), one)
        axes.axvline(0.0, color=canvas.GREY, linewidth=0.6)
        axes.set_yticks(place, [one.dataset.row.id for one in rows])
        axes.tick_params(axis="y", labelsize=6.5)
        axes.set_ylim(-0.8, len(rows) - 0.2)
        axes.set_xlim(-_EDGE - 0.2, _EDGE + 0.2)
        axes.set_xlabel("prediction, in half-widths of the published interval from its middle")
        for marker, colour, words in (
            ("o", canvas.BLUE, "inside"),
            ("X", canvas.VERMILION, "outside"),
        ):
            axes.plot([], [], marker, color=colour, label=words)
        axes.plot([], [], "-", color=canvas.GREY, label="interval", linewidth=3.0, alpha=0.5)
        canvas.key_beside(axes)
    return figure


def _row(axes: Axes, k: int, one: Judged) -> None:
    low, high = one.dataset.low, one.dataset.high
    left = -1.0 if math.isfinite(low) else -_EDGE
    right = 1.0 if math.isfinite(high) else _EDGE
    axes.plot([left, right], [k, k], "-", color=canvas.GREY, linewidth=3.0, alpha=0.5)
    middle, half = _frame(low, high)
    place = (one.predicted - middle) / half
    shown = float(np.clip(place, -_EDGE, _EDGE))
    inside = one.verdict == "inside"
    marker = "o" if inside else "X"
    if shown != place:
        marker = ">" if place > 0.0 else "<"
    colour = canvas.BLUE if inside else canvas.VERMILION
    axes.plot([shown], [k], marker, color=colour, fillstyle="full", markersize=4.5)
    value, half_sd = one.dataset.row.value, (one.dataset.row.value - middle) / half
    if math.isfinite(value) and abs(half_sd) <= _EDGE:
        axes.plot([half_sd], [k], "|", color=canvas.BLACK, markersize=6.0)


def _frame(low: float, high: float) -> tuple[float, float]:
    """Middle and half-width; a one-sided bound lies at -1 or 1 of a width of its own size."""
    if math.isfinite(low) and math.isfinite(high):
        return 0.5 * (low + high), max(0.5 * (high - low), 1e-300)
    if math.isfinite(high):
        return 0.0, max(abs(high), 1e-300)
    return 2.0 * low, max(abs(low), 1e-300)


def profile_likelihoods(found: Sequence[Profile]) -> Figure:
    """Rise of chi2 along each parameter, with the parabola of the linear model.

    Parameters
    ----------
    found : sequence of Profile

    Returns
    -------
    Figure
        One panel for each; the grey line is the level of a 95 % interval.

    Raises
    ------
    InputError
        Without a profile.
    """
    from calcikin.calibration.profiles import LEVEL95

    if not found:
        raise InputError("there is no profile", where="profile_likelihoods")
    with canvas.page(1.5 * len(found), rows=len(found), sharex=False) as (figure, panels):
        for axes, profile in zip(panels, found, strict=True):
            axes.plot(profile.values, profile.linear, "--", color=canvas.GREY, linewidth=1.0)
            axes.plot(profile.values, profile.rise, "o-", color=canvas.BLUE)
            axes.axhline(LEVEL95, color=canvas.VERMILION, linewidth=0.8)
            for end in (profile.low, profile.high):
                if math.isfinite(end):
                    axes.axvline(end, color=canvas.VERMILION, linewidth=0.8, linestyle=":")
            if profile.log10:
                axes.set_xscale("log")
            axes.set_ylim(-0.3, 10.0)
            unit = "" if profile.unit == "1" else f" [{profile.unit}]"
            axes.set_xlabel(f"{profile.name}{unit}")
            axes.set_ylabel("rise of χ²")
    return figure


def correlations(found: Evidence) -> Figure:
    """Correlation matrix of what is fitted, and what the data say about each direction.

    Parameters
    ----------
    found : Evidence

    Returns
    -------
    Figure
        Above the matrix; below the information of each direction, those below 1 sloppy.
    """
    n = len(found.names)
    with canvas.page(7.2, rows=2, heights=(2.2, 1.0), sharex=False) as (figure, (above, below)):
        image = above.imshow(found.correlation, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
        above.grid(visible=False)
        above.set_xticks(range(n), found.names, rotation=40, ha="right", fontsize=6.5)
        above.set_yticks(range(n), found.names, fontsize=6.5)
        for i, row in enumerate(found.correlation):
            for j, value in enumerate(row):
                colour = "white" if abs(value) > 0.6 else canvas.BLACK
                above.text(
                    j, i, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color=colour
                )
        figure.colorbar(image, ax=above, label="correlation", shrink=0.8)
        place = np.arange(n)
        values = np.maximum([d.information for d in found.directions], 1e-6)
        colours = [canvas.VERMILION if d.sloppy else canvas.BLUE for d in found.directions]
        below.barh(place, values, left=1e-6, color=colours, height=0.7)
        below.axvline(1.0, color=canvas.BLACK, linewidth=0.8)
        below.set_xscale("log")
        words = [", ".join(d.parts) for d in found.directions]
        below.set_yticks(place, words, fontsize=5.5)
        below.set_xlabel("information of the data [1]; below 1 the prior says more")
    return figure
