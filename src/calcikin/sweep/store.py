"""The table that a sweep makes: labels, inputs, versions and hashes behind it, and its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin.errors import InputError
from calcikin.simulate import dataset as netcdf
from calcikin.simulate.model import Model
from calcikin.simulate.provenance import provenance
from calcikin.simulate.readouts import Readout
from calcikin.solvers.status import Status
from calcikin.sweep.design import Design
from calcikin.sweep.point import Row

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["load", "provenance", "save", "to_dataset"]

#: A slash would make a group in the file.
_SLASH = "_per_"


def to_dataset(
    model: Model,
    design: Design,
    readouts: Sequence[Readout],
    rows: Sequence[Row],
    *,
    solver: str,
    rtol: float,
) -> xr.Dataset:
    """Label the rows of a sweep.

    Parameters
    ----------
    model : Model
        As it was before the design changed it.
    design : Design
    readouts : sequence of Readout
    rows : sequence of Row
        One per point, in the order of the design.
    solver, rtol
        As they were used.

    Returns
    -------
    xarray.Dataset
        One dimension per axis of the design; one variable per read-out, ``status`` (int8, see its
        ``flag_meanings``), ``reason`` (text) and ``balance_error`` [1]. Attributes: ``model``,
        ``runs`` and ``failed`` (numbers of points), ``provenance`` (JSON). Nothing in it depends on
        how, when or in which order the points were run.
    """
    import xarray as xr

    dims = tuple(axis.name for axis in design.axes)
    shape = design.shape
    variables: dict[str, Any] = {}
    for k, readout in enumerate(readouts):
        values = np.array([row.values[k] for row in rows], dtype=float).reshape(shape)
        labels = {"units": readout.unit, "long_name": readout.long_name}
        variables[readout.name] = (dims, values, labels)
    status = np.array([row.status for row in rows], dtype=np.int8)
    flags = {
        "long_name": "outcome of the run",
        "flag_values": np.array([int(s) for s in Status], dtype=np.int8),
        "flag_meanings": " ".join(s.word for s in Status),
    }
    variables["status"] = (dims, status.reshape(shape), flags)
    reasons = np.empty(len(rows), dtype=object)
    reasons[:] = [row.reason for row in rows]
    variables["reason"] = (dims, reasons.reshape(shape), {"long_name": "what went wrong"})
    errors = np.array([row.balance_error for row in rows], dtype=float).reshape(shape)
    variables["balance_error"] = (
        dims,
        errors,
        {"units": "1", "long_name": "largest relative error of a balance"},
    )
    coords = {
        axis.name: (axis.name, axis.values, {"units": axis.unit, "long_name": axis.name})
        for axis in design.axes
    }
    origin = provenance(model) | {
        "over": {
            axis.name: {"unit": axis.unit, "values": axis.values.tolist()} for axis in design.axes
        },
        "read": [readout.name for readout in readouts],
        "solver": solver,
        "rtol": rtol,
        "design_sha256": design.sha256,
    }
    attrs = {
        "model": model.name,
        "runs": design.size,
        "failed": int(np.count_nonzero(status)),
        "provenance": json.dumps(origin),
    }
    return xr.Dataset(variables, coords=coords, attrs=attrs)


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
    renamed = {str(n): str(n).replace("/", _SLASH) for n in table.variables if "/" in str(n)}
    return netcdf.save(table.rename(renamed) if renamed else table, path)


def load(path: str | Path) -> xr.Dataset:
    """Read the table of a sweep that `save` has written.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    xarray.Dataset
        In memory; the file is closed.

    Raises
    ------
    InputError
        When there is no such file, or it is no table of a sweep.
    """
    import xarray as xr

    try:
        table = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise InputError(
            f"the file cannot be read: {error}", where=str(path), hint="a .nc file from a sweep"
        ) from error
    if "status" not in table or "provenance" not in table.attrs:
        raise InputError(
            "this is no table of a sweep", where=str(path), hint="a .nc file from calcikin sweep"
        )
    names = {
        str(n): str(c.attrs["long_name"])
        for n, c in table.coords.items()
        if str(c.attrs.get("long_name", n)).replace("/", _SLASH) == n
    }
    return table.rename({old: new for old, new in names.items() if old != new})
