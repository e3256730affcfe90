"""Directions in which a run can be differentiated: how its start moves with names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.simulate.model import RATIO, SETTINGS, Model

__all__ = ["Directions", "differentiable", "directions_of", "value_of"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Directions:
    """The start of a run, and its derivatives in n directions.

    Attributes
    ----------
    q : ndarray, shape (n_q,), not yet prepared
    dq : ndarray, shape (n, n_q)
    totals : ndarray, shape (n_components,) [mol/L]
    dtotals : ndarray, shape (n, n_components)
    y : ndarray, shape (n_states,) [mol/L]
    dy : ndarray, shape (n, n_states), without that of total H, which follows from the totals
    """

    q: Array
    dq: Array
    totals: Array
    dtotals: Array
    y: Array
    dy: Array

    def combined(self, weights: Array) -> Directions:
        """Sums of directions; weights of shape (m, n), so that there are m of them then."""
        return Directions(
            self.q,
            weights @ self.dq,
            self.totals,
            weights @ self.dtotals,
            self.y,
            weights @ self.dy,
        )


def differentiable(model: Model, name: str) -> bool:
    """Whether a run has an exact derivative with respect to an input, parameter or the pH.

    Not where it acts through the constants or the length of the run, is a ratio, or is 0.
    """
    try:
        check(model, name)
    except InputError:
        return False
    return True


def check(model: Model, name: str) -> None:
    """Refuse what has no derivative here.

    Raises
    ------
    UnknownNameError, InputError
    """
    model.unit_of(name)
    if name in SETTINGS and name != "pH":
        raise InputError(
            f"no exact derivative with respect to {name}", hint="use differences of two runs"
        )
    if name == "pH" and model.scenario.pco2 is not None:
        raise InputError(
            "no exact derivative with respect to the pH of a mix that is open to CO2",
            hint="use differences of two runs",
        )
    if RATIO.match(name) and name not in model.scenario.medium.inputs:
        raise InputError(f"{name} is a ratio", hint="name the input above the line")
    if value_of(model, name) == 0.0:
        raise InputError(f"{name} is 0", hint="a derivative is taken at a value above 0")


def value_of(model: Model, name: str) -> float:
    """Value of an input or parameter, or the pH, in its unit."""
    if name in model.scenario.medium.inputs:
        return model.input_values()[name]
    if name == "pH":
        return model.initial_ph
    if name in model.parameters:
        return model.parameters[name]
    return model.scenario.parameters.get(name).value


def directions_of(model: Model, names: Sequence[str]) -> Directions:
    """How the start of a run moves with inputs, parameters and the pH, per unit of each.

    Raises
    ------
    UnknownNameError
        For an unknown name.
    InputError
        For a setting that acts through the constants, a ratio, or a value of 0.
    """
    for name in names:
        check(model, name)
    layout = model.compiled.layout
    q, totals = model.unprepared_vector(), _totals(model)
    dq, dtotals = np.zeros((len(names), q.size)), np.zeros((len(names), totals.size))
    for k, name in enumerate(names):
        if name in model.scenario.parameters.parameters:
            if f"parameter.{name}" in layout:
                own = model.scenario.parameters.get(name)
                dq[k, layout[f"parameter.{name}"]] = own.with_value(1.0).internal
            continue
        # both are linear in the value, so the difference is exact to rounding at any step
        value = value_of(model, name)
        step = 0.01 * value
        other = model.with_({name: value + step})
        dq[k] = (other.unprepared_vector() - q) / step
        dtotals[k] = (_totals(other) - totals) / step
    y = model.initial_state(model.parameter_vector())
    network = model.scenario.network
    position = {c: i for i, c in enumerate(model.compiled.tables.components)}
    dy = np.zeros((len(names), y.size))
    for i, state in enumerate(network.states):
        if state.component is not None:
            dy[:, i] = dtotals[:, position[state.component]]
    fetuin = layout.get("scale.fetuin")
    if fetuin is not None:
        dy[:, network.index("fet.free")] = dq[:, fetuin]
    return Directions(q, dq, totals, dtotals, y, dy)


def _totals(model: Model) -> Array:
    totals = model.totals()
    return np.array([totals[c] for c in model.compiled.tables.components])
