"""`--uncertainty N`: what a fit leaves open, carried to the answer of `run` and `threshold`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from calcikin.analysis import Threshold
    from calcikin.simulate.model import Model

__all__ = ["check", "of_run", "of_threshold", "pairs", "uncertainty_option"]

F = TypeVar("F", bound=Callable[..., Any])
#: Read-outs of a run that are told with an interval: those that take the ensemble 2 ms a run.
READ = ("t50", "t50_crystalline", "crystalline_fraction")

uncertainty_option = click.option(
    "--uncertainty",
    type=int,
    metavar="N",
    help="Also N runs with parameters drawn from what the fit leaves open: 95 % intervals.",
)


def check(model: Model, count: int | None) -> None:
    """Refuse what cannot be drawn, before anything long starts."""
    if count is not None:
        from calcikin.calibration.uncertainty import draws_of

        draws_of(model, count)


def of_run(model: Model, count: int, rtol: float | None) -> dict[str, Any]:
    """Read-outs of a run with 95 % intervals, as plain data by name of the read-out."""
    from calcikin.calibration import predict

    return {name: s.to_dict() for name, s in predict(model, READ, draws=count, rtol=rtol).items()}


def of_threshold(
    found: Threshold, model: Model, read: str, count: int, rtol: float | None
) -> dict[str, Any]:
    """A threshold with its 95 % interval, as plain data."""
    from calcikin.calibration import threshold_spread

    tried = found.ratio
    spread = threshold_spread(
        model,
        found.over,
        read=read,
        level=found.level,
        found=found.value,
        low=float(tried.min()),
        high=float(tried.max()),
        draws=count,
        rtol=rtol,
    )
    return {found.over: spread.to_dict()}


def pairs(spreads: Mapping[str, Mapping[str, Any]]) -> Sequence[tuple[str, str]]:
    """Names and intervals for print; what no draw has is left out."""
    rows = []
    for name, spread in spreads.items():
        if spread["without"] == spread["draws"]:
            continue
        unit = "" if spread["unit"] == "1" else f" {spread['unit']}"
        ends = [_number(spread[k]) for k in ("low", "high")]
        text = f"{ends[0]} to {ends[1]}{unit} (95 % of {spread['draws']} parameter sets)"
        if spread["without"]:
            text += f", {spread['without']} without a number"
        rows.append((f"{name}, interval", text))
    return rows


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "beyond the run"
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{value:.0f}"
