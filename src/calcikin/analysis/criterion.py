"""A criterion on the read-outs of a run: a level, or one read-out above another."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.analysis.crossing import logit
from calcikin.analysis.response import HALF, never_within
from calcikin.errors import InputError, UnitError
from calcikin.simulate.readouts import Readout, get_readout
from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.units import format_quantity, parse_quantity

__all__ = ["Criterion"]

Array = npt.NDArray[np.float64]
_FORM = re.compile(r"\s*([A-Za-z]\w*)\s*([<>])=?\s*(\S.*)")
_NAME = re.compile(r"[A-Za-z]\w*\Z")
_FRACTION = "crystalline_fraction"
#: Amounts, times and sizes: positive, and compared by their logarithm.
_POSITIVE = ("min", "mmol/L", "umol/L", "nm", "mol/mol")
#: What counts as nothing where the logarithm of an amount is taken, relative to the level.
_NOTHING = 1e-6
#: Two amounts that are both below this are not compared [mmol/L]: neither is there (assumed; a
#: thousandth of what diffraction of a powder shows, and above what solvers keep of a mineral that
#: forms in traces).
TRACE = 1e-4
_HINT = "such as 't50 > 300 min', 'crystalline_fraction > 0.05' or 'HAP_end > WH_end'"


@dataclass(frozen=True)
class Criterion:
    """Something that is true or false of a run, and by what margin.

    Attributes
    ----------
    readout : Readout
    sense : {">", "<"}
    level : float, in the unit of `readout`; NaN when it is compared with `other`
    other : Readout or None
    """

    readout: Readout
    sense: str
    level: float
    other: Readout | None = None

    @staticmethod
    def read(text: str) -> Criterion:
        """Read such as "t50 > 300 min" or "HAP_end > WH_end"; nothing in it is evaluated.

        Raises
        ------
        UnknownNameError
            For a read-out that does not exist.
        UnitError
            For a level in another unit, or two read-outs that cannot be compared.
        InputError
            For another form.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise InputError(f"{text!r} is no criterion", hint=_HINT)
        readout = get_readout(form[1])
        beyond = form[3].strip()
        if _NAME.match(beyond):
            other = get_readout(beyond)
            if other.unit != readout.unit:
                raise UnitError(
                    f"{readout.name} in {readout.unit} cannot be compared with {other.name} in "
                    f"{other.unit}",
                    hint=_HINT,
                )
            return Criterion(readout, form[2], float("nan"), other)
        return Criterion(readout, form[2], parse_quantity(beyond, readout.unit, where=text))

    @property
    def reads(self) -> tuple[str, ...]:
        """Read-outs that are needed."""
        named = [self.readout] if self.other is None else [self.readout, self.other]
        names = [readout.name for readout in named]
        if any(readout.waits for readout in named):
            names.append(HALF)
        return tuple(dict.fromkeys(names))

    @property
    def words(self) -> str:
        """The criterion as it is read."""
        if self.other is not None:
            return f"{self.readout.name} {self.sense} {self.other.name}"
        return f"{self.readout.name} {self.sense} {format_quantity(self.level, self.readout.unit)}"

    def margin(self, table: Table, minutes: Array | float) -> Array:
        """By how much each run meets it: positive where it does, NaN where there is no telling.

        Parameters
        ----------
        table : Table
            With the columns `reads`.
        minutes : float or ndarray, shape (n,)
            Length of the runs [min].

        Returns
        -------
        ndarray, shape (n,) [1, or the unit of the read-out]
            On a scale that makes a smooth curve of it: logit of a fraction, logarithm of amounts
            and times, else the difference.

        Notes
        -----
        A time that a run did not live to see counts as the length of the run, where that decides:
        it is above any level within the run. A longer level leaves it undecided, NaN. So do two
        amounts of which neither is above `TRACE`.
        """
        first = self._number(table, self.readout, minutes)
        if self.other is not None:
            second = self._number(table, self.other, minutes)
            both_never = never_within(self.readout, table) & never_within(self.other, table)
            margin = np.where(both_never, np.nan, _difference(first, second, self.readout))
            if self.readout.unit == "mmol/L":
                margin = np.where(np.maximum(first, second) < TRACE, np.nan, margin)
        else:
            margin = _difference(first, np.full_like(first, self.level), self.readout)
            undecided = never_within(self.readout, table) & (self.level >= np.asarray(minutes))
            margin = np.where(undecided, np.nan, margin)
        margin = np.where(table.status == int(Status.OK), margin, np.nan)
        return margin if self.sense == ">" else -margin

    @staticmethod
    def _number(table: Table, readout: Readout, minutes: Array | float) -> Array:
        value = table.values[readout.name]
        if not readout.waits:
            return value
        return np.where(never_within(readout, table), minutes, value)


def _difference(first: Array, second: Array, readout: Readout) -> Array:
    """How far `first` is above `second`, on the read-out's scale."""
    if readout.name == _FRACTION and np.all((second > 0.0) & (second < 1.0)):
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return np.array([logit(a) - logit(b) for a, b in pairs])
    if readout.unit in _POSITIVE and np.all(second[np.isfinite(second)] >= 0.0):
        largest = np.nanmax(np.abs(second)) if np.isfinite(second).any() else 1.0
        nothing = _NOTHING * (largest or 1.0)
        with np.errstate(invalid="ignore"):
            return np.log((np.maximum(first, 0.0) + nothing) / (second + nothing))
    return first - second
