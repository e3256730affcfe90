"""The compiled speciation settles on any water: traces up to 2 mol/L, pH 2 to 12."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcikin import load

WATERS = 1500


@pytest.fixture(scope="module")
def waters() -> list[tuple[np.ndarray, float]]:
    """Totals [mol/L] in kernel order, and pH: half of the components absent, others log-uniform."""
    compiled = load("t50_serum").compiled
    order = compiled.tables.components
    draw = np.random.default_rng(20)
    found = []
    for _ in range(WATERS):
        present = draw.random(len(order)) < 0.5
        totals = np.where(present, 10.0 ** draw.uniform(-15.0, math.log10(2.0), len(order)), 0.0)
        totals[order.index("H")] = 0.0
        found.append((totals, draw.uniform(2.0, 12.0)))
    return found


def test_every_water_settles_and_a_closed_ph_finds_the_same(waters) -> None:
    model = load("t50_serum")
    compiled = model.compiled
    layout, slots, kernel = compiled.layout, compiled.slots, compiled.module
    q = model.parameter_vector()
    cations = compiled.tables.cations
    for totals, ph in waters:
        x, s = np.zeros(compiled.n_unknowns), np.zeros(slots.size)
        q[layout["ph_fixed"]], q[layout["ln_ah"]] = 1.0, -ph * math.log(10.0)
        kernel.cold_start(q, totals, x)
        assert kernel.speciate(q, totals, x, s) >= 0, (totals, ph)
        # round-off of sums over 70 species and of a bisected ionic strength, with room to spare
        for i, cation in enumerate(cations):
            if cation != "H" and totals[i] > 0.0:
                assert abs(s[slots[f"r.{i}"]]) <= 1e-10 * totals[i], (totals, ph)
        ionic_strength = s[slots["I"]]
        assert s[slots["half_sum"]] == pytest.approx(ionic_strength, rel=1e-10)
        if ionic_strength < 0.5:  # beyond, Davies' equation allows more than one answer
            closed = totals.copy()
            closed[cations.index("H")] = s[slots["total_H"]]
            q[layout["ph_fixed"]] = 0.0
            other, t = np.zeros(compiled.n_unknowns), np.zeros(slots.size)
            kernel.cold_start(q, closed, other)
            assert kernel.speciate(q, closed, other, t) >= 0, (totals, ph)
            # total H of a buffered solution fixes pH to about its round-off over the buffering
            assert t[slots["lna.H"]] == pytest.approx(-ph * math.log(10.0), abs=1e-6)
