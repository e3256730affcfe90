"""The ensemble on problems whose answers are published, and its empirical order."""

import numpy as np
import pytest

from calcikin.bench.stiff_problems import PROBLEMS
from calcikin.compiler.ode_system import compile_ode
from calcikin.solvers.ensemble import run_module
from calcikin.solvers.rosenbrock import METHODS
from calcikin.solvers.status import Status


def _solve(name: str, rtol: float, method: str = "rodas5p", width: int = 1, copies: int = 1):
    problem = PROBLEMS[name]
    module = compile_ode(name, problem.right, len(problem.start), 0, width)
    return run_module(
        module,
        np.zeros((copies, 1)),
        np.tile(problem.start, (copies, 1)),
        problem.end,
        tolerances=np.append(np.full(len(problem.start), rtol * problem.atol), rtol),
        method=method,
        first_step=1e-6,
        threads=1,
    )


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["robertson", "hires", "orego"])
def test_published_end_values(name: str, method: str, width: int) -> None:
    problem = PROBLEMS[name]
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        found = _solve(name, rtol, method, width)
        assert found.status[0] == Status.OK
        answer = np.array(problem.answer)
        errors.append(float(np.max(np.abs(found.last[0] - answer) / np.abs(answer))))
        # local errors add up over hundreds of steps, each within rtol
        assert errors[-1] < 10.0 * rtol
    assert errors[0] > errors[1] > errors[2]


def test_e5_keeps_its_balance_and_decays() -> None:
    # y2 - y3 - y4 = 0 is exact in the equations; the values of the end (1e-22 and less, from 1e-3)
    # lie below the rounding of the reaction rates, so the balance is what can be asked for.
    problem = PROBLEMS["e5"]
    found = _solve("e5", 1e-8)
    assert found.status[0] == Status.OK
    y = found.last[0]
    assert abs(y[1] - y[2] - y[3]) < 1e-16 * problem.start[0]
    assert np.all(np.abs(y) < 1e-16)


def test_empirical_order() -> None:
    # Fixed steps on y' = -y^2 (y = 1/(1+t)): the slope of error against step in a log plot.
    def right(y, p):
        del p
        return [-y[0] * y[0]]

    module = compile_ode("order", right, 1, 0, 1)
    for method, tableau in METHODS.items():
        errors, steps = [], np.array([0.1, 0.05, 0.025])
        for h in steps:
            z, t = np.ones(1), 0.0
            s = tableau.stages
            one = lambda: np.zeros(1)  # noqa: E731
            zs, c, zn, ok, hn, ig, ih = (one() for _ in range(7))
            u, lu = np.zeros((s, 1)), np.zeros(module.N_LU)
            while t < 2.0 - 1e-12:
                module._try_step(
                    z,
                    one(),
                    np.array([h]),
                    np.array([1.0, 1.0, -0.2]),
                    tableau.a,
                    tableau.c,
                    tableau.gamma,
                    lu,
                    zs,
                    c,
                    u,
                    ig,
                    ih,
                    np.ones(1),
                    np.zeros(2),
                    zn,
                    ok,
                    hn,
                )
                z, t = zn.copy(), t + h
            errors.append(abs(z[0] - 1.0 / 3.0))
        order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
        # within a quarter of the order: the next term of the expansion at these steps
        assert abs(order - tableau.order) < 0.25, method


def test_a_lane_that_fails_disturbs_no_other() -> None:
    module = compile_ode("robertson", PROBLEMS["robertson"].right, 3, 0, 4)
    start = np.tile(PROBLEMS["robertson"].start, (9, 1))
    tolerances = np.append(np.full(3, 1e-16), 1e-6)
    clean = run_module(module, np.zeros((9, 1)), start, 1e3, tolerances=tolerances)
    start[4] = np.nan
    spoilt = run_module(module, np.zeros((9, 1)), start, 1e3, tolerances=tolerances)
    assert spoilt.status[4] in (Status.NOT_FINITE, Status.SOLVER_FAILED)
    others = [k for k in range(9) if k != 4]
    assert np.all(spoilt.status[others] == Status.OK)
    assert np.array_equal(clean.last[others], spoilt.last[others])


def test_nothing_to_do_is_no_trouble() -> None:
    assert _solve("robertson", 1e-4, copies=0).status.size == 0
