"""The ensemble on problems whose answers are published, and its empirical order."""

import numpy as np
import pytest

from calcikin.bench.stiff_problems import PROBLEMS
from calcikin.compiler.ode_system import compile_ode
from calcikin.compiler.stages import MOST_STAGES
from calcikin.solvers.ensemble import run_module
from calcikin.solvers.rosenbrock import METHODS
from calcikin.solvers.status import Status


def _solve(name: str, rtol: float, method: str = "rodas5p", width: int = 1, copies: int = 1):
    problem = PROBLEMS[name]
    module = compile_ode(name, problem.right, len(problem.start), 0, width, problem.conserved)
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


@pytest.mark.parametrize("method", METHODS)
def test_e5_ends_where_it_should(method: str) -> None:
    # From 1e-3 down to 1e-22. y2 and y3 have been 1e-10 before, so that the rounding of every step
    # leaves 1e-26 in each: 1e-4 of the answer, and some ten times that after a thousand steps. What
    # y1 is at the end (1e-290) has no digits in any norm; the published y4 is nothing.
    problem = PROBLEMS["e5"]
    for rtol in (1e-4, 1e-6):
        found = _solve("e5", rtol, method)
        assert found.status[0] == Status.OK
        y = found.last[0]
        np.testing.assert_allclose(y[1:3], problem.answer[1:3], rtol=5e-3)
        assert np.all(np.abs(y[[0, 3]]) < 1e-40)


@pytest.mark.parametrize("i", range(1, 8))
def test_sums_over_stages(i: int) -> None:
    rng = np.random.default_rng(i)
    problem = PROBLEMS["hires"]
    module = compile_ode("hires", problem.right, len(problem.start), 0, 4, problem.conserved)
    n = module.SIZE
    z, stages = rng.normal(size=n), rng.normal(size=(8, n))
    a, c = rng.normal(size=(8, 8)), rng.normal(size=(8, 8))
    zs, cs = np.empty(n), np.empty(n)
    module._combine(i, z, stages, a, c, zs, cs)
    # a dozen roundings of numbers of the size of 1
    np.testing.assert_allclose(zs, z + a[i, :i] @ stages[:i], rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(cs, c[i, :i] @ stages[:i], rtol=0.0, atol=1e-14)


def test_every_method_finds_its_stages() -> None:
    assert max(tableau.stages for tableau in METHODS.values()) == MOST_STAGES


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
