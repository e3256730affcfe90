"""Light scattering of populations: limits, zeros, sums and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from calcikin.assays.nephelometry import (
    REFRACTIVE_INDEX,
    Optics,
    Population,
    collected_form_factor,
    contrast,
    form_factor,
    nephelometry,
    population_scattering,
)
from calcikin.errors import InputError

EVERYWHERE = Optics(theta_max=np.pi)


def sphere(radius: float) -> float:
    return 4.0 / 3.0 * np.pi * radius**3


def test_form_factor_is_one_at_zero_and_falls_as_the_guinier_law() -> None:
    assert form_factor(0.0) == 1.0
    x = np.array([1e-3, 1e-2, 3e-2])
    # P = 1 - x^2/5 + 3 x^4/175 - ...; the first omitted term (x^6/1000) is below 1e-12 here.
    np.testing.assert_allclose(form_factor(x), 1 - x**2 / 5 + 3 * x**4 / 175, rtol=0, atol=1e-12)


def test_form_factor_vanishes_where_tan_x_equals_x() -> None:
    for low, high in [(4.4, 4.6), (7.7, 7.8), (10.85, 10.95)]:
        zero = brentq(lambda x: np.sin(x) - x * np.cos(x), low, high, xtol=1e-15)
        # The amplitude crosses zero with a slope below 0.3; 1e-15 in x gives 1e-31 in P.
        assert form_factor(zero) < 1e-29
    assert form_factor(5.76) > 7e-3  # the first side maximum


def test_series_and_closed_form_agree_where_they_meet() -> None:
    def closed(x: np.ndarray) -> np.ndarray:
        return (3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2

    x = np.linspace(0.5, 1.5, 2001)
    # The closed form cancels: relative error about 6 eps / x^2, 5e-15 at x = 0.5.
    np.testing.assert_allclose(form_factor(x), closed(x), rtol=1e-14)


def test_rayleigh_limit_is_the_exact_cross_section() -> None:
    # sigma = (8 pi / 3) k^4 R^6 [(m^2 - 1) / (m^2 + 2)]^2, all directions (van de Hulst, ch. 6).
    radius, optics = 1e-10, EVERYWHERE
    m2 = (1.65 / optics.n_medium) ** 2
    sigma = 8 / 3 * np.pi * optics.wavenumber**4 * radius**6 * ((m2 - 1) / (m2 + 2)) ** 2
    got = population_scattering(Population(1.0, sphere(radius), radius, 1.65), optics)
    # (k R)^2 = 2e-6 is the size of the first correction.
    assert got == pytest.approx(sigma, rel=5e-6)


def test_small_spheres_scatter_as_the_sixth_power() -> None:
    radius = np.array([1e-10, 2e-10, 4e-10])
    light = population_scattering(Population(1.0, sphere(radius), radius, 1.53))
    # the form factor bends the power by (k R)^2 < 3e-5
    np.testing.assert_allclose(light[1:] / light[:-1], 64.0, rtol=3e-5)


def test_quadrature_over_the_angles_has_converged() -> None:
    radius = np.array([1e-9, 1e-8, 1e-7, 1e-6, 2e-6])
    for optics in (Optics(), Optics(theta_min=0.3, theta_max=2.0)):
        fine = Optics(theta_min=optics.theta_min, theta_max=optics.theta_max, nodes=200)
        # rounding of sin at q R = 30 is magnified by its oscillation; 1e-11 leaves room for that
        np.testing.assert_allclose(
            collected_form_factor(radius, optics), collected_form_factor(radius, fine), rtol=1e-11
        )


def test_angle_average_agrees_with_adaptive_quadrature() -> None:
    optics, radius = Optics(theta_min=0.1), 3e-7

    def integrand(theta: float) -> float:
        x = 2 * optics.wavenumber * np.sin(theta / 2) * radius
        return float(np.pi * (1 + np.cos(theta) ** 2) * np.sin(theta) * form_factor(x))

    expected, _ = quad(integrand, optics.theta_min, optics.theta_max, epsabs=0, epsrel=1e-12)
    assert collected_form_factor(radius, optics) == pytest.approx(expected, rel=1e-11)


def test_point_scatterer_seen_from_everywhere_fills_eight_thirds_pi() -> None:
    assert collected_form_factor(0.0, EVERYWHERE) == pytest.approx(8 * np.pi / 3, rel=1e-14)


def test_populations_add_and_scale() -> None:
    time = np.linspace(0, 1, 7)
    acp = Population(1e18 * (1 - time), sphere(2e-8), 2e-8, REFRACTIVE_INDEX["ACP"], "ACP")
    hap = Population(1e15 * time, sphere(1e-7), 1e-7, REFRACTIVE_INDEX["HAP"], "HAP")
    both = nephelometry([acp, hap])
    assert both.shape == time.shape
    np.testing.assert_array_equal(both, population_scattering(acp) + population_scattering(hap))
    twice = Population(2 * np.asarray(acp.number), acp.volume, acp.radius, acp.index)
    np.testing.assert_allclose(
        population_scattering(twice), 2 * population_scattering(acp), rtol=1e-15
    )


def test_cluster_outshines_its_separate_cores() -> None:
    # n cores in one small particle add their amplitudes: n^2 / n = n times the light.
    core = 1e-9
    apart = population_scattering(Population(33.0, sphere(core), core, 1.53))
    together = population_scattering(Population(1.0, 33 * sphere(core), 4 * core, 1.53))
    # (k R)^2 = 3e-3 for the cluster
    assert together / apart == pytest.approx(33.0, rel=3e-3)


def test_no_particles_give_no_light_even_with_an_undefined_radius() -> None:
    light = population_scattering(Population([0.0, 1e15], [np.nan, 1e-22], [np.nan, 3e-8], 1.6))
    assert light[0] == 0.0
    assert light[1] > 0.0
    assert nephelometry([]) == 0.0


def test_no_contrast_no_light() -> None:
    assert contrast(1.332, 1.332) == 0.0
    # weak contrast: c -> m - 1 with an error of order (m - 1)^2
    assert contrast(1.332 * 1.001, 1.332) == pytest.approx(1e-3, rel=2e-3)


@pytest.mark.parametrize(
    "population",
    [
        Population(-1.0, 1e-22, 3e-8, 1.6, "CPP1"),
        Population(1.0, -1e-22, 3e-8, 1.6, "CPP1"),
        Population(1.0, 1e-22, -3e-8, 1.6, "CPP1"),
        Population(1.0, 1e-22, 3e-8, 0.5, "CPP1"),
    ],
)
def test_impossible_particles_are_refused_by_name(population: Population) -> None:
    with pytest.raises(InputError, match="CPP1"):
        population_scattering(population)


@pytest.mark.parametrize(
    "setting",
    [
        {"wavelength": 0.0},
        {"n_medium": 0.9},
        {"theta_min": 1.0, "theta_max": 0.5},
        {"nodes": 1},
        {"theta_max": 80.0},
    ],
)
def test_impossible_optics_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"where: Optics"):
        Optics(**setting)  # type: ignore[arg-type]
