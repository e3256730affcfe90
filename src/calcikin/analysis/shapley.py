"""Shapley values of a game: what each player adds, on average over all orders in which they join.

Nothing here knows what the players are, so it is proven with games whose values are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import OutOfRangeError

__all__ = ["MOST_EXACT", "Split", "exact", "sampled"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Game = Callable[[Flags], Array]
#: More players than this are sampled: 2^12 = 4096 combinations.
MOST_EXACT = 12


@dataclass(frozen=True)
class Split:
    """A total, split over the players; for several games at once, k.

    Attributes
    ----------
    values : ndarray, shape (k, n)
        What each player adds. They sum to ``full - empty``.
    errors : ndarray, shape (k, n)
        Standard errors; zero when exact.
    interactions : ndarray, shape (k, n, n), or None
        Shapley interaction index of pairs: what two add together beyond what they add apart; zero
        on the diagonal. None when sampled.
    empty, full : ndarray, shape (k,)
        Worth of nobody and of all.
    combinations : int
        Combinations that were evaluated.
    """

    values: Array
    errors: Array
    interactions: Array | None
    empty: Array
    full: Array
    combinations: int


def exact(game: Game, players: int) -> Split:
    """Split exactly, over all 2^n combinations, in one call of `game`.

    Parameters
    ----------
    game : callable
        Who takes part, bool, shape (m, n) -> worth, shape (m,) or (m, k).
    players : int
        n, at least 1 and at most 20.

    Source
    ------
    L. S. Shapley 1953 (10.1515/9781400881970-018); interactions: M. Grabisch, M. Roubens,
    Int. J. Game Theory 1999, 28, 547, 10.1007/s001820050125.
    """
    _check(players, 20)
    masks = np.arange(2**players)
    takes_part = (masks[:, None] >> np.arange(players) & 1).astype(bool)
    worth = _worth(game, takes_part)
    size = takes_part.sum(axis=1)
    one = np.array([1.0 / (players * math.comb(players - 1, s)) for s in range(players)])
    values = np.empty((worth.shape[1], players))
    interactions = np.zeros((worth.shape[1], players, players))
    for i in range(players):
        without = masks[~takes_part[:, i]]
        gain = worth[without | 1 << i] - worth[without]
        values[:, i] = one[size[without]] @ gain
    for i in range(players):
        for j in range(i):
            out = masks[~takes_part[:, i] & ~takes_part[:, j]]
            both = worth[out | 1 << i | 1 << j] - worth[out | 1 << i] - worth[out | 1 << j]
            weight = np.array(
                [1.0 / ((players - 1) * math.comb(players - 2, s)) for s in range(players - 1)]
            )
            interactions[:, i, j] = interactions[:, j, i] = weight[size[out]] @ (both + worth[out])
    return Split(values, np.zeros_like(values), interactions, worth[0], worth[-1], len(masks))


def sampled(game: Game, players: int, *, orders: int = 200, seed: int = 0) -> Split:
    """Estimate the split from random orders of joining, in one call of `game`.

    Parameters
    ----------
    game : callable
        As in `exact`.
    players : int
    orders : int
        Number of orders, even, at least 4: each is also run backwards, which makes the estimate
        steadier.
    seed : int

    Returns
    -------
    Split
        Its values sum to the total exactly, whatever the number of orders.

    Source
    ------
    J. Castro, D. Gómez, J. Tejada, Comput. Oper. Res. 2009, 36, 1726, 10.1016/j.cor.2008.04.004.
    """
    _check(players, 1000)
    if orders < 4 or orders % 2:
        raise OutOfRangeError(
            f"{orders} orders", where="Shapley", hint="an even number, such as 200"
        )
    rng = np.random.default_rng(seed)
    half = np.array([rng.permutation(players) for _ in range(orders // 2)])
    order = np.concatenate([half, half[:, ::-1]])
    place = np.argsort(order, axis=1)
    # after s have joined, those whose place in the order is below s take part
    takes_part = place[:, None, :] < np.arange(players + 1)[None, :, None]
    every, back = np.unique(takes_part.reshape(-1, players), axis=0, return_inverse=True)
    worth = _worth(game, every)
    along = worth[back.reshape(orders, players + 1)]
    gain = np.diff(along, axis=1)
    by_player = np.take_along_axis(gain, place[:, :, None], axis=1)
    pairs = 0.5 * (by_player[: orders // 2] + by_player[orders // 2 :])
    return Split(
        pairs.mean(axis=0).T,
        (pairs.std(axis=0, ddof=1) / math.sqrt(orders // 2)).T,
        None,
        along[0, 0],
        along[0, -1],
        len(every),
    )


def _worth(game: Game, takes_part: Flags) -> Array:
    """Worth of combinations, shape (m, k)."""
    worth = np.asarray(game(takes_part), dtype=float)
    return worth.reshape(len(takes_part), -1)


def _check(players: int, most: int) -> None:
    if not 1 <= players <= most:
        raise OutOfRangeError(f"{players} players", where="Shapley", hint=f"1 to {most}")
