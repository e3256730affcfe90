"""Activity models: limits, derivatives, Gibbs and Duhem, and what a file may say about them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from calcikin.chemistry.activity import ActivityWarning, log10_gamma
from calcikin.chemistry.activity_models import ACTIVITY_MODELS, ActivityModel, activity_model
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.constants_file import build_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.sensitivities import sensitivities
from calcikin.chemistry.speciation import Equilibrium, saturation_indices, solve
from calcikin.chemistry.water import debye_hueckel, density, permittivity
from calcikin.errors import BalanceError, InputError, ModelFileError, UnknownNameError

Array = npt.NDArray[np.float64]
NAMES = sorted(ACTIVITY_MODELS)
PLASMA = load_medium("serum").totals()
T = 310.15


def with_coefficients() -> ConstantSet:
    """The default set with ion sizes and interaction coefficients of plausible size."""
    base = load_constants()
    sizes = {"Ca": (5.0, 0.165), "Mg": (5.5, 0.2), "Na": (4.08, 0.082), "Cl": (3.63, 0.017)}
    components = {
        name: replace(item, gamma=sizes.get(name)) for name, item in base.components.items()
    }
    species = dict(base.species)
    species["CO2"] = replace(species["CO2"], gamma=(0.0, 0.066))
    epsilon = {("Ca", "Cl"): 0.14, ("Mg", "Cl"): 0.19, ("Na", "Cl"): 0.03}
    epsilon |= {("Na", "HPO4-2"): -0.15, ("Na", "HCO3-"): 0.0, ("CO2", "Na"): 0.08}
    return replace(base, components=components, species=species, epsilon=epsilon)


CONSTANTS = with_coefficients()
ENTITIES = [*CONSTANTS.components, *CONSTANTS.species]


def solved(name: str, **changes: float) -> Equilibrium:
    totals = PLASMA | changes
    return solve(CONSTANTS, totals, T, fixed_activity={"H": 10**-7.4}, activity=name)


def salt(cation: str, anion: str, m: float) -> tuple[float, Array]:
    """Ionic strength and concentrations of a fully dissociated chloride [mol/kg]."""
    c = np.zeros(len(ENTITIES))
    charge = CONSTANTS.components[cation].charge
    c[ENTITIES.index(cation)] = m
    c[ENTITIES.index(anion)] = charge * m
    return 0.5 * m * (charge**2 + charge), c


# --- water --------------------------------------------------------------------------------------


def test_water() -> None:
    # 0.997047 and 0.993328 kg/L, CRC Handbook (IAPWS-95), to the six digits of the formula
    assert density(298.15) == pytest.approx(0.997047, abs=5e-6)
    assert density(310.15) == pytest.approx(0.993328, abs=5e-6)
    # 78.38 at 25 degC, Bradley and Pitzer 1979, who fitted to 0.02
    assert permittivity(298.15) == pytest.approx(78.38, abs=0.02)
    a, b = debye_hueckel(298.15)
    # 0.5100 and 0.3285: usual molal values at 25 degC (0.509 to 0.511, 0.328 to 0.329)
    assert a == pytest.approx(0.510, abs=1e-3)
    assert b == pytest.approx(0.3285, abs=5e-4)


# --- limits and closed forms --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_limiting_law(name: str) -> None:
    # log10 gamma -> -A z^2 sqrt(I); the next term is of order I, 1e-8 of 1e-4 here
    model = activity_model(name, CONSTANTS, T)
    i, c = salt("Ca", "Cl", 1e-8 / 3.0)
    slope = model.ln_gamma(i, c) / (math.log(10.0) * math.sqrt(i))
    a = -float(slope[ENTITIES.index("Na")])
    assert a == pytest.approx(debye_hueckel(T)[0], rel=0.01)  # molar and molal A differ by 0.4 %
    for k, entity in enumerate(ENTITIES):
        charge = (CONSTANTS.components | CONSTANTS.species)[entity].charge  # type: ignore[attr-defined]
        if "Alb" in entity or "Fet" in entity:
            assert slope[k] == 0.0  # sites act on concentrations
        else:
            # 1e-3: ions of 9 Angstrom feel the next term first, 3e-4 of this
            assert slope[k] == pytest.approx(-a * charge**2, rel=1e-3, abs=1e-3)
    assert model.ln_water(0.0, np.zeros_like(c)) == 0.0


def test_truesdell_jones_by_hand() -> None:
    a, b = debye_hueckel(T)
    model = activity_model("truesdell_jones", CONSTANTS, T)
    i, c = salt("Na", "Cl", 0.25)
    log_gamma = model.ln_gamma(i, c) / math.log(10.0)
    root = math.sqrt(i)

    def of(name: str) -> float:
        return float(log_gamma[ENTITIES.index(name)])

    assert of("Ca") == pytest.approx(-4 * a * root / (1 + b * 5.0 * root) + 0.165 * i, abs=1e-14)
    davies = root / (1 + root) - 0.3 * i
    assert of("PPi") == pytest.approx(-16 * a * davies, abs=1e-14)  # no coefficients: Davies
    assert of("CaHPO4") == pytest.approx(0.1 * i, abs=1e-15)
    assert of("CO2") == pytest.approx(0.066 * i, abs=1e-15)
    assert math.exp(model.ln_water(i, c)) == pytest.approx(1.0 - 0.017 * 0.5, abs=1e-14)


def test_sit_does_not_follow_from_the_ionic_strength() -> None:
    model = activity_model("sit", CONSTANTS, T)
    with pytest.raises(InputError, match="ionic strength alone"):
        model.of_ionic_strength(np.array([0.1]), slice(0, 1))


def test_sit_by_hand() -> None:
    a = debye_hueckel(T)[0]
    model = activity_model("sit", CONSTANTS, T)
    i, c = salt("Na", "Cl", 0.25)
    log_gamma = model.ln_gamma(i, c) / math.log(10.0)
    debye = a * 0.5 / (1 + 1.5 * 0.5)
    assert log_gamma[ENTITIES.index("Ca")] == pytest.approx(-4 * debye + 0.14 * 0.25, abs=1e-14)
    assert log_gamma[ENTITIES.index("HPO4-2")] == pytest.approx(-4 * debye - 0.15 * 0.25, abs=1e-14)
    assert log_gamma[ENTITIES.index("CO2")] == pytest.approx(0.08 * 0.25, abs=1e-15)


@pytest.mark.parametrize(("cation", "m"), [("Na", 0.1), ("Na", 2.0), ("Ca", 0.3)])
def test_sit_obeys_gibbs_and_duhem(cation: str, m: float) -> None:
    # sum m_i d ln(gamma_i m_i) + 55.50837 d ln a_w = 0 along the molality of one salt; central
    # differences of 1e-5: second-order error about 1e-10 of terms near 1
    model = activity_model("sit", CONSTANTS, T)

    def at(x: float) -> tuple[Array, float, Array]:
        i, c = salt(cation, "Cl", x)
        return model.ln_gamma(i, c), model.ln_water(i, c), c

    step = 1e-5 * m
    (g1, w1, c1), (g0, w0, c0), (_, _, c) = at(m + step), at(m - step), at(m)
    there = c > 0.0
    d_mu = (g1 - g0)[there] + np.log(c1[there] / c0[there])
    assert float(c[there] @ d_mu) + 55.50837 * (w1 - w0) == pytest.approx(0.0, abs=1e-9 * m)


# --- derivatives --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_slopes(name: str) -> None:
    # central differences with a relative step of 1e-5: 1e-10 of second order, 1e-11 roundoff
    model: ActivityModel = activity_model(name, CONSTANTS, T)
    draw = np.random.default_rng(3)
    c = 10.0 ** draw.uniform(-6, -1, len(ENTITIES))
    i = 0.3
    slopes = model.slopes(i, c)
    h = 1e-5 * i
    numeric = (model.ln_gamma(i + h, c) - model.ln_gamma(i - h, c)) / (2 * h)
    np.testing.assert_allclose(slopes.gamma_i, numeric, rtol=1e-7, atol=1e-9)
    numeric_water = (model.ln_water(i + h, c) - model.ln_water(i - h, c)) / (2 * h)
    assert slopes.water_i == pytest.approx(numeric_water, rel=1e-7, abs=1e-9)
    for k in range(len(ENTITIES)):
        e = np.zeros_like(c)
        e[k] = 1e-3
        numeric = (model.ln_gamma(i, c + e) - model.ln_gamma(i, c - e)) / 2e-3
        np.testing.assert_allclose(slopes.gamma_c[:, k], numeric, rtol=1e-7, atol=1e-9)
        numeric_water = (model.ln_water(i, c + e) - model.ln_water(i, c - e)) / 2e-3
        # 1e-5: (3) is a logarithm, whose second order at a step of 1e-3 is 1e-10 of 1e-2
        assert slopes.water_c[k] == pytest.approx(numeric_water, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["truesdell_jones", "sit"])
@pytest.mark.parametrize("component", ["Ca", "Pi", "Na"])
def test_derivatives_by_totals(name: str, component: str) -> None:
    # central differences with a relative step of 1e-4, as for the Davies equation
    exact = sensitivities(solved(name))
    total = PLASMA[component]
    step = 1e-4 * total
    up, down = (solved(name, **{component: total + sign * step}) for sign in (1, -1))
    k = list(CONSTANTS.components).index(component)
    assert exact["ionic_strength"][k] == pytest.approx(
        (up.ionic_strength - down.ionic_strength) / (2 * step), rel=1e-6
    )
    for j, other in enumerate(CONSTANTS.components):
        numeric = (up.free[other] - down.free[other]) / (2 * step)
        scale = up.free[other] / total
        assert exact["free"][j, k] == pytest.approx(numeric, rel=1e-6, abs=1e-7 * scale), other


# --- solutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_solution_is_consistent_with_its_own_coefficients(name: str) -> None:
    solution = solved(name)
    model = activity_model(name, CONSTANTS, T)
    c = np.array([*solution.free.values(), *solution.species.values()])
    gamma = np.exp(model.ln_gamma(solution.ionic_strength, c))
    # 1e-12: the change at which the medium counts as settled, and roundoff
    np.testing.assert_allclose(list(solution.gamma.values()), gamma, rtol=1e-12)
    ln_water = model.ln_water(solution.ionic_strength, c)
    assert math.log(solution.water_activity) == pytest.approx(ln_water, abs=1e-12)
    for species in ("OH-", "CO2", "CaHPO4", "HPO4-2"):
        item = CONSTANTS.species[species]
        log_a = item.log_beta(T) + item.water * math.log10(solution.water_activity)
        for k, n in item.stoichiometry.items():
            log_a += n * math.log10(solution.activity[k])
        assert math.log10(solution.activity[species]) == pytest.approx(log_a, abs=1e-11), species


def test_hydrates_feel_the_activity_of_water() -> None:
    solution = solved("truesdell_jones")
    si = saturation_indices(solution)["DCPD"]
    dry = replace(solution, water_activity=1.0)
    difference = 2.0 * math.log10(solution.water_activity)
    assert si - saturation_indices(dry)["DCPD"] == pytest.approx(difference, abs=1e-12)


def test_davies_is_the_default_and_the_function() -> None:
    solution = solve(load_constants(), PLASMA, T, fixed_activity={"H": 10**-7.4})
    assert solution.activity_model == "davies"
    assert solution.water_activity == 1.0
    expected = log10_gamma(2, solution.ionic_strength, T)
    assert math.log10(solution.gamma["Ca"]) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("name", "salt_"), [("davies", 0.6), ("truesdell_jones", 0.8), ("sit", 4)])
def test_warning_outside_validity(name: str, salt_: float) -> None:
    totals = {"Na": salt_, "Cl": salt_}
    valid = activity_model(name, CONSTANTS, T).valid
    with pytest.warns(ActivityWarning, match=rf"beyond .* \({valid:g} mol/L\)"):
        solve(CONSTANTS, totals, T, fixed_activity={"H": 1e-7}, activity=name)


def test_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="davies"):
        solve(CONSTANTS, PLASMA, T, fixed_activity={"H": 1e-7}, activity="davis")


# --- in files -----------------------------------------------------------------------------------


def small(**head: object) -> dict[str, object]:
    return {
        "set": {"name": "small", "version": "1", "description": "a test", **head},
        "component": [
            {"name": "H", "formula": "H+", "role": "cation"},
            {"name": "Ca", "formula": "Ca+2", "role": "cation", "gamma": [5.0, 0.165]},
            {"name": "Cl", "formula": "Cl-", "role": "inert"},
        ],
        "species": [
            {
                "name": "OH-",
                "reaction": "H2O = OH- + H+",
                "log_k": -14.0,
                "uncertainty": 0.01,
                "source": "assumed",
                "gamma": [3.5, 0.0],
            }
        ],
        "epsilon": {"Ca+2 Cl-": 0.14, "Ca+2 OH-": -0.45},
    }


def test_file_says_model_and_coefficients() -> None:
    constants = build_constants(small(activity="sit"), where="small.toml")
    assert constants.activity_model == "sit"
    assert constants.components["Ca"].gamma == (5.0, 0.165)
    assert constants.components["H"].gamma is None
    assert constants.species["OH-"].gamma == (3.5, 0.0)
    assert constants.species["OH-"].water == 1.0
    assert constants.epsilon == {("Ca", "Cl"): 0.14, ("Ca", "OH-"): -0.45}
    assert load_constants().species["CO2"].water == -1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"set": {**small()["set"], "activity": "debye"}}, "activity model"),  # type: ignore[dict-item]
        ({"epsilon": {"Ca+2": 0.1}}, "two ions"),
        ({"epsilon": {"Ca+2 Br-": 0.1}}, "Br-"),
        ({"epsilon": {"Ca+2 Cl-": "x"}}, "finite number"),
    ],
)
def test_bad_activity_data_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises((ModelFileError, UnknownNameError, BalanceError), match=message):
        build_constants(small() | change, where="small.toml")


def test_bad_ion_coefficients_are_refused() -> None:
    document = small()
    document["component"][1]["gamma"] = [5.0]  # type: ignore[index]
    with pytest.raises(ModelFileError, match="two numbers"):
        build_constants(document, where="small.toml")
