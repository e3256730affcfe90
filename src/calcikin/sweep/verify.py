"""Does a table say what the model says? A random sample of it is run again."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance
from calcikin.solvers.status import Status
from calcikin.sweep.batch import evaluate_many
from calcikin.sweep.design import Axis, Design, combined
from calcikin.sweep.store import open_table, origin
from calcikin.sweep.zarr_files import SUFFIX, VERSIONS, check_chunks

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TOLERANCE", "Verification", "model_of", "verify"]

Array = npt.NDArray[np.float64]
#: Relative difference that is put down to another processor or other versions, in units of the
#: tolerance of the solver. Other round-off lets the solver take other steps, so that two runs
#: differ by as much as both differ from the exact solution: T50 by up to 2.3 each, radii by 1, the
#: rest by less (12 sera with LSODA at rtol 1e-6 against 1e-9; with the ensemble at 1e-4 T50 by 0.1,
#: radii by 0.9). Twice as much for other compositions.
TOLERANCE = 10.0


@dataclass(frozen=True)
class Verification:
    """What came out.

    Attributes
    ----------
    runs : int, points of the table
    sample : tuple of int, indices of those that were run again
    seed : int, by which they were drawn
    tolerance : float, relative [1]
    identical : int, points with the same bits in every read-out
    largest : mapping of str to float, read-out -> largest relative difference [1]
    different : tuple of str, what does not agree
    notes : tuple of str, versions that are not those of the table
    """

    runs: int
    sample: tuple[int, ...]
    seed: int
    tolerance: float
    identical: int
    largest: Mapping[str, float]
    different: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every point of the sample agrees."""
        return not self.different

    def summary(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "ok": self.ok,
            "runs": self.runs,
            "sample": list(self.sample),
            "seed": self.seed,
            "tolerance": self.tolerance,
            "identical": self.identical,
            "largest_difference": dict(self.largest),
            "different": list(self.different),
            "notes": list(self.notes),
        }


def model_of(table: xr.Dataset, file: str | Path | None = None) -> Model:
    """The model behind a table, as it was before the design changed it.

    Parameters
    ----------
    table : xarray.Dataset
    file : str or Path, optional
        Model file, where the model does not come with calcikin.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        When there is no such model, or it is another version of it.
    """
    said = origin(table)
    try:
        model = load(file if file is not None else said["model"])
    except UnknownNameError as error:
        error.hint = f"--model FILE, if it is your own; {error.hint}"
        raise
    if model.scenario.sha256 != said["sha256"]:
        raise InputError(
            f"the table is of another version of the model {said['model']}",
            where=str(model.scenario.path),
            hint=f"it was made with calcikin {said['calcikin']}; take that version, "
            "or --model FILE with the model as it was",
        )
    return replace(
        model,
        preset=said["preset"],
        inputs=said["inputs"],
        ratios=said["ratios"],
        parameters=said["parameters"],
        settings=said["settings"],
        off=tuple(name for name in said["off"] if name not in model.scenario.switch_off),
    )


def verify(
    path: str | Path,
    *,
    model: str | Path | None = None,
    points: int = 20,
    seed: int | None = None,
    tolerance: float | None = None,
    jobs: int | None = None,
) -> Verification:
    """Run a random sample of a table again and compare; read all of it for damage.

    Parameters
    ----------
    path : str or Path
        ``.zarr`` or ``.nc`` of a sweep, finished or not.
    model : str or Path, optional
        Model file, where the model does not come with calcikin.
    points : int
        How many are run again.
    seed : int, optional
        By which they are drawn; another one each time by default.
    tolerance : float, optional
        Relative [1]; 10 times that of the solver by default (see `TOLERANCE`).
    jobs : int, optional
        As of `evaluate_many`.

    Returns
    -------
    Verification

    Raises
    ------
    InputError
        When the table cannot be read, is damaged, was changed or is of another version of the
        model.
    OutOfRangeError
        For a number of points below 1.
    """
    if points < 1:
        raise OutOfRangeError(f"{points} points", where="verify", hint="1 or more")
    table = open_table(path)
    if Path(path).suffix == SUFFIX:
        check_chunks(Path(path))
    said = origin(table)
    rebuilt = model_of(table, model)
    design = _design(table, said)
    if design.sha256 != said["design_sha256"]:
        raise InputError(
            "its inputs are not those that were run",
            where=str(path),
            hint="somebody changed them; run the sweep again",
        )
    seed = secrets.randbits(32) if seed is None else seed
    status = table["status"].values.ravel()
    there = np.flatnonzero(status >= 0)
    if not there.size:
        raise InputError("nothing was run yet", where=str(path), hint="go on with --resume")
    sample = np.random.default_rng(seed).choice(there, min(points, there.size), replace=False)
    sample.sort()
    block = np.concatenate([design.block(k, k + 1) for k in sample])
    again = evaluate_many(
        rebuilt,
        {name: block[:, j] for j, name in enumerate(design.names)},
        said["read"] or ["balance_error"],
        solver=said["solver"],
        rtol=said["rtol"],
        jobs=jobs,
    )
    limit = TOLERANCE * said["rtol"] if tolerance is None else tolerance
    where = np.unravel_index(sample, design.shape)
    stored = {name: _at(table, name, where) for name in said["read"]}
    different = [
        f"point {k}: it was {_word(was)}, is now {_word(now)}"
        for k, was, now in zip(sample, status[sample], again.status, strict=True)
        if was != now
    ]
    same = status[sample] == again.status
    largest = {}
    for name, before in stored.items():
        gap = _gap(before, again.values[name])
        same &= (before == again.values[name]) | (np.isnan(before) & np.isnan(again.values[name]))
        largest[name] = float(gap.max())
        different += [
            f"point {sample[k]}: {name} was {before[k]:.8g}, is now {again.values[name][k]:.8g}"
            for k in np.flatnonzero(gap > limit)
        ]
    here = provenance(rebuilt)
    return Verification(
        runs=design.size,
        sample=tuple(sample.tolist()),
        seed=seed,
        tolerance=limit,
        identical=int(np.count_nonzero(same)),
        largest=largest,
        different=tuple(different),
        notes=tuple(
            f"{name} was {said[name]}, is now {here[name]}"
            for name in VERSIONS
            if said[name] != here[name]
        ),
    )


def _design(table: xr.Dataset, said: Mapping[str, Any]) -> Design:
    """The design as the table has it."""
    names = tuple(said["over"])
    units = tuple(str(table[name].attrs["units"]) for name in names)
    shape = table["status"].shape
    size = math.prod(shape)
    if said["design"]["kind"] == "grid":
        return combined(
            tuple(Axis(n, u, table[n].values) for n, u in zip(names, units, strict=True))
        )
    columns = [table[name].variable for name in names]
    labels = {
        str(name): column.values.astype(object).astype(str)
        for name, column in table.coords.items()
        if name not in names
    }
    return Design(
        names,
        units,
        size,
        lambda start, stop: np.stack([c[start:stop].values for c in columns], axis=1),
        str(said["design"]["kind"]),
        labels=labels,
    )


def _at(table: xr.Dataset, name: str, where: tuple[npt.NDArray[np.intp], ...]) -> Array:
    """Values at some points; chunks are read one by one."""
    variable = table[name].variable
    points = zip(*where, strict=True)
    return np.array([float(variable[tuple(map(int, point))].values) for point in points])


def _gap(before: Array, now: Array) -> Array:
    """Relative difference; infinite where only one of the two is a number."""
    scale = np.maximum(np.abs(before), np.abs(now))
    with np.errstate(invalid="ignore"):
        gap = np.abs(before - now) / np.where(scale == 0.0, 1.0, scale)
    missing = np.isnan(before), np.isnan(now)
    return np.where(missing[0] & missing[1], 0.0, np.where(missing[0] | missing[1], np.inf, gap))


def _word(status: int) -> str:
    return Status(int(status)).word
