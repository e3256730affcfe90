"""Read-outs of many points as columns: what every way to run them returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """Read-outs of many points.

    Attributes
    ----------
    values : dict of str to ndarray, shape (n,)
        One column per read-out, in its unit; NaN where a run failed or has no such number.
    status : ndarray of int8, shape (n,)
        A :class:`~calcikin.solvers.status.Status` per point.
    reason : list of str, length n
        Why a point failed, or which number a sound run does not have; else empty.
    balance_error : ndarray, shape (n,) [1]
        Largest relative error of a balance; NaN when nothing ran.
    """

    values: dict[str, npt.NDArray[np.float64]]
    status: npt.NDArray[np.int8]
    reason: list[str]
    balance_error: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return self.status.size

    @classmethod
    def joined(cls, parts: Sequence[Table]) -> Table:
        """One table of several, one below the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            values={n: np.concatenate([p.values[n] for p in parts]) for n in parts[0].values},
            status=np.concatenate([p.status for p in parts]),
            reason=[reason for p in parts for reason in p.reason],
            balance_error=np.concatenate([p.balance_error for p in parts]),
        )
