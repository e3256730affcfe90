"""A lattice that is judged coarsely everywhere, and finely where a boundary runs."""

from __future__ import annotations

from collections.abc import Generator
from itertools import product

import numpy as np
import numpy.typing as npt

__all__ = ["Lattice"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
#: A boundary is followed through cells of this share of each axis before its edges are closed.
CELL = 1.0 / 16.0


class Lattice:
    """Margins on a lattice over the unit cube of `dims` dimensions, known in part.

    Parameters
    ----------
    dims : int
    looks : int
        Points along each axis of the first look.

    Attributes
    ----------
    size : int
        Cells along an axis, of the finest.
    values : ndarray, shape (size + 1,) * dims
        Margins; NaN where unknown, or where a run has no value.
    known : ndarray of bool, same shape
    """

    def __init__(self, dims: int, looks: int) -> None:
        halvings = 0
        while 1.0 / ((looks - 1) * 2**halvings) > CELL:
            halvings += 1
        self.dims = dims
        self.stride = 2**halvings
        self.size = (looks - 1) * self.stride
        self.values: Array = np.full((self.size + 1,) * dims, np.nan)
        self.known = np.zeros(self.values.shape, dtype=bool)

    def following(self) -> Generator[Array, Array, None]:
        """Judge the first look, then look for islands, then refine along every change of side."""
        coarse = np.zeros(self.values.shape, dtype=bool)
        coarse[(slice(None, None, self.stride),) * self.dims] = True
        yield from self._judge(coarse)
        step = self.stride
        if step > 1:
            yield from self._judge(self._islands(step))
        while step > 1:
            while True:
                wanted = self._inside(self._crossed(step), step, step // 2)
                if not (wanted & ~self.known).any():
                    break
                yield from self._judge(wanted)
            step //= 2

    def coordinates(self, index: Index) -> Array:
        """Lattice points in the unit cube, shape (n, dims)."""
        return np.asarray(index / self.size, dtype=np.float64)

    def edges(self) -> tuple[Index, Index]:
        """Edges whose ends lie on different sides: lower ends, shape (n, dims), and axes, (n,)."""
        side = np.where(np.isnan(self.values), np.nan, self.values > 0.0)
        starts, axes = [], []
        for axis in range(self.dims):
            difference = np.abs(np.diff(side, axis=axis))
            found = np.argwhere(difference == 1.0)
            starts.append(found)
            axes.append(np.full(len(found), axis, dtype=np.intp))
        return np.concatenate(starts), np.concatenate(axes)

    def _judge(self, wanted: npt.NDArray[np.bool_]) -> Generator[Array, Array, None]:
        new = np.argwhere(wanted & ~self.known)
        if len(new) == 0:
            return
        values = yield self.coordinates(new)
        place = tuple(new.T)
        self.values[place] = values
        self.known[place] = True

    def _crossed(self, step: int) -> npt.NDArray[np.bool_]:
        """Cells of a step that hold known points of both sides."""
        cells = (self.size // step,) * self.dims
        lowest, highest = np.full(cells, np.nan), np.full(cells, np.nan)
        for offset in product(range(step + 1), repeat=self.dims):
            stop = self.size - step
            view = self.values[tuple(slice(o, stop + o + 1, step) for o in offset)]
            lowest, highest = np.fmin(lowest, view), np.fmax(highest, view)
        with np.errstate(invalid="ignore"):
            return np.asarray((lowest <= 0.0) & (highest > 0.0))

    def _inside(self, cells: npt.NDArray[np.bool_], step: int, fine: int) -> npt.NDArray[np.bool_]:
        """Points of a finer lattice in some cells, their faces included."""
        wanted = np.zeros(self.values.shape, dtype=bool)
        corners = np.argwhere(cells) * step
        for offset in product(range(0, step + 1, fine), repeat=self.dims):
            wanted[tuple((corners + np.array(offset)).T)] = True
        return wanted

    def _islands(self, step: int) -> npt.NDArray[np.bool_]:
        """Centres of the cells round every point that is nearer to the boundary than all beside it.

        An island between the points of the first look, or a strait, shows there first.
        """
        coarse = np.abs(self.values[(slice(None, None, step),) * self.dims])
        padded = np.pad(coarse, 1, constant_values=np.inf)
        core = (slice(1, -1),) * self.dims
        least = np.isfinite(coarse)
        plateau = np.ones_like(least)
        for axis, shift in product(range(self.dims), (-1, 1)):
            beside = np.roll(padded, shift, axis)[core]
            beside = np.where(np.isnan(beside), np.inf, beside)
            least &= coarse <= beside
            plateau &= (coarse == beside) | ~np.isfinite(beside)
        wanted = np.zeros(self.values.shape, dtype=bool)
        for point in np.argwhere(least & ~plateau) * step:
            for offset in product((-step // 2, step // 2), repeat=self.dims):
                centre = point + np.array(offset)
                if ((centre >= 0) & (centre <= self.size)).all():
                    wanted[tuple(centre)] = True
        return wanted
