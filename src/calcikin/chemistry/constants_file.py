"""Read a constant set from TOML, resolve its reactions, and prove that every entry balances.

A file holds ``[set]`` (name, version, description, temperature_range in degC, activity: the name
of the activity model, extends: see `constants_merge`), ``[sources]`` (key = {text, doi}), lists
``[[component]]``, ``[[species]]``, ``[[phase]]`` and ``[[gas]]`` (a gas names the dissolved
species, and log_k is that of activity over pressure in mol/(L atm)), and ``[epsilon]``
("Ca+2 Cl-" = 0.14, an interaction coefficient of the SIT model in kg/mol).

A species or a phase says

    reaction          as chemists write it; it may use any species defined above it
    gamma             [ion size in Angstrom, b in kg/mol] of the extended Debye-Hueckel equation
    log_k, ...        the constant and where it is from, see `constants_value`

The new species is the term of the reaction that bears the entry's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calcikin.chemistry.activity_models import ACTIVITY_MODELS
from calcikin.chemistry.constants_merge import INHERITED, extend
from calcikin.chemistry.constants_value import VALUE_KEYS, read_value
from calcikin.chemistry.formula import Reaction, imbalance, parse_formula, parse_reaction
from calcikin.chemistry.logk import LogK
from calcikin.chemistry.records import (
    WATER,
    Component,
    ConstantSet,
    Gas,
    Phase,
    Species,
)
from calcikin.chemistry.tables import check_keys, numbers
from calcikin.errors import BalanceError, ModelFileError, UnknownNameError
from calcikin.files import read_toml

_COMPONENT_KEYS = {"name", "formula", "role", "note", "gamma", INHERITED}
_ENTRY_KEYS = VALUE_KEYS | {"name", "reaction", INHERITED}
_SPECIES_KEYS = _ENTRY_KEYS | {"tags", "gamma"}
_PHASE_KEYS = _ENTRY_KEYS | {"formula"}
_GAS_KEYS = (_ENTRY_KEYS | {"species", "water"}) - {"reaction", "ionic_strength", "conditional"}


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
    head = document.get("set")
    base = head.get("extends") if isinstance(head, Mapping) else None
    if base is not None:
        other, base_hash = read_toml(path.parent / f"{base}.toml")
        document = extend(other, document, where=str(path))
        sha256 = hashlib.sha256((sha256 + base_hash).encode()).hexdigest()
    return build_constants(document, where=str(path), sha256=sha256)


def build_constants(document: Mapping[str, Any], *, where: str, sha256: str = "") -> ConstantSet:
    """Check a parsed constants document and resolve it; see `read_constants`.

    Parameters
    ----------
    document : Mapping, as `tomllib` returns it
    where : str, the file, for messages
    sha256 : str, hash of the file

    Raises
    ------
    ModelFileError, BalanceError, UnknownNameError
        As `read_constants`.
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
        self.sources: Mapping[str, Any] = document.get("sources", {})

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
        activity = str(head.get("activity", "davies"))
        if activity not in ACTIVITY_MODELS:
            raise UnknownNameError("activity model", activity, ACTIVITY_MODELS, self.file)
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
            activity_model=activity,
            epsilon=self._epsilon(),
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
            gamma=self._gamma(entry, where),
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
        log_k, origin = read_value(entry, reaction, self.sources, where, conditional=conditional)
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
            water=amounts.get(WATER, 0.0),
            gamma=self._gamma(entry, where),
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
        log_k, origin = read_value(entry, reaction, self.sources, where)
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
        log_k, origin = read_value(entry, dissolution, self.sources, where)
        return Gas(str(entry["name"]), species, log_k, origin, float(entry.get("water", 0.0)))

    def _gamma(self, entry: Mapping[str, Any], where: str) -> tuple[float, float] | None:
        if "gamma" not in entry:
            return None
        size, slope = numbers(entry, "gamma", 2, where)
        return size, slope

    def _epsilon(self) -> dict[tuple[str, str], float]:
        """Interaction coefficients by names of components and species."""
        found: dict[tuple[str, str], float] = {}
        for pair, value in self.document.get("epsilon", {}).items():
            where = f"{self.file}, epsilon {pair}"
            ions = str(pair).split()
            names = [self.by_formula.get(ion, ion) for ion in ions]
            if len(names) != 2:
                raise ModelFileError("an interaction needs two ions, as in 'Ca+2 Cl-'", where=where)
            for ion, name in zip(ions, names, strict=True):
                if name not in self.components and name not in self.species:
                    raise UnknownNameError(
                        "ion or species", ion, [*self.by_formula, *self.species], where
                    )
            found[names[0], names[1]] = numbers({"epsilon": [value]}, "epsilon", 1, where)[0]
        return found

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
