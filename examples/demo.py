"""The main example: serum magnesium through the T50 assay, and the Mg/Ca threshold of a slurry.

`make demo` runs this. Serum magnesium goes from 0.5 to 2.0 mmol/L in 16 values through the virtual
T50 assay (how long does the serum hold off its calcification?), and the Mg/Ca is found at which a
slurry of amorphous calcium phosphate (ACP) no longer crystallises within a day. Both tables are
printed; the data and the figures go into a folder, which is `demo` unless --out says otherwise.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import calcikin
from calcikin import plots
from calcikin.sweep import save

#: From a healthy serum to twice its magnesium: enough to see the first effect of every mmol.
MG_FROM, MG_TO = 0.5, 2.0  # mmol/L


def main(quick: bool = False, out: str | Path = "demo") -> list[Path]:
    """Run both jobs; `quick` takes 4 values of magnesium instead of 16.

    Returns
    -------
    list of Path
        The files written into the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)

    values = 4 if quick else 16
    print(f"1. Serum magnesium through the T50 assay, {values} values")
    print("   (the first run on a machine compiles the model: half a minute)\n")
    serum = calcikin.load("t50_serum")
    table = calcikin.sweep(
        serum,
        over={"serum.Mg": np.linspace(MG_FROM, MG_TO, values)},
        read=["t50", "t50_crystalline", "rh_cpp2", "pH_end"],
    )
    print("   serum Mg [mmol/L]   T50 [min]   radius of CPP2 [nm]   pH at the end   status")
    for k in range(values):
        row = table.isel({"serum.Mg": k})
        said = "ok" if row["status"] == 0 else str(row["reason"].values)
        print(
            f"   {float(row['serum.Mg']):17.2f}   {number(row['t50'], '.0f'):>9}   "
            f"{number(row['rh_cpp2'], '.0f'):>19}   {number(row['pH_end'], '.2f'):>13}   {said}"
        )
    files = [
        save(table, folder / "sweep.nc"),
        plots.save(plots.sweep_curve(table), folder / "serum_mg.png"),
    ]

    print("\n2. The Mg/Ca threshold of an ACP slurry\n")
    slurry = calcikin.load("acp_slurry")
    found = calcikin.threshold(
        slurry, over="Mg/Ca", low=0.05 if quick else 0.0, high=0.5 if quick else 1.0
    )
    if found.found:
        print(f"   {found.criterion}")
        for name, value in found.threshold.items():
            print(f"   Mg/Ca, {name:<6}{value:8.3f} mol/mol")
        print(f"   found with {found.simulations} simulations")
    else:
        print(f"   no threshold: {found.reason}")
    text = json.dumps(found.summary(), indent=2)
    (folder / "threshold.json").write_text(text + "\n", encoding="utf-8")
    files += [
        folder / "threshold.json",
        plots.save(plots.threshold(found), folder / "threshold.png"),
    ]

    # What happens in one of those runs.
    run = serum.simulate()
    day = run.dataset.sel(time=slice(0.0, 12.0 * 60.0))
    files += [
        plots.save(plots.t50_curve(day), folder / "t50_curve.png"),
        plots.save(plots.time_course(day), folder / "time_course.png"),
    ]
    print("\nWritten:")
    for path in files:
        print(f"   {path}")
    return files


def number(value: object, digits: str) -> str:
    """A number for a table; a dash where there is none."""
    x = float(value)  # type: ignore[arg-type]
    return format(x, digits) if np.isfinite(x) else "-"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="demo", help="folder for data and figures (demo)")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
