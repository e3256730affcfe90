"""Libraries that only the exchange of models needs: imported when they are used."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from calcikin.errors import InputError

__all__ = ["library"]

#: Import name -> package, all of them in the extra `exchange`.
PACKAGES = {
    "libsbml": "python-libsbml",
    "antimony": "antimony",
    "libsedml": "python-libsedml",
    "libcombine": "python-libcombine",
    "roadrunner": "libroadrunner",
    "COPASI": "python-copasi",
}


def library(name: str, purpose: str) -> Any:
    """Import a library of the extra `exchange`.

    Parameters
    ----------
    name : str, its import name
    purpose : str, what it is needed for, for the message

    Raises
    ------
    InputError
        When it is not installed, or does not load on this machine; names the extra.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # their wrappers warn about themselves
            return import_module(name)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        raise InputError(
            f"{purpose} needs {PACKAGES[name]}, which "
            + ("is not installed" if absent else f"does not load: {error}"),
            hint="pip install 'calcikin[exchange]'",
        ) from error
