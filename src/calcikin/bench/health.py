"""Is this installation in order? Versions, cache, processor, optional parts, a run to compare."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from calcikin.bench.machine import describe_machine
from calcikin.compiler.module import cache_directory
from calcikin.errors import CalcikinError
from calcikin.files import read_toml
from calcikin.paths import models_dir
from calcikin.simulate.model import load

__all__ = ["EXPECTED", "TOLERANCE", "Finding", "examine", "self_test"]

#: Stored read-outs of the self-test, beside the other checks of the shipped files.
EXPECTED = "checks/selftest.toml"
#: Largest relative difference to the stored read-outs that is taken for round-off [1]. LSODA, BDF
#: and Radau differ by 1.3e-6 in T50 at the default tolerance, and so do runs whose input differs in
#: the last digits; another processor or library rounds otherwise. A factor of 70 above that, 1e-4
#: of a T50 is 2 s, which no reader of plates can see.
TOLERANCE = 1e-4
#: Doubles in a vector register, by instruction set.
LANES = {"sse4_2": 2, "avx2": 4, "avx512f": 8}
_REQUIREMENT = re.compile(r"""([\w.-]+)(\[[^\]]*\])?.*extra\s*==\s*['"]([\w-]+)['"]""")
#: Extras for those who change calcikin, not for those who use it.
_INNER = ("test", "dev", "docs")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name, value : str
    fine : bool
    hint : str, what to do when it is not fine, or what else is to be known
    """

    name: str
    value: str
    fine: bool = True
    hint: str = ""


def examine() -> Iterator[Finding]:
    """Look at the installation; the self-test comes last.

    Yields
    ------
    Finding
    """
    machine = describe_machine()
    packages = machine["packages"]
    yield Finding("calcikin", packages.pop("calcikin"))
    yield Finding("python", f"{machine['python']} ({sys.executable})")
    yield Finding("system", machine["system"])
    yield Finding("packages", ", ".join(f"{n} {v}" for n, v in packages.items()))
    yield Finding("processor", f"{machine['cpu']}, {machine['cores']} cores")
    usable, all_cores = machine["usable_cores"], machine["cores"]
    yield Finding(
        "cores",
        f"{usable} usable",
        hint="" if usable == all_cores else f"of {all_cores}: this process may not use the others",
    )
    widest = machine["vectors"][-1] if machine["vectors"] else None
    yield Finding(
        "vector width",
        f"{LANES[widest]} doubles ({widest})" if widest else "not known on this system",
    )
    yield _models()
    yield _cache()
    yield from _extras()
    yield self_test()


def _models() -> Finding:
    try:
        return Finding("model files", str(models_dir()))
    except CalcikinError as error:
        return Finding("model files", error.what, False, error.hint or "")


def _cache() -> Finding:
    wanted = os.environ.get("CALCIKIN_CACHE_DIR")
    folder = cache_directory()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    value = f"{folder}, writable, {size / 1e6:.0f} MB"
    lost = folder.is_relative_to(tempfile.gettempdir())
    if wanted and folder != Path(wanted):
        return Finding("cache", value, False, f"CALCIKIN_CACHE_DIR={wanted} cannot be written")
    if lost and not wanted:
        return Finding(
            "cache",
            value,
            hint="this is a folder for temporary files: models are compiled again after a "
            "restart; set CALCIKIN_CACHE_DIR to a folder that stays",
        )
    return Finding("cache", value)


def _extras() -> Iterator[Finding]:
    """Each optional part, and what of it is missing."""
    try:
        wanted = requires("calcikin") or []
    except PackageNotFoundError:
        yield Finding("optional parts", "not known: calcikin is used without being installed")
        return
    parts: dict[str, list[str]] = {}
    for text in wanted:
        found = _REQUIREMENT.match(text)
        if found and found[3] not in _INNER and found[1].lower() != "calcikin":
            parts.setdefault(found[3], []).append(found[1])
    for extra, packages in sorted(parts.items()):
        missing = [name for name in packages if not _installed(name)]
        present = ", ".join(f"{n} {version(n)}" for n in packages if n not in missing)
        value = f"without {', '.join(missing)}" if missing else present
        hint = f"pip install 'calcikin[{extra}]'" if missing else ""
        yield Finding(f"extra {extra}", value, hint=hint)


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def self_test() -> Finding:
    """Run the healthy serum, and compare its read-outs with those that were stored.

    Returns
    -------
    Finding
        Not fine when the run fails or a read-out differs by more than `TOLERANCE`.
    """
    try:
        stored, _ = read_toml(models_dir() / EXPECTED)
        model = load(str(stored["model"]))
        got = readings(model)
    except CalcikinError as error:
        return Finding("self-test", error.what, False, error.hint or "")
    if got is None:
        return Finding("self-test", "the run failed", False, "run it: calcikin run t50_serum")
    if model.scenario.sha256 != stored["sha256"]:
        return Finding(
            "self-test",
            f"T50 {got['t50']:.1f} min",
            hint="not compared: the model files are not those that were shipped",
        )
    worst = max(abs(got[name] / float(value) - 1.0) for name, value in stored["values"].items())
    value = f"T50 {got['t50']:.1f} min; differs by {worst:.0e} at most from what is stored"
    if worst <= TOLERANCE:
        return Finding("self-test", value)
    hint = "please report it with all that is printed above; until then trust no result"
    return Finding("self-test", value, False, hint)


def readings(model: Any) -> dict[str, float] | None:
    """The read-outs that are compared; None when the run is not sound."""
    result = model.simulate()
    if not result.ok:
        return None
    return {
        "t50": result.t50(),
        "t50_crystalline": result.t50_crystalline(),
        "pH_end": float(result.ph[-1]),
        "rh_cpp2": result.peak_radius("cpp2"),
    }
