"""Sums over the stages of a Rosenbrock method.

Two stages are added in one pass over memory: one at a time loads and stores the sums so often that
it takes a tenth of the whole integration.
"""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["combine"]

#: A product and a sum may become one instruction, alike in every lane.
kernel = njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)


@kernel
def combine(i: int, z: Any, U: Any, A: Any, C: Any, zs: Any, c: Any) -> None:
    """Set zs = z + sum_j A[i, j] U[j] and c = sum_j C[i, j] U[j] over j < i, for i > 0."""
    n = z.size
    a, g = A[i, 0], C[i, 0]
    for k in range(n):
        u = U[0, k]
        zs[k] = z[k] + a * u
        c[k] = g * u
    for j in range(1, i - 1, 2):
        a, b, g, h = A[i, j], A[i, j + 1], C[i, j], C[i, j + 1]
        for k in range(n):
            u, v = U[j, k], U[j + 1, k]
            zs[k] += a * u + b * v
            c[k] += g * u + h * v
    if i % 2 == 0:
        a, g = A[i, i - 1], C[i, i - 1]
        for k in range(n):
            u = U[i - 1, k]
            zs[k] += a * u
            c[k] += g * u
