"""The files of a store: how they are laid out, begun, recognised and held."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from calcikin.errors import InputError, OutputError
from calcikin.extras import library
from calcikin.files import cannot_be_written, usual_rights
from calcikin.sweep.design import BLOCK
from calcikin.sweep.here import one_by_one
from calcikin.sweep.labels import Labels

__all__ = [
    "SUFFIX",
    "VERSIONS",
    "check_chunks",
    "check_place",
    "chunk_file",
    "chunk_shape",
    "compare",
    "create",
    "lock",
    "read_attrs",
    "stored_name",
    "zarr_library",
]

SUFFIX = ".zarr"
#: What `provenance` tells of programs rather than of the sweep.
VERSIONS = ("calcikin", "python", "numpy", "scipy", "numba", "structure")
#: Points in a chunk, so that no more than some seconds of work are lost when a sweep is killed and
#: writing costs little: 256 runs of 30 ms one by one; or 16384 that take 50 to 200 us each, where a
#: chunk of 6 columns takes 12 ms of a core to write (measured), under 2 % of the fastest.
CHUNK_ONE_BY_ONE = 256
CHUNK_TOGETHER = 16384


def zarr_library() -> Any:
    """Import zarr.

    Raises
    ------
    InputError
        When it is not installed.
    """
    return library(
        "zarr",
        "store",
        "a store",
        where=SUFFIX,
        hint="pip install 'calcikin[store]'; or end the name in .nc for a small sweep",
    )


def stored_name(name: str) -> str:
    """A name without what means something else in a file: a slash makes a group, a blank a list."""
    return name.replace("/", "_per_").replace(" ", "_")


def chunk_shape(shape: Sequence[int], most: int) -> tuple[int, ...]:
    """Shape of chunks of about `most` points that lie one behind the other, last axis fastest.

    Parameters
    ----------
    shape : sequence of int
        Of the table.
    most : int

    Returns
    -------
    tuple of int
        Whole in the trailing axes, 1 in the leading ones.
    """
    found = [1] * len(shape)
    room = most
    for k in range(len(shape) - 1, -1, -1):
        found[k] = math.ceil(shape[k] / math.ceil(shape[k] / max(room, 1)))
        if found[k] < shape[k]:
            break
        room //= shape[k]
    return tuple(found)


def chunk_file(path: Path, stored: str, index: Sequence[int]) -> Path:
    """File of one chunk of a column."""
    return path.joinpath(stored, "c", *map(str, index))


def read_attrs(path: Path) -> dict[str, Any]:
    """Attributes of a store.

    Raises
    ------
    InputError
        When there is none, or it is no store of a sweep.
    """
    zarr = zarr_library()
    try:
        attrs = dict(zarr.open_group(path, mode="r", zarr_format=3).attrs)
    except Exception as error:
        raise InputError(
            f"the store cannot be read: {' '.join(str(error).split())}",
            where=str(path),
            hint="a folder that calcikin sweep -o NAME.zarr has made",
        ) from error
    if "provenance" not in attrs:
        raise InputError(
            "this is no store of a sweep", where=str(path), hint="a .zarr of calcikin sweep"
        )
    return attrs


def check_chunks(path: Path) -> None:
    """Read every chunk that is there.

    Raises
    ------
    InputError
        When one is damaged; with its file.
    """
    group = zarr_library().open_group(path, mode="r", zarr_format=3)
    for stored, array in sorted(group.arrays()):
        folder = path / stored / "c"
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            try:
                array.get_block_selection(tuple(map(int, file.relative_to(folder).parts)))
            except Exception as error:
                raise InputError(
                    f"a chunk is damaged: {' '.join(str(error).split())}",
                    where=str(file),
                    hint="move that file away and --resume: its points are run again, the others "
                    "stay",
                ) from error


def check_place(path: Path) -> None:
    """Refuse a path where no store can be.

    Raises
    ------
    OutputError
    """
    if path.suffix != SUFFIX:
        raise OutputError(
            f"a store is not called {path.name!r}", where=str(path), hint=f"end it in {SUFFIX}"
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"the folder {str(path.parent)!r} does not exist",
            where=str(path),
            hint=f"mkdir -p {path.parent}, or choose another folder",
        )


def create(path: Path, labels: Labels) -> None:
    """Make the store with its inputs, whole or not at all."""
    zarr = zarr_library()
    temporary: str | None = None
    try:
        temporary = tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)
        usual_rights(Path(temporary))
        _fill(zarr.create_group(temporary, zarr_format=3, overwrite=True), labels)
        os.rename(temporary, path)
        temporary = None
    except OSError as error:
        raise cannot_be_written(path, error) from error
    finally:
        if temporary is not None:
            _remove(Path(temporary))


def _remove(folder: Path) -> None:
    """Remove a folder in which other writes of zarr, made at the same time, may still end."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _fill(group: Any, labels: Labels) -> None:
    """Arrays, attributes and inputs of a new store."""
    design = labels.design
    dims = [stored_name(name) for name in design.dims]
    known = {axis.name: (axis.values, (axis.name,)) for axis in design.axes}
    attrs = dict(labels.attrs)
    if not design.axes:
        # xarray takes the names that stand here for coordinates
        attrs["coordinates"] = " ".join(map(stored_name, labels.coordinates))
        known = {}
    group.update_attributes(attrs)
    most = CHUNK_ONE_BY_ONE if one_by_one(labels.solver) else CHUNK_TOGETHER
    chunk = chunk_shape(design.shape, most)
    for name, variable in labels.variables.items():
        _array(
            group, name, variable.dtype, variable.fill, design.shape, chunk, dims, variable.attrs
        )
    for name, (values, _) in known.items():
        n = values.size
        array = _array(
            group, name, float, np.nan, (n,), (n,), [stored_name(name)], labels.coordinates[name]
        )
        array[:] = values
    if design.axes:
        return
    inputs = {
        name: _array(
            group,
            name,
            str if name in design.labels else float,
            "" if name in design.labels else np.nan,
            design.shape,
            (min(BLOCK, design.size),),
            dims,
            labels.coordinates[name],
        )
        for name in labels.coordinates
    }
    for start, stop in design.blocks():
        for name, values in design.columns(start, stop).items():
            inputs[name][start:stop] = values
        for name, words in design.labels.items():
            inputs[name][start:stop] = words[start:stop].astype(np.dtypes.StringDType())


def _array(
    group: Any,
    name: str,
    dtype: type,
    fill: float | int | str,
    shape: tuple[int, ...],
    chunk: tuple[int, ...],
    dims: list[str],
    attrs: Mapping[str, Any],
) -> Any:
    """Return a new array: compressed, and with a checksum so that damage shows."""
    zarr = zarr_library()
    return group.create_array(
        stored_name(name),
        shape=shape,
        chunks=chunk,
        dtype=dtype,
        fill_value=fill,
        compressors=[zarr.codecs.ZstdCodec(level=1), zarr.codecs.Crc32cCodec()],
        dimension_names=dims,
        attributes={
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in attrs.items()
        },
    )


def compare(path: Path, stored: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a store of something else, and say what differs."""
    before, here = json.loads(stored["provenance"]), json.loads(now["provenance"])
    differ = [key for key in dict.fromkeys((*before, *here)) if before.get(key) != here.get(key)]
    if not differ:
        return
    versions = [key for key in differ if key in VERSIONS]
    if versions == differ:
        shown = ", ".join(f"{key} {before.get(key)}, here {here.get(key)}" for key in differ)
        raise InputError(
            f"the store was begun with other versions: {shown}",
            where=str(path),
            hint="go on with those versions, or begin another store",
        )
    if "sha256" in differ and before.get("model") == here.get("model"):
        raise InputError(
            f"the store is of another version of the model {before.get('model')}",
            where=str(path),
            hint="go on with the version that began it, or begin another store",
        )
    shown = ", ".join(key.removesuffix("_sha256") for key in differ if key not in VERSIONS)
    raise InputError(
        f"the store is of another sweep: {shown} differ{'s' if ',' not in shown else ''}",
        where=str(path),
        hint="the same model, choices, design, read-outs and solver; or begin another store",
    )


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a store for this process; the system lets go of it when the process ends."""
    try:
        import fcntl
    except ImportError:  # Windows: nothing is held there
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                "another process is filling this store",
                where=str(path),
                hint="wait for it, or stop it; then --resume",
            ) from None
        yield
    finally:
        os.close(handle)
