"""`calcikin report`: one self-contained HTML file about a run or a sweep."""

from __future__ import annotations

from pathlib import Path

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note_first_use, note_written
from calcikin.errors import InputError

__all__ = ["command"]


@click.command("report", epilog="Such as: calcikin report mg.nc -o report.html")
@click.argument("subject", metavar="STORE_OR_RUN")
@click.option("-o", "out", metavar="FILE", required=True, help="Where to write it: .html.")
@click.option("--question", metavar="TEXT", default="", help="What the report shall answer.")
@options.choice_options
@options.quiet_option
@options.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    subject: str,
    out: str,
    question: str,
    choice: options.Choice,
    quiet: bool,
) -> None:
    """Write a report on STORE_OR_RUN: question, inputs, figures, tables, warnings, references.

    STORE_OR_RUN is what 'calcikin run -o run.nc' or 'calcikin sweep -o mg.nc' has written, the
    .zarr of a sweep, or a model, which is then run with --serum, --set and --off. The file needs no
    network, and prints.
    """
    output.check_outputs(o=(out, (".html",)))
    from calcikin.report.render import check_library, write_report
    from calcikin.report.subject import SUFFIXES, of_file, of_model

    check_library()
    stored = Path(subject).suffix in SUFFIXES
    if stored and choice:
        raise InputError(
            "what was run cannot be changed afterwards",
            where=subject,
            hint="leave --serum, --set and --off out, or name a model",
        )
    if stored:
        found = of_file(subject)
    else:
        chosen = choice.load(subject, quiet=quiet)
        note_first_use(chosen, quiet)
        found = of_model(chosen)
    note_written(write_report(found, out, question), quiet)
    if found.kind == "run" and found.data.attrs["status"] != "ok":
        click.echo(f"Error: the run is not sound: {found.data.attrs['reason']}", err=True)
        ctx.exit(1)
