"""What was measured: the rows of ``models/data``, each with its interval and its source."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from calcikin.chemistry.media import load_medium
from calcikin.errors import ModelFileError
from calcikin.paths import models_dir

__all__ = ["INTERVALS", "USES", "Row", "load_rows", "reference_rows"]

#: What `low` and `high` of a row are, and how many standard deviations they lie from the value.
INTERVALS = {
    "sd_people": 1.0,  # one standard deviation between people
    "sd": 1.0,  # one standard deviation of the value
    "factor": 1.0,  # the same, as a factor
    "ci95": 1.959964,  # 95 % confidence interval
    "range": 1.959964,  # a published range: taken as holding 95 %
    "assumed": 1.959964,  # no interval is published: assumed, taken as holding 95 %
    "none": math.nan,
}
#: What a row may be used for.
USES = ("fit", "check", "prior", "noise", "preset")
_FACTORS = ("factor",)


@dataclass(frozen=True)
class Row:
    """One published number or statement.

    Attributes
    ----------
    id, kind, system, condition, observable : str
    value : float, in ``unit``; NaN where the row is a statement in words
    text : str, the value as it stands in the file
    unit : str
    low, high : float, interval in ``unit``; infinite where an end is missing
    interval : str, what the interval is, see `INTERVALS`
    n : str, number of people or samples
    source, doi, confidence : str
    use : str, one of `USES`
    note : str
    """

    id: str
    kind: str
    system: str
    condition: str
    observable: str
    value: float
    text: str
    unit: str
    low: float
    high: float
    interval: str
    n: str
    source: str
    doi: str
    confidence: str
    use: str
    note: str

    @property
    def quantitative(self) -> bool:
        """Whether there is a number or a bound to compare with."""
        return math.isfinite(self.value) or self.bounded

    @property
    def bounded(self) -> bool:
        """Whether an interval is known."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    @property
    def wide(self) -> bool:
        """Whether the interval is one of a logarithm: factors, or more than a factor of three."""
        return self.interval in _FACTORS or 0.0 < 3.0 * self.low < self.high < math.inf

    @property
    def sd(self) -> float:
        """Standard deviation [unit], from both ends; NaN without an interval; 1 for factors' log.

        Half of the interval over the number of standard deviations that its kind stands for.
        """
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return math.nan
        return 0.5 * (self.high - self.low) / INTERVALS[self.interval]

    @property
    def log_sd(self) -> float:
        """Standard deviation of the natural logarithm [1]; NaN without two positive ends."""
        if not (self.low > 0.0 and math.isfinite(self.high)):
            return math.nan
        return 0.5 * math.log(self.high / self.low) / INTERVALS[self.interval]


def load_rows(names: Iterable[str | Path]) -> dict[str, Row]:
    """Read data files.

    Parameters
    ----------
    names : iterable of str or Path
        Names of files in ``models/data`` (without suffix), or paths of CSV files.

    Returns
    -------
    dict of str to Row
        By id, in order.

    Raises
    ------
    ModelFileError
        When a file cannot be read, a column is missing, or an id appears twice.
    """
    rows: dict[str, Row] = {}
    for name in names:
        path = Path(name)
        if path.suffix != ".csv":
            path = models_dir() / "data" / f"{name}.csv"
        for row in _read(path):
            if row.id in rows:
                raise ModelFileError(f"row {row.id!r} appears twice", where=str(path))
            rows[row.id] = row
    return rows


def _read(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = set(reader.fieldnames or ())
            entries = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelFileError(
            f"the data file cannot be read: {error}", where=str(path), hint="a CSV file in UTF-8"
        ) from error
    wanted = set(Row.__dataclass_fields__) - {"text"}
    if missing := sorted(wanted - columns):
        raise ModelFileError(f"the columns {', '.join(missing)} are missing", where=str(path))
    return [_row(entry, f"{path.name}: line {k + 2}") for k, entry in enumerate(entries)]


def _row(entry: dict[str, str | None], where: str) -> Row:
    texts = {name: (text or "").strip() for name, text in entry.items() if name}
    if texts["use"] not in USES:
        raise ModelFileError(f"use {texts['use']!r}", where=where, hint=f"one of {', '.join(USES)}")
    if texts["interval"] not in INTERVALS:
        raise ModelFileError(
            f"interval {texts['interval']!r}", where=where, hint=f"one of {', '.join(INTERVALS)}"
        )
    value = _number(texts["value"])
    low = _number(texts["low"], -math.inf)
    high = _number(texts["high"], math.inf)
    if not low <= high or (math.isfinite(value) and not low <= value <= high):
        raise ModelFileError(f"{texts['value']} lies outside {low:g} to {high:g}", where=where)
    plain = {k: v for k, v in texts.items() if k not in ("value", "low", "high", "unit")}
    known = {k: v for k, v in plain.items() if k in Row.__dataclass_fields__}
    unit = texts["unit"] or "1"
    return Row(**known, value=value, text=texts["value"], unit=unit, low=low, high=high)


def _number(text: str, absent: float = math.nan) -> float:
    """A number; `absent` where there is none, or words."""
    try:
        return float(text)
    except ValueError:
        return absent


def reference_rows(medium: str) -> dict[str, Row]:
    """Rows of what the presets of a medium are to be compared with: ionised Ca and Mg.

    Parameters
    ----------
    medium : str
        A medium whose presets have a block ``reference``.

    Returns
    -------
    dict of str to Row
        Ids such as ``ionised_Ca.healthy``.
    """
    rows = {}
    for preset in load_medium(medium).presets.values():
        for key, datum in preset.reference.items():
            share = "share" in key
            name = f"{key}.{preset.name}"
            rows[name] = Row(
                id=name,
                kind="level",
                system=medium,
                condition=preset.title,
                observable=key.replace("_", " "),
                value=datum.value,
                text=f"{datum.value:g}",
                unit="1" if share else "mmol/L",
                low=-math.inf if datum.low is None else datum.low,
                high=math.inf if datum.high is None else datum.high,
                interval="range",
                n="",
                source=datum.source,
                doi="",
                confidence="medium",
                use="check",
                note=datum.note,
            )
    return rows
