"""T50 of computed curves: exact when symmetric, smooth, honest when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from calcikin.assays.steepest import t50_from_computed_curve

DAY = np.unique(np.concatenate([np.geomspace(1.0, 180.0, 20), np.arange(360.0, 86400.0, 180.0)]))


def curve(mid: float = 330.0, width: float = 12.0, second: float = 0.0) -> np.ndarray:
    """First rise within a minute, a logistic second rise (minutes), and a slow later one."""
    minutes = DAY / 60.0
    first = 1.0 - np.exp(-DAY / 20.0)
    rise = 5.0 / (1.0 + np.exp(-(minutes - mid) / width))
    late = second / (1.0 + np.exp(-(minutes - mid - 300.0) / 60.0))
    return np.asarray(first + rise + late)


@pytest.mark.parametrize("width", [6.0, 12.0, 30.0])
def test_symmetric_rise_gives_its_midpoint(width: float) -> None:
    found = t50_from_computed_curve(DAY, curve(width=width))
    assert found.status == "ok"
    # symmetric: (2) is symmetric about the midpoint; 0.02 min is the spline of 3 min readings
    assert found.t50_s / 60.0 == pytest.approx(330.0, abs=0.02)
    # logistic: w ~ sech^8(u), u = x / 2 width, whose variance is pi^2/12 - 49/72 (by parts, from
    # that
    # of sech^2), so the window spans tanh(5 sigma_u) of the height
    share = np.tanh(5.0 * np.sqrt(np.pi**2 / 12.0 - 49.0 / 72.0))
    assert found.plateau_level - found.lag_level == pytest.approx(5.0 * share, rel=3e-3)


def test_scale_and_offset_do_not_matter() -> None:
    one = t50_from_computed_curve(DAY, curve())
    other = t50_from_computed_curve(DAY, 7.0 + 1e-4 * curve())
    assert other.t50_s == pytest.approx(one.t50_s, rel=1e-9)


def test_two_stage_rise_moves_smoothly() -> None:
    """Shifting a two-stage curve by d moves T50 by d: no jump from one plateau to another."""
    mids = np.arange(300.0, 360.0, 2.5)
    t50 = [t50_from_computed_curve(DAY, curve(mid=m, second=3.0)).t50_s / 60.0 for m in mids]
    # the readings stay where they are, so the spline moves against the curve by a little
    assert np.allclose(np.diff(t50), 2.5, atol=0.1)


def test_sampling_does_not_matter() -> None:
    dense = np.unique(np.concatenate([DAY, np.arange(360.0, 86400.0, 20.0)]))
    minutes = dense / 60.0
    y = 1.0 - np.exp(-dense / 20.0) + 5.0 / (1.0 + np.exp(-(minutes - 330.0) / 12.0))
    fine = t50_from_computed_curve(dense, y).t50_s
    assert t50_from_computed_curve(DAY, curve()).t50_s == pytest.approx(fine, abs=2.0)


def test_no_second_rise_is_said() -> None:
    flat = 1.0 - np.exp(-DAY / 20.0)
    assert t50_from_computed_curve(DAY, flat).status == "no_transition"


def test_rise_cut_by_the_end_is_incomplete() -> None:
    found = t50_from_computed_curve(DAY, curve(mid=1430.0))
    assert found.status == "incomplete"
    assert np.isnan(found.t50_s)


def test_crystals_at_once_need_the_callers_word() -> None:
    flat = 1.0 / (1.0 + np.exp(-(DAY - 60.0) / 10.0))
    assert t50_from_computed_curve(DAY, flat).status == "no_transition"
    found = t50_from_computed_curve(DAY, flat, from_start=True)
    assert found.status == "single_rise"
    assert found.t50_s == pytest.approx(60.0, abs=2.0)
