"""SymPy expressions as infix text, in the dialect of SBML's formulas or in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PYTHON", "SBML", "Dialect", "infix"]


@dataclass(frozen=True)
class Dialect:
    """How a language writes what an expression holds.

    Attributes
    ----------
    power : str, the operator
    functions : mapping of str to str, where the name differs
    pi : str
    number : str, format in which a number stands; ``{}`` takes its repr
    """

    power: str
    functions: Mapping[str, str]
    pi: str
    number: str = "{}"


#: The formula language of libSBML, level 3; every plain number is declared to have no unit.
SBML = Dialect("^", {"log": "ln"}, "pi", "{} dimensionless")
PYTHON = Dialect("**", {"exp": "math.exp", "log": "math.log", "sqrt": "math.sqrt"}, "math.pi")

_SUM, _PRODUCT, _POWER = 1, 2, 3


def infix(expression: Any, dialect: Dialect) -> str:
    """The text of an expression.

    Parameters
    ----------
    expression : sympy expression of sums, products, powers, numbers, symbols and functions
    dialect : Dialect

    Returns
    -------
    str
        Numbers are written so that reading them back gives the same double.
    """
    return _text(expression, dialect, 0)


def _text(node: Any, dialect: Dialect, around: int) -> str:
    if node.is_Symbol:
        return str(node.name)
    if node.is_NumberSymbol:  # pi is the only one in the laws
        return dialect.pi
    if node.is_Rational and not node.is_Integer:
        text = f"{_number(node.p, dialect)} / {_number(node.q, dialect)}"
        return f"({text})" if around >= _PRODUCT or node < 0 else text
    if node.is_Number:
        text = _number(node, dialect)
        return f"({text})" if node < 0 and around else text
    if node.is_Add:
        return _sum(node, dialect, around)
    if node.is_Mul:
        return _product(node, dialect, around)
    if node.is_Pow:
        base, exponent = node.as_base_exp() if not node.exp.is_negative else (node.base, node.exp)
        if exponent == _half():
            name = dialect.functions.get("sqrt", "sqrt")
            return f"{name}({_text(base, dialect, 0)})"
        if exponent.is_negative:
            return _product(node, dialect, around)
        power = str(exponent) if exponent.is_Integer else _text(exponent, dialect, _POWER)
        text = f"{_text(base, dialect, _POWER)}{dialect.power}{power}"
        return f"({text})" if around >= _POWER else text
    name = node.func.__name__
    inside = ", ".join(_text(a, dialect, 0) for a in node.args)
    return f"{dialect.functions.get(name, name)}({inside})"


def _half() -> Any:
    import sympy as sp

    return sp.Rational(1, 2)


def _number(value: Any, dialect: Dialect) -> str:
    number = float(value)
    text = repr(int(number)) if number == int(number) and abs(number) < 1e9 else repr(number)
    return dialect.number.format(text)


def _sum(node: Any, dialect: Dialect, around: int) -> str:
    terms = sorted(node.as_ordered_terms(), key=lambda t: t.could_extract_minus_sign())
    text = ""
    for term in terms:
        minus = term.could_extract_minus_sign()
        inner = -term if minus else term
        body = _text(inner, dialect, _PRODUCT if minus and inner.is_Add else _SUM)
        if not text:
            text = f"-{body}" if minus else body
        else:
            text += f" {'-' if minus else '+'} {body}"
    return f"({text})" if around > _SUM or (around and text.startswith("-")) else text


def _product(node: Any, dialect: Dialect, around: int) -> str:
    factors = node.as_ordered_factors() if node.is_Mul else [node]
    above: list[str] = []
    below: list[Any] = []
    sign = ""
    for factor in factors:
        if factor.is_Number and factor < 0 and not below and not above:
            sign = "-"
            factor = -factor
            if factor == 1:
                continue
        if factor.is_Pow and factor.exp.is_negative:
            below.append(factor.base**-factor.exp)
        elif factor.is_Rational and not factor.is_Integer:
            if factor.p != 1:
                above.append(_number(factor.p, dialect))
            below.append(factor.q)
        else:
            above.append(_text(factor, dialect, _PRODUCT))
    text = sign + (" * ".join(above) or _number(1, dialect))
    for factor in below:
        part = (
            _number(factor, dialect) if isinstance(factor, int) else _text(factor, dialect, _POWER)
        )
        text += f" / {part}"
    return f"({text})" if around >= _PRODUCT or (around and sign) else text
