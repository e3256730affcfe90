"""One T50 run at the default tolerance, by each solver and with each kind of Jacobian."""

from __future__ import annotations

from typing import Any

import common

import calcikin


def measure(quick: bool = False) -> dict[str, Any]:
    """Time whole runs: solve, fluxes and speciation at every output time, checks."""
    model = calcikin.load("t50_serum")
    repeats = 1 if quick else 9
    print(f"{'solver':10}{'Jacobian':14}{'ms':>10}{'nfev':>9}{'njev':>7}{'T50/min':>10}  status")
    results: dict[str, Any] = {}
    for solver in ("lsoda", "bdf", "radau"):
        for exact in (True, False):

            def call(solver: str = solver, exact: bool = exact) -> calcikin.Result:
                return model.simulate(solver=solver, exact_jacobian=exact)

            run = call()
            seconds = common.median_time(call, repeats)
            word = "exact" if exact else "differences"
            results[f"{solver}, {word}"] = {
                "time_s": seconds,
                "nfev": int(run.solution.nfev),
                "njev": int(run.solution.njev),
                "t50_min": run.t50(),
                "status": run.status.word,
            }
            print(
                f"{solver:10}{word:14}{1e3 * seconds:10.1f}{run.solution.nfev:9d}"
                f"{run.solution.njev:7d}{run.t50():10.2f}  {run.status.word}"
            )
    print("\nnfev as SciPy counts it: BDF and Radau leave out what differences take (not when they")
    print("fail); their own differences overflow in this model, see calcikin.bench.precision")
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
