"""The exact Jacobian against differences of the compiled right-hand side, column by column.

Central differences by Ridders' method: the step shrinks, Richardson extrapolation removes the error
terms one after the other, and the entry that differs least from its neighbours is taken; that
difference is its own error estimate. Two kinds of place need care.

- Kinks. Laws contain max(x, 0). A difference may not straddle one: the signs of every argument of
  `pos` and `pos_power`, recorded in the plain Python twin, must be those of the middle on both
  sides, else the step is made smaller. Where the state itself sits on a kink (an empty population,
  an absent ion), the Jacobian is the derivative from the left, because the derivative of max(x, 0)
  at 0 is taken as 0; there the difference is one-sided, towards negative amounts.
- Total H has no sign and no natural zero: its step is scaled by the buffer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from calcikin import load
from calcikin.laws import adsorption, enzymes, growth, populations, vocabulary
from calcikin.model.modelfile import scenario_names
from calcikin.simulate.reference import reference_laws

Array = npt.NDArray[np.float64]
SHRINK = 2.0
TRIALS = 5


def ridders(f: Callable[[float], Array], h: float, central: bool) -> tuple[Array, Array]:
    """Derivative of f at 0 and its estimated error, elementwise; from the left if not central."""
    order = 2 if central else 1
    base = f(0.0)
    table: list[Array] = []
    best, error = np.zeros_like(base), np.full(base.shape, np.inf)
    for k in range(TRIALS):
        row = [(f(h) - f(-h)) / (2.0 * h) if central else (base - f(-h)) / h]
        for m in range(1, k + 1):
            power = SHRINK ** (order * m)
            row.append((row[m - 1] * power - table[m - 1]) / (power - 1.0))
            spread = np.maximum(abs(row[m] - row[m - 1]), abs(row[m] - table[m - 1]))
            better = spread < error
            best, error = np.where(better, row[m], best), np.where(better, spread, error)
        table = row
        h /= SHRINK
    return best, error


@pytest.fixture
def kink_signs(kernels, monkeypatch: pytest.MonkeyPatch) -> Callable[[Array], tuple[bool, ...]]:
    """Signs of every argument of `pos` and `pos_power` at a state, in order of evaluation."""
    seen: list[bool] = []
    plain_pos, plain_power = vocabulary.pos, vocabulary.pos_power

    def pos(x):
        seen.append(bool(x > 0.0))
        return plain_pos(x)

    def pos_power(x, n):
        seen.append(bool(x > 0.0))
        return plain_power(x, n)

    for module in (adsorption, enzymes, growth, populations, vocabulary):
        for name, recorder in (("pos", pos), ("pos_power", pos_power)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, recorder)
    laws = reference_laws(kernels.model)

    def signs(y: Array) -> tuple[bool, ...]:
        activity = kernels.activities(kernels.speciation(y))
        seen.clear()
        laws(y, activity)
        return tuple(seen)

    return signs


TRIED = [
    "start",
    "random 0",
    "random 1",
    "random 3",
    "empty populations",
    "no Mg",
    "no PPi, no ATP",
    "nearly exhausted ACP",
    "mineral without particles",
    "particles without mineral",
    "undersaturated",
    "coat without particles",
    "on the way, 0.02",
    "on the way, 0.25",
    "on the way, 1",
]


def first_step(kernels, y: Array, j: int) -> tuple[float, bool]:
    """Step to begin with for state j [mol/L], and whether there is room on both sides."""
    state = kernels.model.scenario.network.states[j]
    if state.component == "H":
        return 1e-4 * (kernels.q[kernels.compiled.layout["total.HEPES"]] or 1e-3), True
    if y[j] > 0.0:
        # trace ligands act so little that 1 % of them would drown in the round-off of the rates
        return max(1e-2 * y[j], 3e-8 if state.component is not None else 0.0), True
    if not state.elements:
        return 1e-24, False  # 0.6 particles in a litre; they act through n + 1e-27 mol/L
    return 1e-13, False


def checked_column(kernels, kink_signs, y: Array, j: int) -> tuple[Array, Array]:
    """Differences for column j and how far they may be off."""
    unit = np.eye(y.size)[j]
    h, central = first_step(kernels, y, j)
    middle = kink_signs(y)
    while any(kink_signs(y + d * unit) != middle for d in ((-h, h) if central else (-h,))):
        h /= 4.0
        assert abs(h) > 1e-9 * abs(y[j]) + 1e-32, "sits on a kink"
    numeric, error = ridders(lambda d: kernels.rhs(y + d * unit), h, central)
    # Round-off of the right-hand side: each flux as uncertain as relative errors of 1e-13 in states
    # and activities make it (1e-15 of the largest term of a balance, times the condition number of
    # the equilibria), and as the last bit of its own; over the smallest step. The differences' own
    # estimate comes on top.
    matrix = np.abs(kernels.model.scenario.network.stoichiometry())
    fluxes = np.abs(kernels.rates(y))
    noise = matrix.T @ (1e-13 * kernels.slack(y) + 4e-16 * fluxes) * SHRINK ** (TRIALS - 1) / h
    return numeric, 3.0 * error + noise


#: One model for each structure and mode of pH: the others run the same kernels.
MODELS = ("t50_serum", "sbf", "open_serum")


def test_every_kernel_is_tried() -> None:
    def kernel(name: str) -> tuple[str, bool]:
        model = load(name)
        return model.compiled.path.stem, model.scenario.closed_ph

    assert {kernel(name) for name in MODELS} == {kernel(name) for name in scenario_names()}


@pytest.mark.parametrize("name", TRIED)
@pytest.mark.parametrize("kernels", MODELS, indirect=True)
def test_every_column(kernels, states, kink_signs, name: str) -> None:
    y = states[name]
    exact = kernels.jacobian(y)
    names = kernels.names
    sharp = 0
    for j in range(y.size):
        numeric, allowed = checked_column(kernels, kink_signs, y, j)
        off = np.abs(numeric - exact[:, j]) - (1e-6 * np.abs(exact[:, j]) + allowed)
        wrong = {names[i]: (exact[i, j], numeric[i], allowed[i]) for i in np.flatnonzero(off > 0.0)}
        assert not wrong, f"column {names[j]}: {wrong}"
        sharp += int(np.count_nonzero(allowed < 1e-3 * np.abs(exact[:, j])))
    # The bounds must not be so wide that they prove nothing: entries known to 1e-3 and better.
    needed = 0.7 if name.startswith("random") else 0.4
    assert sharp >= needed * np.count_nonzero(exact), f"{sharp} of {np.count_nonzero(exact)}"
