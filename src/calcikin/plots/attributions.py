"""Figures of attributions: a waterfall of contributions, and their map over a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from calcikin.analysis.attribution import Attribution

_REMAINDER = "with none of them"
#: Contributions below this share of the largest are drawn as one bar.
_SMALL = 0.005
_COLOURS = (
    canvas.BLUE,
    canvas.VERMILION,
    canvas.GREEN,
    canvas.ORANGE,
    canvas.PURPLE,
    canvas.SKY,
    canvas.BLACK,
)
_HATCHES = ("", "////", "\\\\\\\\", "xxxx", "....", "----", "++++")


def waterfall(found: Attribution) -> Figure:
    """Contributions one below the other, each from where the last one ended, down to the total.

    Parameters
    ----------
    found : Attribution

    Returns
    -------
    Figure
        Contributions under half a percent of the largest share one bar.
    """
    bars, small = _bars(found)
    if small:
        bars.append((f"{len(small)} smaller ones", sum(small.values())))
    remainder = float(found.remainder.sum())
    if found.by == "mechanisms":
        bars.append((_REMAINDER, remainder))
    total = float(found.total.sum())
    with canvas.page(max(2.2, 1.2 + 0.28 * (len(bars) + 1))) as (figure, (axes,)):
        reached = 0.0
        span = max(abs(total), *(abs(value) for _, value in bars), 1e-300)
        for row, (name, value) in enumerate(bars):
            colour = canvas.GREY if name == _REMAINDER else _sign_colour(value)
            axes.barh(row, value, left=reached, color=colour, height=0.62)
            reached += value
            axes.plot([reached, reached], [row - 0.31, row + 1.31], color=canvas.BLACK, lw=0.7)
        axes.barh(len(bars), total, color="#444444", height=0.62)
        axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
        canvas.name_rows(axes, [*(name for name, _ in bars), "total"])
        for row, value in enumerate((*(value for _, value in bars), total)):
            # round() + 0.0: no "-0 %"
            share = f" ({round(100.0 * value / total) + 0.0:.0f} %)" if total else ""
            small_number = 0.0 if abs(value) < 1e-9 * span else value
            axes.annotate(
                f"{small_number:+.3g}{share}",
                (1.01, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                annotation_clip=False,
            )
        axes.use_sticky_edges = False
        axes.margins(x=0.04)
        axes.set_xlabel(f"change of {found.response} [{canvas.pretty(found.unit)}]")
        axes.set_title(_title(found), loc="left")
    return figure


def attribution_map(found: Attribution) -> Figure:
    """Contributions over the steps of a change, stacked above and below zero, with the total.

    Parameters
    ----------
    found : Attribution
        With two steps or more.

    Returns
    -------
    Figure
        The read-out itself above, the change per step below.

    Raises
    ------
    InputError
        For a single step.
    """
    steps = len(found.total)
    if steps < 2:
        raise InputError("a map takes two steps or more", where="attribution_map", hint="--steps 8")
    bars, small = _bars(found)
    width = np.diff(found.levels)
    middle = 0.5 * (found.levels[:-1] + found.levels[1:])
    rates = {name: found.values[:, found.players.index(name)] / width for name, _ in bars[:6]}
    others = [name for name, _ in bars[6:]] + list(small)
    if others:
        rates["others"] = sum(found.values[:, found.players.index(n)] for n in others) / width
    name, _, rest = found.of.partition(":")
    several = ";" in found.of or found.levels[-1] == 1.0
    unit = "" if several or " -> " not in rest else rest.rpartition(" ")[2]
    with canvas.page(5.2, 2, heights=(1.4, 2.6)) as (figure, (above, below)):
        above.plot(found.levels, found.readings, "-o", color=canvas.BLUE)
        above.set_ylabel(canvas.named(found.readout, found.readout_unit))
        positive, negative = np.zeros(steps), np.zeros(steps)
        for k, (player, rate) in enumerate(rates.items()):
            base = np.where(rate >= 0.0, positive, negative)
            below.bar(
                middle,
                rate,
                width=0.86 * width,
                bottom=base,
                color=_COLOURS[k % len(_COLOURS)] if player != "others" else "#BBBBBB",
                edgecolor="white",
                linewidth=0.0,
                hatch=_HATCHES[k % len(_HATCHES)],
                label=player.replace("_", " "),
            )
            positive += np.maximum(rate, 0.0)
            negative += np.minimum(rate, 0.0)
        below.plot(middle, found.total / width, "D", color=canvas.BLACK, label="total")
        below.lines[-1].set_path_effects(canvas.halo(3.0))
        below.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
        per = "the change" if several else canvas.pretty(unit or "1")
        below.set_ylabel(f"change of {found.response} [{canvas.pretty(found.unit)} per {per}]")
        below.set_xlabel("share of the change [1]" if several else canvas.named(name, unit or "1"))
        canvas.key_beside(below)
    return figure


def _bars(found: Attribution) -> tuple[list[tuple[str, float]], dict[str, float]]:
    """Contributions to show one by one, and the small ones."""
    contributions = found.contributions
    largest = max(map(abs, contributions.values()), default=0.0)
    shown = [(n, v) for n, v in contributions.items() if abs(v) >= _SMALL * largest]
    small = {n: v for n, v in contributions.items() if abs(v) < _SMALL * largest}
    if len(small) == 1:
        shown, small = [*shown, *small.items()], {}
    return shown, small


def _sign_colour(value: float) -> str:
    return canvas.BLUE if value >= 0.0 else canvas.VERMILION


def _title(found: Attribution) -> str:
    unit = canvas.pretty(found.readout_unit)
    first, last = found.readings[0], found.readings[-1]
    words = [f"{v:.4g} {unit}" if np.isfinite(v) else "never" for v in (first, last)]
    return f"{found.of.replace('->', '→')}    {found.readout} {words[0]} → {words[1]}"
