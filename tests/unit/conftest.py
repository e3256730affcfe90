"""States at which the compiled kernels are tried: ordinary, random and adversarial."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from calcikin import Model, load
from calcikin.compiler.module import CompiledModel
from calcikin.model.modelfile import scenario_names
from calcikin.simulate.reference import reference_laws
from calcikin.solvers.scipy_ivp import Work

Array = npt.NDArray[np.float64]
AVOGADRO = 6.02214076e23


@dataclass
class Kernels:
    """A model with its compiled kernels and one set of scratch arrays."""

    model: Model
    compiled: CompiledModel
    q: Array
    work: Work

    @property
    def names(self) -> list[str]:
        return self.model.scenario.network.state_names

    @property
    def fluxes(self) -> Array:
        """Fluxes that the last call left behind [mol/L/s]."""
        return self.work.v[: len(self.model.scenario.network.processes)].copy()

    def speciation(self, y: Array) -> Array:
        """Slots of a cold speciation of state ``y``."""
        w, module = self.work, self.compiled.module
        module.solution(self.q, y, w.x, w.tot, w.s)  # fills tot
        module.cold_start(self.q, w.tot, w.x)
        assert module.speciate(self.q, w.tot, w.x, w.s) > 0
        return w.s.copy()

    def activities(self, s: Array) -> dict[str, float]:
        """Activity of every component from the slots of a compiled speciation."""
        tables, slots = self.compiled.tables, self.compiled.slots
        found = {
            c: float(np.exp(s[slots[f"lna.{c}"]])) if s[slots[f"free.{c}"]] > 0.0 else 0.0
            for c in tables.cations
        }
        return found | {c: float(s[slots[f"a.{c}"]]) for c in tables.ligands}

    def slack(self, y: Array, nodes: list[str] | None = None) -> Array:
        """Largest |change| per relative error of all inputs, of each flux (or named quantity).

        From four random perturbations of 1e-6 of every state and activity: how much round-off a
        value must be allowed, its own cancellation included.
        """
        if nodes is None:
            nodes = [p.node for p in self.model.scenario.network.processes]
        laws = reference_laws(self.model)
        activity = self.activities(self.speciation(y))
        draw = np.random.default_rng(7)
        base = laws(y, activity)
        worst = np.zeros(len(nodes))
        for _ in range(4):
            signs = draw.choice([-1e-6, 1e-6], len(activity))
            other = {c: a * (1.0 + w) for (c, a), w in zip(activity.items(), signs, strict=True)}
            moved = laws(y * (1.0 + draw.choice([-1e-6, 1e-6], y.size)), other)
            worst = np.maximum(worst, [abs(moved[n] - base[n]) / 1e-6 for n in nodes])
        return worst

    def rates(self, y: Array) -> Array:
        """Fluxes at ``y`` [mol/L/s], from the speciation that :meth:`speciation` leaves."""
        self.speciation(y)
        self.work.v[:] = np.nan
        self.compiled.module.rates(self.q, y, self.work.s, self.work.v)
        return self.fluxes

    def rhs(self, y: Array) -> Array:
        """Compiled dy/dt at ``y``; the second call starts from the first one's answer."""
        w, module = self.work, self.compiled.module
        dy = np.full(y.size, np.nan)
        self.speciation(y)
        for _ in range(2):
            assert module.rhs(y, self.q, w.x, w.tot, w.s, w.v, dy) == 0
        return dy

    def jacobian(self, y: Array) -> Array:
        """Compiled exact Jacobian at ``y``, shape (n_states, n_states) [1/s]."""
        w, module = self.work, self.compiled.module
        matrix = np.full((y.size, y.size), np.nan)
        self.speciation(y)
        for _ in range(2):
            assert module.jacobian(y, self.q, w.x, w.tot, w.s, matrix) == 0
        return matrix

    def with_total_h(self, y: Array, ph: float) -> Array:
        """Set total H of ``y`` to what pH ``ph`` takes (unused where the pH is fixed)."""
        w, compiled = self.work, self.compiled
        held = self.q.copy()
        held[compiled.layout["ph_fixed"]] = 1.0
        held[compiled.layout["ln_ah"]] = -ph * math.log(10.0)
        compiled.module.solution(held, y, w.x, w.tot, w.s)
        compiled.module.cold_start(held, w.tot, w.x)
        assert compiled.module.speciate(held, w.tot, w.x, w.s) > 0
        y = y.copy()
        y[self.names.index("H")] = w.s[compiled.slots["total_H"]]
        return y


def kernels_of(model: Model) -> Kernels:
    """Kernels of any model, with its own parameter vector."""
    compiled = model.compiled
    return Kernels(model, compiled, model.parameter_vector(), Work.of(compiled))


@cache
def kernels_named(name: str) -> Kernels:
    """Kernels of a shipped model."""
    return kernels_of(load(name))


@pytest.fixture(params=scenario_names())
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Every model file in turn."""
    return kernels_named(request.param)


def _random_state(kernels: Kernels, draw: np.random.Generator) -> Array:
    """Log-uniform totals and populations of 3-300 nm, with a coat; pH 6.5-8."""
    network = kernels.model.scenario.network
    values = kernels.model.parameter_values()
    y = np.zeros(len(network.states))
    span = {"Ca": (-4, -2), "Mg": (-5, -2), "Pi": (-4, -2)}
    for i, state in enumerate(network.states):
        if state.component is not None and state.component != "H":
            low, high = span.get(state.component, (-9, -5))
            y[i] = 10.0 ** draw.uniform(low, high)
        elif state.component is None and not state.elements:
            continue  # numbers, with their population
        elif state.name.startswith("fet."):
            y[i] = 10.0 ** draw.uniform(-8, -5)
    for population in network.populations:
        amount = 10.0 ** draw.uniform(-9, -2.5)
        radius = 10.0 ** draw.uniform(math.log10(3e-9), math.log10(3e-7))
        volume = 1e-3 * values[population.molar_volume] * amount  # m3/L
        y[network.index(population.amount)] = amount
        y[network.index(population.number)] = volume / (4.19 * radius**3) / AVOGADRO
        if population.guest:
            guest = draw.uniform(0.01, 0.4) * population.ca_per_formula * amount
            y[network.index(population.guest)] = guest
    return kernels.with_total_h(y, draw.uniform(6.5, 8.0))


def _states(kernels: Kernels) -> dict[str, Array]:
    network = kernels.model.scenario.network
    start = kernels.model.initial_state(kernels.q)
    states = {"start": start}
    draw = np.random.default_rng(20120030240)
    for k in range(6):
        states[f"random {k}"] = _random_state(kernels, draw)
    base = states["random 0"]

    def variant(**changes: float) -> Array:
        y = base.copy()
        for name, value in changes.items():
            y[network.index(name.replace("__", "."))] = value
        return kernels.with_total_h(y, 7.4)

    solids = {
        name.replace(".", "__"): 0.0
        for name in network.state_names
        if "." in name and not name.startswith("fet.free")
    }
    states["empty populations"] = variant(**solids)
    guests = {p.guest.replace(".", "__"): 0.0 for p in network.populations if p.guest}
    states["no Mg"] = variant(Mg=0.0, **guests)
    states["no PPi, no ATP"] = variant(PPi=0.0, ATP=0.0, ADP=0.0, AMP=0.0)
    states["nearly exhausted ACP"] = variant(
        acp__m=1e-17, acp__n=1e-21, acp__mg=1e-19, cpp1__m=3e-19, cpp1__n=1e-20, cpp1__mg=1e-21
    )
    states["mineral without particles"] = variant(acp__n=0.0, cpp1__n=0.0, cpp2__n=0.0, hap__n=0.0)
    states["particles without mineral"] = variant(
        **{k: v for k, v in solids.items() if k.endswith(("__m", "__mg"))}
    )
    states["undersaturated"] = variant(Ca=1e-6, Pi=1e-6, Mg=1e-6)
    states["strongly supersaturated"] = variant(Ca=5e-2, Pi=3e-2, Mg=1e-2)
    states["no fetuin"] = variant(fet__free=0.0, fet__cpp1=0.0, fet__cpp2=0.0)
    states["coat without particles"] = variant(cpp1__m=0.0, cpp1__n=0.0, cpp1__mg=0.0)
    result = kernels.model.simulate()
    for share in (0.02, 0.1, 0.25, 0.6, 1.0):
        k = int(share * (result.t.size - 1))
        states[f"on the way, {share:g}"] = np.maximum(result.y[k], 0.0)
    return states


@cache
def _states_of(name: str) -> dict[str, Array]:
    return _states(kernels_named(name))


@pytest.fixture
def states(kernels: Kernels) -> dict[str, Array]:
    """Name -> state of the model in hand; fresh copies."""
    return {name: y.copy() for name, y in _states_of(kernels.model.name).items()}


@pytest.fixture
def kernels_for() -> Callable[[Model], Kernels]:
    """Kernels of a model made in a test."""
    return kernels_of


@pytest.fixture
def states_for() -> Callable[[str], dict[str, Array]]:
    """Name -> state of a shipped model, by its name; fresh copies."""
    return lambda model: {name: y.copy() for name, y in _states_of(model).items()}
