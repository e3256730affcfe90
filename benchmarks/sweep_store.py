"""What storing a sweep costs: time beside that of the runs, and memory against their number."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import main

from calcikin import load
from calcikin.bench.processes import in_fresh_process
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.rows import Table
from calcikin.sweep import Design, grid, sobol
from calcikin.sweep.labels import Labels
from calcikin.sweep.zarr_files import CHUNK_TOGETHER, zarr_library
from calcikin.sweep.zarr_store import Store

#: Time of one run in a fast sweep [s], beside which storing is weighed.
RUN = 50e-6
READ = ("t50", "crystalline_fraction", "rh_cpp2")
#: It runs points together, so that chunks are those of a fast sweep.
SOLVER = "ensemble"


def designs(points: int) -> Iterator[tuple[str, Design]]:
    """A map over two inputs, and a Sobol sequence over twelve."""
    model = load("t50_serum")
    side = int(np.sqrt(points))
    axes = {"serum.Mg": np.linspace(0.5, 2.0, side), "serum.Pi": np.linspace(0.5, 2.0, side)}
    yield "map of 2 inputs", grid(model, axes)
    inputs = list(model.scenario.medium.inputs)[:12]
    box = {name: (value, 1.1 * value) for name, value in model.input_values().items()}
    yield "Sobol of 12 inputs", sobol(model, {name: box[name] for name in inputs}, points)


def clocks() -> np.ndarray:
    """Time on the clock, and of the processor [s]."""
    return np.array([time.perf_counter(), time.process_time()])


def stored(design: Design, folder: Path) -> np.ndarray:
    """Time to store made-up results of a design, without making them: clock, processor [s]."""
    model, readouts = load("t50_serum"), get_readouts(READ)
    model.compiled  # noqa: B018  (not part of what is measured, nor is the next)
    zarr_library()
    draw = np.random.default_rng(0)
    numbers = draw.random(CHUNK_TOGETHER)
    start = clocks()
    store = Store.begin(folder / "a.zarr", Labels(model, design, readouts, SOLVER, 1e-6))
    with store.locked():
        took = clocks() - start
        for piece in store.missing():
            n = len(piece)
            design.columns(piece.start, piece.stop)  # as for the runs, and not counted
            table = Table(
                {name: draw.permutation(numbers)[:n] for name in READ},
                np.zeros(n, dtype=np.int8),
                [""] * n,
                draw.permutation(numbers)[:n],
            )
            start = clocks()
            store.keep(piece.start, table)
            took += clocks() - start
        start = clocks()
        store.finish()
        return took + clocks() - start


#: In a process of its own: a Sobol sequence of so many points into a folder.
_STORES = """
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from sweep_store import designs, stored
stored(dict(designs(int(sys.argv[2])))["Sobol of 12 inputs"], Path(sys.argv[3]))
"""


def peak(points: int) -> float:
    """Largest memory of a fresh process that stores a Sobol sequence [MB]."""
    with tempfile.TemporaryDirectory() as folder:
        stages = in_fresh_process(_STORES, Path(__file__).parent, points, folder)
    return float(stages["peak_memory_MB"])


def measure(quick: bool) -> dict[str, Any]:
    """Print and return the cost of storing."""
    points = 2**14 if quick else 2**20
    results: dict[str, Any] = {"points": points, "run_s": RUN}
    print(f"storing {points} runs of {1e6 * RUN:.0f} us, {len(READ)} read-outs")
    for name, design in designs(points):
        with tempfile.TemporaryDirectory() as folder:
            took, busy = stored(design, Path(folder))
        share, busy_share = (float(t) / (RUN * design.size) for t in (took, busy))
        results[name] = {
            "store_s": float(took),
            "share_of_runs": share,
            "store_cpu_s": float(busy),
            "cpu_share_of_runs": busy_share,
        }
        print(
            f"{name:20} {took:6.2f} s, {100 * share:.1f} % of the runs' time; "
            f"processor {busy:.2f} s, {100 * busy_share:.1f} %"
        )
    small, large = peak(points // 8), peak(points)
    results["peak_mb"] = {str(points // 8): small, str(points): large}
    print(f"memory: {small:.0f} MB with {points // 8} runs, {large:.0f} MB with {points}")
    return results


if __name__ == "__main__":
    main(measure, __doc__)
