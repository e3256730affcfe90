"""Thresholds as maps: the line in two inputs, or the surface in three, at which a criterion turns.

Nothing about the boundary is in the model: every point is a run, and each stage of the tracing is
one call for all of its points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.criterion import Criterion
from calcikin.analysis.ranges import Ends, Range, ranges_of
from calcikin.analysis.response import Runs
from calcikin.analysis.statements import said_of
from calcikin.analysis.tracing import Traced, trace_many
from calcikin.errors import InputError, OutOfRangeError
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance
from calcikin.simulate.rows import Table
from calcikin.solvers.choice import choose

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["BoundaryMap", "boundary"]

Array = npt.NDArray[np.float64]
#: Points along each axis of the map of probabilities.
_GRID = 101


@dataclass(frozen=True)
class BoundaryMap:
    """Where a criterion turns, over two or three inputs.

    Attributes
    ----------
    criterion : str
        In words.
    axes : tuple of Range
    traced : tuple of Traced
        In the unit square or cube of the axes: one, or one for each draw.
    probability : ndarray, shape (101, 101), or None
        Share of the draws in which the criterion is met [1], at evenly spread shares of the two
        axes; None without draws, and in three dimensions.
    confidence : float
        Of the interval between the outer lines [1].
    tolerance : float
        Distance from the boundary, relative to an axis [1].
    readings : dict of str to ndarray, shape (n,)
        What was read at every point, in the order of ``points``.
    reasons : tuple of str
        Why points have no value, with how many there are of each.
    said : tuple of str
        What is to be said of the boundary: that there is none, that there are several, that it
        turns back, that it is not resolved somewhere.
    provenance : dict
    """

    criterion: str
    axes: tuple[Range, ...]
    traced: tuple[Traced, ...]
    probability: Array | None
    confidence: float
    tolerance: float
    readings: dict[str, Array]
    reasons: tuple[str, ...]
    said: tuple[str, ...]
    provenance: dict[str, Any]

    @property
    def found(self) -> bool:
        """Whether there is a boundary, in any draw."""
        return any(one.found for one in self.traced)

    @property
    def simulations(self) -> int:
        """Number of runs."""
        return sum(len(one.points) for one in self.traced)

    @property
    def stages(self) -> int:
        """Calls in which they were run."""
        return max(one.stages for one in self.traced)

    @property
    def saving(self) -> float:
        """How many times more runs a grid of the same resolution takes [1]."""
        grid = (round(1.0 / self.tolerance) + 1) ** len(self.axes) * len(self.traced)
        return float(grid / self.simulations)

    def values(self, points: Array) -> Array:
        """Points of the unit square or cube in the units of the axes, shape as given."""
        return np.stack([a.at(points[:, k]) for k, a in enumerate(self.axes)], axis=1)

    def curves(self, draw: int = 0) -> tuple[Array, ...]:
        """The lines of the boundary, shape (n, 2) each, in the units of the axes."""
        return tuple(self.values(line) for line in self.traced[draw].branches)

    @property
    def points(self) -> Array:
        """Every point that was run, shape (n, dims), in the units of the axes."""
        return np.concatenate([self.values(one.points) for one in self.traced])

    @property
    def met(self) -> Array:
        """Whether the criterion is met there: 1, 0, or NaN where it cannot be told."""
        margin = np.concatenate([one.margins for one in self.traced])
        return np.where(np.isnan(margin), np.nan, margin > 0.0)

    def crossings(self, values: npt.ArrayLike, axis: int = 0, draw: int = 0) -> list[Array]:
        """Where the boundary lies on the other axis at values of one: each an ndarray, ascending.

        Parameters
        ----------
        values : array_like, shape (n,)
            In the unit of the axis.
        axis : {0, 1}
        draw : int

        Raises
        ------
        InputError
            In three dimensions.
        """
        if len(self.axes) != 2:
            raise InputError("lines are crossed in two dimensions", where="BoundaryMap.crossings")
        shares = self.axes[axis].share(values)
        found = self.traced[draw].crossed_at(shares, axis)
        return [self.axes[1 - axis].at(each) for each in found]

    def intervals(self, values: npt.ArrayLike, axis: int = 0) -> Array:
        """Low, median and high of the boundary on the other axis, shape (n, 3), over the draws.

        NaN where some draw has no boundary or several there: an interval would be a guess.
        """
        x = np.atleast_1d(np.asarray(values, dtype=float))
        each = [self.crossings(x, axis, draw) for draw in range(len(self.traced))]
        tail = 0.5 * (1.0 - self.confidence)
        rows = []
        for k in range(x.size):
            here = [found[k] for found in each]
            if any(one.size != 1 for one in here):
                rows.append(np.full(3, np.nan))
            else:
                rows.append(np.quantile(np.concatenate(here), [tail, 0.5, 1.0 - tail]))
        return np.array(rows).reshape(-1, 3)

    def summary(self) -> dict[str, Any]:
        """The content of ``calcikin map --json`` (NaN where there is no number)."""
        first = self.axes[0]
        shown: dict[str, Any] = {
            "found": self.found,
            "criterion": self.criterion,
            "said": list(self.said),
            "axes": [
                {"name": a.name, "unit": a.unit, "low": a.low, "high": a.high} for a in self.axes
            ],
            "tolerance": self.tolerance,
            "simulations": self.simulations,
            "stages": self.stages,
            "grid_would_take": round(self.saving * self.simulations),
            "without_value": list(self.reasons),
            "draws": len(self.traced),
        }
        if len(self.axes) == 3:
            one = self.traced[0]
            shown["vertices"] = self.values(one.vertices)
            shown["faces"] = one.faces
        else:
            shown["boundaries"] = [list(self.curves(d)) for d in range(len(self.traced))]
        if self.probability is not None:
            x = first.at(np.linspace(0.0, 1.0, 21))
            shown["interval"] = {
                "confidence": self.confidence,
                first.name: x,
                f"{self.axes[1].name}_low_median_high": self.intervals(x),
            }
        return {**shown, "provenance": self.provenance}

    def dataset(self) -> xr.Dataset:
        """Every run as a labelled table: the axes, what was read, ``met`` and ``draw``."""
        import xarray as xr

        points = self.points
        sizes = [len(one.points) for one in self.traced]
        columns: dict[str, Any] = {
            a.name: ("point", points[:, k], {"units": a.unit}) for k, a in enumerate(self.axes)
        }
        columns |= {name: ("point", values) for name, values in self.readings.items()}
        columns["met"] = ("point", self.met, {"long_name": self.criterion})
        columns["draw"] = ("point", np.repeat(np.arange(len(sizes)), sizes))
        return xr.Dataset(columns, attrs={"provenance": json.dumps(self.provenance)})


def boundary(
    model: Model | str,
    over: Mapping[str, Ends],
    criterion: str | Criterion,
    *,
    draws: Mapping[str, npt.ArrayLike] | None = None,
    confidence: float = 0.9,
    looks: int = 9,
    tolerance: float = 0.01,
    solver: str | None = None,
    rtol: float | None = None,
) -> BoundaryMap:
    """Trace where a criterion turns, over two or three inputs.

    Parameters
    ----------
    model : Model or str
    over : mapping of str to (low, high) or None
        Two or three inputs, parameters, settings or ratios, with the ends of their ranges as
        numbers in their units or text; None for the usual range.
    criterion : str or Criterion
        Such as ``"t50 > 300 min"``, ``"crystalline_fraction > 0.05"``, ``"acp_max > 0.01 mmol/L"``
        (onset of ACP) or ``"HAP_end > WH_end"``.
    draws : mapping of str to array_like, shape (n_draws,), optional
        Columns of parameters (or inputs) that are uncertain: the boundary is traced for each row.
    confidence : float
        Of the interval over the draws [1].
    looks : int
        Points along each axis of the first look; what is smaller than their distance may be missed.
    tolerance : float
        Of the boundary, relative to each axis [1].
    solver : str, optional
    rtol : float, optional
        Relative tolerance of the runs [1].

    Returns
    -------
    BoundaryMap
        Never a guess: look at ``found`` and ``said``.

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        For bad input, before anything runs.

    Notes
    -----
    An axis of positive values that spans more than a factor of 20 is taken in its logarithm. See
    `calcikin.analysis.tracing` for the method.
    """
    model = load(model) if isinstance(model, str) else model
    chosen = Criterion.read(criterion) if isinstance(criterion, str) else criterion
    axes = ranges_of(model, over)
    if len(axes) not in (2, 3):
        raise InputError(
            f"a boundary over {len(axes)} input{'s' if len(axes) > 1 else ''}",
            where=", ".join(over),
            hint="two for a line, three for a surface; for one there is 'calcikin threshold'",
        )
    if not 0.0 < confidence < 1.0:
        raise OutOfRangeError(f"an interval of {confidence:g}", hint="between 0 and 1, such as 0.9")
    columns, count = _columns(model, axes, draws)
    # one solver for all stages, chosen for the first: the later ones alone are small
    solver, rtol = choose(solver or "auto", rtol, count * looks ** len(axes))
    judge = _Judge(Runs(model, solver, rtol), chosen, axes, columns)
    traced = tuple(trace_many(judge, len(axes), count, looks=looks, tolerance=tolerance))
    readings, reasons = judge.collected(count)
    said = said_of(traced, axes, chosen, readings[chosen.readout.name], looks)
    if judge.rescued:
        said += (f"{judge.rescued} runs that the ensemble gave up were run by Radau",)
    probability = None
    if draws is not None and len(axes) == 2:
        u = np.linspace(0.0, 1.0, _GRID)
        mesh = np.stack(np.meshgrid(u, u, indexing="ij"), axis=-1).reshape(-1, 2)
        depths = np.stack([np.clip(one.depth(mesh), -2.0, 2.0) for one in traced])
        probability = _share_above(depths).reshape(_GRID, _GRID)
    return BoundaryMap(
        criterion=chosen.words,
        axes=axes,
        traced=traced,
        probability=probability,
        confidence=confidence,
        tolerance=tolerance,
        readings=readings,
        reasons=reasons,
        said=said,
        provenance={
            **provenance(model),
            "over": {a.name: [a.low, a.high, a.unit] for a in axes},
            "criterion": chosen.words,
            "looks": looks,
            "tolerance": tolerance,
            "draws": count if draws is not None else 0,
            "solver": solver,
            "rtol": rtol,
        },
    )


def _share_above(depths: Array) -> Array:
    """Share of draws above zero at every point, shape (draws, n) -> (n,); NaN where none is known.

    Between the draws on either side of zero by a straight line, with the ranks of `numpy.quantile`:
    a line of equal share then runs smoothly between the boundaries of two draws.
    """
    ordered = np.sort(depths, axis=0)  # NaN last
    known = np.isfinite(ordered).sum(axis=0)
    below = (ordered <= 0.0).sum(axis=0)
    at = np.arange(depths.shape[1])
    low = ordered[np.maximum(below - 1, 0), at]
    high = ordered[np.minimum(below, len(depths) - 1), at]
    between = (below > 0) & (below < known)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = 1.0 - (below - 1.0 - low / (high - low)) / (known - 1.0)
    share = np.where(between, inside, np.where(below == 0, 1.0, 0.0))
    return np.where(known > 0, share, np.nan)


def _columns(
    model: Model, axes: tuple[Range, ...], draws: Mapping[str, npt.ArrayLike] | None
) -> tuple[dict[str, Array], int]:
    """Columns of draws, checked, and how many there are."""
    if draws is None:
        return {}, 1
    columns = {name: np.asarray(column, dtype=float) for name, column in draws.items()}
    for name, column in columns.items():
        model.unit_of(name)
        if name in {axis.name for axis in axes}:
            raise InputError(f"{name} is both drawn and varied", hint="keep one of them")
        if column.ndim != 1 or not np.isfinite(column).all():
            raise OutOfRangeError(
                f"the draws of {name} are no column of finite numbers", where=name
            )
    sizes = {column.size for column in columns.values()}
    if len(sizes) != 1 or sizes == {0}:
        raise InputError(
            f"draws with columns of {sorted(sizes)} rows", hint="one row for each draw"
        )
    return columns, sizes.pop()


class _Judge:
    """The margins of points, for all draws in one call; keeps what was read."""

    def __init__(
        self, runs: Runs, criterion: Criterion, axes: tuple[Range, ...], draws: dict[str, Array]
    ) -> None:
        self.runs = runs
        self.criterion = criterion
        self.axes = axes
        self.draws = draws
        self.kept: list[tuple[Array, Table]] = []
        self.rescued = 0

    def __call__(self, asked: list[tuple[int, Array]]) -> list[Array]:
        points = np.concatenate([p for _, p in asked])
        owner = np.repeat([k for k, _ in asked], [len(p) for _, p in asked])
        columns = {a.name: a.at(points[:, k]) for k, a in enumerate(self.axes)}
        columns |= {name: column[owner] for name, column in self.draws.items()}
        table, rescued = self.runs.rescued(columns, self.criterion.reads)
        self.rescued += rescued
        self.kept.append((owner, table))
        margins = self.criterion.margin(table, self.runs.minutes(columns))
        return np.split(margins, np.cumsum([len(p) for _, p in asked])[:-1])

    def collected(self, count: int) -> tuple[dict[str, Array], tuple[str, ...]]:
        """Everything that was read, draw by draw, and why there was no value."""
        owner = np.concatenate([owner for owner, _ in self.kept])
        order = np.argsort(owner, kind="stable")
        readings = {
            name: np.concatenate([table.values[name] for _, table in self.kept])[order]
            for name in self.criterion.reads
        }
        reasons: dict[str, int] = {}
        for _, table in self.kept:
            for status, reason in zip(table.status, table.reason, strict=True):
                if status != 0:
                    reasons[reason] = reasons.get(reason, 0) + 1
        ordered = sorted(reasons.items(), key=lambda item: -item[1])
        return readings, tuple(f"{n} x {reason}" for reason, n in ordered)
