"""The formats of `calcikin export`, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from calcikin.errors import UnknownNameError

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["FORMATS", "Format", "export"]


@dataclass(frozen=True)
class Format:
    """How a model is written down.

    Attributes
    ----------
    name : str
    title : str
    suffixes : tuple of str
        Endings of a file, the usual one first.
    writer : str
        ``module:function``, which takes the model and gives text or bytes.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    writer: str

    @property
    def binary(self) -> bool:
        """Whether it is no text."""
        return self.name in ("omex", "petab")

    def write(self, model: Model) -> bytes:
        """The content of the file."""
        module, _, function = self.writer.partition(":")
        write: Callable[[Model], str | bytes] = getattr(import_module(module), function)
        content = write(model)
        return content if isinstance(content, bytes) else content.encode()


_HERE = "calcikin.exchange"
#: Name -> format.
FORMATS: Mapping[str, Format] = {
    entry.name: entry
    for entry in (
        Format("sbml", "SBML, Level 3 Version 2", (".xml", ".sbml"), f"{_HERE}.sbml:sbml_text"),
        Format(
            "antimony", "Antimony text", (".ant", ".txt"), f"{_HERE}.antimony_text:antimony_text"
        ),
        Format(
            "omex", "COMBINE archive: SBML, SED-ML", (".omex",), f"{_HERE}.archive:archive_bytes"
        ),
        Format(
            "phreeqc", "PHREEQC input", (".pqi", ".phr", ".txt"), f"{_HERE}.phreeqc:phreeqc_text"
        ),
        Format("latex", "LaTeX document of every equation", (".tex",), f"{_HERE}.latex:latex_text"),
        Format(
            "petab",
            "calibration problem in PEtab, version 1",
            (".zip",),
            f"{_HERE}.petab_tables:petab_bytes",
        ),
        Format("python", "script for NumPy and SciPy", (".py",), f"{_HERE}.script:script_text"),
    )
}


def export(model: Model, to: str) -> bytes:
    """A model in the words of another program.

    Parameters
    ----------
    model : Model
        With its preset, inputs, parameters and switches.
    to : str
        One of `FORMATS`.

    Returns
    -------
    bytes
        The file; UTF-8 text but for ``omex`` and ``petab``.

    Raises
    ------
    UnknownNameError
        When there is no such format; the nearest are named.
    InputError
        When a library is missing; names the extra that brings it.
    OutOfRangeError
        When the initial solution has no equilibrium.

    Examples
    --------
    >>> import calcikin
    >>> text = export(calcikin.load("acp_slurry"), "phreeqc").decode()
    """
    if to not in FORMATS:
        raise UnknownNameError("format", to, FORMATS)
    return FORMATS[to].write(model)
