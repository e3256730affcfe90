"""What a constant set is made of: components, species, phases, and where each number is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from calcikin.chemistry.logk import LogK
from calcikin.errors import UnknownNameError

Role = Literal["cation", "ligand", "inert"]

#: The solvent: it balances reactions and has activity 1, and is no component.
WATER = "H2O"


@dataclass(frozen=True)
class Component:
    """A building block that is conserved in solution.

    Attributes
    ----------
    name : str, e.g. ``"Pi"``
    formula : str, e.g. ``"PO4-3"``
    charge : int, charge number [1]
    role : "cation" | "ligand" | "inert"; an inert component forms no species
    elements : Mapping[str, float], atoms or groups per ion [1]
    note : str
    gamma : (float, float) | None, ion size [Angstrom] and b [kg/mol] of the extended Debye-Hueckel
        equation (see `activity_models`)
    """

    name: str
    formula: str
    charge: int
    role: Role
    elements: Mapping[str, float]
    note: str = ""
    gamma: tuple[float, float] | None = None


@dataclass(frozen=True)
class Origin:
    """Where a constant comes from.

    Attributes
    ----------
    source : str, full reference or the word ``assumed``
    doi : str, empty when there is none
    note : str, how conflicts between sources were resolved
    uncertainty : float, standard uncertainty of log10 K [1]
    uncertainty_basis : str, ``"published"`` or ``"assumed"``
    temperature : float, temperature of the measurement [K]
    ionic_strength : float, ionic strength of the measurement [mol/L]; a value above zero was
        carried to zero with the Davies equation, unless the species is conditional
    medium : str, background electrolyte of the measurement
    published : float, log10 K of the reaction as published, at that temperature and ionic strength
    inherited : str, name of the set that the entry was taken over from, empty for an own entry
    """

    source: str
    doi: str
    note: str
    uncertainty: float
    uncertainty_basis: str
    temperature: float
    ionic_strength: float
    medium: str
    published: float
    inherited: str = ""


@dataclass(frozen=True)
class Species:
    """A complex formed from components.

    Attributes
    ----------
    name : str, its formula, e.g. ``"CaHPO4"``
    charge : int, charge number [1]
    stoichiometry : Mapping[str, int], component -> number; H counts -1 in OH-
    formation : LogK, of formation from components, in activities at I = 0; for a conditional
        species in concentrations [L/mol to a power]
    conditional : bool, True for a constant that holds at its own ionic strength (proteins): it
        acts on concentrations, takes no activity correction and is left out of the ionic strength
    tags : tuple of str, groups that switches act on, e.g. ``"mg_phosphate"``
    reaction : str, as written in the file
    origin : Origin
    water : float, H2O taken up when it forms from components (1 for OH-, -1 for CO2) [1]
    gamma : (float, float) | None, as that of `Component`
    """

    name: str
    charge: int
    stoichiometry: Mapping[str, int]
    formation: LogK
    conditional: bool
    tags: tuple[str, ...]
    reaction: str
    origin: Origin
    water: float = 0.0
    gamma: tuple[float, float] | None = None

    def log_beta(self, T: float) -> float:
        """log10 of the formation constant from components at `T` [K]."""
        return self.formation.at(T)

    @property
    def source(self) -> str:
        """Reference of the constant, or ``assumed``."""
        return self.origin.source

    @property
    def uncertainty(self) -> float:
        """Standard uncertainty of log10 K of the reaction as written [1]."""
        return self.origin.uncertainty


@dataclass(frozen=True)
class Phase:
    """A solid, by its dissolution into components.

    Attributes
    ----------
    name : str, e.g. ``"HAP"``
    formula : str, e.g. ``"Ca5(PO4)3OH"``
    stoichiometry : Mapping[str, float], component or ``"H2O"`` -> number released; H counts -1 for
        each OH-
    nu : float, ions per formula unit as the reaction is written; S = (IAP/Ksp)^(1/nu)
    log_k : LogK, of the dissolution into components (so with H in place of OH-, and PO4-3 with H+
        in place of HPO4-2); the saturation index is the same as with the reaction as written
    reaction : str, as written in the file
    elements : Mapping[str, float], atoms per formula unit [1]
    origin : Origin
    """

    name: str
    formula: str
    stoichiometry: Mapping[str, float]
    nu: float
    log_k: LogK
    reaction: str
    elements: Mapping[str, float]
    origin: Origin

    @property
    def source(self) -> str:
        """Reference of the constant, or ``assumed``."""
        return self.origin.source

    @property
    def uncertainty(self) -> float:
        """Standard uncertainty of log10 K of the reaction as written [1]."""
        return self.origin.uncertainty


@dataclass(frozen=True)
class Gas:
    """A gas in equilibrium with a dissolved species.

    Attributes
    ----------
    name : str, e.g. ``"CO2(g)"``
    species : str, the dissolved species, e.g. ``"CO2"``
    log_k : LogK, log10 of activity of the species over partial pressure [mol/(L atm)]
    origin : Origin
    water : float, H2O taken up on dissolution (1 where the species is H2CO3) [1]
    """

    name: str
    species: str
    log_k: LogK
    origin: Origin
    water: float = 0.0


@dataclass(frozen=True)
class ConstantSet:
    """Components, species and phases that belong together.

    Attributes
    ----------
    name, version, description : str
    components : dict[str, Component], in file order, which is the order of every array
    species : dict[str, Species], in file order; components themselves are not listed
    phases : dict[str, Phase]
    gases : dict[str, Gas]
    temperature_range : (float, float), where the set is meant to be used [K]
    sha256 : str, hash of the file the set was read from (empty for a set made in memory)
    activity_model : str, the activity model that belongs to the constants (see `activity_models`)
    epsilon : Mapping[(str, str), float], two components or species -> interaction coefficient of
        the SIT model [kg/mol]; a pair that is not listed has none
    """

    name: str
    version: str
    description: str
    components: dict[str, Component]
    species: dict[str, Species]
    phases: dict[str, Phase]
    gases: dict[str, Gas]
    temperature_range: tuple[float, float] = (277.15, 333.15)
    sha256: str = ""
    activity_model: str = "davies"
    epsilon: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def component(self, name: str) -> Component:
        """The component called `name`; UnknownNameError with the nearest name otherwise."""
        if name not in self.components:
            raise UnknownNameError("component", name, self.components, f"constants {self.name}")
        return self.components[name]

    def phase(self, name: str) -> Phase:
        """The phase called `name`; UnknownNameError with the nearest name otherwise."""
        if name not in self.phases:
            raise UnknownNameError("phase", name, self.phases, f"constants {self.name}")
        return self.phases[name]

    def without(self, *, tags: Sequence[str] = (), species: Sequence[str] = ()) -> ConstantSet:
        """A copy that lacks every species with one of `tags` and those named in `species`.

        Raises
        ------
        UnknownNameError
            When a tag or a species does not exist.
        """
        known = {tag for item in self.species.values() for tag in item.tags}
        for tag in tags:
            if tag not in known:
                raise UnknownNameError("species tag", tag, known, f"constants {self.name}")
        for name in species:
            if name not in self.species:
                raise UnknownNameError("species", name, self.species, f"constants {self.name}")
        kept = {
            name: item
            for name, item in self.species.items()
            if name not in species and not set(item.tags) & set(tags)
        }
        epsilon = {
            pair: value
            for pair, value in self.epsilon.items()
            if all(name in kept or name in self.components for name in pair)
        }
        return replace(self, species=kept, epsilon=epsilon)

    def inherited(self) -> list[str]:
        """Species, phases and gases whose constants were taken over from another set."""
        origins = {name: item.origin for name, item in self.species.items()}
        origins |= {name: item.origin for name, item in self.phases.items()}
        origins |= {name: item.origin for name, item in self.gases.items()}
        return [name for name, origin in origins.items() if origin.inherited]

    def sources(self) -> list[str]:
        """Every distinct reference behind the set, in order of first use."""
        used = [item.source for item in self.species.values()]
        used += [phase.source for phase in self.phases.values()]
        used += [gas.origin.source for gas in self.gases.values()]
        return list(dict.fromkeys(used))
