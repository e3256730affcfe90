"""`calcikin constants lint`: what is wrong in a set or a database."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note

if TYPE_CHECKING:
    from calcikin.chemistry.constants_lint import Finding, Severity

__all__ = ["command"]


@click.command("lint", epilog="Such as: calcikin constants lint llnl.dat")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--notes", is_flag=True, help="Also notes: missing temperature data and the like.")
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def command(
    ctx: click.Context, files: Sequence[str], notes: bool, as_json: bool, quiet: bool
) -> None:
    """Check constant sets (.toml) or PHREEQC databases (.dat); without FILE the shipped sets.

    Exit code 1 when a FILE has errors. Windows of well-known reactions, with their sources, are in
    models/checks/reactions.toml.
    """
    from calcikin.chemistry.constants import constant_sets
    from calcikin.chemistry.constants_lint import lint
    from calcikin.paths import models_dir

    folder = models_dir() / "constants"
    known = constant_sets()
    paths = [folder / f"{name}.toml" if name in known else Path(name) for name in files or known]
    found = {str(path): lint(path) for path in paths}
    if as_json:
        shown = {name: _shown(items, notes) for name, items in found.items()}
        click.echo(output.json_text({k: [vars(i) for i in items] for k, items in shown.items()}))
    else:
        for path, items in found.items():
            _print(Path(path).name, items, notes)
    errors = sum(item.severity == "error" for items in found.values() for item in items)
    if files and errors:
        ctx.exit(1)
    if not files and errors:
        note("sets that stand for a database keep its slips; their notes say so", quiet)


def _shown(items: Iterable[Finding], notes: bool) -> list[Finding]:
    return [item for item in items if notes or item.severity != "note"]


def _print(name: str, items: Sequence[Finding], notes: bool) -> None:
    counts = Counter(item.severity for item in items)
    kinds: tuple[Severity, ...] = ("error", "warning", "note")
    total = ", ".join(f"{counts[k]} {k}{'' if counts[k] == 1 else 's'}" for k in kinds)
    hidden = "" if notes or not counts["note"] else " (--notes shows these)"
    click.echo(f"{name}: {total}{hidden}")
    for item in _shown(items, notes):
        click.echo(f"  {item.severity}, {item.check}: {item.entry} ({item.where})")
        click.echo(textwrap.fill(item.message, 95, initial_indent="    ", subsequent_indent="    "))
