"""Exact derivatives of a run: of every state and read-out with respect to inputs and parameters.

The trajectory and its derivatives come from the same generated equations in dual numbers
(`calcikin.compiler.lane_dual`), so they are exact to the accuracy of the run. A read-out is a
smooth function of the trajectory; its derivative is taken along the derivative of the trajectory,
which for T50 is the implicit function theorem: the curve is moved, and its mid-point read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, SimulationError
from calcikin.simulate.model import RATIO, SETTINGS, Model
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.result import Result
from calcikin.simulate.run import default_times, result_of
from calcikin.solvers.choice import choose
from calcikin.solvers.ensemble import integrate_directions
from calcikin.solvers.scipy_ivp import Solution
from calcikin.solvers.status import Status

__all__ = ["Sensitivities", "sensitivities"]

Array = npt.NDArray[np.float64]
#: Relative step along an exact derivative, to read a read-out on either side: so small that a front
#: is moved by a thousandth of its width, so large that ten digits of a difference are left.
STEP = 1e-6


@dataclass(frozen=True)
class Sensitivities:
    """A run and its derivatives.

    Attributes
    ----------
    model : Model
    names : tuple of str
        Inputs and parameters.
    t : ndarray, shape (n_times,) [s]
    y : ndarray, shape (n_times, n_states) [mol/L]
    dy : ndarray, shape (n_names, n_times, n_states)
        Derivatives [mol/L per unit of the input or parameter].
    rtol : float
    """

    model: Model
    names: tuple[str, ...]
    t: Array
    y: Array
    dy: Array
    rtol: float

    def value(self, name: str) -> float:
        """Value of an input or parameter of the run, in its unit."""
        return _value(self.model, name)

    def result(self) -> Result:
        """The run itself."""
        return self._moved(None, 0.0)

    def readouts(self, read: str | Sequence[str] = ("t50",)) -> dict[str, Array]:
        """Derivative of each read-out [its unit per unit of the input or parameter].

        Parameters
        ----------
        read : str or sequence of str

        Returns
        -------
        dict of str to ndarray, shape (n_names,)
            NaN where the run has no such number.
        """
        found = {readout.name: np.full(len(self.names), np.nan) for readout in get_readouts(read)}
        for k, name in enumerate(self.names):
            step = STEP * abs(self.value(name)) or STEP
            up, down = self._moved(k, step), self._moved(k, -step)
            for readout in get_readouts(read):
                found[readout.name][k] = (readout(up) - readout(down)) / (2.0 * step)
        return found

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
        Relative tolerance [1]; by default that of the ensemble.

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
    _, rtol = choose("ensemble", rtol, 1)
    grid = _fine_times(model.duration) if times is None else np.asarray(times, dtype=float)
    for name in names:
        _check(model, name)
    compiled = model.compiled
    q = model.unprepared_vector()
    totals = _totals(model)
    dq, dtot = np.zeros((len(names), q.size)), np.zeros((len(names), totals.size))
    for k, name in enumerate(names):
        # both are linear in the value, so the difference is exact to rounding at any step
        value = _value(model, name)
        step = 0.01 * value
        other = model.with_({name: value + step})
        dq[k] = (other.unprepared_vector() - q) / step
        dtot[k] = (_totals(other) - totals) / step
    y0 = model.initial_state(model.parameter_vector())
    network = model.scenario.network
    position = {c: i for i, c in enumerate(compiled.tables.components)}
    dy0 = np.zeros((len(names), y0.size))
    for i, state in enumerate(network.states):
        if state.component is not None:
            dy0[:, i] = dtot[:, position[state.component]]
    fetuin = compiled.layout.get("scale.fetuin")
    if fetuin is not None:
        dy0[:, network.index("fet.free")] = dq[:, fetuin]
    outcome = integrate_directions(
        compiled,
        q,
        dq,
        totals,
        dtot,
        y0,
        dy0,
        grid,
        h_state=network.index("H"),
        rtol=rtol,
        atol=model.tolerances(rtol),
    )
    status, y, dy = outcome
    if status is not Status.OK:
        raise SimulationError(
            f"the run failed: {status.word}", where=f"model {model.name}", hint="tighten rtol"
        )
    return Sensitivities(model, tuple(names), grid, y, dy, rtol)


def _fine_times(duration: float) -> Array:
    """Output times, four times as dense as those of a run.

    T50 read from a reading every 3 min wobbles by 0.02 min with the place of the readings, which is
    nothing in a time but per cents of its derivative.
    """
    return np.union1d(default_times(duration), np.arange(0.0, duration, 45.0))


def _check(model: Model, name: str) -> None:
    """Refuse what has no derivative here."""
    model.unit_of(name)
    if name in SETTINGS and name != "pH":
        raise InputError(
            f"no exact derivative with respect to {name}", hint="use differences of two runs"
        )
    if RATIO.match(name) and name not in model.scenario.medium.inputs:
        raise InputError(f"{name} is a ratio", hint="name the input above the line")
    if _value(model, name) == 0.0:
        raise InputError(f"{name} is 0", hint="a derivative is taken at a value above 0")


def _value(model: Model, name: str) -> float:
    if name in model.scenario.medium.inputs:
        return model.input_values()[name]
    if name == "pH":
        return model.initial_ph
    if name in model.parameters:
        return model.parameters[name]
    return model.scenario.parameters.get(name).value


def _totals(model: Model) -> Array:
    totals = model.totals()
    return np.array([totals[c] for c in model.compiled.tables.components])
