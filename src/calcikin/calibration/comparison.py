"""Variants of a calibration side by side, by information criteria on the same data.

With n data of known errors, k fitted numbers and chi2 the sum of squares of the data alone,

    AIC  = chi2 + 2 k                                   Akaike 1974, 10.1109/TAC.1974.1100705
    AICc = AIC + 2 k (k + 1) / (n - k - 1)              Hurvich & Tsai 1989, 10.1093/biomet/76.2.297
    BIC  = chi2 + k ln n                                Schwarz 1978, 10.1214/aos/1176344136

up to one constant for all. They count every fitted number alike, though one that the data leave to
its prior costs nothing. The evidence counts what each costs: in Laplace's approximation, with F the
information of the data in units of the priors,

    ln Z = -(chi2 + |z|^2)/2 - ln det(F + 1)/2                                           (1)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcikin.calibration.fit import Fit, fit
from calcikin.calibration.records import Calibration
from calcikin.calibration.variants import with_variant
from calcikin.errors import InputError

__all__ = ["Compared", "compare", "comparison_report", "criteria"]


@dataclass(frozen=True)
class Compared:
    """A variant, fitted.

    Attributes
    ----------
    name, title : str
    fit : Fit
    chi2 : float, of the data
    priors : float, sum of squares of the priors
    data, free : int, n and k
    aic, aicc, bic : float
        `aicc` is infinite with too few data for so many fitted numbers.
    evidence : float, ln Z up to a constant
    """

    name: str
    title: str
    fit: Fit
    chi2: float
    priors: float
    data: int
    free: int
    aic: float
    aicc: float
    bic: float
    evidence: float


def criteria(chi2: float, data: int, free: int) -> tuple[float, float, float]:
    """AIC, AICc and BIC from the sum of squares of data with known errors.

    Parameters
    ----------
    chi2 : float
    data, free : int

    Returns
    -------
    tuple of float
    """
    aic = chi2 + 2.0 * free
    left = data - free - 1
    corrected = aic + 2.0 * free * (free + 1) / left if left > 0 else math.inf
    return aic, corrected, chi2 + free * math.log(data)


def compare(
    calibration: Calibration,
    names: Sequence[str] | None = None,
    *,
    starts: int = 6,
    screen: int = 64,
    iterations: int = 60,
    seed: int | None = None,
    state: str | Path | None = None,
    progress: bool | None = None,
    done: Fit | None = None,
) -> tuple[Compared, ...]:
    """Fit variants to the same data.

    Parameters
    ----------
    calibration : Calibration
    names : sequence of str, optional
        All variants of the file by default.
    starts, screen, iterations, seed, progress
        Of each fit, see `calcikin.calibration.fit`.
    state : str or Path, optional
        Kept after every iteration as FILE-VARIANT.json, so that a comparison that was cut goes on.
    done : Fit, optional
        Of the calibration itself: taken for a variant that changes nothing.

    Returns
    -------
    tuple of Compared
        In the order of the file.

    Raises
    ------
    InputError
        When there is nothing to compare.
    """
    chosen = [v.name for v in calibration.variants] if names is None else list(names)
    if not chosen:
        raise InputError(
            "no variants are declared", where=str(calibration.path), hint="[[variant]] tables"
        )
    fits = {}
    known = {v.name: v for v in calibration.variants}
    for name in chosen:
        if done is not None and name in known and known[name].same:
            fits[name] = done
            continue
        kept = None
        if state is not None:
            path = Path(state)
            kept = path.with_name(f"{path.stem}-{name}{path.suffix}")
        fits[name] = fit(
            with_variant(calibration, name),
            starts=starts,
            screen=screen,
            iterations=iterations,
            seed=seed,
            state=kept,
            progress=progress,
        )
    return tuple(_compared(name, known[name].title, found) for name, found in fits.items())


def _compared(name: str, title: str, found: Fit) -> Compared:
    k, n = len(found.objective.datasets), found.z.size
    chi2, priors = (float(np.sum(part**2)) for part in np.split(found.residuals, [k]))
    slopes = found.jacobian[:k]
    _, volume = np.linalg.slogdet(slopes.T @ slopes + np.eye(n))
    aic, aicc, bic = criteria(chi2, k, n)
    evidence = -0.5 * (chi2 + priors + float(volume))
    return Compared(name, title, found, chi2, priors, k, n, aic, aicc, bic, evidence)


def comparison_report(compared: Sequence[Compared]) -> dict[str, Any]:
    """A comparison as plain data.

    Returns
    -------
    dict
        ``data`` (n), and ``variants``: of each the criteria, each criterion less the smallest
        (``delta_aic`` ...), ``weight`` (of Akaike), what is fitted, and every fitted row.
    """
    least = {c: min(getattr(one, c) for one in compared) for c in ("aic", "aicc", "bic")}
    most = max(one.evidence for one in compared)
    weights = np.exp([-0.5 * (one.aic - least["aic"]) for one in compared])
    out = []
    for one, weight in zip(compared, weights / weights.sum(), strict=True):
        target = one.fit.objective
        k = len(target.datasets)
        predicted = target.predictions(one.fit.z[None])[0]
        out.append(
            {
                "name": one.name,
                "title": one.title,
                "chi2": one.chi2,
                "priors": one.priors,
                "free": one.free,
                **{c: _number(getattr(one, c)) for c in least},
                **{f"delta_{c}": _number(getattr(one, c) - least[c]) for c in least},
                "weight": float(weight),
                "ln_evidence": one.evidence,
                "delta_ln_evidence": one.evidence - most,
                "converged": int(one.fit.converged.sum()),
                "searches": int(one.fit.converged.size),
                "parameters": {
                    f.name: float(f.value(f.prior + f.prior_sd * z))
                    for f, z in zip(target.calibration.fitted, one.fit.z, strict=False)
                },
                "datasets": {
                    d.row.id: {"predicted": _number(float(p)), "residual": float(r)}
                    for d, p, r in zip(
                        target.datasets, predicted, one.fit.residuals[:k], strict=True
                    )
                },
            }
        )
    return {"data": compared[0].data, "variants": out}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
