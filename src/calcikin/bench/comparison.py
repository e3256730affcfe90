"""Solvers side by side at equal achieved error: rates, errors, ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from calcikin.bench.batch import Batch, Reference, reference_of
from calcikin.bench.ladder import Effort, Ladder, Rung, climb
from calcikin.bench.norm import NORM, matched_value
from calcikin.bench.peers import Solver

__all__ = ["CORRECTION", "Comparison", "compare"]

Row = dict[str, Any]
#: How rates at different errors are made comparable; stands in every result.
CORRECTION = (
    "ratio_to_ensemble: trajectories per second and core of the ensemble over those of the solver, "
    "both where the geometric mean of the errors is {target:g}, over the trajectories that both "
    "have run; ln(rate) is interpolated in ln(error) between the two neighbouring tolerances of a "
    "ladder in powers of ten; null where the ladder does not enclose that error. A tolerance at "
    "which a trajectory failed is left out."
)
RATE = "trajectories per processor second of the process, all its threads together"


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes
    ----------
    batch : Batch
    reference : Reference
    ladders : tuple of Ladder
        The first is the one that the others are compared with.
    effort : Effort
    """

    batch: Batch
    reference: Reference
    ladders: tuple[Ladder, ...]
    effort: Effort

    def results(self) -> list[Row]:
        """One row per solver that ran.

        Returns
        -------
        list of dict
            ``solver``, ``role``, ``given``; at the tolerance whose error is nearest the target:
            ``rtol``, ``trajectories_per_s_per_core``, ``error_geomean``, ``error_worst``,
            ``failed``, ``trajectories`` (timed), ``compared`` (with a reference); ``matched``, the
            rate and the worst error at the target; ``ratio_to_ensemble``.
        """
        return [self._row(ladder) for ladder in self.ladders if ladder.rungs]

    def missing(self) -> list[Row]:
        """Solvers that could not be measured, each with its reason."""
        return [
            {"solver": ladder.solver.name, "role": ladder.solver.role, "reason": ladder.missing}
            for ladder in self.ladders
            if ladder.missing
        ]

    def work_precision(self) -> list[Row]:
        """Every solver at every tolerance."""
        rows = [
            _numbers(ladder, rung) | {"wall_s_per_trajectory": rung.wall_s}
            for ladder in self.ladders
            for rung in ladder.rungs
        ]
        for row in rows:
            del row["given"]
        return rows

    def _row(self, ladder: Ladder) -> Row:
        target = self.effort.target
        n = ladder.common
        own = _at(ladder, target, n)
        ensemble = _at(self.ladders[0], target, n)
        ratio = ensemble["rate"] / own["rate"] if own and ensemble else None
        nearest = min(ladder.rungs, key=lambda rung: _distance(rung, target))
        return _numbers(ladder, nearest) | {"matched": own, "ratio_to_ensemble": ratio}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        batch, reference = self.batch, self.reference
        return {
            "problem": {
                "name": batch.name,
                "trajectories": batch.size,
                "states": batch.scale.size,
                "duration_s": batch.duration,
                "output_times": batch.times.size,
                "norm": NORM,
                "reference": reference.made_by,
                "reference_trajectories": len(reference.y),
                "reference_checked_by": reference.checked_by,
                "reference_checked": reference.checked,
                "reference_difference": reference.difference,
            },
            "matched_error": self.effort.target,
            "correction": CORRECTION.format(target=self.effort.target),
            "rate": RATE,
            "results": self.results(),
            "missing": self.missing(),
            "work_precision": self.work_precision(),
        }

    def figure(self) -> Any:
        """Draw error against time per trajectory, one line per solver."""
        # pictures belong to a layer above this one, so it is looked up by name
        figure = import_module("calcikin.plots").bench_solvers(self.work_precision())
        return figure


def compare(
    batch: Batch,
    *,
    solvers: Sequence[Solver],
    reference_trajectories: int,
    checked: int,
    effort: Effort,
    progress: Callable[[str], None],
) -> Comparison:
    """Measure solvers on one batch.

    Parameters
    ----------
    batch : Batch
    solvers : sequence of Solver
        The first is the one that the others are compared with.
    reference_trajectories, checked : int
        As of `reference_of`.
    effort : Effort
    progress : callable

    Returns
    -------
    Comparison
    """
    progress("reference solution")
    reference = reference_of(batch, min(reference_trajectories, batch.size), checked=checked)
    ladders = [climb(solver, batch, reference, effort, progress) for solver in solvers]
    return Comparison(batch, reference, tuple(ladders), effort)


def _numbers(ladder: Ladder, rung: Rung) -> Row:
    found = rung.summary()
    return {
        "solver": ladder.solver.name,
        "role": ladder.solver.role,
        "given": ladder.solver.given,
        "rtol": rung.rtol,
        "trajectories_per_s_per_core": 1.0 / rung.time_s,
        "error_geomean": found.geomean,
        "error_worst": found.worst,
        "failed": found.failed,
        "trajectories": rung.trajectories,
        "compared": found.count,
    }


def _at(ladder: Ladder, target: float, n: int) -> Row | None:
    """Rate and worst error where the geometric mean over the first ``n`` is the target."""
    rungs = [rung for rung in ladder.rungs if not rung.summary(n).failed]
    errors = [rung.summary(n).geomean for rung in rungs]
    time_s = matched_value(errors, [rung.time_s for rung in rungs], target)
    worst = matched_value(errors, [rung.summary(n).worst for rung in rungs], target)
    if time_s is None:
        return None
    return {
        "error_geomean": target,
        "error_worst": worst,
        "rate": 1.0 / time_s,
        "compared": n,
    }


def _distance(rung: Rung, target: float) -> float:
    """How far a rung's error is from the target; those with failures come last."""
    error = rung.error
    return abs(math.log(error / target)) if error > 0.0 else math.inf


def table(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a comparison for a terminal, from its plain data."""
    p = data["problem"]
    yield (
        f"{p['name']}: {p['trajectories']} trajectories, {p['states']} states, "
        f"{p['duration_s']:g} s, {p['output_times']} output times"
    )
    yield f"error: {p['norm']}"
    checked = f"; {p['reference_checked_by']} differs by {p['reference_difference']:.1e}"
    yield f"reference: {p['reference']}" + (checked if p["reference_checked"] else "")
    yield ""
    yield (
        f"{'solver':22}{'rtol':>7}{'per s and core':>16}{'error':>10}{'worst':>10}"
        f"{'failed':>8}{'at ' + format(data['matched_error'], 'g'):>12}{'ratio':>10}"
    )
    for row in data["results"]:
        matched, ratio = row["matched"], row["ratio_to_ensemble"]
        errors = f"{row['error_geomean']:10.1e}{row['error_worst']:10.1e}".replace("nan", "  -")
        yield (
            f"{row['solver']:22}{row['rtol']:7.0e}{row['trajectories_per_s_per_core']:16.4g}"
            f"{errors}{row['failed']:8d}"
            + (f"{matched['rate']:12.4g}" if matched else f"{'-':>12}")
            + (f"{ratio:10.4g}" if ratio else f"{'-':>10}")
        )
    for row in data["missing"]:
        yield f"not measured: {row['solver']}: {row['reason']}"
    yield ""
    yield data["correction"]
