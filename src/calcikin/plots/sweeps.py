"""Figures of many runs: how a read-out depends on inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.plots import canvas
from calcikin.solvers.status import Status

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from xarray import DataArray, Dataset

    from calcikin.analysis.maps import BoundaryMap

Array = npt.NDArray[np.float64]

# Marks of points without a value, by status in order of appearance.
_MARKS = ("x", "^", "s", "v")
_HATCHES = ("////", "xxxx", "\\\\\\\\", "....")


def sweep_curve(ds: Dataset, *, read: str = "t50") -> Figure:
    """A read-out against one input, points without a value marked on the axis.

    Parameters
    ----------
    ds : Dataset
        A sweep over one input: one dimension named after it, such as ``serum.Mg``; the variable
        ``read`` and, when there is one, ``status`` (text).
    read : str
        The read-out; ``t50`` [min].

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    InputError
        When the variable is missing or does not have exactly one dimension.
    """
    values = _swept(ds, read, 1)
    (name,) = (str(dim) for dim in values.dims)
    x, y = np.asarray(ds[name], dtype=float), np.asarray(values, dtype=float)
    with canvas.page(3.4) as (figure, (axes,)):
        axes.plot(x, y, "-o", color=canvas.BLUE, label=_readout(values))
        missing = ~np.isfinite(y)
        for mark, status in zip(_MARKS * 8, _statuses(ds, values), strict=False):
            here = missing & (_status(ds, values) == status)
            axes.plot(
                x[here],
                np.full(int(here.sum()), 0.03),
                mark,
                color=canvas.VERMILION,
                fillstyle="none",
                markersize=6.5,
                markeredgewidth=1.4,
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                label=f"no value:\n{status.replace('_', ' ')}",
            )
        axes.set_xlabel(canvas.label(ds[name]))
        axes.set_ylabel(canvas.label(values, name=_readout(values)))
        axes.margins(x=0.04, y=0.12)
        if missing.any():
            canvas.key_beside(axes)
    return figure


def sweep_map(ds: Dataset, *, read: str = "t50", boundary: BoundaryMap | None = None) -> Figure:
    """A read-out against two inputs as a map of cells, cells without a value hatched.

    Parameters
    ----------
    ds : Dataset
        A sweep over two inputs; the first dimension runs along the horizontal axis.
    read : str
        The read-out; ``t50`` [min].
    boundary : BoundaryMap, optional
        A traced boundary over the same two inputs, drawn on top.

    Returns
    -------
    Figure
        One panel with a colour bar.

    Raises
    ------
    InputError
        When the variable is missing or does not have exactly two dimensions.
    """
    values = _swept(ds, read, 2)
    across, up = (str(dim) for dim in values.dims)
    x, y = np.asarray(ds[across], dtype=float), np.asarray(ds[up], dtype=float)
    z = np.asarray(values, dtype=float).T
    missing = ~np.isfinite(z)
    from matplotlib.patches import Rectangle

    with canvas.page(4.4) as (figure, (axes,)):
        axes.grid(visible=False)
        left, bottom = _edges(x), _edges(y)
        if not missing.all():
            shown = np.ma.masked_array(z, missing)
            mesh = axes.pcolormesh(left, bottom, shown, cmap="cividis")
            bar = figure.colorbar(mesh, ax=axes, pad=0.02)
            bar.set_label(canvas.label(values, name=_readout(values)))
            if min(z.shape) > 2 and np.ptp(z[~missing]) > 0.0:
                lines = axes.contour(x, y, shown, colors=canvas.BLACK, linewidths=0.8)
                lines.set_path_effects(canvas.halo())
                for text in axes.clabel(lines, fmt="%g", fontsize=8):
                    text.set_path_effects(canvas.halo())
        axes.set_xlim(left[0], left[-1])
        axes.set_ylim(bottom[0], bottom[-1])
        status = _status(ds, values).T
        for hatch, name in zip(_HATCHES * 8, _statuses(ds, values), strict=False):
            named = "no value: " + name.replace("_", " ")
            for row, column in zip(*np.nonzero(missing & (status == name)), strict=True):
                cell = Rectangle(
                    (left[column], bottom[row]),
                    left[column + 1] - left[column],
                    bottom[row + 1] - bottom[row],
                    facecolor="white",
                    edgecolor=canvas.GREY,
                    linewidth=0.0,
                    hatch=hatch,
                    label=named,
                )
                axes.add_patch(cell)
                named = "_"  # one entry in the key for each status
        if boundary is not None:
            name = f"boundary: {boundary.criterion}"
            for curve in boundary.curves():
                (rule,) = axes.plot(*curve.T, color=canvas.VERMILION, linewidth=2.2, label=name)
                rule.set_path_effects(canvas.halo(4.5))
                name = "_"
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=3)
        axes.set_xlabel(canvas.label(ds[across]))
        axes.set_ylabel(canvas.label(ds[up]))
    return figure


def phase_fractions(ds: Dataset, *, threshold: float | None = None) -> Figure:
    """Shares of the solids at the end of each run, stacked, against one input.

    Parameters
    ----------
    ds : Dataset
        A sweep over one input (Mg/Ca, usually) with ``ACP CPP1 CPP2 HAP WH`` as Ca at the end of
        each run, in one common unit; those that are missing count as none.
    threshold : float, optional
        Value of the input to mark; else the attribute ``threshold`` of the dataset, if any.

    Returns
    -------
    Figure
        One panel. Runs without any solid, and failed ones, leave a gap.

    Raises
    ------
    InputError
        When there is no solid in the data or the sweep is not over one input.
    """
    names = [name for name in canvas.PHASES if name in ds]
    if not names:
        raise InputError(
            "the sweep holds no solids",
            where="phase_fractions",
            hint="read " + ", ".join(canvas.PHASES) + " in the sweep",
        )
    amounts = [_swept(ds, name, 1) for name in names]
    (dim,) = (str(d) for d in amounts[0].dims)
    x = np.asarray(ds[dim], dtype=float)
    stack = np.stack([np.asarray(a, dtype=float) for a in amounts])
    total = stack.sum(axis=0)
    share = np.where(total > 0.0, stack / np.where(total > 0.0, total, 1.0), np.nan)
    top = np.concatenate([np.zeros((1, x.size)), np.cumsum(share, axis=0)])
    with canvas.page(3.6) as (figure, (axes,)):
        key: list[Artist] = []
        for i, name in enumerate(names):
            stroke = canvas.PHASES[name]
            key.append(
                axes.fill_between(
                    x,
                    top[i],
                    top[i + 1],
                    facecolor=_tint(stroke.colour),
                    edgecolor=stroke.colour,
                    hatch=stroke.hatch,
                    linewidth=0.8,
                    label=name,
                )
            )
        mark = canvas.number(ds.attrs, "threshold") if threshold is None else float(threshold)
        if np.isfinite(mark):
            rule = axes.axvline(mark, color=canvas.BLACK, linewidth=1.8)
            rule.set_path_effects(canvas.halo(4.5))
            rule.set_label(f"threshold\n{mark:.3g}")
            key.append(rule)
        axes.set_ylim(0.0, 1.0)
        axes.set_xlim(x.min(), x.max())
        axes.set_xlabel(canvas.label(ds[dim]))
        axes.set_ylabel("share of the solid Ca [1]")
        canvas.key_beside(axes, handles=key[::-1])
    return figure


def threshold(result: Mapping[str, Any] | Any) -> Figure:
    """The search for a threshold: crystalline fraction against the ratio, with the bracket.

    Parameters
    ----------
    result : mapping or object
        ``ratio`` and ``fraction``, ndarrays, shape (n,): the ratios tried, in any order, and the
        crystalline fraction of each [1]; ``level``: the fraction at the threshold [1];
        ``bracket``: the last two ratios around it; ``threshold``: the ratio found (a number, or a
        mapping with ``total``); ``criterion``: its words. NaN for what was not found. With
        ``over``, ``unit`` and ``value`` the horizontal axis is another input than Mg/Ca, and the
        threshold its value.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    InputError
        When a field is missing.
    """
    ratio = np.asarray(_field(result, "ratio"), dtype=float)
    fraction = np.asarray(_field(result, "fraction"), dtype=float)
    level, bracket = float(_field(result, "level")), np.asarray(_field(result, "bracket"))
    found = _field(result, "threshold")
    at = float(found["total"] if isinstance(found, Mapping) else found)
    over, x_label = _field(result, "over", "Mg/Ca"), "Mg/Ca, total [mol/mol]"
    if over != "Mg/Ca":
        at = float(_field(result, "value"))
        x_label = canvas.named(str(over), str(_field(result, "unit", "1")))
    order = np.argsort(ratio)
    closed = bracket.size == 2 and bool(np.isfinite(bracket).all())
    zoom = closed and np.isfinite(at)
    with canvas.page(4.8 if zoom else 3.2, 2 if zoom else 1, sharex=False) as (figure, panels):
        for axes in panels:
            if closed:
                axes.axvspan(*map(float, bracket), color=canvas.SKY, alpha=0.45, lw=0)
            axes.plot(ratio[order], fraction[order], "-o", color=canvas.VERMILION)
            axes.axhline(level, color=canvas.GREY, linestyle=(0.0, (3.0, 1.5)), linewidth=1.2)
            if np.isfinite(at):
                axes.axvline(at, color=canvas.BLACK, linewidth=1.2)
            axes.set_ylabel("crystalline fraction [1]")
        panels[0].set_ylim(-0.03, 1.03)
        panels[0].set_title(str(_field(result, "criterion")), loc="left")
        words = (
            *(["bracket"] if closed else []),
            f"runs ({ratio.size})",
            f"level {level:g}",
            *([f"threshold\n{at:.3g}"] if np.isfinite(at) else []),
        )
        handles = [*panels[0].patches, *panels[0].get_lines()]
        canvas.key_beside(panels[0], handles=handles, labels=words)
        if zoom:
            # the neighbourhood of the threshold: a few brackets wide, at least 4 % of it
            reach = max(3.0 * float(np.ptp(bracket)), 0.04 * abs(at))
            panels[1].set_xlim(at - reach, at + reach)
            panels[1].set_ylim(-0.2 * level, 4.0 * level)
        panels[-1].set_xlabel(x_label)
    return figure


def _swept(ds: Dataset, read: str, dims: int) -> DataArray:
    """A swept variable with so many dimensions."""
    values = canvas.variable(ds, read)
    if values.ndim != dims:
        raise InputError(
            f"{read!r} depends on {values.ndim} inputs ({', '.join(map(str, values.dims))}); "
            f"this figure shows {dims}",
            where="plots",
            hint="choose a slice first, such as ds.isel({...})",
        )
    return values


def _readout(values: DataArray) -> str:
    """What an axis calls a read-out."""
    name = str(values.attrs.get("long_name") or values.name)
    return "T50" if name == "t50" else name


def _status(ds: Dataset, values: DataArray) -> npt.NDArray[np.str_]:
    """Why a point has no value: its status in words, of a sound run what it lacks."""
    if "status" not in ds or ds["status"].shape != values.shape:
        return np.full(values.shape, "failed")
    status = np.asarray(ds["status"])
    if status.dtype.kind not in "iu":
        return status.astype(str)
    words = np.array([Status(int(code)).word for code in status.flat]).reshape(status.shape)
    if "reason" in ds:
        # Of a sound run the reason names each number that it lacks: "t50: no transition; ..."
        parts = np.array(
            [
                dict(part.split(": ", 1) for part in str(said).split("; ") if ": " in part).get(
                    str(values.name), "not reached"
                )
                for said in np.asarray(ds["reason"]).flat
            ]
        ).reshape(status.shape)
        words = np.where(status == Status.OK, parts, words)
    return words


def _statuses(ds: Dataset, values: DataArray) -> list[str]:
    """Distinct statuses of the points without a value."""
    missing = ~np.isfinite(np.asarray(values, dtype=float))
    return [str(status) for status in np.unique(_status(ds, values)[missing])]


def _edges(centre: Array) -> Array:
    """Edges of cells from their centres: half way between neighbours."""
    if centre.size == 1:
        half = 0.05 * abs(float(centre[0])) or 0.5
        return np.array([centre[0] - half, centre[0] + half])
    middle = 0.5 * (centre[1:] + centre[:-1])
    first, last = 2.0 * centre[0] - middle[0], 2.0 * centre[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])


def _tint(colour: str) -> tuple[float, float, float]:
    """A lighter tint, so that hatches in the full colour can be seen on it."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return (0.45 + 0.55 * red, 0.45 + 0.55 * green, 0.45 + 0.55 * blue)


def _field(result: Mapping[str, Any] | Any, name: str, default: Any = None) -> Any:
    """A field of a result, whether it is a mapping or an object."""
    try:
        return result[name] if isinstance(result, Mapping) else getattr(result, name)
    except (KeyError, AttributeError):
        if default is not None:
            return default
        raise InputError(
            f"the threshold result has no {name!r}",
            where="plots.threshold",
            hint="give what the threshold search returns",
        ) from None
