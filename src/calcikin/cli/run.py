"""`calcikin run`: one run of one model, and its read-outs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from calcikin.cli import options, output
from calcikin.cli.notes import note, note_first_use
from calcikin.cli.uncertainty import check, of_run, pairs, uncertainty_option

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["command"]

#: Why there is no T50, in words; by `t50_status`.
_NO_T50 = {
    "no_transition": "none: the light shows no second rise",
    "incomplete": "none: the second rise had not levelled out at the end",
}


@click.command(
    "run", epilog="Such as: calcikin run t50_serum --set serum.Mg=1.2mmol/L --plot run.png"
)
@options.model_argument
@options.choice_options
@options.solver_options
@uncertainty_option
@output.output_options(
    ".nc",
    ".csv",
    ".json",
    out="Write the result: .nc (all of it), .csv or .json (summary).",
    plot="Draw the time course",
)
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    choice: options.Choice,
    solver: str,
    rtol: float | None,
    uncertainty: int | None,
    outputs: output.Outputs,
) -> None:
    """Run MODEL once and print T50, pH, sizes, Mg/Ca and the phases at the end.

    MODEL is a name from 'calcikin models', or a model file (.toml).
    """
    chosen = choice.load(model, quiet=outputs.quiet)
    check(chosen, uncertainty)
    note_first_use(chosen, outputs.quiet)
    result = chosen.simulate(solver=solver, rtol=rtol)
    summary = result.summary()
    if uncertainty is not None:
        summary["uncertainty"] = of_run(chosen, uncertainty, rtol)
    outputs.tell(summary, lambda: _print(chosen, summary))
    if outputs.out is not None:
        from calcikin.simulate.dataset import save

        outputs.write(lambda path: output.save_dataset(result.dataset, path, lambda: summary, save))
    if outputs.plot is not None and result.t.size > 1:
        from calcikin import plots

        outputs.draw(plots.time_course(result.dataset.sel(time=slice(0.0, result.shown_min))))
    elif outputs.plot is not None:
        note(
            f"{outputs.plot} was not drawn: the run broke off before its first output",
            outputs.quiet,
        )
    if not result.ok:
        click.echo(f"Error: the run is not sound ({summary['status']}): {result.reason}", err=True)
        ctx.exit(1)


def _print(model: Model, summary: Mapping[str, Any]) -> None:
    """The read-outs as a short table."""
    scenario = model.scenario
    click.echo(f"{scenario.name}: {scenario.title}")
    chosen = [model.preset] if model.preset else []
    for name, value in (*model.inputs.items(), *model.settings.items(), *model.parameters.items()):
        unit = model.unit_of(name)
        chosen.append(f"{name} = {value:g}" + (f" {unit}" if unit != "1" else ""))
    chosen += [f"{name} = {value:g}" for name, value in model.ratios.items()]
    chosen += [f"without {switch}" for switch in model.switched_off()]
    if chosen:
        click.echo("with " + "; ".join(chosen))
    click.echo()
    hours = model.duration / 3600.0
    ratios, phases = summary["mg_ca"], summary["phases_end_mmol_per_L"]
    radii = {"CPP1": summary["rh_cpp1_nm"], "CPP2": summary["rh_cpp2_nm"]}
    none = f"none within {hours:g} h" if summary["status"] == "ok" else "-"
    output.print_pairs(
        (
            ("status", summary["status"]),
            ("T50 by scattering", _t50(model, summary)),
            ("T50 by crystalline fraction", _number(summary["t50_crystalline_min"], "min", none)),
            ("crystalline fraction, end", _number(summary["crystalline_fraction_end"])),
            ("pH, start and end", f"{_ph(summary['pH_start'])}, {_ph(summary['pH_end'])}"),
            (
                "hydrodynamic radius",
                ", ".join(f"{name} {_number(r, 'nm', 'none')}" for name, r in radii.items()),
            ),
            (
                "Mg/Ca [mol/mol]",
                f"total {_number(ratios['total'])}, free {_number(ratios['free'])}, "
                f"in the ACP {_number(ratios['solid'])}",
            ),
            (
                "solid Ca, end [mmol/L]",
                ", ".join(f"{name} {_amount(value)}" for name, value in phases.items()),
            ),
            *pairs(summary.get("uncertainty", {})),
            ("balance error", _number(summary["balance_error"], digits=1)),
        )
    )


def _t50(model: Model, summary: Mapping[str, Any]) -> str:
    value, status = summary["t50_min"], summary["t50_status"]
    if value is None:
        sound = summary["status"] == "ok"
        return _NO_T50.get(status, f"none: {status.replace('_', ' ')}") if sound else "-"
    text = _number(value, "min")
    if status == "single_rise":
        text += " (the only rise: crystals formed at once)"
    if summary["t50_within_assay"] is False:
        text += f" (the assay ends at {model.scenario.window / 60.0:g} min)"
    return text


def _number(value: float | None, unit: str = "", none: str = "-", digits: int = 3) -> str:
    if value is None:
        return none
    text = f"{value:.{digits}g}" if abs(value) < 1000.0 else f"{value:.0f}"
    return f"{text} {unit}".rstrip()


def _ph(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _amount(value: float | None) -> str:
    """An amount of solid; below 1e-6 mmol/L there is none that could be seen."""
    if value is None:
        return "-"
    return "0" if value < 1e-6 else f"{value:.3g}"
