"""Tables of sweeps as files: NetCDF written at once, Zarr filled while the sweep runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin.errors import InputError, OutputError
from calcikin.simulate import dataset as netcdf
from calcikin.sweep.zarr_files import SUFFIX, read_attrs, stored_name, zarr_library

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["load", "open_table", "origin", "save"]


def save(table: xr.Dataset, path: str | Path) -> Path:
    """Write the table of a sweep as NetCDF, whole or not at all.

    Parameters
    ----------
    table : xarray.Dataset
        As `sweep` returns it.
    path : str or Path
        Ends in ``.nc``; its folder exists.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        When it cannot be written there.

    Notes
    -----
    A slash in the name of an axis becomes ``_per_`` in the file (``Mg_per_Ca``); `load` gives the
    name back.
    """
    if Path(path).suffix == SUFFIX:
        raise OutputError(
            "a store is filled while the sweep runs",
            where=str(path),
            hint=f'sweep(..., store="{path}")',
        )
    renamed = {str(n): stored_name(str(n)) for n in table.variables}
    renamed = {old: new for old, new in renamed.items() if old != new}
    return netcdf.save(table.rename(renamed) if renamed else table, path)


def open_table(path: str | Path) -> xr.Dataset:
    """Open the table of a sweep; a store is read when its numbers are used.

    Parameters
    ----------
    path : str or Path
        ``.nc`` of `save`, or ``.zarr`` of a sweep.

    Returns
    -------
    xarray.Dataset
        As `sweep` returns it. Points that were not run yet have status -1.

    Raises
    ------
    InputError
        When there is no such file, or it is no table of a sweep.
    """
    import xarray as xr

    if Path(path).suffix == SUFFIX or Path(path).is_dir():
        zarr_library()
        read_attrs(Path(path))
        table = xr.open_zarr(path, chunks=None, consolidated=False)
        flags = table["status"].attrs
        flags["flag_values"] = np.array(flags["flag_values"], dtype=np.int8)
        table = table[[*origin(table)["read"], "status", "reason", "balance_error"]]  # as made
    else:
        try:
            table = xr.load_dataset(path, engine="h5netcdf")
        except (OSError, ValueError) as error:
            raise InputError(
                f"the file cannot be read: {error}",
                where=str(path),
                hint="a .nc or .zarr from a sweep",
            ) from error
        if "status" not in table or "provenance" not in table.attrs:
            raise InputError(
                "this is no table of a sweep",
                where=str(path),
                hint="a .nc or .zarr from calcikin sweep",
            )
    names = {
        str(n): str(c.attrs["long_name"])
        for n, c in table.coords.items()
        if stored_name(str(c.attrs.get("long_name", n))) == n
    }
    renamed: xr.Dataset = table.rename({old: new for old, new in names.items() if old != new})
    return renamed


def load(path: str | Path) -> xr.Dataset:
    """Read the table of a sweep into memory.

    Parameters
    ----------
    path : str or Path
        ``.nc`` of `save`, or ``.zarr`` of a sweep.

    Returns
    -------
    xarray.Dataset
        The file is closed.

    Raises
    ------
    InputError
        When there is no such file, it is no table of a sweep, or the sweep is not finished.
    """
    table = open_table(path)
    if "failed" not in table.attrs:
        left = int(np.count_nonzero(table["status"].values < 0))
        raise InputError(
            f"{left} of {table.attrs['runs']} points were not run yet",
            where=str(path),
            hint="go on with --resume; calcikin.sweep.open_table shows what is there",
        )
    try:
        table = table.load()
    except Exception as error:
        raise InputError(
            f"a chunk is damaged: {' '.join(str(error).split())}",
            where=str(path),
            hint="'calcikin verify' names its file",
        ) from error
    text = {n: v.astype(object) for n, v in table.variables.items() if v.dtype.kind == "T"}
    return table.assign({n: v for n, v in text.items() if n in table.data_vars}).assign_coords(
        {n: v for n, v in text.items() if n in table.coords}
    )


def origin(table: xr.Dataset) -> dict[str, Any]:
    """Inputs, versions and hashes behind a table, as plain data."""
    found: dict[str, Any] = json.loads(table.attrs["provenance"])
    return found
