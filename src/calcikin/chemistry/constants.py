"""Named sets of equilibrium constants, checked when loaded.

A set is one TOML file under ``models/constants/``. Reactions are written there as chemists write
them; loading resolves them to formation from components, carries every constant to I = 0 and
25 degC, and proves charge and element balance. What a file must look like stands in
`calcikin.chemistry.constants_file`; what a set holds in `calcikin.chemistry.records`. A PHREEQC
database is taken as a set too, see `calcikin.chemistry.phreeqc_db`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from calcikin.chemistry.constants_file import read_constants
from calcikin.chemistry.logk import LogK
from calcikin.chemistry.phreeqc_db import import_phreeqc
from calcikin.chemistry.records import Component, ConstantSet, Gas, Origin, Phase, Species
from calcikin.chemistry.tableau import Tableau, tableau
from calcikin.errors import UnknownNameError
from calcikin.paths import models_dir

__all__ = [
    "Component",
    "ConstantSet",
    "Gas",
    "LogK",
    "Origin",
    "Phase",
    "Species",
    "Tableau",
    "constant_sets",
    "load_constants",
    "tableau",
]


def constant_sets() -> list[str]:
    """Names of the shipped constant sets."""
    return sorted(path.stem for path in (models_dir() / "constants").glob("*.toml"))


def load_constants(name: str | Path = "default") -> ConstantSet:
    """A constant set by name, or from a file.

    Parameters
    ----------
    name : str | Path, name of a shipped set, or a path that ends in ``.toml`` or, for a PHREEQC
        database, in ``.dat``

    Returns
    -------
    ConstantSet
        The same object for the same unchanged file.

    Raises
    ------
    UnknownNameError
        When there is no such set.
    ModelFileError, BalanceError
        When the file cannot be read, or an entry does not balance.
    """
    path = Path(name)
    if path.suffix not in (".toml", ".dat"):
        known = constant_sets()
        if str(name) not in known:
            raise UnknownNameError("constant set", str(name), known)
        path = models_dir() / "constants" / f"{name}.toml"
    # a set may extend another one of its folder
    files = sorted({path, *(path.parent.glob("*.toml") if path.suffix == ".toml" else ())})
    stamp = tuple(file.stat().st_mtime_ns for file in files if file.exists())
    return _load(path.resolve(), stamp)


@lru_cache(maxsize=32)
def _load(path: Path, stamp: tuple[int, ...]) -> ConstantSet:
    """Read and check one file; `stamp` makes an edited file count as another one."""
    del stamp
    return import_phreeqc(path) if path.suffix == ".dat" else read_constants(path)
