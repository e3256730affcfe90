"""The game behind an attribution: what combinations of mechanisms or inputs do to a response."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from calcikin.analysis.change import Change
from calcikin.analysis.response import Response, Runs
from calcikin.errors import SimulationError

__all__ = ["Game"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]


class Game:
    """The worth of combinations, for every step of a change; all runs in one call.

    Parameters
    ----------
    runs : Runs
    change : Change
    response : Response
    kind : {"mechanisms", "inputs"}
    players : mapping of str to tuple of str
        Player -> the mechanism, or the inputs, that it stands for.
    steps : int
        Parts of the change.

    Attributes
    ----------
    levels : ndarray, shape (steps + 1,)
        Of the quantity that changes; shares 0 to 1 of the change when several do.
    readings : ndarray, shape (steps + 1,)
        The read-out there, once the game was played.
    count : int
        Runs.
    """

    def __init__(
        self,
        runs: Runs,
        change: Change,
        response: Response,
        kind: str,
        players: Mapping[str, tuple[str, ...]],
        steps: int,
    ) -> None:
        self.runs = runs
        self.change = change
        self.response = response
        self.kind = kind
        self.members = list(players.values())
        self.count = 0
        share = np.linspace(0.0, 1.0, steps + 1)
        start, end = (np.array(list(state.values())) for state in (change.start, change.end))
        self.states = start + share[:, None] * (end - start)
        self.states[-1] = end  # exactly, whatever the rounding
        self.levels: Array = self.states[:, 0] if len(start) == 1 else share
        self.readings = np.full(steps + 1, np.nan)

    def __call__(self, takes_part: Flags) -> Array:
        """Worth of combinations, shape (m, n) -> (m, steps) [unit of the response].

        Raises
        ------
        SimulationError
            When a run has no value.
        """
        if self.kind == "mechanisms":
            return self._by_mechanisms(takes_part)
        return self._by_inputs(takes_part)

    def _by_mechanisms(self, takes_part: Flags) -> Array:
        """The change of each step, with only some mechanisms on."""
        levels, m = len(self.states), len(takes_part)
        columns = {
            name: np.repeat(self.states[:, k], m) for k, name in enumerate(self.change.start)
        }
        switches = {
            member[0]: np.tile(takes_part[:, k], levels) for k, member in enumerate(self.members)
        }
        (all_on,) = np.flatnonzero(takes_part.all(axis=1))
        values = self._values(columns, switches, all_on + m * np.arange(levels))
        return np.asarray(np.diff(values.reshape(levels, m), axis=0).T)

    def _by_inputs(self, takes_part: Flags) -> Array:
        """The response, with only some inputs moved by a step."""
        steps, m = len(self.states) - 1, len(takes_part)
        owner = {name: k for k, member in enumerate(self.members) for name in member}
        columns = {}
        for k, name in enumerate(self.change.start):
            moved = takes_part[:, owner[name]] if name in owner else np.zeros(m, dtype=bool)
            before, after = self.states[:-1, k, None], self.states[1:, k, None]
            columns[name] = np.where(moved, after, before).ravel()
        (nobody,) = np.flatnonzero(~takes_part.any(axis=1))
        (everybody,) = np.flatnonzero(takes_part.all(axis=1))
        ends = np.concatenate([[nobody], everybody + m * np.arange(steps)])
        return np.asarray(self._values(columns, None, ends).reshape(steps, m).T)

    def _values(
        self, columns: dict[str, Array], switches: dict[str, Flags] | None, ends: Index
    ) -> Array:
        """The response of every run; keeps the read-out of the runs at the levels."""
        table = self.runs(columns, self.response.reads, switches)
        minutes = self.runs.minutes(columns)
        values = self.response.of(table, minutes)
        self.count += len(values)
        self.readings = table.values[self.response.readout.name][ends]
        lost = np.flatnonzero(np.isnan(values))
        if lost.size:
            # the case with the fewest mechanisms off tells most
            named = switches or {}
            number_off = sum((~flags[lost] for flags in named.values()), np.zeros(lost.size))
            one = lost[int(np.argmin(number_off))]
            off = [name for name, flags in named.items() if not flags[one]]
            raise SimulationError(
                f"{lost.size} of {len(values)} runs have no {self.response.label}: "
                + "; ".join(self.response.because(table, minutes)[:3]),
                where=f"such as with {', '.join(off)} off" if off else None,
                hint="another read-out (t50_crystalline is there whenever half of the solid is "
                "crystalline), another scale, or fewer players",
            )
        return values
