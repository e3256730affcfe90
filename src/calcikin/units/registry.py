"""Units: which ones there are, how their text is read, and how one converts into another.

This is the only module that knows pint, and pint is imported when a conversion is first asked
for. The registry holds only the units that calcikin speaks (`_DEFINITIONS`), so that a slip such
as "pH" (picohenry) or "37 C" (coulomb) is refused instead of understood. Factors are exact
fractions, rounded once at the end: "1.2 mmol/L" and "1200 umol/L" are the same float.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

from calcikin.errors import UnitError, nearest_names

if TYPE_CHECKING:
    import numpy as np
    import pint

__all__ = ["EXAMPLES", "affine", "compatible", "convert", "factor", "kind"]

# pint's definition language. "d" and "h" are day and hour; "M" is mol/L, so there is no mega-.
_DEFINITIONS = """
    kilo- = 1e3 = k-
    deci- = 1e-1 = d-
    centi- = 1e-2 = c-
    milli- = 1e-3 = m-
    micro- = 1e-6 = u- = µ- = μ-
    nano- = 1e-9 = n-
    pico- = 1e-12 = p-
    femto- = 1e-15 = f-
    meter = [length] = m = metre
    second = [time] = s = sec
    gram = [mass] = g
    mole = [substance] = mol
    kelvin = [temperature] = K
    equivalent = [charge_equivalent] = Eq = eq
    radian = [] = rad
    degree = 0.017453292519943295769 * radian = deg
    percent = 1e-2
    degree_Celsius = kelvin; offset: 273.15 = degC = celsius
    minute = 60 * second = min
    hour = 60 * minute = h = hr
    day = 24 * hour = d
    angstrom = 1e-10 * meter
    liter = 1e-3 * meter**3 = L = l = litre
    molar = mole / liter = M
    dalton = gram / mole = Da
    newton = 1000 * gram * meter / second**2 = N
    joule = newton * meter = J
    calorie = 4.184 * joule = cal
    pascal = newton / meter**2 = Pa
    bar = 1e5 * pascal
    atmosphere = 101325 * pascal = atm
    millimeter_Hg = 133.322387415 * pascal = mmHg
    enzyme_unit = 1e-6 * mole / minute = U
"""

#: What people write, and what is meant.
_SLIPS = {
    "C": "degC",
    "deg C": "degC",
    "mg%": "mg/dL",
    "IU/L": "U/L",
    "H": "h",
    "pH": "no unit",
}

#: Offered where a unit is missing or measures something else.
EXAMPLES = {"mol/L": "mmol/L", "s": "min", "m": "nm", "K": "degC", "J/mol": "kJ/mol"}
_COMMON = (
    *("mol/L", "mmol/L", "umol/L", "nmol/L", "mM", "uM", "mg/dL", "g/L", "mEq/L", "mol", "mmol"),
    *("s", "min", "h", "d", "K", "degC", "m", "nm", "um", "m2", "L", "mL", "J/mol", "kJ/mol"),
    *("mJ/m2", "%", "mmHg", "atm", "kDa", "g/mol", "U/L", "1/s", "1/h"),
)

#: What a unit measures, in words, by a unit of the same dimension.
_KINDS = {
    "1": "a pure number",
    "mol/L": "a concentration",
    "g/L": "a mass concentration",
    "Eq/L": "a concentration of charge",
    "mol": "an amount",
    "g": "a mass",
    "s": "a time",
    "1/s": "a rate constant",
    "mol/L/s": "a reaction rate",
    "mol/m2/s": "a rate per area",
    "L/mol/s": "a second-order rate constant",
    "L/mol": "a binding constant",
    "m2/L": "an area per volume",
    "m": "a length",
    "m2": "an area",
    "L": "a volume",
    "1/L": "a number density",
    "K": "a temperature",
    "Pa": "a pressure",
    "J/mol": "a molar energy",
    "J/m2": "a surface energy",
    "g/mol": "a molar mass",
}

_TOKEN = re.compile(
    r"(?P<blank>\s*)"
    r"(?:(?P<name>[A-Za-zµμÅ_]+|°C|%)(?:(?:\^|\*\*)?(?P<power>-?[1-9])(?![0-9.]))?"
    r"|(?P<mark>[/*()]|1(?![0-9.])))"
)
_OPENING = ("*", "/", "(")  # what follows these is an operand
_CLOSING = ("*", "/", ")")  # what stands before these is an operand
_PINT_NAMES = {"°C": "degC", "%": "percent", "Å": "angstrom"}  # pint reads only identifiers
_SYNONYMS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−·×", "-0123456789-**")

_LONGEST_TEXT = 100


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    """The one registry, built when first needed (10 ms, and 150 ms for importing pint)."""
    import pint  # slow to import, and most commands start without a conversion

    lines = [line.strip() for line in _DEFINITIONS.splitlines()]
    return pint.UnitRegistry(lines, non_int_type=Fraction, cache_folder=None)


def _explicit(text: str) -> str:
    """Rewrite a unit with every product and power written out: "mol m-2" -> "mol * m**-2".

    Only names, small integer powers, `1`, products, quotients and parentheses pass, so nothing
    else ever reaches pint's own parser.
    """
    clean = text.translate(_SYNONYMS).strip()
    if not clean:
        raise UnitError("a unit is missing", hint=_unit_hint(text))
    if len(clean) > _LONGEST_TEXT:
        raise UnitError(f"a text of {len(clean)} characters is not a unit", hint=_unit_hint(""))
    out: list[str] = []
    after_slash = [False]  # for each open parenthesis: has there been a "/"?
    for blank, token in _tokens(clean):
        operand_before = bool(out) and out[-1] not in _OPENING
        if token in _CLOSING:
            if not operand_before or (token == ")" and len(after_slash) == 1):
                raise _not_a_unit(text)
        elif operand_before:
            if not blank:
                raise _not_a_unit(text)
            if after_slash[-1]:
                raise UnitError(f"{text!r} can be read in two ways", hint="a/b/c or a/(b c)")
            out.append("*")
        if token == "/":
            after_slash[-1] = True
        elif token == "(":
            after_slash.append(False)
        elif token == ")":
            after_slash.pop()
        out.append(token)
    if out[-1] in _OPENING or len(after_slash) > 1:
        raise _not_a_unit(text)
    return " ".join(out)


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    """Each token, with whether a blank stands before it."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _not_a_unit(text)
        name, power, mark = match["name"], match["power"], match["mark"]
        name = _PINT_NAMES.get(name, name)
        yield bool(match["blank"]), mark or (f"{name}**{power}" if power else name)
        position = match.end()


def _not_a_unit(text: str) -> UnitError:
    return UnitError(f"{text!r} is not a unit", hint=_unit_hint(text))


@lru_cache(maxsize=1024)
def _unit(text: str) -> pint.Unit:
    """The unit that a text names."""
    import pint

    expression = _explicit(text)
    try:
        return _registry().parse_units(expression)
    except pint.UndefinedUnitError:
        raise UnitError(f"unknown unit {text!r}", hint=_unit_hint(text)) from None


def _unit_hint(text: str) -> str:
    """What may have been meant by a text that is not a unit."""
    meant = _SLIPS.get(text.strip())
    near = [meant] if meant else nearest_names(text, _COMMON)
    return f"{' or '.join(near)}?" if near else "a unit such as mmol/L, mg/dL, h, min, nm or degC"


def kind(unit: str) -> str:
    """What a unit measures, in words."""
    for example, words in _KINDS.items():
        if compatible(unit, example):
            return words
    return f"a quantity in {unit}"


@lru_cache(maxsize=1024)
def compatible(unit: str, to: str) -> bool:
    """Tell whether two units measure the same kind of thing.

    Parameters
    ----------
    unit, to : str
        Units.

    Raises
    ------
    UnitError
        When either is not a unit.
    """
    return bool(_unit(unit).dimensionality == _unit(to).dimensionality)


@lru_cache(maxsize=1024)
def affine(unit: str, to: str) -> tuple[Fraction, Fraction]:
    """Exact scale and offset of a conversion: value_to = scale * value_unit + offset.

    Raises
    ------
    UnitError
        When a unit is not known, or the two measure different things.
    """
    if not compatible(unit, to):
        raise UnitError(
            f"{unit!r} is {kind(unit)}, but {kind(to)} is expected",
            hint="no unit" if to == "1" else f"a unit such as {EXAMPLES.get(to, to)}",
        )
    at_zero, at_one = (_registry().convert(Fraction(x), _unit(unit), _unit(to)) for x in (0, 1))
    return Fraction(at_one) - Fraction(at_zero), Fraction(at_zero)


@lru_cache(maxsize=1024)
def factor(unit: str, to: str) -> float:
    """The number by which a value in `unit` is multiplied to give it in `to`.

    Parameters
    ----------
    unit, to : str
        Units, e.g. "mmol/L" and "mol/L".

    Returns
    -------
    float
        The exact ratio, rounded once.

    Raises
    ------
    UnitError
        When either is not a unit, when they measure different things, or when the conversion has
        an offset (degC): `convert` does that.
    """
    scale, offset = affine(unit, to)
    if offset:
        raise UnitError(
            f"{unit!r} and {to!r} differ by an offset, not only by a factor",
            hint="a temperature in K",
        )
    return float(scale)


@overload
def convert(value: float, unit: str, to: str) -> float: ...
@overload
def convert(value: np.ndarray, unit: str, to: str) -> np.ndarray: ...
def convert(value: float | np.ndarray, unit: str, to: str) -> float | np.ndarray:
    """A value or array given in `unit`, in `to`; offsets (K to degC) included.

    Parameters
    ----------
    value : float or ndarray, any shape
        In `unit`. NaN stays NaN.
    unit, to : str
        Units.

    Returns
    -------
    float or ndarray, same shape
        In `to`.

    Raises
    ------
    UnitError
        As `factor`, but for offsets.

    Examples
    --------
    >>> convert(36.5, "degC", "K"), round(convert(2.0, "mmol/L", "umol/L"), 9)
    (309.65, 2000.0)
    """
    scale, offset = affine(unit, to)
    return value * float(scale) + float(offset) if offset else value * float(scale)
