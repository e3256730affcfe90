"""Terms of public vocabularies: well-formed, one for each substance, of the right branch."""

from __future__ import annotations

import re

import pytest

from calcikin import load
from calcikin.exchange import terms
from calcikin.extras import library
from calcikin.laws import LAWS
from calcikin.model.modelfile import scenario_names

CHEBI = re.compile(r"https://identifiers\.org/chebi/CHEBI:[1-9]\d{3,5}")
# the form of accession numbers that UniProt publishes, those of six letters
UNIPROT = re.compile(r"https://identifiers\.org/uniprot/[OPQ]\d[A-Z\d]{3}\d")
COMPONENTS = sorted(
    {c for name in scenario_names() for c in load(name).scenario.constants.components}
)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_has_an_entry_of_its_own(component: str) -> None:
    where = terms.identity(component=component)
    assert where is not None
    assert CHEBI.fullmatch(where) or UNIPROT.fullmatch(where)
    others = {terms.identity(component=c) for c in COMPONENTS if c != component}
    assert where not in others


def test_what_is_unknown_has_none() -> None:
    assert terms.identity(component="Xx") is None
    assert terms.identity(phase="ACP") is None  # amorphous: ChEBI has no entry for it
    assert CHEBI.fullmatch(terms.identity(phase="HAP") or "")


def test_roles_belong_to_the_branch_of_the_element_that_has_them() -> None:
    sbo = library("libsbml", "exchange", "this test", package="python-libsbml").SBO
    for term in {*terms.KIND_SBO.values(), *terms.LAW_SBO.values()}:
        assert re.fullmatch(r"SBO:\d{7}", term)
        assert not sbo.isObselete(sbo.stringToInt(term))
    for term in terms.KIND_SBO.values():
        assert sbo.isSystemsDescriptionParameter(sbo.stringToInt(term)), term
    for law, term in terms.LAW_SBO.items():
        assert sbo.isOccurringEntityRepresentation(sbo.stringToInt(term)), term
        assert law in LAWS
