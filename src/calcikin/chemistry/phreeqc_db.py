"""A PHREEQC database as a constant set, restricted to chosen components.

The database writes its species with master species of its own (H2PO4-, HCO3- ...); the set is
written with the components that are asked for. With v the content of a species in masters, equation
(1) of `phreeqc_resolve`, and v_k that of component k,

    v = sum_k n_k v_k + w v(H2O),   log beta = log K - sum_k n_k log K_k                    (1)

A species that cannot be written so (other elements, other valences) is left out. Components that
are kinetically separate in calcikin are made so here: pyrophosphate never turns into phosphate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calcikin.chemistry.logk import T25, LogK, evaluate
from calcikin.chemistry.phreeqc_file import Database, DatabaseEntry, read_phreeqc
from calcikin.chemistry.phreeqc_formula import charge_of, elements_of
from calcikin.chemistry.phreeqc_resolve import Formation, Resolver
from calcikin.chemistry.records import (
    WATER,
    Component,
    ConstantSet,
    Gas,
    Origin,
    Phase,
    Role,
    Species,
)
from calcikin.errors import InputError, ModelFileError, UnknownNameError

__all__ = ["COMPONENTS", "constants_of", "import_phreeqc"]

#: Components of calcikin -> the species that stands for each, in the spellings of the databases.
COMPONENTS: Mapping[str, Sequence[str]] = {
    "H": ("H+",),
    "Ca": ("Ca+2",),
    "Mg": ("Mg+2",),
    "Na": ("Na+",),
    "K": ("K+",),
    "Cl": ("Cl-",),
    "Pi": ("PO4-3",),
    "CO3": ("CO3-2",),
    "SO4": ("SO4-2",),
    "Cit": ("Cit-3", "Citrate-3"),
    "PPi": ("P2O7-4",),
    "Lac": ("Lac-", "Lactate-"),
}
#: Kinetically separate components -> what the names of their species hold.
_SEPARATE = {"PPi": "P2O7"}


def import_phreeqc(
    path: str | Path,
    components: Sequence[str] | None = None,
    *,
    one_ligand: bool = True,
) -> ConstantSet:
    """A PHREEQC database as a constant set.

    Parameters
    ----------
    path : str | Path, the database
    components : sequence of str, optional, names out of `COMPONENTS`; by default all that the
        database has
    one_ligand : bool, whether species with more than one ligand are left out, which compiled models
        need (``Mg(SO4)2-2``, ``(CO2)2``); the reference speciation takes either

    Returns
    -------
    ConstantSet
        Named after the file. Its activity model is ``sit`` where the database has interaction
        coefficients, else ``truesdell_jones``; that of LLNL is not read. Uncertainties are not
        known: NaN. Mol/L stands for mol/kg of water.

    Raises
    ------
    ModelFileError
        When the file cannot be read.
    UnknownNameError, InputError
        When a component is not known, or the database lacks it.
    """
    path = Path(path)
    database = read_phreeqc(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return constants_of(database, components, one_ligand=one_ligand, sha256=sha256)


def constants_of(
    database: Database,
    components: Sequence[str] | None = None,
    *,
    one_ligand: bool = True,
    sha256: str = "",
) -> ConstantSet:
    """A database that has been read, as a constant set; see `import_phreeqc`."""
    return _Importer(database, components, one_ligand).build(sha256)


@dataclass(frozen=True)
class _Content:
    """A species or solid in components: numbers, water taken up, log10 K(T) of formation."""

    numbers: dict[str, float]
    water: float
    formation: LogK


class _Importer:
    """Writes one database with the components that are asked for."""

    def __init__(
        self, database: Database, components: Sequence[str] | None, one_ligand: bool
    ) -> None:
        self.database = database
        self.one_ligand = one_ligand
        known = {entry.name for entry in database.species}
        present = {
            name: next((s for s in spellings if s in known), "")
            for name, spellings in COMPONENTS.items()
        }
        for name in components or []:
            if name not in COMPONENTS:
                raise UnknownNameError("component", name, COMPONENTS, database.name)
            if not present[name]:
                raise InputError(
                    f"there is no {COMPONENTS[name][0]} in this database",
                    where=database.name,
                    hint=f"it has {', '.join(n for n, s in present.items() if s)}",
                )
        asked = [name for name in present if name in (components or present) or name == "H"]
        self.formulas = {name: present[name] for name in asked if present[name]}
        if "H" not in self.formulas:
            raise ModelFileError("there is no H+ in this database", where=database.name)
        separate = {present[name]: text for name, text in _SEPARATE.items() if present[name]}
        self.resolver = Resolver(database, separate)
        basis = [self.resolver.species(formula) for formula in self.formulas.values()]
        self.basis = [part for part in basis if part is not None]
        self.masters = sorted({m for part in self.basis for m in part.amounts} | {WATER})
        columns = [part.amounts for part in self.basis] + [{WATER: 1.0}]
        self.matrix = np.array([[column.get(m, 0.0) for column in columns] for m in self.masters])

    def build(self, sha256: str) -> ConstantSet:
        database = self.database
        species = self._species()
        names = {formula: name for name, formula in self.formulas.items()}
        epsilon = {}
        for (one, other), value in database.epsilon.items():
            pair = (names.get(one, one), names.get(other, other))
            if all(name in self.formulas or name in species for name in pair):
                epsilon[pair] = value
        paired = {name for item in species.values() for name in item.stoichiometry}
        phases, gases = self._phases(species)
        return ConstantSet(
            name=Path(database.name).stem,
            version=database.name,
            description=f"imported from {database.name}",
            components={name: self._component(name, name in paired) for name in self.formulas},
            species=species,
            phases=phases,
            gases=gases,
            sha256=sha256,
            activity_model="sit" if database.epsilon else "truesdell_jones",
            epsilon=epsilon,
        )

    def _content(self, formation: Formation | None) -> _Content | None:
        """Equation (1); None when other masters are needed."""
        if formation is None or not set(formation.amounts) <= set(self.masters):
            return None
        v = np.array([formation.amounts.get(m, 0.0) for m in self.masters])
        n = np.linalg.lstsq(self.matrix, v, rcond=None)[0]
        n = np.round(n * 1e6) / 1e6  # formulas have few decimals; the fit leaves roundoff
        if not np.allclose(self.matrix @ n, v, rtol=0.0, atol=1e-6):
            return None
        total = formation
        for count, part in zip(n, self.basis, strict=False):
            total = total.plus(-float(count), part)
        numbers = {k: float(c) for k, c in zip(self.formulas, n, strict=False) if c != 0.0}
        return _Content(
            numbers, float(n[-1]), LogK(evaluate(total.coefficients, T25), None, total.coefficients)
        )

    def _component(self, name: str, paired: bool) -> Component:
        formula = self.formulas[name]
        charge = round(charge_of(formula))
        role: Role = "cation" if charge > 0 else "ligand"
        if role == "ligand" and not paired:
            role = "inert"
        gamma = next((e.gamma for e in reversed(self.database.species) if e.name == formula), None)
        return Component(name, formula, charge, role, elements_of(formula), gamma=gamma)

    def _species(self) -> dict[str, Species]:
        found: dict[str, Species] = {}
        cations = {name for name, f in self.formulas.items() if charge_of(f) > 0.0}
        # the last definition of a species counts; masters that are no components are species too
        entries = {entry.name: entry for entry in self.database.species}
        for name, entry in entries.items():
            if name in self.formulas.values() or name in (WATER, "e-"):
                continue
            content = self._content(self.resolver.species(name))
            if content is None:
                continue
            stoichiometry = {k: round(c) for k, c in content.numbers.items()}
            if any(stoichiometry[k] != c for k, c in content.numbers.items()):
                continue
            ligands = sum(c for k, c in stoichiometry.items() if k not in cations)
            if self.one_ligand and ligands > 1:
                continue
            found[name] = Species(
                name=name,
                charge=round(charge_of(name)),
                stoichiometry=stoichiometry,
                formation=content.formation,
                conditional=False,
                tags=(),
                reaction=entry.equation,
                origin=self._origin(entry),
                water=content.water,
                gamma=entry.gamma,
            )
        return found

    def _phases(self, species: Mapping[str, Species]) -> tuple[dict[str, Phase], dict[str, Gas]]:
        phases: dict[str, Phase] = {}
        gases: dict[str, Gas] = {}
        for entry in self.database.phases:
            formula = next(iter(entry.terms), "")
            if entry.other:
                continue
            if entry.name.endswith("(g)"):
                gas = self._gas(entry, formula, species)
                if gas is not None:
                    gases[entry.name] = gas
                continue
            solid = self._dissolved(entry, formula)
            if solid is None:
                continue
            phases[entry.name] = Phase(
                name=entry.name,
                formula=formula,
                stoichiometry=solid.numbers | ({WATER: solid.water} if solid.water else {}),
                nu=sum(abs(c) for c in solid.numbers.values()),
                log_k=LogK.combine([(-1.0, solid.formation)]),
                reaction=entry.equation,
                elements=elements_of(formula),
                origin=self._origin(entry),
            )
        return phases, gases

    def _dissolved(self, entry: DatabaseEntry, formula: str) -> _Content | None:
        """A solid or gas in components, with log10 K of its formation from them."""
        if entry.terms.get(formula, 0.0) >= 0.0:
            return None
        return self._content(self.resolver.reaction(entry, formula))

    def _gas(
        self, entry: DatabaseEntry, formula: str, species: Mapping[str, Species]
    ) -> Gas | None:
        """A gas whose dissolved form is one of the species."""
        own = entry.equation.split("=")[1].split()[0]
        if own in species and not entry.terms:  # CO2 = CO2 cancels
            log_k = LogK(evaluate(entry.coefficients, T25), None, entry.coefficients)
            return Gas(entry.name, own, log_k, self._origin(entry))
        gas = self._dissolved(entry, formula)
        if gas is None:
            return None
        for name, item in species.items():
            if item.charge == 0 and dict(item.stoichiometry) == gas.numbers:
                log_k = LogK.combine([(1.0, item.formation), (-1.0, gas.formation)])
                return Gas(entry.name, name, log_k, self._origin(entry), item.water - gas.water)
        return None

    def _origin(self, entry: DatabaseEntry) -> Origin:
        return Origin(
            source=f"{self.database.name}, line {entry.line}",
            doi="",
            note="; ".join(entry.comments),
            uncertainty=float("nan"),
            uncertainty_basis="assumed",
            temperature=T25,
            ionic_strength=0.0,
            medium="",
            published=evaluate(entry.coefficients, T25),
        )
