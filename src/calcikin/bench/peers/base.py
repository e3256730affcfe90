"""What the comparison asks of a solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.bench.batch import Batch

__all__ = ["Run", "Solver", "Trajectories"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trajectories:
    """What a solver returns for some rows of a batch.

    Attributes
    ----------
    y : ndarray, shape (n, n_times, n_states)
        NaN in a trajectory that failed.
    aside_s : float
        Time spent on what is not the solver's, which is not counted against it [s].
    """

    y: Array
    aside_s: float = 0.0


#: Rows (start, stop) and rtol -> trajectories; absolute tolerances are rtol times the scale.
Run = Callable[[int, int, float], Trajectories]


@dataclass(frozen=True)
class Solver:
    """A way to integrate a batch.

    Attributes
    ----------
    name : str
    role : {"ours", "peer"}
    given : str
        What it gets of right-hand side, Jacobian and tolerances.
    load : callable, Batch -> Run
        Compiles and loads, which is not timed. Raises InputError when the library is missing or the
        problem is beyond it; the words are shown.
    loosest : float
        Where its ladder of tolerances begins.
    together : int
        Trajectories that it is given at once.
    """

    name: str
    role: str
    given: str
    load: Callable[[Batch], Run]
    loosest: float = 1e-4
    together: int = 1
