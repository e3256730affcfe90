"""Read chemical formulas and reactions as a chemist writes them.

A formula is a run of element symbols, named groups (``Cit``, ``ATP``, ``Alb`` ...), numbers that
may be fractions, and parentheses, with waters of crystallisation after a colon and the charge at
the end: ``HPO4-2``, ``CaH0.22(PO4)0.74``, ``CaHPO4:2H2O``, ``MgATP-2``. A reaction is two sums of
such formulas around ``=``, each term with an optional coefficient and terms separated by `` + ``.
Nothing in these strings is evaluated: they are matched against fixed patterns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from calcikin.errors import ModelFileError

#: Groups that stand for more than their letters: the elements they are made of.
#: Pseudo-elements (Cit, Lac, Hepes, Tris, Alb, Fet, Ado) stand for an organic part that never
#: changes; Ado is the adenosine part shared by ATP, ADP and AMP, so that hydrolysis balances.
GROUPS: Mapping[str, Mapping[str, float]] = {
    "ATP": {"Ado": 1.0, "P": 3.0, "O": 10.0},
    "ADP": {"Ado": 1.0, "P": 2.0, "O": 7.0},
    "AMP": {"Ado": 1.0, "P": 1.0, "O": 4.0},
    "HEPES": {"Hepes": 1.0},
    "Tris": {"Tris": 1.0},
    "Cit": {"Cit": 1.0},
    "Lac": {"Lac": 1.0},
    "Alb": {"Alb": 1.0},
    "Fet": {"Fet": 1.0},
}

_GROUP = "|".join(sorted(GROUPS, key=len, reverse=True))
_TOKEN = re.compile(rf"(?P<group>{_GROUP})|(?P<element>[A-Z][a-z]?)|(?P<open>\()|(?P<close>\))")
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_CHARGE = re.compile(r"(?P<sign>[+-])(?P<size>\d*)$")
_TERM = re.compile(r"^(?:(?P<coefficient>\d+(?:\.\d+)?)\s*)?(?P<formula>[A-Z(]\S*)$")


@dataclass(frozen=True)
class Formula:
    """The composition of one formula.

    Attributes
    ----------
    elements : Mapping[str, float], atoms (or groups) per formula [1]
    charge : int, charge number [1]
    """

    elements: Mapping[str, float]
    charge: int


def parse_formula(text: str, *, where: str = "") -> Formula:
    """Elements and charge of a formula such as ``"HPO4-2"``.

    Parameters
    ----------
    text : str
    where : str, file and entry, for the message

    Returns
    -------
    Formula

    Raises
    ------
    ModelFileError
        When a character cannot be read or a parenthesis is not closed.
    """
    body = text
    charge = 0
    match = _CHARGE.search(text)
    if match:
        charge = int(match["size"] or 1) * (1 if match["sign"] == "+" else -1)
        body = text[: match.start()]
    return Formula(count_atoms(body, text, where), charge)


def count_atoms(
    body: str, whole: str, where: str, token: re.Pattern[str] = _TOKEN
) -> dict[str, float]:
    """Atoms in a formula without its charge; parts after a colon count with the number before them.

    Parameters
    ----------
    body : str
    whole : str, the formula with its charge, for the message
    where : str, file and entry, for the message
    token : Pattern, with the groups group, element, open and close

    Raises
    ------
    ModelFileError
        When a character cannot be read or a parenthesis is not closed.
    """
    elements: dict[str, float] = {}
    for part in body.split(":"):
        lead = _NUMBER.match(part)
        times = float(lead.group()) if lead else 1.0
        rest = part[lead.end() :] if lead else part
        for name, count in _count(rest, whole, where, token).items():
            elements[name] = elements.get(name, 0.0) + times * count
    return elements


def _count(body: str, whole: str, where: str, pattern: re.Pattern[str]) -> dict[str, float]:
    """Atoms in one part of a formula, parentheses resolved with a stack."""
    stack: list[dict[str, float]] = [{}]
    position = 0
    while position < len(body):
        token = pattern.match(body, position)
        if token is None:
            raise _unreadable(whole, body[position:], where)
        position = token.end()
        if token["open"]:
            stack.append({})
            continue
        if token["close"]:
            if len(stack) == 1:
                raise _unreadable(whole, body[position - 1 :], where)
            content: Mapping[str, float] = stack.pop()
        elif token["group"]:
            content = GROUPS[token["group"]]
        else:
            content = {token["element"]: 1.0}
        number = _NUMBER.match(body, position)
        times = float(number.group()) if number else 1.0
        if number:
            position = number.end()
        for name, count in content.items():
            stack[-1][name] = stack[-1].get(name, 0.0) + times * count
    if len(stack) != 1 or not stack[0]:
        raise _unreadable(whole, body, where)
    return stack[0]


def _unreadable(whole: str, rest: str, where: str) -> ModelFileError:
    return ModelFileError(
        f"the formula {whole!r} cannot be read at {rest!r}",
        where=where,
        hint="write elements, numbers and parentheses, then the charge: HPO4-2, CaHPO4:2H2O",
    )


@dataclass(frozen=True)
class Reaction:
    """A reaction as read: coefficients positive on the right, negative on the left.

    Attributes
    ----------
    text : str, as written
    terms : Mapping[str, float], formula -> signed coefficient [1]
    """

    text: str
    terms: Mapping[str, float]


def parse_reaction(text: str, *, where: str = "") -> Reaction:
    """Signed coefficients of a reaction such as ``"Ca+2 + HPO4-2 = CaHPO4"``.

    Parameters
    ----------
    text : str
    where : str, file and entry, for the message

    Returns
    -------
    Reaction

    Raises
    ------
    ModelFileError
        When there is not exactly one ``=``, a term cannot be read, or a formula stands twice.
    """
    sides = text.split("=")
    if len(sides) != 2:
        raise ModelFileError(f"the reaction {text!r} needs exactly one '='", where=where)
    terms: dict[str, float] = {}
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        for piece in side.strip().split(" + "):
            match = _TERM.match(piece.strip())
            if match is None:
                raise ModelFileError(
                    f"the term {piece.strip()!r} of the reaction {text!r} cannot be read",
                    where=where,
                    hint="write terms as '5 Ca+2' and separate them by ' + ' with spaces",
                )
            name = match["formula"]
            if name in terms:
                raise ModelFileError(f"{name} stands twice in the reaction {text!r}", where=where)
            terms[name] = sign * float(match["coefficient"] or 1.0)
    return Reaction(text, terms)


def imbalance(reaction: Reaction, *, where: str = "") -> dict[str, float]:
    """Elements and charge that a reaction creates (empty when it balances) [1].

    Parameters
    ----------
    reaction : Reaction
    where : str, file and entry, for the message

    Returns
    -------
    dict[str, float]
        Element (or ``"charge"``) -> right minus left, only where it is not zero.
        The threshold 1e-9 is far above roundoff of a sum of ten decimal coefficients.
    """
    total: dict[str, float] = {"charge": 0.0}
    for text, coefficient in reaction.terms.items():
        formula = parse_formula(text, where=where)
        total["charge"] += coefficient * formula.charge
        for name, count in formula.elements.items():
            total[name] = total.get(name, 0.0) + coefficient * count
    return {name: value for name, value in total.items() if abs(value) > 1e-9}
