"""The Mg/Ca threshold of an ACP slurry: what it is, what moves it, and what takes it away.

Amorphous calcium phosphate (ACP) in buffer crystallises within hours. With more magnesium it takes
longer, and from some Mg/Ca on it is still there after a day. That Mg/Ca is found by running the
slurry again and again; no threshold is written in the model. It moves with temperature and
supersaturation, and it is gone when the mechanisms that make it are switched off.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import calcikin
from calcikin import Model, plots
from calcikin.sweep import save

#: What is tried: name -> (changed inputs, mechanisms switched off).
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "as it comes, 37 degC": ({}, []),
    "30 degC": ({"temperature": "30 degC"}, []),
    "25 degC": ({"temperature": "25 degC"}, []),
    "less supersaturated (8 mM Ca, 4.8 mM Pi)": ({"Ca": "8 mmol/L", "Pi": "4.8 mmol/L"}, []),
    "more supersaturated (12 mM Ca, 7.2 mM Pi)": ({"Ca": "12 mmol/L", "Pi": "7.2 mmol/L"}, []),
    "Mg does not stabilise ACP": ({}, ["acp_stabilisation"]),
    "Mg does not poison crystal growth": ({}, ["growth_poisoning"]),
    "neither of the two": ({}, ["acp_stabilisation", "growth_poisoning"]),
}


def main(quick: bool = False, out: str | Path = "mg_ca_threshold") -> list[Path]:
    """Find the threshold in every case; `quick` takes the first case and a coarse series.

    Returns
    -------
    list of Path
        The files written into the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    slurry = calcikin.load("acp_slurry")

    print("The Mg/Ca at which less than 5 % crystallise in 24 h\n")
    print(f"{'':<44}{'total':>8}{'free':>8}{'in ACP':>8}  simulations")
    at = np.nan
    for title, (changes, off) in list(CASES.items())[: 1 if quick else None]:
        total = search(title, slurry.with_(changes, switch_off=off), quick)
        if title == next(iter(CASES)):
            at = total

    ratios = np.linspace(0.0, 0.5, 5 if quick else 26)
    solids = ["ACP", "CPP1", "CPP2", "HAP", "WH"]
    series = calcikin.sweep(
        slurry.with_({"duration": "24 h"}),
        over={"Mg/Ca": ratios},
        read=[f"{name}_end" for name in solids],
    )
    figure = plots.phase_fractions(
        series.rename({f"{name}_end": name for name in solids}), threshold=at
    )
    files = [
        save(series, folder / "phases.nc"),
        plots.save(figure, folder / "phases.png"),
    ]
    print("\nWritten:")
    for path in files:
        print(f"   {path}")
    return files


def search(title: str, model: Model, quick: bool) -> float:
    """Find and print one threshold; its total Mg/Ca, NaN when there is none."""
    found = calcikin.threshold(model, over="Mg/Ca", high=0.5 if quick else 1.0)
    if found.found:
        print(
            f"{title:<44}{found.total:8.3f}{found.free:8.3f}{found.solid:8.3f}  {found.simulations}"
        )
    else:
        print(f"{title:<44}none: {found.reason}")
    return found.total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="mg_ca_threshold", help="folder for data and figures")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
