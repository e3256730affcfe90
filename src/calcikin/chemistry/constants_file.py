"""Read a constant set from TOML, resolve its reactions, and prove that every entry balances.

A file holds ``[set]`` (name, version, description, temperature_range in degC), ``[sources]``
(key = {text, doi}), and lists ``[[component]]``, ``[[species]]``, ``[[phase]]`` and ``[[gas]]``
(a gas names the dissolved species, and log_k is that of activity over pressure in mol/(L atm)).

A species or a phase says

    reaction          as chemists write it; it may use any species defined above it
    log_k             log10 K at 25 degC, or
    log_k_37          log10 K at 37 degC where there is no value at 25 degC, or
    analytic          six coefficients A1 ... A6 (see `logk`)
    delta_h           reaction enthalpy [kJ/mol], optional, with log_k or log_k_37
    ionic_strength    of the measurement [mol/L], 0 if absent. Above 0 the constant is a
                      concentration constant; it is carried to I = 0 with the Davies equation at
                      the temperature of the value, so that at that ionic strength the measured
                      value comes out again
    conditional       true: no such extrapolation (proteins), see `Species`
    medium, uncertainty, uncertainty_basis, source (a key of [sources]), note

The new species is the term of the reaction that bears the entry's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calcikin.chemistry.activity import davies_a, davies_term
from calcikin.chemistry.formula import Reaction, imbalance, parse_formula, parse_reaction
from calcikin.chemistry.logk import T25, T37, LogK
from calcikin.chemistry.records import (
    WATER,
    Component,
    ConstantSet,
    Gas,
    Origin,
    Phase,
    Species,
)
from calcikin.chemistry.tables import check_keys, number, read_toml
from calcikin.errors import BalanceError, ModelFileError, UnknownNameError

_COMPONENT_KEYS = {"name", "formula", "role", "note"}
_ENTRY_KEYS = {
    "name",
    "reaction",
    "log_k",
    "log_k_37",
    "analytic",
    "delta_h",
    "ionic_strength",
    "conditional",
    "medium",
    "uncertainty",
    "uncertainty_basis",
    "source",
    "note",
}
_SPECIES_KEYS = _ENTRY_KEYS | {"tags"}
_PHASE_KEYS = _ENTRY_KEYS | {"formula"}
_GAS_KEYS = (_ENTRY_KEYS | {"species"}) - {"reaction", "ionic_strength", "conditional"}


def read_constants(path: Path) -> ConstantSet:
    """Read and check the constant set in the file `path`.

    Raises
    ------
    ModelFileError
        When the file is missing, is no TOML, or an entry lacks what it needs.
    BalanceError
        When a reaction does not conserve an element or charge; names file, entry and imbalance.
    """
    document, sha256 = read_toml(path)
    return build_constants(document, where=str(path), sha256=sha256)


def build_constants(document: Mapping[str, Any], *, where: str, sha256: str = "") -> ConstantSet:
    """Check a parsed constants document and resolve it; see `read_constants`.

    Parameters
    ----------
    document : Mapping, as `tomllib` returns it
    where : str, the file, for messages
    sha256 : str, hash of the file
    """
    for table in ("set", "component", "species"):
        if not document.get(table):
            raise ModelFileError(f"the constants file has no [{table}]", where=where)
    return _Builder(document, where).build(sha256)


class _Builder:
    """Resolves entries one after the other; holds what is known so far."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self.document = document
        self.file = where
        self.components: dict[str, Component] = {}
        self.species: dict[str, Species] = {}
        self.by_formula: dict[str, str] = {}  # formula of a component -> its name

    def build(self, sha256: str) -> ConstantSet:
        head = self.document["set"]
        for entry in self.document["component"]:
            self._component(entry)
        for entry in self.document["species"]:
            self._species(entry)
        phases: dict[str, Phase] = {}
        for entry in self.document.get("phase", []):
            phase = self._phase(entry)
            if phase.name in phases:
                raise ModelFileError(f"phase {phase.name} is defined twice", where=self.file)
            phases[phase.name] = phase
        gases = {gas.name: gas for gas in map(self._gas, self.document.get("gas", []))}
        low, high = head.get("temperature_range", [4.0, 60.0])
        return ConstantSet(
            name=str(head["name"]),
            version=str(head["version"]),
            description=str(head["description"]),
            components=self.components,
            species=self.species,
            phases=phases,
            gases=gases,
            temperature_range=(float(low) + 273.15, float(high) + 273.15),
            sha256=sha256,
        )

    # --- entries --------------------------------------------------------------------------------

    def _component(self, entry: Mapping[str, Any]) -> None:
        where = self._check_keys("component", entry, _COMPONENT_KEYS, {"name", "formula", "role"})
        name, role = str(entry["name"]), entry["role"]
        if role not in ("cation", "ligand", "inert"):
            raise ModelFileError(f"role {role!r} is not one of cation, ligand, inert", where=where)
        if name in self.components or name == WATER:
            raise ModelFileError(f"component {name} is defined twice", where=where)
        formula = parse_formula(str(entry["formula"]), where=where)
        self.components[name] = Component(
            name=name,
            formula=str(entry["formula"]),
            charge=formula.charge,
            role=role,
            elements=formula.elements,
            note=str(entry.get("note", "")),
        )
        self.by_formula[str(entry["formula"])] = name

    def _species(self, entry: Mapping[str, Any]) -> None:
        where = self._check_keys("species", entry, _SPECIES_KEYS, {"name", "reaction", "source"})
        name = str(entry["name"])
        if name in self.species or name in self.by_formula:
            raise ModelFileError(f"species {name} is defined twice", where=where)
        reaction = self._balanced(entry, where)
        own = reaction.terms.get(name, 0.0)
        if abs(own) != 1.0:
            raise ModelFileError(
                f"the reaction {reaction.text!r} must hold {name} once", where=where
            )
        conditional = bool(entry.get("conditional", False))
        log_k, origin = self._constant(entry, reaction, conditional, where)
        # formation: name = sum of the other terms, moved to the left side
        others = {term: -c / own for term, c in reaction.terms.items() if term != name}
        amounts, beta = self._resolve(others, where)
        formation = LogK.combine([(own, log_k), *beta])
        if conditional and beta:
            raise ModelFileError(
                f"the conditional species {name} must be written from components", where=where
            )
        stoichiometry = self._whole_numbers(amounts, name, where)
        charge = parse_formula(name, where=where).charge
        self._check_charge(name, charge, stoichiometry, where)
        self.species[name] = Species(
            name=name,
            charge=charge,
            stoichiometry=stoichiometry,
            formation=formation if beta or own < 0 else log_k,
            conditional=conditional,
            tags=tuple(str(tag) for tag in entry.get("tags", [])),
            reaction=reaction.text,
            origin=origin,
        )

    def _phase(self, entry: Mapping[str, Any]) -> Phase:
        needed = {"name", "formula", "reaction", "source"}
        where = self._check_keys("phase", entry, _PHASE_KEYS, needed)
        formula = str(entry["formula"])
        reaction = self._balanced(entry, where)
        if reaction.terms.get(formula) != -1.0:
            raise ModelFileError(
                f"the reaction {reaction.text!r} must dissolve one {formula}",
                where=where,
                hint="write the solid alone on the left side, the ions on the right side",
            )
        ions = {term: c for term, c in reaction.terms.items() if term != formula}
        if any(c < 0.0 for c in ions.values()):
            raise ModelFileError(
                f"the solid must stand alone on the left side of {reaction.text!r}", where=where
            )
        log_k, origin = self._constant(entry, reaction, False, where)
        amounts, beta = self._resolve(ions, where)
        # IAP in components = IAP as written / product of beta^coefficient of secondary species
        combined = LogK.combine([(1.0, log_k), *((-c, part) for c, part in beta)])
        return Phase(
            name=str(entry["name"]),
            formula=formula,
            stoichiometry={name: amount for name, amount in amounts.items() if amount != 0.0},
            nu=sum(c for term, c in ions.items() if term != WATER),
            log_k=combined if beta else log_k,
            reaction=reaction.text,
            elements=parse_formula(formula, where=where).elements,
            origin=origin,
        )

    def _gas(self, entry: Mapping[str, Any]) -> Gas:
        where = self._check_keys("gas", entry, _GAS_KEYS, {"name", "species", "source"})
        species = str(entry["species"])
        if species not in self.species:
            raise UnknownNameError("species", species, self.species, where)
        dissolution = Reaction(f"{entry['name']} = {species}", {species: 1.0})
        log_k, origin = self._constant(entry, dissolution, False, where)
        return Gas(str(entry["name"]), species, log_k, origin)

    # --- checks and resolution ------------------------------------------------------------------

    def _check_keys(
        self, kind: str, entry: Mapping[str, Any], known: set[str], needed: set[str]
    ) -> str:
        """The place of the entry, for messages, once its keys are right."""
        where = f"{self.file}, {kind} {entry.get('name', '(without a name)')}"
        check_keys(entry, known, kind, where)
        for key in sorted(needed):
            if key not in entry:
                raise ModelFileError(f"{key!r} is missing", where=where)
        return where

    def _balanced(self, entry: Mapping[str, Any], where: str) -> Reaction:
        reaction = parse_reaction(str(entry["reaction"]), where=where)
        wrong = imbalance(reaction, where=where)
        if wrong:
            listed = ", ".join(f"{name} {value:+g}" for name, value in sorted(wrong.items()))
            raise BalanceError(
                f"the reaction {reaction.text!r} does not balance: {listed} (right minus left)",
                where=where,
                hint="check coefficients, charges and hydrogen",
            )
        return reaction

    def _resolve(
        self, terms: Mapping[str, float], where: str
    ) -> tuple[dict[str, float], list[tuple[float, LogK]]]:
        """Components and H2O in a sum of terms, and the formation constants that go with it."""
        amounts: dict[str, float] = {}
        beta: list[tuple[float, LogK]] = []
        for term, coefficient in terms.items():
            parts: Mapping[str, float]
            if term == WATER:
                parts = {WATER: 1.0}
            elif term in self.by_formula:
                parts = {self.by_formula[term]: 1.0}
            elif term in self.species:
                parts = {**self.species[term].stoichiometry, **self._water_of(term)}
                beta.append((coefficient, self.species[term].formation))
            else:
                known = [*self.by_formula, *self.species, WATER]
                raise UnknownNameError("ion or species", term, known, where)
            for name, count in parts.items():
                amounts[name] = amounts.get(name, 0.0) + coefficient * count
        return amounts, beta

    def _water_of(self, name: str) -> dict[str, float]:
        """H2O taken up when species `name` forms from components (1 for OH-), from oxygen."""
        oxygen = parse_formula(name).elements.get("O", 0.0)
        for component, count in self.species[name].stoichiometry.items():
            oxygen -= count * self.components[component].elements.get("O", 0.0)
        return {WATER: oxygen} if oxygen else {}

    def _whole_numbers(self, amounts: Mapping[str, float], name: str, where: str) -> dict[str, int]:
        stoichiometry: dict[str, int] = {}
        for component, amount in amounts.items():
            if component == WATER or amount == 0.0:
                continue
            if amount != round(amount):
                raise ModelFileError(
                    f"{name} holds {amount:g} of {component}, not a whole number", where=where
                )
            stoichiometry[component] = round(amount)
        ligands = [c for c in stoichiometry if self.components[c].role == "ligand"]
        if len(ligands) > 1 or any(stoichiometry[c] != 1 for c in ligands):
            raise ModelFileError(
                f"{name} holds more than one ligand ({', '.join(ligands)})",
                where=where,
                hint="a species may hold one ligand and any number of cations and H",
            )
        inert = [c for c in stoichiometry if self.components[c].role == "inert"]
        if inert:
            raise ModelFileError(f"{name} holds the inert {', '.join(inert)}", where=where)
        return stoichiometry

    def _check_charge(
        self, name: str, charge: int, stoichiometry: Mapping[str, int], where: str
    ) -> None:
        total = sum(n * self.components[c].charge for c, n in stoichiometry.items())
        if total != charge:
            raise BalanceError(
                f"{name} has charge {charge:+d} but its components sum to {total:+d}", where=where
            )

    # --- the number itself ----------------------------------------------------------------------

    def _constant(
        self, entry: Mapping[str, Any], reaction: Reaction, conditional: bool, where: str
    ) -> tuple[LogK, Origin]:
        """The log K of the reaction as written, at I = 0 unless conditional, and its origin."""
        given = [key for key in ("log_k", "log_k_37", "analytic") if key in entry]
        if len(given) != 1:
            raise ModelFileError(
                f"needs exactly one of log_k, log_k_37, analytic (has {given or 'none'})",
                where=where,
            )
        T = T37 if given[0] == "log_k_37" else T25
        ionic_strength = number(entry, "ionic_strength", where, 0.0)
        delta_h = number(entry, "delta_h", where) if "delta_h" in entry else None
        if given[0] == "analytic":
            values = entry["analytic"]
            if len(values) != 6 or "delta_h" in entry or ionic_strength:
                raise ModelFileError(
                    "analytic needs six coefficients, at I = 0 and without delta_h", where=where
                )
            a1, a2, a3, a4, a5, a6 = (float(v) for v in values)
            log_k = LogK.combine([(1.0, LogK(0.0, None, (a1, a2, a3, a4, a5, a6)))])
            published = log_k.value_25
        else:
            published = number(entry, given[0], where)
            value = published
            if ionic_strength > 0.0 and not conditional:
                value -= self._davies_shift(reaction, ionic_strength, T)
            log_k = LogK.from_value(value, T, delta_h)
        if conditional and ionic_strength <= 0.0:
            raise ModelFileError("a conditional constant needs its ionic_strength", where=where)
        return log_k, self._origin(entry, published, T, ionic_strength, where)

    @staticmethod
    def _davies_shift(reaction: Reaction, ionic_strength: float, T: float) -> float:
        """log10 K(concentrations, I) - log10 K(I = 0) after Davies, = A D(I) sum(nu z^2)."""
        change = sum(c * parse_formula(t).charge ** 2 for t, c in reaction.terms.items())
        return davies_a(T) * davies_term(ionic_strength) * change

    def _origin(
        self,
        entry: Mapping[str, Any],
        published: float,
        T: float,
        ionic_strength: float,
        where: str,
    ) -> Origin:
        sources = self.document.get("sources", {})
        key = str(entry["source"])
        if key != "assumed" and key not in sources:
            raise UnknownNameError("source", key, [*sources, "assumed"], where)
        source = sources.get(key, {"text": "assumed"})
        basis = str(entry.get("uncertainty_basis", "assumed"))
        if basis not in ("published", "assumed"):
            raise ModelFileError(
                f"uncertainty_basis {basis!r} is not published or assumed", where=where
            )
        return Origin(
            source=str(source["text"]),
            doi=str(source.get("doi", "")),
            note=str(entry.get("note", "")),
            uncertainty=number(entry, "uncertainty", where),
            uncertainty_basis=basis,
            temperature=T,
            ionic_strength=ionic_strength,
            medium=str(entry.get("medium", "")),
            published=published,
        )
