"""What a fit leaves open, as a normal distribution beside its parameter file, and draws from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.calibration.fit import Fit
from calcikin.calibration.identify import Evidence
from calcikin.errors import InputError
from calcikin.files import replacing
from calcikin.model.parameters import ParameterSet

__all__ = ["Posterior", "load_posterior", "posterior_of", "posterior_path", "write_posterior"]

Array = npt.NDArray[np.float64]
#: The parameter file and the posterior must agree in every fitted value to this [1]; the values of
#: the file may be rounded to five digits.
SAME = 1e-4


@dataclass(frozen=True)
class Posterior:
    """A normal distribution of fitted parameters, cut at their bounds.

    Attributes
    ----------
    calibration : str
    names : tuple of str
    sets : tuple of tuple of str, parameters that each sets
    log10 : tuple of bool, whether x is log10 of the value
    x : ndarray, shape (n,)
    covariance : ndarray, shape (n, n), of x
    low, high : ndarray, shape (n,), bounds of x
    samples : ndarray, shape (count, n), of x
        Draws corrected for curvature, see `calcikin.calibration.sampling`; may be none.
    """

    calibration: str
    names: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    log10: tuple[bool, ...]
    x: Array
    covariance: Array
    low: Array
    high: Array
    samples: Array

    def draw(self, count: int, seed: int) -> dict[str, Array]:
        """Draws of the parameters.

        Parameters
        ----------
        count : int
        seed : int
            The same seed gives the same draws.

        Returns
        -------
        dict of str to ndarray, shape (count,)
            Parameter -> values in its unit, within its bounds: the first of those that were kept
            where there are enough, else of the normal distribution.

        Raises
        ------
        InputError
            When hardly any draw lies within the bounds.
        """
        if 0 < count <= self.samples.shape[0]:
            return self._parameters(self.samples[:count])
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        source = np.random.default_rng(seed)
        kept: list[Array] = []
        for _ in range(1000):
            x = self.x + source.standard_normal((count, self.x.size)) @ root.T
            inside = np.all((x >= self.low) & (x <= self.high), axis=1)
            kept.extend(x[inside])
            if len(kept) >= count:
                break
        else:
            raise InputError("hardly any draw lies within the bounds", where=self.calibration)
        return self._parameters(np.array(kept[:count]))

    def _parameters(self, x: Array) -> dict[str, Array]:
        return {
            name: 10.0 ** x[:, j] if self.log10[j] else x[:, j]
            for j, names in enumerate(self.sets)
            for name in names
        }

    def check(self, parameters: ParameterSet) -> None:
        """Refuse a parameter set that has changed since.

        Raises
        ------
        InputError
        """
        for name, value in self._parameters(self.x[None]).items():
            own = parameters.get(name).value
            if not math.isclose(own, float(value[0]), rel_tol=SAME):
                raise InputError(
                    f"{name} is {own:g} in the parameter file and {float(value[0]):g} in its "
                    "posterior",
                    where=str(posterior_path(parameters)),
                    hint="calcikin fit --no-search makes the posterior of a parameter file anew",
                )

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "calibration": self.calibration,
            "parameters": [
                {
                    "name": name,
                    "sets": list(self.sets[j]),
                    "on": "log10" if self.log10[j] else "value",
                    "x": float(self.x[j]),
                    "low": float(self.low[j]),
                    "high": float(self.high[j]),
                }
                for j, name in enumerate(self.names)
            ],
            "covariance": self.covariance.tolist(),
            "draws": [[float(f"{x:.8g}") for x in row] for row in self.samples],
        }


def posterior_of(fit: Fit, found: Evidence, draws: Array | None = None) -> Posterior:
    """The posterior of a fit, factors between centres left out (they are not the model's).

    Parameters
    ----------
    fit : Fit
    found : Evidence
    draws : ndarray, shape (count, n), optional
        Of z, see `calcikin.calibration.sampling`.

    Returns
    -------
    Posterior
    """
    fitted = fit.objective.calibration.fitted
    n = len(fitted)
    sd = np.array([f.prior_sd for f in fitted])
    prior = np.array([f.prior for f in fitted])
    samples = np.zeros((0, n)) if draws is None else prior + sd * draws[:, :n]
    return Posterior(
        fit.objective.calibration.name,
        tuple(f.name for f in fitted),
        tuple(f.sets for f in fitted),
        tuple(f.log10 for f in fitted),
        prior + sd * fit.z[:n],
        found.covariance[:n, :n] * np.outer(sd, sd),
        np.array([f.low for f in fitted]),
        np.array([f.high for f in fitted]),
        samples,
    )


def posterior_path(parameters: ParameterSet) -> Path:
    """Where the posterior of a parameter set lies: beside its file."""
    return parameters.path.with_suffix(".posterior.json")


def write_posterior(posterior: Posterior, path: str | Path) -> Path:
    """Write a posterior as JSON, whole or not at all.

    Raises
    ------
    OutputError
    """
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_text(json.dumps(posterior.to_dict(), indent=1) + "\n", encoding="utf-8")
    return target


def load_posterior(parameters: ParameterSet) -> Posterior:
    """The posterior that lies beside a parameter file.

    Raises
    ------
    InputError
        When there is none, it cannot be read, or the parameters have changed since.
    """
    path = posterior_path(parameters)
    hint = "calcikin fit --no-search makes one for a parameter file"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        posterior = _read(content)
    except OSError as error:
        raise InputError(
            f"parameter set {parameters.name!r} has no posterior", where=str(path), hint=hint
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"this is no posterior ({type(error).__name__}: {error})", where=str(path), hint=hint
        ) from error
    posterior.check(parameters)
    return posterior


def _read(content: Mapping[str, Any]) -> Posterior:
    entries = content["parameters"]
    covariance = np.array(content["covariance"], dtype=float)
    if covariance.shape != (len(entries), len(entries)) or not np.all(np.isfinite(covariance)):
        raise ValueError(f"a covariance of shape {covariance.shape}")
    return Posterior(
        str(content["calibration"]),
        tuple(str(e["name"]) for e in entries),
        tuple(tuple(e["sets"]) for e in entries),
        tuple(e["on"] == "log10" for e in entries),
        np.array([float(e["x"]) for e in entries]),
        covariance,
        np.array([float(e["low"]) for e in entries]),
        np.array([float(e["high"]) for e in entries]),
        np.array(content.get("draws", []), dtype=float).reshape(-1, len(entries)),
    )
