"""What a fresh process needs: time to the first result, without and with a cache, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import calcikin
from calcikin.errors import SimulationError

__all__ = ["fresh_ensembles", "fresh_processes", "in_fresh_process"]

#: Before each script: seconds since the last stage, and the most memory the process has held.
_HEAD = """
import contextlib, json, sys, time
clock = [time.perf_counter()]
def lap():
    clock.append(time.perf_counter())
    return clock[-1] - clock[-2]
def peak():
    # on Linux ru_maxrss begins with what the parent process held
    with contextlib.suppress(OSError, StopIteration), open("/proc/self/status") as lines:
        return next(int(x.split()[1]) / 2**10 for x in lines if x.startswith("VmHWM"))
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
stages = {}
"""
_TAIL = """
stages["peak_memory_MB"] = peak()
print(json.dumps(stages))
"""
#: Runs one model; each stage reports the seconds since the last.
_ONE_RUN = """
from calcikin import load
model = load(sys.argv[1])
stages["import_and_load_s"] = lap()
model.compiled
stages["kernel_source_s"] = lap()
result = model.simulate()
stages["first_run_s"] = lap()
model.simulate()
stages["second_run_s"] = lap()
stages["status"] = result.status.word
"""
#: Runs a small sweep through the ensemble, whose kernels are compiled or come from the cache.
_ENSEMBLE = """
from calcikin import load
from calcikin.bench.batch import serum_columns
from calcikin.simulate.many import run_many
from calcikin.simulate.readouts import get_readouts
model, width = load(sys.argv[1]), int(sys.argv[2])
columns, read = serum_columns(model, 2 * width), get_readouts(["t50"])
model.compiled
stages["import_and_load_s"] = lap()
many = run_many(model, columns, {}, read, 2 * width, width=width, threads=1)
stages["first_sweep_s"] = lap()
run_many(model, columns, {}, read, 2 * width, width=width, threads=1)
stages["second_sweep_s"] = lap()
stages["failed"] = int((many.status != 0).sum())
"""


def in_fresh_process(
    script: str, *arguments: object, cache: str | Path | None = None
) -> dict[str, Any]:
    """Run a script that fills ``stages`` in a process of its own.

    Parameters
    ----------
    script : str
        Python, with ``lap()`` (seconds since the last call), ``sys`` and ``stages`` at hand.
    *arguments : object
        Its ``sys.argv[1:]``.
    cache : path, optional
        Folder of generated modules; the user's own by default.

    Returns
    -------
    dict
        ``total_s`` (from start to exit), the stages, and ``peak_memory_MB``.

    Raises
    ------
    SimulationError
        When the process fails; with its last words.
    """
    package = str(Path(calcikin.__file__).resolve().parent.parent)
    path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
    environment = os.environ | {"PYTHONPATH": path}
    if cache is not None:
        environment["CALCIKIN_CACHE_DIR"] = str(cache)
    start = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", _HEAD + script + _TAIL, *map(str, arguments)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    total = time.perf_counter() - start
    if answer.returncode != 0:
        words = answer.stderr.strip().splitlines()
        raise SimulationError(
            "a fresh process could not run the model", hint=words[-1] if words else None
        )
    return {"total_s": total, **json.loads(answer.stdout.splitlines()[-1])}


def fresh_processes(model: str) -> dict[str, dict[str, Any]]:
    """Run a model in two fresh processes: with an empty cache, and with what the first one left.

    Parameters
    ----------
    model : str
        Name of a shipped model.

    Returns
    -------
    dict
        ``empty_cache`` and ``from_cache``, each with ``total_s`` (from start to exit), the stages
        ``import_and_load_s``, ``kernel_source_s`` (generating the module's text), ``first_run_s``
        (compiling included), ``second_run_s``, and ``peak_memory_MB``.

    Raises
    ------
    SimulationError
        When the process fails; with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="calcikin-bench-") as folder:
        return {
            name: in_fresh_process(_ONE_RUN, model, cache=folder)
            for name in ("empty_cache", "from_cache")
        }


def fresh_ensembles(model: str, width: int) -> dict[str, dict[str, Any]]:
    """Begin a sweep in two fresh processes: with an empty cache, and with what the first one left.

    Parameters
    ----------
    model : str
        Name of a shipped model.
    width : int
        Lanes of the ensemble.

    Returns
    -------
    dict
        ``empty_cache`` and ``from_cache``, each with ``total_s``, ``import_and_load_s``,
        ``first_sweep_s`` (compiling or loading the kernels included), ``second_sweep_s``,
        ``compile_s`` (the difference of the two), ``failed`` and ``peak_memory_MB``.

    Raises
    ------
    SimulationError
        When the process fails; with its last words.
    """
    found = {}
    with tempfile.TemporaryDirectory(prefix="calcikin-bench-") as folder:
        for name in ("empty_cache", "from_cache"):
            stages = in_fresh_process(_ENSEMBLE, model, width, cache=folder)
            stages["compile_s"] = stages["first_sweep_s"] - stages["second_sweep_s"]
            found[name] = stages
    return found
