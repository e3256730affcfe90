"""Sphinx extension: tables and the figure of docs/_static/benchmarks.json.

================================  ==================================================================
``{benchmarked} machine``         what it ran on
``{benchmarked} solvers NAME``    the solvers on a problem, and those that are missing
``{benchmarked} goals``           what was aimed at beside what was measured
``{benchmarked} growth``          sweeps of T50 by number of trajectories and of threads
``{benchmarked} compile``         cold and warm compile of the ensemble
``{benchmarked} speciation``      speciation beside PHREEQC
================================  ==================================================================

The file is written by ``python benchmarks/run_all.py --out docs/_static/benchmarks.json`` on a
machine that does nothing else; the build only shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from calcikin_docs import LiveText
from sphinx.application import Sphinx
from standing_numbers import GENERATED
from tables import markdown_table

STORED = Path(__file__).resolve().parents[1] / "_static" / "benchmarks.json"
Row = Mapping[str, Any]
#: Ratios aimed at: words, solver, times that it was to be beaten, by the ensemble in which form.
GOALS = (
    ("numbalsoda", "ensemble scalar", 2.0),
    ("SciPy LSODA", "ensemble scalar", 12.0),
    ("SBML", "ensemble scalar", 3.0),
    ("ensemble scalar", "ensemble lanes", 4.0),
    ("numbalsoda", "ensemble lanes", 20.0),
    ("SciPy LSODA", "ensemble lanes", 100.0),
)
SBML = ("libRoadRunner", "COPASI")


@lru_cache(maxsize=1)
def stored() -> dict[str, Any]:
    """The file."""
    data: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return data


def number(value: float | None, digits: int = 3) -> str:
    """A number in a cell; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}".replace(",", "\N{THIN SPACE}") if value >= 1e3 else f"{value:.{digits}g}"


def machine() -> str:
    """A sentence on what the file was measured on."""
    m = stored()["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in m["packages"].items())
    vectors = m["vectors"][-1] if m["vectors"] else "unknown vectors"
    text = (
        f"Measured on {m['date'][:10]}: {m['cpu']} ({vectors}), {m['usable_cores']} cores, load "
        f"average {m['load']} at the beginning and {stored()['load_at_end']} at the end; Python "
        f"{m['python']}, {packages}.\n"
    )
    if stored()["quick"]:
        text += (
            "\n:::{note}\nThese numbers are of `--quick` runs, made to try the page: a few "
            "trajectories each, on a machine that did other work too.\n:::\n"
        )
    return text


def solvers(name: str) -> str:
    """Solvers on a problem at equal error, and those that are missing."""
    data = stored()["problems"][name]
    columns = ["solver", "rtol", "per s and core", "error", "worst", "per s and core at 10⁻⁴"]
    rows = []
    for row in data["results"]:
        matched = row["matched"] or {"rate": None, "error_worst": None}
        rows.append(
            [
                row["solver"],
                f"{row['rtol']:.0e}",
                number(row["trajectories_per_s_per_core"]),
                number(row["error_geomean"], 2),
                number(row["error_worst"], 2),
                number(matched["rate"]),
                number(matched["error_worst"], 2),
                number(row["ratio_to_ensemble"]),
            ]
        )
    text = markdown_table([*columns, "worst there", "ensemble is faster by"], rows)
    missing = [f"- {row['solver']}: {row['reason']}" for row in data["missing"]]
    if missing:
        text += "\nNot measured:\n\n" + "\n".join(missing) + "\n"
    p = data["problem"]
    return text + (
        f"\n{number(p['trajectories'])} trajectories of {p['states']} states, "
        f"{p['output_times']} output times; reference: {p['reference']}"
        + (
            f", from which {p['reference_checked_by']} differs by {p['reference_difference']:.1e} "
            f"over {p['reference_checked']} of them.\n"
            if p["reference_checked"]
            else ".\n"
        )
    )


def goals() -> str:
    """What was aimed at, on the sweep, and what was measured."""
    results = {row["solver"]: row for row in stored()["problems"]["sweep"]["results"]}

    def ratio(solver: str, form: str) -> float | None:
        names = [n for n in SBML if n in results] if solver == "SBML" else [solver]
        found = [results[n]["ratio_to_ensemble"] for n in names if n in results]
        own = results[form]["ratio_to_ensemble"]
        known = [value for value in found if value is not None]
        return min(known) / own if known and own else None

    rows = []
    for solver, form, goal in GOALS:
        measured = ratio(solver, form)
        verdict = "–" if measured is None else "yes" if measured >= goal else "no"
        shown = "the best SBML engine" if solver == "SBML" else solver
        rows.append([form, shown, number(goal), number(measured), verdict])
    columns = ["what", "is to be faster than", "times", "measured", "reached"]
    return markdown_table(columns, rows)


def growth() -> str:
    """Sweeps of T50 alone."""
    data = stored()["problems"]["sweep"]
    rows = [
        [
            number(row["trajectories"]),
            str(row["threads"]),
            number(row["sweep_s"]),
            number(row.get("us_per_trajectory", 1e6 * row["sweep_s"] / row["trajectories"])),
            number(row.get("peak_memory_MB")),
            number(row.get("speedup")),
        ]
        for row in [*data.get("trajectories", ()), *data["threads"]]
    ]
    columns = ["sera", "threads", "time [s]", "each [µs]", "peak memory [MB]", "times one thread"]
    text = markdown_table(columns, rows)
    for row in data.get("trajectories_left_out", ()):
        n, expected = number(row["trajectories"]), number(row["expected_s"])
        text += f"\nNot run: {n} sera, which would take {expected} s.\n"
    return text


def compiling() -> str:
    """Cold and warm compile."""
    found = stored()["problems"]["sweep"].get("compile")
    if not found:
        return "Not measured in a quick run.\n"
    rows = [
        [
            f"{name}, width {stages['width']}",
            number(stages["empty_cache"]["compile_s"]),
            number(stages["from_cache"]["compile_s"]),
            number(stages["empty_cache"]["total_s"]),
            number(stages["from_cache"]["total_s"]),
        ]
        for name, stages in found.items()
    ]
    columns = ["ensemble", "compiling [s]", "from cache [s]", "first answer of a process [s]"]
    return markdown_table([*columns, "the same from cache [s]"], rows)


def speciation() -> str:
    """Speciation beside PHREEQC."""
    data = stored()["problems"]["speciation"]
    rows = [
        [
            row["solver"],
            number(row["us_per_water"]),
            number(row["cpu_us_per_water"]),
            number(row["ratio_to_kernels"]),
        ]
        for row in data["results"]
    ]
    columns = ["what", "a water [µs]", "of all cores [µs]", "kernels on one core are faster by"]
    text = markdown_table(columns, rows)
    for row in data["missing"]:
        text += f"\nNot measured: {row['solver']}: {row['reason']}\n"
    return text


PARTS: Mapping[str, Callable[..., str]] = {
    "machine": machine,
    "solvers": solvers,
    "goals": goals,
    "growth": growth,
    "compile": compiling,
    "speciation": speciation,
}


class BenchmarkedDirective(LiveText):
    """A part of the stored benchmark."""

    def text(self) -> str:
        """The part."""
        name, *arguments = self.arguments
        if name not in PARTS:
            raise LookupError(f"no part {name!r}; there are {', '.join(PARTS)}")
        return PARTS[name](*arguments)


def _figures(app: Sphinx) -> None:
    """Draw what the page shows."""
    from calcikin import plots

    GENERATED.mkdir(exist_ok=True)
    for name in _compared():
        rows = stored()["problems"][name]["work_precision"]
        plots.save(plots.bench_solvers(rows), GENERATED / f"bench_{name}.svg")


def _compared() -> Iterator[str]:
    yield from ("sweep", "robertson", "hires")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.add_directive("benchmarked", BenchmarkedDirective)
    app.connect("builder-inited", _figures)
    return {"version": "1", "parallel_read_safe": False}
