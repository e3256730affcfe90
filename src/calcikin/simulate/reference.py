"""The right-hand side in plain Python: the twin of the generated kernels, written to be read.

Nothing here is generated, differentiated or optimised. At a state y,

1. the solution is speciated by :func:`calcikin.chemistry.speciation.solve`, the NumPy twin;
2. every quantity of the network is its law's own function applied to numbers, in network order;
3. the fluxes v are the quantities that processes name as their rate;
4. dy/dt = N^T v, with N the stoichiometric matrix of the network.

The tests compare the compiled kernels with it, and the benchmark shows what compilation gains. One
evaluation takes milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.records import ConstantSet
from calcikin.chemistry.speciation import Equilibrium, solve

if TYPE_CHECKING:
    from calcikin.model.network import Ref
    from calcikin.simulate.model import Model

__all__ = [
    "reference_equilibrium",
    "reference_fluxes",
    "reference_laws",
    "reference_quantities",
    "reference_rhs",
]

Array = npt.NDArray[np.float64]
LN10 = math.log(10.0)
#: Stand-ins for ln 0, the same as in the kernels: an absent cation, and the least ligand activity.
ABSENT_CATION = -230.0
LEAST_LIGAND_ACTIVITY = 1e-100


def reference_equilibrium(model: Model) -> Callable[[Array], Equilibrium]:
    """Return the function y -> speciated solution of ``model``.

    Parameters
    ----------
    model : Model

    Returns
    -------
    callable
        Takes y : ndarray, shape (n_states,) [mol/L]. A total below zero (a solver may overshoot by
        less than its tolerance) counts as zero.

    Raises
    ------
    SimulationError
        By the returned function, when no equilibrium is found.
    """
    scenario = model.scenario
    constants = _without_switched_off(model)
    given = model.totals()
    fixed: dict[str, float] = {}
    if not scenario.closed_ph:
        fixed["H"] = 10.0**-model.initial_ph
        given.pop("H")
    if scenario.pco2 is not None:
        fixed["CO2(g)"] = scenario.pco2
        given.pop("CO3")
    held_ionic_strength = model.settings.get("ionic_strength")

    def equilibrium(y: Array) -> Equilibrium:
        totals = dict(given)
        for value, state in zip(y, scenario.network.states, strict=True):
            if state.component == "H":
                if scenario.closed_ph:
                    totals["H"] = float(value)
            elif state.component is not None:
                totals[state.component] = max(float(value), 0.0)
        return solve(
            constants,
            totals,
            model.temperature,
            fixed_activity=fixed,
            ionic_strength=held_ionic_strength,
        )

    return equilibrium


def reference_laws(model: Model) -> Callable[[Array, Mapping[str, float]], dict[str, float]]:
    """Return the function (y, activities) -> value of every quantity of the network, by name.

    Parameters
    ----------
    model : Model

    Returns
    -------
    callable
        Takes y : ndarray, shape (n_states,) [mol/L], and component -> activity [mol/L]; returns
        name -> value, each in its node's unit.
    """
    network = model.scenario.network
    components = model.scenario.constants.components
    settled = _settled_values(model)

    def laws(y: Array, activity: Mapping[str, float]) -> dict[str, float]:
        values = dict(settled)
        for value, state in zip(y, network.states, strict=True):
            values["state", state.name] = float(value)
        for name, component in components.items():
            a = activity.get(name, 0.0)
            if component.role == "cation":
                ln_a = math.log(a) if a > 0.0 else ABSENT_CATION
            else:
                ln_a = math.log(max(a, LEAST_LIGAND_ACTIVITY))
            values["activity", name] = a
            values["ln_activity", name] = ln_a

        def number(ref: Ref) -> float:
            return ref.value if ref.kind == "constant" else values[ref.kind, ref.name]

        for node in network.nodes:
            arguments = {
                argument: [number(r) for r in refs] if isinstance(refs, tuple) else number(refs)
                for argument, refs in node.inputs.items()
            }
            values["node", node.name] = float(node.law.function(**arguments))
        return {node.name: values["node", node.name] for node in network.nodes}

    return laws


def reference_quantities(model: Model) -> Callable[[Array], dict[str, float]]:
    """Return the function y -> value of every quantity of the network, by name.

    Parameters
    ----------
    model : Model

    Returns
    -------
    callable
        Takes y : ndarray, shape (n_states,) [mol/L]; returns name -> value, in its node's unit.
    """
    equilibrium = reference_equilibrium(model)
    laws = reference_laws(model)

    def quantities(y: Array) -> dict[str, float]:
        return laws(y, equilibrium(y).activity)

    return quantities


def reference_fluxes(model: Model) -> Callable[[Array], Array]:
    """Return the function y -> v, the rate of every process.

    Parameters
    ----------
    model : Model

    Returns
    -------
    callable
        Takes y : ndarray, shape (n_states,) [mol/L]; returns v : ndarray, shape (n_processes,)
        [mol/L/s].
    """
    processes = model.scenario.network.processes
    quantities = reference_quantities(model)

    def fluxes(y: Array) -> Array:
        values = quantities(y)
        return np.array([values[process.node] for process in processes])

    return fluxes


def reference_rhs(model: Model) -> Callable[[float, Array], Array]:
    """Return the right-hand side (t, y) -> dy/dt = N^T v, ready for ``solve_ivp``.

    Parameters
    ----------
    model : Model

    Returns
    -------
    callable
        Takes t : float [s] (unused: the model is autonomous) and y : ndarray, shape (n_states,)
        [mol/L]; returns dy/dt : ndarray, shape (n_states,) [mol/L/s].
    """
    stoichiometry = model.scenario.network.stoichiometry()
    fluxes = reference_fluxes(model)

    def rhs(t: float, y: Array) -> Array:
        del t
        return np.asarray(stoichiometry.T @ fluxes(y))

    return rhs


def _without_switched_off(model: Model) -> ConstantSet:
    """Return the constants, without the Mg-phosphate complexes when these are switched off."""
    constants = model.scenario.constants
    if "phosphate_complexation" not in model.switched_off():
        return constants
    gone = [name for name, item in constants.species.items() if "mg_phosphate" in item.tags]
    return constants.without(species=gone)


def _settled_values(model: Model) -> dict[tuple[str, str], float]:
    """Every input of a law that does not change during a run, by kind and name."""
    scenario, T = model.scenario, model.temperature
    off = model.switched_off()
    values = {("parameter", name): value for name, value in model.parameter_values().items()}
    values |= {("switch", name): float(name not in off) for name in scenario.network.switches}
    for name, phase in scenario.constants.phases.items():
        values["ln_k", name] = LN10 * phase.log_k.at(T)
    for component, total in model.totals().items():
        values["scale", f"scale.initial_{component}"] = total
    values["scale", "scale.fetuin"] = scenario.medium.fetuin(model.input_values())
    values["scale", "scale.enzymes"] = scenario.enzyme_scale
    values["temperature", "T"] = T
    return values
