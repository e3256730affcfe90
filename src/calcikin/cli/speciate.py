"""`calcikin speciate`: what is free, bound and supersaturated in a solution at rest."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note
from calcikin.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from calcikin.simulate.solution import Speciation, Spread

__all__ = ["command"]

#: So many complexes are printed, the most concentrated ones.
_SHOWN = 12
#: Most constants that are named with an index.
_NAMED = 3


@click.command(
    "speciate",
    epilog="Such as: calcikin speciate --serum healthy --set serum.Mg=1.2mmol/L, "
    "or: calcikin speciate --set Ca=2.4mmol/L --set Pi=1mmol/L --set pH=7.4 --constants phreeqc",
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
@click.option(
    "--constants",
    metavar="SET",
    help="Constant set, of 'calcikin constants list', or a file (.toml, PHREEQC's .dat).",
)
@click.option(
    "--activity",
    metavar="NAME",
    help="Activity model: davies, truesdell-jones or sit; by default that of the constants.",
)
@click.option("--export", metavar="FILE", help="Also write PHREEQC input (.pqi).")
@click.option(
    "--samples",
    metavar="N",
    type=int,
    help="Also draw the constants N times within their uncertainties; 8 ms each.",
)
@options.json_option
@options.quiet_option
@options.debug_option
def command(
    model: str | None,
    serum: str | None,
    settings: tuple[str, ...],
    constants: str | None,
    activity: str | None,
    export: str | None,
    samples: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print free ions, complexes and saturation indices of a solution.

    The solution is a serum (--serum), the start of MODEL, or what --set gives: totals of
    components, the others being zero. Indices come with the standard uncertainty that follows from
    those of the constants.
    """
    values = options.changes(settings)
    if model is None and serum is None and not values:
        raise InputError(
            "no solution is given", hint="--serum healthy, or --set Ca=2.4mmol/L --set Pi=1mmol/L"
        )
    output.check_outputs(export=(export, (".pqi", ".phr", ".txt")))
    answer = _speciate(model, serum, values, constants, activity)
    for words in answer.notes:
        note(words, quiet)
    _note_validity(answer, quiet)
    with options.located("--samples", str(samples)):
        spreads = answer.sampled(samples) if samples is not None else None
    if export is not None:
        with options.located("--export", export):
            text = answer.phreeqc()
        output.write_text(export, lambda stream: stream.write(text))
        note(f"written: {export}", quiet)
    if as_json:
        content = answer.summary()
        if spreads is not None:
            content["si_sampled"] = {phase: vars(spread) for phase, spread in spreads.items()}
        click.echo(output.json_text(content))
    else:
        _print(answer, spreads)


def _note_validity(answer: Speciation, quiet: bool) -> None:
    """Notes on an activity model that is used where it does not hold, or has nothing to go by."""
    limit, words = answer.validity
    if not answer.valid:
        note(
            f"ionic strength {1e3 * answer.ionic_strength:.0f} mmol/L: {words} holds "
            f"up to {1e3 * limit:.0f} mmol/L",
            quiet,
        )
    found = answer.equilibrium.constants
    own = {
        "truesdell_jones": any(c.gamma is not None for c in found.components.values()),
        "sit": bool(found.epsilon),
    }
    if not own.get(answer.activity_model, True):
        note(f"the set {found.name} has no coefficients of its own for {words}", quiet)


def _speciate(
    model: str | None,
    serum: str | None,
    values: Mapping[str, str],
    constants: str | None,
    activity: str | None,
) -> Speciation:
    from calcikin.chemistry.activity import ActivityWarning
    from calcikin.chemistry.activity_models import ACTIVITY_MODELS
    from calcikin.chemistry.constants import load_constants
    from calcikin.simulate.solution import speciate

    of: Any = options.load_model(model) if model is not None else None
    if of is None and (serum is not None or any(name.startswith("serum.") for name in values)):
        of = "serum"
    name = activity.lower().replace("-", "_") if activity is not None else None
    if name is not None and name not in ACTIVITY_MODELS:
        known = [model.replace("_", "-") for model in ACTIVITY_MODELS]
        raise UnknownNameError("activity model", str(activity), known, where="--activity")
    with options.located("--constants", str(constants)):
        chosen = load_constants(constants) if constants is not None else None
    with (
        warnings.catch_warnings(),
        options.located(hint="a number with a unit, such as --set Ca=2.4mmol/L"),
    ):
        warnings.simplefilter("ignore", ActivityWarning)  # said in a note
        return speciate(of, values, preset=serum, constants=chosen, activity=name)


def _print(answer: Speciation, spreads: Mapping[str, Spread] | None) -> None:
    content = answer.summary()
    click.echo(
        f"{content['title']}: pH {content['pH']:.2f}, {content['temperature_degC']:.4g} degC, "
        f"ionic strength {content['ionic_strength']:.4g} mmol/L\n"
        f"constants {answer.constants}, {answer.validity[1]}\n"
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
    _print_metals(answer, content)
    species = sorted(content["species"].items(), key=lambda item: -item[1])
    rows = [(name, f"{c:.4g}") for name, c in species[:_SHOWN] if c > 0.0]
    if rows:
        click.echo(f"\nThe {len(rows)} largest of the complexes; --json gives all")
        output.print_table(("species", "[mmol/L]"), rows)
    click.echo()
    _print_indices(content, spreads)


def _print_metals(answer: Speciation, content: Mapping[str, Any]) -> None:
    """Calcium and magnesium as laboratories report them, and what water there is for them."""
    columns = ("", "total [mmol/L]", "ionised [mmol/L]", "ultrafiltrable [mmol/L]")
    water = answer.water_fraction
    output.print_table(
        columns if water is None else (*columns, "in its water [mmol/L]"),
        (
            (
                name,
                f"{content['totals'][name]:.4g}",
                f"{content['ionised'][name]:.4g}",
                f"{through:.4g}",
                *(() if water is None else (f"{through / water:.4g}",)),
            )
            for name, through in content["ultrafiltrable"].items()
        ),
    )
    if water is not None:
        click.echo(
            f"Per litre of the liquid, proteins taken to have no volume; {water:.3g} L/L of it are "
            "water\n(proteins at 0.73 mL/g, albumin and an assumed 28 g/L of globulins)"
        )


def _print_indices(content: Mapping[str, Any], spreads: Mapping[str, Spread] | None) -> None:
    """Saturation indices with their uncertainties, and the constants these come from."""
    u, due_to = content["si_u"], content["si_due_to"]
    header = ["phase", "SI"]
    if u is not None:
        header = ["phase", "SI +/- u", "mostly due to"]
    if spreads is not None:
        header.insert(2, "95 % of draws")
    rows = []
    for phase, si in content["si"].items():
        shown = "-" if si is None else f"{si:.2f}"
        if u is not None and si is not None:
            shown += f" +/- {u[phase]:.2f}"
        row = [phase, shown]
        if spreads is not None:
            spread = spreads.get(phase)
            row.append("-" if spread is None else f"{spread.low:.2f} to {spread.high:.2f}")
        if u is not None:
            leading = list(due_to[phase].items())[:_NAMED] if si is not None else []
            row.append(", ".join(f"{name} {abs(part):.2f}" for name, part in leading))
        rows.append(row)
    output.print_table(header, rows)
    click.echo("SI = log10(IAP/Ksp), HAP per Ca5; supersaturated above 0")
    if u is None:
        click.echo("The constants state no uncertainties")
    else:
        click.echo("u: standard uncertainty from those of the constants, and what it is due to")
