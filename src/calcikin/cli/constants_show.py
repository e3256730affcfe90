"""`calcikin constants show`: what each set says of a reaction."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.constants import fixed, kelvin
from calcikin.errors import UnknownNameError

if TYPE_CHECKING:
    from calcikin.chemistry.constants import ConstantSet
    from calcikin.chemistry.records import Origin

__all__ = ["command"]

#: What is told of where a constant is from.
_ORIGIN = ("uncertainty", "uncertainty_basis", "source", "doi", "note", "borrowed", "published")


@click.command(
    "show", epilog="Such as: calcikin constants show HAP, or: show 'Ca+2 + HPO4-2 = CaHPO4'"
)
@click.argument("reaction")
@click.option("--at", default="37degC", show_default=True, help="Temperature.")
@click.option(
    "--set", "names", metavar="SET", multiple=True, help="Only this set or file. Repeatable."
)
@options.json_option
@options.debug_option
def command(reaction: str, at: str, names: tuple[str, ...], as_json: bool) -> None:
    """Show what each set says of REACTION: value, temperature, uncertainty, source.

    REACTION is a species, solid or gas by its name, or any reaction between these.
    """
    from calcikin.chemistry.constants import constant_sets, load_constants

    T = kelvin(at)
    shipped = sorted(constant_sets(), key=lambda name: name != "default")
    sets = [load_constants(name) for name in names or shipped]
    entries = [entry for entry in (_entry(item, reaction) for item in sets) if entry]
    text = entries[0][0] if entries else reaction
    with options.located("constants show", reaction, hint="'Ca+2 + HPO4-2 = CaHPO4', or a name"):
        rows = [_show_row(constants, reaction, text, T) for constants in sets]
    if all(row["log_k"] is None for row in rows):
        known = {name for item in sets for name in (*item.species, *item.phases, *item.gases)}
        raise UnknownNameError("species, solid or gas", reaction, known)
    if as_json:
        click.echo(output.json_text({"temperature_degC": T - 273.15, "sets": rows}))
        return
    click.echo(f"{next(r['reaction'] for r in rows if r['reaction'])}\n")
    output.print_table(
        ("set", "log K 25 degC", f"log K {T - 273.15:g} degC", "u", "source"),
        (
            (
                row["set"],
                fixed(row["log_k_25"], 3),
                fixed(row["log_k"], 3),
                fixed(row["uncertainty"], 2),
                (row["source"] or "") + (f" (from {row['borrowed']})" if row["borrowed"] else ""),
            )
            for row in rows
        ),
    )
    for row in rows:
        if row["note"] and not row["borrowed"]:
            click.echo()
            text = f"{row['set']}: {row['note']}"
            click.echo(textwrap.fill(text, 95, subsequent_indent="  "))


def _show_row(constants: ConstantSet, name: str, reaction: str, T: float) -> dict[str, Any]:
    """One set's word on an entry, or on a reaction between entries; None where it has none."""
    from calcikin.chemistry.constants_diff import entry_log_k, reaction_log_k
    from calcikin.chemistry.logk import T25

    row: dict[str, Any] = dict.fromkeys(("reaction", "log_k_25", "log_k", *_ORIGIN))
    row["set"] = constants.name
    found = _entry(constants, name)
    if found is not None:
        row |= _origin_row(found[1]) | {"reaction": reaction}
        for key, at in (("log_k_25", T25), ("log_k", T)):
            gas = constants.gases.get(name)
            row[key] = gas.log_k.at(at) if gas else entry_log_k(constants, name, reaction, at)
    elif "=" in name:
        row |= {"reaction": name, "source": "sum of the constants of the set"}
        for key, at in (("log_k_25", T25), ("log_k", T)):
            row[key] = reaction_log_k(constants, name, at)
    return row


def _entry(constants: ConstantSet, name: str) -> tuple[str, Origin] | None:
    """Reaction and origin of a species, solid or gas of a set."""
    if name in constants.phases:
        return constants.phases[name].reaction, constants.phases[name].origin
    if name in constants.species:
        return constants.species[name].reaction, constants.species[name].origin
    if name in constants.gases:
        gas = constants.gases[name]
        return f"{name} = {gas.species} [mol/(L atm)]", gas.origin
    return None


def _origin_row(origin: Origin) -> dict[str, Any]:
    return {
        "uncertainty": origin.uncertainty,
        "uncertainty_basis": origin.uncertainty_basis,
        "source": origin.source,
        "doi": origin.doi,
        "note": origin.note,
        "borrowed": origin.inherited,
        "published": {
            "log_k": origin.published,
            "temperature_degC": origin.temperature - 273.15,
            "ionic_strength": origin.ionic_strength,
            "medium": origin.medium,
        },
    }
