"""A calibration problem in PEtab, version 1: what is fitted of one model, to which data.

A PEtab measurement is a formula at one time of one run, so rows that compare runs (a difference, a
quotient) and T50 from light are left out; the README of the problem names each with its reason.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calcikin import __version__
from calcikin.calibration import Calibration, Dataset, Fitted, load_calibration
from calcikin.calibration.observables import Value
from calcikin.calibration.points import Point, variant
from calcikin.errors import InputError
from calcikin.exchange.derive import equations_of
from calcikin.exchange.equations import identifier
from calcikin.exchange.numbers import file_numbers
from calcikin.exchange.petab_readouts import expressible, with_readouts
from calcikin.exchange.sbml import sbml_of
from calcikin.units import factor

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["petab_bytes", "petab_files", "reason_left_out"]

#: Total of a cation that a run has none of [mol/L]: without any, its equation would be 0/0.
NONE = 1e-15
#: The date of every file in an archive, so that the same problem gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def petab_bytes(model: Model, calibration: str | Path = "default") -> bytes:
    """The files of `petab_files` as a ZIP archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in petab_files(model, calibration).items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def petab_files(model: Model, calibration: str | Path = "default") -> dict[str, str]:
    """What a calibration fits to the data of one model, as a PEtab problem.

    Parameters
    ----------
    model : Model
        As it is shipped: compositions and settings come from the calibration.
    calibration : str or Path
        Name or file.

    Returns
    -------
    dict of str to str
        ``problem.yaml``, ``model.xml`` (SBML with the read-outs), ``parameters.tsv``,
        ``conditions.tsv``, ``observables.tsv``, ``measurements.tsv`` and ``README.md``, which
        names what is left out and why.

    Raises
    ------
    InputError
        When the model was changed, when the calibration fits nothing of it that PEtab can say,
        or when python-libsbml is missing.
    """
    if any((model.inputs, model.ratios, model.parameters, model.settings, model.off)):
        raise InputError(
            "a calibration sets composition, parameters and switches itself",
            where=f"export of {model.name} to petab",
            hint="leave out --set and --off",
        )
    chosen = load_calibration(calibration)
    own = [d for d in chosen.in_fit if any(x.point.model == model.name for x in d.demands)]
    left = {d.row.id: reason for d in own if (reason := reason_left_out(d))}
    used = [d for d in own if d.row.id not in left]
    if not used:
        raise InputError(
            f"the calibration {chosen.name!r} fits nothing of {model.name} that PEtab can say",
            where="export to petab",
            hint=f"models with fitted data: {', '.join(_models(chosen))}",
        )
    points = list(dict.fromkeys(_demand(d)[0] for d in used))
    # a file lacks what its composition has none of, so that of the fullest is written
    base = max((variant(p) for p in points), key=lambda m: sum(x > 0 for x in m.totals().values()))
    equations = equations_of(base)
    ids = {total.id for total in equations.totals}
    ids |= {constant.id for constant in equations.constants}
    ids |= {unknown.id for unknown in equations.unknowns}
    fitted = [f for f in chosen.fitted if identifier(f.sets[0]) in ids]
    readouts = [_demand(d)[1] for d in used]
    return {
        "problem.yaml": _yaml(),
        "model.xml": with_readouts(sbml_of(equations), base, readouts),
        "parameters.tsv": _tsv(_parameters(fitted, base)),
        "conditions.tsv": _tsv(_conditions(points, base, fitted, ids)),
        "observables.tsv": _tsv(_observables(used)),
        "measurements.tsv": _tsv(_measurements(used, points)),
        "README.md": _readme(chosen, model.name, used, left, fitted),
    }


def reason_left_out(dataset: Dataset) -> str:
    """Why a fitted dataset cannot be a PEtab measurement; empty when it can."""
    observable, error = dataset.observable, dataset.error
    if not isinstance(observable, Value):
        return "it compares runs with one another; a PEtab measurement belongs to one run"
    readout = observable.demand.read
    if readout == "t50":
        return (
            "T50 is the midpoint of a sigmoid fitted to a whole optical curve, not a formula of "
            "the state at one time"
        )
    if not expressible(readout):
        return f"{readout} has no formula in the SBML file"
    if error is not None and error.side:
        return "only a bound is known; an error of PEtab belongs to a value"
    if error is not None and not error.even:
        return "its error is not the same below and above the value"
    if error is not None and error.scale:
        return f"its factor between centres ({error.scale}) is not written"
    return ""


def _demand(dataset: Dataset) -> tuple[Point, str]:
    assert isinstance(dataset.observable, Value)
    return dataset.observable.demand


def _models(calibration: Calibration) -> list[str]:
    said = [_demand(d)[0].model for d in calibration.in_fit if not reason_left_out(d)]
    return list(dict.fromkeys(said))


def _inside(fitted: Fitted, model: Model) -> float:
    """From the unit of a fitted parameter to that of the SBML file."""
    own = model.scenario.parameters.parameters[fitted.sets[0]]
    return own.internal / own.value


def _parameters(fitted: Sequence[Fitted], model: Model) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for f in fitted:
        ratio = _inside(f, model)
        own = model.scenario.parameters.parameters[f.sets[0]]
        mean = f.prior + math.log10(ratio) if f.log10 else f.prior * ratio
        sd = f.prior_sd if f.log10 else f.prior_sd * ratio
        rows.append(
            {
                "parameterId": identifier(f.name),
                "parameterScale": "log10" if f.log10 else "lin",
                "lowerBound": _number(f.value(f.low) * ratio),
                "upperBound": _number(f.value(f.high) * ratio),
                "nominalValue": _number(own.value * ratio),
                "estimate": 1,
                "objectivePriorType": "parameterScaleNormal",
                "objectivePriorParameters": f"{_number(mean)};{_number(sd)}",
            }
        )
    return rows


def _conditions(
    points: Sequence[Point], base: Model, fitted: Sequence[Fitted], ids: set[str]
) -> list[dict[str, object]]:
    """What each run sets in the file; a parameter that stands for several is set there, too."""
    shared = {
        identifier(name): identifier(f.name)
        for f in fitted
        for name in f.sets
        if identifier(name) != identifier(f.name)
    }
    numbers = [file_numbers(variant(point)) for point in points]
    for run in numbers:
        for name in ids:
            if name.startswith("free__") and run[name] == 0.0:
                run[name] = run[name.replace("free", "total")] = NONE
    start = file_numbers(base)
    differ = [
        name
        for name in start
        if name in ids and name not in shared and any(n[name] != start[name] for n in numbers)
    ]
    return [
        {
            "conditionId": f"run_{k + 1}",
            "conditionName": _said(point),
            **{name: _number(numbers[k][name]) for name in differ},
            **shared,
        }
        for k, point in enumerate(points)
    ]


def _observables(used: Sequence[Dataset]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for dataset in used:
        assert dataset.error is not None
        ratio = dataset.factor
        readout = _demand(dataset)[1]
        if readout == "t50_crystalline":  # the clock of the file runs in seconds
            ratio *= factor("s", "min")
        rows.append(
            {
                "observableId": f"observable_{identifier(dataset.row.id)}",
                "observableName": f"{dataset.row.observable} [{dataset.row.unit}]",
                "observableFormula": readout if ratio == 1.0 else f"{_number(ratio)} * {readout}",
                "observableTransformation": "log" if dataset.error.log else "lin",
                "noiseFormula": _number(dataset.error.sd),
                "noiseDistribution": "normal",
            }
        )
    return rows


def _measurements(used: Sequence[Dataset], points: Sequence[Point]) -> list[dict[str, object]]:
    return [
        {
            "observableId": f"observable_{identifier(d.row.id)}",
            "simulationConditionId": f"run_{points.index(_demand(d)[0]) + 1}",
            "measurement": _number(d.row.value),
            "time": _number(variant(_demand(d)[0]).duration),
            "datasetId": d.row.id,
        }
        for d in used
    ]


def _said(point: Point) -> str:
    changes = [f"{name} = {value:g}" for name, value in point.changes]
    off = [f"without {name}" for name in point.off]
    return "; ".join([point.preset or point.model, *changes, *off])


def _readme(
    calibration: Calibration,
    name: str,
    used: Sequence[Dataset],
    left: Mapping[str, str],
    fitted: Sequence[Fitted],
) -> str:
    others = [f.name for f in calibration.fitted if f not in fitted]
    scales = [s.name for s in calibration.scales]
    elsewhere = [d.row.id for d in calibration.in_fit if d not in used and d.row.id not in left]
    rows = [
        f"- `{d.row.id}`: {d.row.observable}, {d.row.condition}: {d.row.text} {d.row.unit}; error: "
        f"{d.error.why if d.error else ''}; source: {d.row.source} {d.row.doi}".rstrip()
        for d in used
    ]
    lines = [
        f"# {name}: calibration {calibration.name!r}",
        "",
        f"PEtab version 1, written by calcikin {__version__} (calibration file sha256 "
        f"{calibration.sha256[:12]}). Research use only.",
        "",
        "## Measurements",
        "",
        *rows,
        "",
        "Read-outs are parameters of `model.xml` and hold at the time of the measurement, the end "
        "of the run: `t50_crystalline` is a clock that stops when half of the solid is crystalline "
        "(it shows the whole run when that never happens); `rh_cpp1` and `rh_cpp2` are kept by an "
        "event where the population holds most mineral. A cation that a run has none of is there "
        f"with {NONE:g} mol/L, since its equilibrium would otherwise be 0/0.",
        "",
        "## Left out",
        "",
        *(f"- `{row}`: {reason}" for row, reason in left.items()),
        *(f"- `{row}`: of another model" for row in elsewhere),
        *(f"- parameter `{other}`: not in this model" for other in others),
        *(f"- `{scale}`: no row that it belongs to is here" for scale in scales),
        "- the soft cap of residuals at 30 standard deviations",
        "",
        "So this is a part of the calibration: its optimum is not that of `calcikin fit`.",
        "",
        "## Parameters",
        "",
        *(f"- `{f.name}`: prior: {f.source}" for f in fitted),
        "",
        "Priors are normal on the scale of the parameter. Solvers: relative tolerance 1e-8, "
        "absolute 1e-22; see the notes of `model.xml`.",
    ]
    return "\n".join(lines) + "\n"


def _yaml() -> str:
    return (
        "format_version: 1\n"
        "parameter_file: parameters.tsv\n"
        "problems:\n"
        "  - sbml_files: [model.xml]\n"
        "    condition_files: [conditions.tsv]\n"
        "    observable_files: [observables.tsv]\n"
        "    measurement_files: [measurements.tsv]\n"
    )


def _number(value: float) -> str:
    return repr(float(value))


def _tsv(rows: Iterable[Mapping[str, object]]) -> str:
    rows = list(rows)
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
