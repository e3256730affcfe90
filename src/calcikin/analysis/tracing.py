"""Tracing where a criterion changes sides, in the unit cube, by asking for points stage by stage.

Nothing here knows what the criterion means, so it is proven with criteria whose boundary is known.
The tracers are generators: they yield points, shape (n, d), and are sent their margins, shape (n,),
so that many of them can be asked for in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from calcikin.analysis.curves import chain, pieces
from calcikin.analysis.lattice import Lattice
from calcikin.analysis.segments import Crossings, closing
from calcikin.analysis.surface import patches
from calcikin.errors import OutOfRangeError

__all__ = ["Traced", "trace", "trace_many", "tracing"]

Array = npt.NDArray[np.float64]
T = TypeVar("T")
Judge = Callable[[Array], Array]
#: Distance from a line within which a point is judged by the line, in the unit square.
NEAR = 0.05
#: Rounds in which a curve that bends away from its pieces gets further points.
_ROUNDS = 3


@dataclass(frozen=True)
class Traced:
    """A boundary in the unit cube.

    Attributes
    ----------
    branches : tuple of ndarray, shape (n, 2)
        In two dimensions: lines; a closed one ends where it begins.
    vertices, faces : ndarray, shapes (n, 3) and (m, 4)
        In three dimensions: points of the surface, and patches by the numbers of their corners.
    points, margins : ndarray, shapes (n, d) and (n,)
        Everything that was judged, in order; NaN where there was no value.
    stages : int
        Calls that it took.
    lost : int
        Crossings that were met but not placed, since there is no value beside them.
    unresolved : int
        Places between the points of the boundary where it is not within the tolerance of a line
        (in three dimensions: of the surface).
    """

    branches: tuple[Array, ...]
    vertices: Array
    faces: npt.NDArray[np.intp]
    points: Array
    margins: Array
    stages: int
    lost: int
    unresolved: int

    @property
    def found(self) -> bool:
        """Whether there is any boundary."""
        return bool(self.branches) or len(self.vertices) > 0

    def side(self, points: Array) -> Array:
        """Side of further points, shape (n,): 1 where the criterion is met, 0 where not, NaN.

        That of the nearest judged point, since the judged points stand within the tolerance on both
        sides of the boundary; beside a line, that of the line.
        """
        depth = self.depth(points)
        return np.where(np.isnan(depth), np.nan, depth > 0.0)

    def depth(self, points: Array) -> Array:
        """Distance from the boundary, shape (n,): above zero where the criterion is met, NaN.

        In the unit square; beyond 0.05 (`NEAR`) with the side of the nearest judged point. Infinite
        where there is no line.
        """
        from scipy.spatial import cKDTree

        tree = cKDTree(self.points)
        margin = self.margins[tree.query(points)[1]]
        side = np.where(np.isnan(margin), np.nan, np.where(margin > 0.0, 1.0, -1.0))
        if not self.branches:
            return np.asarray(side * np.inf)
        feet, normals = (np.concatenate(parts) for parts in zip(*self._feet(tree), strict=True))
        away, nearest = cKDTree(feet).query(points)
        across = ((points - feet[nearest]) * normals[nearest]).sum(axis=1)
        beside = (away < NEAR) & np.isfinite(side)
        depth: Array = np.where(beside, np.clip(across, -NEAR, NEAR), side * away)
        return depth

    def _feet(self, tree: Any) -> list[tuple[Array, Array]]:
        """Points close together on each line, and the direction there in which it is met."""
        found = []
        for line in self.branches:
            step = np.diff(line, axis=0)
            length = np.linalg.norm(step, axis=1)
            count = np.maximum(2, np.ceil(length / (0.1 * NEAR)).astype(int))
            along = np.concatenate([(np.arange(n) + 0.5) / n for n in count])
            piece = np.repeat(np.arange(len(count)), count)
            feet = line[piece] + along[:, None] * step[piece]
            normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / length[:, None]
            normals = normal[piece]
            # a line has one side on which it is met; most of its length tells which
            judged = [
                self.margins[tree.query(feet + sign * 0.4 * NEAR * normals)[1]] for sign in (1, -1)
            ]
            votes = np.nansum(np.sign(judged[0]) - np.sign(judged[1]))
            found.append((feet, normals if votes >= 0.0 else -normals))
        return found

    def crossed_at(self, at: Array, axis: int) -> list[Array]:
        """Where the lines lie on the other axis at positions of one, ascending; in two dimensions.

        Parameters
        ----------
        at : ndarray, shape (n,)
            Positions on `axis`, 0 to 1.
        axis : {0, 1}

        Returns
        -------
        list of ndarray, length n
        """
        pairs = [np.stack([line[:-1], line[1:]], axis=1) for line in self.branches]
        ends = np.concatenate(pairs) if pairs else np.empty((0, 2, 2))
        low, high = ends[:, :, axis].min(axis=1), ends[:, :, axis].max(axis=1)
        found = []
        for x in np.atleast_1d(at):
            # half open, so that a vertex counts once; closed at the far end of the axis
            here = ends[(low <= x) & ((x < high) | ((high >= 1.0) & (x >= 1.0) & (low < high)))]
            (a, b), (c, d) = (here[:, i, :].T[[axis, 1 - axis]] for i in (0, 1))
            found.append(np.sort(b + (x - a) / (c - a) * (d - b)))
        return found


class _Notes:
    """Everything that was judged."""

    def __init__(self) -> None:
        self.points: list[Array] = []
        self.margins: list[Array] = []
        self.lost = 0
        self.unresolved = 0

    def noting(self, inner: Generator[Array, Array, T]) -> Generator[Array, Array, T]:
        """Pass on what `inner` asks for, and write it down."""
        answer: Array | None = None
        while True:
            try:
                asked = next(inner) if answer is None else inner.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            answer = np.asarray((yield asked), dtype=float)
            self.points.append(asked)
            self.margins.append(answer)


def tracing(
    dims: int, *, looks: int = 9, tolerance: float = 0.01
) -> Generator[Array, Array, Traced]:
    """Trace the boundary in the unit square or cube.

    Parameters
    ----------
    dims : {2, 3}
    looks : int
        Points along each axis of the first look, at least 3: what is smaller than their distance
        may be missed.
    tolerance : float
        Distance that the boundary may be from what is returned, relative to an axis [1].

    Yields
    ------
    ndarray, shape (n, dims)
        Points; their margins, shape (n,), are to be sent: above zero where the criterion is met,
        NaN where it cannot be told.

    Returns
    -------
    Traced

    Raises
    ------
    OutOfRangeError
        For a number of looks, of dimensions or a tolerance that makes no sense.

    Notes
    -----
    First a lattice of `looks` points along each axis; then the cells in which the side changes,
    down to a sixteenth of the axis; then every edge of these cells that the boundary crosses, down
    to the tolerance; then between the crossings, one tolerance to either side, whether the line
    between them holds, with further points where it does not.
    """
    if dims not in (2, 3) or looks < 3 or not 1e-4 <= tolerance <= 0.1:
        raise OutOfRangeError(
            f"{dims} inputs, {looks} looks, tolerance {tolerance:g}",
            where="tracing",
            hint="2 or 3 inputs, 9 looks, a tolerance of 0.01",
        )
    notes = _Notes()
    lattice = Lattice(dims, looks)
    yield from notes.noting(lattice.following())
    start, axis = lattice.edges()
    stop = start.copy()
    stop[np.arange(len(axis)), axis] += 1
    crossings: Crossings = yield from notes.noting(
        closing(
            lattice.coordinates(start),
            lattice.coordinates(stop),
            lattice.values[tuple(start.T)],
            lattice.values[tuple(stop.T)],
            tolerance,
        )
    )
    notes.lost = int(np.isnan(crossings.widths).sum())
    branches: tuple[Array, ...] = ()
    vertices, faces = np.empty((0, 3)), np.empty((0, 4), dtype=np.intp)
    if dims == 2:
        links = yield from notes.noting(pieces(lattice, start, axis, crossings.points))
        lines = chain(links, crossings.points)
        branches = yield from notes.noting(_checked(lines, tolerance, notes))
    else:
        vertices, normals, faces = patches(lattice, start, axis, crossings.points)
        vertices = yield from notes.noting(_pulled(vertices, normals, tolerance, notes))
    return Traced(
        branches,
        vertices,
        faces,
        np.concatenate(notes.points),
        np.concatenate(notes.margins),
        len(notes.points),
        notes.lost,
        notes.unresolved,
    )


def _checked(
    lines: list[Array], tolerance: float, notes: _Notes
) -> Generator[Array, Array, tuple[Array, ...]]:
    """Lines whose pieces were each looked at half way, with further points where they bend."""
    fresh = [np.ones(len(line) - 1, dtype=bool) for line in lines]
    for _ in range(_ROUNDS):
        middles, normals, owners = [], [], []
        for k, line in enumerate(lines):
            step = np.diff(line, axis=0)
            length = np.linalg.norm(step, axis=1)
            (due,) = np.nonzero(fresh[k] & (length > tolerance))
            middles.append(0.5 * (line[due] + line[due + 1]))
            normals.append(np.stack([-step[due, 1], step[due, 0]], axis=1) / length[due, None])
            owners.append(np.stack([np.full(len(due), k), due], axis=1))
            fresh[k] = np.zeros(len(line) - 1, dtype=bool)
        middle, owner = _stack(middles, 2), _stack(owners, 2).astype(np.intp)
        if len(middle) == 0:
            return tuple(lines)
        moved, off = yield from _placed(middle, _stack(normals, 2), tolerance, notes)
        for k in range(len(lines)):
            mine = np.flatnonzero(off & (owner[:, 0] == k))
            at = owner[mine, 1]
            lines[k] = np.insert(lines[k], at + 1, moved[mine], axis=0)
            new = np.zeros(len(lines[k]) - 1, dtype=bool)
            shifted = at + np.arange(len(at))
            new[shifted] = new[shifted + 1] = True
            fresh[k] = new
        if not off.any():
            return tuple(lines)
    notes.unresolved += int(sum(part.sum() for part in fresh))
    return tuple(lines)


def _pulled(
    vertices: Array, normals: Array, tolerance: float, notes: _Notes
) -> Generator[Array, Array, Array]:
    """Vertices of a surface, each looked at from both sides and moved onto the boundary."""
    if len(vertices) == 0:
        return vertices
    moved, off = yield from _placed(vertices, normals, tolerance, notes)
    return np.where(off[:, None], moved, vertices)


def _placed(
    points: Array, normals: Array, tolerance: float, notes: _Notes
) -> Generator[Array, Array, tuple[Array, npt.NDArray[np.bool_]]]:
    """Points with the boundary within the tolerance along their normals; which had to be moved."""
    n = len(points)
    off = np.zeros(n, dtype=bool)
    moved = points.copy()
    reach = tolerance
    todo = np.arange(n)
    while todo.size and reach <= 4.0 * tolerance + 1e-12:
        ends = [np.clip(points[todo] + s * reach * normals[todo], 0.0, 1.0) for s in (-1.0, 1.0)]
        values = yield np.concatenate(ends)
        first, last = values[: len(todo)], values[len(todo) :]
        sound = np.isfinite(first) & np.isfinite(last)
        across = sound & ((first > 0.0) != (last > 0.0))
        if reach > tolerance and across.any():
            rows = np.flatnonzero(across)
            found: Crossings = yield from closing(
                ends[0][rows], ends[1][rows], first[rows], last[rows], tolerance
            )
            good = np.isfinite(found.widths)
            moved[todo[rows[good]]] = found.points[good]
            off[todo[rows[good]]] = True
            notes.unresolved += int((~good).sum())
        todo = todo[~across]
        reach *= 2.0
    notes.unresolved += len(todo)
    return moved, off


def _stack(parts: list[Array], width: int) -> Array:
    return np.concatenate(parts) if parts else np.empty((0, width))


def trace(judge: Judge, dims: int = 2, *, looks: int = 9, tolerance: float = 0.01) -> Traced:
    """Trace one boundary; `judge` takes points, shape (n, dims), and returns margins, shape (n,).

    See `tracing` for the parameters and what is raised.
    """
    return trace_many([judge], dims, looks=looks, tolerance=tolerance)[0]


def trace_many(
    judges: Sequence[Judge] | Callable[[list[tuple[int, Array]]], list[Array]],
    dims: int = 2,
    count: int | None = None,
    *,
    looks: int = 9,
    tolerance: float = 0.01,
) -> list[Traced]:
    """Trace many boundaries side by side, each with its own points.

    Parameters
    ----------
    judges : sequence of callable, or one callable
        A function of points for each boundary; or one for all, which is given pairs of the number
        of a boundary and points, and returns margins in that order: one call per stage for all.
    dims : {2, 3}
    count : int, optional
        Number of boundaries, where `judges` is one callable.
    looks, tolerance
        As in `tracing`.

    Returns
    -------
    list of Traced
    """
    if callable(judges):
        together, n = judges, int(count or 1)
    else:
        each, n = judges, len(judges)

        def together(asked: list[tuple[int, Array]]) -> list[Array]:
            return [np.asarray(each[k](points), dtype=float) for k, points in asked]

    tracers = [tracing(dims, looks=looks, tolerance=tolerance) for _ in range(n)]
    waiting = {k: next(tracer) for k, tracer in enumerate(tracers)}
    done: dict[int, Traced] = {}
    while waiting:
        asked = list(waiting.items())
        answers = together(asked)
        waiting = {}
        for (k, _), answer in zip(asked, answers, strict=True):
            try:
                waiting[k] = tracers[k].send(answer)
            except StopIteration as end:
                done[k] = end.value
    return [done[k] for k in range(n)]
