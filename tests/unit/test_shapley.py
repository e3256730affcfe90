"""Shapley's axioms, games with known values, and what sampling may and may not change."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from calcikin.analysis.shapley import exact, sampled
from calcikin.errors import OutOfRangeError

N = 6


def random_game(seed, players=N):
    worth = np.random.default_rng(seed).normal(size=2**players)
    bits = 1 << np.arange(players)
    return lambda takes_part: worth[takes_part @ bits]


def glove(takes_part):
    """Left gloves of players 0 and 1, the right one of player 2: a pair is worth 1."""
    return ((takes_part[:, 0] | takes_part[:, 1]) & takes_part[:, 2]).astype(float)


def test_the_glove_game_has_its_published_values():
    # Shapley 1953: 1/6, 1/6, 2/3
    assert exact(glove, 3).values[0] == pytest.approx([1 / 6, 1 / 6, 2 / 3], abs=1e-15)


def test_the_mean_over_all_orders_is_the_definition():
    game = random_game(1, 4)
    total = np.zeros(4)
    for order in itertools.permutations(range(4)):
        taking = np.zeros((5, 4), dtype=bool)
        for s, player in enumerate(order):
            taking[s + 1 :, player] = True
        total[list(order)] += np.diff(game(taking))
    assert exact(game, 4).values[0] == pytest.approx(total / math.factorial(4), abs=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_efficiency_the_values_sum_to_the_total(seed):
    split = exact(random_game(seed), N)
    # a sum of 2^6 numbers of order one
    assert split.values.sum() == pytest.approx(float(split.full[0] - split.empty[0]), abs=1e-14)


def test_symmetry_equal_players_get_the_same():
    def game(takes_part):
        size = takes_part[:, :3].sum(axis=1)
        return size**2 + 0.3 * takes_part[:, 3] * size

    values = exact(game, 4).values[0]
    assert values[0] == pytest.approx(values[1], abs=1e-14) == pytest.approx(values[2], abs=1e-14)


def test_a_dummy_gets_nothing_and_meets_nobody():
    inner = random_game(3, N - 1)
    split = exact(lambda takes_part: inner(takes_part[:, 1:]), N)
    assert split.values[0, 0] == 0.0
    assert np.array_equal(split.interactions[0, 0], np.zeros(N))


def test_additivity_a_sum_of_games_is_a_sum_of_values():
    one, two = random_game(4), random_game(5)
    both = exact(lambda t: one(t) + 2.0 * two(t), N)
    apart = exact(one, N).values + 2.0 * exact(two, N).values
    assert both.values == pytest.approx(apart, abs=1e-13)


def test_several_games_at_once_are_the_games_one_by_one():
    games = [random_game(seed) for seed in range(3)]
    together = exact(lambda t: np.stack([game(t) for game in games], axis=1), N)
    for k, game in enumerate(games):
        alone = exact(game, N)
        assert together.values[k] == pytest.approx(alone.values[0], abs=1e-14)
        assert together.interactions[k] == pytest.approx(alone.interactions[0], abs=1e-14)


def test_interactions_of_products_are_their_coefficients():
    # v = 2 x0 x1 - x2 x3 + 5 x4: pairs of a bilinear game are its coefficients (Grabisch 1999)
    def game(t):
        return 2.0 * (t[:, 0] & t[:, 1]) - 1.0 * (t[:, 2] & t[:, 3]) + 5.0 * t[:, 4]

    split = exact(game, 5)
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = 2.0
    expected[2, 3] = expected[3, 2] = -1.0
    assert split.interactions[0] == pytest.approx(expected, abs=1e-14)
    assert split.values[0] == pytest.approx([1.0, 1.0, -0.5, -0.5, 5.0], abs=1e-14)


def test_a_triple_is_shared_by_its_pairs():
    def game(t):
        return (t[:, 0] & t[:, 1] & t[:, 2]).astype(float)

    split = exact(game, 3)
    assert split.interactions[0, 0, 1] == pytest.approx(0.5, abs=1e-15)
    assert split.values[0] == pytest.approx([1 / 3] * 3, abs=1e-15)


def test_sampled_orders_sum_exactly_and_err_as_they_say():
    game = random_game(7, 10)
    truth = exact(game, 10).values[0]
    split = sampled(game, 10, orders=400, seed=2)
    assert split.values.sum() == pytest.approx(float(split.full[0] - split.empty[0]), abs=1e-12)
    assert split.interactions is None
    # of ten normal deviates the largest exceeds 4 in one of 1600 draws; the seed is fixed
    assert np.abs((split.values[0] - truth) / split.errors[0]).max() < 4.0
    more = sampled(game, 10, orders=4000, seed=2)
    ratio = split.errors.mean() / more.errors.mean()
    assert ratio == pytest.approx(math.sqrt(10.0), rel=0.2)  # the error of an error from 200 pairs


def test_backward_orders_make_an_additive_and_pairwise_game_exact():
    def game(t):
        return t @ np.arange(5.0) + 3.0 * (t[:, 0] & t[:, 4])

    split = sampled(game, 5, orders=4, seed=0)
    assert split.values[0] == pytest.approx(exact(game, 5).values[0], abs=1e-14)
    assert split.errors[0] == pytest.approx(np.zeros(5), abs=1e-14)


def test_every_combination_is_asked_for_once():
    seen = []

    def game(t):
        seen.append(t)
        return t.sum(axis=1).astype(float)

    sampled(game, 4, orders=100)
    (asked,) = seen
    assert len(np.unique(asked, axis=0)) == len(asked) <= 16


@pytest.mark.parametrize("call", [lambda: exact(glove, 0), lambda: exact(glove, 21)])
def test_too_few_or_too_many_players_are_refused(call):
    with pytest.raises(OutOfRangeError, match="players"):
        call()


def test_an_odd_number_of_orders_is_refused():
    with pytest.raises(OutOfRangeError, match="5 orders"):
        sampled(glove, 3, orders=5)
