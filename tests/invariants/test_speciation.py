"""What must hold for every solution: convergence, balances, symmetry, exact zeros, closed pH."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcikin.chemistry.activity import ActivityWarning, log10_gamma
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.sensitivities import sensitivities
from calcikin.chemistry.speciation import (
    Equilibrium,
    ionised,
    saturation_indices,
    solve,
    ultrafiltrable,
)
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError

NAMES = [name for name in load_constants().components if name != "H"]
PLASMA = load_medium("serum").totals()


@pytest.fixture(autouse=True)
def beyond_davies() -> Iterator[None]:
    # Extreme solutions are meant here; that they warn is tested by name below.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ActivityWarning)
        yield


def at_ph(
    totals: dict[str, float], pH: float = 7.4, T: float = 310.15, **rest: object
) -> Equilibrium:
    return solve(load_constants(), totals, T, fixed_activity={"H": 10**-pH}, **rest)  # type: ignore[arg-type]


def assert_balanced(solution: Equilibrium, totals: dict[str, float]) -> None:
    """Mass balances summed with math.fsum, mass action and ionic strength, all from scratch."""
    constants = solution.constants
    for name, total in totals.items():
        parts = [solution.free[name]]
        for species, c in solution.species.items():
            parts.append(constants.species[species].stoichiometry.get(name, 0) * c)
        # H may cancel: relative to what is there, not to the difference. 1e-10 is the promise.
        scale = sum(map(abs, parts))
        assert abs(math.fsum(parts) - total) <= 1e-10 * scale, name
    squares = [constants.components[n].charge ** 2 * c for n, c in solution.free.items()]
    for species, c in solution.species.items():
        item = constants.species[species]
        log_c = item.log_beta(solution.T)
        present = all(solution.free[k] > 0.0 for k in item.stoichiometry)
        assert (c > 0.0) == present or c < 1e-300
        for component, count in item.stoichiometry.items():
            a = solution.free[component]
            if not item.conditional:
                a *= solution.gamma[component]
            log_c += count * math.log10(a) if a > 0.0 else -math.inf
        if not item.conditional:
            log_c -= math.log10(solution.gamma[species])
            squares.append(item.charge**2 * c)
        if c > 1e-300:
            # 1e-10 in log10: terms of order 100 in double precision
            assert math.log10(c) == pytest.approx(log_c, abs=1e-10), species
    assert solution.ionic_strength == pytest.approx(0.5 * math.fsum(squares), rel=1e-10)


# --- convergence -------------------------------------------------------------------------------


def test_plasma_is_balanced() -> None:
    solution = at_ph(PLASMA)
    assert solution.residual < 1e-10
    assert_balanced(solution, PLASMA)


@st.composite
def waters(draw: st.DrawFn) -> tuple[dict[str, float], float, float]:
    """Totals from exact zero and 1e-15 to 2 mol/L, pH 2-12, 4-60 degC."""
    totals = {}
    for name in NAMES:
        if draw(st.booleans()):
            totals[name] = 10.0 ** draw(st.floats(-15.0, math.log10(2.0)))
    return totals, draw(st.floats(2.0, 12.0)), draw(st.floats(277.15, 333.15))


@given(waters())
def test_any_water_converges_and_balances(water: tuple[dict[str, float], float, float]) -> None:
    totals, pH, T = water
    solution = at_ph(totals, pH, T)
    assert solution.residual < 1e-10
    assert solution.iterations < 150  # counted; 91 is the worst of 20 000 random waters
    assert_balanced(solution, totals)


@given(waters(), st.integers(0, 2**32 - 1))
def test_closed_ph_gives_the_fixed_ph_back_from_any_start(
    water: tuple[dict[str, float], float, float], seed: int
) -> None:
    totals, pH, T = water
    fixed = at_ph(totals, pH, T)
    draw = np.random.default_rng(seed)
    start = {name: 10.0 ** draw.uniform(-30.0, 2.0) for name in [*totals, "H"]}
    closed = solve(load_constants(), {**totals, "H": fixed.totals["H"]}, T, start=start)
    assert closed.residual < 1e-10
    # The total of H may be a small difference of large numbers (unbuffered, neutral): its roundoff,
    # 1e-16 of what cancels, over the buffer value dT_H/dpH, at least 2.3 ([H] + [OH]) > 2e-7.
    loose = 1e-9 + 1e-14 * abs(fixed.totals["H"]) / 2e-7
    assert closed.pH == pytest.approx(pH, abs=loose)
    for name, c in fixed.free.items():
        assert closed.free[name] == pytest.approx(c, rel=1e-7 + 100 * loose), name


ADVERSARIAL = [
    {"Ca": 2.0},  # one metal, no ligand
    {"Pi": 2.0},
    {"ATP": 2.0, "Mg": 2.0, "Ca": 2.0},
    {"Ca": 2.0, "PPi": 1e-15},
    {"Ca": 1e-15, "PPi": 2.0},
    {"Mg": 1e-3, "PPi": 1e-3},  # equivalence points: the Hessian is nearly singular there
    {"Mg": 2.0, "PPi": 2.0},
    {"Ca": 1e-3, "Mg": 1e-3, "PPi": 2e-3},
    {"Ca": 1e-6, "Fet": 1e-6},
    {"Alb": 2.0, "Ca": 1e-15, "Mg": 2.0},
    {"Tris": 2.0},
    {"Lac": 1e-15},
    {},
    dict.fromkeys(NAMES, 1e-15),
    dict.fromkeys(NAMES, 2.0),
    {name: 2.0 if i % 2 else 1e-15 for i, name in enumerate(NAMES)},
]


@pytest.mark.parametrize("totals", ADVERSARIAL, ids=lambda t: "+".join(t) if len(t) < 5 else "all")
@pytest.mark.parametrize("pH", [2.0, 7.0, 12.0])
def test_adversarial_waters(totals: dict[str, float], pH: float) -> None:
    solution = at_ph(totals, pH)
    assert solution.residual < 1e-10
    assert_balanced(solution, totals)


@pytest.mark.parametrize("seed", range(20))
def test_start_does_not_matter(seed: int) -> None:
    draw = np.random.default_rng(seed)
    start = {name: 10.0 ** draw.uniform(-40.0, 3.0) for name in PLASMA}
    base, other = at_ph(PLASMA), at_ph(PLASMA, start=start)
    for name, c in base.free.items():
        # the unique minimum; 1e-12 is the stopping residual, times a condition number of about 10
        assert other.free[name] == pytest.approx(c, rel=1e-11), name


def test_solution_is_its_own_solution() -> None:
    first = at_ph(PLASMA)
    again = solve(load_constants(), first.totals, first.T, start=first.free)
    assert again.pH == pytest.approx(7.4, abs=1e-10)
    for name, c in first.species.items():
        assert again.species[name] == pytest.approx(c, rel=1e-9)


# --- symmetry ----------------------------------------------------------------------------------


def shuffled(constants: ConstantSet, seed: int) -> ConstantSet:
    draw = np.random.default_rng(seed)

    def mix(items: dict[str, object]) -> dict[str, object]:
        names = list(items)
        return {names[i]: items[names[i]] for i in draw.permutation(len(names))}

    return replace(constants, components=mix(constants.components), species=mix(constants.species))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_order_of_components_and_species_does_not_matter(seed: int) -> None:
    base = at_ph(PLASMA)
    other = solve(shuffled(load_constants(), seed), PLASMA, fixed_activity={"H": 10**-7.4})
    for name, c in [*base.free.items(), *base.species.items()]:
        assert (other.free | other.species)[name] == pytest.approx(c, rel=1e-11), name


@pytest.mark.parametrize("trace", ["PPi", "ATP", "Cit", "Pi"])
def test_trace_ligand_scales(trace: str) -> None:
    # A ligand too dilute to matter is shared out in the same proportions at any amount.
    small = at_ph({**PLASMA, trace: 1e-13})
    smaller = at_ph({**PLASMA, trace: 1e-15})
    for name, species in load_constants().species.items():
        if trace in species.stoichiometry:
            # 1e-9: at 1e-13 mol/L it takes 1e-10 of the metals
            assert 100 * smaller.species[name] == pytest.approx(small.species[name], rel=1e-9)


def test_scale_of_everything_at_fixed_ionic_strength() -> None:
    # At fixed I and pH, one-to-one complexes follow the law of dilution: K c stays the same when
    # all totals are divided and all constants between them multiplied by 10.
    constants = load_constants().without(species=["Mg2ATP"])
    base = solve(constants, PLASMA, fixed_activity={"H": 10**-7.4}, ionic_strength=0.15)
    tenfold = {}
    for name, item in constants.species.items():
        metals = sum(n for c, n in item.stoichiometry.items() if c != "H")
        scaled = replace(
            item, formation=replace(item.formation, **_shifted(item, max(metals - 1, 0)))
        )
        tenfold[name] = scaled
    thin = {name: c / 10.0 for name, c in PLASMA.items()}
    other = solve(
        replace(constants, species=tenfold),
        thin,
        fixed_activity={"H": 10**-7.4},
        ionic_strength=0.15,
    )
    for name, c in base.free.items():
        if name != "H":
            assert 10.0 * other.free[name] == pytest.approx(c, rel=1e-10), name


def _shifted(item: object, by: int) -> dict[str, object]:
    """The fields of a LogK that is `by` larger at every temperature."""
    formation = item.formation  # type: ignore[attr-defined]
    a = formation.coefficients
    return {
        "value_25": formation.value_25 + by,
        "delta_h": None,
        "analytic": (a[0] + by, *a[1:]),
    }


# --- exact zeros -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Mg", "Pi", "ATP", "Alb", "HEPES"])
def test_zero_total_is_left_out_exactly(name: str) -> None:
    without = {k: v for k, v in PLASMA.items() if k != name}
    zero = at_ph({**without, name: 0.0})
    absent = at_ph(without)
    assert zero.free == absent.free
    assert zero.species == absent.species
    assert zero.free[name] == 0.0
    for species, item in load_constants().species.items():
        if name in item.stoichiometry:
            assert zero.species[species] == 0.0


def test_limit_of_vanishing_magnesium_is_no_magnesium() -> None:
    none, trace = at_ph({**PLASMA, "Mg": 0.0}), at_ph({**PLASMA, "Mg": 1e-15})
    for name in ("Ca", "Pi", "Alb"):
        assert trace.free[name] == pytest.approx(none.free[name], rel=1e-10)
    assert saturation_indices(none)["WH"] == -math.inf
    assert saturation_indices(none)["HAP"] == pytest.approx(saturation_indices(trace)["HAP"])


def test_pure_water() -> None:
    # no solutes: [H] = [OH], pH = pKw/2; gamma is 1 to 1e-3 at I = 1e-7
    solution = solve(load_constants(), {"H": 0.0}, 298.15)
    assert solution.pH == pytest.approx(13.995 / 2, abs=1e-3)
    assert solution.free["H"] == pytest.approx(solution.species["OH-"], rel=1e-9)


# --- closed forms ------------------------------------------------------------------------------


def test_one_complex_has_the_solution_of_a_quadratic() -> None:
    # CaLac+ alone, at fixed I: x = [CaLac] solves K (a - x)(b - x) = x
    a, b, ionic_strength, T = 3e-3, 0.8, 0.1, 298.15
    constants = load_constants()
    keep = [name for name in constants.species if name not in ("CaLac+", "OH-")]
    lean = constants.without(species=keep)
    solution = solve(
        lean,
        {"Ca": a, "Lac": b},
        T,
        fixed_activity={"H": 1e-7},
        ionic_strength=ionic_strength,
    )
    shift = sum(f * log10_gamma(z, ionic_strength, T) for z, f in ((2, 1), (-1, 1), (1, -1)))
    k = 10 ** (1.48 + shift)
    p = a + b + 1 / k
    x = 2 * a * b / (p + math.sqrt(p * p - 4 * a * b))
    assert solution.species["CaLac+"] == pytest.approx(x, rel=1e-12)


def test_conditional_sites_act_on_concentrations() -> None:
    # albumin alone with calcium: K = [CaAlb]/([Ca][Alb]) = 95 L/mol at any ionic strength
    for chloride in (0.0, 0.3):
        solution = at_ph({"Ca": 2e-3, "Alb": 8e-3, "Na": chloride, "Cl": chloride})
        bound = solution.species["CaAlb+2"]
        ratio = bound / (solution.free["Ca"] * solution.free["Alb"])
        assert ratio == pytest.approx(95.0, rel=1e-4)  # 1.9777 has five digits


def test_open_to_carbon_dioxide() -> None:
    # Fixed pCO2 and pH; then the same water closed, its carbonate a total: nothing may change.
    base = {k: v for k, v in PLASMA.items() if k != "CO3"}
    H = 10**-7.4
    opened = solve(load_constants(), base, fixed_activity={"H": H, "CO2(g)": 0.053})
    gas = load_constants().gases["CO2(g)"].log_k.at(310.15)
    assert opened.activity["CO2"] == pytest.approx(0.053 * 10**gas, rel=1e-12)
    closed = at_ph({**base, "CO3": opened.totals["CO3"]})
    assert closed.free["Ca"] == pytest.approx(opened.free["Ca"], rel=1e-10)
    # and with H as a total: H counts relative to CO2, so its total is lower by 2 per carbonate
    excess = opened.totals["H"] - 2.0 * opened.totals["CO3"]
    free_ph = solve(
        load_constants(), {**base, "H": excess}, fixed_activity={"CO2": opened.activity["CO2"]}
    )
    assert free_ph.pH == pytest.approx(7.4, abs=1e-9)


# --- derivatives -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ca", "Mg", "Pi", "PPi", "Alb", "Na"])
def test_derivatives_by_totals(name: str) -> None:
    # central differences with a relative step of 1e-4: error about 1e-8 of second-order terms
    # (relative), roundoff 1e-12/1e-4
    solution = at_ph(PLASMA)
    exact = sensitivities(solution)
    step = 1e-4 * PLASMA[name]
    up = at_ph({**PLASMA, name: PLASMA[name] + step})
    down = at_ph({**PLASMA, name: PLASMA[name] - step})
    components = list(load_constants().components)
    k = components.index(name)
    numeric_i = (up.ionic_strength - down.ionic_strength) / (2 * step)
    assert exact["ionic_strength"][k] == pytest.approx(numeric_i, rel=1e-6)
    for j, other in enumerate(components):
        numeric = (up.free[other] - down.free[other]) / (2 * step)
        scale = solution.free[other] / PLASMA[name]
        assert exact["free"][j, k] == pytest.approx(numeric, rel=1e-6, abs=1e-7 * scale), other


# --- refusals ----------------------------------------------------------------------------------


def test_beyond_davies_warns() -> None:
    with pytest.warns(ActivityWarning, match="beyond the Davies equation"):
        at_ph({"Na": 1.0, "Cl": 1.0})


@pytest.mark.parametrize(
    ("totals", "fixed", "error"),
    [
        ({"Ca": -1e-3}, {"H": 1e-7}, OutOfRangeError),
        ({"Ca": math.nan}, {"H": 1e-7}, OutOfRangeError),
        ({"Ca": math.inf}, {"H": 1e-7}, OutOfRangeError),
        ({"Calcium": 1e-3}, {"H": 1e-7}, UnknownNameError),
        ({"Ca": 1e-3}, {"H": 0.0}, OutOfRangeError),
        ({"Ca": 1e-3}, {"h": 1e-7}, UnknownNameError),
        ({"Ca": 1e-3}, {}, InputError),
        ({"Ca": 1e-3, "H": 0.0}, {"H": 1e-7}, InputError),
        ({"CO3": 1e-3}, {"H": 1e-7, "CO2": 1e-3}, InputError),
        ({"Ca": 1e-3}, {"H": 1e-7, "CaHPO4": 1e-3}, InputError),
    ],
)
def test_senseless_conditions(
    totals: dict[str, float], fixed: dict[str, float], error: type[Exception]
) -> None:
    with pytest.raises(error):
        solve(load_constants(), totals, fixed_activity=fixed)


@pytest.mark.parametrize("celsius", [-5.0, 80.0])
def test_temperature_outside_the_set(celsius: float) -> None:
    with pytest.raises(OutOfRangeError, match="degC"):
        at_ph(PLASMA, T=celsius + 273.15)


def test_ionised_and_ultrafiltrable() -> None:
    solution = at_ph(PLASMA)
    free, filtered = ionised(solution), ultrafiltrable(solution)
    for metal in ("Ca", "Mg"):
        assert 0.0 < free[metal] < filtered[metal] < PLASMA[metal]
        bound = sum(
            c for name, c in solution.species.items() if name in (f"{metal}Alb+2", f"{metal}Fet+2")
        )
        assert filtered[metal] + bound == pytest.approx(PLASMA[metal], rel=1e-10)
