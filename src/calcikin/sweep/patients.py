"""A design from a CSV file: one row per patient, one column per input."""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
from pathlib import Path

from calcikin.errors import InputError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.simulate.model import SETTINGS, Model
from calcikin.sweep.design import Design, listed, substance_of
from calcikin.units import parse_quantity

__all__ = ["patients"]

_HEADING = re.compile(r"(.*?)\s*(?:\[(.*)\]|\((.*)\))\s*")
#: A heading without a unit that is at least so much like the name of an input (share of equal
#: letters, of difflib) is taken for a slip of the pen, not for a label: "Mgg", not "stage".
_SLIP = 0.8


def patients(model: Model, path: str | Path) -> Design:
    """Points from a CSV file of patients or samples.

    Parameters
    ----------
    model : Model
    path : str or Path
        Separated by commas, semicolons or tabs. The first row names the columns: inputs, settings,
        ratios or parameters of the model (``serum.Mg``, or ``Mg`` for short where the inputs are
        those of serum), with the unit in brackets, ``Mg [mg/dL]``, or all units in a second row.
        Columns that name nothing and have no unit (``patient``, ``stage``) are kept as labels.

    Returns
    -------
    Design
        Values that are not plausible stay: such a row fails with a reason when it is run.

    Raises
    ------
    InputError
        When the file cannot be read or a cell is empty or no number; with row and column.
    UnknownNameError, UnitError
        For a column with a unit that names nothing, an input without a unit, a wrong unit.
    """
    where = str(path)
    rows = _rows(Path(path))
    heading, body = rows[0], rows[1:]
    split = [_HEADING.fullmatch(cell) for cell in heading]
    names = [match[1] if match else cell for match, cell in zip(split, heading, strict=True)]
    units = [(match[2] or match[3] or "") if match else "" for match in split]
    inputs = [_input(model, name) for name in names]
    first = next((j for j, name in enumerate(inputs) if name is not None), None)
    if first is None:
        known = [*model.scenario.medium.inputs, *SETTINGS]
        raise UnknownNameError("input", names[0], known, where=f"{where}, row 1")
    if not any(units) and body and not _is_number(body[0][first]):
        units, body = body[0], body[1:]
    if not body:
        raise InputError(
            "it holds no patients", where=where, hint="a row for each, below the names"
        )
    skipped = len(rows) - len(body)
    columns: dict[str, list[float]] = {}
    labels: dict[str, list[str]] = {}
    for j, (name, unit, known_as) in enumerate(zip(names, units, inputs, strict=True)):
        cells = [row[j] for row in body]
        if known_as is None:
            _check_label(model, name, unit, where)
            labels[name] = cells
            continue
        if known_as in columns:
            raise InputError(f"{known_as} stands in two columns", where=where, hint="keep one")
        place = f"{where}, column {name}"
        columns[known_as] = _numbers(model, known_as, cells, unit, place, skipped)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    origin = {"file": Path(path).name, "file_sha256": digest, "points": len(body)}
    return listed(model, columns, kind="patients", origin=origin, labels=labels)


def _rows(path: Path) -> list[list[str]]:
    """Cells of a file, without blank rows, every row as long as the first."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the file cannot be read: {error}", where=str(path), hint="a CSV file in UTF-8"
        ) from error
    head = text.lstrip().partition("\n")[0]
    mark = max(",;\t", key=head.count)
    found = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(text.splitlines(), delimiter=mark), start=1)
    ]
    kept = [(number, row) for number, row in found if any(row)]
    if not kept:
        raise InputError("it is empty", where=str(path), hint="names in the first row")
    width = len(kept[0][1])
    for number, row in kept:
        if len(row) != width:
            raise InputError(
                f"row {number} has {len(row)} cells, the first {width}",
                where=str(path),
                hint="the same number of separators in each row",
            )
    return [row for _, row in kept]


def _input(model: Model, name: str) -> str | None:
    """The model's own name of a column; None when it names nothing."""
    inputs = model.scenario.medium.inputs
    prefix = next((key.partition(".")[0] + "." for key in inputs if "." in key), "")
    upper, slash, lower = name.partition("/")
    for candidate in (name, prefix + name, f"{prefix}{upper}{slash}{prefix}{lower}"):
        try:
            model.unit_of(candidate)
        except UnknownNameError:
            continue
        return candidate
    return None


def _check_label(model: Model, name: str, unit: str, where: str) -> None:
    """Refuse a column that looks like an input but is none."""
    known = [*model.scenario.medium.inputs, *SETTINGS]
    short = [key.rpartition(".")[2] for key in known]
    slip = difflib.get_close_matches(name.rpartition(".")[2], short, n=1, cutoff=_SLIP)
    if (unit or slip) and name:
        raise UnknownNameError("input", name, known, where=f"{where}, row 1")


def _numbers(
    model: Model, name: str, cells: list[str], unit: str, place: str, skipped: int
) -> list[float]:
    """Cells of one column in the unit of the model."""
    to = model.unit_of(name)
    if not unit and to != "1":
        raise UnitError(f"{name} has no unit", where=place, hint=f"{name} [{to}] in the first row")
    substance = substance_of(model, name)
    values = []
    for number, cell in enumerate(cells, start=skipped + 1):
        if not cell:
            raise InputError(
                f"{name} of row {number} is empty",
                where=place,
                hint="give a value, or leave the column out: all then have that of the model",
            )
        if not _is_number(cell):
            raise UnitError(
                f"{name} of row {number} is {cell!r}",
                where=place,
                hint="a number with a decimal point; its unit stands in the first row",
            )
        try:
            values.append(parse_quantity(f"{cell} {unit}".strip(), to, substance=substance))
        except (UnitError, OutOfRangeError) as error:
            error.where = f"{place}, row {number}"
            raise
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
