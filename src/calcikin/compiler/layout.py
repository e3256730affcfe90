"""Where each number sits in the flat arrays that the generated kernels read.

q : parameters (one vector per run); tot : totals of all components; x : unknowns of the speciation;
s : what the speciation leaves behind for the rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calcikin.chemistry.constants import Component, ConstantSet, Species
from calcikin.model.network import Network

__all__ = ["ABSENT", "Layout", "SolutionTables", "solution_tables"]

FIXABLE_LIGANDS = ("CO3",)  # may be held at a given activity (pCO2)
#: A total up to this is taken for none [mol/L]: less than an ion in a million litres, and far above
#: what rounding leaves of the traces that absent components exchange.
ABSENT = 1e-30
KERNEL_ACTIVITIES = ("davies", "truesdell_jones")  # activity models that have a compiled form


@dataclass(frozen=True)
class SolutionTables:
    """The aqueous system as the generator sees it: cations are unknowns, ligands are eliminated."""

    cations: tuple[str, ...]
    ligands: tuple[str, ...]
    inert: tuple[str, ...]
    charges: dict[str, int]
    by_ligand: dict[str, tuple[str, ...]]  # ligand -> its species
    without_ligand: tuple[str, ...]
    stoichiometry: dict[str, dict[str, int]]
    species_charge: dict[str, int]
    conditional: frozenset[str]
    activity: str = "davies"  # or "truesdell_jones"; SIT has no kernel
    #: z^2 and the pair of ion coefficients of each kind of ion, and the kind of every entity; an
    #: entity without one has the coefficient 1 (Truesdell-Jones only)
    ion_classes: tuple[tuple[int, tuple[float, float] | None], ...] = ()
    ion_kinds: Mapping[str, int] = field(default_factory=dict)
    #: H2O that a species takes up (Truesdell-Jones only)
    water: Mapping[str, float] = field(default_factory=dict)

    @property
    def components(self) -> tuple[str, ...]:
        """Order of tot."""
        return (*self.cations, *self.ligands, *self.inert)

    @property
    def structure(self) -> dict[str, Any]:
        """What of the activity model decides the generated text; the coefficients do not."""
        forms = [[z2, pair is not None] for z2, pair in self.ion_classes]
        return {
            "activity": self.activity,
            "forms": forms,
            "kinds": dict(self.ion_kinds),
            "water": {name: w for name, w in self.water.items() if w},
        }

    def counted(self, ligand: str) -> bool:
        """Whether a ligand counts as a solute; sites on proteins do not."""
        return not any(species in self.conditional for species in self.by_ligand[ligand])


def solution_tables(constants: ConstantSet, activity: str | None = None) -> SolutionTables:
    """Sort components and species for the generator; every species holds at most one ligand.

    Parameters
    ----------
    constants : ConstantSet
    activity : str, optional
        Activity model, by default that of the set. SIT has no kernel: Davies takes its place.
    """
    activity = activity or constants.activity_model
    if activity not in KERNEL_ACTIVITIES:
        activity = "davies"
    cations = tuple(n for n, c in constants.components.items() if c.role == "cation")
    ligands = tuple(n for n, c in constants.components.items() if c.role == "ligand")
    inert = tuple(n for n, c in constants.components.items() if c.role == "inert")
    by_ligand: dict[str, list[str]] = {name: [] for name in ligands}
    free: list[str] = []
    for name, species in constants.species.items():
        held = [c for c in species.stoichiometry if c in by_ligand]
        (by_ligand[held[0]] if held else free).append(name)
    return SolutionTables(
        cations=cations,
        ligands=ligands,
        inert=inert,
        charges={n: c.charge for n, c in constants.components.items()},
        by_ligand={k: tuple(v) for k, v in by_ligand.items()},
        without_ligand=tuple(free),
        stoichiometry={n: dict(s.stoichiometry) for n, s in constants.species.items()},
        species_charge={n: s.charge for n, s in constants.species.items()},
        conditional=frozenset(n for n, s in constants.species.items() if s.conditional),
        activity=activity,
        **(_ions(constants) if activity == "truesdell_jones" else {}),
    )


def _ions(constants: ConstantSet) -> dict[str, Any]:
    """Kinds of ions by charge and coefficients, and the water in species."""
    sites = {
        name
        for item in constants.species.values()
        if item.conditional
        for name in item.stoichiometry
        if constants.components[name].role == "ligand"
    }
    entities: dict[str, Component | Species] = {
        name: item
        for name, item in constants.components.items()
        if item.role != "inert" and name not in sites
    }
    entities |= {name: item for name, item in constants.species.items() if not item.conditional}
    classes: dict[tuple[int, tuple[float, float] | None], int] = {}
    kinds = {
        name: classes.setdefault((item.charge**2, item.gamma), len(classes))
        for name, item in entities.items()
    }
    return {
        "ion_classes": tuple(classes),
        "ion_kinds": kinds,
        "water": {name: item.water for name, item in constants.species.items()},
    }


@dataclass
class Layout:
    """Index of every slot of q, by name, in the order in which they were asked for."""

    q: dict[str, int] = field(default_factory=dict)

    def slot(self, name: str) -> int:
        """Return the index of ``name`` in q, making room for it when it is new."""
        return self.q.setdefault(name, len(self.q))

    def reserve(self, names: Iterable[str]) -> None:
        """Make room for several names."""
        for name in names:
            self.slot(name)

    @classmethod
    def of_solution(cls, tables: SolutionTables) -> Layout:
        """Lay out q for a solution alone."""
        layout = cls()
        layout.reserve(("debye", "davies_b", "ph_fixed", "ln_ah", "i_fixed", "i_value"))
        layout.reserve(f"fixed.{c}" for c in FIXABLE_LIGANDS if c in tables.ligands)
        layout.reserve(f"activity.{c}" for c in FIXABLE_LIGANDS if c in tables.ligands)
        layout.reserve(f"total.{c}" for c in tables.components)
        layout.reserve(f"beta.{s}" for s in tables.stoichiometry)
        if tables.activity == "truesdell_jones":
            layout.slot("ln_water")
            layout.reserve(f"ion_size.{k}" for k in range(len(tables.ion_classes)))
            layout.reserve(f"ion_slope.{k}" for k in range(len(tables.ion_classes)))
        layout.slot("T")
        return layout

    @classmethod
    def of(cls, network: Network, tables: SolutionTables) -> Layout:
        """Lay out q for a model."""
        layout = cls.of_solution(tables)
        for node in network.nodes:
            for ref in node.refs():
                prefix = {"parameter": "parameter", "switch": "switch", "ln_k": "lnk"}.get(ref.kind)
                if prefix:
                    layout.slot(f"{prefix}.{ref.name}")
                elif ref.kind == "scale":
                    layout.slot(ref.name)
        return layout
