"""The `calcikin` command: finds the verb, and turns every error into a message and an exit code."""

from __future__ import annotations

import errno
import os
from typing import Any

import click

from calcikin import __version__
from calcikin.cli.options import DEBUG, debug_option
from calcikin.cli.verbs import LazyGroup
from calcikin.errors import CalcikinError

__all__ = ["main"]

#: Verb -> the module of its command, imported when the verb is used.
VERBS = (
    "run",
    "sweep",
    "verify",
    "cite",
    "threshold",
    "map",
    "sensitivity",
    "attribute",
    "validate",
    "fit",
    "speciate",
    "constants",
    "bench",
    "models",
    "show",
    "export",
    "app",
    "report",
    "doctor",
)


class Verbs(LazyGroup):
    """The verbs; their errors are answered without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors become a message on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except CalcikinError as error:
            if ctx.meta.get(DEBUG):
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except Exception as error:
            if ctx.meta.get(DEBUG) or getattr(error, "errno", None) == errno.EPIPE:
                raise  # a closed pipe is click's to handle: `calcikin models | head -1`
            said = " ".join(str(error).split()) or "no message"
            click.echo(
                f"Error: something unexpected happened: {type(error).__name__}: {said}\n"
                "  try: the same command with --debug, which shows where; please report it",
                err=True,
            )
            ctx.exit(1)


@click.group(
    cls=Verbs,
    names=VERBS,
    modules="calcikin.cli.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Research use only: never for decisions about a patient.",
)
@click.version_option(__version__, prog_name="calcikin", message="%(prog)s %(version)s")
@debug_option
@click.pass_context
def main(ctx: click.Context) -> None:
    """Calcification kinetics: how calcium phosphate forms and ripens in serum and in slurries.

    Begin with 'calcikin models', then 'calcikin run t50_serum'.
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org; off a terminal click leaves colour out
        ctx.color = False
