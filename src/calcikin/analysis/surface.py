"""A surface from crossings in three dimensions: one vertex per crossed cell, one patch per edge.

Surface nets: the vertex of a cell is the mean of the crossings on its edges, and the four cells
around a crossed edge make a patch (S. F. F. Gibson, MICCAI 1998, 888, 10.1007/BFb0056277).
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from calcikin.analysis.lattice import Lattice

__all__ = ["patches"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


def patches(
    lattice: Lattice, start: Index, axis: Index, points: Array
) -> tuple[Array, Array, Index]:
    """Vertices, their normals and the patches between them.

    Parameters
    ----------
    lattice : Lattice
        In three dimensions.
    start, axis : ndarray, shapes (n, 3) and (n,)
        Edges that are crossed.
    points : ndarray, shape (n, 3)
        Where; NaN for a crossing that could not be placed.

    Returns
    -------
    vertices, normals : ndarray, shape (m, 3)
    faces : ndarray of int, shape (k, 4)
        Numbers of the vertices of each patch, in order around it.
    """
    sums: dict[tuple[int, ...], list[Array]] = {}
    rounds: list[list[tuple[int, ...]]] = []
    for where, along, point in zip(start, axis, points, strict=True):
        if not np.isfinite(point).all():
            continue
        one, two = (k for k in range(3) if k != along)
        ring = []
        for back_one, back_two in ((0, 0), (1, 0), (1, 1), (0, 1)):
            cell = where.copy()
            cell[one] -= back_one
            cell[two] -= back_two
            if (cell >= 0).all() and (cell < lattice.size).all():
                key = tuple(int(k) for k in cell)
                sums.setdefault(key, []).append(point)
                ring.append(key)
        if len(ring) == 4:
            rounds.append(ring)
    cells = sorted(sums)
    number = {cell: k for k, cell in enumerate(cells)}
    vertices = np.array([np.mean(sums[cell], axis=0) for cell in cells]).reshape(-1, 3)
    normals = np.array([_slope(lattice, cell) for cell in cells]).reshape(-1, 3)
    faces = np.array([[number[cell] for cell in ring] for ring in rounds], dtype=np.intp)
    return vertices, normals, faces.reshape(-1, 4)


def _slope(lattice: Lattice, cell: tuple[int, ...]) -> Array:
    """Direction in which the side changes over a cell, of length 1."""
    slope = np.zeros(3)
    for corner in product((0, 1), repeat=3):
        value = lattice.values[tuple(c + o for c, o in zip(cell, corner, strict=True))]
        if np.isfinite(value):
            slope += (2.0 * np.array(corner) - 1.0) * (1.0 if value > 0.0 else -1.0)
    length = float(np.linalg.norm(slope))
    return slope / length if length > 0.0 else np.array([0.0, 0.0, 1.0])
