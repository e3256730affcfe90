"""Additions during a run, and the experiments that would decide between mechanisms."""

from __future__ import annotations

import numpy as np
import pytest

from calcikin import load
from calcikin.calibration import deciding_experiments, load_calibration
from calcikin.errors import OutOfRangeError
from calcikin.simulate.addition import with_addition


@pytest.fixture(scope="module")
def serum():
    return load("t50_serum")


def test_what_is_added_at_once_was_there_from_the_start(serum):
    more = {"serum.Pi": 1.5}
    early = with_addition(serum, more, 1e-3, rtol=1e-6)
    whole = serum.with_(more).simulate(solver="ensemble", rtol=1e-6)
    assert early.ok
    # a millisecond of the burst: 0.02 min of what is 48 min; T50 itself moves with its readings
    # too, of which the one has twice as many
    half = whole.t50_crystalline()
    assert early.t50_crystalline() == pytest.approx(half, abs=0.02)
    assert early.t50() == pytest.approx(whole.t50(), abs=0.3)


def test_an_addition_of_nothing_changes_nothing(serum):
    base = serum.simulate(solver="ensemble", rtol=1e-6)
    cut = with_addition(serum, {}, 3600.0, rtol=1e-6)
    assert cut.t[0] == 3600.0
    # the integration begins anew: readings and steps are others
    assert cut.t50() == pytest.approx(base.t50(), abs=0.05)
    assert cut.state("Ca")[-1] == pytest.approx(base.state("Ca")[-1], rel=1e-5)


def test_what_is_added_is_what_the_changed_mix_holds_more(serum):
    late = with_addition(serum, {"serum.Pi": 1.5}, 900.0)
    before = serum.simulate(solver="ensemble", times=np.array([0.0, 900.0]))
    more = late.state("Pi")[0] - before.state("Pi")[-1]
    # 0.4 mmol/L of serum, which is 80 of 200 uL
    assert more == pytest.approx(0.4 * 0.4e-3, rel=1e-9)
    # phosphate of pH 7.4 with its hydrogen: the pH stays to a hundredth
    assert late.ph[0] == pytest.approx(before.ph[-1], abs=0.01)


def test_an_addition_lies_within_the_run(serum):
    for at in (0.0, 1e9):
        with pytest.raises(OutOfRangeError, match="addition"):
            with_addition(serum, {}, at)


def test_late_phosphate_tells_particle_size_from_nothing_else():
    """The numbers that a page shows, by the shipped parameters."""
    calibration = load_calibration()
    shipped = {f.name: calibration.parameter_set.get(f.sets[0]).value for f in calibration.fitted}
    told = deciding_experiments(calibration, {"particle_size": shipped})
    by_name = {(one.experiment, one.quantity): one.values["particle_size"] for one in told}
    start = by_name["phosphate added late", "change of T50, added at the start"]
    late = by_name["phosphate added late", "change of T50, added after 60 min"]
    serum = load("t50_serum")
    base, more = (
        serum.with_({"serum.Pi": pi}).simulate(solver="ensemble", rtol=1e-6).t50()
        for pi in (1.1, 1.5)
    )
    assert start == pytest.approx(more - base, rel=1e-6)
    assert abs(late) < 0.2 * abs(start)
    filtrate = by_name["ultrafiltrate", "phosphate after 1 h"]
    assert 0.0 < filtrate < 6.5  # less than was put in
