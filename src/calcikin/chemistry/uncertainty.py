"""Standard uncertainties of the constants, carried to saturation indices.

With log10 K_j the constants as their sources state them (stepwise ones stay stepwise) and u_j their
standard uncertainties, taken as independent,

    u(SI)^2 = sum_j (dSI/dlog K_j)^2 u_j^2                                                 (1)

to first order. The derivatives are exact: those of the solution from the implicit function theorem
(see `linearised`), ionic strength, activity coefficients and activity of water following. The other
way is to draw the constants and solve again; where the answer is not straight, the spread of the
draws tells. Source of (1): JCGM 100:2008, Guide to the Expression of Uncertainty in Measurement,
equation 10.

What is not in it: uncertainties of totals, pH and activity model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calcikin.chemistry.formula import parse_reaction
from calcikin.chemistry.linearised import Linearised
from calcikin.chemistry.logk import LogK
from calcikin.chemistry.records import WATER, ConstantSet, Origin
from calcikin.chemistry.speciation import Equilibrium, saturation_indices, solve
from calcikin.chemistry.system import Array, System
from calcikin.errors import InputError

__all__ = ["SaturationIndex", "sample_indices", "uncertain_indices", "uncertainties_of"]

LN10 = math.log(10.0)


@dataclass(frozen=True)
class SaturationIndex:
    """A saturation index with its standard uncertainty.

    Attributes
    ----------
    value : float, SI [1]; ``-inf`` where a constituent is absent
    u : float, standard uncertainty [1]
    contributions : dict[str, float], species, phase or gas -> what one standard uncertainty of its
        constant moves the index by, sign included, the largest first [1]
    """

    value: float
    u: float
    contributions: dict[str, float]

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return "-"
        return f"{self.value:.2f} +/- {self.u:.2f}"

    def leading(self, share: float = 0.9) -> dict[str, float]:
        """The largest contributions that make up `share` of u^2 [1]."""
        found: dict[str, float] = {}
        reached = 0.0
        for name, part in self.contributions.items():
            if reached >= share * self.u**2:
                break
            found[name] = part
            reached += part**2
        return found


def uncertain_indices(
    constants: ConstantSet,
    totals: Mapping[str, float],
    T: float = 310.15,
    *,
    fixed_activity: Mapping[str, float] | None = None,
    ionic_strength: float | None = None,
    activity: str | None = None,
) -> dict[str, SaturationIndex]:
    """Saturation index of every phase with its uncertainty, equation (1), by exact derivatives.

    Parameters
    ----------
    constants, totals, T, fixed_activity, ionic_strength, activity
        As `speciation.solve`.

    Returns
    -------
    dict[str, SaturationIndex]
        By phase.

    Raises
    ------
    InputError
        When a constant has no uncertainty (an imported database has none).
    """
    solution = solve(
        constants,
        totals,
        T,
        fixed_activity=fixed_activity,
        ionic_strength=ionic_strength,
        activity=activity,
    )
    return uncertainties_of(
        solution, totals, fixed_activity=fixed_activity, held=ionic_strength is not None
    )


def uncertainties_of(
    solution: Equilibrium,
    totals: Mapping[str, float],
    *,
    fixed_activity: Mapping[str, float] | None = None,
    held: bool = False,
) -> dict[str, SaturationIndex]:
    """Saturation index of every phase of a solution with its uncertainty, equation (1).

    Parameters
    ----------
    solution : Equilibrium
    totals, fixed_activity
        From which it was solved, as `speciation.solve`.
    held : bool, whether its ionic strength was given

    Returns
    -------
    dict[str, SaturationIndex]
        By phase.

    Raises
    ------
    InputError
        When a constant has no uncertainty (an imported database has none).
    """
    names, u = _uncertainties(solution.constants)
    slopes = _slopes(solution, totals, fixed_activity or {}, held=held)
    indices = {}
    for phase, value in saturation_indices(solution).items():
        parts = slopes[phase] * u if math.isfinite(value) else np.zeros(len(names))
        order = np.argsort(-np.abs(parts), kind="stable")
        contributions = {names[j]: float(parts[j]) for j in order if parts[j] != 0.0}
        indices[phase] = SaturationIndex(value, float(np.linalg.norm(parts)), contributions)
    return indices


def sample_indices(
    constants: ConstantSet,
    totals: Mapping[str, float],
    T: float = 310.15,
    *,
    count: int = 200,
    seed: int = 0,
    fixed_activity: Mapping[str, float] | None = None,
    ionic_strength: float | None = None,
    activity: str | None = None,
) -> dict[str, Array]:
    """Saturation indices of solutions whose constants are drawn from normal distributions.

    Parameters
    ----------
    constants, totals, T, fixed_activity, ionic_strength, activity
        As `speciation.solve`.
    count : int, number of draws; 200 give the standard deviation to 5 %
    seed : int, the same draws for the same seed

    Returns
    -------
    dict[str, ndarray]
        Phase -> indices, shape (count,) [1].

    Raises
    ------
    InputError
        As `uncertain_indices`.
    """
    names, u = _uncertainties(constants)
    jacobian = _of_constants(constants)
    draw = np.random.default_rng(seed)
    found: dict[str, list[float]] = {phase: [] for phase in constants.phases}
    for _ in range(count):
        moved = _moved(constants, jacobian @ (u * draw.standard_normal(len(names))))
        solution = solve(
            moved,
            totals,
            T,
            fixed_activity=fixed_activity,
            ionic_strength=ionic_strength,
            activity=activity,
        )
        for phase, value in saturation_indices(solution).items():
            found[phase].append(value)
    return {phase: np.array(values) for phase, values in found.items()}


def _origins(constants: ConstantSet) -> dict[str, Origin]:
    """Every constant of a set in the order used here: species, phases, gases."""
    origins = {name: item.origin for name, item in constants.species.items()}
    origins |= {name: phase.origin for name, phase in constants.phases.items()}
    return origins | {name: gas.origin for name, gas in constants.gases.items()}


def _uncertainties(constants: ConstantSet) -> tuple[list[str], Array]:
    """Names of the constants and their standard uncertainties [log10 units]."""
    origins = _origins(constants)
    unknown = [name for name, origin in origins.items() if math.isnan(origin.uncertainty)]
    if unknown:
        raise InputError(
            f"{len(unknown)} constants have no uncertainty, {unknown[0]} among them",
            where=f"constants {constants.name}",
            hint="use a set that states them, such as default or phreeqc",
        )
    return list(origins), np.array([origin.uncertainty for origin in origins.values()])


def _of_constants(constants: ConstantSet) -> Array:
    """d(log beta of species, log K of phases and gases in components) / d(log K as stated).

    Stepwise constants add up: HPO4-2 moves everything that is written with it. Shape (n, n) with n
    the number of species, phases and gases.
    """
    order = {name: k for k, name in enumerate(_origins(constants))}
    jacobian = np.zeros((len(order), len(order)))
    components = {component.formula for component in constants.components.values()}

    def parts(text: str, own: str) -> tuple[float, dict[str, float]]:
        terms = parse_reaction(text).terms
        others = {t: c for t, c in terms.items() if t not in (own, WATER) and t not in components}
        return terms[own], others

    for name, item in constants.species.items():
        own, others = parts(item.reaction, name)
        row = jacobian[order[name]]
        row[order[name]] = own
        for other, c in others.items():
            row += -c / own * jacobian[order[other]]
    for name, phase in constants.phases.items():
        _, others = parts(phase.reaction, phase.formula)
        row = jacobian[order[name]]
        row[order[name]] = 1.0
        for other, c in others.items():
            row -= c * jacobian[order[other]]
    for name in constants.gases:
        jacobian[order[name], order[name]] = 1.0
    return jacobian


def _slopes(
    solution: Equilibrium, totals: Mapping[str, float], fixed: Mapping[str, float], *, held: bool
) -> dict[str, Array]:
    """dSI/dlog K of every phase by every stated constant [1]."""
    constants = solution.constants
    system = System(constants, totals, solution.T, fixed, activity=solution.activity_model)
    system.medium = solution.concentrations
    jacobian = _of_constants(constants)
    n, n_species = len(constants.components), len(constants.species)
    n_phases = len(constants.phases)
    ln_k = np.zeros((n + n_species, jacobian.shape[1]))
    ln_k[n:] = LN10 * jacobian[:n_species]
    held_activity = np.zeros((n, jacobian.shape[1]))
    for k, name in enumerate(constants.gases):
        if name in fixed:  # its constant makes the fixed activity of the dissolved species
            parts = constants.species[constants.gases[name].species].stoichiometry
            ligand = next(c for c in parts if constants.components[c].role == "ligand")
            row = LN10 * jacobian[n_species + n_phases + k]
            held_activity[system.tableau.index[ligand]] = row
    response = Linearised(system, solution, held=held).respond(ln_k, fixed=held_activity)
    log_a = response.ln_activity[:n] / LN10
    log_water = response.ln_water / LN10
    slopes = {}
    for k, (name, phase) in enumerate(constants.phases.items()):
        slope = -jacobian[n_species + k].copy()
        for component, number in phase.stoichiometry.items():
            moved = log_water if component == WATER else log_a[system.tableau.index[component]]
            slope += number * moved
        slopes[name] = slope
    return slopes


def _moved(constants: ConstantSet, shifts: Array) -> ConstantSet:
    """A set whose log beta and log K are shifted [log10 units], in the order of `_origins`."""
    values = iter(shifts.tolist())

    def moved(log_k: LogK) -> LogK:
        return LogK.combine([(1.0, log_k), (1.0, LogK(next(values)))])

    species = {k: replace(s, formation=moved(s.formation)) for k, s in constants.species.items()}
    phases = {k: replace(p, log_k=moved(p.log_k)) for k, p in constants.phases.items()}
    gases = {k: replace(g, log_k=moved(g.log_k)) for k, g in constants.gases.items()}
    return replace(constants, species=species, phases=phases, gases=gases)
