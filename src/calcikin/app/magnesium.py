"""The magnesium sweep of the page: T50 over magnesium, and where a threshold is crossed.

The points are evaluated in batches that grow until one takes as long as a slider may wait, so that
a sweep never holds up a run; between batches it may be told that nobody wants it any more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.thresholds import DEFAULT_AT, DEFAULT_LEVEL
from calcikin.app.composition import sweep_range
from calcikin.simulate.model import Model
from calcikin.sweep.batch import evaluate_many

__all__ = ["Stale", "magnesium_sweep"]

Array = npt.NDArray[np.float64]
#: Points of the first look, and between the two that enclose the threshold.
POINTS, BETWEEN = 21, 5
#: So many points must have a T50, to draw a curve; otherwise more are set below the threshold.
FEWEST = 8
#: How long a batch may take [s]: a slider that moves meanwhile waits for it.
BATCH_S = 0.05


class Stale(Exception):
    """A newer request has come; nobody waits for this answer."""


def magnesium_sweep(
    model: Model,
    turn: Callable[[], AbstractContextManager[object]],
    stale: Callable[[], bool],
) -> dict[str, Any] | None:
    """T50 and the crystalline share over the magnesium of a model.

    Parameters
    ----------
    model : Model
        With everything else as the page has it.
    turn : callable
        Gives a context in which runs may be made.
    stale : callable
        Whether to give up.

    Returns
    -------
    dict or None
        ``over``, ``unit``, ``x``, ``t50`` [min], ``crystalline`` [1], ``here`` (the value of the
        run) and ``threshold`` (``x``, None when it is not crossed; ``words``). None when the model
        has no magnesium.

    Raises
    ------
    Stale
    """
    found = sweep_range(model)
    if found is None:
        return None
    if not model.scenario.window and "duration" not in model.settings:
        model = model.with_({"duration": DEFAULT_AT})
    name, low, high = found
    table = _Points(model, name, turn, stale)
    table.add(np.linspace(low, high, POINTS))
    mark, words = _criterion(model)
    bracket = _crossing(*table.columns(), mark)
    if bracket is not None:
        table.add(np.linspace(*bracket, BETWEEN + 2)[1:-1])
        if np.isfinite(table.t50).sum() < FEWEST:
            below = np.linspace(low, bracket[0], FEWEST + 2)
            table.add(np.array([x for x in below if x not in table.x]))
    x, t50, share = table.columns()
    bracket = _crossing(x, t50, share, mark)
    return {
        "over": name,
        "unit": model.unit_of(name),
        "x": x.tolist(),
        "t50": [_number(value) for value in t50],
        "crystalline": [_number(value) for value in share],
        "here": model.input_values()[name],
        "threshold": {"x": None if bracket is None else sum(bracket) / 2.0, "words": words},
    }


class _Points:
    """Points that were evaluated, in batches."""

    def __init__(
        self,
        model: Model,
        name: str,
        turn: Callable[[], AbstractContextManager[object]],
        stale: Callable[[], bool],
    ) -> None:
        self.model, self.name, self.turn, self.stale = model, name, turn, stale
        self.x: list[float] = []
        self.t50: list[float] = []
        self.share: list[float] = []
        self.batch = 1

    def add(self, values: Array) -> None:
        """Evaluate more points.

        Raises
        ------
        Stale
        """
        rest = values
        while rest.size:
            if self.stale():
                raise Stale
            now, rest = rest[: self.batch], rest[self.batch :]
            with self.turn():
                start = time.perf_counter()
                table = evaluate_many(self.model, {self.name: now}, ["t50", "crystalline_fraction"])
                took = time.perf_counter() - start
            self.x += now.tolist()
            self.t50 += table.values["t50"].tolist()
            self.share += table.values["crystalline_fraction"].tolist()
            self.batch = max(1, math.floor(now.size * BATCH_S / max(took, 1e-6)))

    def columns(self) -> tuple[Array, Array, Array]:
        """Magnesium, T50 and crystalline share, in the order of magnesium."""
        order = np.argsort(self.x)
        x, t50, share = (np.array(values)[order] for values in (self.x, self.t50, self.share))
        return x, t50, share


def _criterion(model: Model) -> tuple[Callable[[Array, Array], npt.NDArray[np.bool_]], str]:
    """Which points lie above the threshold, and what the threshold is, in words.

    Where a laboratory stops looking, the threshold is the magnesium at which T50 leaves the assay;
    elsewhere it is that of `calcikin threshold`: hardly any crystals at the end.
    """
    window = model.scenario.window / 60.0
    hours = model.duration / 3600.0
    if window:
        words = f"T50 beyond the {window / 60.0:g} h of the assay"
        return (lambda t50, share: ~(t50 <= window)), words
    words = f"less than {DEFAULT_LEVEL:.0%} of the solid crystalline after {hours:g} h"
    return (lambda t50, share: share < DEFAULT_LEVEL), words


def _crossing(
    x: Array,
    t50: Array,
    share: Array,
    above: Callable[[Array, Array], npt.NDArray[np.bool_]],
) -> tuple[float, float] | None:
    """The last pair of neighbours between which the criterion is crossed upwards."""
    over = above(t50, share) & np.isfinite(share)
    steps = np.flatnonzero(~over[:-1] & over[1:] & np.isfinite(share[:-1]))
    return None if steps.size == 0 else (float(x[steps[-1]]), float(x[steps[-1] + 1]))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
