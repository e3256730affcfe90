"""From the tables of a network file to a checked :class:`~calcikin.model.network.Network`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcikin.chemistry.constants import ConstantSet
from calcikin.errors import ModelFileError, UnknownNameError
from calcikin.model.draft import Draft
from calcikin.model.network import Network, State
from calcikin.model.particles import add_population_processes, add_population_states
from calcikin.model.resolve import resolved

__all__ = ["build_network"]


def build_network(
    raw: Mapping[str, Any],
    constants: ConstantSet,
    parameter_units: Mapping[str, str],
    where: str,
    scales: Mapping[str, str] | None = None,
) -> Network:
    """Check the tables of a network file and return the network.

    Parameters
    ----------
    raw : mapping
        Parsed TOML.
    constants : ConstantSet
        Components and phases that the tables may name.
    parameter_units : mapping of str to str
        Parameters that exist, with the (internal) unit of each.
    where : str
        File name for messages.
    scales : mapping of str to str, optional
        Inputs that a medium supplies (``scale.enzymes``), with units.

    Raises
    ------
    ModelFileError, BalanceError, UnknownNameError, UnitError
        What does not fit, where, and the nearest name or the expected unit.
    """
    draft = Draft(raw, constants, where)
    _add_dissolved(draft)
    add_population_states(draft)
    _add_pools(draft)
    add_population_processes(draft)
    _add_surfaces(draft)
    for name, table, place in draft.tables("quantities"):
        draft.add_quantity(name, table["law"], table["inputs"], place)
    _add_processes(draft)
    network = Network(
        name=raw["name"],
        title=raw.get("title", raw["name"]),
        states=tuple(draft.states.values()),
        nodes=resolved(draft, parameter_units, scales or {"scale.enzymes": "1"}),
        processes=tuple(draft.processes),
        populations=tuple(draft.populations.values()),
        switches=dict(raw.get("switches", {})),
        phases=tuple(draft.phases),
        where=where,
    )
    network.prove_balances()
    return network


def _add_dissolved(draft: Draft) -> None:
    """Totals of components that are followed."""
    known = draft.constants.components
    for name, component, where in draft.tables("dissolved"):
        if component not in known:
            raise UnknownNameError("component", component, sorted(known), where=where)
        c = known[component]
        draft.add_state(
            State(
                name, f"total dissolved {name}", dict(c.elements), c.charge, component, name == "H"
            )
        )


def _add_pools(draft: Draft) -> None:
    """States of any composition."""
    for name, table, where in draft.tables("pools"):
        if "like" in table:
            if table["like"] not in draft.states:
                raise UnknownNameError("state", table["like"], draft.states, where=where)
            other = draft.states[table["like"]]
            elements, charge = dict(other.elements), other.charge
        else:
            elements, charge = dict(table["elements"]), float(table.get("charge", 0.0))
        draft.add_state(
            State(name, table["title"], elements, charge, signed=bool(table.get("signed", False)))
        )


def _add_surfaces(draft: Draft) -> None:
    """Adsorption of what competes for a surface, and the pinning of its steps."""
    for name, table, where in draft.tables("surfaces"):
        terms, pinning = [], []
        for component, entry in table["adsorbates"].items():
            term = f"{name}.term.{component}"
            switch = f"switch.{entry['switch']}" if "switch" in entry else 1.0
            draft.add_quantity(
                term,
                "adsorption_term",
                {"affinity": entry["affinity"], "activity": f"a.{component}", "switch": switch},
                where,
            )
            terms.append(term)
            if entry["alpha"] != 0:
                pinning.append((term, entry["alpha"]))
        draft.add_quantity(f"{name}.denominator", "langmuir_denominator", {"terms": terms}, where)
        draft.add_quantity(
            f"{name}.load",
            "inhibitor_load",
            {
                "terms": [term for term, _ in pinning],
                "alphas": [alpha for _, alpha in pinning],
                "denominator": f"{name}.denominator",
            },
            where,
        )
        draft.add_quantity(
            f"{name}.pinning",
            "step_pinning",
            {"load": f"{name}.load", "s": table["drive"], "width": table["width"]},
            where,
        )


def _add_processes(draft: Draft) -> None:
    """Processes that the file writes out: with an effect, or births of nuclei."""
    for name, table, where in draft.tables("processes"):
        rate, source = f"rate.{name}", table.get("source", "")
        draft.add_quantity(rate, table["law"], table["inputs"], where)
        if "nucleates" in table:
            population = table["nucleates"]
            if population not in draft.populations:
                known = sorted(draft.populations)
                raise UnknownNameError("population", population, known, where=where)
            nucleus = table.get("nucleus", f"{population}.nucleus")
            draft.add_process(name, rate, {f"{population}.n": 1}, source)
            draft.add_quantity(
                f"{rate}.mass", "nucleus_mass", {"nucleus": nucleus, "birth_rate": rate}, where
            )
            draft.add_process(
                f"{name}_mass", f"{rate}.mass", draft.formation(population, where), source
            )
        elif "effect" in table:
            draft.add_process(name, rate, table["effect"], source)
        else:
            raise ModelFileError(
                f"process {name!r} changes nothing",
                where=where,
                hint="give it 'effect = {state = number, ...}' or 'nucleates = population'",
            )
