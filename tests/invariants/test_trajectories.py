"""What must hold along every run of every model file: balances, positivity, repeatability."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from calcikin import Model, Result, load
from calcikin.model.modelfile import scenario_names
from calcikin.solvers.status import Status

Array = npt.NDArray[np.float64]
SOLVERS = ("lsoda", "bdf", "radau")


@cache
def model_of(name: str) -> Model:
    return load(name)


@cache
def run_of(name: str, solver: str = "lsoda", rtol: float = 1e-6) -> Result:
    return model_of(name).simulate(solver=solver, rtol=rtol)


def norm(model: Model, y: Array, reference: Array) -> float:
    """Largest |y - ref| / (atol/rtol + |ref|): the solver's own norm, tolerance taken out."""
    scale = model.tolerances(1.0)
    return float(np.max(np.abs(y - reference) / (scale + np.abs(reference))))


@pytest.mark.parametrize("name", scenario_names())
class TestEveryModel:
    def test_run_is_sound(self, name: str) -> None:
        for solver in SOLVERS:
            result = run_of(name, solver)
            assert result.status is Status.OK, (solver, result.reason)
            assert np.all(np.isfinite(result.y))
            assert np.all(np.isfinite(result.v))
            assert result.t[-1] == model_of(name).duration

    def test_elements_and_charge_balance(self, name: str) -> None:
        # The processes conserve each of them exactly, and all three methods keep linear invariants
        # to round-off; 1e-8 is what the model promises. Oxygen and hydrogen come and go with water:
        # what every process keeps is H - 2 O.
        states = model_of(name).scenario.network.states
        elements = {e for s in states for e in s.elements} - {"H", "O"}
        rows = {e: np.array([s.elements.get(e, 0.0) for s in states]) for e in elements}
        rows["charge"] = np.array([s.charge for s in states])
        rows["H - 2 O"] = np.array(
            [s.elements.get("H", 0.0) - 2.0 * s.elements.get("O", 0.0) for s in states]
        )
        assert {"Ca", "Mg", "P", "FetuinA"} <= set(rows)
        for solver in SOLVERS:
            result = run_of(name, solver)
            for what, row in rows.items():
                amount = result.y @ row
                scale = np.abs(result.y[0]) @ np.abs(row)
                # 1e-40 mol/L: the kernels give an absent cation an activity of 1e-100, and what
                # grows from that is far below any tolerance of the solvers
                allowed = 1e-8 * scale + 1e-40
                assert np.all(np.abs(amount - amount[0]) <= allowed), (solver, what)
            assert result.balance_error <= 1e-8

    def test_nothing_is_negative(self, name: str) -> None:
        # Ions and mineral: 100 absolute tolerances (one state may err by 5 of them in each step,
        # as the solvers take the mean over 25 states). Numbers, guests and coats of particles that
        # have dissolved away carry the error made while they were many: 1e-3 of that.
        model = model_of(name)
        atol = model.tolerances(1e-6)
        for solver in SOLVERS:
            y = run_of(name, solver).y
            low, high = y.min(axis=0), y.max(axis=0)
            for i, state in enumerate(model.scenario.network.states):
                if state.signed or state.component == "H":
                    continue
                of_particles = state.name.endswith((".n", ".mg")) or "FetuinA" in state.elements
                allowed = 100.0 * atol[i] + (1e-3 * high[i] if of_particles else 0.0)
                assert low[i] >= -allowed, (solver, state.name)

    def test_output_times_do_not_change_the_run(self, name: str) -> None:
        # Steps and end state bit for bit. Between steps the interpolant is a matrix product, whose
        # last bit depends on how many times are asked for at once.
        model = model_of(name)
        for solver in SOLVERS:
            result = run_of(name, solver)
            picked = np.concatenate([np.arange(0, result.t.size - 1, 40), [result.t.size - 1]])
            coarse = model.simulate(solver=solver, times=result.t[picked])
            two = model.simulate(solver=solver, times=np.array([0.0, model.duration]))
            for other in (coarse, two):
                assert np.array_equal(other.y[-1], result.y[-1]), solver
                assert other.solution.nfev == result.solution.nfev
                assert other.solution.njev == result.solution.njev
            assert norm(model, coarse.y, result.y[picked]) < 1e-13, solver

    def test_repeated_run_is_the_same_to_the_last_bit(self, name: str) -> None:
        first = run_of(name)
        again = load(name).simulate()
        assert np.array_equal(again.y, first.y)
        assert np.array_equal(again.v, first.v)
        assert np.array_equal(again.o, first.o)

    def test_lsoda_agrees_with_radau(self, name: str) -> None:
        # LSODA's error at rtol 1e-11 is 1e-10 to 5e-8 in this norm, Radau's at 1e-9 up to 5e-8
        # (both largest where the last ACP dissolves); 1e-6 leaves room for other parameters.
        model = model_of(name)
        lsoda, radau = run_of(name, "lsoda", 1e-11), run_of(name, "radau", 1e-9)
        assert norm(model, lsoda.y, radau.y) < 1e-6

    def test_default_tolerance_misses_no_event(self, name: str) -> None:
        # Nucleation from nothing is explosive; a step over it would leave a clear solution.
        tight = run_of(name, "lsoda", 1e-11)
        for solver in SOLVERS:
            result = run_of(name, solver)
            for phase, calcium in tight.phases.items():
                # 1e-4 mmol/L of some mmol/L: ten thousand times the tolerance of an amount
                assert result.phases[phase][-1] == pytest.approx(
                    float(calcium[-1]), rel=1e-2, abs=1e-7
                ), (solver, phase)
            expected, found = tight.t50_crystalline(), result.t50_crystalline()
            assert math.isnan(expected) == math.isnan(found)
            if not math.isnan(expected):
                assert found == pytest.approx(expected, abs=0.5)  # min; a reader's cycle takes 3

    def test_fluxes_make_the_derivative(self, name: str) -> None:
        # Between two close outputs of a tight run: y(b) - y(a) = integral of N^T v, by Simpson.
        model = model_of(name)
        network = model.scenario.network
        end = model.duration
        middle = 0.3 * end
        width = 1e-4 * end
        times = np.array([0.0, middle - width, middle, middle + width, end])
        result = model.simulate(rtol=1e-11, times=times)
        slopes = result.v[1:4] @ network.stoichiometry()
        change = width / 3.0 * (slopes[0] + 4.0 * slopes[1] + slopes[2])
        # error of Simpson's rule: of the order of its difference to the midpoint rule;
        # interpolation error of the output: 1e-8 of the state
        allowed = 0.1 * np.abs(change - 2.0 * width * slopes[1]) + 1e-8 * np.abs(result.y[2])
        allowed += 10.0 * model.tolerances(1e-9)
        assert np.all(np.abs(result.y[3] - result.y[1] - change) <= allowed)
