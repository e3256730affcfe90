"""What stands beside the numbers of a table: dimensions, units, meanings, origin, sources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from calcikin.simulate.model import Model
from calcikin.simulate.provenance import provenance
from calcikin.simulate.readouts import Readout
from calcikin.solvers.status import Status
from calcikin.sweep.design import Design
from calcikin.sweep.sources import sources_of

__all__ = ["Labels", "Variable"]


@dataclass(frozen=True)
class Variable:
    """One column of a table.

    Attributes
    ----------
    dtype : type, ``str`` for text
    fill : what stands where nothing was run yet
    attrs : mapping
        ``units`` and ``long_name``, or the meaning of flags.
    """

    dtype: type
    fill: float | int | str
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Labels:
    """Labels of the table of a sweep; nothing in them depends on how or when it was run.

    Attributes
    ----------
    model : Model
        As it was before the design changed it.
    design : Design
    readouts : sequence of Readout
    solver : str
    rtol : float
    """

    model: Model
    design: Design
    readouts: Sequence[Readout]
    solver: str
    rtol: float

    @property
    def variables(self) -> dict[str, Variable]:
        """Columns that runs fill; status -1: not run yet."""
        found = {
            readout.name: Variable(
                float, np.nan, {"units": readout.unit, "long_name": readout.long_name}
            )
            for readout in self.readouts
        }
        found["status"] = Variable(
            np.int8,
            -1,
            {
                "long_name": "outcome of the run",
                "flag_values": np.array([int(s) for s in Status], dtype=np.int8),
                "flag_meanings": " ".join(s.word for s in Status),
            },
        )
        found["reason"] = Variable(str, "", {"long_name": "what went wrong"})
        found["balance_error"] = Variable(
            float, np.nan, {"units": "1", "long_name": "largest relative error of a balance"}
        )
        return found

    @property
    def coordinates(self) -> dict[str, dict[str, str]]:
        """Attributes of every input; and of every label of a point."""
        inputs = zip(self.design.names, self.design.units, strict=True)
        found = {name: {"units": unit, "long_name": name} for name, unit in inputs}
        return found | {name: {"long_name": name} for name in self.design.labels}

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """``model``, ``runs``, ``provenance`` and ``sources`` (JSON); ``failed`` comes later."""
        origin = provenance(self.model) | {
            **self.design.describe(),
            "read": [readout.name for readout in self.readouts],
            "solver": self.solver,
            "rtol": self.rtol,
        }
        return {
            "model": self.model.name,
            "runs": self.design.size,
            "provenance": json.dumps(origin),
            "sources": json.dumps(
                [source.plain() for source in sources_of(self.model, self.design)]
            ),
        }
