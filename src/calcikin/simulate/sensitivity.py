"""Exact derivatives of a run: of every state and read-out with respect to inputs and parameters.

The trajectory and its derivatives come from the same generated equations in dual numbers
(`calcikin.compiler.lane_dual`), so they are exact to the accuracy of the run. A read-out is a
smooth function of the trajectory; its derivative is taken along the derivative of the trajectory,
which for T50 is the implicit function theorem, see `calcikin.simulate.course`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import SimulationError
from calcikin.simulate.course import SMOOTH, Course, course
from calcikin.simulate.directions import directions_of, value_of
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.result import Result
from calcikin.simulate.run import default_times, result_of
from calcikin.solvers.choice import choose
from calcikin.solvers.scipy_ivp import Solution
from calcikin.solvers.status import Status

__all__ = ["Sensitivities", "sensitivities"]

Array = npt.NDArray[np.float64]
#: Relative step along an exact derivative, to read a read-out on either side: so small that fronts,
#: a tenth of a second wide, move by much less; so large that five digits of a difference are left.
STEP = 1e-8
#: Relative tolerance [1]. Steps follow the error of the run, not of its derivatives: at 1e-4
#: those of T50 are off by orders of magnitude, at 1e-5 by a quarter, here by 0.2 %.
RTOL = 1e-6


@dataclass(frozen=True)
class Sensitivities:
    """A run and its derivatives.

    Attributes
    ----------
    names : tuple of str
        Inputs and parameters.
    course : Course
        The trajectory and its derivatives.
    rtol : float
    """

    names: tuple[str, ...]
    course: Course
    rtol: float

    @property
    def model(self) -> Model:
        """The model."""
        return self.course.model

    @property
    def t(self) -> Array:
        """Times [s], shape (n_times,)."""
        return self.course.t

    @property
    def y(self) -> Array:
        """States [mol/L], shape (n_times, n_states)."""
        return self.course.y

    @property
    def dy(self) -> Array:
        """Derivatives [mol/L per unit of each name], shape (n_names, n_times, n_states)."""
        return self.course.dy

    def value(self, name: str) -> float:
        """Value of an input or parameter of the run, in its unit."""
        return value_of(self.model, name)

    def result(self) -> Result:
        """The run itself."""
        return self._moved(None, 0.0)

    def readouts(self, read: str | Sequence[str] = ("t50",)) -> dict[str, Array]:
        """Derivative of each read-out [its unit per unit of the input or parameter].

        Exact for those of `calcikin.simulate.course.SMOOTH`; of the others, some of which jump from
        reading to reading, as good as their readings are dense.

        Parameters
        ----------
        read : str or sequence of str

        Returns
        -------
        dict of str to ndarray, shape (n_names,)
            NaN where the run has no such number.
        """
        readouts = get_readouts(read)
        steps = np.array([STEP * abs(self.value(name)) or STEP for name in self.names])
        smooth = self.course.read([r.name for r in readouts if r.name in SMOOTH], steps)
        found = {name: slopes for name, (_, slopes) in smooth.items()}
        others = [readout for readout in readouts if readout.name not in SMOOTH]
        found |= {readout.name: np.full(len(self.names), np.nan) for readout in others}
        for k, step in enumerate(steps):
            if others:
                up, down = self._moved(k, step), self._moved(k, -step)
            for readout in others:
                found[readout.name][k] = (readout(up) - readout(down)) / (2.0 * step)
        return {readout.name: found[readout.name] for readout in readouts}

    def _moved(self, k: int | None, step: float) -> Result:
        """The run at another value of one name, by its derivative."""
        model, y = self.model, self.y
        if k is not None:
            name = self.names[k]
            model = model.with_({name: self.value(name) + step})
            y = y + step * self.dy[k]
        solution = Solution(self.t, y, Status.OK, "", float(self.t[-1]), 0, 0, 0.0)
        q = model.parameter_vector()
        return result_of(model, q, y[0], model.tolerances(self.rtol), solution)


def sensitivities(
    model: Model,
    names: Sequence[str],
    *,
    times: Array | None = None,
    rtol: float | None = None,
) -> Sensitivities:
    """Run a model once, with its derivatives with respect to inputs and parameters.

    Parameters
    ----------
    model : Model
    names : sequence of str
        Inputs of the medium and parameters, in whose units the derivatives are; pH too.
    times : ndarray, shape (n_times,), increasing from 0 [s], optional
    rtol : float, optional
        Relative tolerance [1]; 1e-6 by default.

    Returns
    -------
    Sensitivities

    Raises
    ------
    UnknownNameError
        For an unknown name.
    InputError
        For a setting that acts through the constants, a ratio, or a value of 0.
    SimulationError
        When the run fails.
    """
    _, rtol = choose("ensemble", RTOL if rtol is None else rtol, 1)
    grid = _fine_times(model.duration) if times is None else np.asarray(times, dtype=float)
    status, found = course(model, directions_of(model, names), grid, rtol=rtol)
    if status is not Status.OK:
        raise SimulationError(
            f"the run failed: {status.word}", where=f"model {model.name}", hint="tighten rtol"
        )
    return Sensitivities(tuple(names), found, rtol)


def _fine_times(duration: float) -> Array:
    """Output times, four times as dense as those of a run: for read-outs that are not smooth."""
    return np.union1d(default_times(duration), np.arange(0.0, duration, 45.0))
