"""`calcikin threshold`: the Mg/Ca (or another input) at which a criterion is crossed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from calcikin.cli import options, output
from calcikin.cli.ends import ends
from calcikin.cli.notes import note, note_first_use
from calcikin.cli.uncertainty import check, of_threshold, pairs, uncertainty_option
from calcikin.errors import InputError

__all__ = ["command"]

_EXAMPLE = "--over Mg/Ca, or with the ends of the search --over Mg/Ca=0.05:0.5"
_FRACTION = "crystalline_fraction"


@click.command("threshold", epilog="Such as: calcikin threshold acp_slurry --over Mg/Ca")
@options.model_argument
@click.option(
    "--over",
    metavar="NAME[=LOW:HIGHunit]",
    default="Mg/Ca",
    show_default=True,
    help="What is varied, and between which ends it is searched.",
)
@click.option(
    "--criterion",
    metavar="NAME",
    default=_FRACTION,
    show_default=True,
    help="The read-out that crosses the level.",
)
@click.option(
    "--level", metavar="VALUEunit", default="0.05", show_default=True, help="The level it crosses."
)
@click.option("--at", metavar="TIME", help="Length of the runs.  [default: 24h]")
@options.choice_options
@options.solver_options
@uncertainty_option
@output.output_options(".json", out="Write the result: .json.", plot="Draw the search")
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    over: str,
    criterion: str,
    level: str,
    at: str | None,
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    uncertainty: int | None,
    outputs: output.Outputs,
) -> None:
    """Find the Mg/Ca of MODEL beyond which it does not crystallise in time.

    The criterion is a crystalline fraction of 5 % after 24 h, unless another one is given.
    """
    if outputs.plot is not None and criterion != _FRACTION:
        raise InputError(
            f"the picture shows {_FRACTION}, not {criterion}",
            where=f"--plot {outputs.plot}",
            hint="leave out --plot, or --criterion",
        )
    chosen = choice.load(model, quiet=outputs.quiet)
    if "duration" in chosen.settings and at is not None:
        raise InputError(
            "the length of the runs is given twice", where=f"--at {at}", hint="keep one of them"
        )
    elif at is not None:
        with options.located("--at", at, hint="--at 24h"):
            chosen = chosen.with_({"duration": at})
    elif "duration" not in chosen.settings:
        chosen = chosen.with_({"duration": "24 h"})
    target = _target(criterion, level)
    name, given = ends(chosen, over, _EXAMPLE)
    low, high = given or (None, None)
    check(chosen, uncertainty)
    note_first_use(chosen, outputs.quiet)

    from calcikin.analysis import threshold

    with options.located("--over", over, hint=_EXAMPLE):
        found = threshold(
            chosen,
            name,
            criterion=criterion,
            level=target,
            at=None,
            low=low,
            high=high,
            solver=solver,
            rtol=rtol,
        )
    summary = found.summary()
    if uncertainty is not None and found.found:
        spreads = of_threshold(found, chosen, criterion, uncertainty, rtol)
        summary["uncertainty"] = spreads
    outputs.tell(summary, lambda: _print(summary))
    outputs.write_json(summary)
    if outputs.plot is not None:
        from calcikin import plots

        outputs.draw(plots.threshold(found))
    if not found.found:
        click.echo(f"Error: there is no threshold: {found.reason}", err=True)
        ctx.exit(1)
    if found.reason:
        note(found.reason, outputs.quiet)


def _target(criterion: str, level: str) -> float:
    """The level in the unit of the read-out."""
    from calcikin.simulate.readouts import get_readout
    from calcikin.units import parse_quantity

    with options.located("--criterion", criterion):
        readout = get_readout(criterion)
    with options.located("--level", level, hint="--level 0.05"):
        return parse_quantity(level, readout.unit)


def _print(summary: Mapping[str, Any]) -> None:
    ratios, unit = summary["threshold"], summary["unit"]
    low, high = summary["bracket"]
    own = "" if unit == "1" else f" {unit}"
    rows = [("criterion", summary["criterion"])]
    if summary["over"] != "Mg/Ca":
        rows.append((f"{summary['over']} at the threshold", _number(summary["value"]) + own))
    rows += [
        ("Mg/Ca total [mol/mol]", _number(ratios["total"])),
        ("Mg/Ca free [mol/mol]", _number(ratios["free"])),
        ("Mg/Ca in the ACP [mol/mol]", _number(ratios["solid"])),
    ]
    if low is not None and high is not None:
        rows.append(("bracket", f"{low:.6g} to {high:.6g}{own}"))
    rows.append(("simulations", str(summary["simulations"])))
    rows += pairs(summary.get("uncertainty", {}))
    output.print_pairs(rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
