"""Libraries that only a part of the package needs: imported when they are used."""

from __future__ import annotations

import locale
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from calcikin.errors import InputError

__all__ = ["library"]


def library(
    name: str,
    extra: str,
    purpose: str,
    *,
    package: str | None = None,
    where: str | None = None,
    hint: str | None = None,
) -> Any:
    """Import a library of an extra.

    Parameters
    ----------
    name : str
        What is imported, such as ``"libsbml"``.
    extra : str
        The extra of this package that installs it, such as ``"exchange"``.
    purpose : str
        What it is needed for, in the words of the message: "`purpose` needs `package`".
    package : str, optional
        The package it comes in, where that has another name.
    where : str, optional
        The place that an error names.
    hint : str, optional
        What to try, where installing the extra is not the whole answer.

    Returns
    -------
    module

    Raises
    ------
    InputError
        When it is not installed, or does not load on this machine; names the extra.
    """
    try:
        with _quiet():
            return import_module(name)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]
        raise InputError(
            f"{purpose} needs {package or name}, which "
            + ("is not installed" if absent else f"does not load: {error}"),
            where=where,
            hint=hint or f"pip install 'calcikin[{extra}]'",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither warnings of the wrappers about themselves, nor a changed locale.

    COPASI's sets the C locale when it is imported: text would then be read and written as ASCII.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        locale.setlocale(locale.LC_ALL, before)
