"""`calcikin bench`: how fast each solver reaches which accuracy on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from calcikin.cli import output
from calcikin.cli.notes import note
from calcikin.errors import InputError

__all__ = ["command"]

#: Problems that compare solvers, so that there is a figure.
COMPARED = ("t50", "sweep", "robertson", "hires")


@click.command("bench")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--peers", is_flag=True, help="Run the solvers of others too, on the same problem.")
@click.option("--n", "n", type=int, metavar="N", help="Trajectories, or waters.")
@click.option("--quick", is_flag=True, help="A short version: fewer tolerances and repeats.")
@output.output_options(
    ".json", ".txt", out="Write the report: .json or .txt.", plot="Draw error against time"
)
@click.pass_context
def command(
    ctx: click.Context,
    name: str | None,
    peers: bool,
    n: int | None,
    quick: bool,
    outputs: output.Outputs,
) -> None:
    """Measure speed and accuracy on this machine.

    NAME is speciation, rhs, t50 (one run), sweep (many runs), robertson or hires. With --peers
    other solvers run on the same equations and are compared at equal achieved error
    (pip install 'calcikin[bench]'); those that are missing are listed.

    Without NAME, LSODA, BDF and Radau on the T50 assay, each with compiled and plain-Python code,
    with exact Jacobian and differences.

    Takes minutes; other work on the machine disturbs it.
    """
    from calcikin import bench

    if name is None and (peers or n is not None):
        option = "--peers" if peers else "--n"
        raise InputError(
            f"{option} needs the name of a problem", where=option, hint=", ".join(bench.NAMES)
        )
    if name is not None:
        bench.checked(name, n)
    if outputs.plot is not None and name is not None and name not in COMPARED:
        raise InputError(
            f"{name} compares no solvers, so that there is no figure",
            where=f"--plot {outputs.plot}",
            hint="leave --plot out, or choose " + ", ".join(COMPARED),
        )

    def progress(words: str) -> None:
        if not outputs.quiet:
            click.echo(words, err=True)

    report: bench.BenchReport | bench.NamedReport
    if name is None:
        report = bench.run(quick=quick, progress=None if outputs.quiet else progress)
    else:
        report = bench.measure(name, peers=peers, n=n, quick=quick, progress=progress)
    content, table = report.to_dict(), report.table()
    outputs.tell(content, lambda: click.echo(table))

    def write(path: str) -> Path:
        if path.lower().endswith(".json"):
            return output.write_json(path, content)
        return output.write_text(path, lambda stream: stream.write(table + "\n"))

    outputs.write(write)
    if outputs.plot is not None:
        outputs.draw(report.figure())
    if report.failures:
        note(report.failures, outputs.quiet)
    if not report.sound:
        ctx.exit(3)
