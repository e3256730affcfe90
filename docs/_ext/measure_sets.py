"""Runs with every constant set: T50 and the Mg/Ca threshold, parameters left as they are."""

from __future__ import annotations

import math

from rows import Found, show

from calcikin.analysis.constant_sets import behaviour_with
from calcikin.chemistry.constants import constant_sets

__all__ = ["measure"]


def measure(found: Found) -> None:
    """Run the T50 assay and the Mg/Ca series of the slurry with each set."""
    rows = []
    for name in sorted(constant_sets(), key=lambda n: (n != "default", n)):
        t50, threshold = behaviour_with(name).values()
        rows.append(
            [
                f"`{name}`",
                show(t50, 3) if math.isfinite(t50) else "none within 48 h",
                show(threshold, 3) if math.isfinite(threshold) else "none",
            ]
        )
    found.table("set_runs", ["set", "T50 [min]", "Mg/Ca threshold, total [mol/mol]"], rows)
