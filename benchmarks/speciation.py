"""One speciation: compiled, in plain NumPy, and by PHREEQC.

Random waters with the ions of plasma (Ca, Mg, Na, K, Cl, phosphate, carbonate, sulphate) at pH 7.4
and 37 degC. Each program uses its own constants: about thirty species in both. PHREEQC gets all
waters in one call and prints one number each, so that reading text weighs as little as it can.
"""

from __future__ import annotations

import math
from typing import Any

import common
import numpy as np

import calcikin
from calcikin.chemistry.speciation import solve
from calcikin.simulate.model import Model

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


def waters(count: int) -> list[dict[str, float]]:
    """Draw totals [mol/L]."""
    draw = np.random.default_rng(1)
    return [{c: 1e-3 * draw.uniform(*r) for c, r in RANGES.items()} for _ in range(count)]


def compiled(model: Model, totals: list[dict[str, float]], repeats: int) -> dict[str, float]:
    """Cold starts inside one compiled loop; warm ones called from Python, dispatch included [s]."""
    kernels = model.compiled
    q = model.with_({"temperature": f"{CELSIUS} degC"}).parameter_vector()
    components = kernels.tables.components
    table = np.array([[t.get(c, 0.0) for c in components] for t in totals])
    activities = np.full((len(totals), 1), -PH * math.log(10.0))
    xs = np.empty((len(totals), kernels.n_unknowns))
    slots = np.empty((len(totals), kernels.slots.size))
    module = kernels.module

    def cold() -> None:
        assert module.speciate_many(q, table, activities, xs, slots) == 0

    q[kernels.layout["ph_fixed"]], q[kernels.layout["ln_ah"]] = 1.0, activities[0, 0]
    x, s = np.empty(kernels.n_unknowns), np.empty(kernels.slots.size)
    module.cold_start(q, table[0], x)

    def warm() -> None:
        for row in table:
            module.speciate(q, row, x, s)

    n = len(totals)
    return {
        "compiled_cold_s": common.median_time(cold, repeats) / n,
        "compiled_warm_with_dispatch_s": common.median_time(warm, repeats) / n,
    }


def plain(model: Model, totals: list[dict[str, float]]) -> float:
    """The NumPy twin [s]."""
    constants = model.scenario.constants

    def call() -> None:
        for water in totals:
            solve(constants, water, CELSIUS + 273.15, fixed_activity={"H": 10.0**-PH})

    return common.median_time(call, 1) / len(totals)


def phreeqc(totals: list[dict[str, float]], repeats: int) -> float | None:
    """PHREEQC with phreeqc.dat [s]; None where it is not installed."""
    try:
        import phreeqc
    except ImportError:
        return None
    program = phreeqc.Phreeqc()
    program.LoadBuiltInDatabase("phreeqc.dat")
    script = [
        "SELECTED_OUTPUT",
        "-reset false",
        "USER_PUNCH",
        "-headings aCa",
        '10 PUNCH LA("Ca+2")',
    ]
    for k, water in enumerate(totals, start=1):
        script += [f"SOLUTION {k}", "units mmol/kgw", f"temp {CELSIUS}", f"pH {PH}"]
        script += [f"{PHREEQC_NAMES.get(c, c)} {1e3 * v!r}" for c, v in water.items()]
    text = "\n".join([*script, "END"])

    def call() -> None:
        assert program.RunString(text) == 0, program.GetErrorString()

    return common.median_time(call, repeats) / len(totals)


def measure(quick: bool = False) -> dict[str, Any]:
    """Time all three and print them with their ratios."""
    count, repeats = (50, 1) if quick else (1000, 5)
    totals = waters(count)
    model = calcikin.load("t50_serum")
    numbers: dict[str, Any] = {"waters": count, **compiled(model, totals, repeats)}
    numbers["numpy_twin_s"] = plain(model, totals[: 5 if quick else 50])
    numbers["phreeqc_s"] = phreeqc(totals, repeats)
    base = numbers["compiled_cold_s"]
    for name, title in (
        ("compiled_cold_s", "compiled, cold start"),
        ("compiled_warm_with_dispatch_s", "compiled, from the last water, called from Python"),
        ("numpy_twin_s", "NumPy twin"),
        ("phreeqc_s", "PHREEQC"),
    ):
        if numbers[name] is None:
            print(f"{title:52} not installed")
        else:
            print(f"{title:52}{1e6 * numbers[name]:12.2f} us {numbers[name] / base:10.1f} times")
    return numbers


if __name__ == "__main__":
    common.main(measure, __doc__)
