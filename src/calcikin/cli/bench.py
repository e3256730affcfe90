"""`calcikin bench`: how fast each solver reaches which accuracy on this machine."""

from __future__ import annotations

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_written

__all__ = ["command"]


@click.command("bench")
@click.option("--quick", is_flag=True, help="A short version: fewer tolerances and repeats.")
@click.option("-o", "out", metavar="FILE", help="Write the report: .json or .txt.")
@click.option("--plot", metavar="FILE", help="Draw error against time: .png, .pdf or .svg.")
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    quick: bool,
    out: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare LSODA, BDF and Radau on the T50 assay: accuracy, time, evaluations.

    Each solver runs with compiled and plain-Python code, with exact Jacobian and differences.
    Takes minutes; other work on the machine disturbs it.
    """
    output.check_outputs(o=(out, (".json", ".txt")), plot=(plot, output.PICTURES))

    from calcikin import bench

    report = bench.run(
        quick=quick, progress=None if quiet else lambda words: click.echo(words, err=True)
    )
    content = output.json_text(report.to_dict())
    click.echo(content if as_json else report.table())
    if out is not None:
        text = content if out.lower().endswith(".json") else report.table()
        note_written(output.write_text(out, lambda stream: stream.write(text + "\n")), quiet)
    if plot is not None:
        from calcikin import plots

        note_written(plots.save(report.figure(), plot), quiet)
    failed = [solve for solve in report.solves if solve.status != "ok"]
    if failed:
        note(f"{len(failed)} of {len(report.solves)} solves failed; the table says which", quiet)
    # that differences fail where the exact Jacobian does not is a finding, not a failure
    if any(solve.jacobian == "exact" for solve in failed):
        ctx.exit(3)
