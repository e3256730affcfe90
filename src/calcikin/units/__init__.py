"""Units: quantities with units at the boundary, plain SI numbers (mol/L, s, m, K, J) inside."""

from calcikin.units.quantity import format_quantity, parse_quantity, parse_range
from calcikin.units.registry import compatible, convert, factor
from calcikin.units.substances import MOLAR_MASS, VALENCE

__all__ = [
    "MOLAR_MASS",
    "VALENCE",
    "compatible",
    "convert",
    "factor",
    "format_quantity",
    "parse_quantity",
    "parse_range",
]
