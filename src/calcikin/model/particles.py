"""What follows from a population of particles: its states, quantities and processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcikin.chemistry.records import Phase
from calcikin.model.draft import Draft
from calcikin.model.network import WATER, Population, State

__all__ = ["add_population_processes", "add_population_states"]


def add_population_states(draft: Draft) -> None:
    """Amount and number of each population, and its guest ion where it has one."""
    for name, table, where in draft.tables("populations"):
        phase = draft.phase(table["phase"], where)
        title = table["title"]
        units = _elements(draft, phase)
        draft.add_state(State(f"{name}.m", f"{title}: formula units", units, 0.0))
        draft.add_state(State(f"{name}.n", f"{title}: particles", {}, 0.0))
        guest = None
        if "guest" in table:
            guest = f"{name}.mg"
            mg, ca = draft.constants.components["Mg"], draft.constants.components["Ca"]
            elements = dict(mg.elements)
            for e, c in ca.elements.items():
                elements[e] = elements.get(e, 0.0) - c
            charge = mg.charge - ca.charge
            draft.add_state(State(guest, f"{title}: Mg in place of Ca", elements, charge))
        draft.populations[name] = Population(
            name,
            title,
            table["phase"],
            table["molar_volume"],
            f"{name}.m",
            f"{name}.n",
            guest,
            float(phase.stoichiometry.get("Ca", 0.0)),
        )


def _elements(draft: Draft, phase: Phase) -> dict[str, float]:
    """Elements in one formula unit."""
    total: dict[str, float] = {}
    for component, n in phase.stoichiometry.items():
        parts = WATER if component == "H2O" else draft.constants.components[component].elements
        for element, count in parts.items():
            total[element] = total.get(element, 0.0) + n * count
    return {e: c for e, c in total.items() if abs(c) > 1e-12}


def add_population_processes(draft: Draft) -> None:
    """Geometry, growth, dissolution and ripening of each population."""
    for name, table, where in draft.tables("populations"):
        population = draft.populations[name]
        source = table.get("source", "")
        nucleus_radius = {"nucleus_radius": table["nucleus_radius"]}
        molar_volume = {"molar_volume": table["molar_volume"]}
        amount, number = {"amount": population.amount}, {"number": population.number}
        cube = {"cube": f"{name}.cube"}
        volume = molar_volume | {"size": f"{name}.size"}
        specific = {"specific": f"{name}.specific"}
        quantities: dict[str, tuple[str, Mapping[str, Any]]] = {
            "nucleus": ("nucleus_units", nucleus_radius | molar_volume),
            "cube": (
                "sphere_cube",
                amount | number | molar_volume | {"nucleus": f"{name}.nucleus"},
            ),
            "radius": ("sphere_radius", cube),
            "size": ("bounded_size", cube | nucleus_radius),
            "area": ("sphere_area", amount | volume),
            "flux": (table["growth"]["law"], table["growth"]["inputs"]),
            "specific": ("specific_growth", {"flux": f"{name}.flux"} | volume),
            "growth": ("population_growth", specific | amount),
            "number_loss": ("number_loss", specific | number | cube | nucleus_radius),
        }
        if "coarsening" in table:
            constant = {"coarsening_constant": table["coarsening"]}
            quantities["coarsening"] = ("coarsening", constant | number | cube | nucleus_radius)
        for ending, (law, inputs) in quantities.items():
            draft.add_quantity(f"{name}.{ending}", law, inputs, where)
        draft.add_process(f"{name}_growth", f"{name}.growth", draft.formation(name, where), source)
        for ending in ("number_loss", "coarsening"):
            if ending in quantities:
                draft.add_process(f"{name}_{ending}", f"{name}.{ending}", {population.number: -1})
        if population.guest:
            _add_guest(draft, population, population.guest, table["guest"], where)


def _add_guest(
    draft: Draft, population: Population, guest: str, table: Mapping[str, Any], where: str
) -> None:
    """How Mg gets into a solid and out of it: by exchange, or taken up with growth."""
    name = population.name
    specific, amount = {"specific": f"{name}.specific"}, {"amount": population.amount}
    minor = {"minor": guest}
    uptake = {"uptake_ratio": table["fraction"], "cations": population.ca_per_formula}
    enter = {"Mg": -1.0, "Ca": 1.0, guest: 1.0}
    leave = {"Mg": 1.0, "Ca": -1.0, guest: -1.0}
    ways: list[tuple[str, str, dict[str, Any], dict[str, float]]]
    if "exchange" in table:
        rate = {"exchange_rate": table["exchange"]}
        ways = [
            ("exchange", "ion_exchange", rate | amount | minor | uptake, enter),
            ("release", "dissolution_release", specific | minor, leave),
        ]
    else:
        growth = specific | amount | minor | uptake
        ways = [("incorporation", "growth_incorporation", growth, enter)]
    for ending, law, inputs, effect in ways:
        draft.add_quantity(f"{name}.{ending}", law, inputs, where)
        draft.add_process(f"{name}_mg_{ending}", f"{name}.{ending}", effect)
