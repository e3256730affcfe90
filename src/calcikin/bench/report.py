"""The report of a benchmark: plain data, a table to read, a figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from calcikin.bench.norm import matched_time
from calcikin.bench.precision import Solve

__all__ = ["BUDGETS", "MATCHED_ERROR", "BenchReport"]

#: Achieved error at which solvers are compared.
MATCHED_ERROR = 1e-4
#: What the project set itself: name -> (limit, unit).
BUDGETS = {
    "warm speciation": (5.0, "us"),
    "right-hand side": (8.0, "us"),
    "one T50 run": (50.0, "ms"),
    "first result, empty cache": (30.0, "s"),
    "peak memory of a run": (300.0, "MB"),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class BenchReport:
    """What a benchmark found.

    Attributes
    ----------
    machine : mapping
        See :func:`calcikin.bench.machine.describe_machine`.
    problem : mapping
        Model, duration, norm, reference and its check.
    solves : tuple of Solve
        The work-precision table.
    kernels : mapping
        See :func:`calcikin.bench.kernels.kernel_costs`.
    t50_run : mapping
        One run at the default tolerance in a warm process.
    processes : mapping
        See :func:`calcikin.bench.processes.fresh_processes`; empty in a quick benchmark.
    """

    machine: Mapping[str, Any]
    problem: Mapping[str, Any]
    solves: tuple[Solve, ...]
    kernels: Mapping[str, Mapping[str, Any]]
    t50_run: Mapping[str, Any]
    processes: Mapping[str, Mapping[str, Any]]

    # ---- comparisons -------------------------------------------------------------------------
    def ladders(self) -> dict[tuple[str, str, str], list[Solve]]:
        """Solves by (solver, rhs, jacobian), in the order in which they ran."""
        found: dict[tuple[str, str, str], list[Solve]] = {}
        for row in self.solves:
            found.setdefault((row.solver, row.rhs, row.jacobian), []).append(row)
        return found

    def ratios(self) -> list[Row]:
        """How many times longer each way takes than LSODA with compiled code and exact Jacobian.

        Compiled code: at the same achieved error, 1e-4, interpolated along the ladder of
        tolerances; None where a ladder does not enclose it. Plain Python: at the same tolerance,
        against the same solver and Jacobian with compiled code, which takes the same steps.
        """
        ladders = self.ladders()
        base = matched_time(ladders.get(("lsoda", "compiled", "exact"), []), MATCHED_ERROR)
        rows: list[Row] = []
        for (solver, rhs, jacobian), ladder in ladders.items():
            entry: Row = {"solver": solver, "rhs": rhs, "jacobian": jacobian}
            if rhs == "compiled":
                own = matched_time(ladder, MATCHED_ERROR)
                entry["compared_at"] = f"error {MATCHED_ERROR:g}"
                entry["to"] = "lsoda, compiled, exact"
                entry["time_s"] = own
                entry["ratio"] = own / base if own and base else None
            else:
                same = ladders.get((solver, "compiled", jacobian), [])
                peer = next((r for r in same if r.rtol == ladder[0].rtol), None)
                entry["compared_at"] = f"rtol {ladder[0].rtol:g}"
                entry["to"] = f"{solver}, compiled, {jacobian}"
                entry["time_s"] = ladder[0].time_s
                entry["ratio"] = ladder[0].time_s / peer.time_s if peer else None
            rows.append(entry)
        return rows

    def budgets(self) -> list[Row]:
        """What the project set itself, what was measured, and whether it holds."""
        measured = {
            "warm speciation": self.kernels["speciation_warm"]["ns"] * 1e-3,
            "right-hand side": self.kernels["rhs"]["ns"] * 1e-3,
            "one T50 run": self.t50_run["time_s"] * 1e3,
        }
        if self.processes:
            measured["first result, empty cache"] = self.processes["empty_cache"]["total_s"]
            measured["peak memory of a run"] = self.processes["from_cache"]["peak_memory_MB"]
        return [
            {
                "what": what,
                "measured": measured[what],
                "limit": limit,
                "unit": unit,
                "met": measured[what] <= limit,
            }
            for what, (limit, unit) in BUDGETS.items()
            if measured.get(what) is not None
        ]

    @property
    def failures(self) -> str:
        """What failed, in words; empty when nothing did."""
        failed = sum(solve.status != "ok" for solve in self.solves)
        words = f"{failed} of {len(self.solves)} solves failed; the table says which"
        return words if failed else ""

    @property
    def sound(self) -> bool:
        """Whether all went well that should; differences may fail where exact Jacobians do not."""
        return all(solve.status == "ok" for solve in self.solves if solve.jacobian == "exact")

    # ---- output ------------------------------------------------------------------------------
    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; None where there is no number."""
        plain: dict[str, Any] = _without_nan(
            {
                "machine": self.machine,
                "problem": self.problem,
                "budgets": self.budgets(),
                "t50_run": self.t50_run,
                "kernels": self.kernels,
                "processes": self.processes,
                "solves": [row.to_dict() for row in self.solves],
                "ratios": self.ratios(),
            }
        )
        return plain

    def to_json(self) -> str:
        """Return the same as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the report as text for a terminal."""
        return "\n".join(self._lines())

    def figure(self) -> Any:
        """Draw achieved error against time, one line per way of solving.

        The picture belongs to the layer above this one, so it is looked up by name.
        """
        draw = import_module("calcikin.plots").bench_work_precision
        figure = draw([row.to_dict() for row in self.solves])
        return figure

    def _lines(self) -> Iterator[str]:
        m, p = self.machine, self.problem
        yield f"{m['cpu']}, {m['usable_cores']} of {m['cores']} cores, load {m['load']}"
        yield f"Python {m['python']}, " + ", ".join(f"{k} {v}" for k, v in m["packages"].items())
        yield (
            f"{p['model']} ({p['preset']}), {p['duration_h']:.3g} h, {p['states']} states, "
            f"{p['processes']} processes, {p['output_times']} output times"
        )
        yield ""
        for row in self.budgets():
            verdict = "" if row["met"] else "   NOT MET"
            limit = f"limit {row['limit']:g} {row['unit']}"
            yield f"{row['what']:28}{row['measured']:10.3g} {row['unit']:3} {limit:>16}{verdict}"
        for name, cost in self.kernels.items():
            steps = f", {cost['iterations']:.2f} Newton steps" if "iterations" in cost else ""
            yield f"{name.replace('_', ' '):28}{cost['ns']:10.0f} ns  ({cost['how']}{steps})"
        for name, stages in self.processes.items():
            peak = stages["peak_memory_MB"] or math.nan
            yield (
                f"{'process, ' + name.replace('_', ' '):28}{stages['total_s']:10.3g} s   "
                f"(first run {stages['first_run_s']:.3g} s, peak {peak:.0f} MB)"
            )
        yield ""
        yield f"error: {p['norm']}; T50: how far it is off"
        yield (
            f"reference: {p['reference']}; {p['reference_checked_by']} differs by "
            f"{p['reference_difference']:.1e}"
        )
        yield (
            f"{'solver':8}{'code':10}{'Jacobian':13}{'rtol':>7}{'error':>10}{'T50/min':>10}{'time/ms':>10}"
            + (f"{'nfev':>8}{'njev':>6}  status")
        )
        for solve in self.solves:
            found = f"{solve.error:10.1e}{solve.t50_error_min:10.1e}{1e3 * solve.time_s:10.1f}"
            yield (
                f"{solve.solver:8}{solve.rhs:10}{solve.jacobian:13}{solve.rtol:7.0e}"
                f"{found.replace('nan', '  -')}{solve.nfev:8d}{solve.njev:6d}  {solve.status}"
            )
        yield ""
        yield "times longer than"
        for row in self.ratios():
            ratio = "     -" if row["ratio"] is None else f"{row['ratio']:6.2f}"
            yield (
                f"{ratio}  {row['solver']}, {row['rhs']}, {row['jacobian']}: "
                f"than {row['to']}, at {row['compared_at']}"
            )


def _without_nan(value: Any) -> Any:
    """Plain data with None for what is not a finite number."""
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
