"""Speciation, right-hand side and Jacobian along a run of every shipped model."""

from __future__ import annotations

from typing import Any

import common

import calcikin
from calcikin.bench.kernels import kernel_costs
from calcikin.model.modelfile import scenario_names
from calcikin.simulate.reference import reference_rhs

KERNELS = ("speciation_cold", "speciation_warm", "rhs", "jacobian")


def measure(quick: bool = False) -> dict[str, Any]:
    """Time each kernel, and the plain-Python twin on a few states; print microseconds."""
    names = ["t50_serum"] if quick else scenario_names()
    print(f"{'us per call':18}" + "".join(f"{k.replace('_', ' '):>18}" for k in (*KERNELS, "twin")))
    results: dict[str, Any] = {}
    for name in names:
        model = calcikin.load(name)
        run = model.simulate()
        costs = kernel_costs(model, run.y, repeats=3 if quick else 15)
        twin = reference_rhs(model)
        states = run.y[:: max(1, run.t.size // (3 if quick else 20))]

        def call(states: Any = states, twin: Any = twin) -> None:
            for y in states:
                twin(0.0, y)

        twin_s = common.median_time(call, 1) / len(states)
        results[name] = {k: costs[k] for k in KERNELS} | {"twin": {"ns": 1e9 * twin_s}}
        row = "".join(f"{1e-3 * results[name][k]['ns']:18.2f}" for k in (*KERNELS, "twin"))
        print(f"{name:18}{row}")
    print(
        "\ncold speciation inside a compiled loop; the others called from Python, less the time of"
    )
    print("an empty compiled function with the same arguments")
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
