"""Many variants of a model as arrays: parameter vectors and starts, without a Python object each.

The totals of a medium are linear in its inputs, and parameters, switches and totals each have a
slot of q, so whole columns are written at once. What acts through the constants or the length of
the run (temperature, duration, ionic strength, and pH where the mix is open to CO2) is set group by
group, one group for each combination of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError
from calcikin.model.modelfile import WINDOWS
from calcikin.simulate.model import RATIO, SETTINGS, Model
from calcikin.simulate.solution_vector import LN10

__all__ = ["Points", "lay_out"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Points:
    """Arrays of points that share the length of the run.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Which points of the table these are.
    duration : float [s]
    q : ndarray, shape (n, n_q), prepared
    y : ndarray, shape (n, n_states), states at the start [mol/L]
    x : ndarray, shape (n, n_unknowns), solution of the speciation at the start
    """

    rows: npt.NDArray[np.int64]
    duration: float
    q: Array
    y: Array
    x: Array


def lay_out(
    model: Model, columns: Mapping[str, Array], switches: Mapping[str, Flags], n: int
) -> tuple[list[Points], dict[int, str]]:
    """Return the points of a table as arrays, and the reasons of those that are refused.

    Parameters
    ----------
    model : Model
    columns : mapping of str to ndarray, shape (n,)
        Input, ratio, parameter or setting -> values in ``model.unit_of(name)``.
    switches : mapping of str to ndarray of bool, shape (n,)
    n : int

    Returns
    -------
    list of Points
        One per combination of settings; refused points are in none of them.
    dict of int to str
        Row -> why the model refuses it.
    """
    alone = {name for name in SETTINGS if name != "pH" or model.scenario.pco2 is not None}
    settings = {name: columns[name] for name in columns if name in alone}
    refused: dict[int, str] = {}
    if not settings:
        return [_group(model, np.arange(n), columns, switches, refused)], refused
    keys = np.stack(list(settings.values()), axis=1)
    values, member = np.unique(keys, axis=0, return_inverse=True)
    others = {name: column for name, column in columns.items() if name not in settings}
    groups = []
    for g, combination in enumerate(values):
        rows = np.flatnonzero(member.ravel() == g)
        try:
            variant = model.with_(dict(zip(settings, combination.tolist(), strict=True)))
        except InputError as error:
            refused.update(dict.fromkeys(rows.tolist(), _sentence(error)))
            continue
        part = {name: column[rows] for name, column in others.items()}
        flags = {name: flag[rows] for name, flag in switches.items()}
        groups.append(_group(variant, rows, part, flags, refused))
    return groups, refused


def _group(
    model: Model,
    rows: npt.NDArray[np.int64],
    columns: Mapping[str, Array],
    switches: Mapping[str, Flags],
    refused: dict[int, str],
) -> Points:
    """Arrays of the points ``rows`` of a model whose settings are chosen."""
    n = rows.size
    bad: dict[int, str] = {}
    values = _inputs(model, columns, n, bad)
    compiled, layout = model.compiled, model.compiled.layout
    q = np.repeat(model.unprepared_vector()[None, :], n, axis=0)
    totals = _totals(model, values, n)
    for component, column in totals.items():
        q[:, layout[f"total.{component}"]] = column
        if f"scale.initial_{component}" in layout:
            q[:, layout[f"scale.initial_{component}"]] = column
    fetuin = _fetuin(model, values, n)
    if "scale.fetuin" in layout:
        q[:, layout["scale.fetuin"]] = fetuin
    ph = np.full(n, model.initial_ph)
    parameters = model.scenario.parameters.parameters
    for name, column in columns.items():
        if name == "pH":
            ph = column
            _refuse(model, name, column, bad)
        elif name in parameters:
            _refuse(model, name, column, bad)
            one = parameters[name].with_value(1.0).internal  # units without an offset only
            if f"parameter.{name}" in layout:
                q[:, layout[f"parameter.{name}"]] = column * one
    q[:, layout["ln_ah"]] = -ph * LN10
    for name, flag in switches.items():
        if f"switch.{name}" in layout:
            on = name not in model.switched_off()
            q[:, layout[f"switch.{name}"]] = np.where(flag & on, 1.0, 0.0)
        if name == "phosphate_complexation":
            for species, entry in model.scenario.constants.species.items():
                if "mg_phosphate" in entry.tags:
                    q[~flag, layout[f"beta.{species}"]] = 0.0
    network = model.scenario.network
    y = np.zeros((n, len(network.states)))
    for i, state in enumerate(network.states):
        if state.component is not None:
            y[:, i] = totals[state.component]
    y[:, network.index("fet.free")] = fetuin
    x = np.zeros((n, compiled.n_unknowns))
    status = np.zeros(n, dtype=np.int64)
    compiled.module.begin_many(q, q[:, layout["ln_ah"]].copy(), y, x, status)
    for k in np.flatnonzero(status < 0):
        bad.setdefault(int(k), "the initial solution has no equilibrium that could be found")
    refused.update((int(rows[k]), reason) for k, reason in bad.items())
    good = np.array([k for k in range(n) if k not in bad], dtype=np.int64) if bad else slice(None)
    return Points(rows[good], model.duration, q[good], y[good], x[good])


def _inputs(
    model: Model, columns: Mapping[str, Array], n: int, bad: dict[int, str]
) -> dict[str, Array]:
    """Every input of the medium at every point, ratios resolved; marks those that are refused."""
    medium = model.scenario.medium
    ratios: dict[tuple[str, str], Array] = {}
    for name, ratio in model.ratios.items():
        upper, _, lower = name.partition("/")
        if upper not in columns:
            ratios[upper, lower] = np.full(n, ratio)
    base = medium.values(model.preset or None, model.inputs)
    values = {name: np.full(n, value) for name, value in base.items()}
    for name, column in columns.items():
        ratio_name = RATIO.match(name)
        if name in medium.inputs:
            values[name] = column
        elif ratio_name and ratio_name[1] in medium.inputs and ratio_name[2] in medium.inputs:
            ratios = {key: r for key, r in ratios.items() if key[0] != ratio_name[1]}
            ratios[ratio_name[1], ratio_name[2]] = column
    while ratios:
        free = [key for key in ratios if not any(key[1] == other for other, _ in ratios)]
        if not free:
            raise InputError(
                f"the ratios {', '.join('/'.join(key) for key in ratios)} set each other",
                hint="leave one out",
            )
        upper, lower = free[0]
        share = medium.inputs[lower].molar(1.0) / medium.inputs[upper].molar(1.0)
        values[upper] = ratios.pop((upper, lower)) * values[lower] * share
    for name, column in values.items():
        low, high = medium.inputs[name].window
        fine = ((column >= low) & (column <= high)) | (column == 0.0)
        for k in np.flatnonzero(~fine):
            try:
                medium.inputs[name].check(float(column[k]))
            except InputError as error:
                bad.setdefault(int(k), _sentence(error))
    return values


def _refuse(model: Model, name: str, column: Array, bad: dict[int, str]) -> None:
    """Mark the values of a parameter or of the pH that the model refuses."""
    if name in model.scenario.parameters.parameters:
        negative = model.scenario.parameters.get(name).low < 0.0
        fine = np.isfinite(column) & ((column >= 0.0) | negative)
    else:
        low, high = WINDOWS[name]
        fine = (column >= low) & (column <= high)
    for k in np.flatnonzero(~fine):
        try:
            model.with_({name: float(column[k])})
        except InputError as error:
            bad.setdefault(int(k), _sentence(error))


def _totals(model: Model, values: Mapping[str, Array], n: int) -> dict[str, Array]:
    """Component totals of the mix at every point [mol/L]; equation (1) of the medium by columns."""
    medium = model.scenario.medium
    constant = medium.totals(dict.fromkeys(medium.inputs, 0.0))
    totals = {c: np.full(n, constant.get(c, 0.0)) for c in model.scenario.constants.components}
    share = sum(part.volume for part in medium.parts if part.inputs) / medium.volume
    for name, column in values.items():
        item = medium.inputs[name]
        for component, number in item.provides.items():
            if component in totals:
                totals[component] += share * number * item.molar(1.0) * column
    return totals


def _fetuin(model: Model, values: Mapping[str, Array], n: int) -> Array:
    """Fetuin-A in the mix at every point [mol/L]."""
    medium = model.scenario.medium
    for name, item in medium.inputs.items():
        if item.substance == "fetuin-A":
            return medium.serum_fraction * item.molar(1.0) * values[name]
    return np.zeros(n)


def _sentence(error: InputError) -> str:
    return f"{error.what} ({error.hint})" if error.hint else error.what
