"""Every named problem with every peer, into one JSON file: what docs/benchmarks.md shows.

    python benchmarks/run_all.py --out docs/_static/benchmarks.json

Takes some ten minutes on a quiet machine with two cores; other work disturbs it. `--quick` measures
a little of each in a minute, to try it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from calcikin.bench import NAMES, measure
from calcikin.bench.machine import describe_machine
from calcikin.bench.named import PACKAGES
from calcikin.cli.output import json_text, write_text

#: The sweep goes up to a million sera where that takes no longer than `scaling.LIMIT`.
COUNTS = {"speciation": 200_000, "sweep": 1_000_000}


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="measure less, to try the script")
    options = parser.parse_args()
    if not options.out.parent.is_dir():
        parser.error(f"the folder {str(options.out.parent)!r} does not exist")
    data = {"quick": options.quick, "machine": describe_machine(PACKAGES), "problems": {}}
    begun = time.perf_counter()
    for name in NAMES:
        start = time.perf_counter()
        report = measure(
            name,
            peers=True,
            n=None if options.quick else COUNTS.get(name),
            quick=options.quick,
            progress=lambda words: print(words, file=sys.stderr),
        )
        took = time.perf_counter() - start
        data["problems"][name] = report.to_dict() | {"took_s": took}
        print(f"==== {name}, {took:.0f} s\n{report.table()}\n", flush=True)
    data["took_s"] = time.perf_counter() - begun
    data["load_at_end"] = describe_machine()["load"]
    write_text(options.out, lambda stream: stream.write(json_text(data) + "\n"))
    print(f"{data['took_s']:.0f} s in all; written: {options.out}")


if __name__ == "__main__":
    main()
