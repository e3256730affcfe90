"""Many runs of a model through the compiled ensemble, read out as columns.

What is asked for decides what is computed. T50 alone is read inside the kernel, which stops each
run once it is known; amounts at the end need the end; anything else needs the whole course, which
then becomes a `Result` per point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from calcikin.assays import radii, steepest
from calcikin.assays.nephelometry import (
    REFRACTIVE_INDEX,
    Optics,
    collected_form_factor,
    scattering_strength,
)
from calcikin.simulate.model import Model
from calcikin.simulate.points import Points, lay_out
from calcikin.simulate.readouts import Readout
from calcikin.simulate.result import CORES, LABELS, SOLID_TRACE
from calcikin.simulate.rows import Table
from calcikin.simulate.run import (
    BALANCE_LIMIT,
    NEGATIVE_LIMIT,
    NEGATIVE_SHARE,
    default_times,
    result_of,
)
from calcikin.solvers.ensemble import Curve, Ensemble, integrate_many
from calcikin.solvers.scipy_ivp import Solution
from calcikin.solvers.status import Status

__all__ = ["curve_of", "run_many"]

Array = npt.NDArray[np.float64]
#: Points whose whole course is held in memory at a time.
AT_A_TIME = 256
#: Where times alone are asked for, the relative tolerance is this many times what it is elsewhere,
#: and the method of order 4 takes the place of that of order 5. The absolute tolerances stay: they
#: decide about the first crystals, and with them about T50. Over 512 sera the errors of T50 are
#: those of the other way (2.6e-4 at most, against 2.2e-4), for two thirds of the time.
TIMES_RTOL = 10.0
#: Form factor table: cubic between points so close that its error is under 1e-9 (tested), up to a
#: radius far beyond what the scattering law is valid for.
SPACING, LARGEST = 1e-9, 8e-6  # m


def run_many(
    model: Model,
    columns: Mapping[str, Array],
    switches: Mapping[str, npt.NDArray[np.bool_]],
    readouts: Sequence[Readout],
    n: int,
    *,
    rtol: float = 1e-4,
    threads: int | None = None,
    width: int | None = None,
) -> Table:
    """Run n points and read each; a refused or failed point is a row with a status.

    Parameters
    ----------
    model : Model
    columns, switches : as of `calcikin.simulate.points.lay_out`
    readouts : sequence of Readout
    n : int
    rtol : float, relative tolerance [1]
    threads, width : int, optional, see `calcikin.solvers.ensemble.integrate_many`

    Returns
    -------
    Table
        The numbers of a point do not depend on the other points.
    """
    found = Table(
        {readout.name: np.full(n, np.nan) for readout in readouts},
        np.full(n, int(Status.BAD_INPUT), dtype=np.int8),
        [""] * n,
        np.full(n, np.nan),
    )
    groups, refused = lay_out(model, columns, switches, n)
    for k, reason in refused.items():
        found.reason[k] = reason

    def variant(row: int) -> Model:
        """The model of one point."""
        off = [name for name, flag in switches.items() if not flag[row]]
        changes = {name: float(column[row]) for name, column in columns.items()}
        return model.with_(changes, switch_off=off)

    courses = any(r.name not in (*ON_THE_WAY, *AT_THE_END) for r in readouts)
    for points in groups:
        if not points.rows.size:
            continue
        if courses:
            _whole_courses(variant, model, points, readouts, rtol, threads, width, found)
        else:
            _numbers_only(model, points, readouts, rtol, threads, width, found)
    return found


# ---- without keeping the course ------------------------------------------------------------------

ON_THE_WAY = ("t50", "t50_crystalline")
_STATES_AT_END = {"Ca_end": 1e3, "Mg_end": 1e3, "Pi_end": 1e3, "PPi_end": 1e6}
AT_THE_END = (
    "crystalline_fraction",
    *(f"{label}_end" for label in LABELS.values()),
    *_STATES_AT_END,
    "balance_error",
)


def _numbers_only(
    model: Model,
    points: Points,
    readouts: Sequence[Readout],
    rtol: float,
    threads: int | None,
    width: int | None,
    found: Table,
) -> None:
    names = [readout.name for readout in readouts]
    timed = any(name in ON_THE_WAY for name in names)
    early = all(name in ON_THE_WAY for name in names)
    atol = model.tolerances(rtol)
    ensemble = integrate_many(
        model.compiled,
        points.q,
        np.hstack([points.y, points.x]),
        points.duration,
        rtol=TIMES_RTOL * rtol if early else rtol,
        atol=atol,
        method="rodas4" if early else "rodas5p",
        curve=curve_of(model, points.duration, stop=early) if timed else None,
        threads=threads,
        width=width,
    )
    y = ensemble.last[:, : points.y.shape[1]]
    error = _balance_errors(model, points.y, y)
    status, reasons = _judged(model, points, ensemble, y, error, atol)
    sound = status == Status.OK
    for readout in readouts:
        column = _column(model, readout.name, ensemble, y, error)
        found.values[readout.name][points.rows] = np.where(sound, column, np.nan)
    found.status[points.rows] = status
    found.balance_error[points.rows] = error
    absent = [
        (readout, np.isnan(found.values[readout.name][points.rows]) & sound) for readout in readouts
    ]
    for k, row in enumerate(points.rows.tolist()):
        said = [f"{readout.name}: {readout.absent}" for readout, missing in absent if missing[k]]
        if reasons[k] or said:
            found.reason[row] = reasons[k] or "; ".join(said)


def _column(model: Model, name: str, ensemble: Ensemble, y: Array, error: Array) -> Array:
    """One read-out of every point [its unit]."""
    if name == "t50":
        return ensemble.t50 / 60.0
    if name == "t50_crystalline":
        return ensemble.t50_crystalline / 60.0
    if name == "balance_error":
        return error
    network = model.scenario.network
    if name in _STATES_AT_END:
        return _STATES_AT_END[name] * y[:, network.index(name.removesuffix("_end"))]
    phases = {}
    for p in network.populations:
        calcium = p.ca_per_formula * y[:, network.index(p.amount)]
        if p.guest:
            calcium = calcium - y[:, network.index(p.guest)]
        phases[LABELS.get(p.name, p.name)] = np.maximum(calcium, 0.0)
    if name == "crystalline_fraction":
        amorphous = phases["ACP"] + phases["CPP1"]
        solid = sum(phases.values(), np.zeros(len(y)))
        some = solid > SOLID_TRACE
        return np.where(some, (solid - amorphous) / np.maximum(solid, SOLID_TRACE), 0.0)
    label = name.removesuffix("_end")
    return 1e3 * phases[label] if label in phases else np.full(len(y), np.nan)


def _balance_errors(model: Model, start: Array, end: Array) -> Array:
    """Largest relative error of a balance, per point [1]."""
    _, matrix = model.scenario.network.conserved()
    # no product of matrices: it rounds differently for another number of points
    scale = (np.abs(start)[:, None, :] * np.abs(matrix)).sum(axis=2)
    drift = np.abs(((end - start)[:, None, :] * matrix).sum(axis=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(scale > 0.0, drift / scale, 0.0)
    return np.asarray(relative.max(axis=1))


def _judged(
    model: Model, points: Points, ensemble: Ensemble, y: Array, error: Array, atol: Array
) -> tuple[npt.NDArray[np.int8], list[str]]:
    """Status of every point, and why it failed."""
    network = model.scenario.network
    status = ensemble.status.copy()
    reasons = [""] * len(y)
    for k in np.flatnonzero(status != Status.OK):
        word = Status(int(status[k])).word.replace("_", " ")
        reasons[k] = f"stopped at {ensemble.reached[k] / 60.0:.4g} min: {word}"
    guests = {p.guest for p in network.populations}
    checked = [i for i, s in enumerate(network.states) if not s.signed and s.name not in guests]
    floor = np.maximum(NEGATIVE_LIMIT * atol, NEGATIVE_SHARE * np.maximum(np.abs(y), points.y))
    negative = (y < -floor)[:, checked]
    for k in np.flatnonzero(negative.any(axis=1) & (status == Status.OK)):
        state = network.states[checked[int(np.argmax(negative[k]))]]
        status[k] = Status.NEGATIVE
        reasons[k] = f"{state.title} fell below zero; tighten the tolerance"
    for k in np.flatnonzero((error > BALANCE_LIMIT) & (status == Status.OK)):
        status[k] = Status.UNBALANCED
        reasons[k] = f"a balance drifted by {error[k]:.1e}; tighten the tolerance"
    return status, reasons


# ---- the whole course ----------------------------------------------------------------------------


def _whole_courses(
    variant: Callable[[int], Model],
    model: Model,
    points: Points,
    readouts: Sequence[Readout],
    rtol: float,
    threads: int | None,
    width: int | None,
    found: Table,
) -> None:
    times = default_times(points.duration)
    atol = model.tolerances(rtol)
    ns = points.y.shape[1]
    for start in range(0, points.rows.size, AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        ensemble = integrate_many(
            model.compiled,
            points.q[part],
            np.hstack([points.y[part], points.x[part]]),
            points.duration,
            rtol=rtol,
            atol=atol,
            times=times,
            threads=threads,
            width=width,
        )
        for k, row in enumerate(points.rows[part].tolist()):
            status = Status(int(ensemble.status[k]))
            done = int(np.searchsorted(times, ensemble.reached[k], side="right"))
            done = times.size if status is Status.OK else max(1, done)
            solution = Solution(
                times[:done],
                np.ascontiguousarray(ensemble.dense[k, :done, :ns]),
                status,
                status.word,
                float(ensemble.reached[k]),
                int(ensemble.steps[k]),
                int(ensemble.steps[k]),
                math.nan,
            )
            result = result_of(variant(row), points.q[part][k], points.y[part][k], atol, solution)
            found.status[row] = result.status
            found.balance_error[row] = result.balance_error
            found.reason[row] = result.reason
            if not result.ok:
                continue
            absent = []
            for readout in readouts:
                value = readout(result)
                found.values[readout.name][row] = value
                if math.isnan(value):
                    absent.append(f"{readout.name}: {readout.absent}")
            found.reason[row] = "; ".join(absent)


# ---- the curve in the kernel ---------------------------------------------------------------------


@lru_cache(maxsize=4)
def _table(optics: Optics) -> Array:
    """Collected form factor and its slope at multiples of the spacing."""
    radius = np.arange(0.0, LARGEST, SPACING)
    step = 1e-3 * SPACING
    value = collected_form_factor(radius, optics)
    # even in R, so the slope at 0 is 0; elsewhere a central difference, exact to 1e-9 of a slope
    slope = collected_form_factor(radius + step, optics)
    slope = (slope - collected_form_factor(np.abs(radius - step), optics)) / (2.0 * step)
    table = np.stack([value, slope], axis=1)
    table.flags.writeable = False
    return table


def curve_of(model: Model, duration: float, *, stop: bool) -> Curve:
    """What the kernel needs to see the light of this model."""
    network, layout = model.scenario.network, model.compiled.layout
    optics = Optics()
    place, rows, slots = [], [], []
    for p in network.populations:
        geometry = CORES.get(p.name, radii.Geometry())
        guest = network.index(p.guest) if p.guest else -1
        number = network.index(p.number)
        crystalline = int(LABELS.get(p.name, p.name) not in ("ACP", "CPP1"))
        place.append([network.index(p.amount), number, guest, crystalline])
        rows.append(
            [
                p.ca_per_formula,
                geometry.cores_per_particle,
                float(radii.cluster_radius(1.0, geometry)),
                scattering_strength(REFRACTIVE_INDEX[p.phase], optics),
            ]
        )
        slots.append(layout[f"parameter.{p.molar_volume}"])
    return Curve(
        times=default_times(duration),
        volume_slots=np.array(slots, dtype=np.int64),
        place=np.array(place, dtype=np.int64),
        optics=np.array(rows, dtype=float),
        table=_table(optics),
        spacing=SPACING,
        settings=np.array(
            [
                steepest.WINDOW,
                steepest.COMPLETE,
                steepest.LEAST_RISE,
                steepest.POINTS_PER_INTERVAL,
                steepest.POWER,
            ],
            dtype=float,
        ),
        stop=stop,
    )
