"""Calibration files: which data, what predicts each, with which error, and what is fitted."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calcikin.calibration.observables import read_observable
from calcikin.calibration.points import model_named
from calcikin.calibration.records import (
    Calibration,
    Condition,
    Dataset,
    Error,
    Fitted,
    Scale,
    bound,
)
from calcikin.calibration.rows import INTERVALS, Row, load_rows, reference_rows
from calcikin.calibration.variants import read_variant
from calcikin.errors import ModelFileError, UnknownNameError
from calcikin.model.parameters import Parameter, ParameterSet, load_parameters
from calcikin.paths import models_dir
from calcikin.units import compatible, factor

__all__ = ["load_calibration"]

_TOP = (
    *("name", "title", "notes", "parameters", "data", "references", "seed"),
    *("parameter", "scale", "dataset", "variant"),
)
_PARAMETER = ("name", "sets", "on", "low", "high", "prior", "prior_sd", "source", "note")
_DATASET = ("row", "fit", "accept", "accept_why", "standing", "note", "miss", "condition", "none")
_FIT = ("published", "sd", "factor", "cv", "of", "n", "scale", "why")


def load_calibration(name: str | Path = "default") -> Calibration:
    """Load a calibration file by name (``models/calibration/NAME.toml``) or path.

    Raises
    ------
    UnknownNameError, ModelFileError, InputError
        For what is missing, unknown or impossible; says what and where.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = models_dir() / "calibration" / f"{name}.toml"
        if not path.is_file():
            known = [p.stem for p in path.parent.glob("*.toml")]
            raise UnknownNameError("calibration", str(name), known)
    try:
        text = path.read_bytes()
        document = tomllib.loads(text.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelFileError(f"not a readable TOML file: {error}", where=str(path)) from error
    try:
        return _calibration(document, path.resolve(), text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"an entry cannot be understood ({type(error).__name__}: {error})",
            where=str(path),
            hint="compare it with models/calibration/default.toml",
        ) from error


def _calibration(document: Mapping[str, Any], path: Path, text: bytes) -> Calibration:
    where = path.name
    _known(document, _TOP, "entry", where)
    own = [_beside(n, path.parent, ".csv") for n in document.get("data", ())]
    rows = load_rows(own)
    for medium in document.get("references", ()):
        rows |= reference_rows(medium)
    chosen = load_parameters(_beside(document.get("parameters", "default"), path.parent, ".toml"))
    fitted = tuple(_fitted(e, chosen, where) for e in document.get("parameter", ()))
    scales = tuple(
        Scale(str(e["name"]), float(e["sd"]), str(e["source"])) for e in document.get("scale", ())
    )
    names = [f.name for f in fitted] + [s.name for s in scales]
    if len(set(names)) < len(names):
        raise ModelFileError("a fitted number is named twice", where=where)
    datasets = tuple(
        _dataset(e, rows, [s.name for s in scales], path.parent, where)
        for e in document.get("dataset", ())
    )
    _complete(rows, datasets, where)
    _free(fitted, datasets, where)
    variants = tuple(
        read_variant(e, fitted, lambda p: _fitted(p, chosen, where), path.parent, where)
        for e in document.get("variant", ())
    )
    digest = hashlib.sha256(text + chosen.sha256.encode())
    for row in rows.values():
        digest.update(repr(row).encode())
    return Calibration(
        str(document.get("name", path.stem)),
        str(document.get("title", "")),
        chosen,
        fitted,
        scales,
        datasets,
        int(document.get("seed", 0)),
        tuple(document.get("notes", ())),
        digest.hexdigest(),
        path,
        variants,
    )


def _beside(name: str, folder: Path, suffix: str) -> str | Path:
    """A name as it is; a file name as a path beside the calibration file."""
    return folder / name if name.endswith(suffix) else name


def _known(entry: Mapping[str, Any], keys: Sequence[str], kind: str, where: str) -> None:
    for key in entry:
        if key not in keys:
            raise UnknownNameError(kind, key, keys, where=where)


def _fitted(entry: Mapping[str, Any], known: ParameterSet, where: str) -> Fitted:
    name = str(entry["name"])
    where = f"{where}: parameter {name}"
    _known(entry, _PARAMETER, "key", where)
    sets = tuple(entry.get("sets", (name,)))
    first: Parameter = known.get(sets[0])
    for other in sets[1:]:
        if known.get(other).unit != first.unit:
            raise ModelFileError(f"{sets[0]} and {other} differ in unit", where=where)
    if not entry.get("source"):
        raise ModelFileError("the prior has no source", where=where, hint='or source = "assumed"')
    log10 = {"log10": True, "value": False}.get(str(entry.get("on", "value")))
    if log10 is None:
        raise UnknownNameError("scale", str(entry["on"]), ("log10", "value"), where=where)
    low, high, prior = (float(entry[k]) for k in ("low", "high", "prior"))
    if log10 and low <= 0.0:
        raise ModelFileError(f"a lower bound of {low:g} on a logarithm", where=where)
    bounds = [math.log10(v) if log10 else v for v in (low, prior, high)]
    if not bounds[0] < bounds[2] or not bounds[0] <= bounds[1] <= bounds[2]:
        raise ModelFileError(f"the prior {prior:g} is not in {low:g} to {high:g}", where=where)
    sd = float(entry["prior_sd"])
    if not (math.isfinite(sd) and sd > 0.0):
        raise ModelFileError(f"a prior_sd of {sd:g}", where=where, hint="a positive number")
    source, note = str(entry["source"]), str(entry.get("note", ""))
    return Fitted(name, sets, log10, bounds[0], bounds[2], bounds[1], sd, source, first.unit, note)


def _dataset(
    entry: Mapping[str, Any],
    rows: Mapping[str, Row],
    scales: Sequence[str],
    folder: Path,
    where: str,
) -> Dataset:
    name = str(entry.get("row", ""))
    if name not in rows:
        raise UnknownNameError("row", name, rows, where=where)
    row, where = rows[name], f"{where}: dataset {name}"
    conditions: tuple[Condition, ...] = ()
    observable = None
    ratio = 1.0
    if "condition" in entry:
        _known(entry, _DATASET, "key", where)
        conditions = tuple(_condition(c, folder, where) for c in entry["condition"])
    elif "none" in entry:
        _known(entry, _DATASET, "key", where)
    else:
        observable = read_observable(entry, folder, where, _DATASET)
        ratio = _ratio(observable.unit, row.unit, where)
    low, high = entry.get("accept", (row.low, row.high))
    if not row.bounded and "accept" not in entry and observable is not None:
        raise ModelFileError(
            "the row has no interval", where=where, hint="accept = [low, high] and accept_why"
        )
    standing = str(entry.get("standing", "fitted" if "fit" in entry else "predicted"))
    if standing not in ("predicted", "fitted", "given"):
        raise UnknownNameError("standing", standing, ("predicted", "fitted", "given"), where)
    return Dataset(
        row,
        observable,
        ratio,
        conditions,
        _error(entry["fit"], row, rows, scales, where, conditions) if "fit" in entry else None,
        float(low),
        float(high),
        str(entry.get("accept_why", "")),
        standing,
        str(entry.get("none", "")),
        str(entry.get("note", "")),
        str(entry.get("miss", "")),
    )


def _condition(entry: Mapping[str, Any], folder: Path, where: str) -> Condition:
    what = str(entry["what"])
    own = ("what", "low", "high", "fitted")
    observable = read_observable(entry, folder, f"{where}: {what}", own)
    low, high = float(entry.get("low", -math.inf)), float(entry.get("high", math.inf))
    return Condition(what, observable, low, high, bool(entry.get("fitted", True)))


def _ratio(unit: str, wanted: str, where: str) -> float:
    """From the observable's unit to the row's."""
    plain = {"mol/mol": "1", "log10": "1", "": "1"}
    unit, wanted = plain.get(unit, unit), plain.get(wanted, wanted)
    if unit == wanted:
        return 1.0
    if " per " not in unit + wanted and compatible(unit, wanted):
        return float(factor(unit, wanted))
    raise ModelFileError(f"the model gives {unit}, the row is in {wanted}", where=where)


def _error(
    entry: Mapping[str, Any],
    row: Row,
    rows: Mapping[str, Row],
    scales: Sequence[str],
    where: str,
    conditions: Sequence[Condition] = (),
) -> Error:
    _known(entry, _FIT, "key of fit", where)
    kinds = [k for k in ("published", "sd", "factor", "cv") if k in entry]
    if len(kinds) != 1 or not entry.get("why"):
        raise ModelFileError(
            "fit needs one of published, sd, factor, cv, and why",
            where=where,
            hint='fit = { published = true, why = "..." }',
        )
    kind, scale = kinds[0], str(entry.get("scale", ""))
    if scale and kind == "sd":
        raise ModelFileError("a factor between centres needs a relative error", where=where)
    if scale and scale not in scales:
        raise UnknownNameError("scale", scale, scales, where=where)
    log = kind != "sd" and "of" not in entry
    above = math.nan
    if kind == "published":
        log = row.wide or bool(scale)
        sd, above = _published(row, log)
    elif kind == "sd":
        sd = float(entry["sd"])
    elif kind == "factor":
        sd = math.log(float(entry["factor"]))
    else:
        sd = 0.01 * _named(rows, str(entry["cv"]), where).value
        sd /= math.sqrt(float(entry.get("n", 1)))
        if "of" in entry:
            sd *= _named(rows, str(entry["of"]), where).value
    if not (math.isfinite(sd) and sd > 0.0):
        raise ModelFileError(f"an error of {sd:g}", where=where, hint="a positive number")
    ends = [(row.low, row.high)]
    if conditions:
        ends = [(c.low, c.high) for c in conditions if c.fitted]
    asked, side = row.value, 0
    if not math.isfinite(asked):
        if any(math.isfinite(low) == math.isfinite(high) for low, high in ends):
            raise ModelFileError("a row without a number needs one bound to be fitted", where=where)
        asked, side = bound(*ends[0])
    return Error(sd, log, scale, str(entry["why"]), asked, side, above)


def _named(rows: Mapping[str, Row], name: str, where: str) -> Row:
    if name not in rows:
        raise UnknownNameError("row", name, rows, where=where)
    return rows[name]


def _published(row: Row, log: bool) -> tuple[float, float]:
    """Standard errors of the value of a row below and above it.

    The value of n people is a mean, known √n times as well as they differ. Where the ends lie at
    different distances each side has its own error; a logarithm has one for both.
    """
    below = above = row.log_sd
    if not log:
        below = (row.value - row.low) / INTERVALS[row.interval]
        above = (row.high - row.value) / INTERVALS[row.interval]
    root = math.sqrt(float(row.n)) if row.interval == "sd_people" else 1.0
    return below / root, above / root


def _complete(rows: Mapping[str, Row], datasets: Sequence[Dataset], where: str) -> None:
    """Every row has one dataset."""
    named = [d.row.id for d in datasets]
    if double := sorted({n for n in named if named.count(n) > 1}):
        raise ModelFileError(f"more than one dataset for {', '.join(double)}", where=where)
    if missing := [name for name in rows if name not in named]:
        raise ModelFileError(
            f"no dataset for {', '.join(missing)}",
            where=where,
            hint='say what predicts it, or none = "why nothing does"',
        )


def _free(fitted: Sequence[Fitted], datasets: Sequence[Dataset], where: str) -> None:
    """No dataset may set what is fitted: it would then not see the fit."""
    names = {n for f in fitted for n in f.sets}
    for dataset in datasets:
        for demand in dataset.demands:
            for name, _ in demand.point.changes:
                if name in names:
                    raise ModelFileError(
                        f"dataset {dataset.row.id} sets {name}, which is fitted", where=where
                    )
            model_named(demand.point.model)
