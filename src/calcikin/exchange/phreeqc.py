"""The solution that a model starts from, as PHREEQC input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcikin.chemistry.phreeqc_input import phreeqc_input
from calcikin.exchange.activity import davies_only
from calcikin.simulate.equilibrium import equilibrium

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["phreeqc_text"]


def phreeqc_text(model: Model) -> str:
    """PHREEQC input for the mix at t = 0: its species, solids and gas, pH given.

    Parameters
    ----------
    model : Model

    Raises
    ------
    InputError
        For activity coefficients that are not those of the Davies equation.
    SimulationError
        When no equilibrium is found.
    """
    davies_only(model)
    found = equilibrium(model, model.totals(), None)
    gas = "CO2(g)" if model.scenario.pco2 is not None else None
    title = f"{model.name} {model.preset}".strip()
    return phreeqc_input(found, gas=gas, title=f"{title} at its start")
