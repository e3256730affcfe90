"""A result as a labelled xarray Dataset, and its NetCDF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calcikin.assays import radii
from calcikin.errors import OutputError
from calcikin.files import replacing

if TYPE_CHECKING:
    import xarray as xr

    from calcikin.simulate.result import Result

__all__ = ["save", "to_dataset"]


def to_dataset(result: Result) -> xr.Dataset:
    """Label every series of a run; unit and long_name with each (names in NOMENCLATURE.md)."""
    import xarray as xr

    from calcikin.simulate.result import CORES, LABELS

    variables: dict[str, tuple[np.ndarray, str, str]] = {}
    network = result.model.scenario.network
    trace = {"PPi", "ATP", "ADP", "AMP"}
    for state in network.states:
        if state.component is not None and state.component != "H":
            factor, unit = (1e6, "umol/L") if state.name in trace else (1e3, "mmol/L")
            variables[state.name] = (result.state(state.name) * factor, unit, state.title)
    for name, values in result.phases.items():
        variables[name] = (values * 1e3, "mmol/L", f"Ca in {name}")
    for population in network.populations:
        label = LABELS.get(population.name, population.name)
        core = result.core_radius(population.name)
        variables[f"number_{label}"] = (
            result.number(population.name),
            "1/L",
            f"cores of {population.title}",
        )
        variables[f"radius_{label}"] = (core * 1e9, "nm", f"mean core radius of {label}")
        if population.name in ("cpp1", "cpp2"):
            variables[f"rh_{label}"] = (
                radii.hydrodynamic_radius(core, CORES[population.name]) * 1e9,
                "nm",
                f"hydrodynamic radius of {label}",
            )
    variables["pH"] = (result.ph, "1", "pH")
    for phase in result.model.scenario.constants.phases:
        note = " (per Ca5)" if phase == "HAP" else ""
        variables[f"SI_{phase}"] = (
            result.saturation_index(phase),
            "1",
            f"saturation index of {phase}{note}",
        )
    variables["crystalline_fraction"] = (
        result.crystalline_fraction,
        "1",
        "crystalline share of solid Ca",
    )
    variables["nephelometry"] = (result.light, "arbitrary units", "scattered light")
    for name, values in result.mg_ca.items():
        variables[f"mg_ca_{name}"] = (values, "mol/mol", f"Mg/Ca, {name}")
    for pool in ("fet.free", "fet.cpp1", "fet.cpp2"):
        if pool in network.state_names:
            key = "fetuin_" + pool.split(".")[1]
            variables[key] = (result.state(pool) * 1e6, "umol/L", f"fetuin-A, {pool}")
    for k, process in enumerate(network.process_names):
        unit = "mmol/L/h"
        variables[f"flux_{process}"] = (result.v[:, k] * 3.6e6, unit, f"rate of {process}")
    data = {
        name: ("time", np.asarray(values), {"units": unit, "long_name": title})
        for name, (values, unit, title) in variables.items()
    }
    time = ("time", result.t / 60.0, {"units": "min", "long_name": "time"})
    attrs = {
        "status": result.status.word,
        "reason": result.reason,
        "balance_error": result.balance_error,
        "t50_min": result.t50(),
        "t50_crystalline_min": result.t50_crystalline(),
        "t50_status": result.transition.status,
        "provenance": json.dumps(result.provenance()),
    }
    return xr.Dataset(data, coords={"time": time}, attrs=attrs)


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write a Dataset as NetCDF, whole or not at all.

    Parameters
    ----------
    dataset : Dataset
        Such as `Result.dataset`.
    path : str or Path
        Ends in ``.nc``; its folder exists.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        When the folder does not exist or cannot be written, or the name does not end in ``.nc``.
    """
    target = Path(path)
    if target.suffix != ".nc":
        raise OutputError(
            f"cannot write {target.name!r}", where=str(target), hint="give a name that ends in .nc"
        )
    with replacing(target) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")
    return target
