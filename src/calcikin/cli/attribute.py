"""`calcikin attribute`: how much of a change comes from which mechanism, or which input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_first_use
from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.analysis import Attribution

__all__ = ["command"]

_PAIRS = 5


@click.command(
    "attribute",
    epilog='Such as: calcikin attribute t50_serum --of "serum.Mg: 0.8 -> 1.2 mmol/L" --on t50',
)
@options.model_argument
@click.option(
    "--of",
    "of",
    metavar="TEXT",
    required=True,
    help='The change: "serum.Mg: 0.8 -> 1.2 mmol/L", or "serum: healthy -> haemodialysis".',
)
@click.option("--on", metavar="NAME", default="t50", show_default=True, help="The read-out.")
@click.option(
    "--by",
    metavar="KIND",
    help="mechanisms, or inputs.  [default: mechanisms; inputs for a change of serum]",
)
@click.option(
    "--among",
    metavar="NAME",
    multiple=True,
    help="A mechanism or an input that the change is split over; all, when none is named. "
    "Repeatable, or with commas.",
)
@click.option(
    "--steps",
    type=int,
    default=1,
    show_default=True,
    help="Parts of the change, each with its own split: a map.",
)
@click.option(
    "--scale",
    metavar="NAME",
    help="rate (1/time, 0 when never), log, or value.  [default: rate for a time, else value]",
)
@click.option(
    "--cap",
    metavar="TIME",
    help="Longest time that counts, with --scale log.  [default: the length of the run]",
)
@click.option(
    "--orders",
    type=int,
    default=200,
    show_default=True,
    help="Orders that are sampled when more than 12 play.",
)
@options.seed_option("sampling")
@options.choice_options
@options.solver_options
@output.output_options(".json", out="Write the result: .json.")
def command(
    model: str,
    of: str,
    on: str,
    by: str | None,
    among: tuple[str, ...],
    steps: int,
    scale: str | None,
    cap: str | None,
    orders: int,
    seed: int,
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    outputs: output.Outputs,
) -> None:
    """Split a change of MODEL's read-out over its mechanisms, or over the inputs that change.

    By Shapley values: over all combinations, exact up to 12 players, and summing to the change.
    """
    chosen = choice.load(model, quiet=outputs.quiet)

    from calcikin.analysis import attribute
    from calcikin.analysis.change import Change
    from calcikin.analysis.response import Response

    with options.located("--of", of):
        change = Change.read(chosen, of)
    clash = sorted({*change.start} & options.chosen_names(chosen))
    if clash:
        raise InputError(
            f"{clash[0]} is both set and changed", where=f"--of {of}", hint="keep one of them"
        )
    with options.located("--on", on):
        Response.named(on, scale, cap)
    players = [name.strip() for text in among for name in text.split(",") if name.strip()]
    note_first_use(chosen, outputs.quiet)
    found = attribute(
        chosen,
        change,
        on,
        by=by,
        among=players or None,
        steps=steps,
        scale=scale,
        cap=cap,
        orders=orders,
        seed=seed,
        solver=solver,
        rtol=rtol,
    )
    summary = found.summary()
    outputs.tell(summary, lambda: _print(found))
    outputs.write_json(summary)
    if outputs.plot is not None:
        from calcikin import plots

        outputs.draw(plots.waterfall(found) if steps == 1 else plots.attribution_map(found))
    note(found.words, outputs.quiet)


def _print(found: Attribution) -> None:
    total = float(found.total.sum())
    unit = "" if found.unit == "1" else f" {found.unit}"
    ends = [
        "never" if value != value else f"{value:.4g} {found.readout_unit}"
        for value in (found.readings[0], found.readings[-1])
    ]
    output.print_pairs(
        [
            ("change", found.of),
            (found.readout, f"{ends[0]} -> {ends[1]}"),
            (f"change of {found.response}", f"{total:.4g}{unit}"),
            ("simulations", str(found.runs)),
        ]
    )
    click.echo()
    shares, error = found.shares, (found.errors**2).sum(axis=0) ** 0.5
    header = [found.by[:-1], f"{found.response} [{found.unit}]", "share [%]"]
    rows = [
        [name, f"{value:.4g}", _percent(shares[name])]
        for name, value in found.contributions.items()
    ]
    if found.by == "mechanisms":
        rest = float(found.remainder.sum())
        rows.append(
            ["with none of them", f"{rest:.4g}", _percent(rest / total if total else math.nan)]
        )
    rows.append(["total", f"{total:.4g}", "100.0"])
    if not found.exact:
        header.append("standard error")
        place = {name: k for k, name in enumerate(found.players)}
        for row in rows:
            row.append(f"{error[place[row[0]]]:.2g}" if row[0] in place else "-")
    output.print_table(header, rows)
    if found.pairs:
        click.echo()
        output.print_table(
            ("pair", f"interaction [{found.unit}]", "share [%]"),
            [
                (f"{a}, {b}", f"{value:.4g}", _percent(value / total if total else math.nan))
                for a, b, value in found.pairs[:_PAIRS]
            ],
        )


def _percent(share: float) -> str:
    # + 0.0: no "-0.0"
    return "-" if math.isnan(share) else f"{round(100.0 * share, 1) + 0.0:.1f}"
