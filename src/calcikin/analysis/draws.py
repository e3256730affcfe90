"""Draws of uncertain parameters from a table: one column per quantity, one row per draw."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError
from calcikin.simulate.model import Model
from calcikin.sweep.design import axis_values

__all__ = ["read_draws"]

_HEAD = re.compile(r"\s*([^\[\]]+?)\s*(?:\[\s*([^\[\]]*?)\s*\])?\s*")


def read_draws(model: Model, path: str | Path) -> dict[str, npt.NDArray[np.float64]]:
    """Read draws from a CSV file.

    Parameters
    ----------
    model : Model
        Whose quantities they are.
    path : path-like
        The first row names a quantity in each column, with its unit in brackets where it is not the
        model's own: ``acp_gamma [mJ/m2]``.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        In the units of the model.

    Raises
    ------
    InputError
        For a file that cannot be read, or a column that is no column of numbers.
    UnknownNameError, UnitError
        For a quantity that the model does not have, or the wrong unit.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"the draws cannot be read: {error}", where=str(path), hint="a table as CSV"
        ) from error
    if len(rows) < 2:
        raise InputError("there are no draws", where=str(path), hint="a row of names, then numbers")
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for k, head in enumerate(rows[0]):
        match = _HEAD.fullmatch(head)
        if match is None:
            raise InputError(f"{head!r} names no quantity", where=f"{path}: column {k + 1}")
        name, unit = match.groups()
        if name in columns:
            raise InputError(f"{name} has two columns", where=str(path), hint="keep one of them")
        numbers = [_number(row, k, line, str(path)) for line, row in enumerate(rows[1:], 2)]
        plain = unit is None or unit == model.unit_of(name)
        values = numbers if plain else [f"{number!r} {unit}" for number in numbers]
        columns[name] = axis_values(model, name, values)
    return columns


def _number(row: list[str], k: int, line: int, path: str) -> float:
    """A cell as a finite number."""
    where = f"{path}: row {line}, column {k + 1}"
    try:
        number = float(row[k])
    except (IndexError, ValueError):
        cell = row[k] if k < len(row) else ""
        raise InputError(f"{cell!r} is no number", where=where, hint="numbers only") from None
    if not math.isfinite(number):
        raise OutOfRangeError(f"{row[k]!r} is not finite", where=where)
    return number
