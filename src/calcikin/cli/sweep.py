"""`calcikin sweep`: one model at many points, and a table of read-outs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_first_use, note_written
from calcikin.errors import InputError, OutputError

if TYPE_CHECKING:
    from xarray import Dataset

    from calcikin.sweep.sweepfile import Plan

__all__ = ["command"]

STORE = ".zarr"
#: What a sweep file says itself.
IN_THE_FILE = ("over", "read", "serum", "settings", "off", "solver", "rtol")


@click.command(
    "sweep",
    epilog="Such as: calcikin sweep t50_serum --over serum.Mg=0.5:2.0:16mmol/L -o mg.nc; "
    "or calcikin sweep sweep.toml -o cohort.zarr",
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
@click.option("--resume", is_flag=True, help="Go on with the .zarr of a sweep that was stopped.")
@output.output_options(
    ".nc",
    ".csv",
    ".json",
    STORE,
    out="Write the table: .nc, .csv or .json at the end, .zarr while the sweep runs.",
    plot="Draw the first read-out over one or two inputs",
)
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    over: tuple[str, ...],
    read: tuple[str, ...],
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    jobs: int | None,
    resume: bool,
    outputs: output.Outputs,
) -> None:
    """Run MODEL at every point of a grid, or run a sweep file, and print a table of read-outs.

    A sweep file (.toml) names a model and a design: a grid, a list, a Latin hypercube, a Sobol or
    Halton sequence, a CSV of patients or a virtual cohort. A point that fails stays in the table
    with its status and reason; the exit code is then 3.
    """
    out, plot, quiet = outputs.out, outputs.plot, outputs.quiet
    store = out if out is not None and Path(out).suffix == STORE else None
    _check_store(store, resume)
    if plot is not None and len(over) > 2:
        raise InputError(
            f"a picture shows one or two inputs, not {len(over)}",
            where=f"--plot {plot}",
            hint="write the table with -o instead",
        )
    from calcikin.sweep.sweepfile import is_sweep_file

    if is_sweep_file(model):
        plan = _from_file(ctx, model)
    else:
        plan = _from_options(model, over, read, choice, solver, rtol, quiet=quiet)
    if plot is not None and not plan.design.labels and len(plan.design.axes) not in (1, 2):
        raise InputError(
            "a picture shows a grid of one or two inputs, or groups such as stages of a cohort, "
            f"not a design of the kind {plan.design.kind}",
            where=f"--plot {plot}",
            hint="write the table with -o instead",
        )
    note_first_use(plan.model, quiet)

    from calcikin.simulate.tables import flat
    from calcikin.sweep import save, sweep

    try:
        table = sweep(
            plan.model,
            plan.design,
            plan.read,
            store=store,
            resume=resume,
            jobs=jobs,
            progress=False if quiet else None,
            solver=plan.solver,
            rtol=plan.rtol,
        )
    except KeyboardInterrupt:
        if store is not None and Path(store).exists():
            note(f"stopped; go on with the same command and --resume: {store}", quiet)
        raise
    rows: list[dict[str, Any]] = []
    if store is None:
        columns = flat(table)
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
    content = _content(table, rows, store)
    outputs.tell(content, lambda: _print(table, rows) if store is None else _print_summary(content))
    if store is not None:
        note_written(Path(store), quiet)
    else:
        outputs.write(lambda path: output.save_dataset(table, path, lambda: content, save))
    if plot is not None:
        from calcikin import plots

        if plan.design.labels:
            figure = plots.cohort(table.load(), read=plan.read[0])
        else:
            draw = plots.sweep_curve if len(plan.design.axes) == 1 else plots.sweep_map
            figure = draw(table.load(), read=plan.read[0])
        outputs.draw(figure)
    failed = int(table.attrs["failed"])
    if failed:
        note(f"{failed} of {table.attrs['runs']} runs failed; the table says why", quiet)
        ctx.exit(3)


def _check_store(store: str | None, resume: bool) -> None:
    """Refuse to begin a store that is there, or to go on with what is none."""
    if resume and store is None:
        raise InputError(
            "only a store can be gone on with", where="--resume", hint=f"-o NAME{STORE}"
        )
    if store is not None and not resume and Path(store).exists():
        raise OutputError(
            "it exists already, and nothing is overwritten",
            where=f"-o {store}",
            hint="--resume to go on with it, or another name",
        )


def _from_file(ctx: click.Context, path: str) -> Plan:
    """Model and design of a sweep file; what it says is not said again on the command line."""
    from calcikin.sweep.sweepfile import read_sweep_file

    for name in IN_THE_FILE:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--set" if name == "settings" else f"--{name}"
            raise InputError(
                f"{option} belongs into the sweep file", where=path, hint="change it there"
            )
    return read_sweep_file(path)


def _from_options(
    model: str,
    over: tuple[str, ...],
    read: tuple[str, ...],
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    *,
    quiet: bool,
) -> Plan:
    """Model and grid of the command line."""
    if not over:
        raise InputError(
            "nothing is varied", where="--over", hint="--over serum.Mg=0.5:2.0:16mmol/L"
        )
    from calcikin.simulate.readouts import get_readouts
    from calcikin.sweep.design import grid
    from calcikin.sweep.sweepfile import Plan

    with options.located("--read", ", ".join(read)):
        readouts = get_readouts(",".join(read))
    chosen = choice.load(model, quiet=quiet)
    design = grid(chosen, options.grids(chosen, over))
    return Plan(chosen, design, tuple(r.name for r in readouts), solver, rtol)


def _content(table: Dataset, rows: list[dict[str, Any]], store: str | None) -> dict[str, Any]:
    """The keys of ``sweep --json``."""
    from calcikin.sweep.store import origin

    provenance = origin(table)
    names = [*_inputs(table), *provenance["read"]]
    content = {
        "model": table.attrs["model"],
        "over": provenance["over"],
        "units": {name: str(table[name].attrs.get("units", "1")) for name in names},
        "runs": int(table.attrs["runs"]),
        "failed": int(table.attrs["failed"]),
        "provenance": provenance,
    }
    if store is None:
        return content | {"points": rows}
    return content | {"store": store, **_summary(table, provenance["read"])}


def _inputs(table: Dataset) -> list[str]:
    """Dimensions, and coordinates that are none."""
    return list(dict.fromkeys(map(str, (*table.dims, *table.coords))))


def _summary(table: Dataset, read: list[str]) -> dict[str, Any]:
    """Number of points by status; least, median and largest of every read-out."""
    import numpy as np

    flags = table["status"].attrs
    status = table["status"].values
    words = zip(flags["flag_values"], flags["flag_meanings"].split(), strict=True)
    counts = {word: int(np.count_nonzero(status == flag)) for flag, word in words}
    spans = {}
    for name in read:
        values = table[name].values
        numbers = values[np.isfinite(values)]
        ends = np.quantile(numbers, [0.0, 0.5, 1.0]) if numbers.size else [np.nan] * 3
        spans[name] = {
            "unit": str(table[name].attrs["units"]),
            "numbers": int(numbers.size),
            **dict(zip(("least", "median", "largest"), map(float, ends), strict=True)),
        }
    return {"status": {word: n for word, n in counts.items() if n}, "summary": spans}


def _print_summary(content: dict[str, Any]) -> None:
    counts = ", ".join(f"{n} {word}" for word, n in content["status"].items())
    click.echo(f"{content['model']}: {content['runs']} runs, {counts}")
    output.print_table(
        ("read-out", "unit", "numbers", "least", "median", "largest"),
        (
            (
                name,
                span["unit"],
                str(span["numbers"]),
                *(_number(span[key]) for key in ("least", "median", "largest")),
            )
            for name, span in content["summary"].items()
        ),
    )


def _print(table: Dataset, rows: list[dict[str, Any]]) -> None:
    from calcikin.sweep.store import origin

    names = [*_inputs(table), *origin(table)["read"]]
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


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if value != value:  # NaN
        return "-"
    return f"{value:.0f}" if 1000.0 <= abs(value) < 1e6 else f"{value:.4g}"
