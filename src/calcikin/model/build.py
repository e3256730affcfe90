"""From the tables of a network file to a checked :class:`~calcikin.model.network.Network`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from calcikin.chemistry.constants import ConstantSet
from calcikin.errors import ModelFileError, UnitError, UnknownNameError
from calcikin.laws import Law, get_law
from calcikin.model.network import Network, Node, Population, Process, Ref, State
from calcikin.units import factor

__all__ = ["build_network"]

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*\Z")


class _Builder:
    """Collects states, nodes and processes; each method handles one kind of table."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        constants: ConstantSet,
        parameter_units: Mapping[str, str],
        scales: Mapping[str, str],
        where: str,
    ) -> None:
        self.raw = raw
        self.constants = constants
        self.parameter_units = parameter_units
        self.scales = scales
        self.where = where
        self.states: dict[str, State] = {}
        self.pending: dict[str, tuple[Law, dict[str, Any]]] = {}
        self.nodes: dict[str, Node] = {}
        self.processes: list[Process] = []
        self.populations: dict[str, Population] = {}
        self.phases: list[str] = []
        self._open: list[str] = []

    # ---- helpers -----------------------------------------------------------------------------
    def at(self, *parts: str) -> str:
        return f"{self.where}: [{'.'.join(parts)}]"

    def check_name(self, name: str, where: str) -> str:
        if not IDENTIFIER.match(name):
            raise ModelFileError(
                f"{name!r} is not a name",
                where=where,
                hint="use letters, digits, underscores and single dots, starting with a letter",
            )
        return name

    def add_node(self, name: str, law_name: str, inputs: Mapping[str, Any], where: str) -> None:
        self.check_name(name, where)
        if name in self.pending:
            raise ModelFileError(f"quantity {name!r} is defined twice", where=where)
        law = get_law(law_name, where)
        missing = [a for a in law.inputs if a not in inputs]
        if missing:
            raise ModelFileError(
                f"law {law_name!r} also needs {', '.join(missing)}", where=where, hint=law.doc
            )
        for argument in inputs:
            if argument not in law.inputs:
                raise UnknownNameError(
                    f"input of law {law_name!r}", argument, sorted(law.inputs), where=where
                )
        self.pending[name] = (law, dict(inputs))

    def phase(self, name: str, where: str) -> Any:
        if name not in self.constants.phases:
            raise UnknownNameError("phase", name, sorted(self.constants.phases), where=where)
        if name not in self.phases:
            self.phases.append(name)
            phase = self.constants.phases[name]
            ions = {c: n for c, n in phase.stoichiometry.items() if c != "H2O"}
            self.add_node(
                f"{name}.s",
                "ln_saturation",
                {
                    "coefficients": [float(n) for n in ions.values()],
                    "ln_activities": [f"lna.{c}" for c in ions],
                    "ln_k": f"lnk.{name}",
                    "ions": float(phase.nu),
                },
                where,
            )
        return self.constants.phases[name]

    # ---- states ------------------------------------------------------------------------------
    def dissolved(self) -> None:
        for name, component in self.raw.get("dissolved", {}).items():
            where = self.at("dissolved", name)
            self.check_name(name, where)
            if component not in self.constants.components:
                raise UnknownNameError(
                    "component", component, sorted(self.constants.components), where=where
                )
            c = self.constants.components[component]
            self.states[name] = State(
                name, f"total dissolved {name}", dict(c.elements), c.charge, component, name == "H"
            )

    def pools(self) -> None:
        for name, table in self.raw.get("pools", {}).items():
            self.check_name(name, self.at("pools", name))
            if "like" in table:
                if table["like"] not in self.states:
                    raise UnknownNameError(
                        "state", table["like"], self.states, where=self.at("pools", name)
                    )
                other = self.states[table["like"]]
                elements, charge = dict(other.elements), other.charge
            else:
                elements, charge = dict(table["elements"]), float(table.get("charge", 0.0))
            self.states[name] = State(
                name, table["title"], elements, charge, signed=bool(table.get("signed", False))
            )

    def formula_elements(self, phase: Any) -> dict[str, float]:
        total: dict[str, float] = {}
        for component, n in phase.stoichiometry.items():
            elements = (
                {"H": 2.0, "O": 1.0}
                if component == "H2O"
                else self.constants.components[component].elements
            )
            for element, count in elements.items():
                total[element] = total.get(element, 0.0) + n * count
        return {e: c for e, c in total.items() if abs(c) > 1e-12}

    def population_states(self) -> None:
        for name, table in self.raw.get("populations", {}).items():
            where = self.at("populations", name)
            self.check_name(name, where)
            phase = self.phase(table["phase"], where)
            title = table["title"]
            self.states[f"{name}.m"] = State(
                f"{name}.m", f"{title}: formula units", self.formula_elements(phase), 0.0
            )
            self.states[f"{name}.n"] = State(f"{name}.n", f"{title}: particles", {}, 0.0)
            guest = None
            if "guest" in table:
                guest = f"{name}.mg"
                mg, ca = self.constants.components["Mg"], self.constants.components["Ca"]
                elements = dict(mg.elements)
                for e, c in ca.elements.items():
                    elements[e] = elements.get(e, 0.0) - c
                self.states[guest] = State(
                    guest, f"{title}: Mg in place of Ca", elements, mg.charge - ca.charge
                )
            self.populations[name] = Population(
                name,
                title,
                table["phase"],
                table["molar_volume"],
                f"{name}.m",
                f"{name}.n",
                guest,
                float(phase.stoichiometry.get("Ca", 0.0)),
            )

    # ---- quantities and processes ------------------------------------------------------------
    def add_process(self, name: str, node: str, effect: Mapping[str, float], source: str) -> None:
        where = self.at("processes", name)
        clean: dict[str, float] = {}
        for state, coefficient in effect.items():
            if state != "H2O" and state not in self.states:
                raise UnknownNameError("state", state, [*self.states, "H2O"], where=where)
            clean[state] = clean.get(state, 0.0) + float(coefficient)
        self.processes.append(Process(name, node, clean, source))

    def formation(self, population: str, where: str) -> dict[str, float]:
        phase = self.constants.phases[self.populations[population].phase]
        effect = {f"{population}.m": 1.0}
        by_component = {s.component: s.name for s in self.states.values() if s.component}
        for component, n in phase.stoichiometry.items():
            if component == "H2O":
                effect["H2O"] = -n
            elif component in by_component:
                effect[by_component[component]] = -n
            else:
                raise ModelFileError(
                    f"phase {phase.name} needs {component}, which the model does not follow",
                    where=where,
                    hint=f"add {component} to [dissolved]",
                )
        return effect

    def population_processes(self) -> None:
        for name, table in self.raw.get("populations", {}).items():
            where = self.at("populations", name)
            population = self.populations[name]
            nucleus = f"{name}.nucleus"
            self.add_node(
                nucleus,
                "nucleus_units",
                {"nucleus_radius": table["nucleus_radius"], "molar_volume": table["molar_volume"]},
                where,
            )
            cube, size = f"{name}.cube", f"{name}.size"
            molar_volume, nucleus_radius = table["molar_volume"], table["nucleus_radius"]
            self.add_node(
                cube,
                "sphere_cube",
                {
                    "amount": population.amount,
                    "number": population.number,
                    "molar_volume": molar_volume,
                    "nucleus": nucleus,
                },
                where,
            )
            self.add_node(f"{name}.radius", "sphere_radius", {"cube": cube}, where)
            self.add_node(
                size, "bounded_size", {"cube": cube, "nucleus_radius": nucleus_radius}, where
            )
            volume = {"molar_volume": molar_volume, "size": size}
            self.add_node(
                f"{name}.area", "sphere_area", {"amount": population.amount} | volume, where
            )
            flux, specific = f"{name}.flux", f"{name}.specific"
            self.add_node(flux, table["growth"]["law"], table["growth"]["inputs"], where)
            self.add_node(specific, "specific_growth", {"flux": flux} | volume, where)
            growth = f"{name}.growth"
            self.add_node(
                growth,
                "population_growth",
                {"specific": specific, "amount": population.amount},
                where,
            )
            self.add_process(
                f"{name}_growth", growth, self.formation(name, where), table.get("source", "")
            )
            self.add_node(
                f"{name}.number_loss",
                "number_loss",
                {
                    "specific": specific,
                    "number": population.number,
                    "cube": cube,
                    "nucleus_radius": nucleus_radius,
                },
                where,
            )
            self.add_process(
                f"{name}_number_loss", f"{name}.number_loss", {population.number: -1}, ""
            )
            if "coarsening" in table:
                self.add_node(
                    f"{name}.coarsening",
                    "coarsening",
                    {
                        "coarsening_constant": table["coarsening"],
                        "number": population.number,
                        "cube": cube,
                        "nucleus_radius": nucleus_radius,
                    },
                    where,
                )
                self.add_process(
                    f"{name}_coarsening", f"{name}.coarsening", {population.number: -1}, ""
                )
            if population.guest:
                self.guest_processes(population, table["guest"], where)

    def guest_processes(self, population: Population, table: Mapping[str, Any], where: str) -> None:
        assert population.guest is not None
        name, guest = population.name, population.guest
        swap = {"Mg": -1, "Ca": 1, guest: 1}
        unswap = {"Mg": 1, "Ca": -1, guest: -1}
        cations = population.ca_per_formula
        if "exchange" in table:
            self.add_node(
                f"{name}.exchange",
                "ion_exchange",
                {
                    "exchange_rate": table["exchange"],
                    "amount": population.amount,
                    "minor": guest,
                    "uptake_ratio": table["fraction"],
                    "cations": cations,
                },
                where,
            )
            self.add_process(f"{name}_mg_exchange", f"{name}.exchange", swap, "")
            self.add_node(
                f"{name}.release",
                "dissolution_release",
                {"specific": f"{name}.specific", "minor": guest},
                where,
            )
            self.add_process(f"{name}_mg_release", f"{name}.release", unswap, "")
        else:
            self.add_node(
                f"{name}.incorporation",
                "growth_incorporation",
                {
                    "specific": f"{name}.specific",
                    "amount": population.amount,
                    "minor": guest,
                    "uptake_ratio": table["fraction"],
                    "cations": cations,
                },
                where,
            )
            self.add_process(f"{name}_mg_incorporation", f"{name}.incorporation", swap, "")

    def surfaces(self) -> None:
        for name, table in self.raw.get("surfaces", {}).items():
            where = self.at("surfaces", name)
            terms, alphas = [], []
            for component, entry in table["adsorbates"].items():
                term = f"{name}.term.{component}"
                switch = f"switch.{entry['switch']}" if "switch" in entry else 1.0
                self.add_node(
                    term,
                    "adsorption_term",
                    {
                        "affinity": entry["affinity"],
                        "activity": f"a.{component}",
                        "switch": switch,
                    },
                    where,
                )
                terms.append(term)
                alphas.append(entry["alpha"])
            self.add_node(f"{name}.denominator", "langmuir_denominator", {"terms": terms}, where)
            pinning = [(t, a) for t, a in zip(terms, alphas, strict=True) if a != 0]
            self.add_node(
                f"{name}.load",
                "inhibitor_load",
                {
                    "terms": [t for t, _ in pinning],
                    "alphas": [a for _, a in pinning],
                    "denominator": f"{name}.denominator",
                },
                where,
            )
            self.add_node(
                f"{name}.pinning",
                "step_pinning",
                {"load": f"{name}.load", "s": table["drive"], "width": table["width"]},
                where,
            )

    def quantities(self) -> None:
        for name, table in self.raw.get("quantities", {}).items():
            self.add_node(name, table["law"], table["inputs"], self.at("quantities", name))

    def explicit_processes(self) -> None:
        for name, table in self.raw.get("processes", {}).items():
            where = self.at("processes", name)
            node = f"rate.{name}"
            self.add_node(node, table["law"], table["inputs"], where)
            source = table.get("source", "")
            if "nucleates" in table:
                population = table["nucleates"]
                if population not in self.populations:
                    raise UnknownNameError(
                        "population", population, sorted(self.populations), where=where
                    )
                self.add_process(name, node, {f"{population}.n": 1}, source)
                mass = f"rate.{name}.mass"
                self.add_node(
                    mass,
                    "nucleus_mass",
                    {
                        "nucleus": table.get("nucleus", f"{population}.nucleus"),
                        "birth_rate": node,
                    },
                    where,
                )
                self.add_process(f"{name}_mass", mass, self.formation(population, where), source)
            elif "effect" in table:
                self.add_process(name, node, table["effect"], source)
            else:
                raise ModelFileError(
                    f"process {name!r} changes nothing",
                    where=where,
                    hint="give it 'effect = {state = number, ...}' or 'nucleates = population'",
                )

    # ---- resolution --------------------------------------------------------------------------
    def resolve(self, value: Any, where: str) -> tuple[Ref, str | None]:
        """Return the reference and its unit; a plain number is dimensionless."""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ModelFileError(f"{value!r} is neither a name nor a number", where=where)
        if isinstance(value, (int, float)):
            if not math.isfinite(value):
                raise ModelFileError(f"{value!r} is not a finite number", where=where)
            return Ref("constant", "", float(value)), "1"
        name = self.check_name(value, where)
        head, _, tail = name.partition(".")
        if name == "T":
            return Ref("temperature", "T"), "K"
        if head == "switch" and tail:
            if tail not in self.raw.get("switches", {}):
                raise UnknownNameError("switch", tail, sorted(self.raw["switches"]), where=where)
            return Ref("switch", tail), "1"
        if name in self.scales:
            return Ref("scale", name), self.scales[name]
        if head in {"lna", "a"} and tail:
            if tail not in self.constants.components:
                raise UnknownNameError(
                    "component", tail, sorted(self.constants.components), where=where
                )
            return Ref("ln_activity" if head == "lna" else "activity", tail), (
                "1" if head == "lna" else "mol/L"
            )
        if head in {"lnk", "nu"} and tail in self.constants.phases:
            if head == "nu":
                return Ref("constant", "", float(self.constants.phases[tail].nu)), "1"
            return Ref("ln_k", tail), "1"
        if name in self.states:
            return Ref("state", name), "mol/L"
        if name in self.pending:
            return Ref("node", name), self.place(name).unit
        if name in self.parameter_units:
            return Ref("parameter", name), self.parameter_units[name]
        known = [*self.states, *self.pending, *self.parameter_units]
        raise UnknownNameError("state, quantity or parameter", name, known, where=where)

    def place(self, name: str) -> Node:
        """Resolve node ``name`` after everything it uses; refuse a circle."""
        if name in self.nodes:
            return self.nodes[name]
        where = self.at("quantities", name)
        if name in self._open:
            raise ModelFileError(
                f"quantity {name!r} depends on itself: {' -> '.join([*self._open, name])}",
                where=where,
            )
        self._open.append(name)
        law, raw_inputs = self.pending[name]
        inputs: dict[str, Ref | tuple[Ref, ...]] = {}
        units: dict[str, str | None] = {}
        for argument in law.inputs:
            value = raw_inputs[argument]
            expected = law.unit_of(argument)
            if law.takes_list(argument):
                if not isinstance(value, list):
                    raise ModelFileError(f"{argument!r} takes a list", where=where)
                pairs = [self.resolve(item, where) for item in value]
                inputs[argument] = tuple(ref for ref, _ in pairs)
            else:
                pairs = [self.resolve(value, where)]
                inputs[argument] = pairs[0][0]
                units[argument] = pairs[0][1]
            for ref, unit in pairs:
                self.check_unit(name, argument, ref, unit, expected, where)
        unit = law.unit
        if unit.startswith("@"):
            unit = units[unit[1:]] or "1"
        self._open.pop()
        node = Node(name, law, inputs, unit)
        self.nodes[name] = node
        return node

    def check_unit(
        self, node: str, argument: str, ref: Ref, unit: str | None, expected: str, where: str
    ) -> None:
        if expected == "any" or unit is None:
            return
        try:
            ratio = factor(unit, expected)
        except UnitError:
            ratio = 0.0
        if abs(ratio - 1.0) > 1e-12:
            given = repr(ref.name) if ref.name else f"{ref.value:g}"
            raise UnitError(
                f"{node!r} takes {argument!r} in {expected}, but {given} is in {unit}",
                where=where,
                hint="" if ref.name else "make it a parameter, with its unit and source",
            )

    def build(self) -> Network:
        self.dissolved()
        self.population_states()
        self.pools()
        self.population_processes()
        self.surfaces()
        self.quantities()
        self.explicit_processes()
        for name in self.pending:
            self.place(name)
        network = Network(
            name=self.raw["name"],
            title=self.raw.get("title", self.raw["name"]),
            states=tuple(self.states.values()),
            nodes=tuple(self.nodes.values()),
            processes=tuple(self.processes),
            populations=tuple(self.populations.values()),
            switches=dict(self.raw.get("switches", {})),
            phases=tuple(self.phases),
            where=self.where,
        )
        network.prove_balances()
        return network


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
    return _Builder(
        raw, constants, parameter_units, scales or {"scale.enzymes": "1"}, where
    ).build()
