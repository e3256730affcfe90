"""Tables of a file with checked keys and values; what is wrong is said with file and entry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any

from calcikin.errors import ModelFileError, UnknownNameError

__all__ = ["check_keys", "number", "numbers", "pair", "table", "text"]

Table = Mapping[str, Any]
_WORDS = {1: "one number", 2: "two numbers", 6: "six numbers"}


def check_keys(entry: Table, keys: Set[str], kind: str, where: str) -> None:
    """Refuse a key that means nothing here; UnknownNameError with the nearest one."""
    for key in entry:
        if key not in keys:
            raise UnknownNameError(f"{kind} key", key, keys, where)


def table(entry: Table, key: str, where: str) -> Table:
    """The table under `key`; ModelFileError when there is none."""
    value = entry.get(key)
    if not isinstance(value, Mapping):
        raise ModelFileError(f"[{key}] is missing", where=where)
    return value


def text(entry: Table, key: str, where: str) -> str:
    """The non-empty text under `key`; ModelFileError when there is none."""
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ModelFileError(f"{key!r} is missing", where=where)
    return value


def number(entry: Table, key: str, where: str, default: float | None = None) -> float:
    """The finite number under `key`; ModelFileError when it is none, or missing."""
    value = entry.get(key, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or not is_number or not math.isfinite(value):
        raise ModelFileError(f"{key} must be a finite number, not {value!r}", where=where)
    return float(value)


def numbers(entry: Table, key: str, count: int, where: str) -> list[float]:
    """The list of `count` finite numbers under `key`; ModelFileError when it is none."""
    value = entry.get(key)
    if not isinstance(value, list) or len(value) != count:
        raise ModelFileError(f"{key} must be a list of {_WORDS[count]}, not {value!r}", where=where)
    return [number({key: item}, key, where) for item in value]


def pair(entry: Table, key: str, where: str) -> tuple[float, float]:
    """The range [low, high] under `key`; ModelFileError when it is none."""
    value = entry.get(key)
    if not isinstance(value, list) or len(value) != 2:
        raise ModelFileError(f"{key} must be [low, high], not {value!r}", where=where)
    low, high = (number({key: end}, key, where) for end in value)
    if low > high:
        raise ModelFileError(f"{key} must be [low, high], not {value!r}", where=where)
    return low, high
