"""`calcikin map`: where a criterion turns, as a line in two inputs or a surface in three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from calcikin.cli import options, output
from calcikin.cli.ends import several
from calcikin.cli.notes import note, note_first_use
from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.analysis import BoundaryMap

__all__ = ["command"]

_EXAMPLE = "--over serum.Mg=0.4:2.0mmol/L --over serum.Pi=0.7:2.0mmol/L"


@click.command(
    "map",
    epilog="Such as: calcikin map t50_serum --over serum.Mg=0.4:2mmol/L "
    "--over serum.Pi=0.7:2mmol/L --criterion 't50 > 300 min' --plot map.png",
)
@options.model_argument
@click.option(
    "--over",
    metavar="NAME[=LOW:HIGHunit]",
    multiple=True,
    help="An axis of the map, and its ends. Two or three.",
)
@click.option(
    "--criterion",
    metavar="TEXT",
    default="crystalline_fraction > 0.05",
    show_default=True,
    help="What turns: a read-out above or below a level, or above another read-out.",
)
@click.option(
    "--draws",
    metavar="FILE",
    help="Uncertain parameters, a column each, a row per draw (.csv): the map has intervals.",
)
@click.option(
    "--confidence", type=float, default=0.9, show_default=True, help="Of the interval over draws."
)
@click.option(
    "--looks",
    type=int,
    default=9,
    show_default=True,
    help="Points along each axis of the first look; smaller features may be missed.",
)
@click.option(
    "--tolerance",
    type=float,
    default=0.01,
    show_default=True,
    help="Of the boundary, relative to an axis.",
)
@click.option(
    "--grid",
    type=int,
    metavar="N",
    help="Also run a grid of N by N, and draw the boundary on the read-out in colours.",
)
@options.choice_options
@options.solver_options
@output.output_options(
    ".json", ".csv", out="Write the map (.json) or every run (.csv).", plot="Draw the map"
)
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    over: tuple[str, ...],
    criterion: str,
    draws: str | None,
    confidence: float,
    looks: int,
    tolerance: float,
    grid: int | None,
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    outputs: output.Outputs,
) -> None:
    """Trace where MODEL begins to meet a criterion, over two or three inputs.

    Nothing is guessed: a boundary that is absent, or not the only one, is said; the exit code is 1
    when there is none.
    """
    chosen = choice.load(model, quiet=outputs.quiet)
    if len(over) not in (2, 3):
        raise InputError(f"{len(over)} axes", where="--over", hint=f"two or three: {_EXAMPLE}")
    drawn = len(over) == 2 and draws is None and outputs.plot is not None
    if grid is not None and (grid < 2 or not drawn):
        raise InputError(
            f"a grid of {grid} is for a picture of two axes without draws",
            where=f"--grid {grid}",
            hint="--grid 32 --plot map.png",
        )
    axes = several(chosen, over, _EXAMPLE)

    from calcikin.analysis import boundary
    from calcikin.analysis.criterion import Criterion
    from calcikin.analysis.draws import read_draws
    from calcikin.analysis.fields import field

    with options.located("--criterion", criterion):
        turning = Criterion.read(criterion)
    table = None
    if draws is not None:
        with options.located(hint="--draws draws.csv"):
            table = read_draws(chosen, draws)
    note_first_use(chosen, outputs.quiet)
    found = boundary(
        chosen,
        axes,
        turning,
        draws=table,
        confidence=confidence,
        looks=looks,
        tolerance=tolerance,
        solver=solver,
        rtol=rtol,
    )
    summary = found.summary()
    outputs.tell(summary, lambda: _print(found))
    outputs.write(lambda path: output.save_dataset(found.dataset(), path, lambda: summary))
    if outputs.plot is not None:
        from calcikin import plots

        if grid is None:
            picture = plots.boundary_map(found)
        else:
            read = turning.readout.name
            ground = field(chosen, found.axes, read, size=grid, solver=solver, rtol=rtol)
            picture = plots.sweep_map(ground, read=read, boundary=found)
        outputs.draw(picture)
    for sentence in found.said if found.found else ():
        note(sentence, outputs.quiet)
    if not found.found:
        click.echo(f"Error: {found.said[0]}", err=True)
        ctx.exit(1)


def _print(found: BoundaryMap) -> None:
    across = found.axes[0]
    rows = [
        ("criterion", found.criterion),
        ("boundaries", str(max(len(one.branches) for one in found.traced))),
    ]
    if len(found.axes) == 3:
        rows[1] = ("patches of the surface", str(len(found.traced[0].faces)))
    if len(found.traced) > 1:
        rows.append(("draws", str(len(found.traced))))
    rows += [
        ("simulations", f"{found.simulations} in {found.stages} stages"),
        ("a grid would take", f"{found.saving:.0f} times more"),
    ]
    output.print_pairs(rows)
    if len(found.axes) != 2 or not found.found:
        return
    up = found.axes[1]
    import numpy as np

    x = across.at(np.linspace(0.0, 1.0, 9))
    click.echo()
    header = [_head(across.name, across.unit)]
    if len(found.traced) == 1:
        header.append(f"boundary at {_head(up.name, up.unit)}")
        cells = [", ".join(f"{y:.4g}" for y in here) or "-" for here in found.crossings(x)]
        output.print_table(header, [(f"{a:.4g}", b) for a, b in zip(x, cells, strict=True)])
        return
    tail = 50.0 * (1.0 - found.confidence)
    names = [f"{share:g} %" for share in (tail, 50.0, 100.0 - tail)]
    intervals = found.intervals(x)
    output.print_table(
        (*header, *(f"{_head(up.name, up.unit)} {name}" for name in names)),
        [
            (f"{a:.4g}", *("-" if v != v else f"{v:.4g}" for v in row))
            for a, row in zip(x, intervals, strict=True)
        ],
    )


def _head(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} [{unit}]"
