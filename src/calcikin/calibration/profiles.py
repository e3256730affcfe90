"""Profile likelihoods: how the fit worsens when one number is held and all others are fitted anew.

All points of all profiles are independent searches and go on together, in large batches. A profile
starts at the point that the linear model expects, z* + C_j (d / C_jj), so that few iterations do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from calcikin.calibration.descent import State, begin, descend
from calcikin.calibration.fit import Fit, bar_of
from calcikin.calibration.identify import Evidence
from calcikin.calibration.interpolate import root
from calcikin.calibration.jacobian import residual_jacobian
from calcikin.errors import OutOfRangeError, UnknownNameError

__all__ = ["LEVEL95", "Profile", "profiles"]

Array = npt.NDArray[np.float64]
#: Rise of chi2 that bounds a 95 % interval of one number (chi-squared with one degree of freedom).
LEVEL95 = 3.841459
#: How far a profile looks, in standard deviations of the linear model.
SPAN = 3.0


@dataclass(frozen=True)
class Profile:
    """One number held at several values.

    Attributes
    ----------
    name, unit : str
    log10 : bool
    values : ndarray, shape (k,), of the parameter [unit], rising
    rise : ndarray, shape (k,)
        chi2 with priors, less that of the best fit.
    linear : ndarray, shape (k,)
        The same by the linear model: where they differ the covariance is not to be trusted.
    low, high : float
        95 % interval [unit]; infinite where the profile does not rise that far within its bounds
        and within `SPAN` standard deviations.
    """

    name: str
    unit: str
    log10: bool
    values: Array
    rise: Array
    linear: Array
    low: float
    high: float


def profiles(
    fit: Fit,
    found: Evidence,
    names: Sequence[str] | None = None,
    *,
    points: int = 9,
    iterations: int = 6,
    progress: bool | None = None,
) -> tuple[Profile, ...]:
    """Profiles of some fitted parameters.

    Parameters
    ----------
    fit : Fit
    found : Evidence
    names : sequence of str, optional
        All by default.
    points : int
        Of each profile; odd, so that the best fit is one of them.
    iterations : int
        At most, of each search.
    progress : bool, optional
        Whether to show a bar on stderr; by default when it is a terminal.

    Returns
    -------
    tuple of Profile
    """
    calibration, objective = fit.objective.calibration, fit.objective
    known = [f.name for f in calibration.fitted]
    chosen = known if names is None else list(names)
    for name in chosen:
        if name not in known:
            raise UnknownNameError("fitted parameter", name, known)
    if points < 3:
        raise OutOfRangeError(f"{points} points", where="profiles", hint="3 or more")
    low, high = objective.bounds
    offsets = np.linspace(-SPAN, SPAN, points)
    starts, held, shifts = [], [], []
    for name in chosen:
        j = known.index(name)
        path = found.covariance[:, j] / found.covariance[j, j]
        for d in offsets * found.sd[j]:
            inside = float(np.clip(fit.z[j] + d, low[j], high[j]) - fit.z[j])
            starts.append(np.clip(fit.z + path * inside, low, high))
            held.append(j)
            shifts.append(inside)
    free = np.ones((len(starts), fit.z.size), dtype=bool)
    free[np.arange(len(starts)), held] = False

    def residuals(z: Array) -> Array:
        return objective.residuals(z)[0]

    def jacobian(z: Array, guide: Array | None) -> Array:
        return residual_jacobian(objective, z, guide)

    first: State = begin(residuals, np.array(starts))
    guide = np.broadcast_to(fit.jacobian, first.guide.shape).copy()
    with bar_of(progress, iterations, "profiles") as bar:

        def watch(now: State) -> None:
            bar.n = now.iteration - 1
            bar.set_postfix(points=len(starts), running=int(now.running.sum()))

        end = descend(
            residuals,
            jacobian,
            first.z,
            objective.bounds,
            iterations=iterations + 1,
            free=free,
            # the derivatives of the optimum guide the first differences
            state=replace(first, guide=guide, iteration=1),
            watch=watch,
        )
    base = 0.5 * float(np.sum(fit.residuals**2))
    rises = (2.0 * (end.cost - min(base, float(end.cost.min())))).reshape(len(chosen), points)
    moved = np.array(shifts).reshape(len(chosen), points)
    out = []
    for i, name in enumerate(chosen):
        f = calibration.fitted[known.index(name)]
        j = known.index(name)
        x, keep = np.unique(f.prior + f.prior_sd * (fit.z[j] + moved[i]), return_index=True)
        rise, linear = rises[i][keep], (moved[i][keep] / found.sd[j]) ** 2
        ends = _ends(x, rise, f.prior + f.prior_sd * fit.z[j])
        out.append(
            Profile(
                name,
                f.unit,
                f.log10,
                np.asarray(f.value(x)),
                rise,
                linear,
                -math.inf if math.isnan(ends[0]) else float(f.value(ends[0])),
                math.inf if math.isnan(ends[1]) else float(f.value(ends[1])),
            )
        )
    return tuple(out)


def _ends(x: Array, rise: Array, best: float) -> tuple[float, float]:
    """Where the rise crosses `LEVEL95` on either side; NaN where it does not."""
    curve = PchipInterpolator(x, rise)
    fine = np.unique(np.concatenate([np.linspace(x[0], x[-1], 401), [best]]))
    left, right = fine[fine <= best], fine[fine >= best]
    below = root(-left[::-1], curve(left[::-1]) - LEVEL95) if left.size > 1 else math.nan
    above = root(right, curve(right) - LEVEL95) if right.size > 1 else math.nan
    return -below, above
