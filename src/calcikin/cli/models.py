"""`calcikin models`: which models there are."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from calcikin.cli import options, output

__all__ = ["command"]


@click.command("models")
@options.json_option
@options.debug_option
def command(as_json: bool) -> None:
    """List the models that come with calcikin."""
    rows = _models()
    if as_json:
        click.echo(output.json_text(rows))
        return
    for row in rows:
        click.echo(f"{row['name']}: {row['title']}")
        click.echo(
            textwrap.fill(row["description"], 90, initial_indent="  ", subsequent_indent="  ")
        )
        if row["presets"]:
            click.echo(f"  presets (--serum): {', '.join(row['presets'])}")
    click.echo("\nMore: calcikin show NAME. Run one: calcikin run NAME")


def _models() -> list[dict[str, Any]]:
    from calcikin.chemistry.media import load_medium
    from calcikin.files import read_toml
    from calcikin.model.modelfile import scenario_names
    from calcikin.paths import models_dir

    rows = []
    for name in scenario_names():
        raw, _ = read_toml(models_dir() / f"{name}.toml")
        medium = load_medium(str(raw["medium"]))
        rows.append(
            {
                "name": name,
                "title": str(raw.get("title", name)),
                "description": str(raw.get("description", "")),
                "presets": list(medium.presets),
                "source": str(raw.get("source", "")),
            }
        )
    return rows
