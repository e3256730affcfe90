"""The compiled kernels against their plain Python twin, on random and adversarial states."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from calcikin import Model, load
from calcikin.simulate.reference import (
    reference_equilibrium,
    reference_fluxes,
    reference_laws,
    reference_quantities,
    reference_rhs,
)

Array = npt.NDArray[np.float64]


def test_activities(kernels, states) -> None:
    # Both Newton iterations end at round-off of the balances (1e-15 of their largest term); 1e-11
    # leaves room for the condition number of the equilibria.
    equilibrium = reference_equilibrium(kernels.model)
    for name, y in states.items():
        s = kernels.speciation(y)
        twin = equilibrium(y)
        for component, a in kernels.activities(s).items():
            assert a == pytest.approx(twin.activity[component], rel=1e-11), (name, component)
        slots = kernels.compiled.slots
        assert s[slots["I"]] == pytest.approx(twin.ionic_strength, rel=1e-11), name
        for component in (*kernels.compiled.tables.cations, *kernels.compiled.tables.ligands):
            free = s[slots[f"free.{component}"]]
            assert free == pytest.approx(twin.free[component], rel=1e-11), (name, component)
            if twin.free[component] == 0.0:
                assert free == 0.0, (name, component)


def test_rates_are_the_laws_at_the_same_activities(kernels, states) -> None:
    # Same numbers in, so only the order of additions and multiplications differs: 1e-13 relative
    # error of each input (round-off of exp, log and a few dozen products), and what it does to the
    # rate, cancellation included.
    model = kernels.model
    laws = reference_laws(model)
    nodes = [p.node for p in model.scenario.network.processes]
    for name, y in states.items():
        v = kernels.rates(y)
        activity = kernels.activities(kernels.work.s)
        values = laws(y, activity)
        allowed = 1e-13 * kernels.slack(y)
        for k, node in enumerate(nodes):
            expected = values[node]
            assert abs(v[k] - expected) <= 1e-12 * abs(expected) + allowed[k], (name, node)


def test_rates_and_derivative_are_those_of_the_twin(kernels, states) -> None:
    # The activities of the two differ by up to 1e-11 (first test): what that does to a rate, and
    # 1e-10 of the largest flux in or out of a state for its derivative.
    model = kernels.model
    fluxes, rhs = reference_fluxes(model), reference_rhs(model)
    matrix = np.abs(model.scenario.network.stoichiometry())
    for name, y in states.items():
        v, expected = kernels.rates(y), fluxes(y)
        allowed = 1e-11 * kernels.slack(y)
        allowed += 1e-11 * np.abs(expected)
        assert np.all(np.abs(v - expected) <= allowed), name
        dy = kernels.rhs(y)
        assert np.all(np.abs(dy - rhs(0.0, y)) <= matrix.T @ allowed), name


def test_observed_quantities(kernels, states) -> None:
    model, compiled, work = kernels.model, kernels.compiled, kernels.work
    quantities = reference_quantities(model)
    names = compiled.observed
    ys = np.array(list(states.values()))
    n = ys.shape[0]
    s = np.full((n, compiled.slots.size), np.nan)
    v = np.full((n, len(model.scenario.network.processes)), np.nan)
    o = np.full((n, len(names)), np.nan)
    failed = compiled.module.observe(ys, kernels.q, work.x, work.tot, work.s, work.v, s, v, o)
    assert failed == 0
    for k, y in enumerate(ys):
        expected = quantities(y)
        allowed = 1e-11 * kernels.slack(y, names)
        for j, name in enumerate(names):
            # 1e-90: an absent cation has ln a = -230 in the kernel, activity 1e-100, not 0
            bound = 1e-11 * abs(expected[name]) + allowed[j] + 1e-90
            assert abs(o[k, j] - expected[name]) <= bound, (k, name)
        # each row is that state's own: the rates are those of a cold call
        own = kernels.rates(y)
        bound = 1e-11 * kernels.slack(y)
        assert np.all(np.abs(v[k] - own) <= bound + 1e-11 * np.abs(own)), k


def test_derivative_does_not_remember_the_last_state(kernels, states) -> None:
    # The speciation starts from the last answer; the answer must not depend on it beyond the last
    # Newton step (1e-12, the square of the stopping step of 1e-6).
    w, module = kernels.work, kernels.compiled.module
    matrix = np.abs(kernels.model.scenario.network.stoichiometry())
    clean = {name: kernels.rhs(y) for name, y in states.items()}
    for before in ("start", "undersaturated", "no Mg"):
        for name, y in states.items():
            dy = np.full(y.size, np.nan)
            kernels.rhs(states[before])
            assert module.rhs(y, kernels.q, w.x, w.tot, w.s, w.v, dy) == 0
            unit = np.abs(kernels.fluxes) + kernels.slack(y)
            assert np.all(np.abs(dy - clean[name]) <= matrix.T @ (1e-10 * unit)), (before, name)


@pytest.mark.parametrize("state", ["Ca", "Mg", "Pi", "PPi", "ATP", "acp.m", "acp.n", "fet.free"])
def test_slightly_negative_state_stays_finite(kernels, states, state: str) -> None:
    # Solvers overshoot zero by less than their tolerance (1e-12 mol/L and less).
    for name in ("start", "random 0", "no PPi, no ATP", "undersaturated"):
        y = states[name]
        y[kernels.names.index(state)] = -1e-13
        assert np.all(np.isfinite(kernels.rhs(y))), name
        assert np.all(np.isfinite(kernels.jacobian(y))), name


def test_failed_speciation_is_told(kernels, states) -> None:
    y = states["start"]
    y[kernels.names.index("Ca")] = np.nan
    w, dy = kernels.work, np.zeros(y.size)
    matrix = np.zeros((y.size, y.size))
    assert kernels.compiled.module.rhs(y, kernels.q, w.x, w.tot, w.s, w.v, dy) < 0
    assert np.all(np.isnan(dy))
    assert kernels.compiled.module.jacobian(y, kernels.q, w.x, w.tot, w.s, matrix) < 0
    assert np.all(np.isnan(matrix))


VARIANTS = [
    load("t50_serum").with_({"temperature": "20 degC"}),
    load("t50_serum").with_({"temperature": "60 degC", "pH": 6.8}),
    load("t50_serum").with_({"ionic_strength": "0.15 mol/L"}),
    load("sbf").with_({"pH": 7.0, "ionic_strength": "1e-6 mol/L"}),
    *(
        load("t50_serum").with_(switch_off=[switch])
        for switch in load("t50_serum").scenario.network.switches
    ),
]


def variant_name(model: Model) -> str:
    return "+".join([model.name, *map(str, model.settings), *model.off])


@pytest.mark.parametrize("model", VARIANTS, ids=variant_name)
def test_settings_and_switches_reach_both(model: Model, kernels_for, states_for) -> None:
    kernels = kernels_for(model)
    fluxes = reference_fluxes(model)
    states = states_for(model.name)
    for name in ("start", "random 1", "random 2", "no Mg", "on the way, 0.1"):
        y = states[name]
        v, expected = kernels.rates(y), fluxes(y)
        allowed = 1e-11 * kernels.slack(y)
        assert np.all(np.abs(v - expected) <= allowed + 1e-11 * np.abs(expected)), name


def test_open_to_carbon_dioxide(tmp_path, kernels_for, states_for) -> None:
    # pCO2 fixes a species in the twin, the activity of carbonate in the kernel.
    path = tmp_path / "open.toml"
    path.write_text(
        'name = "open"\nsource = "test"\nnetwork = "calcification"\nmedium = "sbf"\n'
        'ph = "fixed"\nduration = "1 h"\nenzyme_scale = 0.0\npCO2 = 0.053\n'
    )
    model = load(path)
    kernels, fluxes = kernels_for(model), reference_fluxes(model)
    equilibrium = reference_equilibrium(model)
    for name, y in states_for("sbf").items():
        s = kernels.speciation(y)
        twin = equilibrium(y)
        for component, a in kernels.activities(s).items():
            assert a == pytest.approx(twin.activity[component], rel=1e-11), (name, component)
        v, expected = kernels.rates(y), fluxes(y)
        allowed = 1e-11 * kernels.slack(y)
        assert np.all(np.abs(v - expected) <= allowed + 1e-11 * np.abs(expected)), name
