"""Rosenbrock methods: coefficients, and the order conditions that they must fulfil.

One step from y0 with step h, for an autonomous M y' = f(y) with the exact Jacobian J:

    (M/(gamma h) - J) U_i = f(y0 + sum_j<i A_ij U_j) + M sum_j<i C_ij U_j / h,   i = 1..s     (1)
    y1 = y0 + sum_j<s A_sj U_j + U_s,      error estimate U_s                                 (2)
    y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta)(k_1 + theta (k_2 + ...))),  k = H U   (3)

M is the identity, with zeros for algebraic equations (index 1). The form (1) without products of
J and vectors, and (3), are those of Hairer & Wanner 1996, *Solving Ordinary Differential Equations
II*, section IV.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["METHODS", "RODAS4", "RODAS5P", "Tableau"]

Array = npt.NDArray[np.float64]
#: Rounding of coefficients of a size of 100, printed to 16 digits, through two products.
_TOLERANCE = 1e-11
#: A rooted tree: its subtrees.
Tree = tuple["Tree", ...]


@cache
def _trees(order: int) -> tuple[Tree, ...]:
    """Every rooted tree with ``order`` nodes."""

    def forests(nodes: int, bound: tuple[int, int]) -> Iterator[Tree]:
        """Forests of so many nodes, in falling order of (size, index), bounded above."""
        if nodes == 0:
            yield ()
            return
        for size in range(min(nodes, bound[0]), 0, -1):
            trees = _trees(size)
            last = bound[1] if size == bound[0] else len(trees) - 1
            for k in range(min(last, len(trees) - 1), -1, -1):
                for rest in forests(nodes - size, (size, k)):
                    yield (trees[k], *rest)

    return tuple(forests(order - 1, (order, 10**6)))


def _size(tree: Tree) -> int:
    return 1 + sum(_size(branch) for branch in tree)


def _density(tree: Tree) -> int:
    """Gamma(t) of the tree: the product of the sizes of all its subtrees."""
    product = _size(tree)
    for branch in tree:
        product *= _density(branch)
    return product


@dataclass(frozen=True, eq=False)
class Tableau:
    """Coefficients of one method, checked against the order conditions when built.

    Attributes
    ----------
    name, source : str
    order : int
        Order of y1; the error estimate has one less.
    gamma : float
    a, c : ndarray, shape (s, s), strictly lower triangular
    h : ndarray, shape (k, s)
        Dense output.

    Raises
    ------
    ValueError
        When a condition fails.
    """

    name: str
    source: str
    order: int
    gamma: float
    a: Array
    c: Array
    h: Array = field(repr=False)

    def __post_init__(self) -> None:
        for p in range(1, self.order + 1):
            for tree in _trees(p):
                error = self.residual(tree)
                if abs(error) > _TOLERANCE:
                    raise ValueError(f"{self.name}: condition of order {p} missed by {error:.1e}")

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return len(self.c)

    @classmethod
    def of(
        cls,
        name: str,
        source: str,
        order: int,
        gamma: float,
        a: list[list[float]],
        c: list[list[float]],
        h: list[list[float]],
    ) -> Tableau:
        """From the rows as published: the last rows of A each add 1 to the row before."""
        s = len(c)
        full_a, full_c = np.zeros((s, s)), np.zeros((s, s))
        for i in range(s):
            full_c[i, : len(c[i])] = c[i]
            if i < len(a):
                full_a[i, : len(a[i])] = a[i]
            else:
                full_a[i] = full_a[i - 1]
                full_a[i, i - 1] = 1.0
        return cls(name, source, order, gamma, full_a, full_c, np.array(h))

    def classical(self) -> tuple[Array, Array, Array]:
        """Return alpha, alpha + Gamma and the weights b of the method's classical form."""
        s = self.stages
        whole = np.linalg.inv(np.eye(s) / self.gamma - self.c)
        alpha = self.a @ whole
        weights = self.a[-1].copy()
        weights[-1] = 1.0
        return alpha, alpha + whole, weights @ whole

    def residual(self, tree: Tree) -> float:
        """By how much the order condition of a rooted tree is missed.

        sum_i b_i Phi_i(t) = 1 / gamma(t); a node with one branch takes alpha + Gamma, a node with
        several takes alpha (Hairer & Wanner 1996, section IV.7).
        """
        alpha, beta, weights = self.classical()

        def phi(node: Tree) -> Array:
            matrix = beta if len(node) == 1 else alpha
            product = np.ones(self.stages)
            for branch in node:
                product = product * (matrix @ phi(branch))
            return product

        return float(weights @ phi(tree)) - 1.0 / _density(tree)


RODAS4 = Tableau.of(
    "Rodas4",
    "Hairer & Wanner 1996, Solving Ordinary Differential Equations II, section VI.4",
    4,
    0.25,
    a=[
        [],
        [1.544],
        [0.9466785280815826, 0.2557011698983284],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895],
    ],
    c=[
        [],
        [-5.6688],
        [-2.430093356833875, -0.2063599157091915],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616],
        [
            8.083246795921522,
            -7.981132988064893,
            -31.52159432874371,
            16.31930543123136,
            -6.058818238834054,
        ],
    ],
    h=[
        [
            10.12623508344586,
            -7.487995877610167,
            -34.80091861555747,
            -7.992771707568823,
            1.025137723295662,
            0.0,
        ],
        [
            -0.6762803392801253,
            6.087714651680015,
            16.43084320892478,
            24.76722511418386,
            -6.594389125716872,
            0.0,
        ],
    ],
)

RODAS5P = Tableau.of(
    "Rodas5P",
    "Steinebach 2023, BIT Numer Math 63:27, doi:10.1007/s10543-023-00967-x",
    5,
    0.21193756319429014,
    a=[
        [],
        [3.0],
        [2.849394379747939, 0.45842242204463923],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
        [
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
        ],
    ],
    c=[
        [],
        [-14.155112264123755],
        [-17.97296035885952, -2.859693295451294],
        [147.12150275711716, -1.41221402718213, 71.68940251302358],
        [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
        [
            24.854864614690072,
            -3.0009227002832186,
            47.4931110020768,
            5.5814197821558125,
            -0.6610691825249471,
        ],
        [
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
        ],
        [
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ],
    ],
    h=[
        [
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ],
        [
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ],
        [
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ],
    ],
)

METHODS = {"rodas4": RODAS4, "rodas5p": RODAS5P}
