"""What the benchmark ran on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from calcikin import __version__

__all__ = ["describe_machine"]

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "sympy", "xarray")
#: Vector instructions worth knowing about, widest last.
VECTORS = ("sse4_2", "avx2", "avx512f")


def describe_machine(others: Sequence[str] = ()) -> dict[str, Any]:
    """Processor, cores, load and versions, as plain data.

    Parameters
    ----------
    others : sequence of str
        Further packages whose versions matter; those that are not installed are left out.

    Returns
    -------
    dict
        ``cpu``, ``vectors``, ``cores`` (of the machine), ``usable_cores`` (of this process),
        ``load`` (processes waiting, averaged over 1 minute; other work slows every timing down),
        ``system``, ``python``, ``packages`` and ``date`` (UTC). None for what cannot be found out.
    """
    info = _cpu_info()
    flags = set(info.get("flags", "").split())
    return {
        "cpu": info.get("model name") or platform.processor() or platform.machine(),
        "vectors": [v for v in VECTORS if v in flags],
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "load": _load(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {"calcikin": __version__}
        | {name: version(name) for name in PACKAGES}
        | {name: found for name in others if (found := _version(name))},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def usable_cores() -> int | None:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _cpu_info() -> dict[str, str]:
    """First processor of ``/proc/cpuinfo``; empty where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}
