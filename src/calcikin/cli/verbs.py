"""Groups of verbs: each is imported when it is used, an unknown one answered with the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from calcikin.errors import nearest_names

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group that imports a command when it is used.

    Parameters
    ----------
    names : sequence of str
        The verbs, in the order in which they are explained.
    modules : str
        What stands before the verb in the name of the module that holds its ``command``.
    """

    def __init__(self, *args: Any, names: Sequence[str], modules: str, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.names = tuple(names)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are explained."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; None when there is no such verb."""
        if cmd_name not in self.names:
            return None
        command = import_module(f"{self.modules}{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown verb is answered with the nearest ones."""
        name = args[0]
        if name not in self.names and not name.startswith("-"):
            near = nearest_names(name, self.names)
            hint = f"{' or '.join(near)}?" if near else f"one of {', '.join(self.names)}"
            ctx.fail(f"unknown command {name!r}\n  try: {hint}")
        return super().resolve_command(ctx, args)
