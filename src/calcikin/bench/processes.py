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

__all__ = ["fresh_processes"]

#: Runs one model in a process of its own; each stage reports the seconds since the last.
SCRIPT = """
import json, sys, time
clock = [time.perf_counter()]
def lap():
    clock.append(time.perf_counter())
    return clock[-1] - clock[-2]
from calcikin import load
stages = {}
model = load(sys.argv[1])
stages["import_and_load_s"] = lap()
model.compiled
stages["kernel_source_s"] = lap()
result = model.simulate()
stages["first_run_s"] = lap()
model.simulate()
stages["second_run_s"] = lap()
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stages["peak_memory_MB"] = peak / (2**20 if sys.platform == "darwin" else 2**10)
except ImportError:
    stages["peak_memory_MB"] = None
stages["status"] = result.status.word
print(json.dumps(stages))
"""


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
        return {name: _one(model, folder) for name in ("empty_cache", "from_cache")}


def _one(model: str, folder: str) -> dict[str, Any]:
    package = str(Path(calcikin.__file__).resolve().parent.parent)
    path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
    environment = os.environ | {"CALCIKIN_CACHE_DIR": folder, "PYTHONPATH": path}
    start = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, model],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    total = time.perf_counter() - start
    if answer.returncode != 0:
        words = answer.stderr.strip().splitlines()
        raise SimulationError(
            "a fresh process could not run the model", hint=words[-1] if words else None
        )
    return {"total_s": total, **json.loads(answer.stdout.splitlines()[-1])}
