"""`calcikin doctor`: whether this installation is in order."""

from __future__ import annotations

from dataclasses import asdict

import click

from calcikin.cli import options, output

__all__ = ["command"]


@click.command("doctor", epilog="Put what it prints into a report of a problem.")
@options.json_option
@options.quiet_option
@options.debug_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, quiet: bool) -> None:
    """Look at this installation: versions, cache, processor, optional parts, and a test run.

    The exit code is 0 when all is well, and 1 otherwise. With -q only what is not well is printed.
    """
    from calcikin.bench.health import examine

    findings = list(examine())
    bad = [finding for finding in findings if not finding.fine]
    if as_json:
        fine = not bad
        click.echo(output.json_text({"fine": fine, "findings": [asdict(f) for f in findings]}))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in bad if quiet else findings:
            mark = click.style("ok", fg="green") if finding.fine else click.style("NO", fg="red")
            click.echo(f"{mark}  {finding.name:<{width}}  {finding.value}")
            if finding.hint:
                click.echo(f"{'':{width + 6}}{finding.hint}")
        if not quiet:
            click.echo()
            click.echo("all is well" if not bad else f"not well: {', '.join(f.name for f in bad)}")
    if bad:
        ctx.exit(1)
