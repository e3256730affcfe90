"""Sparse LU written out: the order of elimination is fixed when the kernel is generated.

Gaussian elimination without pivoting, as straight-line statements. The pivots are taken on the
diagonal in the order of least fill (Markowitz 1957, Management Science 3:255), some of them first
where the caller knows better. No pivoting is needed for I/(gamma h) - J: its diagonal is made large
by a small enough step, and a step whose factors are poor fails its error test and is made smaller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Elimination", "eliminate"]


@dataclass(frozen=True)
class Elimination:
    """Statements that factorise a sparse matrix, and those that solve with the factors.

    Attributes
    ----------
    order : tuple of int
        Pivots in the order of elimination.
    factor : dict of int to list of str
        For each row, in order, from the names ``a_i_j`` of its entries to slots ``lu[k]``;
        reciprocal pivots are stored. Row by row, because then a row's entries live in registers
        only while it is worked on: half the instructions of the order column by column (measured).
    solve : list of str
        From names ``b_i`` to names ``b_i`` of the solution.
    size : int
        Number of slots of lu.
    """

    order: tuple[int, ...]
    factor: dict[int, list[str]]
    solve: list[str]
    size: int


def eliminate(pattern: Iterable[tuple[int, int]], n: int, first: Iterable[int] = ()) -> Elimination:
    """Plan the elimination of a matrix with the entries ``pattern``.

    Parameters
    ----------
    pattern : iterable of (int, int)
        Rows and columns of the entries that can differ from zero; the diagonal always belongs.
    n : int
        Size of the matrix.
    first : iterable of int
        Pivots that are taken first, in this order.

    Returns
    -------
    Elimination
    """
    rows: dict[int, set[int]] = {i: {i} for i in range(n)}
    for i, j in pattern:
        rows[i].add(j)
    columns: dict[int, set[int]] = {j: {i for i in rows if j in rows[i]} for j in range(n)}
    left = set(range(n))
    waiting = list(first)
    order: list[int] = []
    lower: dict[int, list[int]] = {}
    upper: dict[int, list[int]] = {}
    known = {(i, j) for i in rows for j in rows[i]}
    fill: dict[int, list[int]] = {}
    while left:
        if waiting:
            k = waiting.pop(0)
        else:
            k = min(
                left,
                key=lambda p: (
                    (len(rows[p] & left) - 1) * (len(columns[p] & left) - 1),
                    len(rows[p] & left),
                    p,
                ),
            )
        left.discard(k)
        order.append(k)
        lower[k] = sorted(columns[k] & left)
        upper[k] = sorted(rows[k] & left)
        for i in lower[k]:
            for j in upper[k]:
                if (i, j) not in known:
                    fill.setdefault(i, []).append(j)
                    known.add((i, j))
                    rows[i].add(j)
                    columns[j].add(i)
    slots: dict[tuple[int, int], int] = {}
    for k in order:
        for key in [(k, k), *((i, k) for i in lower[k]), *((k, j) for j in upper[k])]:
            slots[key] = len(slots)
    factor = {}
    for n_done, i in enumerate(order):
        lines = [f"a_{i}_{j} = 0.0" for j in fill.get(i, ())]
        for k in order[:n_done]:
            if (i, k) not in slots:
                continue
            lines.append(f"a_{i}_{k} = a_{i}_{k}*p_{k}")
            lines.append(f"lu[{slots[i, k]}] = a_{i}_{k}")
            lines += [f"a_{i}_{j} = a_{i}_{j} - a_{i}_{k}*a_{k}_{j}" for j in upper[k]]
        lines.append(f"p_{i} = 1.0/a_{i}_{i}")
        lines.append(f"lu[{slots[i, i]}] = p_{i}")
        lines += [f"lu[{slots[i, j]}] = a_{i}_{j}" for j in upper[i]]
        factor[i] = lines
    solve = [f"b_{i} = b_{i} - lu[{slots[i, k]}]*b_{k}" for k in order for i in lower[k]]
    for k in reversed(order):
        terms = "".join(f" - lu[{slots[k, j]}]*b_{j}" for j in upper[k])
        value = f"(b_{k}{terms})" if terms else f"b_{k}"
        solve.append(f"b_{k} = {value}*lu[{slots[k, k]}]")
    return Elimination(tuple(order), factor, solve, len(slots))
