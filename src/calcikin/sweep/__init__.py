"""Sweeps: a design of inputs, its runs here or elsewhere, and the table they make.

Importing this package binds it to the name ``calcikin.sweep``, which is also that of the function;
so the package can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType

from calcikin.sweep.cohort import cohort
from calcikin.sweep.design import Design, grid, listed
from calcikin.sweep.patients import patients
from calcikin.sweep.run import sweep
from calcikin.sweep.sampled import halton, latin_hypercube, sobol
from calcikin.sweep.store import load, open_table, save

__all__ = [
    "Design",
    "cohort",
    "grid",
    "halton",
    "latin_hypercube",
    "listed",
    "load",
    "open_table",
    "patients",
    "save",
    "sobol",
    "sweep",
]


class _Package(ModuleType):
    """A package that is called as its function."""

    __call__ = staticmethod(sweep)


sys.modules[__name__].__class__ = _Package
