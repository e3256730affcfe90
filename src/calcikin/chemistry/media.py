"""Named media: serum presets and mixing recipes, checked when loaded.

A medium is one TOML file under ``models/media/``. What a file must look like stands in
`calcikin.chemistry.media_file`; what a medium can do in `calcikin.chemistry.medium`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from calcikin.chemistry.media_file import read_medium
from calcikin.chemistry.medium import Datum, Input, Medium, Part, Preset
from calcikin.errors import UnknownNameError
from calcikin.paths import models_dir

__all__ = ["Datum", "Input", "Medium", "Part", "Preset", "load_medium", "media_names"]


def media_names() -> list[str]:
    """Names of the shipped media."""
    return sorted(path.stem for path in (models_dir() / "media").glob("*.toml"))


def load_medium(name: str | Path) -> Medium:
    """A medium by name, or from a file.

    Parameters
    ----------
    name : str | Path, name of a shipped medium, or a path that ends in ``.toml``

    Returns
    -------
    Medium
        The same object for the same unchanged file.

    Raises
    ------
    UnknownNameError
        When there is no such medium.
    ModelFileError
        When the file cannot be read or an entry makes no sense.
    """
    path = Path(name)
    if path.suffix != ".toml":
        known = media_names()
        if str(name) not in known:
            raise UnknownNameError("medium", str(name), known)
        path = models_dir() / "media" / f"{name}.toml"
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return _load(path.resolve(), stamp)


@lru_cache(maxsize=32)
def _load(path: Path, stamp: int) -> Medium:
    """Read and check one file; `stamp` makes an edited file count as another one."""
    del stamp
    return read_medium(path)
