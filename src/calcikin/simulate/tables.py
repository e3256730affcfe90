"""A dataset as a table: one column per variable, one row per point; and as CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["flat", "heading", "write_csv"]


def flat(dataset: Dataset) -> dict[str, list[Any]]:
    """Everything in a dataset as columns, one row per point; flags as words.

    Parameters
    ----------
    dataset : Dataset
        Of a run or a sweep.

    Returns
    -------
    dict of str to list
    """
    import xarray as xr

    beside = [name for name in dataset.coords if name not in dataset.dims]
    names = [*dataset.dims, *beside, *dataset.data_vars]
    arrays = xr.broadcast(*(dataset[name] for name in names))
    columns = {}
    for name, array in zip(names, arrays, strict=True):
        column = array.values.ravel().tolist()
        attrs = dataset[name].attrs
        if "flag_meanings" in attrs:
            words = dict(zip(attrs["flag_values"], attrs["flag_meanings"].split(), strict=True))
            column = [words[flag] for flag in column]
        columns[str(name)] = column
    return columns


def heading(dataset: Dataset, name: str) -> str:
    """The name of a column with its unit in brackets, where it has one."""
    unit = str(dataset[name].attrs.get("units", "1"))
    return f"{name} [{unit}]" if unit != "1" else name


def write_csv(dataset: Dataset, stream: TextIO) -> None:
    """Write one row per point; the header has each name with its unit.

    Parameters
    ----------
    dataset : Dataset
        Of a run or a sweep.
    stream : text stream
        Opened with ``newline=""``.
    """
    columns = flat(dataset)
    writer = csv.writer(stream)
    writer.writerow(heading(dataset, name) for name in columns)
    writer.writerows(zip(*columns.values(), strict=True))
