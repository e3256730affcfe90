"""`calcikin sensitivity`: on which inputs and parameters a read-out depends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.ends import several
from calcikin.cli.notes import note, note_first_use
from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.analysis import Sensitivity

__all__ = ["command"]

METHODS = ("local", "morris", "sobol")
GROUPS = ("fitted", "assumed", "literature", "parameters", "inputs")
_EXAMPLE = "--over serum.Mg=0.5:2mmol/L, or a group: --over fitted"
#: What is printed for each factor.
_COLUMNS = {
    "local": ("value", "elasticity", "elasticity_error"),
    "morris": ("strength", "strength_low", "strength_high", "spread"),
    "sobol": ("first", "first_low", "first_high", "total", "total_low", "total_high"),
}


@click.command(
    "sensitivity",
    epilog="Such as: calcikin sensitivity t50_serum --method local --over fitted",
)
@options.model_argument
@click.option(
    "--method",
    metavar="NAME",
    default="local",
    show_default=True,
    callback=options.one_of("method", METHODS),
    help=f"One of {', '.join(METHODS)}.",
)
@click.option(
    "--over",
    metavar="NAME[=LOW:HIGHunit]",
    multiple=True,
    default=("fitted",),
    show_default=True,
    help=f"A factor and its range, or a group: {', '.join(GROUPS)}. Repeatable.",
)
@click.option("--on", metavar="NAME", default="t50", show_default=True, help="The read-out.")
@click.option(
    "--scale",
    metavar="NAME",
    help="rate (1/time, 0 when never), log, or value.  [default: value for local, else rate]",
)
@click.option("--cap", metavar="TIME", help="Longest time that counts, with --scale log.")
@click.option(
    "--spread",
    type=float,
    help="Vary every factor by this share of its value, such as 0.1, not over its whole range.",
)
@click.option(
    "--size",
    type=int,
    help="Base rows of sobol, a power of two [1024], or ways of morris [20].",
)
@click.option(
    "--differences",
    is_flag=True,
    help="local by differences of runs, as it is for what has no exact derivative.",
)
@options.seed_option("design")
@options.choice_options
@options.solver_options
@output.output_options(".json", out="Write the result: .json.")
def command(
    model: str,
    method: str,
    over: tuple[str, ...],
    on: str,
    scale: str | None,
    cap: str | None,
    spread: float | None,
    size: int | None,
    differences: bool,
    seed: int,
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    outputs: output.Outputs,
) -> None:
    """Tell on which inputs and parameters a read-out of MODEL depends.

    local: percent per percent at the model's own values, by exact derivatives. morris: a screening
    of many factors over their ranges. sobol: shares of the variance, with intervals.
    """
    for name, value in (("--size", size), ("--spread", spread)):
        if method == "local" and value is not None:
            raise InputError(f"{name} says nothing to the method local", hint="--method sobol")
    if method != "local" and differences:
        raise InputError(f"--differences says nothing to the method {method}")
    chosen = choice.load(model, quiet=outputs.quiet)
    factors = several(chosen, over, _EXAMPLE, GROUPS)

    from calcikin.analysis import local, morris, sobol
    from calcikin.analysis.response import Response

    with options.located("--on", on):
        Response.named(on, scale, cap)
    note_first_use(chosen, outputs.quiet)
    common: dict[str, Any] = {"scale": scale, "cap": cap, "solver": solver, "rtol": rtol}
    if method == "local":
        found = local(chosen, factors, on, differences=differences, **common)
    elif method == "morris":
        ways = 20 if size is None else size
        found = morris(chosen, factors, on, spread=spread, ways=ways, seed=seed, **common)
    else:
        rows = 1024 if size is None else size
        with options.located("--size", str(rows)):
            found = sobol(chosen, factors, on, spread=spread, size=rows, seed=seed, **common)
    summary = found.summary()
    outputs.tell(summary, lambda: _print(found))
    outputs.write_json(summary)
    if outputs.plot is not None:
        from calcikin import plots

        outputs.draw(plots.sensitivity(found))
    for sentence in found.said:
        note(sentence, outputs.quiet)


def _print(found: Sensitivity) -> None:
    output.print_pairs(
        [
            ("method", found.method),
            ("response", f"{found.response} [{found.unit}]"),
            ("simulations", str(found.runs)),
        ]
    )
    click.echo()
    columns = _COLUMNS[found.method]
    output.print_table(
        ("factor", "unit", *(name.replace("_", " ") for name in columns)),
        [
            (
                row["factor"],
                "-" if row["unit"] == "1" else row["unit"],
                *("-" if row[name] != row[name] else f"{row[name]:.3g}" for name in columns),
            )
            for row in found.rows()
        ],
    )
