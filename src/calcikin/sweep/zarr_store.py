"""A table on disk that is filled chunk by chunk, and survives whatever stops the sweep.

A store is a Zarr group (format 3), a folder. Each column is an array with the shape of the table;
a chunk of it is a range of points of the design that lie one behind the other, and one file. Files
are written under another name and renamed, so that a chunk is there whole or not at all; it counts
as finished when every column has it. So nothing has to be remembered besides the files, and a sweep
that was killed goes on with the chunks that are missing. Sizes of chunks follow from the design and
the solver alone: the same files come out however the points were run.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from calcikin.errors import OutputError
from calcikin.files import cannot_be_written
from calcikin.simulate.rows import Table
from calcikin.solvers.status import Status
from calcikin.sweep.labels import Labels
from calcikin.sweep.zarr_files import (
    check_place,
    chunk_file,
    compare,
    create,
    lock,
    read_attrs,
    stored_name,
    zarr_library,
)

__all__ = ["Store"]


class Store:
    """The store of one sweep, opened to be filled.

    Parameters
    ----------
    path : Path
        Of a store that exists.
    labels : Labels
        What must be in it.
    """

    def __init__(self, path: Path, labels: Labels) -> None:
        self.path = path
        self.labels = labels
        self.names = {name: stored_name(name) for name in labels.variables}
        self._group: Any = zarr_library().open_group(path, mode="r+", zarr_format=3)
        self._arrays = {
            # a chunk of nothing but fill values must be a file too: it is what says "finished"
            name: self._group[stored].with_config({"write_empty_chunks": True})
            for name, stored in self.names.items()
        }
        self._chunk = tuple(self._arrays["status"].chunks)
        shape = labels.design.shape
        counts = [math.ceil(n / c) for n, c in zip(shape, self._chunk, strict=True)]
        #: chunk -> its index along each axis, and its region of the table
        self._index = list(itertools.product(*map(range, counts)))
        corners = np.array(self._index, dtype=np.intp) * self._chunk
        starts = np.ravel_multi_index(tuple(corners.T), shape)
        self._starts: list[int] = [*starts.tolist(), labels.design.size]
        self._pending: dict[int, list[tuple[int, Table]]] = {}

    # ---- beginning ---------------------------------------------------------------------------
    @classmethod
    def begin(cls, path: str | Path, labels: Labels, *, resume: bool = False) -> Store:
        """Make a store, or open the one that is to be gone on with.

        Parameters
        ----------
        path : str or Path
            Ends in ``.zarr``; its folder exists.
        labels : Labels
        resume : bool
            Go on with a store that is there; without one, begin.

        Raises
        ------
        OutputError
            When it exists and is not to be gone on with, or cannot be written.
        InputError
            When it is the store of another sweep or of another version, or is damaged.
        """
        path = Path(path)
        check_place(path)
        if not path.exists():
            create(path, labels)
            return cls(path, labels)
        if not resume:
            raise OutputError(
                "it exists already, and nothing is overwritten",
                where=str(path),
                hint="--resume to go on with it, or another name",
            )
        attrs = read_attrs(path)
        compare(path, attrs, labels.attrs)
        return cls(path, labels)

    # ---- filling -----------------------------------------------------------------------------
    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from filling it; what a killed one left half-written goes.

        Raises
        ------
        OutputError
            When another process is at it.
        """
        with lock(self.path):
            for rest in self.path.rglob("*.partial"):
                rest.unlink(missing_ok=True)
            yield

    def missing(self) -> Iterator[range]:
        """Points of every chunk that is not finished."""
        for k in range(len(self._index)):
            if not self._finished(k):
                yield range(self._starts[k], self._starts[k + 1])

    @property
    def finished_points(self) -> int:
        """Number of points in finished chunks."""
        return self.labels.design.size - sum(map(len, self.missing()))

    def keep(self, start: int, table: Table) -> None:
        """Take in the points from `start` on; a chunk is written when all its points are there.

        Raises
        ------
        OutputError
            When the disk is full or the folder cannot be written; finished chunks stay.
        """
        k = bisect_right(self._starts, start) - 1
        size = self._starts[k + 1] - self._starts[k]
        if len(table) < size:
            parts = self._pending.setdefault(k, [])
            parts.append((start, table))
            if sum(len(part) for _, part in parts) < size:
                return
            del self._pending[k]
            table = Table.joined([part for _, part in sorted(parts, key=lambda part: part[0])])
        region = tuple(
            slice(i * c, min((i + 1) * c, n))
            for i, c, n in zip(self._index[k], self._chunk, self.labels.design.shape, strict=True)
        )
        shape = tuple(part.stop - part.start for part in region)
        columns: dict[str, Any] = {
            **table.values,
            "reason": np.array(table.reason, dtype=np.dtypes.StringDType()),
            "balance_error": table.balance_error,
            "status": table.status,
        }
        try:
            for name, array in self._arrays.items():
                array[region] = columns[name].reshape(shape)
        except OSError as error:
            raise cannot_be_written(
                self.path,
                error,
                "finished chunks stay: mend that, then go on with --resume",
            ) from error

    def finish(self) -> Counter[int]:
        """Note the number of failed points, once every point is there.

        Returns
        -------
        Counter of int
            Status -> number of points.
        """
        found: Counter[int] = Counter()
        for where in self._index:
            values = self._arrays["status"].get_block_selection(where)
            numbers, counts = np.unique(values, return_counts=True)
            found.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        try:
            self._group.update_attributes({"failed": found.total() - found[int(Status.OK)]})
        except OSError as error:
            raise cannot_be_written(self.path, error) from error
        return found

    # ---- files -------------------------------------------------------------------------------
    def _file(self, name: str, k: int) -> Path:
        return chunk_file(self.path, self.names[name], self._index[k])

    def _finished(self, k: int) -> bool:
        return all(self._file(name, k).exists() for name in self.names)
