"""`calcikin sweep`: one model at every point of a grid, and a table of read-outs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_first_use, note_written
from calcikin.errors import InputError
from calcikin.simulate.tables import flat

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["command"]


@click.command(
    "sweep",
    epilog="Such as: calcikin sweep t50_serum --over serum.Mg=0.5:2.0:16mmol/L -o mg.nc",
)
@options.model_argument
@click.option(
    "--over",
    metavar="NAME=LOW:HIGH:Nunit",
    multiple=True,
    help="Vary an input or parameter over N values, such as serum.Mg=0.5:2.0:16mmol/L, or over a "
    "list, serum.Mg=0.5,1,2mmol/L. Repeatable: every combination is run.",
)
@click.option(
    "--read",
    metavar="NAME",
    multiple=True,
    default=("t50",),
    show_default=True,
    help="What to read from each run. Repeatable.",
)
@options.choice_options
@options.solver_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes to use; one per core when it is worth it.",
)
@click.option("-o", "out", metavar="FILE", help="Write the table: .nc, .csv or .json.")
@click.option(
    "--plot",
    metavar="FILE",
    help="Draw the first read-out over one or two inputs: .png, .pdf or .svg.",
)
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    over: tuple[str, ...],
    read: tuple[str, ...],
    serum: str | None,
    settings: tuple[str, ...],
    off: tuple[str, ...],
    solver: str,
    rtol: float,
    jobs: int | None,
    out: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run MODEL at every point of a grid and print a table of read-outs.

    A point that fails stays in the table with its status and reason; the exit code is then 3.
    """
    output.check_outputs(o=(out, (".nc", ".csv", ".json")), plot=(plot, output.PICTURES))
    if not over:
        raise InputError(
            "nothing is varied", where="--over", hint="--over serum.Mg=0.5:2.0:16mmol/L"
        )
    if plot is not None and len(over) > 2:
        raise InputError(
            f"a picture shows one or two inputs, not {len(over)}",
            where=f"--plot {plot}",
            hint="write the table with -o instead",
        )
    from calcikin.simulate.readouts import get_readouts

    with options.located("--read", ", ".join(read)):
        readouts = get_readouts(",".join(read))
    chosen = options.Choice(serum, settings, off).load(model, quiet=quiet)
    axes = options.grids(chosen, over)
    note_first_use(chosen, quiet)

    from calcikin.sweep import save, sweep

    table = sweep(
        chosen,
        axes,
        [readout.name for readout in readouts],
        jobs=jobs,
        progress=False if quiet else None,
        solver=solver,
        rtol=rtol,
    )
    columns = flat(table)
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    content = _content(table, rows)
    if as_json:
        click.echo(output.json_text(content))
    else:
        _print(table, rows)
    if out is not None:
        note_written(output.save_dataset(table, out, lambda: content, save), quiet)
    if plot is not None:
        from calcikin import plots

        draw = plots.sweep_curve if len(axes) == 1 else plots.sweep_map
        note_written(plots.save(draw(table, read=readouts[0].name), plot), quiet)
    failed = int(table.attrs["failed"])
    if failed:
        note(f"{failed} of {len(rows)} runs failed; the table says why", quiet)
        ctx.exit(3)


def _content(table: Dataset, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The keys of ``sweep --json``."""
    provenance = json.loads(table.attrs["provenance"])
    return {
        "model": table.attrs["model"],
        "over": provenance["over"],
        "units": {
            str(name): str(table[name].attrs.get("units", "1"))
            for name in (*table.dims, *provenance["read"])
        },
        "points": rows,
        "runs": len(rows),
        "failed": int(table.attrs["failed"]),
        "provenance": provenance,
    }


def _print(table: Dataset, rows: list[dict[str, Any]]) -> None:
    names = [str(name) for name in (*table.dims, *json.loads(table.attrs["provenance"])["read"])]
    units = [str(table[name].attrs.get("units", "1")) for name in names]
    header = [
        name if unit == "1" else f"{name} [{unit}]" for name, unit in zip(names, units, strict=True)
    ]
    said = any(row["reason"] for row in rows)
    output.print_table(
        (*header, "status", *(("reason",) if said else ())),
        (
            (
                *(_number(row[name]) for name in names),
                row["status"],
                *((row["reason"],) if said else ()),
            )
            for row in rows
        ),
    )


def _number(value: float) -> str:
    if value != value:  # NaN
        return "-"
    return f"{value:.0f}" if 1000.0 <= abs(value) < 1e6 else f"{value:.4g}"
