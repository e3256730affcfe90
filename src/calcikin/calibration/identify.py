"""How well the data determine what is fitted: covariance, correlations, sloppy directions.

Around the optimum the residuals are linear, so that with F = J'J of the data and priors of standard
deviation 1 (in z) the covariance is C = (F + 1)^-1. An eigenvalue of F below 1 means that the data
say less about that direction than the prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.calibration.fit import Fit
from calcikin.calibration.objective import CAP, Objective
from calcikin.calibration.records import Fitted

__all__ = ["Direction", "Evidence", "evidence", "report"]

Array = npt.NDArray[np.float64]
#: A parameter counts as determined when the data have at least halved what the prior leaves open.
DETERMINED = 0.5
#: Parts of a direction that are named.
NAMED = 0.3
Z95 = 1.959964


@dataclass(frozen=True)
class Direction:
    """A combination of parameters, and how much the data say about it.

    Attributes
    ----------
    information : float
        Eigenvalue of F [1]; below 1 the prior says more.
    parts : dict of str to float
        Name -> component of the unit vector, in z; those that count, largest first.
    """

    information: float
    parts: dict[str, float]

    @property
    def sloppy(self) -> bool:
        """Whether the data say less than the prior."""
        return self.information < 1.0


@dataclass(frozen=True)
class Evidence:
    """What a fit leaves open.

    Attributes
    ----------
    names : tuple of str
    z : ndarray, shape (n,)
    covariance : ndarray, shape (n, n), of z
    directions : tuple of Direction, the sloppiest first
    """

    names: tuple[str, ...]
    z: Array
    covariance: Array
    directions: tuple[Direction, ...]

    @property
    def sd(self) -> Array:
        """Standard deviations of z, shape (n,): 1 where the data say nothing."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> Array:
        """Correlation matrix, shape (n, n)."""
        return np.asarray(self.covariance / np.outer(self.sd, self.sd))

    def determined(self, name: str) -> bool:
        """Whether the data have at least halved what the prior leaves open."""
        return bool(self.sd[self.names.index(name)] <= DETERMINED)

    def interval(self, fitted: Fitted) -> tuple[float, float]:
        """95 % interval of a parameter [its unit], within its bounds."""
        k = self.names.index(fitted.name)
        ends = [self.z[k] + side * Z95 * self.sd[k] for side in (-1.0, 1.0)]
        low, high = np.clip(
            [fitted.prior + fitted.prior_sd * e for e in ends], fitted.low, fitted.high
        )
        return float(fitted.value(low)), float(fitted.value(high))


def evidence(objective: Objective, z: Array, jacobian: Array) -> Evidence:
    """Covariance and directions at a point.

    Parameters
    ----------
    objective : Objective
    z : ndarray, shape (n,)
    jacobian : ndarray, shape (k + n, n)
        Data first, then priors.

    Returns
    -------
    Evidence
    """
    k, n = len(objective.datasets), objective.size
    fisher = jacobian[:k].T @ jacobian[:k]
    covariance = np.linalg.inv(fisher + np.eye(n))
    values, vectors = np.linalg.eigh(fisher)
    directions = []
    for value, vector in zip(values, vectors.T, strict=True):
        order = np.argsort(-np.abs(vector))
        sign = 1.0 if vector[order[0]] > 0.0 else -1.0
        parts = {
            objective.names[j]: float(sign * vector[j]) for j in order if abs(vector[j]) >= NAMED
        }
        directions.append(Direction(max(float(value), 0.0), parts))
    return Evidence(objective.names, z, 0.5 * (covariance + covariance.T), tuple(directions))


def report(fit: Fit) -> dict[str, Any]:
    """Everything about a fit, as plain data.

    Returns
    -------
    dict
        ``cost``, ``chi2`` (of the data), ``parameters`` (value, unit, interval, whether
        determined), ``scales``, ``datasets`` (predicted, measured, residual), ``covariance`` and
        ``correlation`` of z, ``directions``, ``ends`` (cost and values of every search).
    """
    objective, calibration = fit.objective, fit.objective.calibration
    found = evidence(objective, fit.z, fit.jacobian)
    k = len(objective.datasets)
    predicted = objective.predictions(fit.z[None])[0]
    shipped = objective.shipped
    parameters = {}
    for j, f in enumerate(calibration.fitted):
        low, high = found.interval(f)
        parameters[f.name] = {
            "value": f.written(f.prior + f.prior_sd * fit.z[j]),
            "unit": f.unit,
            "low": low,
            "high": high,
            "sets": list(f.sets),
            "determined": found.determined(f.name),
            "sd_over_prior": float(found.sd[j]),
            "started_at": float(f.value(f.prior + f.prior_sd * shipped[j])),
            "moved_sd": float((fit.z[j] - shipped[j]) / found.sd[j]),
            "prior": float(f.value(f.prior)),
            "prior_source": f.source,
        }
    return {
        "calibration": calibration.name,
        "sha256": calibration.sha256,
        "seed": fit.seed,
        "iterations": fit.iterations,
        "cost": float(0.5 * np.sum(fit.residuals**2)),
        "cost_before": fit.start_cost,
        "chi2": float(np.sum(fit.residuals[:k] ** 2)),
        "data": k,
        "cap": CAP,
        "parameters": parameters,
        "scales": {
            s.name: float(np.exp(s.sd * fit.z[objective.names.index(s.name)]))
            for s in calibration.scales
        },
        "datasets": [
            {
                "row": d.row.id,
                "asked": d.error.said if d.error else "",
                "predicted": float(p),
                "unit": d.row.unit,
                "residual": float(r),
                "why": d.error.why if d.error else "",
            }
            for d, p, r in zip(objective.datasets, predicted, fit.residuals[:k], strict=True)
        ],
        "names": list(objective.names),
        "z": fit.z.tolist(),
        "covariance": found.covariance.tolist(),
        "correlation": found.correlation.tolist(),
        "directions": [
            {"information": d.information, "sloppy": d.sloppy, "parts": d.parts}
            for d in found.directions
        ],
        "not_determined": [f.name for f in calibration.fitted if not found.determined(f.name)],
        "ends": [
            {"cost": float(c), "converged": bool(done), "z": end.tolist()}
            for c, done, end in zip(fit.costs, fit.converged, fit.ends, strict=True)
        ],
    }
