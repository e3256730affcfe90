"""A constant set at one temperature as plain arrays, for code that knows no names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.records import WATER, ConstantSet


@dataclass(frozen=True)
class Tableau:
    """A constant set at one temperature as plain arrays, for code that knows no names.

    Attributes
    ----------
    components : tuple of str, length n_components
    component_charge : ndarray of int, shape (n_components,), charge numbers [1]
    is_ligand : ndarray of bool, shape (n_components,)
    species : tuple of str, length n_species
    matrix : ndarray of int, shape (n_species, n_components), at most one ligand a row
    species_charge : ndarray of int, shape (n_species,), charge numbers [1]
    ln_beta : ndarray, shape (n_species,), natural logarithm of the formation constants at `T` [1]
    coefficients : ndarray, shape (n_species, 6), A1 ... A6 of log10 beta(T) (see `logk`)
    conditional : ndarray of bool, shape (n_species,), constants that act on concentrations
    ligand : ndarray of int, shape (n_species,), index of the ligand of each species, -1 for none
    tags : tuple of tuples of str, length n_species
    phases : tuple of str, length n_phases
    phase_matrix : ndarray, shape (n_phases, n_components), components released by dissolution [1]
    phase_ln_k : ndarray, shape (n_phases,), natural logarithm of the dissolution constants at `T`
    phase_coefficients : ndarray, shape (n_phases, 6)
    phase_nu : ndarray, shape (n_phases,), ions per formula unit [1]
    T : float, temperature [K]
    """

    components: tuple[str, ...]
    component_charge: npt.NDArray[np.int64]
    is_ligand: npt.NDArray[np.bool_]
    species: tuple[str, ...]
    matrix: npt.NDArray[np.int64]
    species_charge: npt.NDArray[np.int64]
    ln_beta: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]
    conditional: npt.NDArray[np.bool_]
    ligand: npt.NDArray[np.int64]
    tags: tuple[tuple[str, ...], ...]
    phases: tuple[str, ...]
    phase_matrix: npt.NDArray[np.float64]
    phase_ln_k: npt.NDArray[np.float64]
    phase_coefficients: npt.NDArray[np.float64]
    phase_nu: npt.NDArray[np.float64]
    T: float
    index: Mapping[str, int] = field(default_factory=dict)  #: component name -> column


def tableau(constants: ConstantSet, T: float = 310.15) -> Tableau:
    """The constant set as plain arrays at temperature `T`.

    Parameters
    ----------
    constants : ConstantSet
    T : float, temperature [K]

    Returns
    -------
    Tableau
        Components and species in the order of the set.
    """
    components = constants.components
    index = {name: j for j, name in enumerate(components)}
    roles = np.array([c.role == "ligand" for c in components.values()], dtype=np.bool_)
    species = list(constants.species.values())
    phases = list(constants.phases.values())

    matrix = np.zeros((len(species), len(components)), dtype=np.int64)
    for i, item in enumerate(species):
        for name, count in item.stoichiometry.items():
            matrix[i, index[name]] = count
    phase_matrix = np.zeros((len(phases), len(components)))
    for i, phase in enumerate(phases):
        for name, amount in phase.stoichiometry.items():
            if name != WATER:
                phase_matrix[i, index[name]] = amount

    has_ligand = (matrix != 0) & roles
    ligand = np.where(has_ligand.any(axis=1), has_ligand.argmax(axis=1), -1).astype(np.int64)
    ln10 = math.log(10.0)
    return Tableau(
        components=tuple(components),
        component_charge=np.array(
            [c.charge for c in constants.components.values()], dtype=np.int64
        ),
        is_ligand=roles,
        species=tuple(item.name for item in species),
        matrix=matrix,
        species_charge=np.array([item.charge for item in species], dtype=np.int64),
        ln_beta=np.array([ln10 * item.log_beta(T) for item in species], dtype=np.float64),
        coefficients=np.array([s.formation.coefficients for s in species]).reshape(-1, 6),
        conditional=np.array([item.conditional for item in species], dtype=np.bool_),
        ligand=ligand,
        tags=tuple(item.tags for item in species),
        phases=tuple(phase.name for phase in phases),
        phase_matrix=phase_matrix,
        phase_ln_k=np.array([ln10 * phase.log_k.at(T) for phase in phases], dtype=np.float64),
        phase_coefficients=np.array([p.log_k.coefficients for p in phases]).reshape(-1, 6),
        phase_nu=np.array([phase.nu for phase in phases], dtype=np.float64),
        T=T,
        index=index,
    )
