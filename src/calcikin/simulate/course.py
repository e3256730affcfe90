"""A run with its derivatives in several directions, and the derivatives of what is read from it.

A time (T50) moves along with its readings, see `calcikin.compiler.moved`. What is read at the end
is read from the state moved to first order; what is read where an amount is largest, at the top of
the parabola through its three largest readings, so that it does not step from reading to reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.assays import radii
from calcikin.compiler.moved import moved_times
from calcikin.simulate.directions import Directions
from calcikin.simulate.many import curve_of
from calcikin.simulate.model import Model
from calcikin.simulate.result import AVOGADRO, CORES, LABELS
from calcikin.solvers.ensemble import integrate_directions
from calcikin.solvers.status import Status

__all__ = ["SMOOTH", "Course", "course"]

Array = npt.NDArray[np.float64]
#: Crystalline fraction from which on readings matter to a time; as in the ensemble's kernel.
SEEN = 1e-3
#: Less solid than this is none [mol/L]; as of `Result.crystalline_fraction`.
TRACE = 1e-9
TIMES = ("t50", "t50_crystalline")


@dataclass(frozen=True)
class Course:
    """A trajectory and its derivatives.

    Attributes
    ----------
    model : Model
    t : ndarray, shape (n_times,) [s]
    y : ndarray, shape (n_times, n_states) [mol/L]
    rate : ndarray, shape (n_times, n_states), derivatives by time [mol/L/s]
    dy : ndarray, shape (n, n_times, n_states) [mol/L per unit of each direction]
    volumes : ndarray, shape (n_populations,), molar volumes [L/mol]
    dvolumes : ndarray, shape (n, n_populations)
    end : float
        End of the run [s]; `t` may end before.
    """

    model: Model
    t: Array
    y: Array
    rate: Array
    dy: Array
    volumes: Array
    dvolumes: Array
    end: float

    def read(self, names: Iterable[str], steps: Array) -> dict[str, tuple[float, Array]]:
        """Read-outs and their derivatives.

        Parameters
        ----------
        names : iterable of str
            Of `SMOOTH`.
        steps : ndarray, shape (n,)
            How far to move in each direction: so little that everything is linear, fronts a second
            wide among it: 1e-8 of what the direction is measured in.

        Returns
        -------
        dict of str to (float, ndarray of shape (n,))
            The value [its unit] and its derivatives; NaN where there is none.
        """
        wanted = list(names)
        out: dict[str, tuple[float, Array]] = {}
        if any(name in TIMES for name in wanted):
            found = self._times(steps)
            for j, name in enumerate(TIMES):
                if name in wanted:
                    out[name] = float(found[0, j]) / 60.0, found[1:, j] / 60.0
        for name in wanted:
            if name in TIMES:
                continue
            function = _READ[name]
            slopes = np.empty(len(self.dy))
            for k, step in enumerate(steps):
                up, down = (
                    function(self, self.y + h * self.dy[k], self.volumes + h * self.dvolumes[k])
                    for h in (step, -step)
                )
                slopes[k] = (up - down) / (2.0 * step)
            out[name] = function(self, self.y, self.volumes), slopes
        return out

    def _times(self, steps: Array) -> Array:
        """T50 and the time of half crystallisation, and their derivatives [s], shape (1 + n, 2)."""
        curve = curve_of(self.model, self.end, stop=False)
        fraction = self.fraction(self.y)
        # from a few readings before the first crystals on; at least those that a spline needs
        first = int(np.argmax(fraction > SEEN)) if fraction.max() > SEEN else 0
        part = slice(max(min(first - 3, self.t.size - 8), 0), None)
        t, y = self.t[part], np.ascontiguousarray(self.y[part])
        out = np.empty((1 + len(self.dy), 2))
        moved_times(
            t,
            y,
            np.ascontiguousarray(self.rate[part]),
            np.ascontiguousarray(self.dy[:, part]),
            self.volumes,
            self.dvolumes,
            steps,
            self.end,
            curve.place,
            curve.optics,
            curve.table,
            curve.spacing,
            curve.settings,
            out,
        )
        return out

    # ---- amounts -----------------------------------------------------------------------------
    def calcium(self, y: Array) -> dict[str, Array]:
        """Ca in each population [mol/L], by its label."""
        network, out = self.model.scenario.network, {}
        for p in network.populations:
            calcium = p.ca_per_formula * y[..., network.index(p.amount)]
            if p.guest:
                calcium = calcium - y[..., network.index(p.guest)]
            out[LABELS.get(p.name, p.name)] = np.maximum(calcium, 0.0)
        return out

    def fraction(self, y: Array) -> Array:
        """Crystalline share of the solid Ca [1]."""
        phases = self.calcium(y)
        solid = sum(phases.values(), np.zeros(y.shape[:-1]))
        crystals = solid - phases["ACP"] - phases["CPP1"]
        return np.where(solid > TRACE, crystals / np.maximum(solid, TRACE), 0.0)

    def state(self, y: Array, name: str) -> Array:
        """A state [mol/L]."""
        return np.asarray(y[..., self.model.scenario.network.index(name)])

    def radius(self, y: Array, volumes: Array, population: str) -> Array:
        """Hydrodynamic radius [nm]; NaN while there are fewer than 1e6 cores per litre."""
        names = [p.name for p in self.model.scenario.network.populations]
        p = self.model.scenario.network.populations[names.index(population)]
        number = np.maximum(self.state(y, p.number), 0.0) * AVOGADRO * 1e3
        volume = volumes[names.index(population)] * np.maximum(self.state(y, p.amount), 0.0)
        core = radii.core_radius(volume, np.where(number > 1e9, number, 0.0))
        return radii.hydrodynamic_radius(core, CORES[population]) * 1e9


def course(
    model: Model,
    directions: Directions,
    times: Array,
    *,
    rtol: float,
    end: float | None = None,
) -> tuple[Status, Course]:
    """Run a model with its derivatives in several directions.

    Parameters
    ----------
    model : Model
    directions : Directions, of that model
    times : ndarray, shape (n_times,), increasing from 0 [s]
    rtol : float, relative tolerance [1]
    end : float, optional
        End of the run that is meant [s], when `times` end before.

    Returns
    -------
    Status
    Course
        Of no use where the status is not OK.
    """
    compiled = model.compiled
    status, y, rate, dy = integrate_directions(
        compiled,
        directions.q,
        directions.dq,
        directions.totals,
        directions.dtotals,
        directions.y,
        directions.dy,
        times,
        h_state=model.scenario.network.index("H"),
        rtol=rtol,
        atol=model.tolerances(rtol),
    )
    if status is Status.OK and not (np.isfinite(y).all() and np.isfinite(dy).all()):
        status = Status.NOT_FINITE
    slots = [
        compiled.layout[f"parameter.{p.molar_volume}"] for p in model.scenario.network.populations
    ]
    found = Course(
        model,
        times,
        y,
        rate,
        dy,
        directions.q[slots],
        np.ascontiguousarray(directions.dq[:, slots]),
        float(times[-1]) if end is None else end,
    )
    return status, found


# ---- what can be read with a derivative ----------------------------------------------------------

Read = Callable[[Course, Array, Array], float]


def _at_end(number: Callable[[Course, Array], Array]) -> Read:
    """Something of the last state."""
    return lambda run, y, _: float(number(run, y[-1]))


def _calcium(label: str) -> Read:
    return _at_end(lambda run, y: 1e3 * run.calcium(y).get(label, np.asarray(np.nan)))


def _total(state: str, factor: float) -> Read:
    return _at_end(lambda run, y: factor * run.state(y, state))


def _top(t: Array, amount: Array, value: Array) -> float:
    """A value where an amount is largest, by parabolas through three readings."""
    k = int(np.argmax(amount))
    if not 0 < k < t.size - 1 or not np.isfinite(value[k - 1 : k + 2]).all():
        return float(value[k])
    x = t[k - 1 : k + 2] - t[k]
    bend, slope = _parabola(x, amount[k - 1 : k + 2])
    at = float(np.clip(-slope / (2.0 * bend), x[0], x[2])) if bend < 0.0 else 0.0
    bend, slope = _parabola(x, value[k - 1 : k + 2])
    return float(value[k] + at * (slope + at * bend))


def _parabola(x: Array, y: Array) -> tuple[float, float]:
    """Second and first coefficient of the parabola through three points, x[1] = 0."""
    left, right = (y[0] - y[1]) / x[0], (y[2] - y[1]) / x[2]
    bend = (right - left) / (x[2] - x[0])
    return float(bend), float(left - bend * x[0])


def _radius(population: str) -> Read:
    def read(run: Course, y: Array, volumes: Array) -> float:
        return _top(run.t, run.state(y, f"{population}.m"), run.radius(y, volumes, population))

    return read


def _most(labels: tuple[str, ...]) -> Read:
    def read(run: Course, y: Array, _: Array) -> float:
        phases = run.calcium(y)
        amount = sum((phases[x] for x in labels or phases if x in phases), np.zeros(run.t.size))
        return 1e3 * _top(run.t, amount, amount)

    return read


def _with_cpp1(number: Callable[[Course, Array], Array]) -> Read:
    def read(run: Course, y: Array, _: Array) -> float:
        amount = run.calcium(y)["CPP1"]
        return _top(run.t, amount, number(run, y)) if amount.max() > TRACE else float("nan")

    return read


def _fetuin_share(run: Course, y: Array) -> Array:
    return np.asarray(run.state(y, "fet.cpp1") / run.state(y, "fet.free")[0])


def _mineral_share(run: Course, y: Array) -> Array:
    return np.asarray(run.calcium(y)["CPP1"] / run.state(y, "Ca")[0])


#: Read-outs of a course but for the times, and what reads them from states and molar volumes.
_READ: dict[str, Read] = {
    "crystalline_fraction": _at_end(lambda run, y: run.fraction(y)),
    **{f"{label}_end": _calcium(label) for label in LABELS.values()},
    **{f"{c}_end": _total(c, 1e3) for c in ("Ca", "Mg", "Pi")},
    "PPi_end": _total("PPi", 1e6),
    "rh_cpp1": _radius("cpp1"),
    "rh_cpp2": _radius("cpp2"),
    "acp_max": _most(("ACP", "CPP1")),
    "solid_max": _most(()),
    "fetuin_share": _with_cpp1(_fetuin_share),
    "mineral_share": _with_cpp1(_mineral_share),
}
#: Read-outs that have an exact derivative.
SMOOTH = (*TIMES, *_READ)
