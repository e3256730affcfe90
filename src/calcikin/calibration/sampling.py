"""Draws of what a fit leaves open: corrected for curvature, or by Markov chain (emcee).

A normal distribution around the optimum leaves the curved valley of the data: along the line on
which acp_gamma and acp_nucleation_rate compensate one another T50 would drift by many minutes. Each
draw z0 is therefore carried to where the *real* residuals, seen from the data, are what the linear
model says there (randomize-then-optimize; Bardsley, Solonen, Haario, Laine 2014, SIAM J Sci Comput
36:A1895, 10.1137/140964023),

    J' r(z) = J' v,   v = r* + J (z0 - z*)                                                (1)

which is solved by Broyden's method (1965), begun with the inverse of J'J, the priors in J: each
draw learns the curvature from its own steps, at no further run.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.calibration.fit import Fit
from calcikin.calibration.identify import Evidence
from calcikin.errors import OutOfRangeError
from calcikin.extras import library

__all__ = ["corrected_draws", "markov_draws"]

Array = npt.NDArray[np.float64]
#: Longest step in standard deviations of each direction (assumed): farther from the optimum its
#: derivatives say nothing.
LONGEST = 3.0
#: ... or this far in standard deviations of the priors, where the data know a direction so well
#: that the curved valley is many of its standard deviations away.
SHORT = 0.1
#: So many steps go along the stiffest direction alone, by the secant: T50 is known to 0.7 min, and
#: along the valley a straight line leaves it by tens of them.
STIFF = 6
#: A draw is where it should be when equation (1) is met to this, in standard deviations: 5 % of the
#: spread that it stands for.
CLOSE = 0.05
#: Draws farther off than this are replaced by others, as long as there are others: twice as many
#: are made as are asked for, and with the shipped calibration a third is there after 16 steps.
ACCEPTED = 0.3


def corrected_draws(
    fit: Fit, found: Evidence, count: int, seed: int = 0, *, steps: int = 10
) -> tuple[Array, Array]:
    """Draws that follow the curved valley.

    Parameters
    ----------
    fit : Fit
    found : Evidence
    count : int
    seed : int
    steps : int
        At most, besides `STIFF`; each costs one evaluation of all fitted datasets per draw that is
        not yet `CLOSE`, in one batch.

    Returns
    -------
    z : ndarray, shape (count, n)
        Within the bounds; the best of each draw's steps.
    off : ndarray, shape (count,)
        How far equation (1) still is from being met, in standard deviations.
    """
    if count < 1 or steps < 1:
        raise OutOfRangeError(f"{count} draws in {steps} steps", where="fit", hint="1 or more")
    objective, n = fit.objective, fit.z.size
    low, high = objective.bounds
    values, vectors = np.linalg.eigh(found.covariance)
    sizes = np.sqrt(np.maximum(values, 1e-300))
    out = vectors * sizes  # directions of one standard deviation each -> z
    back = (vectors / sizes).T  # z -> those directions
    stiff = int(np.argmin(sizes))
    made = 2 * count
    normal = _within(np.random.default_rng(seed), made, fit.z, out, (low, high))
    wanted = fit.residuals + normal @ (fit.jacobian @ out).T
    z = np.clip(fit.z + normal @ out.T, low, high)
    best, off = z.copy(), np.full(made, np.inf)
    inverse = np.broadcast_to(np.eye(n), (made, n, n)).copy()  # of dF/dw, w = back z
    before: tuple[Array, Array] | None = None
    active = np.arange(made)
    for step in range(STIFF + steps + 1):
        residuals, lost = objective.residuals(z[active])
        # F = out' J' (r - v): at the optimum dF/dw is the unit matrix
        f = (residuals - wanted[active]) @ fit.jacobian @ out
        size = np.where(lost.any(axis=1), np.inf, np.abs(f).max(axis=1))
        w = z[active] @ back.T
        if before is not None and step <= STIFF:
            across = (w - before[0][active])[:, stiff]
            along = (f - before[1][active])[:, stiff]
            known = np.abs(along) > 1e-8
            inverse[active[known], stiff, stiff] = np.clip(across[known] / along[known], 0.05, 20.0)
        elif before is not None:
            _learn(inverse, active, w - before[0][active], f - before[1][active])
        better = size < off[active]
        best[active[better]], off[active[better]] = z[active[better]], size[better]
        keep = size > CLOSE
        active, w, f = active[keep], w[keep], f[keep]
        if step == STIFF + steps or active.size == 0:
            break
        move = -np.einsum("kij,kj->ki", inverse[active], f)
        if step < STIFF:
            move = np.where(np.arange(n) == stiff, -f * inverse[active][:, stiff, stiff, None], 0.0)
        share = (np.abs(move) / np.maximum(LONGEST, SHORT / sizes)).max(axis=1)
        move /= np.maximum(1.0, share)[:, None]
        last_w, last_f = np.zeros((made, n)), np.zeros((made, n))
        last_w[active], last_f[active] = w, f
        before = (last_w, last_f)
        z[active] = np.clip((w + move) @ out.T, low, high)
    # those that are where they should be, in the order in which they were drawn, then the others
    order = np.argsort(np.where(off <= ACCEPTED, 0.0, off), kind="stable")[:count]
    return best[order], off[order]


def _within(
    source: np.random.Generator, count: int, z: Array, out: Array, bounds: tuple[Array, Array]
) -> Array:
    """Normal numbers whose point z + out w lies within the bounds, shape (count, n)."""
    kept = np.zeros((0, z.size))
    for _ in range(1000):
        w = source.standard_normal((2 * count, z.size))
        x = z + w @ out.T
        kept = np.concatenate([kept, w[np.all((x >= bounds[0]) & (x <= bounds[1]), axis=1)]])
        if kept.shape[0] >= count:
            return kept[:count]
    raise OutOfRangeError("hardly any draw lies within the bounds", where="fit")


def _learn(inverse: Array, active: npt.NDArray[np.intp], dw: Array, df: Array) -> None:
    """Broyden's update of the inverse, so that it leads from each change of F to that of w."""
    for k, x, y in zip(active, dw, df, strict=True):
        moved = inverse[k] @ y
        weight = float(x @ moved)
        if abs(weight) > 1e-8 * float(x @ x) and np.isfinite(weight):
            inverse[k] += np.outer(x - moved, x @ inverse[k]) / weight


def markov_draws(
    fit: Fit,
    found: Evidence,
    *,
    walkers: int = 32,
    steps: int = 500,
    seed: int = 0,
    progress: bool | None = None,
) -> tuple[Array, dict[str, float]]:
    """Draws from the posterior itself, by the affine-invariant sampler of emcee.

    Parameters
    ----------
    fit : Fit
    found : Evidence
        Where the walkers start.
    walkers : int
        At least twice the number of fitted numbers.
    steps : int
        Of each walker; the first half is left out.
    seed : int
    progress : bool, optional

    Returns
    -------
    z : ndarray, shape (walkers * ceil(steps / 2), n)
    facts : dict
        ``acceptance`` [1] and ``autocorrelation`` [steps], of the slowest coordinate; NaN where the
        chain is too short to tell.

    Raises
    ------
    InputError
        When emcee is not installed.
    """
    emcee = library("emcee", "mcmc", "a Markov chain")
    objective, n = fit.objective, fit.z.size
    low, high = objective.bounds

    def log_probability(z: Array) -> Array:
        inside = np.all((z >= low) & (z <= high), axis=1)
        out = np.full(z.shape[0], -np.inf)
        if inside.any():
            out[inside] = -0.5 * np.sum(objective.residuals(z[inside])[0] ** 2, axis=1)
        return out

    source = np.random.default_rng(seed)
    start = fit.z + source.multivariate_normal(np.zeros(n), 0.25 * found.covariance, walkers)
    random = np.random.RandomState(seed).get_state()
    sampler: Any = emcee.EnsembleSampler(walkers, n, log_probability, vectorize=True)
    shown = sys.stderr.isatty() if progress is None else progress
    first = emcee.State(np.clip(start, low, high), random_state=random)
    sampler.run_mcmc(first, steps, progress=shown)
    chain = np.asarray(sampler.get_chain(discard=steps // 2, flat=True))
    try:
        times = np.asarray(sampler.get_autocorr_time(tol=0, quiet=True))
        slowest = float(np.max(times)) if np.all(np.isfinite(times)) else float("nan")
    except (ValueError, FloatingPointError):
        slowest = float("nan")
    facts = {
        "acceptance": float(np.mean(sampler.acceptance_fraction)),
        "autocorrelation": slowest,
    }
    return chain, facts
