"""An unknown verb is answered with the nearest ones."""

from __future__ import annotations

from collections.abc import Sequence

import click

from calcikin.errors import nearest_names

__all__ = ["refuse_unknown"]


def refuse_unknown(ctx: click.Context, name: str, known: Sequence[str]) -> None:
    """End with a message that names the nearest verbs, unless `name` is one or is an option."""
    if name in known or name.startswith("-"):
        return
    near = nearest_names(name, known)
    hint = f"{' or '.join(near)}?" if near else f"one of {', '.join(known)}"
    ctx.fail(f"unknown command {name!r}\n  try: {hint}")
