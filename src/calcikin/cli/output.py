"""Where results go: checked before a computation starts, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from calcikin.errors import InputError, OutputError
from calcikin.files import replacing
from calcikin.simulate.tables import write_csv

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = [
    "PICTURES",
    "check_outputs",
    "json_text",
    "print_pairs",
    "print_table",
    "save_dataset",
    "write_text",
]

PICTURES = (".png", ".pdf", ".svg")
#: What is a folder and is meant to be one.
FOLDERS = (".zarr",)


def check_outputs(**files: tuple[str | None, Sequence[str]]) -> None:
    """Refuse a file that could not be written, before anything long starts.

    Parameters
    ----------
    **files : (path or None, known suffixes)
        By option, without its dashes: ``o=("run.nc", (".nc", ".csv"))``.

    Raises
    ------
    OutputError
        Unknown suffix, missing or unwritable folder, or a path that is a folder.
    InputError
        When two options name the same file.
    """
    seen: dict[Path, str] = {}
    for name, (text, suffixes) in files.items():
        if text is None:
            continue
        option = f"{'-' if len(name) == 1 else '--'}{name}"
        path, where = Path(text), f"{option} {text}"
        folder = path.is_dir() and path.suffix not in FOLDERS
        if folder or text.endswith(("/", os.sep)):
            raise OutputError(
                f"{text!r} is a folder, not a file",
                where=where,
                hint=f"add a file name to it, such as result{suffixes[0]}",
            )
        if path.suffix.lower() not in suffixes:
            raise OutputError(
                f"{path.suffix or 'no suffix'} is not a format for {option}",
                where=where,
                hint="end the name in " + ", ".join(suffixes),
            )
        if not path.parent.is_dir():
            raise OutputError(
                f"the folder {str(path.parent)!r} does not exist",
                where=where,
                hint=f"mkdir -p {path.parent}, or choose another folder",
            )
        if not os.access(path.parent, os.W_OK):
            raise OutputError(
                f"the folder {str(path.parent)!r} cannot be written to",
                where=where,
                hint="choose another folder",
            )
        same = path.resolve()
        if same in seen:
            raise InputError(
                f"{seen[same]} and {option} name the same file", where=where, hint="give two names"
            )
        seen[same] = option


def json_text(value: Any) -> str:
    """A value as JSON: NaN and infinity become null, arrays lists."""
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_text(path: str | Path, write: Callable[[TextIO], object]) -> Path:
    """Write a text file, whole or not at all.

    Parameters
    ----------
    path : path-like
    write : callable
        Gets the open stream.

    Raises
    ------
    OutputError
    """
    target = Path(path)
    with (
        replacing(target) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        write(stream)
    return target


def save_dataset(
    dataset: Dataset,
    path: str,
    summary: Callable[[], Any],
    save: Callable[[Dataset, str], Path],
) -> Path:
    """Write a dataset by suffix: .nc (by `save`), .csv (table) or .json (`summary()`)."""
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return write_text(path, lambda stream: stream.write(json_text(summary()) + "\n"))
    if suffix == ".csv":
        return write_text(path, lambda stream: write_csv(dataset, stream))
    return save(dataset, path)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    rows = list(pairs)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}".rstrip())


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> None:
    """Print an aligned table; columns whose cells are all numbers stand to the right."""
    body = [[str(cell) for cell in row] for row in rows]
    columns = list(zip(header, *body, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    for line in (list(header), ["-" * width for width in widths], *body):
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(line, widths, right, strict=True)
        )
        click.echo((indent + "  ".join(cells)).rstrip())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("", "-")
    return True
