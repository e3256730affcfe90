"""One T50 curve, explained: what happens in the well of the assay, and when.

A serum is mixed with calcium and phosphate, and the light that the mix scatters is read for ten
hours. The script runs the assay once and tells the story in the order in which it happens, with the
numbers of this run; the figures show the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import calcikin
from calcikin import plots


def main(quick: bool = False, out: str | Path = "one_t50_curve") -> list[Path]:
    """Run the assay with healthy serum; `quick` follows it for 12 instead of 48 hours.

    Returns
    -------
    list of Path
        The files written into the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    serum = calcikin.load("t50_serum").with_(preset="healthy")
    run = serum.simulate("12 h" if quick else "48 h")
    data = run.dataset
    if not run.ok:
        raise SystemExit(f"the run is not sound: {run.reason}")

    first = data.isel(time=0)
    print(
        f"At the start the mix holds {float(first['Ca']):.1f} mmol/L Ca, "
        f"{float(first['Pi']):.1f} mmol/L phosphate and {float(first['Mg']):.2f} mmol/L Mg at "
        f"pH {float(first['pH']):.2f}.\n"
        f"It is supersaturated: SI = {float(first['SI_ACP']):.2f} for ACP, "
        f"{float(first['SI_OCP']):.1f} for OCP, {float(first['SI_HAP']):.1f} for hydroxyapatite.\n"
    )

    amorphous = data["ACP"] + data["CPP1"]
    most = int(np.argmax(amorphous.values))
    half = float(data["time"][int(np.argmax(amorphous.values > 0.5 * amorphous.values[most]))])
    print(
        f"Within {max(half, 1.0 / 60.0):.2g} min half of the ACP is there; fetuin-A coats it: "
        f"primary calciprotein particles (CPP1).\nAt most {float(amorphous[most]):.1f} mmol/L Ca "
        f"are in it, in particles of {float(data['rh_CPP1'][most]):.0f} nm hydrodynamic radius, "
        f"and the pH has fallen to {float(data['pH'][most]):.2f}.\n"
        "This is the first, small rise of the light, and then its plateau.\n"
    )

    t50, crystals = run.t50(), run.t50_crystalline()
    if np.isfinite(t50):
        print(
            "Beneath the coat crystals appear, slowly, because Mg, pyrophosphate and the coat hold "
            f"them back.\nAt {crystals:.0f} min half of the solid Ca is crystalline: secondary "
            f"particles (CPP2).\nThe light rises a second time; the middle of that rise is "
            f"T50 = {t50:.0f} min.\n"
        )
    else:
        print("There is no second rise within this run: the serum has no T50.\n")
    last = data.isel(time=-1)
    solids = ", ".join(
        f"{name} {float(last[name]):.2f}" for name in ("ACP", "CPP1", "CPP2", "HAP", "WH")
    )
    print(
        f"At the end ({float(last['time']) / 60.0:.0f} h, pH {float(last['pH']):.2f}) the solid "
        f"Ca in mmol/L is {solids}.\n"
        f"Elements and charge balance to {run.balance_error:.0e}."
    )

    seen = data.sel(time=slice(0.0, max(600.0, 1.5 * t50) if np.isfinite(t50) else None))
    files = [
        plots.save(plots.t50_curve(seen), folder / "t50_curve.png"),
        plots.save(plots.time_course(seen), folder / "time_course.png"),
    ]
    print("\nWritten:")
    for path in files:
        print(f"   {path}")
    return files


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="one_t50_curve", help="folder for the figures")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
