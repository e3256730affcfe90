"""What is asked of each run, as one number that exists for every sound run where it can.

A run that never crystallises has no T50. Its rate 1/T50 is zero, and its T50 is longer than the
run: a `Response` says which of these is meant, so that nothing is left out without a word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import Readout, get_readout
from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.sweep.batch import evaluate_many
from calcikin.units import parse_quantity

__all__ = ["HALF", "Response", "Runs", "never_within"]

Array = npt.NDArray[np.float64]
SCALES = ("rate", "log", "value")
#: Tells a run that did not crystallise from one without a transition to read. Found on the way, so
#: that a run may end once both are known.
HALF = "t50_crystalline"


@dataclass(frozen=True)
class Runs:
    """Many runs of one model, all at once.

    Attributes
    ----------
    model : Model
    solver : str or None, None for the default of `evaluate_many`
    rtol : float or None, relative tolerance [1]; None for that default
    """

    model: Model
    solver: str | None = None
    rtol: float | None = None

    def __call__(
        self,
        columns: Mapping[str, npt.ArrayLike],
        read: tuple[str, ...],
        switches: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Table:
        """Run every row of the columns; see `calcikin.sweep.batch.evaluate_many`."""
        how: dict[str, str | float] = {}
        if self.solver is not None:
            how["solver"] = self.solver
        if self.rtol is not None:
            how["rtol"] = self.rtol
        return evaluate_many(self.model, columns, read, switches=switches, **how)  # type: ignore[arg-type]

    def rescued(
        self, columns: Mapping[str, npt.ArrayLike], read: tuple[str, ...]
    ) -> tuple[Table, int]:
        """As a call; rows that the ensemble gives up are run again by Radau, and how many were.

        Where a phase only just forms and dissolves again, steps of the ensemble fail; Radau and
        BDF agree there. One such run takes as long as hundreds of the ensemble's.
        """
        table = self(columns, read)
        gave_up = ~np.isin(table.status, (int(Status.OK), int(Status.BAD_INPUT)))
        rows = np.flatnonzero(gave_up)
        if rows.size == 0 or self.solver != "ensemble":
            return table, 0
        part = {name: np.asarray(column)[rows] for name, column in columns.items()}
        again = evaluate_many(self.model, part, read, solver="radau")
        sound = again.status == int(Status.OK)
        for name, values in table.values.items():
            values[rows[sound]] = again.values[name][sound]
        table.status[rows[sound]] = int(Status.OK)
        table.balance_error[rows[sound]] = again.balance_error[sound]
        for k in np.flatnonzero(sound):
            table.reason[rows[k]] = again.reason[k]
        return table, int(sound.sum())

    def minutes(self, columns: Mapping[str, npt.ArrayLike]) -> Array | float:
        """Length of the runs [min], a number or one for each row."""
        if "duration" in columns:
            return 60.0 * np.asarray(columns["duration"], dtype=float)
        return self.model.duration / 60.0


def never_within(readout: Readout, table: Table) -> npt.NDArray[np.bool_]:
    """Runs in which what `readout` waits for did not come, shape (n,).

    Sound runs without the number whose solid is never half crystalline: a longer run may still find
    it. `table` has to hold ``t50_crystalline``.
    """
    missing = np.isnan(table.values[readout.name]) & (table.status == int(Status.OK))
    if not readout.waits:
        return np.zeros_like(missing)
    return np.asarray(missing & np.isnan(table.values[HALF]))


@dataclass(frozen=True)
class Response:
    """One number of a run, on a scale.

    Attributes
    ----------
    readout : Readout
    scale : {"rate", "log", "value"}
        ``rate``: 1/time [1/h], zero for a run in which it never comes; ``log``: ln of the number,
        of times not above `cap`; ``value``: the number itself.
    cap : float
        The longest time that counts [min], for ``log`` of a time; NaN for the length of the run.
    """

    readout: Readout
    scale: str
    cap: float = math.nan

    @property
    def reads(self) -> tuple[str, ...]:
        """Read-outs that are needed."""
        name = self.readout.name
        return (name, HALF) if self.readout.waits and name != HALF else (name,)

    @property
    def unit(self) -> str:
        """Unit of the number."""
        return {"rate": "1/h", "log": "1"}.get(self.scale, self.readout.unit)

    @property
    def label(self) -> str:
        """The number in a formula, such as "1/t50"."""
        name = self.readout.name
        return {"rate": f"1/{name}", "log": f"ln {name}"}.get(self.scale, name)

    @property
    def words(self) -> str:
        """How runs without the number are treated, in one sentence."""
        if not self.readout.waits:
            return f"a run that has no {self.readout.name} has no value"
        if self.scale == "rate":
            return f"a run that never reaches {self.readout.name} counts with the rate 0"
        if self.scale == "log":
            cap = "the length of the run" if math.isnan(self.cap) else f"{self.cap:g} min"
            return f"a {self.readout.name} beyond {cap}, or never reached, counts as {cap}"
        return f"a run that never reaches {self.readout.name} has no value"

    def of(self, table: Table, minutes: Array | float) -> Array:
        """The number of each row, shape (n,) [unit]; NaN where there is none.

        Parameters
        ----------
        table : Table
            With the columns `reads`.
        minutes : float or ndarray, shape (n,)
            Length of the runs [min].
        """
        value = table.values[self.readout.name]
        never = never_within(self.readout, table)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.scale == "rate":
                return np.where(never, 0.0, 60.0 / value)
            if self.scale == "log":
                if self.readout.waits:
                    cap = self.longest(minutes)
                    value = np.where(never, cap, np.minimum(value, cap))
                return np.where(value > 0.0, np.log(value), math.nan)
        return value

    def longest(self, minutes: Array | float) -> Array | float:
        """The longest time that counts on the scale ``log`` [min], in runs of so many minutes."""
        return minutes if math.isnan(self.cap) else np.minimum(self.cap, minutes)

    def because(self, table: Table, minutes: Array | float) -> list[str]:
        """Why rows have no value: distinct reasons with how many rows each, most first."""
        lost = np.flatnonzero(np.isnan(self.of(table, minutes)))
        reasons: dict[str, int] = {}
        for k in lost:
            said = table.reason[k] or self.readout.absent
            reasons[said] = reasons.get(said, 0) + 1
        ordered = sorted(reasons.items(), key=lambda item: -item[1])
        return [f"{count} x {said}" for said, count in ordered]

    @staticmethod
    def named(on: str, scale: str | None = None, cap: float | str | None = None) -> Response:
        """The response on a read-out.

        Parameters
        ----------
        on : str
            Name of a read-out.
        scale : {"rate", "log", "value"}, optional
            ``rate`` for a time by default, else ``value``.
        cap : float or str, optional
            The longest time that counts [min], for ``log``.

        Raises
        ------
        UnknownNameError, UnitError
        InputError
            For a scale that the read-out cannot be put on, or a cap that has no use.
        """
        readout = get_readout(on)
        chosen = scale or ("rate" if readout.waits else "value")
        if chosen not in SCALES:
            raise UnknownNameError("scale", chosen, SCALES)
        if chosen == "rate" and not readout.waits:
            raise InputError(f"{on} is not a time and has no rate", hint="the scale value, or log")
        response = Response(readout, chosen)
        if cap is None:
            return response
        if chosen != "log" or not readout.waits:
            raise InputError("a cap is for the logarithm of a time", hint="the scale log")
        limit = parse_quantity(cap, "min", where="cap") if isinstance(cap, str) else float(cap)
        if not (math.isfinite(limit) and limit > 0.0):
            raise OutOfRangeError(f"a cap of {limit:g} min", hint="such as 48 h")
        return replace(response, cap=limit)
