"""Rate laws: each equation of the model, written once."""

from calcikin.laws import adsorption, enzymes, growth, nucleation, populations, transport
from calcikin.laws.base import LAWS, Law, get_law

__all__ = [
    "LAWS",
    "Law",
    "adsorption",
    "enzymes",
    "get_law",
    "growth",
    "nucleation",
    "populations",
    "transport",
]
