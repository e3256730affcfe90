"""Calcification kinetics: how calcium phosphate forms and ripens in serum and suspensions.

`load` gives a `Model`, ``Model.with_`` a changed copy of it, ``Model.simulate`` a `Result`:

>>> import calcikin
>>> serum = calcikin.load("t50_serum").with_({"serum.Mg": "1.2 mmol/L"}, preset="healthy")
>>> result = serum.simulate()
>>> result.ok, result.t50() > 60.0  # minutes
(True, True)
>>> result.dataset["Ca"].units
'mmol/L'

`sweep` runs a model at many points, `threshold` finds where it stops to crystallise, `speciate` and
`speciate_many` say what is free, bound and supersaturated. Figures are in `calcikin.plots`,
sensitivities, maps and attributions in `calcikin.analysis`, designs and stores in `calcikin.sweep`,
fits in `calcikin.calibration`. Whatever is refused is an `InputError`, which says what, where and
what to try instead; a run that fails is a `Result` with a status and a reason.

Public names are loaded when first used, so that `import calcikin` itself imports nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcikin.analysis.thresholds import threshold
    from calcikin.errors import CalcikinError, InputError, SimulationError
    from calcikin.simulate.model import Model, load
    from calcikin.simulate.result import Result
    from calcikin.simulate.solution import speciate
    from calcikin.simulate.solution_many import speciate_many
    from calcikin.sweep.run import sweep

__version__ = "0.1.0"

#: public name -> the module that defines it
_PUBLIC = {
    "CalcikinError": "calcikin.errors",
    "InputError": "calcikin.errors",
    "Model": "calcikin.simulate.model",
    "Result": "calcikin.simulate.result",
    "SimulationError": "calcikin.errors",
    "load": "calcikin.simulate.model",
    "speciate": "calcikin.simulate.solution",
    "speciate_many": "calcikin.simulate.solution_many",
    "sweep": "calcikin.sweep.run",
    "threshold": "calcikin.analysis.thresholds",
}

__all__ = [
    "CalcikinError",
    "InputError",
    "Model",
    "Result",
    "SimulationError",
    "__version__",
    "load",
    "speciate",
    "speciate_many",
    "sweep",
    "threshold",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        # with name and obj Python offers the nearest name
        raise AttributeError(
            f"module 'calcikin' has no attribute {name!r}", name=name, obj=modules[__name__]
        )
    value = getattr(import_module(_PUBLIC[name]), name)
    # `sweep` is also a package, bound by the import; it can be called like the function
    return globals().setdefault(name, value)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_PUBLIC))
