"""Derivatives, Morris effects and Sobol indices of functions whose values are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import sobol_indices

from calcikin.analysis.derivatives import gradient
from calcikin.analysis.screening import effects, trajectories
from calcikin.analysis.variance import Saltelli, indices
from calcikin.errors import InputError, OutOfRangeError

# ---- derivatives ---------------------------------------------------------------------------------


def smooth(points):
    return np.exp(points[:, 0]) * np.sin(points[:, 1]) + points[:, 2] ** 3


def test_derivatives_are_exact_to_the_error_they_state():
    x = np.array([0.3, 1.1, 2.0])
    found = gradient(smooth, x, np.abs(x))
    truth = np.array([math.exp(0.3) * math.sin(1.1), math.exp(0.3) * math.cos(1.1), 12.0])
    # fourth order over steps of at least 0.2 %: what is left is rounding, 1e-16/1e-3
    assert found.derivatives == pytest.approx(truth, rel=1e-9)
    assert np.all(np.abs(found.derivatives - truth) <= found.errors + 1e-12)
    assert not found.one_sided.any()
    assert found.value == smooth(x[None])[0]


def test_noise_of_the_runs_is_seen_in_the_error_and_answered_with_a_larger_step():
    rng = np.random.default_rng(3)

    def noisy(points):
        return smooth(points) * (1.0 + 1e-6 * rng.standard_normal(len(points)))

    x = np.array([0.3, 1.1, 2.0])
    clean, found = gradient(smooth, x, np.abs(x)), gradient(noisy, x, np.abs(x))
    assert np.all(found.errors > 10.0 * clean.errors)
    # the error is an estimate from three steps: it is right to a factor of a few
    assert np.all(np.abs(found.derivatives - clean.derivatives) <= 5.0 * found.errors)


def test_at_the_end_of_a_range_the_other_side_serves():
    def only_positive(points):
        with np.errstate(invalid="ignore"):
            return np.where(points[:, 0] < 0.0, math.nan, np.cos(points[:, 0]) + points[:, 0])

    found = gradient(only_positive, np.array([0.0]), np.array([1.0]))
    # f' = 1 - sin 0; differences over three points, extrapolated
    assert found.derivatives[0] == pytest.approx(1.0, abs=1e-5)
    assert found.one_sided[0]


def test_where_nothing_has_a_value_there_is_no_derivative():
    found = gradient(lambda p: np.full(len(p), math.nan), np.array([1.0]), np.array([1.0]))
    assert np.isnan(found.derivatives).all()
    assert np.isnan(found.errors).all()


# ---- Morris --------------------------------------------------------------------------------------


def test_effects_of_a_linear_function_are_its_slopes():
    slopes = np.array([3.0, -2.0, 0.0, 0.5])
    ways = trajectories(4, 10, seed=1)
    found = effects(ways, ways @ slopes)
    assert found.mean == pytest.approx(slopes, abs=1e-13)
    assert found.strength == pytest.approx(np.abs(slopes), abs=1e-13)
    assert found.spread == pytest.approx(np.zeros(4), abs=1e-13)
    assert found.strength_low == pytest.approx(found.strength_high, abs=1e-13)


def morris_1991(x):
    """The test function of Morris 1991, section 4: 20 factors, of which ten matter."""
    w = 2.0 * (x - 0.5)
    for i in (2, 4, 6):
        w[:, i] = 2.0 * (1.1 * x[:, i] / (x[:, i] + 0.1) - 0.5)
    one = np.array([20.0 if i < 10 else (-1.0) ** (i + 1) for i in range(20)])
    two = np.array(
        [[-15.0 if i < 6 and j < 6 else (-1.0) ** (i + j) for j in range(20)] for i in range(20)]
    )
    y = w @ one + np.einsum("ni,ij,nj->n", w, np.triu(two, 1), w)
    for i in range(5):
        for j in range(i + 1, 5):
            for k in range(j + 1, 5):
                y += -10.0 * w[:, i] * w[:, j] * w[:, k]
    return y + 5.0 * w[:, 0] * w[:, 1] * w[:, 2] * w[:, 3]


def test_morris_own_function_is_screened_as_published():
    ways = trajectories(20, 40, seed=4)
    found = effects(ways, morris_1991(ways.reshape(-1, 20)).reshape(ways.shape[:2]))
    # Morris 1991, figure 1: the first ten stand out, and of them 8, 9, 10 act alone
    assert found.strength[:10].min() > 2.0 * found.strength[10:].max()
    # their slope is 20 dw/dx = 40, disturbed by pairs of size 1
    assert found.strength[7:10] == pytest.approx([40.0] * 3, rel=0.1)
    assert found.spread[7:10].max() < 0.5 * found.spread[:6].min()
    assert np.all((found.strength_low <= found.strength) & (found.strength <= found.strength_high))


def test_a_missing_value_costs_the_effects_beside_it_and_no_more():
    ways = trajectories(3, 6, seed=0)
    values = ways @ np.array([1.0, 2.0, 3.0])
    values[2, 1] = math.nan
    found = effects(ways, values)
    assert found.count.sum() == 6 * 3 - 2
    assert found.mean == pytest.approx([1.0, 2.0, 3.0], abs=1e-13)


def test_one_way_is_too_few():
    with pytest.raises(OutOfRangeError, match="1 ways"):
        trajectories(3, 1, seed=0)


# ---- Sobol ---------------------------------------------------------------------------------------


def ishigami(u):
    x = math.pi * (2.0 * u - 1.0)
    return (
        np.sin(x[..., 0]) + 7.0 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])
    )


A = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def g_function(u):
    return np.prod((np.abs(4.0 * u - 2.0) + A) / (1.0 + A), axis=-1)


def test_ishigami_has_its_published_indices():
    found = indices(ishigami(np.array(Saltelli(3, 2**13, seed=1))))
    # Ishigami & Homma 1990 with a = 7, b = 0.1; published to four digits, e.g. Saltelli 2008
    for value, low, high, published in (
        (found.first, found.first_low, found.first_high, [0.3139, 0.4424, 0.0]),
        (found.total, found.total_low, found.total_high, [0.5576, 0.4424, 0.2437]),
    ):
        assert value == pytest.approx(published, abs=0.01)
        assert np.all(low <= high)
        # resampled rows know nothing of the balance of the sequence: intervals are wide enough
        assert np.all((low - 1e-3 <= published) & (published <= high + 1e-3))
    assert found.variance == pytest.approx(13.844, rel=0.01)
    assert found.dropped == 0


def test_the_g_function_has_its_closed_form():
    # Saltelli & Sobol 1995: V_i = 1/(3 (1 + a_i)^2)
    part = 1.0 / (3.0 * (1.0 + A) ** 2)
    whole = np.prod(1.0 + part) - 1.0
    first, total = part / whole, part * np.prod(1.0 + part) / (1.0 + part) / whole
    # published with three digits
    assert first[:4] == pytest.approx([0.716, 0.179, 0.024, 0.007], abs=5e-4)
    found = indices(g_function(np.array(Saltelli(8, 2**13, seed=2))))
    assert found.first == pytest.approx(first, abs=0.01)
    assert found.total == pytest.approx(total, abs=0.01)


def test_indices_are_those_of_scipy_on_the_same_points():
    design = np.array(Saltelli(3, 256, seed=5))
    values = ishigami(design)
    found = indices(values)
    same = sobol_indices(
        func={"f_A": values[:1], "f_B": values[1:2], "f_AB": values[2:, None, :]}, n=256
    )
    assert found.first == pytest.approx(same.first_order, abs=1e-12)
    assert found.total == pytest.approx(same.total_order, abs=1e-12)


def test_the_design_changes_one_factor_at_a_time():
    design = np.array(Saltelli(3, 64, seed=9))
    first, second = design[:2]
    assert not np.isclose(first, second).any()
    for k in range(3):
        assert np.array_equal(design[k + 2][:, k], second[:, k])
        assert np.array_equal(np.delete(design[k + 2], k, 1), np.delete(first, k, 1))


def test_rows_with_a_hole_are_left_out_and_counted():
    values = ishigami(np.array(Saltelli(3, 1024, seed=3)))
    values[3, ::10] = math.nan
    found = indices(values)
    assert found.dropped == 103
    kept = np.delete(values, np.arange(0, 1024, 10), axis=1)
    assert np.array_equal(found.first, indices(kept).first)


def test_a_response_that_does_not_vary_depends_on_nothing():
    found = indices(np.full((5, 64), 7.3))
    assert np.array_equal(found.first, np.zeros(3))
    assert np.array_equal(found.total, np.zeros(3))


def test_too_few_rows_give_no_number():
    values = np.full((5, 64), math.nan)
    values[:, :4] = 1.0
    assert np.isnan(indices(values).first).all()


def test_a_size_that_is_no_power_of_two_is_refused_with_the_two_beside_it():
    with pytest.raises(InputError, match="power of two") as caught:
        Saltelli(3, 1000, seed=0)
    assert "512 or 1024" in str(caught.value)
    with pytest.raises(OutOfRangeError):
        Saltelli(3, 4, seed=0)
