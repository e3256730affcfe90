"""Figures of calibrations: what is drawn is what was found."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcikin import plots
from calcikin.calibration import Evidence, Profile, load_calibration
from calcikin.calibration.identify import Direction
from calcikin.calibration.validate import judge
from calcikin.errors import InputError


def judged(row: str, value: float):
    dataset = next(d for d in load_calibration().datasets if d.row.id == row)
    return judge(dataset, np.full(len(dataset.demands), value))


def test_the_forest_has_a_line_for_each_row_with_a_number():
    rows = [
        judged("t50_ckd34", 275.0),
        judged("t50_haemodialysis", 9999.0),
        judged("plasma_clear", 0.0),
        judged("cpp1_radius", math.nan),
        judged("atp_blocks", math.nan),
    ]
    (axes,) = plots.forest(rows).axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["t50_ckd34", "t50_haemodialysis", "plasma_clear"]
    markers = [line.get_marker() for line in axes.lines]
    assert "o" in markers  # inside
    assert ">" in markers  # beyond the edge
    with pytest.raises(InputError):
        plots.forest(rows[3:])


def test_profiles_and_correlations_are_drawn():
    x = np.linspace(1.0, 3.0, 5)
    profile = Profile("k", "1/s", True, x, (x - 2.0) ** 2, (x - 2.0) ** 2, 1.5, math.inf)
    (axes,) = plots.profile_likelihoods([profile]).axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "k [1/s]"
    assert np.array_equal(axes.lines[1].get_xdata(), x)
    with pytest.raises(InputError):
        plots.profile_likelihoods([])
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    directions = (Direction(0.1, {"a": 1.0}), Direction(9.0, {"b": 1.0}))
    found = Evidence(("a", "b"), np.zeros(2), covariance, directions)
    above, below = plots.correlations(found).axes[:2]
    assert np.asarray(above.images[0].get_array()) == pytest.approx(found.correlation)
    assert [text.get_text() for text in below.get_yticklabels()] == ["a", "b"]
