"""Whose turn it is: one computation at a time, a run before the batches of a sweep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

__all__ = ["Newest", "Turns"]


class Turns:
    """One at a time: the integrator keeps its state outside Python, shared by all threads."""

    def __init__(self) -> None:
        self._free = Condition()
        self._busy = False
        self._runs = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Wait for the next turn; goes before every waiting batch."""
        with self._free:
            self._runs += 1
            self._free.wait_for(lambda: not self._busy)
            self._runs -= 1
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Wait until nothing is computed and no run waits."""
        with self._free:
            self._free.wait_for(lambda: not self._busy and self._runs == 0)
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._free:
            self._busy = False
            self._free.notify_all()


class Newest:
    """The newest request of each page, so that older ones can be given up.

    Only the last `most` pages are remembered: a page is closed without saying so.
    """

    def __init__(self, most: int = 100) -> None:
        self._numbers: dict[str, int] = {}
        self._most = most

    def came(self, page: str, number: int) -> None:
        """Note that a page has asked for its request of this number."""
        latest = max(number, self._numbers.pop(page, 0))
        self._numbers[page] = latest
        while len(self._numbers) > self._most:
            self._numbers.pop(next(iter(self._numbers)))

    def is_stale(self, page: str, number: int) -> bool:
        """Whether the page has asked again since."""
        return self._numbers.get(page, number) > number
