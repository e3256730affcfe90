"""Fitting: least squares from many starts, with a state file from which a cut fit goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, qmc

from calcikin import __version__
from calcikin.calibration.descent import State, begin, descend
from calcikin.calibration.jacobian import residual_jacobian
from calcikin.calibration.objective import Objective
from calcikin.calibration.records import Calibration
from calcikin.errors import InputError, OutOfRangeError
from calcikin.files import replacing

__all__ = ["Fit", "bar_of", "design", "fit"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Where the searches have ended.

    Attributes
    ----------
    objective : Objective
    z : ndarray, shape (n,)
        The best; parameters as a file holds them (8 digits).
    residuals : ndarray, shape (k + n,), there
    jacobian : ndarray, shape (k + n, n), there
    ends : ndarray, shape (m, n), of every search
    costs : ndarray, shape (m,), half of the sum of squares at each end
    converged : ndarray of bool, shape (m,)
        Whether it came to rest, or was given up far behind the best.
    start_cost : float
        Cost of the shipped parameters, factors between centres fitted.
    iterations : int
    seed : int
    """

    objective: Objective
    z: Array
    residuals: Array
    jacobian: Array
    ends: Array
    costs: Array
    converged: npt.NDArray[np.bool_]
    start_cost: float
    iterations: int
    seed: int


def design(objective: Objective, count: int, seed: int) -> Array:
    """Starts spread over the prior: Sobol points (scrambled with `seed`) as quantiles of it.

    Parameters
    ----------
    objective : Objective
    count : int
    seed : int

    Returns
    -------
    ndarray, shape (count, n)
        In z, within the bounds; factors between centres start at 1.
    """
    n = len(objective.calibration.fitted)
    power = max(count - 1, 1).bit_length()
    points = qmc.Sobol(n, rng=np.random.default_rng(seed)).random_base2(power)[:count]
    z = np.zeros((count, objective.size))
    low, high = objective.bounds
    # quantiles of the prior cut to its bounds
    below, above = norm.cdf(low[:n]), norm.cdf(high[:n])
    z[:, :n] = norm.ppf(below + (above - below) * np.clip(points, 1e-9, 1.0 - 1e-9))
    return np.clip(z, low, high)


def fit(
    calibration: Calibration,
    *,
    starts: int = 8,
    screen: int = 64,
    iterations: int = 60,
    seed: int | None = None,
    state: str | Path | None = None,
    progress: bool | None = None,
    objective: Objective | None = None,
) -> Fit:
    """Fit a calibration.

    The shipped parameters are the first start; the others are the best of `screen` points that are
    spread over the prior. All go on together, so that their runs make few large batches. A failed
    run counts as a residual of `CAP` standard deviations and stops nothing; a search that stays far
    behind the best is given up.

    Parameters
    ----------
    calibration : Calibration
    starts : int
        Searches. With 0 nothing is searched: the shipped parameters are taken as they are, and only
        the factors between centres are fitted.
    screen : int
        Points that the starts are chosen from.
    iterations : int
        At most, of each search.
    seed : int, optional
        That of the calibration file by default. The same seed gives the same result.
    state : str or Path, optional
        File that is written after every iteration, and from which a cut fit goes on.
    progress : bool, optional
        Whether to show a bar on stderr; by default when it is a terminal.
    objective : Objective, optional
        Instead of that of the calibration, with other solvers for example.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        When there is nothing to fit, or the state file is of another fit.
    OutputError
        When the state file cannot be written.
    """
    target = objective or Objective(calibration)
    if not calibration.fitted or not target.datasets:
        raise InputError("there is nothing to fit", where=str(calibration.path))
    if starts < 0 or iterations < 1 or screen < 1:
        raise OutOfRangeError("starts from 0, screen and iterations from 1", where="fit")
    chosen = calibration.seed if seed is None else seed
    journal = _Journal(state, _key(target, starts, screen, chosen))

    def residuals(z: Array) -> Array:
        return target.residuals(z)[0]

    def jacobian(z: Array, guide: Array | None) -> Array:
        return residual_jacobian(target, z, guide)

    with bar_of(progress, iterations, calibration.name) as bar:
        kept = journal.state
        if kept is None:
            kept = begin(residuals, _starts(target, starts, screen, chosen, bar))
        free = np.ones_like(kept.z, dtype=bool)
        if starts == 0:
            free[:, : len(calibration.fitted)] = False
        first = journal.first
        if first is None:
            first = _cost_of_shipped(target)
            journal.first = first

        def watch(now: State) -> None:
            journal.keep(now)
            bar.n = now.iteration
            bar.set_postfix(cost=f"{now.cost.min():.4g}", running=int(now.running.sum()))

        end = descend(
            residuals,
            jacobian,
            kept.z,
            target.bounds,
            iterations=iterations,
            free=free,
            state=kept,
            watch=watch,
            rivals=True,
        )
        best = int(np.argmin(end.cost))
        guide = end.guide[best : best + 1]
        rest = _at_rest(target, end.z[best], residuals, jacobian)
        slopes = jacobian(rest.z, None if np.isnan(guide).any() else guide)[0]
    return Fit(
        target,
        rest.z[0],
        rest.residuals[0],
        slopes,
        end.z,
        end.cost,
        ~end.running,
        first,
        end.iteration,
        chosen,
    )


def _starts(target: Objective, starts: int, screen: int, seed: int, bar: Any) -> Array:
    """The shipped parameters, and the best of the points that are spread over the prior."""
    shipped = _with_scales(target, target.shipped)[None]
    if starts <= 1:
        return shipped
    points = design(target, max(screen, starts - 1), seed)
    bar.set_postfix(screening=points.shape[0])
    cost = np.sum(target.residuals(points)[0] ** 2, axis=1)
    order = np.argsort(cost, kind="stable")[: starts - 1]
    return np.concatenate([shipped, points[order]])


def _at_rest(
    target: Objective,
    z: Array,
    residuals: Callable[[Array], Array],
    jacobian: Callable[[Array, Array | None], Array],
) -> State:
    """Parameters as a file holds them, and the factors between centres at their best there.

    It depends on the parameters alone, so that a fit without a search of the file that a fit has
    written ends at the same bits.
    """
    calibration, low, high = target.calibration, *target.bounds
    own = np.zeros_like(z)
    for j, f in enumerate(calibration.fitted):
        own[j] = (f.x(f.written(f.prior + f.prior_sd * z[j])) - f.prior) / f.prior_sd
    start = _with_scales(target, np.clip(own, low, high))[None]
    if not calibration.scales:
        return begin(residuals, start)
    free = np.ones_like(start, dtype=bool)
    free[:, : len(calibration.fitted)] = False
    return descend(residuals, jacobian, start, target.bounds, iterations=3, free=free)


def _with_scales(target: Objective, at: Array) -> Array:
    """Z with each factor between centres at its own best."""
    z = at.copy()
    p = len(target.calibration.fitted)
    if z.size == p:
        return z
    z[p:] = 0.0
    residuals = target.residuals(z[None])[0][0]
    for j, dataset in enumerate(target.datasets):
        error = dataset.error
        if error is not None and error.scale:
            column = target.names.index(error.scale)
            # (r + a z)^2 + z^2 is least at z = -a r/(1 + a^2)
            slope = target.scale_sd(error.scale) / error.sd
            z[column] = -slope * residuals[j] / (1.0 + slope**2)
    return z


def _cost_of_shipped(target: Objective) -> float:
    return float(0.5 * np.sum(target.residuals(_with_scales(target, target.shipped)[None])[0] ** 2))


def bar_of(progress: bool | None, iterations: int, title: str) -> Any:
    """A bar of iterations on stderr; by default when it is a terminal."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    return tqdm(
        total=iterations,
        desc=title,
        unit="iteration",
        file=sys.stderr,
        disable=not shown,
        dynamic_ncols=True,
    )


def _key(target: Objective, starts: int, screen: int, seed: int) -> str:
    """Hash of all that decides where a search goes."""
    from calcikin.calibration.points import model_named

    models = {d.point.model for s in target.datasets for d in s.demands}
    parts = [
        __version__,
        target.calibration.sha256,
        *sorted(model_named(m).scenario.sha256 for m in models),
        *map(str, (target.solvers, starts, screen, seed)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Journal:
    """The state file: whole or not at all, and only for the fit that it is of."""

    def __init__(self, path: str | Path | None, key: str) -> None:
        self.path = None if path is None else Path(path)
        self.key = key
        self.state: State | None = None
        self.first: float | None = None
        if self.path is None or not self.path.exists():
            return
        hint = "give another name, or remove it to start anew"
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            key_there = content["key"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"this is no state of a fit: {error}", where=str(self.path), hint=hint
            ) from error
        if key_there != key:
            raise InputError(
                "the state file is of another fit: its calibration, data, models, starts, seed or "
                "version differ",
                where=str(self.path),
                hint=hint,
            )
        self.state = State.from_dict(content["state"])
        self.first = float(content["first"])

    def keep(self, state: State) -> None:
        """Write the state."""
        self.state = state
        if self.path is None:
            return
        content = {"key": self.key, "first": self.first, "state": state.to_dict()}
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(content), encoding="utf-8")
