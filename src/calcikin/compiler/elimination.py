"""Sparse LU written out: the order of elimination is fixed when the kernel is generated.

Gaussian elimination without pivoting, as straight-line statements. The pivots are taken on the
diagonal in the order of least fill (Markowitz 1957, Management Science 3:255), some of them first
where the caller knows better. No pivoting is needed for I/(gamma h) - J: its diagonal is made large
by a small enough step, and a step whose factors are poor fails its error test and is made smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Elimination", "eliminate"]


@dataclass(frozen=True)
class Elimination:
    """Statements that factorise a sparse matrix, and those that solve with the factors.

    Attributes
    ----------
    order : tuple of int
        Pivots in the order of elimination.
    factor : list of str
        From names ``a_i_j`` of the entries to slots ``lu[k]``; reciprocal pivots are stored.
    solve : list of str
        From names ``b_i`` to names ``b_i`` of the solution.
    size : int
        Number of slots of lu.
    """

    order: tuple[int, ...]
    factor: list[str]
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
    factor: list[str] = []
    lower: dict[int, list[int]] = {}
    upper: dict[int, list[int]] = {}
    known = {(i, j) for i in rows for j in rows[i]}
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
        factor.append(f"p_{k} = 1.0/a_{k}_{k}")
        for i in lower[k]:
            factor.append(f"a_{i}_{k} = a_{i}_{k}*p_{k}")
            for j in upper[k]:
                if (i, j) in known:
                    factor.append(f"a_{i}_{j} = a_{i}_{j} - a_{i}_{k}*a_{k}_{j}")
                else:
                    factor.append(f"a_{i}_{j} = -a_{i}_{k}*a_{k}_{j}")
                    known.add((i, j))
                    rows[i].add(j)
                    columns[j].add(i)
    slots: dict[tuple[int, int], int] = {}
    for k in order:
        slots[k, k] = len(slots)
        factor.append(f"lu[{slots[k, k]}] = p_{k}")
        for i in lower[k]:
            slots[i, k] = len(slots)
            factor.append(f"lu[{slots[i, k]}] = a_{i}_{k}")
        for j in upper[k]:
            slots[k, j] = len(slots)
            factor.append(f"lu[{slots[k, j]}] = a_{k}_{j}")
    solve = [f"b_{i} = b_{i} - lu[{slots[i, k]}]*b_{k}" for k in order for i in lower[k]]
    for k in reversed(order):
        terms = "".join(f" - lu[{slots[k, j]}]*b_{j}" for j in upper[k])
        value = f"(b_{k}{terms})" if terms else f"b_{k}"
        solve.append(f"b_{k} = {value}*lu[{slots[k, k]}]")
    return Elimination(tuple(order), factor, solve, len(slots))


def dense(entries: Mapping[tuple[int, int], str], n: int) -> list[str]:
    """Lines that name every entry of a matrix, ``a_i_i`` included where it is empty."""
    lines = [f"a_{i}_{j} = {text}" for (i, j), text in sorted(entries.items())]
    lines += [f"a_{i}_{i} = 0.0" for i in range(n) if (i, i) not in entries]
    return lines
