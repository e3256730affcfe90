"""Rate laws: each equation of the model, written once."""

from calcikin.laws import adsorption, arrest, enzymes, growth, nucleation, populations, transport
from calcikin.laws.base import LAWS, Law, get_law

__all__ = [
    "LAWS",
    "Law",
    "adsorption",
    "arrest",
    "enzymes",
    "get_law",
    "growth",
    "nucleation",
    "populations",
    "transport",
]
