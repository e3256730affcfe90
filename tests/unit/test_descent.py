"""The search: the same minimum as SciPy's, bounds held; a cut search goes on as if whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import least_squares

from calcikin.calibration.descent import State, begin, descend, polish

FREE = (np.full(2, -np.inf), np.full(2, np.inf))


def rosenbrock(z):
    return np.stack([10.0 * (z[:, 1] - z[:, 0] ** 2), 1.0 - z[:, 0]], axis=1)


def slopes(z, _):
    rows = [[[-20.0 * x, 10.0], [-1.0, 0.0]] for x, _ in z]
    return np.array(rows)


TIMES = np.linspace(0.0, 2.0, 12)


def decay(z):
    """Two exponentials: a curved and sloppy valley."""
    return np.exp(-np.exp(z[:, :1]) * TIMES) + np.exp(-np.exp(z[:, 1:]) * TIMES) - DATA


DATA = np.exp(-1.0 * TIMES) + np.exp(-2.0 * TIMES) + 0.01 * np.cos(9.0 * TIMES)


def decay_slopes(z, _):
    rates = np.exp(z)[:, None, :]
    return -rates * TIMES[None, :, None] * np.exp(-rates * TIMES[None, :, None])


def test_many_starts_find_the_minimum_of_rosenbrock():
    starts = np.array([[-1.2, 1.0], [3.0, -2.0], [0.0, 0.0]])
    end = descend(rosenbrock, slopes, starts, FREE, iterations=200)
    assert not end.running.any()
    # cost falls by less than 1e-4 of itself at the end, and is zero at the minimum
    assert end.z == pytest.approx(np.ones((3, 2)), abs=1e-6)


@pytest.mark.parametrize("high", [3.0, -0.2])
def test_the_minimum_is_that_of_scipy_with_and_without_a_bound(high):
    bounds = (np.array([-3.0, -3.0]), np.array([high, 3.0]))
    start = np.array([[-1.0, 0.5]])
    end = descend(decay, decay_slopes, start, bounds, iterations=100)
    twin = least_squares(
        lambda z: decay(z[None])[0],
        start[0],
        jac=lambda z: decay_slopes(z[None], None)[0],
        bounds=bounds,
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    assert (end.z[0] <= bounds[1]).all()
    # SMALL_GAIN: the cost is known to 1e-4 of itself
    assert end.cost[0] == pytest.approx(twin.cost, rel=1e-3)
    assert end.z[0] == pytest.approx(twin.x, abs=0.01)


def test_what_is_held_does_not_move():
    free = np.array([[False, True]])
    end = descend(rosenbrock, slopes, np.array([[0.5, 2.0]]), FREE, iterations=50, free=free)
    assert end.z[0, 0] == 0.5
    assert end.z[0, 1] == pytest.approx(0.25, abs=1e-9)


def test_a_search_that_was_cut_goes_on_bit_for_bit():
    start = np.array([[-1.2, 1.0], [0.3, 2.0]])
    whole = descend(rosenbrock, slopes, start, FREE, iterations=12)
    part = descend(rosenbrock, slopes, start, FREE, iterations=5)
    kept = State.from_dict(json.loads(json.dumps(part.to_dict())))
    again = descend(rosenbrock, slopes, start, FREE, iterations=12, state=kept)
    assert np.array_equal(whole.z, again.z)
    assert np.array_equal(whole.residuals, again.residuals)


def test_the_cost_never_rises_and_a_problem_does_not_see_the_others():
    starts = np.array([[-1.2, 1.0], [5.0, 5.0]])
    seen = []
    descend(rosenbrock, slopes, starts, FREE, iterations=20, watch=seen.append)
    costs = np.array([state.cost for state in seen])
    assert (np.diff(costs, axis=0) <= 0.0).all()
    alone = descend(rosenbrock, slopes, starts[1:], FREE, iterations=20)
    assert alone.z[0] == pytest.approx(seen[-1].z[1], rel=1e-12)


def test_a_minimum_stays_where_it_is():
    state = begin(rosenbrock, np.array([[1.0, 1.0]]))
    assert np.array_equal(polish(state, rosenbrock, slopes, FREE).z, state.z)
