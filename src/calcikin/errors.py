"""What calcikin says when something goes wrong, and the exit code that goes with it.

Every error tells what was wrong (with the value), where it stands, and what to try next. The
classes are sorted by cause: `InputError` for what the user can mend in the input (exit code 2),
`SimulationError` for a run that failed on sound input (exit code 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar

__all__ = [
    "BalanceError",
    "CalcikinError",
    "InputError",
    "ModelFileError",
    "OutOfRangeError",
    "OutputError",
    "SimulationError",
    "UnitError",
    "UnknownNameError",
    "nearest_names",
]

#: A list of known names longer than this is cut in messages.
_SHOWN_NAMES = 15


class CalcikinError(Exception):
    """Base of every error that calcikin raises on purpose.

    Parameters
    ----------
    what : str
        What was wrong, with the value and what was expected.
    where : str, optional
        The place: file and entry, command-line option, time in the run.
    hint : str, optional
        What to try next.

    Attributes
    ----------
    exit_code : int
        The exit status of the command line for this cause.

    Examples
    --------
    >>> print(InputError("24 is not plausible", where="serum.Ca", hint="0 to 10 mmol/L"))
    24 is not plausible
      where: serum.Ca
      try: 0 to 10 mmol/L
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.hint:
            lines.append(f"  try: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle by calling the class with `args`, which loses keyword arguments and
        # breaks subclasses with another signature; sweeps send errors between processes.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    cls: type[CalcikinError], args: tuple[Any, ...], state: dict[str, Any]
) -> CalcikinError:
    """Make an error again after pickling, without calling its own `__init__`."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InputError(CalcikinError):
    """The input cannot be used as it stands; the user can mend it."""

    exit_code: ClassVar[int] = 2


class UnitError(InputError):
    """A unit is missing, unknown, or measures something else than what is expected."""


class OutOfRangeError(InputError):
    """A value is not finite, negative where it cannot be, or beyond what the model is valid for."""


class UnknownNameError(InputError):
    """A name that does not exist; the nearest ones that do are offered.

    Parameters
    ----------
    kind : str
        What the name should have named, e.g. "model" or "serum component".
    name : str
        The name as given.
    known : iterable of str
        Every name that exists.
    where : str, optional
        Where the name stands.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], where: str | None = None
    ) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        near = nearest_names(name, self.known)
        offers = []
        if near:
            offers.append(f"{' or '.join(near)}?")
        if not self.known:
            offers.append(f"there is no {kind} here")
        elif set(near) != set(self.known):
            shown = ", ".join(self.known[:_SHOWN_NAMES])
            more = len(self.known) - _SHOWN_NAMES
            offers.append(f"known: {shown}" + (f" and {more} more" if more > 0 else ""))
        super().__init__(f"unknown {kind} {name!r}", where=where, hint=" ".join(offers))


class ModelFileError(InputError):
    """A model, constants, parameters or media file is unreadable or says something impossible."""


class BalanceError(ModelFileError):
    """A process, phase or species that does not conserve an element or charge."""


class OutputError(InputError):
    """A result cannot be written where the user asked for it."""


class SimulationError(CalcikinError):
    """A run failed although its input was sound."""


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look most like `name`, best first; case does not count.

    Parameters
    ----------
    name : str
        The name as given.
    known : iterable of str
        Every name that exists.
    count : int
        At most so many names.

    Returns
    -------
    list of str
        Empty when nothing is near.
    """
    by_folded: dict[str, list[str]] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), []).append(candidate)
    if name.casefold() in by_folded:
        return by_folded[name.casefold()][:count]
    # 0.5: half of the letters agree; difflib's own 0.6 misses short names such as "Mag" for "Mg".
    folded = difflib.get_close_matches(name.casefold(), by_folded, n=count, cutoff=0.5)
    return [candidate for key in folded for candidate in by_folded[key]][:count]
