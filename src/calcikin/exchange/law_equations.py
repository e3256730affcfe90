"""From a law to the equation that the theory pages and exported documents print, by SymPy.

The law's own function is called with symbols in place of numbers, as the compiler calls it, so the
printed equation is the one that runs. Constants of the module (such as pi) are symbols while it is
called. A list argument is called with one item that stands for all, which is printed under a sum
(or product) sign; that the law really sums (or multiplies) is checked with three items.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import sympy as sp
from sympy.printing.latex import LatexPrinter

from calcikin.exchange.notation import CONSTANTS, PRODUCTS, meaning, result_symbol, symbol
from calcikin.laws import Law
from calcikin.laws.vocabulary import symbolic_functions

__all__ = ["Equation", "equation", "module_constants", "unit_text"]


@dataclass(frozen=True)
class Equation:
    """A law as a page shows it.

    Attributes
    ----------
    latex : str
    symbols : tuple of (symbol, meaning, unit)
    unit : str
        Of the result.
    constants : tuple of str
        Names of the module constants that appear.
    """

    latex: str
    symbols: tuple[tuple[str, str, str], ...]
    unit: str
    constants: tuple[str, ...]


class Printer(LatexPrinter):  # type: ignore[misc]
    """LaTeX for the vocabulary of the laws; positive terms and plain numbers come first."""

    def _raised(self, text: str, exp: Any) -> str:
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_pos(self, expr: Any, exp: Any = None) -> str:
        return self._raised(rf"\left\langle {self._print(expr.args[0])} \right\rangle", exp)

    def _print_cbrt(self, expr: Any) -> str:
        return rf"\sqrt[3]{{{self._print(expr.args[0])}}}"

    def _print_cnt_factor(self, expr: Any) -> str:
        barrier, s = (self._print(a) for a in expr.args)
        return rf"\exp\!\left(-\frac{{{barrier}}}{{{s}^{{2}}}}\right)"

    def _print_pos_power(self, expr: Any) -> str:
        x, n = (self._print(a) for a in expr.args)
        return rf"\left\langle {x} \right\rangle^{{{n}}}"

    def _print_log1pexp(self, expr: Any) -> str:
        return rf"\ln\!\left(1 + {self._print(sp.exp(expr.args[0]))}\right)"

    def _print_ExpBase(self, expr: Any, exp: Any = None) -> str:
        power = expr.args[0]
        if sp.count_ops(power) <= 1:
            return self._raised(rf"e^{{{self._print(power)}}}", exp)
        return self._raised(rf"\exp\!\left({self._print(power)}\right)", exp)

    def _print_Max(self, expr: Any, exp: Any = None) -> str:
        inner = ",\\, ".join(self._print(a) for a in expr.args)
        return self._raised(rf"\max\!\left({inner}\right)", exp)

    def _print_Min(self, expr: Any, exp: Any = None) -> str:
        inner = ",\\, ".join(self._print(a) for a in expr.args)
        return self._raised(rf"\min\!\left({inner}\right)", exp)

    def _print_Fold(self, expr: Any) -> str:
        return rf"{expr.args[0]} {self._print(expr.args[1])}"

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        terms = self._as_ordered_terms(expr, order=order)
        terms.sort(key=lambda t: (t.could_extract_minus_sign(), not t.is_Number))
        text = ""
        for term in terms:
            minus = term.could_extract_minus_sign()
            body = self._print(-term if minus else term)
            if minus and isinstance(-term, sp.Add):
                body = rf"\left({body}\right)"
            text += f" - {body}" if minus else f" + {body}" if text else body
        return text.strip()


class Fold(sp.Function):  # type: ignore[misc]
    """Sum or product over the items of a list."""


def _sortable(rank: int, name: str) -> Any:
    """A symbol that SymPy sorts by `rank`, so that factors keep the order of the arguments."""
    return sp.Symbol(f"{rank:02d}{name}", real=True)


def _call(law: Law, arguments: dict[str, Any]) -> tuple[Any, list[str]]:
    """The law's expression, with the constants of its module as symbols; and which occur."""
    space = law.function.__globals__
    names = [n for n in CONSTANTS if n in space]
    stand_ins = {n: sp.pi if n == "PI" else _sortable(i, n) for i, n in enumerate(names)}
    with patch.dict(space, stand_ins):
        expression = sp.sympify(law.function(**arguments), strict=True)
    used = [n for n in names if n != "PI" and stand_ins[n] in expression.free_symbols]
    return expression, used


def _exact(expression: Any) -> Any:
    """Numbers of the source as fractions: 1.3333 becomes 4/3."""
    floats = {
        f: sp.nsimplify(f, rational=True, tolerance=1e-12) for f in expression.atoms(sp.Float)
    }
    return expression.xreplace(floats)


def _with_maxima(expression: Any) -> Any:
    """Write b + <a - b> as max(a, b), and x / max(x, 1) as min(x, 1)."""
    pos = symbolic_functions().pos

    def rewrite(node: Any) -> Any:
        if not node.args:
            return node
        node = node.func(*(rewrite(a) for a in node.args))
        if isinstance(node, sp.Add):
            for term in node.args:
                if isinstance(term, pos):
                    rest = node - term
                    other = term.args[0] + rest
                    if sp.count_ops(other) < sp.count_ops(term.args[0]):
                        return sp.Max(other, rest, evaluate=False)
        if isinstance(node, sp.Mul):
            for bound in (1 / f for f in node.args if isinstance(1 / f, sp.Max)):
                share = sp.Mul(*(a for a in bound.args if a != 1))
                if 1 in bound.args and sp.simplify(node * bound - share) == 0:
                    return sp.Min(share, 1, evaluate=False)
        return node

    return rewrite(expression)


def _folded(expression: Any, items: set[Any], sign: str) -> Any:
    """Put the product of the symbols that stand for list items under a sign."""
    if expression in items:
        return Fold(sp.Symbol(sign), expression)
    if isinstance(expression, sp.Mul):
        inside = [f for f in expression.args if f in items]
        rest = [_folded(f, items, sign) for f in expression.args if f not in items]
        return sp.Mul(Fold(sp.Symbol(sign), sp.Mul(*inside)), *rest) if inside else sp.Mul(*rest)
    if not expression.args:
        return expression
    return expression.func(*(_folded(a, items, sign) for a in expression.args))


def _prove_fold(law: Law, lists: list[str], plain: dict[str, Any], shown: Any) -> None:
    """Check with three items that the sign over the list is what the law does.

    Raises
    ------
    ValueError
        When it is not.
    """
    many = {a: [sp.Symbol(f"{a}{k}", real=True) for k in range(3)] for a in lists}
    full, _ = _call(law, plain | many)
    fold = sp.prod if law.name in PRODUCTS else sum
    own = {a: _item(law, a) for a in lists}

    def spread(node: Any) -> Any:
        if isinstance(node, Fold):
            return fold(
                node.args[1].xreplace({own[a]: many[a][k] for a in lists}) for k in range(3)
            )
        return node.func(*(spread(a) for a in node.args)) if node.args else node

    if sp.simplify(_exact(full) - spread(shown)) != 0:
        raise ValueError(f"law {law.name!r} does not do with its lists what the equation says")


def _item(law: Law, argument: str) -> Any:
    return _sortable(20 + list(law.inputs).index(argument), argument)


def equation(law: Law) -> Equation:
    """The equation of a law, from its own function.

    Raises
    ------
    LookupError
        When an argument or the result has no symbol in `notation`.
    ValueError
        When the law does something else with a list than the equation would say.
    """
    plain = {a: _item(law, a) for a in law.inputs}
    lists = [a for a in law.inputs if law.takes_list(a)]
    expression, used = _call(law, plain | {a: [plain[a]] for a in lists})
    expression = _exact(expression)
    if lists:
        sign = r"\prod_j" if law.name in PRODUCTS else r"\sum_j"
        expression = _folded(expression, {plain[a] for a in lists}, sign)
        _prove_fold(law, lists, {a: s for a, s in plain.items() if a not in lists}, expression)
    expression = _with_maxima(expression)
    names = {plain[a]: symbol(law.name, a) + ("_j" if a in lists else "") for a in law.inputs}
    for s in expression.free_symbols:
        if s.name[2:] in CONSTANTS:
            names[s] = CONSTANTS[s.name[2:]]
    printer = Printer({"symbol_names": names, "mul_symbol": r" \, "})
    latex = f"{result_symbol(law.name)} = {printer.doprint(expression)}"
    symbols = tuple((names[plain[a]], meaning(a), law.unit_of(a)) for a in law.inputs)
    return Equation(latex, symbols, law.unit, tuple(used))


def module_constants(source: str) -> list[tuple[str, str, str]]:
    """Constants at the top of a law module: name, value, what the comment beside it says.

    One at a time or several in a row (``A, B = 1.0, 2.0``), which then share the comment.
    """
    found, lines = [], source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=True))
        beside = " ".join(lines[node.lineno - 1 : node.end_lineno]).partition("#")[2]
        note = beside.strip(" :").removesuffix(")") if beside.endswith(" )") else beside
        for name, number in pairs:
            if (shown := _decimal(number)) is not None:
                found.append((ast.unparse(name), repr(shown), note.strip(" :")))
    return found


def _decimal(node: ast.expr) -> float | None:
    """A decimal number as it stands in the source, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _decimal(node.operand)
        return None if number is None else -number
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, float) else None


def unit_text(unit: str) -> str:
    """A unit for print: ``mol/m2/s`` as mol m^-2 s^-1, a plain number as a dash."""
    if unit == "1":
        return "1"
    if unit == "any" or unit.startswith("@"):
        return "its own unit"
    over, *under = unit.split("/")
    out = []
    for k, part in [*((0, factor) for factor in over.split("*")), *enumerate(under, 1)]:
        match = re.fullmatch(r"([A-Za-zµ%]+)(\d*)", part)
        if part == "1":
            continue
        if match is None:
            return unit
        power = match[2] or "1"
        text = match[1] if (k == 0 and power == "1") else f"{match[1]}{_raised(k, power)}"
        out.append(text)
    return "\N{NO-BREAK SPACE}".join(out)


def _raised(place: int, power: str) -> str:
    digits = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    return (("-" if place else "") + power).translate(digits)
