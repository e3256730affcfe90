"""Figures of sensitivities: tornado of elasticities, Morris' plane, bars of Sobol indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from calcikin.analysis.sensitivity import Sensitivity

Array = npt.NDArray[np.float64]
#: Factors that a figure shows at most, the most influential ones.
_SHOWN = 20
_WHISKER = {"ecolor": canvas.BLACK, "elinewidth": 1.0, "capsize": 2.0}


def sensitivity(found: Sensitivity) -> Figure:
    """The figure that belongs to the method.

    Parameters
    ----------
    found : Sensitivity

    Returns
    -------
    Figure
        `tornado`, `morris_plane` or `sobol_bars`.
    """
    return {"local": tornado, "morris": morris_plane, "sobol": sobol_bars}[found.method](found)


def tornado(found: Sensitivity) -> Figure:
    """Elasticities as bars to either side of zero, the largest on top, with their errors.

    Parameters
    ----------
    found : Sensitivity
        Of the method ``local``.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        For another method, or when no factor has a number.
    """
    names, (elasticity, error) = _shown(found, "local", "elasticity", "elasticity_error")
    place = np.arange(len(names))
    with canvas.page(_height(len(names))) as (figure, (axes,)):
        colours = [canvas.BLUE if e > 0.0 else canvas.VERMILION for e in elasticity]
        axes.barh(place, elasticity, xerr=error, color=colours, height=0.68, error_kw=_WHISKER)
        for k, value in enumerate(elasticity):
            _beside(axes, float(value), float(error[k]), k, f"{value:.2g}")
        axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
        canvas.name_rows(axes, names)
        axes.margins(x=0.14)
        axes.set_xlabel(f"elasticity, d ln {found.response} / d ln factor [1]")
    return figure


def morris_plane(found: Sensitivity) -> Figure:
    """Strength of each factor against the spread of its effects, as points with names.

    Parameters
    ----------
    found : Sensitivity
        Of the method ``morris``.

    Returns
    -------
    Figure
        Bars of µ* with their interval, and the plane of σ against µ*.

    Raises
    ------
    InputError
        For another method, or when no factor has a number.
    """
    names, (strength, low, high, spread) = _shown(
        found, "morris", "strength", "strength_low", "strength_high", "spread"
    )
    unit = canvas.pretty(found.unit)
    heights = (len(names) * 0.24 + 0.6, 2.6)
    interval = _interval(strength, low, high)
    # over decades where it can be: the weak factors lie close together
    wide = bool(np.all(strength > 0.0) and np.all(spread[np.isfinite(spread)] > 0.0))
    with canvas.page(sum(heights) + 0.7, 2, heights=heights, sharex=False) as (figure, panels):
        bars, plane = panels
        place = np.arange(len(names))
        bars.barh(place, strength, xerr=interval, color=canvas.BLUE, height=0.68, error_kw=_WHISKER)
        canvas.name_rows(bars, [f"{name}  {k + 1}" for k, name in enumerate(names)])
        bars.set_xlabel(f"strength µ* of the effect on {found.response} [{unit}]")
        if wide:
            plane.set_xscale("log")
            plane.set_yscale("log")
        plane.plot(strength, spread, "o", color=canvas.BLUE, zorder=4)  # above the halo of names
        ends = [float(f(strength)) for f in (np.nanmin, np.nanmax)]
        plane.plot(ends, ends, color=canvas.GREY, linestyle=(0.0, (3.0, 1.5)), label="σ = µ*")
        for k, (x, y) in enumerate(zip(strength, spread, strict=True)):
            # away from the line, along which the factors lie
            side = 1.0 if x > y else -1.0
            text = plane.annotate(
                str(k + 1),
                (x, y),
                (4.0 * side, -2.0 * side),
                textcoords="offset points",
                fontsize=8,
                ha="left" if x > y else "right",
                va="top" if x > y else "bottom",
            )
            text.set_path_effects(canvas.halo())
        plane.margins(0.12)
        plane.set_xlabel(f"strength µ* [{unit}]")
        plane.set_ylabel(f"spread σ [{unit}]")
        plane.legend(loc="upper left")
    return figure


def sobol_bars(found: Sensitivity) -> Figure:
    """First-order and total indices side by side, with their intervals.

    Parameters
    ----------
    found : Sensitivity
        Of the method ``sobol``.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        For another method, or when no factor has a number.
    """
    names, (total, total_low, total_high, first, first_low, first_high) = _shown(
        found, "sobol", "total", "total_low", "total_high", "first", "first_low", "first_high"
    )
    place = np.arange(len(names))
    with canvas.page(_height(len(names), 0.34)) as (figure, (axes,)):
        for shift, value, low, high, colour, hatch, label in (
            (-0.19, total, total_low, total_high, canvas.BLUE, "", "total: with others too"),
            (0.19, first, first_low, first_high, canvas.ORANGE, "////", "first order: alone"),
        ):
            axes.barh(
                place + shift,
                value,
                xerr=_interval(value, low, high),
                height=0.36,
                color=colour,
                edgecolor="white",
                hatch=hatch,
                linewidth=0.0,
                error_kw=_WHISKER,
                label=label,
            )
        axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
        canvas.name_rows(axes, names)
        axes.set_xlabel(f"share of the variance of {found.response} [1]")
        axes.legend(loc="lower right")
    return figure


def _shown(found: Sensitivity, method: str, *columns: str) -> tuple[list[str], list[Array]]:
    """Names and columns of the most influential factors; the first column ranks."""
    if found.method != method:
        raise InputError(
            f"this figure shows the method {method}, not {found.method}",
            where="plots",
            hint="plots.sensitivity chooses the figure",
        )
    chosen = [k for k in found.ranking if np.isfinite(found.columns[columns[0]][k])][:_SHOWN]
    if not chosen:
        raise InputError("no factor has a number to show", where="plots")
    return [found.names[k] for k in chosen], [found.columns[name][chosen] for name in columns]


def _height(count: int, each: float = 0.26) -> float:
    return max(1.9, 0.9 + each * count)


def _interval(value: object, low: object, high: object) -> Array:
    """Lengths of error bars; a resampled interval may leave out the value itself."""
    centre, below, above = (np.asarray(part, dtype=float) for part in (value, low, high))
    return np.asarray(np.nan_to_num(np.maximum([centre - below, above - centre], 0.0)))


def _beside(axes: Axes, value: float, error: float, row: int, words: str) -> None:
    """A number at the end of a bar."""
    right = value >= 0.0
    end = value + (error if right else -error)
    axes.annotate(
        words,
        (end, row),
        (4.0 if right else -4.0, 0.0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=8,
    )
