"""`calcikin fit`: parameters from data, and how well the data determine them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_written
from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.calibration import Calibration, Evidence, Fit, Profile

__all__ = ["command"]


@click.command(
    "fit", epilog="Such as: calcikin fit default --starts 4 --state fit.json -o fitted.toml"
)
@click.argument("calibration", metavar="CALIBRATION")
@click.option("--starts", type=int, default=8, show_default=True, help="Searches.")
@click.option(
    "--screen", type=int, default=64, show_default=True, help="Points the starts are chosen from."
)
@click.option("--iterations", type=int, default=60, show_default=True, help="At most, of each.")
@click.option("--seed", type=int, help="Of starts and draws.  [default: that of the file]")
@click.option(
    "--no-search", is_flag=True, help="Take the parameters as they are: how well are they known?"
)
@click.option("--state", metavar="FILE", help="Kept after every iteration; a cut fit goes on.")
@click.option(
    "--draws", type=int, default=200, show_default=True, help="Parameter sets kept for intervals."
)
@click.option("--profile", "profiled", metavar="NAME", multiple=True, help="Or 'all'. Repeatable.")
@click.option("--mcmc", type=int, metavar="STEPS", help="Draws by Markov chain (needs emcee).")
@click.option("--variant", metavar="NAME", help="Fit this variant of the file instead.")
@click.option(
    "--compare", is_flag=True, help="Also fit every variant of the file, and compare them."
)
@click.option(
    "--write-parameters",
    is_flag=True,
    help="Write the parameter file that CALIBRATION names, with posterior, and the report beside "
    "CALIBRATION.",
)
@click.option("-o", "out", metavar="FILE", help="Write the parameters (.toml), posterior beside.")
@click.option("--report", metavar="FILE", help="Write everything about the fit: .json.")
@click.option("--plot", metavar="FILE", help="Draw correlations, or profiles: .png, .pdf or .svg.")
@options.json_option
@options.quiet_option
@options.debug_option
def command(
    calibration: str,
    starts: int,
    screen: int,
    iterations: int,
    seed: int | None,
    no_search: bool,
    state: str | None,
    draws: int,
    profiled: tuple[str, ...],
    mcmc: int | None,
    variant: str | None,
    compare: bool,
    write_parameters: bool,
    out: str | None,
    report: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit the parameters that CALIBRATION names to its data, from many starts.

    CALIBRATION is a name (default) or a file (.toml). One iteration of one search takes half a
    minute with the shipped calibration; with --state a fit that was cut goes on where it was.
    """
    output.check_outputs(
        o=(out, (".toml",)),
        report=(report, (".json",)),
        plot=(plot, output.PICTURES),
        state=(state, (".json",)),
    )
    if draws < 0:
        raise InputError(f"{draws} draws", where="--draws", hint="0 or more")
    from calcikin.calibration import evidence, fit, load_calibration, profiles, report_of

    chosen = load_calibration(calibration)
    if write_parameters:
        if variant is not None or out is not None:
            raise InputError(
                "the parameter file holds what the calibration itself fits",
                where="--write-parameters",
                hint="without --variant, and without -o",
            )
        out = str(chosen.parameter_set.path)
        report = report or str(chosen.path.with_suffix(".report.json"))
    if variant is not None:
        from calcikin.calibration import with_variant

        chosen = with_variant(chosen, variant)
    names = [f.name for f in chosen.fitted]
    wanted = names if "all" in profiled else list(profiled)
    for name in wanted:
        if name not in names:
            from calcikin.errors import UnknownNameError

            raise UnknownNameError("fitted parameter", name, names, where=f"--profile {name}")
    done = fit(
        chosen,
        starts=0 if no_search else starts,
        screen=screen,
        iterations=iterations,
        seed=seed,
        state=state,
        progress=False if quiet else None,
    )
    found = evidence(done.objective, done.z, done.jacobian)
    content = report_of(done)
    curves: tuple[Profile, ...] = ()
    if wanted:
        curves = profiles(done, found, wanted, progress=False if quiet else None)
    if curves:
        content["profiles"] = {
            p.name: {
                "unit": p.unit,
                "values": p.values,
                "rise": p.rise,
                "linear": p.linear,
                "low": p.low,
                "high": p.high,
            }
            for p in curves
        }
    if compare:
        content["comparison"] = _compare(
            load_calibration(calibration),
            None if no_search or variant is not None else done,
            starts,
            screen,
            iterations,
            seed,
            state,
            quiet,
        )
    if out is not None or mcmc is not None:
        content["draws"] = _keep(done, found, draws, mcmc, out, quiet)
    click.echo(output.json_text(content) if as_json else "", nl=as_json)
    if not as_json:
        _print(content)
    if report is not None:
        note_written(output.write_json(report, content), quiet)
    if plot is not None:
        from calcikin import plots

        figure = plots.profile_likelihoods(curves) if curves else plots.correlations(found)
        note_written(plots.save(figure, plot), quiet)
    if not done.converged.all():
        note(f"{int((~done.converged).sum())} searches had not come to rest", quiet)


def _compare(
    chosen: Calibration,
    done: Fit | None,
    starts: int,
    screen: int,
    iterations: int,
    seed: int | None,
    state: str | None,
    quiet: bool,
) -> dict[str, Any]:
    """Every variant, fitted."""
    from calcikin.calibration import compare, comparison_report

    found = compare(
        chosen,
        starts=max(starts, 1),
        screen=screen,
        iterations=iterations,
        seed=seed,
        state=state,
        progress=False if quiet else None,
        done=done,
    )
    return comparison_report(found)


def _keep(
    done: Fit, found: Evidence, draws: int, mcmc: int | None, out: str | None, quiet: bool
) -> dict[str, Any]:
    """Draws, and the parameter file with its posterior; what is said of the draws."""
    from calcikin.calibration import (
        corrected_draws,
        fitted_set,
        markov_draws,
        posterior_of,
        write_parameters,
        write_posterior,
    )

    facts: dict[str, Any] = {"count": draws}
    z = None
    if mcmc is not None:
        walkers = 4 * found.covariance.shape[0]
        chain, told = markov_draws(done, found, steps=mcmc, walkers=walkers, seed=done.seed)
        z = chain[:: max(1, chain.shape[0] // max(draws, 1))][:draws]
        facts = {**told, "count": int(z.shape[0]), "method": "markov"}
    elif draws:
        z, off = corrected_draws(done, found, draws, done.seed)
        facts |= {"method": "corrected", "off": float(off.mean())}
    if out is not None:
        calibration: Calibration = done.objective.calibration
        changed = fitted_set(done, found, f"{calibration.name} ({calibration.path.name})")
        path = Path(out)
        note_written(write_parameters(calibration.parameter_set, changed, path, path.stem), quiet)
        beside = path.with_suffix(".posterior.json")
        note_written(write_posterior(posterior_of(done, found, z), beside), quiet)
    return facts


def _print(content: dict[str, Any]) -> None:
    """Parameters with intervals, residuals, and what the data leave open."""
    rows = [
        [
            name,
            f"{p['value']:.4g}",
            "" if p["unit"] == "1" else p["unit"],
            f"{p['low']:.4g} to {p['high']:.4g}",
            f"{p['started_at']:.4g}",
            f"{p['moved_sd']:+.1f}",
            "yes" if p["determined"] else "NO",
        ]
        for name, p in content["parameters"].items()
    ]
    header = ["parameter", "value", "unit", "95 % interval", "from", "moved [sd]", "determined"]
    output.print_table(header, rows)
    click.echo()
    rows = [
        [
            d["row"],
            f"{d['predicted']:.4g}",
            d["asked"],
            "" if d["unit"] == "1" else d["unit"],
            f"{d['residual']:+.2f}",
        ]
        for d in content["datasets"]
    ]
    output.print_table(["row", "model", "asked", "unit", "residual"], rows)
    click.echo()
    pairs = [
        ("half of the sum of squares", f"{content['cost']:.4g}"),
        ("that of the parameters before", f"{content['cost_before']:.4g}"),
        *((f"factor {name}", f"{value:.3g}") for name, value in content["scales"].items()),
    ]
    for k, one in enumerate(d for d in content["directions"] if d["sloppy"]):
        parts = ", ".join(f"{name} {share:+.2f}" for name, share in one["parts"].items())
        pairs.append((f"sloppy direction {k + 1}", parts))
    output.print_pairs(pairs)
    if "comparison" in content:
        click.echo()
        rows = [
            [
                v["name"],
                f"{v['chi2']:.2f}",
                str(v["free"]),
                *(_shown(v[f"delta_{c}"]) for c in ("aic", "aicc", "bic", "ln_evidence")),
                f"{v['weight']:.3f}",
            ]
            for v in content["comparison"]["variants"]
        ]
        header = ["variant", "chi2", "fitted", "dAIC", "dAICc", "dBIC", "d ln Z", "weight"]
        output.print_table(header, rows)


def _shown(value: float | None) -> str:
    return "too few data" if value is None else f"{value:.1f}"
