"""How far a result can be trusted: what lies outside the range in which the model was tried."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calcikin.chemistry.activity_models import Davies, TruesdellJones
from calcikin.report.subject import Subject
from calcikin.simulate.model import Model

__all__ = ["ALWAYS", "warnings_of"]

#: Holds for every result.
ALWAYS = (
    "Research use, not for decisions about a patient.",
    "Absolute T50 does not carry over between centres; compare differences within one setting.",
    "Intervals hold what the fit leaves open in the fitted parameters, and nothing else.",
)
#: Where solubilities and rates were measured [degC]; elsewhere they are extrapolated.
TRIED = (36.0, 38.0)
#: Activity models of the kernels: words, and the ionic strength up to which they hold [mol/L].
ACTIVITY = {
    "davies": ("Davies equation", Davies.valid),
    "truesdell_jones": ("Truesdell-Jones equation", TruesdellJones.valid),
}


def warnings_of(subject: Subject) -> list[str]:
    """What a reader must know before believing the numbers, worst first.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    list of str
    """
    found = [*(_run(subject) if subject.kind == "run" else _sweep(subject))]
    if subject.model is None:
        found.append(
            "The files of the model are no longer those that were used, or are not here: whether "
            "inputs and parameters were within their usual ranges could not be checked."
        )
    else:
        found += _choices(subject.model)
    return found


def _run(subject: Subject) -> Iterator[str]:
    attrs = subject.data.attrs
    if attrs.get("status") != "ok":
        yield f"The run is not sound ({attrs.get('status')}): {attrs.get('reason')}"
    said = {
        "single_rise": "The light shows a single rise: crystals formed at once.",
        "no_transition": "The light shows no second rise, so there is no T50.",
        "incomplete": "The second rise of the light had not levelled out at the end.",
    }.get(str(attrs.get("t50_status")))
    if said:
        yield said
    window = subject.model.scenario.window / 60.0 if subject.model else 0.0
    if window and float(attrs.get("t50_min", np.nan)) > window:
        yield f"T50 lies beyond the {window / 60:g} h that the assay lasts: a laboratory sees none."


def _sweep(subject: Subject) -> Iterator[str]:
    failed, runs = int(subject.data.attrs["failed"]), int(subject.data.attrs["runs"])
    if failed:
        yield f"{failed} of {runs} runs failed; the table says why."
    for name, axis in subject.origin.get("over", {}).items():
        values = axis.get("values") if isinstance(axis, dict) else None
        if values and subject.model is not None:
            yield from _range(subject.model, name, min(values), max(values))


def _choices(model: Model) -> Iterator[str]:
    for name, value in model.input_values().items():
        if value:
            yield from _range(model, name, value, value)
    for name, value in model.parameters.items():
        yield from _range(model, name, value, value)
    degrees = model.temperature - 273.15
    if not TRIED[0] - 1e-9 <= degrees <= TRIED[1] + 1e-9:
        yield (
            f"{degrees:g} °C: the solubility of ACP and whitlockite is known at 37 °C only, and "
            "the activation energies are assumed."
        )
    equation, most = ACTIVITY[model.compiled.tables.activity]
    if model.settings.get("ionic_strength", 0.0) > most:
        yield f"The ionic strength lies beyond the {most:g} mol/L of the {equation}."


def _range(model: Model, name: str, low: float, high: float) -> Iterator[str]:
    """Whether values lie outside what is usual of an input, or plausible of a parameter."""
    medium, parameters = model.scenario.medium, model.scenario.parameters.parameters
    if name in medium.inputs:
        (least, most), kind = medium.inputs[name].usual, "usual"
    elif name in parameters:
        (least, most), kind = (parameters[name].low, parameters[name].high), "plausible"
    else:
        return
    if low < least or high > most:
        unit = model.unit_of(name)
        shown = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        words = "" if unit == "1" else f" {unit}"
        yield f"{name}: {shown}{words} lies outside what is {kind}, {least:g} to {most:g}{words}."
