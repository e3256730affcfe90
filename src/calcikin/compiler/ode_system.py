"""Any small system of equations for the ensemble: test problems whose answers are published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from calcikin.compiler.ensemble import compile_system
from calcikin.compiler.ensemble_source import System
from calcikin.compiler.law_text import code_printer
from calcikin.compiler.module import generator_hash

__all__ = ["compile_ode", "ode_system"]

#: y, parameters -> dy/dt, as SymPy expressions.
RightHandSide = Callable[[Sequence[Any], Sequence[Any]], Sequence[Any]]


def ode_system(
    right: RightHandSide,
    n: int,
    n_parameters: int,
    conserved: Mapping[int, Mapping[int, float]] | None = None,
) -> System:
    """Return the system of ``right``, with the exact Jacobian by SymPy.

    Parameters
    ----------
    right : callable, (y, p) -> n expressions
    n : int, number of unknowns
    n_parameters : int
    conserved : mapping, optional
        Sums that the equations never change, as of `System.conserved`.
    """
    import sympy as sp

    y, p = sp.symbols(f"y0:{n}"), sp.symbols(f"p0:{n_parameters}")
    expressions = [sp.sympify(e, strict=True) for e in right(y, p)]
    text = code_printer().doprint
    unpack = ["def _unpack(z, q, y, p):"]
    unpack += [f"    y[{i}] = z[{i}]" for i in range(n)]
    unpack += [f"    p[{k}] = q[{k}]" for k in range(n_parameters)]
    slots = {str(s): f"y[{i}]" for i, s in enumerate(y)}
    slots |= {str(s): f"p[{k}]" for k, s in enumerate(p)}

    def written(expression: Any) -> str:
        names = {s: sp.Symbol(slots[str(s)]) for s in expression.free_symbols}
        return str(text(expression.xreplace(names)))

    entries = {
        (i, j): written(-sp.diff(e, v))
        for i, e in enumerate(expressions)
        for j, v in enumerate(y)
        if sp.diff(e, v) != 0
    }
    values = {i: written(e) for i, e in enumerate(expressions)}
    return System(
        n=n,
        n_algebraic=0,
        imports=[],
        functions=["\n".join(unpack)],
        right=("_unpack",),
        matrix=("_unpack",),
        values=values,
        first_values=values,
        entries=entries,
        registers=("y", "p"),
        readable=("y", "p"),
        positive=(),
        conserved=conserved or {},
    )


def compile_ode(
    name: str,
    right: RightHandSide,
    n: int,
    n_parameters: int,
    width: int,
    conserved: Mapping[int, Mapping[int, float]] | None = None,
) -> ModuleType:
    """Return the ensemble module of a system.

    Parameters
    ----------
    name : str, identifies the problem in the cache together with its equations
    right, n, n_parameters, conserved : as of `ode_system`
    width : int, lanes
    """
    import hashlib

    system = ode_system(right, n, n_parameters, conserved)
    equations = sorted(system.values.items()), sorted(system.entries.items())
    text = repr((generator_hash(), name, *equations, system.conserved))
    key = hashlib.sha256(text.encode()).hexdigest()[:32]
    return compile_system(system, name, key, width)
