"""Which solver, and how exact: the defaults of every run and sweep in one place.

Single runs are LSODA's: its kernels are compiled already, and one run takes 0.03 s. From
`MANY` points on it pays to step them together in the compiled ensemble, even when that has to be
compiled first. The rule looks at the number of points alone, so that the same sweep always has the
same solver.

Nominal tolerances mean different things: LSODA's error in T50 at 1e-6 is that of the ensemble at
1e-4 (benchmarks/README.md), so each has its own default.
"""

from __future__ import annotations

from calcikin.errors import OutOfRangeError, UnknownNameError

__all__ = ["DEFAULT_RTOL", "MANY", "SOLVERS", "choose"]

#: Points from which on a sweep goes to the ensemble: 64 runs of LSODA take 2 s on one core.
MANY = 64
#: Default relative tolerance of each solver [1].
DEFAULT_RTOL = {"lsoda": 1e-6, "bdf": 1e-6, "radau": 1e-6, "ensemble": 1e-4}
SOLVERS = ("auto", *DEFAULT_RTOL)


def choose(solver: str, rtol: float | None, n: int) -> tuple[str, float]:
    """Return the solver and tolerance meant for n runs.

    Parameters
    ----------
    solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
    rtol : float or None
        Relative tolerance [1]; None for the solver's default.
    n : int
        Runs.

    Raises
    ------
    UnknownNameError
        For an unknown solver.
    OutOfRangeError
        For a tolerance outside 1e-13..0.1.
    """
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS)
    if solver == "auto":
        solver = "ensemble" if n >= MANY else "lsoda"
    rtol = DEFAULT_RTOL[solver] if rtol is None else rtol
    if not 1e-13 <= rtol <= 0.1:
        raise OutOfRangeError(f"relative tolerance {rtol!r}", where="rtol", hint="1e-12 to 1e-2")
    return solver, rtol
