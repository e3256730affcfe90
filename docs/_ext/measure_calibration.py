"""Views of the calibration file: every row against the model, and what was fitted."""

from __future__ import annotations

import math
from typing import Any

from rows import Found, show, show_residual

from calcikin.calibration import (
    Dataset,
    Judged,
    Objective,
    load_calibration,
    load_posterior,
    summary,
    validate,
)
from calcikin.model.parameters import load_parameters

__all__ = ["measure"]

_VERDICTS = {"outside": "**outside**", "no number": "**no number**"}


def measure(found: Found) -> Any:
    """Judge every row, and return the picture of them."""
    from calcikin import plots

    calibration = load_calibration()
    judged = validate(calibration)
    columns = ["row", "what", "model", "published", "", "residual", "source"]
    for name, uses in (
        ("validation_fit", ("fit",)),
        ("validation_check", ("check",)),
        ("validation_prior", ("prior", "preset", "noise")),
    ):
        found.table(name, columns, [_row(one) for one in judged if one.dataset.row.use in uses])
    found.table(
        "validation_misses",
        ["row", "", "why"],
        [
            [f"`{one.dataset.row.id}`", _VERDICTS.get(one.verdict, one.verdict), one.reason]
            for one in judged
            if one.reason
        ],
    )
    statements = [one for one in judged if one.dataset.conditions]
    found.table(
        "validation_statements",
        ["row", "published", "what is asked of the model"],
        [
            [f"`{one.dataset.row.id}`", one.dataset.row.text or one.dataset.row.note, one.said]
            for one in statements
        ],
    )
    counts = summary(judged)
    for use in ("fit", "check"):
        inside = counts[use].get("inside", 0)
        predicted = sum(n for verdict, n in counts[use].items() if verdict != "not predicted")
        found.values[f"inside_{use}"] = f"{inside} of {predicted}"
        found.values[f"unpredicted_{use}"] = str(counts[use].get("not predicted", 0))
    asked = [o for o in judged if o.dataset.row.use == "fit" and o.verdict != "not predicted"]
    found.table("targets", columns[1:], [_row(one)[1:] for one in asked])
    target = Objective(calibration)
    predicted = target.predictions(target.shipped[None])[0].tolist()
    fitted = [_fitted(term, p) for term, p in zip(target.datasets, predicted, strict=True)]
    found.values["fit_terms"] = str(len(fitted))
    found.table(
        "fit",
        ["observation", "model", "asked", "error", "why this error"],
        fitted,
    )
    _parameters(found)
    return plots.forest(judged)


def _unit(one: Judged) -> str:
    return "" if one.dataset.row.unit == "1" else f" {one.dataset.row.unit}"


def _what(dataset: Dataset) -> str:
    """What a row is about; a statement has a condition alone."""
    return ": ".join(words for words in (dataset.row.observable, dataset.row.condition) if words)


def _row(one: Judged) -> list[str]:
    row, unit = one.dataset.row, _unit(one)
    model = "–"
    if one.dataset.conditions:
        model = "holds" if one.verdict == "inside" else "does not all hold"
    elif math.isfinite(one.predicted):
        model = show(one.predicted, 3) + unit
    ends = [show(x, 3) if math.isfinite(x) else "" for x in (one.dataset.low, one.dataset.high)]
    span = f"{ends[0]} to {ends[1]}" if all(ends) else (f"≤ {ends[1]}" if ends[1] else "")
    measured = show(row.value, 3) + unit if math.isfinite(row.value) else row.text or ""
    measured = f"{measured} ({span})" if span and measured else measured or span
    residual = show_residual(one.residual) if math.isfinite(one.residual) else ""
    verdict = _VERDICTS.get(one.verdict, one.verdict)
    source = f"{row.source}, {row.doi}" if row.doi else row.source
    return [f"`{row.id}`", _what(one.dataset), model, measured, verdict, residual, source]


def _fitted(term: Dataset, predicted: float) -> list[str]:
    """What is asked of one term of the fit, and what the model has."""
    row, error = term.row, term.error
    assert error is not None
    unit = "" if row.unit == "1" else f" {row.unit}"
    size = f"factor {show(math.exp(error.sd), 3)}" if error.log else f"{show(error.sd, 2)}{unit}"
    if not error.even:
        size = f"{show(error.sd, 2)} below, {show(error.sd_above, 2)}{unit} above"
    size += f", and {error.scale}" if error.scale else ""
    model = show(predicted, 3) + unit
    asked = f"{('', 'above ', 'below ')[error.side]}{show(error.asked, 3)}{unit}"
    return [_what(term), model, asked, size, error.why]


def _parameters(found: Found) -> None:
    """What the posterior beside the shipped parameters says of each."""
    shipped = load_parameters("default")
    posterior = load_posterior(shipped)
    rows = []
    for j, name in enumerate(posterior.names):
        sd = float(posterior.covariance[j, j]) ** 0.5
        ends = [posterior.x[j] + side * 1.96 * sd for side in (-1.0, 1.0)]
        ends = [min(max(e, posterior.low[j]), posterior.high[j]) for e in ends]
        low, high = (10.0**e if posterior.log10[j] else e for e in ends)
        p = shipped.get(posterior.sets[j][0])
        unit = "" if p.unit == "1" else p.unit
        span = f"{show(low, 3)} to {show(high, 3)}"
        wide = (ends[1] - ends[0]) / (posterior.high[j] - posterior.low[j])
        rows.append([f"`{name}`", f"{show(p.value, 3)} {unit}".strip(), span, f"{wide:.0%}"])
    columns = ["parameter", "shipped", "95 % interval", "of its bounds"]
    found.table("posterior", columns, rows)
