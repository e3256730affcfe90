"""Check a constant set or a PHREEQC database: what is wrong with its numbers, and what is missing.

| check | severity | finds |
|---|---|---|
| unreadable | error | entries that cannot be understood |
| balance | error | elements or charge that a reaction makes or loses |
| sign, logarithm | error | a log K that would fit with the other sign, or divided by ln 10 |
| enthalpy sign, enthalpy unit | error | an enthalpy of the wrong sign, or kcal taken for kJ |
| window, enthalpy | warning | values outside what is known of a reaction, see `lint_windows` |
| cycle | warning | reactions of the file that contradict each other |
| ionic strength | warning | a constant of a salt solution used as if at I = 0 |
| duplicate | warning | a species defined twice, or under two names |
| expression | warning | an analytical expression that contradicts the log K beside it |
| temperature, measured at | note | missing temperature data; a value of another temperature |
"""

from __future__ import annotations

from pathlib import Path

from calcikin.chemistry.constants_file import read_constants
from calcikin.chemistry.lint_checks import (
    check_balance,
    check_cycles,
    check_duplicates,
    check_ionic_strength,
    check_temperature,
)
from calcikin.chemistry.lint_source import Finding, Severity, read_source
from calcikin.chemistry.lint_windows import check_windows
from calcikin.errors import CalcikinError

__all__ = ["Finding", "Severity", "lint"]

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


def lint(path: str | Path) -> list[Finding]:
    """Everything the checks find in a file.

    Parameters
    ----------
    path : str | Path, a constant set (.toml) or a PHREEQC database (.dat)

    Returns
    -------
    list of Finding
        Errors first, then warnings, then notes; within these the farthest off first. What a set
        takes over from another one is that one's to report.

    Raises
    ------
    ModelFileError
        When the file cannot be read at all.
    InputError
        When it is neither kind of file.
    """
    source = read_source(path)
    found = list(source.found)
    for check in (
        check_balance,
        check_windows,
        check_cycles,
        check_temperature,
        check_ionic_strength,
        check_duplicates,
    ):
        found.extend(check(source))
    if Path(path).suffix == ".toml" and not any(item.severity == "error" for item in found):
        try:
            read_constants(Path(path))  # whatever else makes a set unusable
        except CalcikinError as error:
            found.append(Finding("unreadable", "error", "", error.where or str(path), error.what))
    return sorted(found, key=lambda item: (_ORDER[item.severity], item.check, -item.size))
