"""What the scripts share: options, timing, and the JSON file."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calcikin.bench import measure
from calcikin.bench.machine import describe_machine


def main(measure: Callable[[bool], dict[str, Any]], description: str | None) -> None:
    """Run a benchmark from the command line: ``--quick``, ``--json FILE``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="measure less, to try the script")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE")
    options = parser.parse_args()
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"the folder {str(options.json.parent)!r} does not exist")
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['usable_cores']} cores, load {machine['load']}\n")
    numbers = measure(options.quick)
    if options.json is not None:
        text = json.dumps({"machine": machine, "results": numbers}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
        print(f"\nwritten: {options.json}")


def named(name: str) -> Callable[[bool], dict[str, Any]]:
    """Return what measures a named problem of `calcikin bench`, peers included, and prints it."""

    def run(quick: bool) -> dict[str, Any]:
        report = measure(name, peers=True, quick=quick)
        print(report.table())
        return report.to_dict()

    return run


def median_time(call: Callable[[], object], repeats: int) -> float:
    """Median time of a call, after one that is not counted [s]."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
