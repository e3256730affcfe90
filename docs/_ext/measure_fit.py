"""Views of the report of the fit: how well numbers are known, and other mechanisms beside."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rows import Found, show, show_residual

from calcikin.calibration import deciding_experiments, load_calibration
from calcikin.calibration.stored import evidence_of, load_report, profiles_of
from calcikin.errors import InputError

__all__ = ["measure"]


def measure(found: Found, folder: Path) -> None:
    """Tables and figures of the stored report."""
    from calcikin import plots

    calibration = load_calibration()
    try:
        report = load_report(calibration)
    except InputError as error:
        raise SystemExit(f"{error}") from error
    stale = ", ".join(report["stale"])
    found.values["fit_stale"] = (
        f"The tables are of other values of {stale}; the fit has to be run again."
        if stale
        else "They are of the parameters as shipped."
    )
    plots.save(plots.correlations(evidence_of(report)), folder / "correlations.svg")
    curves = profiles_of(report, calibration)
    if curves:
        plots.save(plots.profile_likelihoods(curves), folder / "profiles.svg")
    _known(found, report)
    found.table(
        "fit_directions",
        ["information of the data", "direction, in units of the priors"],
        [
            [
                show(d["information"], 2),
                ", ".join(f"`{n}` {show(x, 2, sign=True)}" for n, x in d["parts"].items()),
            ]
            for d in report["directions"]
            if d["sloppy"] or d["information"] < 10.0
        ],
    )
    _pairs(found, report)
    _search(found, report)
    variants = report.get("comparison", {}).get("variants", [])
    _variants(found, report, variants)
    told = deciding_experiments(calibration, {v["name"]: v["parameters"] for v in variants})
    names = [v["name"] for v in variants]
    found.table(
        "deciding",
        ["experiment", "what is measured", *(f"`{n}`" for n in names)],
        [
            [
                one.experiment,
                one.quantity,
                *(
                    show(one.values[n], 3, sign="change" in one.quantity)
                    + (f" {one.unit}" if one.unit != "1" else "")
                    for n in names
                ),
            ]
            for one in told
        ],
    )


def _known(found: Found, report: dict[str, Any]) -> None:
    """Every fitted number with both intervals."""
    rows = []
    for name, p in report["parameters"].items():
        unit = "" if p["unit"] == "1" else f" {p['unit']}"
        profile = report.get("profiles", {}).get(name)
        ends = "–"
        if profile:
            low, high = (profile[k] for k in ("low", "high"))
            ends = f"{'open' if low is None else show(low, 3)} to "
            ends += "open" if high is None else show(high, 3)
        rows.append(
            [
                f"`{name}`",
                show(p["value"], 4) + unit,
                f"{show(p['low'], 3)} to {show(p['high'], 3)}",
                ends,
                f"{p['sd_over_prior']:.0%}",
                "yes" if p["determined"] else "**no**",
            ]
        )
    columns = ["parameter", "fitted", "95 %, linear", "95 %, profile", "left of the prior"]
    found.table("fit_known", [*columns, "determined"], rows)
    found.values["fit_undetermined"] = ", ".join(report["not_determined"]) or "none"


def _pairs(found: Found, report: dict[str, Any]) -> None:
    """Strongest correlations."""
    names, matrix = report["names"], report["correlation"]
    pairs = [(matrix[i][j], names[i], names[j]) for i in range(len(names)) for j in range(i)]
    strong = sorted((p for p in pairs if abs(p[0]) > 0.8), key=lambda p: -abs(p[0]))
    found.table(
        "fit_correlations",
        ["", "", "correlation"],
        [[f"`{a}`", f"`{b}`", f"{r:+.3f}".replace("-", "\N{MINUS SIGN}")] for r, a, b in strong],
    )


def _search(found: Found, report: dict[str, Any]) -> None:
    """Where the searches ended."""
    ends = [end["cost"] for end in report["ends"]]
    near = sum(cost < 1.02 * min(ends) for cost in ends)
    found.values["fit_searches"] = f"{near} of {len(ends)}"
    found.value("fit_cost", report["cost"], "", 3)
    worst = max(report["datasets"], key=lambda d: abs(d["residual"]))
    found.values["fit_worst"] = f"{worst['row']} ({show_residual(worst['residual'])})"


def _variants(found: Found, report: dict[str, Any], variants: list[dict[str, Any]]) -> None:
    rows, slopes = [], []
    for v in variants:
        deltas = [v[f"delta_{c}"] for c in ("aic", "aicc", "bic", "ln_evidence")]
        rows.append(
            [
                f"`{v['name']}`: {v['title']}",
                show(v["chi2"], 3),
                str(v["free"]),
                *("–" if d is None else show(d, 3, sign=True) for d in deltas),
                show(v["weight"], 2),
            ]
        )
    columns = ["variant", "χ² of the data", "fitted", "ΔAIC", "ΔAICc", "ΔBIC", "Δ ln Z", "weight"]
    found.table("variants", columns, rows)
    found.values["variants_data"] = str(report.get("comparison", {}).get("data", 0))
    for entry in report["datasets"]:
        cells = [v["datasets"].get(entry["row"]) for v in variants]
        slopes.append(
            [
                f"`{entry['row']}`",
                entry["asked"].replace("-", "\N{MINUS SIGN}"),
                *(
                    f"{show(c['predicted'], 3)} ({show_residual(c['residual'])})"
                    if c and c["predicted"] is not None and math.isfinite(c["predicted"])
                    else "none"
                    for c in cells
                ),
            ]
        )
    found.table("variants_rows", ["row", "datum", *(f"`{v['name']}`" for v in variants)], slopes)
