"""`calcikin validate`: the model against every row of the data."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note_written

if TYPE_CHECKING:
    from calcikin.calibration import Judged

__all__ = ["command"]


@click.command("validate", epilog="Such as: calcikin validate --plot forest.png")
@click.argument("calibration", metavar="[CALIBRATION]", default="default")
@click.option("--parameters", metavar="SET", help="Another parameter set, by name or file (.toml).")
@click.option("--use", metavar="USE", help="Only rows of one use: fit, check, prior, aim, ...")
@click.option("-o", "out", metavar="FILE", help="Write the rows: .json or .csv.")
@click.option("--plot", metavar="FILE", help="Draw the rows: .png, .pdf or .svg.")
@options.json_option
@options.quiet_option
@options.debug_option
def command(
    calibration: str,
    parameters: str | None,
    use: str | None,
    out: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Predict every row of the data and say which are inside their interval.

    CALIBRATION is a name or a file (.toml); it says what predicts each row. Takes half a minute.
    Rows that are missed are no error: the command ends with 0.
    """
    output.check_outputs(o=(out, (".json", ".csv")), plot=(plot, output.PICTURES))
    from calcikin.calibration import USES, load_calibration, summary, validate
    from calcikin.errors import UnknownNameError
    from calcikin.model.parameters import load_parameters

    if use is not None and use not in USES:
        raise UnknownNameError("use", use, USES, where=f"--use {use}")
    chosen = load_calibration(calibration)
    values = None
    if parameters is not None:
        with options.located("--parameters", parameters):
            given = load_parameters(parameters).parameters
        values = {name: p.value for name, p in given.items()}
    judged = [one for one in validate(chosen, values) if use in (None, one.dataset.row.use)]
    rows = [one.to_dict() for one in judged]
    if as_json:
        click.echo(output.json_text(rows))
    else:
        _print(judged)
        click.echo()
        for kind, counts in summary(judged).items():
            click.echo(f"{kind}: " + ", ".join(f"{n} {words}" for words, n in counts.items()))
    if out is not None and out.lower().endswith(".json"):
        text = output.json_text(rows) + "\n"
        note_written(output.write_text(out, lambda stream: stream.write(text)), quiet)
    elif out is not None:
        columns = list(rows[0]) if rows else ["id"]

        def write(stream: TextIO) -> None:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(rows)

        note_written(output.write_text(out, write), quiet)
    if plot is not None:
        from calcikin import plots

        note_written(plots.save(plots.forest(judged), plot), quiet)


def _print(judged: Sequence[Judged]) -> None:
    """A table, and below it why rows are missed or not predicted."""

    def shown(value: float) -> str:
        return f"{value:.4g}" if math.isfinite(value) else "-"

    def span(low: float, high: float) -> str:
        if math.isfinite(low) and math.isfinite(high):
            return f"{low:.4g} to {high:.4g}"
        if math.isfinite(high):
            return f"at most {high:.4g}"
        return f"at least {low:.4g}" if math.isfinite(low) else "-"

    rows = []
    for one in judged:
        row, statement = one.dataset.row, bool(one.dataset.conditions)
        held = f"{one.predicted:.0%} of it" if statement else shown(one.predicted)
        measured = "statement" if statement else shown(row.value)
        rows.append(
            [
                row.id,
                row.use,
                held,
                measured,
                span(one.dataset.low, one.dataset.high),
                "" if row.unit == "1" else row.unit,
                shown(one.residual),
                one.verdict,
            ]
        )
    header = ["row", "use", "model", "measured", "interval", "unit", "residual", "verdict"]
    output.print_table(header, rows)
    for one in judged:
        if one.reason:
            click.echo(f"\n{one.dataset.row.id}, {one.verdict}: {one.reason}")
