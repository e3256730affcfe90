"""What the page offers for download: the data of a run, and its figures."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from calcikin.errors import UnknownNameError
from calcikin.simulate.dataset import save
from calcikin.simulate.result import Result
from calcikin.simulate.tables import write_csv

__all__ = ["KINDS", "file_of"]

#: Kind of file -> ending of its name and media type.
KINDS = {
    "csv": ("csv", "text/csv; charset=utf-8"),
    "netcdf": ("nc", "application/x-netcdf"),
    "svg": ("svg", "image/svg+xml"),
    "pdf": ("pdf", "application/pdf"),
    "png": ("png", "image/png"),
}


def file_of(result: Result, kind: str) -> tuple[bytes, str, str]:
    """A run as a file.

    Parameters
    ----------
    result : Result
    kind : {"csv", "netcdf", "svg", "pdf", "png"}
        Everything over time (csv, netcdf), or the time course as a figure.

    Returns
    -------
    bytes, str, str
        Content, ending of the file name, media type.

    Raises
    ------
    UnknownNameError
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of file", kind, KINDS)
    ending, media = KINDS[kind]
    if kind == "csv":
        stream = io.StringIO(newline="")
        write_csv(result.dataset, stream)
        return stream.getvalue().encode(), ending, media
    if kind == "netcdf":
        return _through_file(ending, lambda path: save(result.dataset, path)), ending, media
    from calcikin import plots

    shown = result.dataset.sel(time=slice(0.0, result.shown_min))
    figure = plots.time_course(shown)
    return _through_file(ending, lambda path: plots.save(figure, path)), ending, media


def _through_file(ending: str, write: Callable[[Path], object]) -> bytes:
    """The bytes of what a writer of files writes."""
    with tempfile.TemporaryDirectory(prefix="calcikin-") as folder:
        path = Path(folder) / f"run.{ending}"
        write(path)
        return path.read_bytes()
