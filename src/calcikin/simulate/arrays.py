"""What the kernels are given for a model: parameters, the state at the start, tolerances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcikin.errors import OutOfRangeError
from calcikin.simulate.solution_vector import LN10, fill_solution, open_carbonate, settle_water

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["parameters_of", "start_of", "tolerances_of"]

Array = npt.NDArray[np.float64]


def parameters_of(model: Model) -> Array:
    """Return q of a model, not yet prepared, shape (n_slots,)."""
    scenario, compiled, T = model.scenario, model.compiled, model.temperature
    layout = compiled.layout
    q = np.zeros(max(layout.values()) + 1)
    q[layout["ln_ah"]] = -model.initial_ph * LN10
    q[layout["ph_fixed"]] = 0.0 if scenario.closed_ph else 1.0
    if "ionic_strength" in model.settings:
        q[layout["i_fixed"]] = 1.0
        q[layout["i_value"]] = max(model.settings["ionic_strength"], 1e-12)
    totals = model.totals()
    off = model.switched_off()
    for component, total in totals.items():
        q[layout[f"total.{component}"]] = total
    constants = scenario.constants
    gone = [
        name
        for name, species in constants.species.items()
        if "mg_phosphate" in species.tags and "phosphate_complexation" in off
    ]
    fill_solution(q, layout, compiled.tables, constants, T, gone=gone)
    slope = 0.0
    if scenario.pco2 is not None:
        ln_a, slope = open_carbonate(constants, T, scenario.pco2, -model.initial_ph * LN10)
        q[layout["fixed.CO3"]] = 1.0
        q[layout["activity.CO3"]] = math.exp(ln_a)
    if "ln_water" in layout:  # of the initial solution, throughout a run
        settle_water(compiled, q, [totals[c] for c in compiled.tables.components], slope)
    values = model.parameter_values()
    for slot, index in layout.items():
        kind, _, name = slot.partition(".")
        if kind == "parameter":
            q[index] = values[name]
        elif kind == "switch":
            q[index] = 0.0 if name in off else 1.0
        elif kind == "lnk":
            q[index] = scenario.constants.phases[name].log_k.at(T) * LN10
        elif kind == "scale" and name.startswith("initial_"):
            q[index] = totals[name.removeprefix("initial_")]
    q[layout["T"]] = T
    if "scale.enzymes" in layout:
        q[layout["scale.enzymes"]] = scenario.enzyme_scale
    if "scale.fetuin" in layout:
        q[layout["scale.fetuin"]] = scenario.medium.fetuin(model.input_values())
    return q


def start_of(model: Model, q: Array) -> Array:
    """Return y of a model at t = 0 [mol/L]; see `Model.initial_state`."""
    compiled, network = model.compiled, model.scenario.network
    totals = model.totals()
    y = np.zeros(len(network.states))
    for i, state in enumerate(network.states):
        if state.component is not None:
            y[i] = totals[state.component]
    y[network.index("fet.free")] = model.scenario.medium.fetuin(model.input_values())
    tot = np.array([totals[c] for c in compiled.tables.components])
    x, s = np.zeros(compiled.n_unknowns), np.zeros(compiled.slots.size)
    held = q.copy()
    held[compiled.layout["ph_fixed"]] = 1.0
    compiled.module.cold_start(held, tot, x)
    if compiled.module.speciate(held, tot, x, s) < 0:
        raise OutOfRangeError(
            "the initial solution has no equilibrium that could be found",
            where=f"model {model.name}",
            hint="check the totals with 'calcikin speciate'",
        )
    y[network.index("H")] = s[compiled.slots["total_H"]]
    return y


def tolerances_of(model: Model, rtol: float) -> Array:
    """Absolute tolerances [mol/L] of the states of a model; see `Model.tolerances`."""
    scale = rtol / 1e-6
    minerals = {
        name
        for p in model.scenario.network.populations
        for name in (p.amount, p.guest)
        if name is not None
    }
    atol = np.full(len(model.scenario.network.states), 1e-12 * scale)
    for i, state in enumerate(model.scenario.network.states):
        if state.name.endswith(".n"):
            atol[i] = 1e-18 * scale
        elif state.name in minerals:
            atol[i] = 1e-14 * scale
        elif state.component in ("PPi", "ATP", "ADP", "AMP"):
            atol[i] = 1e-15 * scale
        elif "FetuinA" in state.elements:
            atol[i] = 1e-13 * scale
    return atol
