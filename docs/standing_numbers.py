"""Runs the model and writes the numbers and figures that the pages show.

    python docs/standing_numbers.py          writes docs/_generated/ where it is out of date
    python docs/standing_numbers.py --force  writes it anew

The build calls :func:`refresh` first, so no page shows a number of an older model. What was written
is kept together with a hash of the package, the model files and the scripts, and made again when
that changes. It takes about ten seconds once the model is compiled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
GENERATED = DOCS / "_generated"
sys.path.insert(0, str(DOCS / "_ext"))

__all__ = ["GENERATED", "refresh"]


def _key() -> str:
    """Hash of everything that decides the numbers."""
    import numba
    import numpy
    import scipy

    import calcikin
    from calcikin.paths import models_dir

    package = Path(calcikin.__file__).parent
    files = [*package.rglob("*.py"), *(DOCS / "_ext").glob("*.py")]
    files += [p for p in models_dir().rglob("*") if p.suffix in (".toml", ".csv", ".json")]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(files):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for module in (numpy, scipy, numba):
        digest.update(module.__version__.encode())
    return digest.hexdigest()


def _figures() -> None:
    """Pictures of the pages."""
    import numpy as np

    import calcikin
    from calcikin import plots

    serum = calcikin.load("t50_serum")
    day = serum.simulate().dataset.sel(time=slice(0.0, 12.0 * 60.0))
    slurry = calcikin.load("acp_slurry").with_({"duration": "24 h"})
    magnesium = calcikin.sweep(serum, {"serum.Mg": np.linspace(0.5, 2.0, 16)}, jobs=1)
    phases = calcikin.sweep(
        slurry,
        {"Mg/Ca": np.linspace(0.0, 0.4, 33)},
        read=["ACP_end", "CPP1_end", "CPP2_end", "HAP_end", "WH_end"],
        jobs=1,
    )
    phases = phases.rename({f"{p}_end": p for p in ("ACP", "CPP1", "CPP2", "HAP", "WH")})
    limit = calcikin.threshold(slurry)
    for name, figure in {
        "t50_curve": plots.t50_curve(day),
        "time_course": plots.time_course(day),
        "serum_mg": plots.sweep_curve(magnesium),
        "slurry_phases": plots.phase_fractions(phases, threshold=limit.total),
        "threshold": plots.threshold(limit),
    }.items():
        plots.save(figure, GENERATED / f"{name}.svg")


@lru_cache(maxsize=2)
def refresh(force: bool = False) -> dict[str, Any]:
    """Bring ``docs/_generated`` up to date and return the numbers.

    Parameters
    ----------
    force : bool
        Run even when nothing has changed.

    Returns
    -------
    dict
        ``values`` (name -> text), ``tables`` (name -> columns and rows), ``made`` (versions).
    """
    target = GENERATED / "standing.json"
    key = _key()
    if target.exists() and not force:
        kept: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return kept
    import measure_calibration
    import measure_fit
    import measure_questions
    import measure_reasons
    import measure_sets
    import measure_targets
    import numba
    import scipy
    from rows import Found

    import calcikin
    from calcikin import plots

    GENERATED.mkdir(exist_ok=True)
    found = Found()
    measure_targets.measure(found)
    measure_reasons.measure(found)
    measure_questions.measure(found)
    measure_sets.measure(found)
    forest = measure_calibration.measure(found)
    plots.save(forest, GENERATED / "validation.svg")
    measure_fit.measure(found, GENERATED)
    _figures()
    made = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "calcikin": calcikin.__version__,
        "python": platform.python_version(),
        "scipy": scipy.__version__,
        "numba": numba.__version__,
    }
    content = {"key": key, "made": made, "values": found.values, "tables": found.tables}
    target.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    return content


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="run even when nothing has changed")
    refresh(parser.parse_args().force)
