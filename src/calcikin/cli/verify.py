"""`calcikin verify`: a random sample of a table is run again and compared."""

from __future__ import annotations

import click

from calcikin.cli import options, output
from calcikin.errors import SimulationError

__all__ = ["command"]


@click.command("verify", epilog="Such as: calcikin verify cohort.zarr --points 50")
@click.argument("table", metavar="STORE")
@click.option("--points", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), help="Draw the same sample again.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.0),
    help="Relative difference that is allowed; 10 times the tolerance of the solver by default.",
)
@click.option("--model", metavar="FILE", help="Model file, where the model is your own.")
@options.json_option
@options.debug_option
def command(
    table: str,
    points: int,
    seed: int | None,
    tolerance: float | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Run a random sample of STORE (.zarr or .nc of a sweep) again, and read all of it for damage.

    The exit code is 1 when a point does not agree.
    """
    from calcikin.sweep.verify import verify

    found = verify(table, model=model, points=points, seed=seed, tolerance=tolerance)
    if as_json:
        click.echo(output.json_text(found.summary()))
    else:
        pairs = [
            ("run again", f"{len(found.sample)} of {found.runs} points, seed {found.seed}"),
            ("identical", f"{found.identical}, to the last bit"),
            *((name, f"largest difference {gap:.2g}") for name, gap in found.largest.items()),
            ("allowed", f"{found.tolerance:.2g}, relative"),
            *(("note", text) for text in found.notes),
        ]
        output.print_pairs(pairs)
    if not found.ok:
        raise SimulationError(
            f"{len(found.different)} values of the sample do not agree: "
            + "; ".join(found.different[:3])
            + ("; ..." if len(found.different) > 3 else ""),
            where=table,
            hint="the versions may differ (see the notes), or somebody changed the table",
        )
