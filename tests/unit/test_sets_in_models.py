"""A model with another constant set: nothing else changes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from calcikin import Model, load
from calcikin.analysis.constant_sets import with_constants
from calcikin.chemistry.speciation import solve
from calcikin.errors import UnknownNameError
from calcikin.paths import models_dir
from calcikin.solvers.scipy_ivp import Work


def test_only_the_constants_change() -> None:
    base, other = load("t50_serum"), with_constants("t50_serum", "phreeqc")
    assert other.scenario.constants.name == "phreeqc"
    assert other.name == base.name
    assert other.parameter_values() == base.parameter_values()
    assert other.input_values() == base.input_values()
    assert other.temperature == base.temperature
    assert other.scenario.sha256 != base.scenario.sha256


def test_a_file_of_constants_and_a_file_of_a_model(tmp_path: Path) -> None:
    constants = tmp_path / "mine.toml"
    text = (models_dir() / "constants" / "default.toml").read_text("utf-8")
    constants.write_text(text.replace('name = "default"', 'name = "mine"'))
    model = tmp_path / "slurry.toml"
    kept = [
        line
        for line in (models_dir() / "acp_slurry.toml").read_text("utf-8").splitlines()
        if not line.startswith("constants")
    ]
    model.write_text("\n".join(kept))  # a model that says nothing of constants has the default ones
    changed = with_constants(model, constants)
    assert changed.scenario.constants.name == "mine"
    assert load(str(model)).scenario.constants.name == "default"


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="phreeqc"):
        with_constants("t50_serum", "phreeq")
    with pytest.raises(UnknownNameError, match="t50_serum"):
        with_constants("t50", "phreeqc")


# --- the activity model of the set --------------------------------------------------------------


@pytest.fixture
def model() -> Model:
    return with_constants("t50_serum", "phreeqc")


def speciated(model: Model, q: np.ndarray, tot: np.ndarray) -> np.ndarray:
    """Slots of a cold speciation, cleaned of what Newton leaves by a second one."""
    module, slots = model.compiled.module, model.compiled.slots
    x, s = np.zeros(model.compiled.n_unknowns), np.zeros(slots.size)
    module.cold_start(q, tot, x)
    for _ in range(2):
        assert module.speciate(q, tot, x, s) >= 0
    return s


def test_kernels_take_the_activity_model_of_the_set(model: Model) -> None:
    compiled, q = model.compiled, model.parameter_vector()
    assert compiled.tables.activity == "truesdell_jones"
    q[compiled.layout["ph_fixed"]] = 1.0
    totals = {name: total for name, total in model.totals().items() if name != "H"}
    twin = solve(
        model.scenario.constants,
        totals,
        model.temperature,
        fixed_activity={"H": 10.0**-model.initial_ph},
    )
    assert twin.activity_model == "truesdell_jones"
    tot = np.array([totals.get(c, 0.0) for c in compiled.tables.components])
    s = speciated(model, q, tot)
    # the twin solves to 1e-12, the kernel to the square of 1e-6
    assert s[compiled.slots["I"]] == pytest.approx(twin.ionic_strength, rel=1e-11)
    assert math.exp(q[compiled.layout["ln_water"]]) == pytest.approx(twin.water_activity, abs=1e-13)
    for name in (*compiled.tables.cations, *compiled.tables.ligands):
        assert s[compiled.slots[f"free.{name}"]] == pytest.approx(twin.free[name], rel=1e-11), name
    for name in compiled.tables.ligands:
        activity = s[compiled.slots[f"a.{name}"]]
        assert activity == pytest.approx(twin.activity[name], rel=1e-11), name
    for name in compiled.tables.cations:
        activity = math.exp(s[compiled.slots[f"lna.{name}"]])
        assert activity == pytest.approx(twin.activity[name], rel=1e-11), name


@pytest.mark.parametrize("held", [{}, {"ionic_strength": 0.15}])
@pytest.mark.parametrize("name", ["t50_serum", "open_serum"])
def test_derivatives_by_totals_are_those_of_the_solution(name: str, held: dict[str, float]) -> None:
    model = with_constants(name, "phreeqc").with_(held)
    compiled, q = model.compiled, model.parameter_vector()
    module, slots = compiled.module, compiled.slots
    y = model.initial_state(q)
    work = Work.of(compiled)
    module.cold_start(q, work.tot, work.x)
    assert module.solution(q, y, work.x, work.tot, work.s) >= 0
    tot = work.tot.copy()

    def values(tot: np.ndarray) -> np.ndarray:
        s = speciated(model, q, tot)
        found = []
        for v in range(module.N_VARIABLES):
            component = compiled.tables.components[module.VARIABLE_TOTAL[v]]
            if module.VARIABLE_IS_CATION[v]:
                found.append(s[slots[f"lna.{component}"]])
            else:
                activity = s[slots[f"a.{component}"]]
                found.append(math.log(activity) if module.VARIABLE_IS_LOG[v] else activity)
        return np.array(found)

    exact = np.empty((module.N_VARIABLES, module.N_TOTALS))
    module._solution_derivatives(q, tot, speciated(model, q, tot), exact)
    for k in range(module.N_TOTALS):
        size = abs(tot[module.TOTAL_COMPONENT[k]])
        if size == 0.0:
            continue
        step = np.zeros(tot.size)
        step[module.TOTAL_COMPONENT[k]] = 1e-3 * size
        near, far = (values(tot + n * step) - values(tot - n * step) for n in (1.0, 2.0))
        # fourth order: 1e-12 of truncation; 1e-13/1e-3 of roundoff, more in small derivatives
        numeric = (8.0 * near - far) / (12.0 * step.sum())
        column = exact[:, k]
        scale = np.maximum(np.abs(column), 1e-5 * np.abs(column).max())
        assert np.all(np.abs(numeric - column) <= 1e-4 * scale), k


def test_a_run_with_it(model: Model) -> None:
    result = model.with_({"duration": "2 h"}).simulate()
    assert result.ok, result.reason


def test_sit_has_no_kernel_and_runs_with_davies() -> None:
    assert with_constants("t50_serum", "sit").compiled.tables.activity == "davies"
