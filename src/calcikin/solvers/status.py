"""How a run ended: one list for every solver."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """Outcome of a run; 0 is success."""

    OK = 0
    STEP_LIMIT = 1
    NOT_FINITE = 2
    NEGATIVE = 3
    UNBALANCED = 4
    SPECIATION_FAILED = 5
    SOLVER_FAILED = 6
    BAD_INPUT = 7

    @property
    def word(self) -> str:
        """Name in lower case, for tables."""
        return self.name.lower()
