"""Where each number sits in the flat arrays that the generated kernels read.

q : parameters (one vector per run); tot : totals of all components; x : unknowns of the speciation;
s : what the speciation leaves behind for the rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from calcikin.chemistry.constants import ConstantSet
from calcikin.model.network import Network

__all__ = ["Layout", "SolutionTables", "solution_tables"]

FIXABLE_LIGANDS = ("CO3",)  # may be held at a given activity (pCO2)


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

    @property
    def components(self) -> tuple[str, ...]:
        """Order of tot."""
        return (*self.cations, *self.ligands, *self.inert)


def solution_tables(constants: ConstantSet) -> SolutionTables:
    """Sort components and species for the generator; every species holds at most one ligand."""
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
    )


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
    def of(cls, network: Network, tables: SolutionTables) -> Layout:
        """Lay out q for a model."""
        layout = cls()
        layout.reserve(("debye", "davies_b", "ph_fixed", "ln_ah", "i_fixed", "i_value"))
        layout.reserve(f"fixed.{c}" for c in FIXABLE_LIGANDS if c in tables.ligands)
        layout.reserve(f"activity.{c}" for c in FIXABLE_LIGANDS if c in tables.ligands)
        layout.reserve(f"total.{c}" for c in tables.components)
        layout.reserve(f"beta.{s}" for s in tables.stoichiometry)
        layout.slot("T")
        for node in network.nodes:
            for ref in node.refs():
                prefix = {"parameter": "parameter", "switch": "switch", "ln_k": "lnk"}.get(ref.kind)
                if prefix:
                    layout.slot(f"{prefix}.{ref.name}")
                elif ref.kind == "scale":
                    layout.slot(ref.name)
        return layout
