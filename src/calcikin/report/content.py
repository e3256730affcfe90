"""What stands in a report, as plain data for its template."""

from __future__ import annotations

import base64
import io
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin import __version__, plots
from calcikin.report.subject import Subject
from calcikin.report.warnings import ALWAYS, warnings_of
from calcikin.simulate.result import shown_minutes
from calcikin.simulate.tables import flat, heading, write_csv

if TYPE_CHECKING:
    from xarray import Dataset

    from calcikin.plots.canvas import Figure

__all__ = ["Picture", "Sheet", "content"]

#: A longer table is cut in print; the data that come with the report have all of it.
ROWS = 200
#: How the source of a number begins that is not from a publication.
UNPUBLISHED = ("assumed", "fitted", "derived", "set by the user", "varied in this sweep")
#: Read-outs of a sweep that get a picture each.
PICTURES = 6
#: Less is written as 0 [mmol/L or µmol/L]: traces that the solver leaves behind.
TRACE = 1e-9
SOLIDS = ("ACP", "CPP1", "CPP2", "HAP", "WH")
#: Variables of a run that come with its report: what the figures show.
CARRIED = (
    "nephelometry",
    "crystalline_fraction",
    *SOLIDS,
    "Ca",
    "Mg",
    "Pi",
    "pH",
    "rh_CPP1",
    "rh_CPP2",
    "SI_ACP",
    "SI_OCP",
    "SI_HAP",
    "SI_WH",
)


@dataclass(frozen=True)
class Picture:
    """A figure: `source` is an SVG as a data URI, `words` caption and text for the blind."""

    title: str
    source: str
    words: str


@dataclass(frozen=True)
class Sheet:
    """A table: `more` rows were left out."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0


def content(subject: Subject, question: str = "") -> dict[str, Any]:
    """Everything that the template shows.

    Parameters
    ----------
    subject : Subject
    question : str
        What the reader wants to know; one that fits the data when empty.

    Returns
    -------
    dict
    """
    run = subject.kind == "run"
    model = subject.model
    carried = _carried(subject.data) if run else subject.data
    return {
        "title": model.scenario.title if model else str(subject.origin["model"]),
        "description": model.scenario.description if model else "",
        "question": question.strip() or _question(subject),
        "kind": subject.kind,
        "where": subject.where,
        "version": __version__,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "headline": list(_headline(subject)) if run else [],
        "warnings": warnings_of(subject),
        "always": ALWAYS,
        "inputs": _inputs(subject),
        "choices": list(_choices(subject)),
        "pictures": list(_run_pictures(subject) if run else _sweep_pictures(subject)),
        "sheets": list(_run_sheets(subject.data) if run else _sweep_sheets(subject.data)),
        "published": [s for s in subject.sources if not str(s["text"]).startswith(UNPUBLISHED)],
        "unpublished": [s for s in subject.sources if str(s["text"]).startswith(UNPUBLISHED)],
        "provenance": [
            (name, str(value))
            for name, value in subject.origin.items()
            if isinstance(value, str | int | float) and value != ""
        ],
        "csv": _uri("text/csv", _csv(carried)),
        "file": f"{subject.origin['model']}.csv",
    }


def _question(subject: Subject) -> str:
    name = subject.origin["model"]
    if subject.kind == "run":
        start = f" from {subject.origin['preset']}" if subject.origin.get("preset") else ""
        return f"What happens in {name}{start}, with the inputs below?"
    read = ", ".join(subject.origin["read"])
    over = " and ".join(subject.origin.get("over", {})) or "the points of its design"
    return f"How does {read} of {name} depend on {over}?"


def _headline(subject: Subject) -> Iterator[tuple[str, str]]:
    attrs, data = subject.data.attrs, subject.data
    yield "T50, scattered light", _number(float(attrs["t50_min"]), "min")
    yield "half of the solid crystalline", _number(float(attrs["t50_crystalline_min"]), "min")
    yield "crystalline share, end", _number(float(data["crystalline_fraction"][-1]))
    yield "pH, start and end", f"{float(data['pH'][0]):.2f}, {float(data['pH'][-1]):.2f}"
    yield "balance error", _number(float(attrs["balance_error"]), digits=1)


def _inputs(subject: Subject) -> Sheet:
    """Inputs with their usual range; what was varied says so."""
    model = subject.model
    varied = subject.origin.get("over", {})
    rows = []
    for name, value in subject.origin.get("inputs", {}).items():
        unit = usual = ""
        if model is not None:
            item = model.scenario.medium.inputs[name]
            unit, usual = _unit(item.unit), f"{item.usual[0]:g} to {item.usual[1]:g}"
        rows.append((name, "varied" if name in varied else f"{value:.5g}", unit, usual))
    return Sheet("Inputs", ("input", "value", "unit", "usual"), rows)


def _choices(subject: Subject) -> Iterator[tuple[str, str]]:
    origin = subject.origin
    if origin.get("preset"):
        yield "composition to start from", str(origin["preset"])
    yield "temperature", f"{float(origin['temperature_degC']):.5g} °C"
    yield "pH", f"{float(origin['pH']):g}, {origin['pH_mode']}"
    yield "length of a run", f"{float(origin['duration_h']):g} h"
    for name, value in (*origin["ratios"].items(), *origin["parameters"].items()):
        yield f"{name}, changed", f"{value:.5g}"
    for name, axis in origin.get("over", {}).items():
        values = axis.get("values", []) if isinstance(axis, dict) else []
        if len(values):
            unit = "" if axis["unit"] == "1" else f" {axis['unit']}"
            span = f"{min(values):.4g} to {max(values):.4g}{unit}, {len(values)} values"
            yield f"{name}, varied", span
    yield "mechanisms off", ", ".join(origin["off"]) or "none"
    yield "constants, parameters", f"{origin['constants']}, {origin['parameter_set']}"


# ---- figures -----------------------------------------------------------------------------------
def _run_pictures(subject: Subject) -> Iterator[Picture]:
    data = subject.data
    window = subject.model.scenario.window / 60.0 if subject.model else 0.0
    times = (float(data.attrs["t50_min"]), float(data.attrs["t50_crystalline_min"]))
    end = shown_minutes(float(data["time"][-1]), window, times)
    shown = data.sel(time=slice(0.0, end))
    yield _picture(
        plots.t50_curve(shown),
        "T50",
        "Scattered light and crystalline fraction against time, with T50 from each.",
    )
    yield _picture(
        plots.time_course(shown),
        "Course",
        "Calcium in the solids, dissolved calcium, magnesium and phosphate, and pH against time.",
    )


def _sweep_pictures(subject: Subject) -> Iterator[Picture]:
    data = subject.data
    for name in subject.origin["read"][:PICTURES]:
        dims = [str(dim) for dim in data[name].dims]
        numeric = all(dim in data.coords and data[dim].dtype.kind in "fi" for dim in dims)
        if not numeric or len(dims) not in (1, 2):
            continue
        draw = plots.sweep_curve if len(dims) == 1 else plots.sweep_map
        words = f"{data[name].attrs.get('long_name', name)} against {' and '.join(dims)}."
        yield _picture(draw(data, read=name), name, words)


def _picture(figure: Figure, title: str, words: str) -> Picture:
    with tempfile.TemporaryDirectory(prefix="calcikin-") as folder:
        path = plots.save(figure, Path(folder) / "figure.svg")
        return Picture(title, _uri("image/svg+xml", path.read_bytes()), words)


# ---- tables ------------------------------------------------------------------------------------
def _run_sheets(data: Dataset) -> Iterator[Sheet]:
    labels = [name for name in SOLIDS if name in data]
    end = data.isel(time=-1)
    yield Sheet(
        "Solids",
        ("solid", "most, as Ca [mmol/L]", "at the end [mmol/L]", "core radius, end [nm]"),
        [
            (
                name,
                _amount(float(data[name].max())),
                _amount(float(end[name])),
                _number(float(end[f"radius_{name}"])),
            )
            for name in labels
        ],
    )
    phases = [str(name) for name in data.data_vars if str(name).startswith("SI_")]
    yield Sheet(
        "Saturation indices",
        ("phase", "start", "end"),
        [
            (name.removeprefix("SI_"), *(f"{float(data[name][k]):.2f}" for k in (0, -1)))
            for name in phases
            if np.isfinite(float(data[name][0]))
        ],
    )
    ions = [name for name in ("Ca", "Mg", "Pi", "PPi", "ATP") if name in data]
    yield Sheet(
        "Dissolved",
        ("component", "start", "end", "unit"),
        [
            (
                name,
                _amount(float(data[name][0])),
                _amount(float(end[name])),
                _unit(str(data[name].attrs["units"])),
            )
            for name in ions
        ],
    )


def _sweep_sheets(data: Dataset) -> Iterator[Sheet]:
    columns = flat(data)
    if not any(columns.get("reason", ())):
        columns.pop("reason", None)
    columns.pop("balance_error", None)
    header = [_unit(heading(data, name)) for name in columns]
    count = len(next(iter(columns.values())))
    rows = [
        [_number(v) if isinstance(v, float) else str(v) for v in row]
        for row in list(zip(*columns.values(), strict=True))[:ROWS]
    ]
    yield Sheet("Points", header, rows, count - len(rows))


# ---- data that come with it --------------------------------------------------------------------
def _carried(data: Dataset) -> Dataset:
    return data[[name for name in CARRIED if name in data]]


def _csv(data: Dataset) -> bytes:
    stream = io.StringIO(newline="")
    write_csv(data, stream)
    return stream.getvalue().encode()


def _uri(media: str, data: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def _unit(text: str) -> str:
    return text.replace("umol", "µmol")


def _amount(value: float) -> str:
    """A concentration; what no instrument could see is nothing."""
    return "0" if abs(value) < TRACE else _number(value)


def _number(value: float, unit: str = "", digits: int = 4) -> str:
    if not math.isfinite(value):
        return "none"
    text = f"{value:.{digits}g}" if abs(value) < 1e4 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()
