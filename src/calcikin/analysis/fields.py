"""A read-out over a grid of two inputs: the ground on which a boundary is drawn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from calcikin.analysis.ranges import Range
from calcikin.analysis.response import Runs
from calcikin.errors import InputError, OutOfRangeError
from calcikin.simulate.model import Model
from calcikin.simulate.provenance import provenance
from calcikin.simulate.readouts import get_readout

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["field"]

_LARGEST = 4096


def field(
    model: Model,
    axes: tuple[Range, ...],
    read: str = "t50",
    *,
    size: int = 64,
    solver: str | None = None,
    rtol: float | None = None,
) -> xr.Dataset:
    """Read a model on a grid, in one call for all of its runs.

    Parameters
    ----------
    model : Model
    axes : tuple of two Range
        Such as those of a `BoundaryMap`.
    read : str
        Read-out.
    size : int
        Points along each axis.
    solver, rtol
        Of the runs.

    Returns
    -------
    xarray.Dataset
        Dimensions named after the axes; `read`, ``status`` and ``reason``; for `plots.sweep_map`.

    Raises
    ------
    UnknownNameError, InputError, OutOfRangeError
    """
    import xarray as xr

    readout = get_readout(read)
    if len(axes) != 2:
        raise InputError(f"a grid over {len(axes)} inputs", hint="two")
    if not 2 <= size <= _LARGEST:
        raise OutOfRangeError(f"a grid of {size} points a side", hint=f"2 to {_LARGEST}")
    values = [axis.at(np.linspace(0.0, 1.0, size)) for axis in axes]
    mesh = np.meshgrid(*values, indexing="ij")
    columns = {axis.name: part.ravel() for axis, part in zip(axes, mesh, strict=True)}
    table = Runs(model, solver, rtol)(columns, (read,))
    dims, shape = [axis.name for axis in axes], (size, size)
    reasons = np.array(table.reason, dtype=object).reshape(shape)
    return xr.Dataset(
        {
            read: (
                dims,
                table.values[read].reshape(shape),
                {"units": readout.unit, "long_name": readout.long_name},
            ),
            "status": (dims, table.status.reshape(shape)),
            "reason": (dims, reasons),
        },
        coords={
            axis.name: (axis.name, part, {"units": axis.unit, "long_name": axis.name})
            for axis, part in zip(axes, values, strict=True)
        },
        attrs={"provenance": json.dumps(provenance(model))},
    )
