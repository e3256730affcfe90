"""`calcikin speciate`: what is free, bound and supersaturated in a solution at rest."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note
from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.simulate.solution import Speciation

__all__ = ["command"]

#: So many complexes are printed, the most concentrated ones.
_SHOWN = 12


@click.command(
    "speciate",
    epilog="Such as: calcikin speciate --serum healthy --set serum.Mg=1.2mmol/L, "
    "or: calcikin speciate --set Ca=2.4mmol/L --set Pi=1mmol/L --set pH=7.4",
)
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--serum", metavar="PRESET", help="Speciate a serum, such as healthy.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUEunit",
    multiple=True,
    help="A total (Ca=2.4mmol/L), an input (serum.Mg=1.2mmol/L), pH, temperature, pCO2, "
    "ionic_strength. Repeatable.",
)
@options.json_option
@options.quiet_option
@options.debug_option
def command(
    model: str | None, serum: str | None, settings: tuple[str, ...], as_json: bool, quiet: bool
) -> None:
    """Print free ions, complexes and saturation indices of a solution.

    The solution is a serum (--serum), the start of MODEL, or what --set gives: totals of
    components, the others being zero.
    """
    values = options.changes(settings)
    if model is None and serum is None and not values:
        raise InputError(
            "no solution is given", hint="--serum healthy, or --set Ca=2.4mmol/L --set Pi=1mmol/L"
        )
    answer = _speciate(model, serum, values)
    if not answer.valid:
        note(
            f"ionic strength {1e3 * answer.ionic_strength:.0f} mmol/L: activity coefficients hold "
            "up to 500 mmol/L",
            quiet,
        )
    if as_json:
        click.echo(output.json_text(answer.summary()))
    else:
        _print(answer)


def _speciate(model: str | None, serum: str | None, values: Mapping[str, str]) -> Speciation:
    from calcikin.chemistry.activity import ActivityWarning
    from calcikin.simulate.solution import speciate

    of: Any = options.load_model(model) if model is not None else None
    if of is None and (serum is not None or any(name.startswith("serum.") for name in values)):
        of = "serum"
    with (
        warnings.catch_warnings(),
        options.located(hint="a number with a unit, such as --set Ca=2.4mmol/L"),
    ):
        warnings.simplefilter("ignore", ActivityWarning)  # said in a note
        return speciate(of, values, preset=serum)


def _print(answer: Speciation) -> None:
    content = answer.summary()
    click.echo(
        f"{content['title']}: pH {content['pH']:.2f}, {content['temperature_degC']:.4g} degC, "
        f"ionic strength {content['ionic_strength']:.4g} mmol/L\n"
    )
    totals, free = content["totals"], content["free"]
    output.print_table(
        ("component", "total [mmol/L]", "free [mmol/L]"),
        (
            (name, f"{total:.4g}", f"{free[name]:.4g}")
            for name, total in totals.items()
            if name != "H" and total > 0.0
        ),
    )
    click.echo()
    output.print_table(
        ("", "ionised [mmol/L]", "ultrafiltrable [mmol/L]"),
        (
            (name, f"{content['ionised'][name]:.4g}", f"{content['ultrafiltrable'][name]:.4g}")
            for name in content["ionised"]
        ),
    )
    species = sorted(content["species"].items(), key=lambda item: -item[1])
    rows = [(name, f"{c:.4g}") for name, c in species[:_SHOWN] if c > 0.0]
    if rows:
        click.echo(f"\nThe {len(rows)} largest of the complexes; --json gives all")
        output.print_table(("species", "[mmol/L]"), rows)
    click.echo()
    output.print_table(
        ("phase", "SI"),
        ((p, "-" if si is None else f"{si:.2f}") for p, si in content["si"].items()),
    )
    click.echo("SI = log10(IAP/Ksp), HAP per Ca5; supersaturated above 0")
