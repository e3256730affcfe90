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
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calcikin.bench.waters import adversarial
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.speciation import solve
from calcikin.errors import InputError, SimulationError
from calcikin.extras import library
from calcikin.simulate.solution_many import Waters, speciate_many
from calcikin.solvers.ensemble import cores

__all__ = ["measure_speciation", "speciation_table"]

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
#: Where PHREEQC stops: its default, and where the kernels stop.
PHREEQC_TOLERANCES = (1e-8, 1e-12)
Array = npt.NDArray[np.float64]
Totals = dict[str, Array]
Row = dict[str, Any]


class Cost(NamedTuple):
    """Time of one water [s]: by the clock, and of all cores together."""

    wall: float
    cpu: float


def measure_speciation(
    n: int, *, peers: bool, quick: bool, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Time our speciation, and that of PHREEQC.

    Parameters
    ----------
    n : int
        Waters for the compiled kernels; a few of them for the others.
    peers, quick : bool
    progress : callable

    Returns
    -------
    dict
        ``results``: ``solver``, ``role``, ``us_per_water`` (elapsed), ``cpu_us_per_water``,
        ``ratio_to_kernels`` (processor time over that of the kernels on one thread, with the
        same constants), and for PHREEQC ``difference``, the largest in ln a(Ca); ``missing``;
        ``robustness``.
    """
    few, repeats = (50, 1) if quick else (2000, 3)
    totals = _waters(n)
    constants, full = _own_species("phreeqc"), load_constants("default")
    rows: list[Row] = []
    missing: list[Row] = []
    for words, chosen in (("", constants), (", 19 components, Davies", full)):
        for threads in sorted({1, cores()}):
            progress(f"speciate_many{words}, threads: {threads}")
            cost = _ours(chosen, totals, threads, repeats)
            rows.append(_row(f"speciate_many{words}, threads: {threads}", "ours", cost))
    progress("NumPy twin")
    rows.append(_row("NumPy twin", "ours", _plain(constants, totals, 5 if quick else 50)))
    if peers:
        few = min(few, n)
        first = {c: v[:few] for c, v in totals.items()}
        same = speciate_many(first, pH=PH, temperature=CELSIUS, constants=constants)
        for tolerance in PHREEQC_TOLERANCES:
            name = f"PHREEQC, tolerance {tolerance:g}"
            progress(name)
            try:
                cost, found = _phreeqc(totals, few, repeats, tolerance)
            except InputError as error:
                reason = f"{error.what} ({error.hint})"
                missing.append({"solver": name, "role": "peer", "reason": reason})
                continue
            gap = float(np.abs(np.log(same.activity("Ca")) - found).max())
            rows.append(_row(name, "peer", cost) | {"difference": gap})
    for row in rows:
        row["ratio_to_kernels"] = row["cpu_us_per_water"] / rows[0]["cpu_us_per_water"]
    progress("adversarial waters")
    return {
        "problem": {"name": "speciation", "waters": n, "waters_of_peers": few, "pH": PH},
        "results": rows,
        "missing": missing,
        "robustness": _robustness(2000 if quick else 100_000),
    }


def speciation_table(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a measurement for a terminal."""
    yield f"{'a water':48}{'us':>10}{'us of cores':>13}{'in a second':>13}{'ratio':>10}"
    for row in data["results"]:
        yield (
            f"{row['solver']:48}{row['us_per_water']:10.2f}{row['cpu_us_per_water']:13.2f}"
            f"{1e6 / row['us_per_water']:13.0f}{row['ratio_to_kernels']:10.4g}"
        )
    for row in data["results"]:
        if "difference" in row:
            yield f"{row['solver']}: ln a(Ca) differs by {row['difference']:.1e} at most"
    for row in data["missing"]:
        yield f"not measured: {row['solver']}: {row['reason']}"
    yield "ratio: processor time over that of the first line"
    yield ""
    count = data["robustness"][0]["waters"]
    yield f"{count} adversarial waters: totals 0 and 1e-15 to 2 mol/L, pH 2 to 12"
    yield f"{'':24}{'found':>10}{'imbalance':>12}{'steps: median':>16}{'99 %':>6}{'worst':>7}"
    for row in data["robustness"]:
        steps = row["steps"]
        yield (
            f"{row['set'] + ', ' + row['pH']:24}{row['found']:10d}{row['residual']:12.1e}"
            f"{steps[0]:16.0f}{steps[1]:6.0f}{steps[2]:7.0f}"
        )


def _row(name: str, role: str, cost: Cost) -> Row:
    return {
        "solver": name,
        "role": role,
        "us_per_water": 1e6 * cost.wall,
        "cpu_us_per_water": 1e6 * cost.cpu,
    }


def _cost(call: Callable[[], object], count: int, repeats: int) -> Cost:
    """Median time of a call over the waters in it, after one that is not counted."""
    call()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append((time.perf_counter() - wall) / count)
        cpus.append((time.process_time() - cpu) / count)
    return Cost(statistics.median(walls), statistics.median(cpus))


def _waters(count: int) -> Totals:
    """Draw totals [mol/L], component -> array."""
    draw = np.random.default_rng(1)
    return {c: 1e-3 * draw.uniform(*r, count) for c, r in RANGES.items()}


def _own_species(name: str) -> ConstantSet:
    """A set without what it takes over from another one."""
    constants = load_constants(name)
    return constants.without(species=[s for s in constants.inherited() if s in constants.species])


def _ours(constants: ConstantSet, totals: Totals, threads: int, repeats: int) -> Cost:
    """Time of `speciate_many`."""

    def call() -> Waters:
        return speciate_many(
            totals, pH=PH, temperature=CELSIUS, constants=constants, threads=threads
        )

    return _cost(call, totals["Ca"].size, repeats)


def _plain(constants: ConstantSet, totals: Totals, count: int) -> Cost:
    """Time of the NumPy twin."""

    def call() -> None:
        for k in range(count):
            water = {c: float(v[k]) for c, v in totals.items()}
            solve(constants, water, CELSIUS + 273.15, fixed_activity={"H": 10.0**-PH})

    return _cost(call, count, 1)


def _phreeqc(totals: Totals, count: int, repeats: int, tolerance: float) -> tuple[Cost, Array]:
    """Time of PHREEQC with phreeqc.dat, and ln a(Ca)."""
    program = library("phreeqc", "bench", "the comparison").Phreeqc()
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
        if program.RunString(text) != 0:
            raise SimulationError(f"PHREEQC: {program.GetErrorString()}")

    time_of_each = _cost(call, count, repeats)
    found = np.array(program.GetSelectedOutput()["aCa"], dtype=float)
    return time_of_each, math.log(10.0) * found


def _robustness(count: int) -> list[Row]:
    """Newton steps and the largest imbalance over adversarial waters, pH held and closed."""
    rows: list[Row] = []
    for name in ("default", "phreeqc"):
        totals, pH = adversarial(load_constants(name), count)
        held = speciate_many(totals, pH=pH, constants=name)
        closed = speciate_many({**totals, "H": held.total_H}, constants=name)
        for how, found in (("pH held", held), ("pH closed", closed)):
            rows.append(
                {
                    "set": name,
                    "pH": how,
                    "waters": count,
                    "found": int(found.found.sum()),
                    "residual": float(found.residual.max()),
                    "steps": np.quantile(found.iterations, (0.5, 0.99, 1.0)).tolist(),
                }
            )
    return rows
