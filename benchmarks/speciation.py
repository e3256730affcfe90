"""Speciation beside PHREEQC: the same waters, constants and activity model, in one run.

Random waters with the ions of plasma (Ca, Mg, Na, K, Cl, phosphate, carbonate, sulphate) at pH 7.4
and 37 degC, with the set `phreeqc` less what it borrows: the species of phreeqc.dat and its
activity coefficients. PHREEQC gets all waters in one call and prints one number each, so that
reading text weighs as little as it can, and stops at its default tolerance of 1e-8 in its balances,
or at 1e-12, where the kernels stop. Its answers are compared with ours in the same run.

Then the robustness of the kernels: random and adversarial waters, Newton steps counted.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import common
import numpy as np

import calcikin
from calcikin.bench.waters import adversarial
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.speciation import solve
from calcikin.simulate.solution_many import Waters

RANGES = {  # mmol/L
    "Ca": (1.0, 10.0),
    "Mg": (0.2, 5.0),
    "Pi": (0.5, 6.0),
    "Na": (130.0, 160.0),
    "K": (3.0, 6.0),
    "Cl": (100.0, 150.0),
    "CO3": (5.0, 30.0),
    "SO4": (0.2, 1.0),
}
PHREEQC_NAMES = {"Pi": "P", "CO3": "C(4)", "SO4": "S(6)"}
PH, CELSIUS = 7.4, 37.0
Totals = dict[str, np.ndarray]


class Cost(NamedTuple):
    """Time of one water [s]: by the clock, and of all cores together."""

    wall: float
    cpu: float


def cost(call: Callable[[], object], count: int, repeats: int) -> Cost:
    """Median time of a call over the waters in it, after one that is not counted."""
    call()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append((time.perf_counter() - wall) / count)
        cpus.append((time.process_time() - cpu) / count)
    return Cost(statistics.median(walls), statistics.median(cpus))


def waters(count: int) -> Totals:
    """Draw totals [mol/L], component -> array."""
    draw = np.random.default_rng(1)
    return {c: 1e-3 * draw.uniform(*r, count) for c, r in RANGES.items()}


def own_species(name: str) -> ConstantSet:
    """A set without what it takes over from another one."""
    constants = load_constants(name)
    return constants.without(species=[s for s in constants.inherited() if s in constants.species])


def ours(constants: ConstantSet, totals: Totals, threads: int, repeats: int) -> Cost:
    """Time of `speciate_many`."""

    def call() -> Waters:
        return calcikin.speciate_many(
            totals, pH=PH, temperature=CELSIUS, constants=constants, threads=threads
        )

    return cost(call, totals["Ca"].size, repeats)


def plain(constants: ConstantSet, totals: Totals, count: int) -> Cost:
    """Time of the NumPy twin."""

    def call() -> None:
        for k in range(count):
            water = {c: float(v[k]) for c, v in totals.items()}
            solve(constants, water, CELSIUS + 273.15, fixed_activity={"H": 10.0**-PH})

    return cost(call, count, 1)


def phreeqc(
    totals: Totals, count: int, repeats: int, tolerance: float
) -> tuple[Cost, np.ndarray] | None:
    """Time of PHREEQC with phreeqc.dat, and ln a(Ca); None where it is not installed."""
    try:
        import phreeqc as package
    except ImportError:
        return None
    program = package.Phreeqc()
    program.LoadBuiltInDatabase("phreeqc.dat")
    script = [
        "KNOBS",
        f"-convergence_tolerance {tolerance:g}",
        "SELECTED_OUTPUT",
        "-reset false",
        f"-high_precision {'true' if tolerance < 1e-8 else 'false'}",
        "USER_PUNCH",
        "-headings aCa",
        '10 PUNCH LA("Ca+2")',
    ]
    for k in range(count):
        script += [f"SOLUTION {k + 1}", "units mmol/kgw", f"temp {CELSIUS}", f"pH {PH}"]
        script += [f"{PHREEQC_NAMES.get(c, c)} {1e3 * float(v[k])!r}" for c, v in totals.items()]
    text = "\n".join([*script, "END"])

    def call() -> None:
        assert program.RunString(text) == 0, program.GetErrorString()

    time_of_each = cost(call, count, repeats)
    found = np.array(program.GetSelectedOutput()["aCa"], dtype=float)
    return time_of_each, math.log(10.0) * found


def measure(quick: bool = False) -> dict[str, Any]:
    """Time all and print them side by side with their ratios."""
    many, few, repeats = (20_000, 50, 1) if quick else (1_000_000, 2000, 3)
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    totals = waters(many)
    constants, full = own_species("phreeqc"), load_constants("default")
    rows: list[tuple[str, Cost]] = []
    numbers: dict[str, Any] = {"waters": many, "phreeqc_waters": few, "cores": cores}
    for tolerance in (1e-8, 1e-12):
        theirs = phreeqc(totals, few, repeats, tolerance)
        if theirs is None:
            print("PHREEQC is not installed")
            continue
        rows.append((f"PHREEQC, tolerance {tolerance:g}", theirs[0]))
        first = {c: v[:few] for c, v in totals.items()}
        same = calcikin.speciate_many(first, pH=PH, temperature=CELSIUS, constants=constants)
        gap = np.abs(np.log(same.activity("Ca")) - theirs[1]).max()
        numbers[f"difference_{tolerance:g}"] = float(gap)
    for words, chosen in (("", constants), (", 19 components, Davies", full)):
        rows += [
            (f"speciate_many{words}, threads: {threads}", ours(chosen, totals, threads, repeats))
            for threads in sorted({1, cores})
        ]
    rows.append(("NumPy twin", plain(constants, totals, 5 if quick else 50)))
    numbers["rows"] = {title: row._asdict() for title, row in rows}
    base = dict(rows).get("PHREEQC, tolerance 1e-12", rows[-1][1])
    print(
        f"{'a water':52}{'us':>9}{'us of cores':>13}{'in a second':>13}{'faster':>9}{'a core':>9}"
    )
    for title, row in rows:
        print(
            f"{title:52}{1e6 * row.wall:9.2f}{1e6 * row.cpu:13.2f}{1.0 / row.wall:13.0f}"
            f"{base.wall / row.wall:9.1f}{base.cpu / row.cpu:9.1f}"
        )
    if "difference_1e-12" in numbers:
        print(
            "largest difference in the activity of Ca: "
            f"{numbers['difference_1e-12']:.1e} ({numbers['difference_1e-08']:.1e} at 1e-8)"
        )
    numbers["robustness"] = robustness(2000 if quick else 100_000)
    return numbers


def robustness(count: int) -> dict[str, Any]:
    """Newton steps and the largest imbalance over adversarial waters, pH held and closed."""
    print(f"\n{count} adversarial waters: totals 0 and 1e-15 to 2 mol/L, pH 2 to 12")
    print(f"{'':24}{'found':>10}{'imbalance':>12}{'steps: median':>16}{'99 %':>6}{'worst':>7}")
    results: dict[str, Any] = {}
    for name in ("default", "phreeqc"):
        totals, pH = adversarial(load_constants(name), count)
        held = calcikin.speciate_many(totals, pH=pH, constants=name)
        closed = calcikin.speciate_many({**totals, "H": held.total_H}, constants=name)
        for how, found in (("pH held", held), ("pH closed", closed)):
            steps = np.quantile(found.iterations, (0.5, 0.99, 1.0))
            row = {
                "found": int(found.found.sum()),
                "residual": float(found.residual.max()),
                "steps": steps.tolist(),
            }
            results[f"{name}, {how}"] = row
            print(
                f"{f'{name}, {how}':24}{row['found']:10d}{row['residual']:12.1e}"
                f"{steps[0]:16.0f}{steps[1]:6.0f}{steps[2]:7.0f}"
            )
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
