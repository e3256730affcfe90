"""How an expression of SymPy is written in the generated kernels."""

from __future__ import annotations

from typing import Any

__all__ = ["HELPERS", "code_printer"]

HELPERS = """
def _step(x):
    return 1.0 if x > 0.0 else 0.0


def _pos(x):
    return x if x > 0.0 else 0.0


def _cbrt(x):
    return math.cbrt(x) if x > 0.0 else 0.0


def _cnt_factor(b, s):
    return math.exp(-b / (s * s)) if s > 1e-3 else 0.0


def _cnt_factor_ds(b, s):
    return math.exp(-b / (s * s)) * 2.0 * b / (s * s * s) if s > 1e-3 else 0.0


def _cnt_factor_db(b, s):
    return -math.exp(-b / (s * s)) / (s * s) if s > 1e-3 else 0.0


def _pos_power(x, n):
    return x ** n if x > 0.0 else 0.0


def _pos_power_dx(x, n):
    return n * x ** (n - 1.0) if x > 0.0 else 0.0


def _pos_power_dn(x, n):
    return x ** n * math.log(x) if x > 0.0 else 0.0


def _logistic(x):
    return (1.0 if x > 0.0 else math.exp(-abs(x))) / (1.0 + math.exp(-abs(x)))


def _log1pexp(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
"""


def code_printer() -> Any:
    """Return the SymPy printer of the generated text."""
    import sympy as sp
    from sympy.printing.pycode import PythonCodePrinter

    class Printer(PythonCodePrinter):  # type: ignore[misc]
        """Python text; small powers by multiplication, our own functions by their helpers."""

        def _print_Function(self, expr: Any) -> str:
            arguments = ", ".join(self._print(a) for a in expr.args)
            return f"_{expr.func.__name__}({arguments})"

        def _print_Pow(self, expr: Any, rational: bool = False) -> str:
            base, power = expr.args
            text = self._print(base)
            if not base.is_Atom:
                text = f"({text})"
            if power.is_Integer and 0 < abs(int(power)) <= 8:
                product = "*".join([text] * abs(int(power)))
                return f"({product})" if power > 0 else f"(1.0/({product}))"
            if power == sp.Rational(1, 2):
                return f"math.sqrt({text})"
            return f"{text}**({self._print(power)})"

        def _print_Integer(self, expr: Any) -> str:
            return f"{float(expr.p)!r}"

        def _print_Rational(self, expr: Any) -> str:
            return f"({float(expr.p)!r}/{float(expr.q)!r})"

        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))

        def _print_Pi(self, expr: Any) -> str:
            return "math.pi"

    return Printer()
