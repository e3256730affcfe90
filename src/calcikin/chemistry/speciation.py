"""Speciation, the reference twin: slow, readable NumPy, written straight from the equations.

The equations stand in `calcikin.chemistry.system`; here are the search for the ionic strength, the
result, and what is read from it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calcikin.chemistry.activity import ActivityWarning
from calcikin.chemistry.records import WATER, ConstantSet
from calcikin.chemistry.system import ACCEPTED, Array, System
from calcikin.errors import OutOfRangeError, SimulationError

#: Most ionic strengths tried for one medium; a dozen are needed at the very worst.
MAX_OUTER = 100
#: Most media (concentrations, activity of water) tried, and the change of ln gamma or ln a_w at
#: which one counts as settled: roundoff of sums of a hundred terms near 1.
MAX_MEDIA = 200
SETTLED = 1e-13


@dataclass(frozen=True)
class Equilibrium:
    """A speciated solution.

    Attributes
    ----------
    free : dict[str, float], component -> free concentration [mol/L], 0 for those left out
    species : dict[str, float], species -> concentration [mol/L]
    activity : dict[str, float], component or species -> activity [1]; for conditional species and
        their sites the concentration
    gamma : dict[str, float], component or species -> activity coefficient [1]
    ionic_strength : float [mol/L]
    pH : float, -log10 of the activity of H
    residual : float, largest relative residual of the mass balances [1]
    iterations : int, Newton steps in all
    outer_iterations : int, evaluations of the ionic strength
    totals : dict[str, float], component -> total in solution [mol/L], H included; feeding them back
        with H as a total reproduces the solution
    T : float, temperature [K]
    constants : ConstantSet
    water_activity : float [1]
    activity_model : str
    """

    free: dict[str, float]
    species: dict[str, float]
    activity: dict[str, float]
    gamma: dict[str, float]
    ionic_strength: float
    pH: float
    residual: float
    iterations: int
    outer_iterations: int
    totals: dict[str, float]
    T: float
    constants: ConstantSet
    water_activity: float = 1.0
    activity_model: str = "davies"

    @property
    def concentrations(self) -> Array:
        """Of components, then species, in the order of the set, shape (n_entities,) [mol/L]."""
        components, species = self.constants.components, self.constants.species
        return np.array([*(self.free[k] for k in components), *(self.species[k] for k in species)])

    @property
    def charge(self) -> float:
        """Sum of z c over everything dissolved [mol/L]; protein sites count as uncharged."""
        components = self.constants.components
        total = sum(components[name].charge * c for name, c in self.free.items())
        for name, c in self.species.items():
            item = self.constants.species[name]
            if item.conditional:  # the site keeps its own charge, the bound ion brings its own
                total += c * sum(n * components[k].charge for k, n in item.stoichiometry.items())
            else:
                total += c * item.charge
        return total


def solve(
    constants: ConstantSet,
    totals: Mapping[str, float],
    T: float = 310.15,
    *,
    fixed_activity: Mapping[str, float] | None = None,
    ionic_strength: float | None = None,
    activity: str | None = None,
    gamma: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
) -> Equilibrium:
    """Equilibrium of a solution.

    Parameters
    ----------
    constants : ConstantSet
    totals : Mapping[str, float], component -> total concentration [mol/L], each >= 0 except H
    T : float, temperature [K], within the range of the set
    fixed_activity : Mapping[str, float], component or species -> activity, or gas -> partial
        pressure [atm], e.g. ``{"H": 10**-7.4}`` or ``{"CO2(g)": 0.053}``; H must be given here or
        among the totals
    ionic_strength : float, optional, fixed I [mol/L]; by default it comes from the solution
    activity : str, optional, name of the activity model (``davies``, ``truesdell_jones``, ``sit``);
        by default the one that belongs to the set. `davies` is on the molar scale, the others on
        the molal one, where mol/L stands for mol/kg of water
    gamma : Mapping[str, float], optional, component or species -> activity coefficient to use in
        place of the model's, for comparison with other programs
    start : Mapping[str, float], optional, component -> free concentration to start from [mol/L]

    Returns
    -------
    Equilibrium

    Raises
    ------
    UnknownNameError, OutOfRangeError, InputError
        When a name, a value or the set of conditions makes no sense.
    SimulationError
        When the residual stays above 1e-10.

    Warns
    -----
    ActivityWarning
        When the ionic strength exceeds the validity of the activity model: 0.5 mol/L for Davies,
        0.7 for Truesdell-Jones, 3.5 for SIT.
    """
    system = System(constants, totals, T, fixed_activity or {}, gamma, activity)
    y = system.start(start or {})
    iterations = outer = media = 0
    # Without its own ionic strength: begin at that of the components themselves, unpaired.
    i = system.bare_ionic_strength() if ionic_strength is None else _checked_i(ionic_strength)
    converged, change = True, math.inf
    while converged and change > SETTLED and media < MAX_MEDIA:
        y, i, residual, steps, tried = _at_medium(system, y, i, held=ionic_strength is not None)
        iterations += steps
        outer += tried
        media += 1
        converged = residual <= ACCEPTED and tried < MAX_OUTER
        change = system.settle(y, i)
    if not converged or media >= MAX_MEDIA:
        raise SimulationError(
            f"the speciation did not converge: relative residual {residual:.1e} after "
            f"{iterations} Newton steps, {outer} ionic strengths and {media} media",
            where=f"totals {dict(totals)}, T {T} K",
            hint="give a fixed ionic strength, or check the totals for a value in the wrong unit",
        )
    if i > system.activity.valid:
        warnings.warn(
            f"ionic strength {i:.2g} mol/L is beyond {system.activity.title} "
            f"({system.activity.valid:g} mol/L)",
            ActivityWarning,
            stacklevel=2,
        )
    return _result(system, y, i, residual, iterations, outer)


def _at_medium(
    system: System, y: Array, i: float, *, held: bool
) -> tuple[Array, float, float, int, int]:
    """Solve at the medium in hand; y, I, relative residual, Newton steps, ionic strengths tried."""
    low, high = 0.0, math.inf
    previous: tuple[float, float] | None = None
    iterations = outer = 0
    while True:
        y, residual, steps = system.newton(y, i)
        iterations += steps
        outer += 1
        if held:
            break
        excess = system.ionic_strength(y, i) - i
        if abs(excess) <= 1e-13 * (i + excess) or outer >= MAX_OUTER:
            break
        low, high = (i, high) if excess > 0.0 else (low, i)
        i, previous = _next_i(i, excess, previous, low, high), (i, excess)
    return y, i, residual, iterations, outer


def _next_i(
    i: float, excess: float, previous: tuple[float, float] | None, low: float, high: float
) -> float:
    """Next ionic strength: secant inside the bracket, else plain substitution, else its middle."""
    guess = i + excess
    if previous is not None and excess != previous[1]:
        guess = i - excess * (i - previous[0]) / (excess - previous[1])
    if low < guess < high:
        return guess
    guess = i + excess
    if low < guess < high:
        return guess
    return 0.5 * (low + high)


def _checked_i(value: float) -> float:
    if not (math.isfinite(value) and value >= 0.0):
        raise OutOfRangeError(f"the ionic strength must be >= 0 mol/L, not {value!r}")
    return float(value)


def _result(
    system: System, y: Array, i: float, residual: float, iterations: int, outer: int
) -> Equilibrium:
    tab = system.tableau
    n = len(tab.components)
    c = system.concentrations(y, i)
    gamma = np.exp(system.ln_gamma(i))
    activity = gamma * c
    totals = system.E.T @ c
    if np.isfinite(system.y_fixed[tab.index["H"]]):
        activity[tab.index["H"]] = math.exp(system.y_fixed[tab.index["H"]])
    return Equilibrium(
        free=dict(zip(tab.components, c[:n].tolist(), strict=True)),
        species=dict(zip(tab.species, c[n:].tolist(), strict=True)),
        activity=dict(zip(system.names, activity.tolist(), strict=True)),
        gamma=dict(zip(system.names, gamma.tolist(), strict=True)),
        ionic_strength=i,
        pH=-math.log10(activity[tab.index["H"]]),
        residual=residual,
        iterations=iterations,
        outer_iterations=outer,
        totals=dict(zip(tab.components, totals.tolist(), strict=True)),
        T=system.T,
        constants=system.constants,
        water_activity=math.exp(system.ln_water(i)),
        activity_model=system.activity.name,
    )


def saturation_indices(equilibrium: Equilibrium) -> dict[str, float]:
    """SI = log10(IAP) - log10(Ksp) of every phase of the set [1]; HAP per Ca5.

    Parameters
    ----------
    equilibrium : Equilibrium

    Returns
    -------
    dict[str, float]
        Phase -> SI; ``-inf`` where a constituent is absent.
    """
    constants = equilibrium.constants
    activity = {**equilibrium.activity, WATER: equilibrium.water_activity}
    indices: dict[str, float] = {}
    for name, phase in constants.phases.items():
        log_iap = 0.0
        for component, number in phase.stoichiometry.items():
            a = activity[component]
            log_iap += number * (math.log10(a) if a > 0.0 else -math.inf)
        indices[name] = log_iap - phase.log_k.at(equilibrium.T)
    return indices


def ionised(equilibrium: Equilibrium) -> dict[str, float]:
    """Ionised (free) calcium and magnesium, as an ion-selective electrode reports them [mol/L]."""
    return {metal: equilibrium.free[metal] for metal in ("Ca", "Mg")}


def ultrafiltrable(equilibrium: Equilibrium) -> dict[str, float]:
    """Calcium and magnesium not bound to protein: free and in small complexes [mol/L]."""
    amounts = ionised(equilibrium)
    for name, c in equilibrium.species.items():
        item = equilibrium.constants.species[name]
        if not item.conditional:
            for metal in amounts:
                amounts[metal] += item.stoichiometry.get(metal, 0) * c
    return amounts
