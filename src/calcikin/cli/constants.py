"""`calcikin constants`: which constant sets there are, what they say, differ in, and get wrong."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note
from calcikin.cli.verbs import refuse_unknown
from calcikin.errors import OutOfRangeError, UnknownNameError

if TYPE_CHECKING:
    from calcikin.chemistry.constants import ConstantSet
    from calcikin.chemistry.constants_diff import Change, Difference
    from calcikin.chemistry.constants_lint import Finding, Severity
    from calcikin.chemistry.records import Origin

__all__ = ["command"]

_NAMES = ("list", "show", "diff", "lint")
#: What is told of where a constant is from.
_ORIGIN = ("uncertainty", "uncertainty_basis", "source", "doi", "note", "borrowed", "published")
#: Windows of plausible temperatures [degC]: those of the sets.
_DEGC = (4.0, 60.0)


class _Subcommands(click.Group):
    """A group that answers an unknown subcommand with the nearest one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_NAMES)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        refuse_unknown(ctx, args[0], _NAMES)
        return super().resolve_command(ctx, args)


@click.group("constants", cls=_Subcommands)
@options.debug_option
def command() -> None:
    """Equilibrium constants: sets, reactions, differences, checks."""


# --- list ---------------------------------------------------------------------------------------


@command.command("list")
@options.json_option
@options.debug_option
def list_sets(as_json: bool) -> None:
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


# --- show ---------------------------------------------------------------------------------------


@command.command(
    "show", epilog="Such as: calcikin constants show HAP, or: show 'Ca+2 + HPO4-2 = CaHPO4'"
)
@click.argument("reaction")
@click.option("--at", default="37degC", show_default=True, help="Temperature.")
@click.option(
    "--set", "names", metavar="SET", multiple=True, help="Only this set or file. Repeatable."
)
@options.json_option
@options.debug_option
def show(reaction: str, at: str, names: tuple[str, ...], as_json: bool) -> None:
    """Show what each set says of REACTION: value, temperature, uncertainty, source.

    REACTION is a species, solid or gas by its name, or any reaction between these.
    """
    from calcikin.chemistry.constants import constant_sets, load_constants

    T = _kelvin(at)
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
                _number(row["log_k_25"], 3),
                _number(row["log_k"], 3),
                _number(row["uncertainty"], 2),
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


# --- diff ---------------------------------------------------------------------------------------


@command.command("diff", epilog="Such as: calcikin constants diff default phreeqc")
@click.argument("one", metavar="SET")
@click.argument("other", metavar="SET")
@click.option("--at", default="37degC", show_default=True, help="Temperature of the constants.")
@click.option("--runs", is_flag=True, help="Also T50 and the Mg/Ca threshold with each; minutes.")
@options.json_option
@options.quiet_option
@options.debug_option
def diff(one: str, other: str, at: str, runs: bool, as_json: bool, quiet: bool) -> None:
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

    found = compare(first, second, T=_kelvin(at), behaviour=behaviour if runs else None)
    if as_json:
        click.echo(output.json_text(_diff_content(found)))
    else:
        _print_diff(found)
    if runs:
        sit = "sit" in (first.activity_model, second.activity_model)
        note(
            "the kinetic parameters were fitted with the set default"
            + "; runs take the Davies equation where SIT belongs to the set" * sit,
            quiet,
        )


def _diff_content(found: Difference) -> dict[str, Any]:
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


def _print_diff(found: Difference) -> None:
    both = [change for change in found.constants if change.by is not None]
    click.echo(f"log K at {found.temperature - 273.15:g} degC, the largest difference first")
    if both:
        output.print_table(
            ("reaction", found.one, found.other, "by"),
            ((c.detail, _number(c.one, 2), _number(c.other, 2), _signed(c.by)) for c in both),
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
                (c.name, _number(c.one, 3), _number(c.other, 3), _signed(c.by, 3))
                for c in found.behaviour
            ),
        )


# --- lint ---------------------------------------------------------------------------------------


@command.command("lint", epilog="Such as: calcikin constants lint llnl.dat")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--notes", is_flag=True, help="Also notes: missing temperature data and the like.")
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def lint_files(
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
            _print_findings(Path(path).name, items, notes)
    errors = sum(item.severity == "error" for items in found.values() for item in items)
    if files and errors:
        ctx.exit(1)
    if not files and errors:
        note("sets that stand for a database keep its slips; their notes say so", quiet)


def _shown(items: Iterable[Finding], notes: bool) -> list[Finding]:
    return [item for item in items if notes or item.severity != "note"]


def _print_findings(name: str, items: Sequence[Finding], notes: bool) -> None:
    counts = Counter(item.severity for item in items)
    kinds: tuple[Severity, ...] = ("error", "warning", "note")
    total = ", ".join(f"{counts[k]} {k}{'' if counts[k] == 1 else 's'}" for k in kinds)
    hidden = "" if notes or not counts["note"] else " (--notes shows these)"
    click.echo(f"{name}: {total}{hidden}")
    for item in _shown(items, notes):
        click.echo(f"  {item.severity}, {item.check}: {item.entry} ({item.where})")
        click.echo(textwrap.fill(item.message, 95, initial_indent="    ", subsequent_indent="    "))


# --- numbers ------------------------------------------------------------------------------------


def _kelvin(text: str) -> float:
    """A temperature of the command line [K].

    Raises
    ------
    InputError
    """
    from calcikin.units import parse_quantity

    with options.located("--at", text, hint="--at 37degC"):
        T = parse_quantity(text, "K")
        low, high = _DEGC
        if not low <= T - 273.15 <= high:
            raise OutOfRangeError(
                f"{T - 273.15:g} degC is outside {low:g} to {high:g} degC, where the constants hold"
            )
        return T


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def _signed(value: float | None, digits: int = 2) -> str:
    return "-" if value is None or value != value else f"{value:+.{digits}f}"


def _pair(change: Change | None, digits: int, scale: float = 1.0) -> str:
    if change is None or change.by is None or change.one is None or change.other is None:
        return "-"
    by = scale * change.by
    return f"{scale * change.other:.{digits}f} ({by:+.{digits}f})"
