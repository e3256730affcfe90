"""Points at which models are run, and running many of them, for many parameter sets, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, ModelFileError, UnknownNameError
from calcikin.simulate.model import Model, load
from calcikin.simulate.readouts import get_readout
from calcikin.solvers.status import Status
from calcikin.sweep.batch import evaluate_many

__all__ = ["GIVEN", "Demand", "Point", "answer", "model_named", "read_point", "unit_of"]

Array = npt.NDArray[np.float64]
#: Numbers that need no run, by the first part of their name: ``parameter.acp_gamma``,
#: ``input.serum.Mg``, ``setting.duration``, ``log_k.ACP`` (at the temperature of the model).
GIVEN = ("parameter", "input", "setting", "log_k")
#: Solvers and relative tolerances, tried in turn where a run is not sound. Differences of T50 of
#: 1 min out of 300 need 1e-3 min: the ensemble at 1e-6 is within 1e-4 of LSODA at 1e-7. Particles
#: that have dissolved can undershoot zero by more than is allowed with one and not with another.
SOLVERS = (("ensemble", 1e-6), ("ensemble", 1e-7), ("lsoda", 1e-7), ("lsoda", 1e-6))
_POINT_KEYS = ("model", "preset", "set", "scale", "add", "off", "read")


class Point(NamedTuple):
    """One run: a model and all that differs from it.

    Attributes
    ----------
    model : str, name or path of a model
    preset : str, empty for the model's own
    changes : tuple of (str, float), name -> value in the model's unit of it
    off : tuple of str, mechanisms switched off
    """

    model: str
    preset: str
    changes: tuple[tuple[str, float], ...]
    off: tuple[str, ...]


class Demand(NamedTuple):
    """A number wanted of a point: a read-out, or one that is given, see `GIVEN`."""

    point: Point
    read: str


@cache
def model_named(name: str) -> Model:
    """A model by name or path, loaded once."""
    return load(name)


def variant(point: Point) -> Model:
    """The model of a point, with everything that the point changes."""
    model = model_named(point.model)
    return model.with_(dict(point.changes), preset=point.preset or None, switch_off=point.off)


def unit_of(demand: Demand) -> str:
    """Unit of the number that is wanted.

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    kind, _, name = demand.read.partition(".")
    if kind not in GIVEN:
        return get_readout(demand.read).unit
    if kind == "log_k":
        model_named(demand.point.model).scenario.constants.phase(name)
        return "1"
    return model_named(demand.point.model).unit_of(name)


def read_point(
    entry: Mapping[str, Any], usual: Mapping[str, Any], folder: Path, where: str
) -> tuple[Point, str]:
    """A point as a calibration file writes it, and its read-out (empty when it names none).

    Parameters
    ----------
    entry : mapping
        ``model``, ``preset``, ``set`` (name -> value, a number or a text with a unit), ``scale``
        (name -> factor), ``add`` (name -> what is added), ``off`` (mechanisms), ``read``.
    usual : mapping
        The dataset's own ``model``, ``preset``, ``set``, ``off`` and ``read``, for what the
        point does not say.
    folder : Path
        Where model files are looked for.
    where : str
        The place to name in errors.

    Returns
    -------
    Point, str

    Raises
    ------
    InputError
        For a key, a name or a value that cannot be.
    """
    for key in entry:
        if key not in _POINT_KEYS:
            raise UnknownNameError("key of a point", key, _POINT_KEYS, where=where)
    name = str(entry.get("model", usual.get("model", "")))
    if not name:
        raise ModelFileError("no model is named", where=where, hint='model = "t50_serum"')
    if name.endswith(".toml"):
        name = str((folder / name).resolve())
    preset = str(entry.get("preset", usual.get("preset", "")))
    off = tuple(entry.get("off", usual.get("off", ())))
    try:
        model = model_named(name).with_(preset=preset or None, switch_off=off)
        changed = model.with_({**usual.get("set", {}), **entry.get("set", {})})
        own = _own_values(changed)
        for key, number in {**entry.get("scale", {}), **entry.get("add", {})}.items():
            if key not in own:
                raise UnknownNameError("input, parameter or setting", key, own)
            value = own[key] * number if key in entry.get("scale", {}) else own[key] + number
            changed = changed.with_({key: value})
        changed.input_values()
    except InputError as error:
        error.where = f"{where}: {error.where}" if error.where else where
        raise
    changes = {**changed.inputs, **changed.ratios, **changed.parameters, **changed.settings}
    read = str(entry.get("read", usual.get("read", "")))
    return Point(name, preset, tuple(sorted(changes.items())), off), read


def _own_values(model: Model) -> dict[str, float]:
    """Every input, parameter and setting of a model in its own unit."""
    parameters = {n: p.value for n, p in model.scenario.parameters.parameters.items()}
    return model.input_values() | parameters | dict(model.parameters) | _settings(model)


def _settings(model: Model) -> dict[str, float]:
    """Settings of a run; temperature and duration through their unit, pH as it is."""
    return {
        "temperature": model.settings.get("temperature", model.temperature - 273.15),
        "duration": model.settings.get("duration", model.duration / 3600.0),
        "pH": model.initial_ph,
    }


def answer(
    demands: Sequence[Demand],
    parameters: Mapping[str, Array],
    *,
    solvers: Sequence[tuple[str, float]] = SOLVERS,
) -> tuple[Array, list[str]]:
    """Numbers for many parameter sets; what is alike is run once, and in few large batches.

    Parameters
    ----------
    demands : sequence of Demand
    parameters : mapping of str to ndarray, shape (m,)
        Parameter -> its value in each of m sets, in its unit; the others as the model has them.
    solvers : sequence of (str, float)
        Solver and relative tolerance [1]; the next is tried where a run is not sound.

    Returns
    -------
    numbers : ndarray, shape (m, n_demands)
        NaN where a run failed or has no such number.
    reasons : list of str, length n_demands
        Why the first set has no number; else empty.
    """
    names = list(parameters)
    m = parameters[names[0]].size if names else 1
    sets = np.stack([parameters[n] for n in names], axis=1) if names else np.zeros((m, 0))
    own, back = np.unique(sets, axis=0, return_inverse=True)
    back = back.reshape(m)
    columns = {name: own[:, j] for j, name in enumerate(names)}
    numbers = np.full((own.shape[0], len(demands)), np.nan)
    reasons = [""] * len(demands)
    first = int(back[0])
    for (model, reads), points in _groups(demands).items():
        found, said = _run(model, points, reads, columns, solvers)
        for j, demand in enumerate(demands):
            if demand.read in reads and demand.point in points:
                k = points.index(demand.point)
                numbers[:, j] = found[demand.read][:, k]
                reasons[j] = said[first][k]
    for j, demand in enumerate(demands):
        if demand.read.partition(".")[0] in GIVEN:
            numbers[:, j] = _given(demand, columns)
    return numbers[back], reasons


def _groups(demands: Sequence[Demand]) -> dict[tuple[str, tuple[str, ...]], list[Point]]:
    """Points by model and by the read-outs wanted of them, each point once."""
    reads: dict[Point, dict[str, None]] = {}
    for demand in demands:
        if demand.read.partition(".")[0] not in GIVEN:
            reads.setdefault(demand.point, {})[demand.read] = None
    groups: dict[tuple[str, tuple[str, ...]], list[Point]] = {}
    for point, wanted in reads.items():
        groups.setdefault((point.model, tuple(sorted(wanted))), []).append(point)
    return groups


def _run(
    name: str,
    points: Sequence[Point],
    reads: Sequence[str],
    parameters: Mapping[str, Array],
    solvers: Sequence[tuple[str, float]],
) -> tuple[dict[str, Array], list[list[str]]]:
    """Read-outs of the points of one model, each array of shape (m, n_points), and reasons."""
    model = model_named(name)
    m = next(iter(parameters.values())).size if parameters else 1
    p = len(points)
    columns = {key: np.tile(column, m) for key, column in _columns(model, points).items()}
    for key, values in parameters.items():
        if key in model.scenario.parameters.parameters:
            columns[key] = np.repeat(values, p)
    flags = {
        switch: np.tile([switch not in point.off for point in points], m)
        for switch in dict.fromkeys(s for point in points for s in point.off)
    }
    if not columns:
        columns["duration"] = np.full(m * p, model.duration / 3600.0)
    table = {read: np.full(m * p, np.nan) for read in reads}
    reasons = [""] * (m * p)
    todo = np.arange(m * p)
    for solver, tolerance in solvers:
        part = evaluate_many(
            model,
            {key: column[todo] for key, column in columns.items()},
            reads,
            switches={key: flag[todo] for key, flag in flags.items()},
            solver=solver,
            rtol=tolerance,
        )
        for read in reads:
            table[read][todo] = part.values[read]
        for k, reason in zip(todo, part.reason, strict=True):
            reasons[k] = reason
        refused = (part.status != int(Status.OK)) & (part.status != int(Status.BAD_INPUT))
        todo = todo[refused]
        if todo.size == 0:
            break
    shaped = {read: values.reshape(m, p) for read, values in table.items()}
    return shaped, [reasons[k * p : (k + 1) * p] for k in range(m)]


def _columns(model: Model, points: Sequence[Point]) -> dict[str, Array]:
    """Every input, parameter and setting in which a point differs from the model."""
    start = _own_values(model)
    values = [_own_values(variant(point)) for point in points]
    # a preset of undiluted serum brings its own pH; an ionic strength is held when it is given
    held = [variant(point).settings.get("ionic_strength") for point in points]
    if any(h is not None for h in held):
        raise InputError(
            "the ionic strength is set", where="calibration", hint="leave ionic_strength out"
        )
    differ = [name for name in start if any(v[name] != start[name] for v in values)]
    return {name: np.array([v[name] for v in values], dtype=float) for name in differ}


def _given(demand: Demand, parameters: Mapping[str, Array]) -> Array | float:
    """A number that needs no run."""
    kind, _, name = demand.read.partition(".")
    model = variant(demand.point)
    if kind == "parameter" and name in parameters:
        return parameters[name]
    if kind == "log_k":
        return float(model.scenario.constants.phase(name).log_k.at(model.temperature))
    return _own_values(model)[name]
