"""Species and equations as PHREEQC writes them.

Element names are a capital and any small letters or underscores (``Citrate``), or anything in
brackets (``[13C]``); a charge is ``+2`` or ``++``; an equation may have negative coefficients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from calcikin.chemistry.formula import count_atoms

_ELEMENT = re.compile(
    r"(?P<group>(?!))|(?P<element>[A-Z][a-z_]*|\[[^\]]+\])|(?P<open>\()|(?P<close>\))"
)
_TERM = re.compile(r"^(?P<coefficient>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)?(?P<name>[A-Za-z(\[].*)?$")
_CHARGE = re.compile(r"(?P<run>\+{2,}|-{2,})$|(?P<sign>[+-])(?P<size>\d*\.?\d*)$")


def _charge(species: str) -> tuple[str, float]:
    """The species without its charge, and the charge number."""
    match = _CHARGE.search(species)
    if match is None:
        return species, 0.0
    body = species[: match.start()]
    if match["run"]:
        return body, float(len(match["run"])) * (1.0 if match["run"][0] == "+" else -1.0)
    return body, float(match["size"] or 1) * (1.0 if match["sign"] == "+" else -1.0)


def normal(species: str) -> str:
    """A species with its charge written as ``+2``: ``Ca++`` becomes ``Ca+2``, ``Na+1`` ``Na+``."""
    body, charge = _charge(species)
    if charge == 0.0:
        return body
    size = abs(charge)
    return f"{body}{'+' if charge > 0.0 else '-'}{'' if size == 1.0 else f'{size:g}'}"


def charge_of(species: str) -> float:
    """The charge number of a species [1]."""
    return _charge(species)[1]


def elements_of(species: str) -> Mapping[str, float]:
    """Atoms per formula of a species or solid, water of crystallisation after colons included.

    Raises
    ------
    ModelFileError
        When the formula cannot be read.
    """
    body = _charge(species)[0]
    if body == "e":  # the electron
        return {}
    return count_atoms(body, species, "", _ELEMENT)


def terms_of(equation: str) -> dict[str, float]:
    """Signed coefficients of an equation, positive on the right, species with normal charges.

    Raises
    ------
    ValueError
        When a term cannot be read.
    """
    sides = equation.split("=")
    if len(sides) != 2:
        raise ValueError("needs one '='")
    total: dict[str, float] = {}
    for side, direction in zip(sides, (-1.0, 1.0), strict=True):
        sign, coefficient = 1.0, 1.0
        for word in side.split():
            if word in ("+", "-"):
                sign = 1.0 if word == "+" else -1.0
                continue
            token = word
            if token[0] in "+-":
                sign, token = (1.0 if token[0] == "+" else -1.0), token[1:]
            match = _TERM.match(token)
            if match is None:
                raise ValueError(f"cannot read {token!r}")
            coefficient *= float(match["coefficient"] or 1.0)
            if match["name"]:
                name = normal(match["name"])
                total[name] = total.get(name, 0.0) + direction * sign * coefficient
                sign, coefficient = 1.0, 1.0
    return total
