"""Stiff test problems with published end values: what a solver of stiff equations must get right.

Equations and values: Hairer & Wanner 1996, *Solving Ordinary Differential Equations II*, section
IV.10; end values to more digits: Mazzia & Magherini 2008, *Test Set for Initial Value Problem
Solvers*, release 2.4 (HIRES, E5, Robertson), OREGO from the same book's authors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PROBLEMS", "StiffProblem"]


@dataclass(frozen=True)
class StiffProblem:
    """One problem.

    Attributes
    ----------
    name : str
    right : callable, (y, p) -> dy/dt
    start : tuple of float
    end : float, final time
    answer : tuple of float, published values at the end
    atol : float, absolute tolerance at rtol 1, in the scale of the smallest component that matters
    conserved : mapping of int to mapping of int to float
        A sum that never changes, as of `calcikin.compiler.ensemble_source.System`.
    """

    name: str
    right: Callable[[Sequence[Any], Sequence[Any]], Sequence[Any]]
    start: tuple[float, ...]
    end: float
    answer: tuple[float, ...]
    atol: float
    conserved: Mapping[int, Mapping[int, float]] = field(default_factory=dict)


def _robertson(y: Sequence[Any], p: Sequence[Any]) -> Sequence[Any]:
    del p
    slow, fast, back = 0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return back - slow, slow - back - fast, fast


def _hires(y: Sequence[Any], p: Sequence[Any]) -> Sequence[Any]:
    del p
    return (
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        280.0 * y[5] * y[7] - 1.81 * y[6],
        -280.0 * y[5] * y[7] + 1.81 * y[6],
    )


def _orego(y: Sequence[Any], p: Sequence[Any]) -> Sequence[Any]:
    del p
    return (
        77.27 * (y[1] + y[0] * (1.0 - 8.375e-6 * y[0] - y[1])),
        (y[2] - (1.0 + y[0]) * y[1]) / 77.27,
        0.161 * (y[0] - y[2]),
    )


def _e5(y: Sequence[Any], p: Sequence[Any]) -> Sequence[Any]:
    del p
    a, b, c, m = 7.89e-10, 1.1e7, 1.13e3, 1e6
    first, second, third, fourth = a * y[0], b * y[0] * y[2], c * y[3], m * c * y[1] * y[2]
    return -first - second, first - fourth, first - second + third - fourth, second - third


PROBLEMS = {
    problem.name: problem
    for problem in (
        StiffProblem(
            "robertson",
            _robertson,
            (1.0, 0.0, 0.0),
            1e11,
            (0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050),
            1e-12,
        ),
        StiffProblem(
            "hires",
            _hires,
            (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057),
            321.8122,
            (
                0.7371312573325668e-3,
                0.1442485726316185e-3,
                0.5888729740967575e-4,
                0.1175651343283149e-2,
                0.2386356198831331e-2,
                0.6238968252742796e-2,
                0.2849998395185769e-2,
                0.2850001604814231e-2,
            ),
            1e-4,
        ),
        StiffProblem(
            "orego",
            _orego,
            (1.0, 2.0, 3.0),
            360.0,
            (0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3),
            1.0,
        ),
        StiffProblem(
            "e5",
            _e5,
            (1.76e-3, 0.0, 0.0, 0.0),
            1e13,
            (0.1152903278711829e-290, 0.8867655517642120e-22, 0.8854814626268838e-22, 0.0),
            1e-22,
            # y2 - y3 - y4 = 0; rounding of rates that are 1e12 times as large would lose it
            {2: {1: -1.0, 3: 1.0}},
        ),
    )
}
