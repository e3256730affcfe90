"""`calcikin constants list`: which constant sets there are."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output

if TYPE_CHECKING:
    from calcikin.chemistry.constants import ConstantSet

__all__ = ["command"]


@click.command("list")
@options.json_option
@options.debug_option
def command(as_json: bool) -> None:
    """List the constant sets that come with calcikin."""
    from calcikin.chemistry.constants import constant_sets, load_constants

    rows = [_set_row(load_constants(name)) for name in constant_sets()]
    if as_json:
        click.echo(output.json_text(rows))
        return
    for row in rows:
        borrowed = f", {row['borrowed']} of them from default" if row["borrowed"] else ""
        click.echo(f"{row['name']} {row['version']}")
        click.echo(
            textwrap.fill(row["description"], 90, initial_indent="  ", subsequent_indent="  ")
        )
        click.echo(
            f"  {row['species']} species and {row['phases']} solids{borrowed}; "
            f"activity model {row['activity_model']}"
        )
    click.echo("\nMore: calcikin constants show HAP, calcikin constants diff default phreeqc")


def _set_row(constants: ConstantSet) -> dict[str, Any]:
    return {
        "name": constants.name,
        "version": constants.version,
        "description": constants.description,
        "species": len(constants.species),
        "phases": len(constants.phases),
        "borrowed": len(constants.inherited()),
        "activity_model": constants.activity_model,
        "temperature_degC": [T - 273.15 for T in constants.temperature_range],
        "sources": constants.sources(),
        "sha256": constants.sha256,
    }
