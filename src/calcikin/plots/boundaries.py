"""Figures of traced boundaries: the line in two inputs, the surface in three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from calcikin.analysis.maps import BoundaryMap
    from calcikin.analysis.ranges import Range

Array = npt.NDArray[np.float64]
#: Lines of single draws beyond this number would only make a grey area.
_MOST_DRAWS = 60
_FIELD = 301


def boundary_map(found: BoundaryMap) -> Figure:
    """Where a criterion turns, with the runs that show it.

    Parameters
    ----------
    found : BoundaryMap
        Over two inputs: the side on which the criterion is met is tinted, every run is a point,
        filled where it is met, a cross where it cannot be told. With draws: the line of each, thin,
        and the lines within which the criterion is met in a low, half and high share of the draws.
        Over three inputs: the surface.

    Returns
    -------
    Figure
    """
    if len(found.axes) == 3:
        return _surface(found)
    across, up = found.axes
    several = len(found.traced) > 1
    with canvas.page(4.4) as (figure, (axes,)):
        axes.grid(visible=False)
        u = np.linspace(0.0, 1.0, _FIELD)
        x, y = across.at(u), up.at(u)
        if not several:
            mesh = np.stack(np.meshgrid(u, u, indexing="ij"), axis=-1).reshape(-1, 2)
            depth = found.traced[0].depth(mesh).reshape(_FIELD, _FIELD).T
            depth = np.where(np.isnan(depth), -1.0, depth)
            # distances in the unit square are below 2; infinite where there is no boundary
            axes.contourf(x, y, np.clip(depth, -1.0, 1.0), levels=[0.0, 2.0], colors=["#DCEBF5"])
            points, met = found.points, found.met
            for value, style in ((1.0, {"color": canvas.BLUE}), (0.0, {"color": canvas.GREY})):
                here = met == value
                if not here.any():
                    continue
                axes.plot(
                    points[here, 0],
                    points[here, 1],
                    "o",
                    markersize=2.6,
                    markerfacecolor=style["color"] if value else "white",
                    markeredgecolor=style["color"],
                    markeredgewidth=0.7,
                    clip_on=False,
                    label=f"run, {'met' if value else 'not met'}",
                )
            lost = np.isnan(met)
            if lost.any():
                axes.plot(
                    points[lost, 0],
                    points[lost, 1],
                    "x",
                    markersize=5.0,
                    color=canvas.VERMILION,
                    clip_on=False,
                    label="run, cannot be told",
                )
            label = "boundary"
            for line in found.curves():
                axes.plot(line[:, 0], line[:, 1], color=canvas.BLACK, linewidth=1.8, label=label)
                label = "_"
        else:
            _draws(axes, found, x, y)
        _scales(axes, across, up)
        axes.set_title(f"met where {found.criterion}", loc="left")
        canvas.key_beside(axes)
        if not found.found:
            text = axes.text(
                0.5, 0.5, "no boundary", transform=axes.transAxes, ha="center", va="center"
            )
            text.set_path_effects(canvas.halo())
    return figure


def _draws(axes: Axes, found: BoundaryMap, x: Array, y: Array) -> None:
    """Lines of the draws and of the shares of the draws."""
    label = f"single draws ({len(found.traced)})"
    for draw in range(min(len(found.traced), _MOST_DRAWS)):
        for line in found.curves(draw):
            axes.plot(line[:, 0], line[:, 1], color=canvas.SKY, linewidth=0.5, label=label)
            label = "_"
    share = found.probability
    if share is None:
        return
    n = share.shape[0]
    u = np.linspace(0.0, 1.0, n)
    tail = 0.5 * (1.0 - found.confidence)
    dashes: tuple[canvas.Dash, ...] = ((0.0, (4.0, 1.5)), "-", (0.0, (1.0, 1.2)))
    told = np.isfinite(share)
    for level, dash in zip((tail, 0.5, 1.0 - tail), dashes, strict=True):
        if not (share[told].min() < level < share[told].max()):
            continue
        axes.contour(
            found.axes[0].at(u),
            found.axes[1].at(u),
            np.ma.masked_invalid(share.T),
            levels=[level],
            colors=canvas.BLACK,
            linewidths=1.6,
            linestyles=[dash],
        )
        name = f"met in {100.0 * level:g} %\nof the draws"
        axes.plot([], [], color=canvas.BLACK, linewidth=1.6, linestyle=dash, label=name)


def _scales(axes: Axes, across: Range, up: Range) -> None:
    """Limits, logarithms and labels."""
    axes.set_xlim(across.low, across.high)
    axes.set_ylim(up.low, up.high)
    if across.logarithmic:
        axes.set_xscale("log")
    if up.logarithmic:
        axes.set_yscale("log")
    axes.set_xlabel(_label(across))
    axes.set_ylabel(_label(up))


def _label(axis: Range) -> str:
    return canvas.named(axis.name, axis.unit)


def _surface(found: BoundaryMap) -> Figure:
    """The surface in three inputs, seen from above one corner."""
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

    one = found.traced[0]
    for axis in found.axes:
        if axis.logarithmic:
            raise InputError(
                f"{axis.name} spans more than a factor of 20 and is traced in its logarithm, which "
                "a surface cannot show",
                where="boundary_map",
                hint="a narrower range, or the numbers as JSON",
            )
    with canvas.styled():
        figure = Figure(figsize=(canvas.PAGE_WIDTH, 5.4))
        axes: Any = figure.add_axes((0.02, 0.04, 0.86, 0.9), projection="3d")
        vertices = found.values(one.vertices)
        patches = Poly3DCollection(
            [vertices[face] for face in one.faces],
            facecolors=canvas.SKY,
            edgecolors="#33658A",
            linewidths=0.4,
            alpha=0.85,
            shade=True,
        )
        axes.add_collection3d(patches)
        for set_limits, set_label, axis in zip(
            (axes.set_xlim, axes.set_ylim, axes.set_zlim),
            (axes.set_xlabel, axes.set_ylabel, axes.set_zlabel),
            found.axes,
            strict=True,
        ):
            set_limits(axis.low, axis.high)
            set_label(_label(axis), labelpad=8.0)
        axes.set_title(f"{_towards(found)}: {found.criterion}", loc="left")
    return figure


def _towards(found: BoundaryMap) -> str:
    """On which side of a surface the criterion is met, along the axis that parts the sides most."""
    margins = found.traced[0].margins
    met, other = (found.traced[0].points[side] for side in (margins > 0.0, margins <= 0.0))
    apart = met.mean(axis=0) - other.mean(axis=0)
    k = int(np.argmax(np.abs(apart)))
    name = found.axes[k].name.replace(".", " ")
    return f"met towards {'higher' if apart[k] > 0.0 else 'lower'} {name}"
