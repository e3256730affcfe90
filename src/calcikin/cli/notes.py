"""What goes to stderr besides errors: notes, and word that a first use takes longer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["note", "note_first_use", "note_written"]


def note(text: str, quiet: bool) -> None:
    """Say something on stderr, unless asked to be quiet."""
    if not quiet:
        click.echo(f"note: {text}", err=True)


def note_written(path: Path, quiet: bool) -> None:
    """Name a file that was written."""
    if not quiet:
        click.echo(f"wrote {path}", err=True)


def note_first_use(model: Model, quiet: bool) -> None:
    """Say that a model is compiled now, when its kernels are not in the cache yet."""
    if quiet:
        return
    path = model.compiled.path
    # numba leaves an index file per kernel beside the generated module.
    if not any(path.parent.glob(f"__pycache__/{path.stem}.rhs-*.nbi")):
        note("compiling this model for the first time on this machine; half a minute", quiet)
