"""Virtual patients by stage of kidney disease: correlated, within what is plausible.

A patient of a stage is drawn with a Gaussian copula and truncated log-normal margins,

    z ~ N(0, R),  p_j = Phi(z_j)                                                         (1)
    x_j = exp(m_j + s_j Phi^-1(a_j + p_j (b_j - a_j)))                                   (2)

with R from the rank correlations r of the file, R = 2 sin(pi r / 6), m_j the logarithm of the
median of the stage, s_j its spread, and a_j, b_j the shares of the log-normal below the ends of the
plausible window of the input. Data and sources: ``models/data/cohort.toml``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from calcikin.errors import InputError, ModelFileError, UnknownNameError
from calcikin.files import read_toml
from calcikin.paths import models_dir
from calcikin.simulate.model import Model
from calcikin.sweep.design import Design, checked, substance_of, whole_number
from calcikin.units import parse_quantity

__all__ = ["CohortData", "Quantity", "cohort", "cohort_data"]

Array = npt.NDArray[np.float64]
#: Standard deviations from the median to the end of what holds 95 of 100: Phi^-1(0.975).
Z95 = 1.959963984540054
#: Patients that are drawn together; part of what a seed means, so never changed.
DRAWN = 4096


@dataclass(frozen=True)
class Quantity:
    """One quantity of a patient.

    Attributes
    ----------
    name : str, input of serum
    unit : str
    median : mapping of str to float, stage -> value [unit]
    spread : mapping of str to float, stage -> standard deviation of the logarithm [1]; empty for
        what is the same in everybody of a stage
    """

    name: str
    unit: str
    median: Mapping[str, float]
    spread: Mapping[str, float]


@dataclass(frozen=True)
class CohortData:
    """What virtual patients are drawn from.

    Attributes
    ----------
    stages : mapping of str to str, stage -> title
    quantities : tuple of Quantity
    ph : mapping of str to float, stage -> pH of serum
    correlation : ndarray, shape (n_drawn, n_drawn), ranks, of the quantities with a spread
    sources : mapping of str to str, what -> source
    """

    stages: Mapping[str, str]
    quantities: tuple[Quantity, ...]
    ph: Mapping[str, float]
    correlation: Array
    sources: Mapping[str, str]

    @property
    def drawn(self) -> tuple[Quantity, ...]:
        """Quantities that differ from patient to patient."""
        return tuple(q for q in self.quantities if q.spread)


def cohort_data(path: Path | None = None) -> CohortData:
    """Read the file of spreads and correlations, and the table that it stands on.

    Parameters
    ----------
    path : Path, optional
        The one that comes with calcikin by default.

    Returns
    -------
    CohortData

    Raises
    ------
    ModelFileError
        When a row, a source or a unit is missing, or the correlations cannot hold together.
    """
    return _read(path or models_dir() / "data" / "cohort.toml")


@lru_cache(maxsize=4)
def _read(path: Path) -> CohortData:
    raw, _ = read_toml(path)
    with (path.parent / "serum_composition.csv").open(encoding="utf-8", newline="") as stream:
        table = {row["quantity"]: row for row in csv.DictReader(stream)}
    columns = {stage: entry["column"] for stage, entry in raw["stages"].items()}
    quantities = []
    sources: dict[str, str] = {}
    for name, entry in raw["quantities"].items():
        if entry["row"] not in table:
            raise UnknownNameError("row", entry["row"], table, where=f"{path.name}: {name}")
        row = table[entry["row"]]
        median = {stage: float(row[column]) for stage, column in columns.items()}
        sources[name] = row["source"]
        spread = {}
        for stage in columns if "spread" in entry else ():
            given = entry["spread"].get(stage)
            sources[f"spread of {name} in {stage}"] = (
                given["source"] if given else "assumed: as in healthy people"
            )
            spread[stage] = _log_sd(given or entry["spread"]["healthy"], median[stage])
        quantities.append(Quantity(name, row["unit"], median, spread))
    drawn = [q.name for q in quantities if q.spread]
    ranks = np.eye(len(drawn))
    for entry in raw["correlation"]:
        i, j = (drawn.index(name) for name in entry["between"])
        ranks[i, j] = ranks[j, i] = entry["value"]
        sources["correlation of " + " and ".join(entry["between"])] = entry["source"]
    if np.linalg.eigvalsh(_normal_correlation(ranks)).min() <= 0.0:
        raise ModelFileError(
            "the correlations cannot all hold at once", where=str(path), hint="smaller ones"
        )
    ph = {stage: float(table["pH"][column]) for stage, column in columns.items()}
    titles = {stage: str(entry["title"]) for stage, entry in raw["stages"].items()}
    return CohortData(titles, tuple(quantities), ph, ranks, sources)


def _log_sd(spread: Mapping[str, Any], median: float) -> float:
    """Standard deviation of the logarithm, from a range that holds 95 of 100 or from the sd."""
    if "sd" in spread:
        return math.sqrt(math.log1p((spread["sd"] / median) ** 2))
    return math.log(spread["high"] / spread["low"]) / (2.0 * Z95)


def _normal_correlation(ranks: Array) -> Array:
    """Correlation of normal variables whose ranks correlate so (Pearson 1907)."""
    matrix = 2.0 * np.sin(np.pi * ranks / 6.0)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix)


def cohort(model: Model, stages: Mapping[str, int], *, seed: int = 0) -> Design:
    """Virtual patients: correlated Ca, Mg, Pi, albumin, fetuin-A, PPi and bicarbonate.

    Parameters
    ----------
    model : Model
        One whose inputs are those of serum.
    stages : mapping of str to int
        ``healthy``, ``ckd_3_4``, ``haemodialysis`` -> number of patients.
    seed : int

    Returns
    -------
    Design
        With the label ``stage``. Everything that the table knows of a stage is set, so that the
        preset of `model` does not matter; values lie within the plausible window of each input.

    Raises
    ------
    InputError
        When the inputs of the model are not those of serum.
    UnknownNameError, OutOfRangeError
        For a stage that does not exist, a number of patients or a seed that makes no sense.
    """
    data = cohort_data()
    _check(model, data, stages)
    seed = whole_number(seed, 0, "seed", "cohort")
    medium = model.scenario.medium
    names = [f"serum.{q.name}" for q in data.quantities]
    measured = medium.serum_fraction == 1.0  # serum itself: its pH matters, that of no stock
    if measured:
        names.append("pH")
    bounds = np.concatenate([[0], np.cumsum(list(stages.values()))])
    size = int(bounds[-1])
    units = checked(model, names, size)
    drawn = [j for j, q in enumerate(data.quantities) if q.spread]
    median = np.array([[q.median[stage] for q in data.quantities] for stage in stages])
    spread = np.array([[q.spread[stage] for q in data.drawn] for stage in stages])
    to_model = np.array(
        [
            parse_quantity(f"1 {q.unit}", unit, substance=substance_of(model, name))
            for q, unit, name in zip(data.quantities, units, names, strict=False)
        ]
    )
    median *= to_model
    windows = np.array([medium.inputs[names[j]].window for j in drawn])
    with np.errstate(divide="ignore"):  # a window that begins at zero: its logarithm is -inf
        ends = (np.log(windows)[None] - np.log(median[:, drawn])[:, :, None]) / spread[:, :, None]
    below, within = ndtr(ends[:, :, 0]), ndtr(ends[:, :, 1]) - ndtr(ends[:, :, 0])
    root = np.asarray(np.linalg.cholesky(_normal_correlation(data.correlation)), dtype=np.float64)

    def block(start: int, stop: int) -> Array:
        stage = np.searchsorted(bounds, np.arange(start, stop), side="right") - 1
        shares = _shares(seed, start, stop, root)  # (1)
        values = median[stage]
        z = ndtri(below[stage] + shares * within[stage])
        # a window ends where exp and log have rounded it to
        draws = values[:, drawn] * np.exp(spread[stage] * z)  # (2)
        values[:, drawn] = np.clip(draws, windows[:, 0], windows[:, 1])
        if measured:
            ph = np.array([data.ph[name] for name in stages])
            values = np.column_stack([values, ph[stage]])
        return np.asarray(values)

    origin = {"stages": dict(stages), "seed": seed, "sources": dict(data.sources)}
    words = np.repeat(np.array(list(stages), dtype=str), list(stages.values()))
    return Design(
        tuple(names), units, size, block, "cohort", origin=origin, labels={"stage": words}
    )


def _shares(seed: int, start: int, stop: int, root: Array) -> Array:
    """Equation (1) for patients `start` to `stop`, the same in whatever blocks.

    Patients are always drawn and multiplied in blocks of `DRAWN`: a product of matrices rounds
    differently for another number of rows.
    """
    parts = []
    for k in range(start // DRAWN, (stop - 1) // DRAWN + 1):
        drawn = np.random.default_rng([seed, k]).random((DRAWN, root.shape[0]))
        # 0 itself has no quantile; half of the smallest step is as good
        shares = ndtr(ndtri(np.maximum(drawn, 2.0**-54)) @ root.T)
        parts.append(shares[max(start - k * DRAWN, 0) : stop - k * DRAWN])
    return np.concatenate(parts)


def _check(model: Model, data: CohortData, stages: Mapping[str, int]) -> None:
    if not stages:
        raise InputError("no stage is named", where="cohort", hint=", ".join(data.stages))
    for stage, count in stages.items():
        if stage not in data.stages:
            raise UnknownNameError("stage", stage, data.stages, where="cohort")
        whole_number(count, 1, stage, "cohort")
    inputs = model.scenario.medium.inputs
    missing = [q.name for q in data.quantities if f"serum.{q.name}" not in inputs]
    if missing:
        raise InputError(
            f"the inputs of {model.name} are not those of serum: no {', '.join(missing[:3])}",
            where="cohort",
            hint="a model such as t50_serum",
        )
