"""Figures of one run: what happened over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataArray, Dataset

#: Read-outs of T50: attribute, name, colour and dashes.
_READINGS = (
    ("t50_min", "T50, light", canvas.PURPLE, "-"),
    ("t50_crystalline_min", "T50, crystals", canvas.GREY, (0.0, (3.0, 1.5))),
)


def time_course(ds: Dataset) -> Figure:
    """Solids, dissolved ions and pH of one run against time.

    Parameters
    ----------
    ds : Dataset
        Result of a run: ``time`` [min]; ``ACP CPP1 CPP2 HAP WH`` as Ca and ``Ca Mg Pi``
        [mmol/L]; ``pH``. Solids that the run does not have are left out.

    Returns
    -------
    Figure
        Three panels.

    Raises
    ------
    InputError
        When a variable is missing.
    """
    time, factor, time_label = canvas.time_axis(ds)
    with canvas.page(6.4, 3, heights=(3.0, 2.2, 1.3)) as (figure, (solids, ions, acidity)):
        for name, stroke in canvas.PHASES.items():
            if name in ds:
                solids.plot(time, ds[name], color=stroke.colour, linestyle=stroke.dash, label=name)
        solids.set_ylabel("solid, as Ca [mmol/L]")
        for name, stroke in canvas.DISSOLVED.items():
            values = canvas.variable(ds, name)
            ions.plot(time, values, color=stroke.colour, linestyle=stroke.dash, label=name)
        ions.set_ylabel("dissolved [mmol/L]")
        ph = canvas.variable(ds, "pH")
        acidity.plot(time, ph, color=canvas.BLACK)
        acidity.set_ylabel("pH")
        _at_least(acidity, ph, 0.1)
        acidity.set_xlabel(time_label)
        for panel in (solids, ions):
            panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
        for axes in (solids, ions, acidity):
            _mark_t50(axes, ds, factor, named=axes is solids)
        canvas.key_beside(solids)
        canvas.key_beside(ions)
        acidity.set_xlim(time[0], time[-1])
    return figure


def t50_curve(ds: Dataset) -> Figure:
    """The virtual nephelometer curve and the crystalline fraction, with T50 from each.

    Parameters
    ----------
    ds : Dataset
        Result of a run: ``time`` [min], ``nephelometry`` [arbitrary units],
        ``crystalline_fraction`` [1]; attributes ``t50_min``, ``t50_crystalline_min`` and
        ``t50_status`` (else ``status``).

    Returns
    -------
    Figure
        Two panels. A T50 that was not found is named as such in the key.

    Raises
    ------
    InputError
        When a variable is missing.
    """
    time, factor, time_label = canvas.time_axis(ds)
    panels = (
        ("nephelometry", "scattered light", canvas.BLUE),
        ("crystalline_fraction", "crystalline fraction", canvas.VERMILION),
    )
    with canvas.page(4.6, 2) as (figure, axes):
        for panel, (name, words, colour), reading in zip(axes, panels, _READINGS, strict=True):
            values = np.asarray(canvas.variable(ds, name), dtype=float)
            panel.plot(time, values, color=colour)
            panel.set_ylabel(canvas.label(ds[name], name=words))
            attribute, title, mark, dash = reading
            t50 = canvas.number(ds.attrs, attribute)
            if np.isfinite(t50):
                at = t50 * factor
                level = np.interp(at, time, values)
                text = f"{title}\n{t50:.0f} min"
                panel.axvline(at, color=mark, linestyle=dash, linewidth=1.2, label=text)
                panel.plot([at], [level], "o", color=mark, markeredgecolor="white")
            else:
                status = str(ds.attrs.get("t50_status") or ds.attrs.get("status") or "ok")
                light = attribute == "t50_min" and status != "ok"
                why = status.replace("_", " ") if light else "not reached"
                panel.plot([], [], " ", label=f"{title}:\n{why}")
            canvas.key_beside(panel)
        axes[1].set_ylim(-0.03, 1.03)
        axes[1].set_xlabel(time_label)
        axes[1].set_xlim(time[0], time[-1])
    return figure


def _mark_t50(axes: Axes, ds: Dataset, factor: float, *, named: bool) -> None:
    """Vertical lines at the T50 of both read-outs, in the key of one panel only."""
    for attribute, title, colour, dash in _READINGS:
        t50 = canvas.number(ds.attrs, attribute)
        if np.isfinite(t50):
            name = f"{title}\n{t50:.0f} min" if named else None
            axes.axvline(
                t50 * factor, color=colour, linestyle=dash, linewidth=1.0, zorder=1.5, label=name
            )


def _at_least(axes: Axes, values: DataArray, span: float) -> None:
    """Show at least so much of the vertical, so that a steady value does not look like an event."""
    low, high = float(values.min()), float(values.max())
    if high - low < span:
        middle = 0.5 * (low + high)
        axes.set_ylim(middle - 0.5 * span, middle + 0.5 * span)
