"""A model as Antimony text, the notation that Tellurium users write by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcikin.errors import SimulationError
from calcikin.exchange.sbml import sbml_text
from calcikin.extras import library

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["antimony_text"]


def antimony_text(model: Model) -> str:
    """The Antimony text of a model, translated from its SBML file.

    Parameters
    ----------
    model : Model

    Raises
    ------
    InputError
        When antimony or python-libsbml is not installed.
    SimulationError
        When Antimony refuses the SBML file.
    """
    antimony = library("antimony", "exchange", "Antimony text")
    text = sbml_text(model)
    antimony.clearPreviousLoads()
    try:
        if antimony.loadSBMLString(text) < 0:
            raise SimulationError(f"Antimony refuses the SBML file: {antimony.getLastError()}")
        return str(antimony.getAntimonyString(antimony.getMainModuleName()))
    finally:
        antimony.clearPreviousLoads()
