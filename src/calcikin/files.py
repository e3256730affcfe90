"""How files are written: whole or not at all; and how TOML is read."""

from __future__ import annotations

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calcikin.errors import ModelFileError, OutputError

__all__ = ["cannot_be_written", "check_folder", "read_toml", "replacing", "usual_rights"]


def read_toml(path: str | Path) -> tuple[dict[str, Any], str]:
    """The document in a TOML file, and the SHA-256 of the file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict, str

    Raises
    ------
    ModelFileError
        When it cannot be read, is empty, or is not TOML; with the line.
    """
    try:
        content = Path(path).read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"cannot be read: {error}", where=str(path)) from error
    if not text.strip():
        raise ModelFileError("is empty", where=str(path))
    try:
        return tomllib.loads(text), hashlib.sha256(content).hexdigest()
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"is not TOML: {error}", where=str(path)) from error


def check_folder(path: str | Path, where: str = "") -> Path:
    """Return `path` when a file of that name could lie there.

    Parameters
    ----------
    path : str or Path
        Of the file.
    where : str
        What an error names; the path when empty.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        When its folder does not exist, or it is a folder itself.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise OutputError(
            f"the folder {str(target.parent)!r} does not exist",
            where=where or str(target),
            hint=f"mkdir -p {target.parent}, or choose another folder",
        )
    if target.is_dir():
        raise OutputError(
            "this is a folder, not a file",
            where=where or str(target),
            hint="add a file name to it",
        )
    return target


def cannot_be_written(path: str | Path, error: OSError, hint: str = "") -> OutputError:
    """What is said when the system refuses to write `path`."""
    return OutputError(
        f"the file cannot be written: {error.strerror or error}",
        where=str(path),
        hint=hint or "check the rights and the free space of the folder",
    )


def usual_rights(path: Path) -> None:
    """Give a temporary file or folder, made for the owner only, the rights that others have."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A file in the same folder to write to, which takes the place of `path` at the end.

    Nobody ever sees half a file, and a file that was there before stays when writing fails.

    Parameters
    ----------
    path : str or Path
        Where the file shall be.

    Yields
    ------
    Path
        An empty file; gone afterwards, whatever happens.

    Raises
    ------
    OutputError
        When the folder does not exist or cannot be written, or the disk is full.
    """
    target = check_folder(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".calcikin-", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        usual_rights(temporary)
        temporary.replace(target)
    except OSError as error:
        raise cannot_be_written(target, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
