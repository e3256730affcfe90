"""`calcikin bench`: how fast each solver reaches which accuracy on this machine."""

from __future__ import annotations

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_written
from calcikin.errors import InputError

__all__ = ["command"]

#: Problems that compare solvers, so that there is a figure.
COMPARED = ("t50", "sweep", "robertson", "hires")


@click.command("bench")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--peers", is_flag=True, help="Run the solvers of others too, on the same problem.")
@click.option("--n", "n", type=int, metavar="N", help="Trajectories, or waters.")
@click.option("--quick", is_flag=True, help="A short version: fewer tolerances and repeats.")
@click.option("-o", "out", metavar="FILE", help="Write the report: .json or .txt.")
@click.option("--plot", metavar="FILE", help="Draw error against time: .png, .pdf or .svg.")
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    name: str | None,
    peers: bool,
    n: int | None,
    quick: bool,
    out: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure speed and accuracy on this machine.

    NAME is speciation, rhs, t50 (one run), sweep (many runs), robertson or hires. With --peers
    other solvers run on the same equations and are compared at equal achieved error
    (pip install 'calcikin[bench]'); those that are missing are listed.

    Without NAME, LSODA, BDF and Radau on the T50 assay, each with compiled and plain-Python code,
    with exact Jacobian and differences.

    Takes minutes; other work on the machine disturbs it.
    """
    output.check_outputs(o=(out, (".json", ".txt")), plot=(plot, output.PICTURES))

    from calcikin import bench

    if name is None and (peers or n is not None):
        option = "--peers" if peers else "--n"
        raise InputError(
            f"{option} needs the name of a problem", where=option, hint=", ".join(bench.NAMES)
        )
    if name is not None:
        bench.checked(name, n)
    if plot is not None and name is not None and name not in COMPARED:
        raise InputError(
            f"{name} compares no solvers, so that there is no figure",
            where=f"--plot {plot}",
            hint="leave --plot out, or choose " + ", ".join(COMPARED),
        )

    def progress(words: str) -> None:
        if not quiet:
            click.echo(words, err=True)

    report: bench.BenchReport | bench.NamedReport
    if name is None:
        report = bench.run(quick=quick, progress=None if quiet else progress)
    else:
        report = bench.measure(name, peers=peers, n=n, quick=quick, progress=progress)
    content = output.json_text(report.to_dict())
    click.echo(content if as_json else report.table())
    if out is not None:
        text = content if out.lower().endswith(".json") else report.table()
        note_written(output.write_text(out, lambda stream: stream.write(text + "\n")), quiet)
    if plot is not None:
        from calcikin import plots

        note_written(plots.save(report.figure(), plot), quiet)
    if report.failures:
        note(report.failures, quiet)
    if not report.sound:
        ctx.exit(3)
