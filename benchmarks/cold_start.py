"""The first result on a machine that never ran calcikin, the next from cache, a warm command."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import common

import calcikin
from calcikin.bench.processes import fresh_processes

COMMAND = [sys.executable, "-c", "from calcikin.cli.main import main; main()", "run", "t50_serum"]


def warm_command(repeats: int) -> float | None:
    """Median time of ``calcikin run t50_serum --json``, kernels from the user's cache [s]."""
    package = str(Path(calcikin.__file__).resolve().parent.parent)
    path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        answer = subprocess.run(
            [*COMMAND, "--json"],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            check=False,
        )
        times.append(time.perf_counter() - start)
        if answer.returncode != 0:
            print(answer.stderr.decode(errors="replace"), file=sys.stderr)
            return None
    return statistics.median(times[1:])  # the first may have compiled


def measure(quick: bool = False) -> dict[str, Any]:
    """Run fresh processes and print seconds by stage."""
    results: dict[str, Any] = {} if quick else fresh_processes("t50_serum")
    for name, stages in results.items():
        print(f"{name.replace('_', ' ')}: {stages['total_s']:.2f} s in all")
        for stage, value in stages.items():
            if stage.endswith("_s") and stage != "total_s":
                print(f"    {stage.removesuffix('_s').replace('_', ' '):20}{value:8.2f} s")
        if stages["peak_memory_MB"] is not None:
            print(f"    {'peak memory':20}{stages['peak_memory_MB']:8.0f} MB")
    seconds = warm_command(1 if quick else 5)
    results["warm_command_s"] = seconds
    print(
        "calcikin run t50_serum --json, warm: "
        + ("failed" if seconds is None else f"{seconds:.2f} s")
    )
    return results


if __name__ == "__main__":
    common.main(measure, __doc__)
