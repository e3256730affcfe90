"""`calcikin cite`: the papers behind the numbers of a table or a model."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from calcikin.cli import options, output

__all__ = ["command"]

TABLES = (".zarr", ".nc")
WIDTH = 100
#: How a source begins that is no paper.
NO_PAPER = ("assumed", "derived", "fitted", "set by the user", "varied in this sweep")


@click.command("cite", epilog="Such as: calcikin cite cohort.zarr; or calcikin cite t50_serum")
@click.argument("what", metavar="STORE|MODEL")
@options.json_option
@options.debug_option
def command(what: str, as_json: bool) -> None:
    """Print the sources of the constants, parameters, laws and media behind a table or a model.

    STORE is the .zarr or .nc of a sweep; it holds its sources itself, whatever the model says now.
    """
    from calcikin.sweep.sources import sources_in, sources_of

    if Path(what).suffix in TABLES:
        from calcikin.sweep.store import open_table

        sources = sources_in(open_table(what))
    else:
        sources = sources_of(options.load_model(what))
    if as_json:
        click.echo(output.json_text([source.plain() for source in sources]))
        return
    papers = [source for source in sources if not source.text.startswith(NO_PAPER)]
    others = [source for source in sources if source.text.startswith(NO_PAPER)]
    for title, group in (("Sources", papers), ("Without a paper of their own", others)):
        if group:
            click.echo(f"{title} ({len(group)})")
        for source in group:
            doi = f" doi:{source.doi}" if source.doi and source.doi not in source.text else ""
            click.echo(_wrapped(f"{source.text}{doi}", "- ", "  "))
            click.echo(_wrapped(", ".join(source.used_for), "    ", "    "))


def _wrapped(text: str, first: str, then: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )
