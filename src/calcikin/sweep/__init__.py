"""Sweeps: a design of inputs, its runs over several processes, and the table they make.

Importing this package binds it to the name ``calcikin.sweep``, which is also that of the function;
so the package can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType

from calcikin.sweep.run import sweep
from calcikin.sweep.store import load, save

__all__ = ["load", "save", "sweep"]


class _Package(ModuleType):
    """A package that is called as its function."""

    __call__ = staticmethod(sweep)


sys.modules[__name__].__class__ = _Package
