"""The fixed vocabulary in which every rate law is written.

A law is called with floats or NumPy arrays (then it is the readable reference that the tests
compare
with) or with SymPy symbols (then it is differentiated and emitted as compiled code). Each function
here therefore answers for both, and nothing else may be used inside a law but ``+ - * /`` and
integer
powers. SymPy is imported only when a symbol arrives.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = [
    "cbrt",
    "cnt_factor",
    "exp",
    "log",
    "pos",
    "pos_power",
    "smooth_loss",
    "softplus",
    "sqrt",
]


def _symbolic(*args: Any) -> bool:
    return any(hasattr(a, "free_symbols") for a in args)


@lru_cache(maxsize=1)
def symbolic_functions() -> SimpleNamespace:
    """Return the SymPy counterparts of the functions that have no ready-made SymPy form."""
    import sympy as sp

    class step(sp.Function):  # type: ignore[misc]
        """1 where the argument is positive, else 0 (derivative of pos)."""

        def fdiff(self, argindex: int = 1) -> Any:
            return sp.Integer(0)

    class pos(sp.Function):  # type: ignore[misc]
        def fdiff(self, argindex: int = 1) -> Any:
            return step(self.args[0])

    class cbrt(sp.Function):  # type: ignore[misc]
        def fdiff(self, argindex: int = 1) -> Any:
            return cbrt(self.args[0]) / (3 * self.args[0])

    class cnt_factor_ds(sp.Function):  # type: ignore[misc]
        """d cnt_factor / d s."""

    class cnt_factor_db(sp.Function):  # type: ignore[misc]
        """d cnt_factor / d barrier."""

    class cnt_factor(sp.Function):  # type: ignore[misc]
        def fdiff(self, argindex: int = 1) -> Any:
            barrier, s = self.args
            return cnt_factor_db(barrier, s) if argindex == 1 else cnt_factor_ds(barrier, s)

    class pos_power_dx(sp.Function):  # type: ignore[misc]
        """d pos_power / d x."""

    class pos_power_dn(sp.Function):  # type: ignore[misc]
        """d pos_power / d n."""

    class pos_power(sp.Function):  # type: ignore[misc]
        def fdiff(self, argindex: int = 1) -> Any:
            x, n = self.args
            return pos_power_dx(x, n) if argindex == 1 else pos_power_dn(x, n)

    class logistic(sp.Function):  # type: ignore[misc]
        """1 / (1 + exp(-x)), without overflow."""

        def fdiff(self, argindex: int = 1) -> Any:
            return logistic(self.args[0]) * (1 - logistic(self.args[0]))

    class log1pexp(sp.Function):  # type: ignore[misc]
        """log(1 + exp(x)), without overflow."""

        def fdiff(self, argindex: int = 1) -> Any:
            return logistic(self.args[0])

    return SimpleNamespace(
        step=step,
        pos=pos,
        cbrt=cbrt,
        cnt_factor=cnt_factor,
        cnt_factor_ds=cnt_factor_ds,
        cnt_factor_db=cnt_factor_db,
        pos_power=pos_power,
        pos_power_dx=pos_power_dx,
        pos_power_dn=pos_power_dn,
        logistic=logistic,
        log1pexp=log1pexp,
    )


def exp(x: Any) -> Any:
    """Exponential."""
    if _symbolic(x):
        import sympy as sp

        return sp.exp(x)
    return np.exp(x)


def log(x: Any) -> Any:
    """Natural logarithm."""
    if _symbolic(x):
        import sympy as sp

        return sp.log(x)
    return np.log(x)


def sqrt(x: Any) -> Any:
    """Square root."""
    if _symbolic(x):
        import sympy as sp

        return sp.sqrt(x)
    return np.sqrt(x)


def cbrt(x: Any) -> Any:
    """Cube root of a non-negative number."""
    return symbolic_functions().cbrt(x) if _symbolic(x) else np.cbrt(x)


def pos(x: Any) -> Any:
    """Positive part, max(x, 0)."""
    return symbolic_functions().pos(x) if _symbolic(x) else np.maximum(x, 0.0)


def cnt_factor(barrier: Any, s: Any) -> Any:
    """exp(-barrier / s^2) for s > 0 and exactly 0 for s <= 0 (smooth there to all orders)."""
    if _symbolic(barrier, s):
        return symbolic_functions().cnt_factor(barrier, s)
    s = np.asarray(s, dtype=float)
    safe = np.where(s > 0.0, s, 1.0)
    return np.where(s > 0.0, np.exp(-barrier / (safe * safe)), 0.0)


def pos_power(x: Any, n: Any) -> Any:
    """x^n for x > 0, else 0 (n > 1, so that the derivative is continuous at 0)."""
    if _symbolic(x, n):
        return symbolic_functions().pos_power(x, n)
    x = np.asarray(x, dtype=float)
    return np.where(x > 0.0, np.where(x > 0.0, x, 1.0) ** n, 0.0)


def softplus(x: Any, width: Any) -> Any:
    """Smooth positive part, width * log(1 + exp(x / width))."""
    if _symbolic(x, width):
        return width * symbolic_functions().log1pexp(x / width)
    return width * np.logaddexp(0.0, np.asarray(x, dtype=float) / width)


def smooth_loss(x: Any, width: Any) -> Any:
    """Positive part with a continuous derivative: p^2 / (p + width), p = max(x, 0)."""
    p = pos(x)
    return p * p / (p + width)
