"""What a report is about: a run or a sweep, from a file or made on the spot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcikin.errors import CalcikinError, InputError
from calcikin.simulate.model import Model, load
from calcikin.sweep.sources import sources_of
from calcikin.sweep.store import load as load_sweep

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["SUFFIXES", "Subject", "of_file", "of_model"]

SUFFIXES = (".nc", ".zarr")


@dataclass(frozen=True)
class Subject:
    """A run or a sweep with what is known of it.

    Attributes
    ----------
    kind : str, ``run`` or ``sweep``
    data : Dataset
    origin : mapping, inputs, versions and hashes behind the data
    model : Model or None
        As it was run; None when its files are no longer what they were, or are not here.
    sources : tuple of mapping
        ``text``, ``doi`` and ``used_for`` of every source; empty when they cannot be told.
    where : str, the file or the model
    """

    kind: str
    data: Dataset
    origin: Mapping[str, Any]
    model: Model | None
    sources: tuple[Mapping[str, Any], ...]
    where: str


def of_model(model: Model) -> Subject:
    """Run a model, and take the run.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Subject
    """
    result = model.simulate()
    sources = tuple(source.plain() for source in sources_of(model))
    return Subject("run", result.dataset, result.provenance(), model, sources, model.name)


def of_file(path: str | Path) -> Subject:
    """Read a run or a sweep that calcikin has written.

    Parameters
    ----------
    path : str or Path
        ``.nc`` of a run or a sweep, ``.zarr`` of a sweep.

    Returns
    -------
    Subject

    Raises
    ------
    InputError
        When there is no such file, or calcikin has not written it.
    """
    import xarray as xr

    path = Path(path)
    if not path.exists():
        raise InputError("there is no such file", where=str(path), hint="a .nc or .zarr")
    if path.suffix != ".nc" or path.is_dir():
        return _sweep(path)
    try:
        data = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise InputError(
            f"the file cannot be read: {' '.join(str(error).split())}",
            where=str(path),
            hint="a .nc of 'calcikin run' or 'calcikin sweep'",
        ) from error
    if "time" not in data.dims:
        return _sweep(path)
    origin = _origin(data, path)
    model = _model(origin)
    sources = () if model is None else tuple(source.plain() for source in sources_of(model))
    return Subject("run", data, origin, model, sources, str(path))


def _sweep(path: Path) -> Subject:
    data = load_sweep(path)
    origin = _origin(data, path)
    sources = tuple(json.loads(data.attrs.get("sources", "[]")))
    return Subject("sweep", data, origin, _model(origin), sources, str(path))


def _origin(data: Dataset, path: Path) -> dict[str, Any]:
    try:
        origin = json.loads(data.attrs["provenance"])
    except (KeyError, ValueError) as error:
        raise InputError(
            "the file does not say where it is from",
            where=str(path),
            hint="a .nc or .zarr that calcikin has written",
        ) from error
    if not isinstance(origin, dict):
        raise InputError("its provenance makes no sense", where=str(path))
    return origin


def _model(origin: Mapping[str, Any]) -> Model | None:
    """The model behind some data, when it is here and still the same."""
    try:
        model = load(str(origin["model"]))
        if model.scenario.sha256 != origin["sha256"]:
            return None
        model = model.with_(preset=origin["preset"] or None)
        usual = model.input_values()
        changed = {name: v for name, v in origin["inputs"].items() if v != usual[name]}
        return model.with_(
            {**changed, **origin["parameters"], **origin["settings"]}, switch_off=origin["off"]
        )
    except (CalcikinError, KeyError, TypeError, AttributeError):
        return None
