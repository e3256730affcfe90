"""The report of a fit that lies beside its calibration file, read again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from calcikin.calibration.identify import Direction, Evidence
from calcikin.calibration.profiles import Profile
from calcikin.calibration.records import Calibration
from calcikin.errors import InputError

__all__ = ["evidence_of", "load_report", "profiles_of", "report_path"]

#: The parameter file and the report must agree in every fitted value to this [1].
SAME = 1e-4


def report_path(calibration: Calibration) -> Path:
    """Where ``calcikin fit --write-parameters`` puts the report: beside the calibration file."""
    return calibration.path.with_suffix(".report.json")


def load_report(calibration: Calibration) -> dict[str, Any]:
    """The report beside a calibration file, with ``stale``: what has changed since.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    dict
        As of `calcikin.calibration.report_of`; ``stale`` lists fitted parameters whose value in the
        parameter file is another one.

    Raises
    ------
    InputError
        When there is none, or it cannot be read.
    """
    path = report_path(calibration)
    hint = "calcikin fit --write-parameters makes one"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names = {f.name: f for f in calibration.fitted}
        stale = []
        for name, entry in content["parameters"].items():
            own = calibration.parameter_set.get(names[name].sets[0]) if name in names else None
            if own is None or not math.isclose(own.value, entry["value"], rel_tol=SAME):
                stale.append(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"there is no report of a fit ({type(error).__name__}: {error})",
            where=str(path),
            hint=hint,
        ) from error
    content["stale"] = stale + [n for n in names if n not in content["parameters"]]
    return content


def evidence_of(report: dict[str, Any]) -> Evidence:
    """What the fit of a report leaves open."""
    return Evidence(
        tuple(report["names"]),
        np.array(report["z"], dtype=float),
        np.array(report["covariance"], dtype=float),
        tuple(Direction(d["information"], dict(d["parts"])) for d in report["directions"]),
    )


def profiles_of(report: dict[str, Any], calibration: Calibration) -> tuple[Profile, ...]:
    """Profile likelihoods of a report; none where it holds none."""
    log10 = {f.name: f.log10 for f in calibration.fitted}
    return tuple(
        Profile(
            name,
            entry["unit"],
            log10.get(name, False),
            np.array(entry["values"], dtype=float),
            np.array(entry["rise"], dtype=float),
            np.array(entry["linear"], dtype=float),
            -math.inf if entry["low"] is None else entry["low"],
            math.inf if entry["high"] is None else entry["high"],
        )
        for name, entry in report.get("profiles", {}).items()
    )
