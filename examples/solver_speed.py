"""Which solver is fastest, and what compiled code and an exact Jacobian are worth.

The equations of the T50 assay are stiff: rates differ by many orders of magnitude. The script runs
them with LSODA, BDF and Radau, at several tolerances, with compiled and plain-Python code, with the
exact Jacobian and with differences, and measures the error that is really achieved against a much
tighter solution. Timings depend on the machine, and on what else it is doing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from calcikin import bench, plots


def main(quick: bool = False, out: str | Path = "solver_speed") -> list[Path]:
    """Run the benchmark; `quick` follows the first minute of the assay only.

    Returns
    -------
    list of Path
        The files written into the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    report = bench.run(quick=quick, progress=lambda words: print(f"   {words} ..."))
    print()
    print(report.table())

    figure = folder / "work_precision.png"
    data = folder / "bench.json"
    data.write_text(report.to_json() + "\n", encoding="utf-8")
    files = [data, plots.save(report.figure(), figure)]
    print("\nWritten:")
    for path in files:
        print(f"   {path}")
    return files


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="solver_speed", help="folder for data and figure")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
