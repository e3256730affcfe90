"""Numbers behind the page of questions: what an attribution of magnesium's effect says."""

from __future__ import annotations

import numpy as np
from rows import Found

from calcikin import load
from calcikin.analysis import Attribution, attribute, boundary

__all__ = ["measure"]

OF = "serum.Mg: 0.8 -> 1.2 mmol/L"
#: The explanations that the literature offers for what magnesium does.
NAMED = (
    "phosphate_complexation",
    "acp_stabilisation",
    "growth_poisoning",
    "atp_shielding",
    "pyrophosphate",
    "whitlockite",
)


def measure(found: Found) -> None:
    """Attribute a rise of serum Mg, in four ways, and trace one boundary."""
    model = load("t50_serum")
    ways: dict[str, Attribution] = {
        f"{words}, {scale}": attribute(model, OF, among=among, scale=scale)
        for words, among in (("six", NAMED), ("nine", None))
        for scale in ("rate", "log")
    }
    order = list(ways["nine, log"].contributions)
    rows = []
    for name in order:
        cells = [_percent(way.shares[name]) if name in way.shares else "" for way in ways.values()]
        rows.append([f"`{name}`", *cells])
    rest = [way.remainder.sum() / way.total.sum() for way in ways.values()]
    rows.append(["with none of them", *(_percent(float(share)) for share in rest)])
    found.table(
        "attribution",
        ["mechanism", "six, 1/T50", "six, ln T50", "nine, 1/T50", "nine, ln T50"],
        rows,
    )
    for name in ("growth_poisoning", "acp_stabilisation", "phosphate_complexation"):
        found.value(f"share_{name}", 100.0 * ways["six, rate"].shares[name], "%", 2)
        found.value(f"share_{name}_log", 100.0 * ways["six, log"].shares[name], "%", 2)
    small = "small_particle_solubility"
    found.value("share_small_rate", 100.0 * ways["nine, rate"].shares[small], "%", 2)
    found.value("share_small_log", 100.0 * ways["nine, log"].shares[small], "%", 2)
    first, last = ways["six, rate"].readings
    found.value("attribution_from", float(first), "min")
    found.value("attribution_to", float(last), "min")
    gap = max(
        float(np.abs(w.values.sum() + w.remainder.sum() - w.total.sum())) for w in ways.values()
    )
    found.value("attribution_gap", gap, "", 1)
    line = boundary(model, {"serum.Mg": (0.4, 2.0), "serum.Pi": (0.7, 2.0)}, "t50 > 300 min")
    found.values["boundary_runs"] = str(line.simulations)
    found.values["boundary_stages"] = str(line.stages)
    found.value("boundary_saving", line.saving, "", 2)


def _percent(share: float) -> str:
    """A share in percent with one digit, without a sign on zero."""
    percent = round(100.0 * share, 1)
    return "0" if percent == 0.0 else f"{percent:.1f}".replace("-", "\N{MINUS SIGN}")
