"""Settings shared by all tests, and runs that are formulas."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

# No window on any machine.
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: the first call of a compiled kernel compiles it. Under CI the examples are the same
# in every run, so that a failure belongs to the change that shows it.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def formula_runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Let a formula stand in for the runs of every analysis.

    It takes columns and switches and gives read-outs by name, and ``status`` (0 where left out);
    read-outs that it does not give are one. What comes back is a list that fills with the number of
    points of each call.
    """
    from calcikin.analysis import response
    from calcikin.simulate.readouts import get_readouts
    from calcikin.simulate.rows import Table

    def install(formula: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]) -> list[int]:
        calls: list[int] = []

        def evaluate(
            model: Any, columns: Any, read: Any, *, switches: Any = None, **_: Any
        ) -> Table:
            n = len(next(iter({**columns, **(switches or {})}.values())))
            calls.append(n)
            for name in columns:
                model.unit_of(name)
            found = formula(columns, switches or {})
            status = np.zeros(n, dtype=np.int8) + np.asarray(found.get("status", 0), dtype=np.int8)
            values = {}
            for readout in get_readouts(read):
                value = np.ones(n) * np.asarray(found.get(readout.name, 1.0), dtype=float)
                values[readout.name] = np.where(status == 0, value, np.nan)
            reason = ["the solver gave up" if s else "" for s in status]
            return Table(values, status, reason, np.zeros(n))

        monkeypatch.setattr(response, "evaluate_many", evaluate)
        return calls

    return install
