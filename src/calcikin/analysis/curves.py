"""Lines from crossings: which crossings of a cell belong together, and the chains they make."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from calcikin.analysis.lattice import Lattice

__all__ = ["chain", "pieces"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
#: Points nearer than this are the same, in the unit square: rounding.
_SAME = 1e-12


def pieces(
    lattice: Lattice, start: Index, axis: Index, points: Array
) -> Generator[Array, Array, list[tuple[int, int]]]:
    """Pairs of crossings that a piece of the boundary joins, cell by cell.

    Parameters
    ----------
    lattice : Lattice
        In two dimensions.
    start, axis : ndarray, shapes (n, 2) and (n,)
        Edges that are crossed.
    points : ndarray, shape (n, 2)
        Where; NaN for a crossing that could not be placed.

    Yields
    ------
    ndarray, shape (m, 2)
        Centres of cells that are crossed four times: only their side tells which pairs belong
        together.

    Returns
    -------
    list of (int, int)
        Numbers of crossings.
    """
    number = {
        (int(i), int(j), int(a)): k
        for k, ((i, j), a) in enumerate(zip(start, axis, strict=True))
        if np.isfinite(points[k]).all()
    }
    cells = {
        cell
        for (i, j, a) in number
        for cell in ((i, j), (i - 1, j) if a == 1 else (i, j - 1))
        if min(cell) >= 0 and max(cell) < lattice.size
    }
    links: list[tuple[int, int]] = []
    saddles: list[tuple[tuple[int, int], tuple[int, int, int, int]]] = []
    for i, j in sorted(cells):
        # bottom, right, top, left
        around = ((i, j, 0), (i + 1, j, 1), (i, j + 1, 0), (i, j, 1))
        found = [number[edge] for edge in around if edge in number]
        if len(found) == 2:
            links.append((found[0], found[1]))
        elif len(found) == 4:
            saddles.append(((i, j), (found[0], found[1], found[2], found[3])))
    if saddles:
        corners = np.array([cell for cell, _ in saddles])
        centre = yield (corners + 0.5) / lattice.size
        for ((i, j), (bottom, right, top, left)), value in zip(saddles, centre, strict=True):
            # the corner at the bottom left reaches through the middle, or is cut off
            if (value > 0.0) == (lattice.values[i, j] > 0.0):
                links += [(bottom, right), (top, left)]
            else:
                links += [(bottom, left), (top, right)]
    return links


def chain(links: list[tuple[int, int]], points: Array) -> list[Array]:
    """Lines through linked points, shape (n, 2) each; a closed one ends where it begins."""
    beside: dict[int, list[int]] = {}
    for a, b in links:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    lines = []
    # open lines first, from their ends
    for seed in sorted(beside, key=lambda k: (len(beside[k]) != 1, k)):
        if not beside[seed]:
            continue
        line = [seed]
        while beside[line[-1]]:
            here = line[-1]
            there = beside[here].pop(0)
            beside[there].remove(here)
            line.append(there)
        # where the boundary runs through a corner of the lattice, two crossings are one point
        apart = np.linalg.norm(np.diff(points[line], axis=0), axis=1) > _SAME
        kept = points[[line[0], *np.array(line[1:])[apart]]]
        if len(kept) > 1:
            lines.append(kept)
    return sorted(lines, key=len, reverse=True)
