"""`calcikin constants diff`: in what two sets differ, and what comes of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.constants import fixed, kelvin, signed
from calcikin.cli.notes import note

if TYPE_CHECKING:
    from calcikin.chemistry.constants_diff import Change, Difference

__all__ = ["command"]


@click.command("diff", epilog="Such as: calcikin constants diff default phreeqc")
@click.argument("one", metavar="SET")
@click.argument("other", metavar="SET")
@click.option("--at", default="37degC", show_default=True, help="Temperature of the constants.")
@click.option("--runs", is_flag=True, help="Also T50 and the Mg/Ca threshold with each; minutes.")
@options.json_option
@options.quiet_option
@options.debug_option
def command(one: str, other: str, at: str, runs: bool, as_json: bool, quiet: bool) -> None:
    """Compare two sets: constants, saturation indices in plasma, its ultrafiltrate, SBF, T50 mix.

    A SET is a name from 'calcikin constants list' or a file.
    """
    from calcikin.chemistry.constants import load_constants
    from calcikin.chemistry.constants_diff import compare

    first, second = load_constants(one), load_constants(other)
    if first.name == second.name:  # a file may have the name of the set it was made from
        first, second = replace(first, name=one), replace(second, name=other)
    files = {first.name: one, second.name: other}

    def behaviour(name: str) -> Mapping[str, float]:
        from calcikin.analysis.constant_sets import behaviour_with

        note(f"running the T50 assay and the Mg/Ca series with {name}", quiet)
        return behaviour_with(files[name])

    found = compare(first, second, T=kelvin(at), behaviour=behaviour if runs else None)
    if as_json:
        click.echo(output.json_text(_content(found)))
    else:
        _print(found)
    if runs:
        sit = "sit" in (first.activity_model, second.activity_model)
        note(
            "the kinetic parameters were fitted with the set default"
            + "; runs take the Davies equation where SIT belongs to the set" * sit,
            quiet,
        )


def _content(found: Difference) -> dict[str, Any]:
    def rows(changes: Iterable[Change], key: str) -> list[dict[str, Any]]:
        return [
            {
                "name": change.name,
                found.one: change.one,
                found.other: change.other,
                "by": change.by,
                **({key: change.detail} if change.detail else {}),
            }
            for change in changes
        ]

    return {
        "sets": [found.one, found.other],
        "temperature_degC": found.temperature - 273.15,
        "constants": rows(found.constants, "reaction"),
        "si": {water: rows(changes, "unit") for water, changes in found.indices.items()},
        "free": {water: rows(changes, "unit") for water, changes in found.free.items()},
        "runs": rows(found.behaviour, "unit"),
    }


def _print(found: Difference) -> None:
    both = [change for change in found.constants if change.by is not None]
    click.echo(f"log K at {found.temperature - 273.15:g} degC, the largest difference first")
    if both:
        output.print_table(
            ("reaction", found.one, found.other, "by"),
            ((c.detail, fixed(c.one, 2), fixed(c.other, 2), signed(c.by)) for c in both),
        )
    else:
        click.echo("the same in both")
    for name, changes in (
        (found.one, [c for c in found.constants if c.other is None]),
        (found.other, [c for c in found.constants if c.one is None]),
    ):
        if changes:
            listed = f"only in {name}: {', '.join(change.name for change in changes)}"
            click.echo(textwrap.fill(listed, 95, subsequent_indent="  "))
    click.echo(f"\nSaturation indices, {found.other} less {found.one} in brackets")
    waters = list(found.indices)
    names = [change.name for change in found.indices[waters[0]]]
    by_name = {w: {c.name: c for c in changes} for w, changes in found.indices.items()}
    output.print_table(
        ("phase", *waters),
        ((name, *(_pair(by_name[water].get(name), 2) for water in waters)) for name in names),
    )
    free = {w: {c.name: c for c in changes} for w, changes in found.free.items()}
    click.echo("\nFree ions and ionic strength [mmol/L]")
    output.print_table(
        ("", *waters),
        ((name, *(_pair(free[w][name], 3, 1e3) for w in waters)) for name in ("Ca", "Mg", "I")),
    )
    if found.behaviour:
        click.echo()
        output.print_table(
            ("run", found.one, found.other, "by"),
            (
                (c.name, fixed(c.one, 3), fixed(c.other, 3), signed(c.by, 3))
                for c in found.behaviour
            ),
        )


def _pair(change: Change | None, digits: int, scale: float = 1.0) -> str:
    if change is None or change.by is None or change.one is None or change.other is None:
        return "-"
    by = scale * change.by
    return f"{scale * change.other:.{digits}f} ({by:+.{digits}f})"
