"""Where results go: checked before a computation starts, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from calcikin.cli import options
from calcikin.cli.notes import note_written
from calcikin.errors import InputError, OutputError
from calcikin.files import replacing
from calcikin.simulate.tables import write_csv

if TYPE_CHECKING:
    from xarray import Dataset

    from calcikin.plots.canvas import Figure

__all__ = [
    "PICTURES",
    "Outputs",
    "check_outputs",
    "json_text",
    "output_options",
    "print_pairs",
    "print_table",
    "save_dataset",
    "write_json",
    "write_text",
]

PICTURES = (".png", ".pdf", ".svg")
#: What is a folder and is meant to be one.
FOLDERS = (".zarr",)


@dataclass(frozen=True)
class Outputs:
    """Where an answer goes: what -o, --plot, --json and --quiet say.

    Attributes
    ----------
    out, plot : str or None
        Files of the answer and of its picture; both can be written.
    as_json : bool
        Whether JSON is printed, instead of tables for people.
    quiet : bool
        Whether notes are kept back.
    """

    out: str | None
    plot: str | None
    as_json: bool
    quiet: bool

    def tell(self, content: Any, show: Callable[[], None]) -> None:
        """Print `content` as JSON, or let `show` print it for people."""
        if self.as_json:
            click.echo(json_text(content))
        else:
            show()

    def write(self, write: Callable[[str], Path]) -> None:
        """Let `write` write the file of -o, if there is one."""
        if self.out is not None:
            note_written(write(self.out), self.quiet)

    def write_json(self, content: Any) -> None:
        """Write `content` to the file of -o, if there is one."""
        self.write(lambda path: write_json(path, content))

    def draw(self, figure: Figure) -> None:
        """Write a figure to the file of --plot, which is there."""
        from calcikin.plots import save

        assert self.plot is not None
        note_written(save(figure, self.plot), self.quiet)


def output_options(
    *suffixes: str, out: str, plot: str = "Draw it"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command -o, --plot, --json, --quiet and --debug, all but the last as ``outputs``.

    Files that could not be written are refused before the command starts.

    Parameters
    ----------
    *suffixes : str
        What -o may end in.
    out, plot : str
        Help of -o, and of --plot without its formats.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def gathered(
            *args: Any, out: str | None, plot: str | None, as_json: bool, quiet: bool, **rest: Any
        ) -> Any:
            check_outputs(o=(out, suffixes), plot=(plot, PICTURES))
            return command(*args, outputs=Outputs(out, plot, as_json, quiet), **rest)

        return options.with_options(
            gathered,
            click.option("-o", "out", metavar="FILE", help=out),
            click.option("--plot", metavar="FILE", help=f"{plot}: .png, .pdf or .svg."),
            options.json_option,
            options.quiet_option,
            options.debug_option,
        )

    return decorate


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


def write_json(path: str | Path, content: Any) -> Path:
    """Write a value as JSON, whole or not at all.

    Raises
    ------
    OutputError
    """
    return write_text(path, lambda stream: stream.write(json_text(content) + "\n"))


def save_dataset(
    dataset: Dataset,
    path: str,
    summary: Callable[[], Any],
    save: Callable[[Dataset, str], Path] | None = None,
) -> Path:
    """Write a dataset by suffix: .csv (table), .json (`summary()`) or else by `save`."""
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return write_json(path, summary())
    if suffix == ".csv" or save is None:
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
