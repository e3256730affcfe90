"""Figures of solver benchmarks: what accuracy costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin.errors import InputError
from calcikin.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = (canvas.BLUE, canvas.VERMILION, canvas.GREEN, canvas.PURPLE, canvas.ORANGE, canvas.BLACK)
_DASHES: tuple[canvas.Dash, ...] = ("-", (0.0, (4.0, 1.5)), (0.0, (1.0, 1.2)))
_MARKERS = ("o", "s", "D", "^", "v", "P")
_NEEDED = ("solver", "rhs", "jacobian", "time_s", "error")
_COMPARED = ("solver", "role", "rtol", "trajectories_per_s_per_core", "error_geomean")
#: Colours of our solvers, and of those of others.
_SOLVERS: Mapping[str, tuple[str, ...]] = {
    "ours": (canvas.VERMILION, canvas.ORANGE),
    "peer": (canvas.BLUE, canvas.GREEN, canvas.SKY, canvas.PURPLE, canvas.BLACK, canvas.GREY),
}


def bench_work_precision(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Achieved error against computing time, one line per solver and kind of code.

    Parameters
    ----------
    results : sequence of mapping
        One per solve: ``solver``, ``rhs`` (such as "compiled", "python"), ``jacobian`` (such as
        "exact", "differences"), ``time_s`` [s] and ``error`` [1] against a tight reference, in
        the solver's own norm. Solves that failed have NaN and leave a gap.

    Returns
    -------
    Figure
        One panel, both axes logarithmic. Colour and marker tell the solver, dashes the
        right-hand side, filled or open markers the Jacobian.

    Raises
    ------
    InputError
        When there are no results or a field is missing.
    """
    _complete(results, _NEEDED, "bench_work_precision")
    solvers, codes, jacobians = (_distinct(results, name) for name in _NEEDED[:3])
    with canvas.page(4.0) as (figure, (axes,)):
        for s, solver in enumerate(solvers):
            for c, code in enumerate(codes):
                for j, jacobian in enumerate(jacobians):
                    rows = [
                        row
                        for row in results
                        if (row["solver"], row["rhs"], row["jacobian"]) == (solver, code, jacobian)
                    ]
                    rows.sort(key=lambda row: float(row.get("rtol", row["time_s"])))
                    axes.plot(
                        np.array([1e3 * float(row["time_s"]) for row in rows]),
                        np.array([float(row["error"]) for row in rows]),
                        linestyle=_DASHES[c % len(_DASHES)],
                        marker=_MARKERS[s % len(_MARKERS)],
                        color=_COLOURS[s % len(_COLOURS)],
                        markerfacecolor="white" if j else _COLOURS[s % len(_COLOURS)],
                        linewidth=1.3,
                    )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("computing time of one run [ms]")
        axes.set_ylabel("error against the reference [1]")
        for s, solver in enumerate(solvers):
            axes.plot([], [], "-", marker=_MARKERS[s % 6], color=_COLOURS[s % 6], label=str(solver))
        for c, code in enumerate(codes if len(codes) > 1 else ()):
            axes.plot([], [], linestyle=_DASHES[c % 3], color=canvas.GREY, label=f"{code} code")
        for j, jacobian in enumerate(jacobians if len(jacobians) > 1 else ()):
            axes.plot(
                [],
                [],
                " ",
                marker="o",
                color=canvas.GREY,
                markerfacecolor="white" if j else canvas.GREY,
                label=f"Jacobian: {jacobian}",
            )
        canvas.key_beside(axes)
    return figure


def bench_solvers(results: Sequence[Mapping[str, Any]], target: float = 1e-4) -> Figure:
    """Error against time per trajectory, one line per solver.

    Parameters
    ----------
    results : sequence of mapping
        One per solver and tolerance: ``solver``, ``role`` ("ours" or "peer"), ``rtol``,
        ``trajectories_per_s_per_core`` and ``error_geomean`` [1] against a tight reference.
        NaN or None where trajectories failed leaves a gap.
    target : float
        Error at which the solvers are compared; drawn as a line.

    Returns
    -------
    Figure
        One panel, both axes logarithmic. Ours are drawn thick, those of others thin.

    Raises
    ------
    InputError
        When there are no results or a field is missing.
    """
    _complete(results, _COMPARED, "bench_solvers")
    with canvas.page(4.2) as (figure, (axes,)):
        seen = dict.fromkeys(_SOLVERS, 0)
        for solver in _distinct(results, "solver"):
            rows = [row for row in results if row["solver"] == solver]
            rows.sort(key=lambda row: -float(row["rtol"]))
            role = rows[0]["role"]
            s, colours = seen[role], _SOLVERS[role]
            seen[role] += 1
            errors = [row["error_geomean"] for row in rows]
            axes.plot(
                np.array([1e3 / float(row["trajectories_per_s_per_core"]) for row in rows]),
                np.array([np.nan if e is None else float(e) for e in errors]),
                linestyle=_DASHES[s % len(_DASHES)],
                marker=_MARKERS[s % len(_MARKERS)],
                color=colours[s % len(colours)],
                linewidth=2.2 if role == "ours" else 1.2,
                label=str(solver),
            )
        axes.axhline(target, color=canvas.GREY, linewidth=0.8, linestyle=(0.0, (1.0, 2.0)))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("processor time of one trajectory [ms]")
        axes.set_ylabel("error, geometric mean [1]")
        canvas.key_beside(axes)
    return figure


def _complete(results: Sequence[Mapping[str, Any]], needed: Sequence[str], where: str) -> None:
    """Refuse no results, and results that lack a field."""
    if not results:
        raise InputError("there are no benchmark results", where=where)
    for i, row in enumerate(results):
        for name in needed:
            if name not in row:
                raise InputError(
                    f"benchmark result {i} has no {name!r}",
                    where=where,
                    hint="it needs " + ", ".join(needed),
                )


def _distinct(results: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Values of a field, in order of appearance."""
    return list(dict.fromkeys(row[name] for row in results))
