"""Attribution: how much of a change comes from which mechanism, or from which input.

The players of the game are mechanisms (a combination leaves the others switched off) or inputs (a
combination leaves the others where they were); the split is that of Shapley.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.analysis.change import Change
from calcikin.analysis.game import Game
from calcikin.analysis.response import Response, Runs
from calcikin.analysis.shapley import MOST_EXACT, Split, exact, sampled
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.simulate.model import Model, load
from calcikin.simulate.provenance import provenance

__all__ = ["REST", "Attribution", "attribute"]

Array = npt.NDArray[np.float64]
KINDS = ("mechanisms", "inputs")
#: The player that stands for all inputs that are not named.
REST = "the rest"
#: More runs than this are refused (half a day at 200 runs per second: likely a slip).
_MOST_RUNS = 10_000_000


@dataclass(frozen=True)
class Attribution:
    """A change, split over players.

    Attributes
    ----------
    of : str
        The change in words.
    by : {"mechanisms", "inputs"}
    response, unit, words : str
        The number that is split, such as ``1/t50`` [1/h], and how runs without it are treated.
    players : tuple of str
    levels : ndarray, shape (k + 1,)
        Values between which the k steps lie; the shares 0 to 1 of the change when several
        quantities change.
    values, errors : ndarray, shape (k, n)
        What each player contributes to each step [unit], and its standard error (zero when exact).
    interactions : ndarray, shape (k, n, n), or None
        Shapley interaction index of pairs [unit]; None when sampled.
    remainder : ndarray, shape (k,)
        The part of the step that is left with every mechanism off [unit]; zero by inputs.
    total : ndarray, shape (k,)
        The step: the sum of `values` and `remainder`, to rounding.
    readings : ndarray, shape (k + 1,)
        The read-out itself at the levels, with everything on.
    readout, readout_unit : str
    runs : int
    exact : bool
    provenance : dict
    """

    of: str
    by: str
    response: str
    unit: str
    words: str
    players: tuple[str, ...]
    levels: Array
    values: Array
    errors: Array
    interactions: Array | None
    remainder: Array
    total: Array
    readings: Array
    readout: str
    readout_unit: str
    runs: int
    exact: bool
    provenance: dict[str, Any]

    @property
    def contributions(self) -> dict[str, float]:
        """What each player contributes to the whole change [unit], the largest first.

        Since Shapley values add up over steps, this is their sum.
        """
        whole = self.values.sum(axis=0)
        order = np.argsort(-np.abs(whole), kind="stable")
        return {self.players[k]: float(whole[k]) for k in order}

    @property
    def shares(self) -> dict[str, float]:
        """The same in parts of the whole change [1]; may be negative, or above one."""
        total = float(self.total.sum())
        return {
            name: value / total if total else float("nan")
            for name, value in self.contributions.items()
        }

    @property
    def pairs(self) -> list[tuple[str, str, float]]:
        """Interactions over the whole change [unit], the largest first; empty when sampled."""
        if self.interactions is None:
            return []
        whole = self.interactions.sum(axis=0)
        found = [
            (self.players[i], self.players[j], float(whole[i, j]))
            for i in range(len(self.players))
            for j in range(i + 1, len(self.players))
        ]
        return sorted(found, key=lambda pair: -abs(pair[2]))

    def summary(self) -> dict[str, Any]:
        """The content of ``calcikin attribute --json``."""
        shares = self.shares
        place = {name: k for k, name in enumerate(self.players)}
        error = np.sqrt((self.errors**2).sum(axis=0))
        return {
            "of": self.of,
            "by": self.by,
            "response": self.response,
            "unit": self.unit,
            "treatment": self.words,
            self.readout: {"unit": self.readout_unit, "at_levels": self.readings},
            "total": float(self.total.sum()),
            "remainder": float(self.remainder.sum()),
            "players": [
                {
                    "name": name,
                    "contribution": value,
                    "share": shares[name],
                    "standard_error": float(error[place[name]]),
                }
                for name, value in self.contributions.items()
            ],
            "pairs": [{"players": [a, b], "interaction": value} for a, b, value in self.pairs],
            "steps": {
                "levels": self.levels,
                "total": self.total,
                "remainder": self.remainder,
                **{name: self.values[:, k] for name, k in place.items()},
            },
            "exact": self.exact,
            "runs": self.runs,
            "provenance": self.provenance,
        }


def attribute(
    model: Model | str,
    of: str | Change,
    on: str = "t50",
    *,
    by: str | None = None,
    among: Iterable[str] | None = None,
    steps: int = 1,
    scale: str | None = None,
    cap: float | str | None = None,
    orders: int = 200,
    seed: int = 0,
    solver: str | None = None,
    rtol: float | None = None,
) -> Attribution:
    """Split the change of a read-out over mechanisms or inputs.

    Parameters
    ----------
    model : Model or str
    of : str or Change
        Such as ``"serum.Mg: 0.8 -> 1.2 mmol/L"`` or ``"serum: healthy -> haemodialysis"``.
    on : str
        Read-out.
    by : {"mechanisms", "inputs"}, optional
        By default the mechanisms, and the inputs for a change of the whole serum.
    among : iterable of str, optional
        The players: mechanisms (others stay as they are in the model), or inputs (the others
        together are one player more). By default every mechanism that is on, or every input that
        changes.
    steps : int
        Parts of the change, evenly spaced, each with its own split: a map over the change.
    scale, cap
        See `calcikin.analysis.response.Response.named`; the rate of a time by default.
    orders : int
        Orders that are sampled when there are more than 12 players, even.
    seed : int
        Of the sampling.
    solver, rtol
        Of the runs.

    Returns
    -------
    Attribution

    Raises
    ------
    InputError and its kinds
        For bad input, before anything runs.
    SimulationError
        When a combination has no value, since its split would be a guess.

    Notes
    -----
    With mechanisms, the worth of a combination is the change that is seen with only these
    mechanisms on. What remains with none of them is reported apart. Shapley's is the only split
    that is efficient (sums to the total), symmetric, gives nothing to a player that changes
    nothing, and adds up over steps.
    """
    model = load(model) if isinstance(model, str) else model
    response = Response.named(on, scale, cap)
    change = Change.read(model, of) if isinstance(of, str) else of
    kind = by or ("inputs" if change.preset else "mechanisms")
    if kind not in KINDS:
        raise UnknownNameError("kind of players", kind, KINDS, where="by")
    if not 1 <= steps <= 1000:
        raise OutOfRangeError(f"{steps} steps", where="steps", hint="1 to 1000")
    named = None if among is None else list(dict.fromkeys(among))
    players: dict[str, tuple[str, ...]]
    if kind == "mechanisms":
        players = {name: (name,) for name in _mechanisms(model, named)}
    else:
        players = _inputs(change, named)
    whole = len(players) <= MOST_EXACT
    points = (2 ** len(players) if whole else orders * len(players)) * (steps + 1)
    if points > _MOST_RUNS:
        raise OutOfRangeError(f"{points} runs", hint="fewer steps, or fewer players with among")
    game = Game(Runs(model, solver, rtol), change, response, kind, players, steps)
    split: Split
    how: Callable[..., Split] = exact if whole else partial(sampled, orders=orders, seed=seed)
    split = how(game, len(players))
    return Attribution(
        of=change.text,
        by=kind,
        response=response.label,
        unit=response.unit,
        words=response.words,
        players=tuple(players),
        levels=game.levels,
        values=split.values,
        errors=split.errors,
        interactions=split.interactions,
        remainder=split.empty if kind == "mechanisms" else np.zeros(steps),
        total=split.full if kind == "mechanisms" else split.full - split.empty,
        readings=game.readings,
        readout=response.readout.name,
        readout_unit=response.readout.unit,
        runs=game.count,
        exact=whole,
        provenance={
            **provenance(model),
            "of": change.text,
            "on": on,
            "scale": response.scale,
            "cap_min": response.cap,
            "by": kind,
            "steps": steps,
            "solver": solver,
            "rtol": rtol,
            **({} if whole else {"orders": orders, "seed": seed}),
        },
    )


def _mechanisms(model: Model, among: list[str] | None) -> list[str]:
    """The mechanisms that play."""
    known, off = model.scenario.network.switches, model.switched_off()
    chosen = [name for name in known if name not in off] if among is None else among
    for name in chosen:
        if name not in known:
            raise UnknownNameError("mechanism", name, known, where="among")
        if name in off:
            raise InputError(
                f"{name} is switched off in this model", where="among", hint="leave it out"
            )
    if not chosen:
        raise InputError("no mechanism is on", hint="leave out a switch that is set to off")
    return chosen


def _inputs(change: Change, among: list[str] | None) -> dict[str, tuple[str, ...]]:
    """The inputs that play; those that are not named play together."""
    differ = [name for name in change.start if change.start[name] != change.end[name]]
    chosen = differ if among is None else among
    for name in chosen:
        if name not in differ:
            raise UnknownNameError("input that changes", name, differ, where="among")
    if not chosen:
        raise InputError("no input is named", where="among", hint=", ".join(differ))
    rest = tuple(name for name in differ if name not in chosen)
    return {name: (name,) for name in chosen} | ({REST: rest} if rest else {})
