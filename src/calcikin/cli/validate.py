"""`calcikin validate`: the model against every row of the data."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from calcikin.cli import options, output

if TYPE_CHECKING:
    from calcikin.calibration import Judged

__all__ = ["command"]


@click.command("validate", epilog="Such as: calcikin validate --plot forest.png")
@click.argument("calibration", metavar="[CALIBRATION]", default="default")
@click.option("--parameters", metavar="SET", help="Another parameter set, by name or file (.toml).")
@click.option("--use", metavar="USE", help="Only rows of one use: fit, check, prior, ...")
@output.output_options(".json", ".csv", out="Write the rows: .json or .csv.", plot="Draw the rows")
def command(
    calibration: str,
    parameters: str | None,
    use: str | None,
    outputs: output.Outputs,
) -> None:
    """Predict every row of the data and say which are inside their interval.

    CALIBRATION is a name or a file (.toml); it says what predicts each row. Takes half a minute.
    Rows that are missed are no error: the command ends with 0.
    """
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

    def show() -> None:
        _print(judged)
        click.echo()
        for kind, counts in summary(judged).items():
            click.echo(f"{kind}: " + ", ".join(f"{n} {words}" for words, n in counts.items()))

    def write(path: str) -> Path:
        if path.lower().endswith(".json"):
            return output.write_json(path, rows)

        def write_rows(stream: TextIO) -> None:
            writer = csv.DictWriter(stream, list(rows[0]) if rows else ["id"])
            writer.writeheader()
            writer.writerows(rows)

        return output.write_text(path, write_rows)

    outputs.tell(rows, show)
    outputs.write(write)
    if outputs.plot is not None:
        from calcikin import plots

        outputs.draw(plots.forest(judged))


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
