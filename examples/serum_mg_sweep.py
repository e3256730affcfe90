"""Serum magnesium, phosphate and T50: four sera, and a map.

T50 is how long a serum holds off its calcification in the assay. The script runs four sera over a
range of magnesium, says by how much 0.2 mmol/L more magnesium lengthens T50, and draws a map of T50
over magnesium and phosphate for the healthy serum.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import calcikin
from calcikin import plots
from calcikin.sweep import save

PRESETS = ("healthy", "ckd_3_4", "haemodialysis", "pxe")
STEP = 0.2  # mmol/L, the usual step of clinical studies


def main(quick: bool = False, out: str | Path = "serum_mg_sweep") -> list[Path]:
    """Run the sera and the map; `quick` takes one serum, 3 values of Mg and a map of 3 by 2.

    Returns
    -------
    list of Path
        The files written into the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    model = calcikin.load("t50_serum")
    files: list[Path] = []

    magnesium = np.linspace(0.5, 2.0, 3 if quick else 16)
    print(f"{'serum':<16}{'Mg of it':>9}{'T50 there':>11}{'for +0.2 mmol/L Mg':>20}")
    for preset in PRESETS[: 1 if quick else None]:
        serum = model.with_(preset=preset)
        own = serum.input_values()["serum.Mg"]
        pair = calcikin.sweep(serum, over={"serum.Mg": [own, own + STEP]})["t50"].values
        print(f"{preset:<16}{own:9.2f}{pair[0]:11.0f}{pair[1] - pair[0]:+20.0f}")
        table = calcikin.sweep(serum, over={"serum.Mg": magnesium})
        files += [
            save(table, folder / f"{preset}.nc"),
            plots.save(plots.sweep_curve(table), folder / f"{preset}.png"),
        ]
    print("(Mg in mmol/L, T50 in min)")

    grid = calcikin.sweep(
        model,
        over={
            "serum.Mg": magnesium,
            "serum.Pi": np.linspace(0.8, 2.4, 2 if quick else 9),
        },
    )
    files += [
        save(grid, folder / "mg_pi.nc"),
        plots.save(plots.sweep_map(grid), folder / "mg_pi.png"),
    ]
    print("\nWritten:")
    for path in files:
        print(f"   {path}")
    return files


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="serum_mg_sweep", help="folder for data and figures")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
