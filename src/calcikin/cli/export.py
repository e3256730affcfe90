"""`calcikin export`: a model in the words of another program."""

from __future__ import annotations

import os
from pathlib import Path

import click

from calcikin.cli import complete, options, output
from calcikin.cli.notes import note_written
from calcikin.errors import InputError
from calcikin.exchange.formats import FORMATS
from calcikin.files import replacing

__all__ = ["command"]


@click.command("export", epilog="Such as: calcikin export t50_serum --to sbml -o t50.xml")
@options.model_argument
@click.option(
    "--to",
    metavar="FORMAT",
    required=True,
    callback=options.one_of("format", FORMATS),
    shell_complete=complete.among(FORMATS),
    help=f"One of {', '.join(FORMATS)}.",
)
@options.choice_options
@click.option("-o", "out", metavar="FILE", help="Write to a file; otherwise to standard output.")
@options.quiet_option
@options.debug_option
def command(
    model: str,
    to: str,
    choice: options.Choice,
    out: str | None,
    quiet: bool,
) -> None:
    """Write MODEL for another program: SBML, Antimony, COMBINE, PEtab, PHREEQC, LaTeX or Python.

    MODEL is a name from 'calcikin models', or a model file (.toml).
    """
    form = FORMATS[to]
    output.check_outputs(o=(out, form.suffixes))
    if out is None and form.binary:
        raise InputError(
            f"{form.name} is no text that could be printed",
            where="--to",
            hint=f"-o {os.path.basename(model).removesuffix('.toml')}{form.suffixes[0]}",
        )
    content = form.write(choice.load(model, quiet=quiet))
    if out is None:
        click.echo(content.decode(), nl=False)
        return
    with replacing(out) as temporary:
        temporary.write_bytes(content)
    note_written(Path(out), quiet)
