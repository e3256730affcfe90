"""Where the shipped data files lie."""

from __future__ import annotations

from pathlib import Path

from calcikin.errors import ModelFileError

__all__ = ["models_dir"]


def models_dir() -> Path:
    """The folder of shipped models, constants, parameters and media.

    In an installed wheel it is `calcikin/_models`; in a source checkout, editable installs
    included, it is the top-level `models/`.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    ModelFileError
        When the installation holds neither.
    """
    package = Path(__file__).resolve().parent
    shipped = package / "_models"
    if shipped.is_dir():
        return shipped
    checkout = package.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "models").is_dir():
        return checkout / "models"
    raise ModelFileError(
        "the shipped model files are missing from this installation",
        where=str(shipped),
        hint="reinstall calcikin",
    )
