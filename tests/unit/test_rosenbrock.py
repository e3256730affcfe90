"""The coefficients fulfil their order conditions, and the elimination solves."""

import dataclasses

import numpy as np
import pytest

from calcikin.compiler.elimination import eliminate
from calcikin.solvers.rosenbrock import METHODS, RODAS4, RODAS5P, _trees


def test_rooted_trees_are_all_there() -> None:
    # numbers of rooted trees: Hairer, Norsett & Wanner 1993, table II.2.1
    assert [len(set(_trees(p))) for p in range(1, 7)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("tableau", METHODS.values(), ids=list(METHODS))
def test_order_is_what_is_claimed_and_no_more(tableau) -> None:
    for p in range(1, tableau.order + 1):
        # rounding of 16 published digits of coefficients of up to 170
        assert max(abs(tableau.residual(tree)) for tree in _trees(p)) < 1e-13
    assert max(abs(tableau.residual(tree)) for tree in _trees(tableau.order + 1)) > 1e-4


def test_a_wrong_coefficient_is_refused() -> None:
    a = RODAS5P.a.copy()
    a[3, 1] += 1e-6
    with pytest.raises(ValueError, match="condition of order"):
        dataclasses.replace(RODAS5P, a=a)


@pytest.mark.parametrize("tableau", METHODS.values(), ids=list(METHODS))
def test_stiffly_accurate(tableau) -> None:
    # the last stage is evaluated at y1 without U_s, and its weight is 1
    alpha, beta, weights = tableau.classical()
    np.testing.assert_allclose(beta[-1], weights, atol=1e-12)
    assert alpha[-1].sum() == pytest.approx(1.0, abs=1e-12)


def test_the_embedded_solution_has_one_order_less() -> None:
    for tableau in (RODAS4, RODAS5P):
        s = tableau.stages
        whole = np.linalg.inv(np.eye(s) / tableau.gamma - tableau.c)
        weights = tableau.a[-1] @ whole  # y1 without U_s
        alpha, beta = tableau.a @ whole, tableau.a @ whole + whole
        one = np.ones(s)
        conditions = [weights.sum() - 1.0, weights @ beta @ one - 0.5]
        conditions += [
            weights @ (alpha @ one) ** 2 - 1.0 / 3.0,
            weights @ beta @ beta @ one - 1.0 / 6.0,
        ]
        assert np.abs(conditions).max() < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_elimination_solves_a_sparse_system(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    pattern = {(i, j) for i in range(n) for j in range(n) if rng.random() < 0.25}
    matrix = np.zeros((n, n))
    for i, j in pattern:
        matrix[i, j] = rng.normal()
    matrix += np.diag(5.0 + rng.random(n))
    plan = eliminate(pattern, n, first=[n - 1, 3])
    assert plan.order[:2] == (n - 1, 3)
    assert sorted(plan.order) == list(range(n))
    right = rng.normal(size=n)
    # the statements are those of a straight-line kernel: names and slots
    names: dict[str, float] = {f"a_{i}_{j}": matrix[i, j] for i in range(n) for j in range(n)}
    names |= {f"b_{i}": right[i] for i in range(n)}
    rows = [line for lines in plan.factor.values() for line in lines]
    _follow([*rows, *plan.solve], names)
    found = [names[f"b_{i}"] for i in range(n)]
    # dominant diagonal: a condition number under 100
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-12)


def _follow(lines: list[str], names: dict[str, float]) -> None:
    """Run such statements through the kernel that they are written for."""
    import linecache

    from numba import njit

    from calcikin.compiler.lanes import weave

    ins = sorted(k for k in names)
    outs = [k for k in ins if k.startswith("b_")]
    size = 1 + max((int(w) for line in lines for w in _slots(line)), default=0)
    body = [f"    {k} = given[{i}]" for i, k in enumerate(ins)]
    body += [f"    {line}" for line in lines]
    body += [f"    out[{i}] = {k}" for i, k in enumerate(outs)]
    text = "def follow(given, lu, out):\n" + "\n".join(body) + "\n"
    name = f"<follow {hash(text)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, object] = {}
    exec(compile(text, name, "exec"), scope)  # noqa: S102
    kernel = weave("follow", [scope["follow"]], ("given", "lu", "out"), 1)

    @njit
    def once(given, lu, out):
        kernel(given, lu, out)

    out = np.empty(len(outs))
    once(np.array([names[k] for k in ins]), np.empty(size), out)
    names.update(zip(outs, out.tolist(), strict=True))


def _slots(line: str) -> list[str]:
    return [part.split("]")[0] for part in line.split("lu[")[1:]]
