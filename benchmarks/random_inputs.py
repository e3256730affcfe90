"""A hundred thousand runs with random inputs: whether any hangs, fails, or calls a NaN a success.

Inputs of `t50_serum` over their whole plausible windows, evenly in the logarithm; one in twenty is
zero. Steps are bounded by the solver's limit, so that the time is.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import common
import numpy as np

import calcikin
from calcikin.simulate.points import lay_out
from calcikin.solvers.ensemble import MAX_STEPS, integrate_many
from calcikin.solvers.status import Status

AT_A_TIME = 10_000


def draw(model: calcikin.Model, n: int, seed: int = 1) -> dict[str, Any]:
    """Inputs of n runs."""
    rng = np.random.default_rng(seed)
    columns = {}
    for name, item in model.scenario.medium.inputs.items():
        low, high = item.window
        columns[name] = np.exp(rng.uniform(np.log(max(low, 1e-3 * high)), np.log(high), n))
        columns[name][rng.random(n) < 0.05] = 0.0
    return columns


def measure(quick: bool = False) -> dict[str, Any]:
    """Run them all, to the end of the assay."""
    model = calcikin.load("t50_serum")
    n, rtol = (2_000 if quick else 100_000), 1e-4
    atol = model.tolerances(rtol)
    columns = draw(model, n)
    outcomes: Counter[str] = Counter()
    steps, unsound, spent = [], 0, 0.0
    for start in range(0, n, AT_A_TIME):
        part = {name: column[start : start + AT_A_TIME] for name, column in columns.items()}
        size = len(next(iter(part.values())))
        groups, refused = lay_out(model, part, {}, size)
        outcomes["refused before the run"] += len(refused)
        for points in groups:
            begun = time.process_time()
            found = integrate_many(
                model.compiled,
                points.q,
                np.hstack([points.y, points.x]),
                points.duration,
                rtol=rtol,
                atol=atol,
            )
            spent += time.process_time() - begun
            outcomes.update(Status(int(s)).word for s in found.status)
            good = found.status == Status.OK
            unsound += int((~np.isfinite(found.last[good])).any(axis=1).sum())
            steps.append(found.steps)
    taken = np.concatenate(steps)
    numbers = {
        "runs": n,
        "outcomes": dict(outcomes),
        "successes_with_a_nan": unsound,
        "steps_median": float(np.median(taken)),
        "steps_99_per_cent": float(np.quantile(taken, 0.99)),
        "steps_most": int(taken.max()),
        "steps_limit": MAX_STEPS,
        "processor_s": spent,
    }
    for name, value in numbers.items():
        print(f"{name:24}{value}")
    return numbers


if __name__ == "__main__":
    common.main(measure, __doc__)
