"""The table that a sweep makes in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.sweep.labels import Labels

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Sheet"]


class Sheet:
    """Columns of a design, filled in any order.

    Parameters
    ----------
    labels : Labels
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        size = labels.design.size
        self.columns: dict[str, npt.NDArray[Any]] = {
            name: np.full(size, variable.fill, object if variable.dtype is str else variable.dtype)
            for name, variable in labels.variables.items()
        }

    def keep(self, start: int, table: Table) -> None:
        """Take in the points from `start` on."""
        part = slice(start, start + len(table))
        for name, values in table.values.items():
            self.columns[name][part] = values
        self.columns["reason"][part] = table.reason
        self.columns["balance_error"][part] = table.balance_error
        self.columns["status"][part] = table.status

    def dataset(self) -> xr.Dataset:
        """Return the labelled table, once every point is there.

        Returns
        -------
        xarray.Dataset
            One dimension per axis of a grid, else the one dimension ``point`` with the inputs as
            coordinates; one variable per read-out, ``status`` (int8, see its ``flag_meanings``),
            ``reason`` (text) and ``balance_error`` [1]. Attributes: ``model``, ``runs`` and
            ``failed`` (numbers of points), ``provenance`` and ``sources`` (JSON). Nothing in it
            depends on how, when or in which order the points were run.
        """
        import xarray as xr

        design, labels = self.labels.design, self.labels
        variables: dict[str, Any] = {
            name: (design.dims, self.columns[name].reshape(design.shape), dict(variable.attrs))
            for name, variable in labels.variables.items()
        }
        known: dict[str, Any] = {axis.name: axis.values for axis in design.axes}
        if not design.axes:
            words = {name: column.astype(object) for name, column in design.labels.items()}
            known = design.columns(0, design.size) | words
        coords = {
            name: (name if design.axes else design.dims, values, labels.coordinates[name])
            for name, values in known.items()
        }
        failed = int(np.count_nonzero(self.columns["status"] != Status.OK))
        return xr.Dataset(variables, coords=coords, attrs={**labels.attrs, "failed": failed})
