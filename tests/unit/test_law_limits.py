"""The limits that each law's equation promises: zeros, signs, thresholds, geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcikin import load
from calcikin.laws.adsorption import (
    bare_share,
    coverage,
    inhibitor_load,
    langmuir_denominator,
    step_pinning,
)
from calcikin.laws.enzymes import (
    competitive_michaelis_menten,
    metal_modulation,
    metal_modulation_reference,
)
from calcikin.laws.growth import (
    arrhenius,
    coarsening,
    crystal_growth,
    dissolution_release,
    gibbs_thomson,
    growth_incorporation,
    guest_fraction,
    ion_exchange,
    ln_saturation,
    number_loss,
    particle_growth,
    population_growth,
    scaled,
    solubility_scale,
    specific_growth,
)
from calcikin.laws.nucleation import (
    interface_saturation,
    nucleation_barrier,
    nucleus_mass,
    solution_nucleation,
    surface_nucleation,
)
from calcikin.laws.populations import (
    bounded_size,
    coalescence,
    ion_volume,
    nucleus_units,
    sphere_area,
    sphere_cube,
    sphere_radius,
    water_viscosity,
)
from calcikin.laws.vocabulary import cnt_factor, smooth_loss

BOLTZMANN, AVOGADRO = 1.380649e-23, 6.02214076e23


# --- nucleation --------------------------------------------------------------------------------


def test_nucleation_vanishes_with_supersaturation() -> None:
    for s in (-1.0, -1e-12, 0.0):
        assert float(cnt_factor(50.0, s)) == 0.0
        assert float(solution_nucleation.function(1e20, 50.0, s)) == 0.0
        assert float(surface_nucleation_at(s)) == 0.0
    # smooth to all orders at 0: smaller than any power of s
    for power in (1, 4, 16):
        assert float(cnt_factor(1.0, 0.03)) < 0.03**power
    assert float(cnt_factor(50.0, 1e8)) == pytest.approx(1.0)
    rising = [float(cnt_factor(50.0, s)) for s in np.linspace(0.5, 20.0, 50)]
    assert np.all(np.diff(rising) > 0.0)


def surface_nucleation_at(s: float, **changes: float) -> float:
    arguments = dict.fromkeys(surface_nucleation.inputs, 1.0) | {"barrier": 2.0, "s": s} | changes
    return float(surface_nucleation.function(**arguments))


def test_surface_nucleation_is_a_product() -> None:
    base = surface_nucleation_at(1.0)
    assert base == pytest.approx(math.exp(-2.0), rel=1e-15)
    for factor in set(surface_nucleation.inputs) - {"barrier", "s"}:
        assert surface_nucleation_at(1.0, **{factor: 0.5}) == pytest.approx(0.5 * base, rel=1e-15)
        assert surface_nucleation_at(1.0, **{factor: 0.0}) == 0.0


def test_barrier() -> None:
    # B = 16 pi/3 (gamma v^(2/3) / kT)^3 with gamma v^(2/3)/kT = 1 gives 16 pi/3
    v = 4.58e-29
    gamma = BOLTZMANN * 310.15 / v ** (2.0 / 3.0)
    assert nucleation_barrier.function(gamma, v, 310.15) == pytest.approx(16.0 * math.pi / 3.0)
    assert nucleus_mass.function(42.0, 3.0) == 126.0


def test_interface_is_in_equilibrium_with_its_host() -> None:
    # Next to a host at its own (curved) equilibrium, s_host = curvature, the saturation is the
    # bulk's; an excess of the host's ions in the bulk is not felt.
    assert interface_saturation.function(0.7, 0.1, 0.1) == pytest.approx(0.7)
    assert interface_saturation.function(0.7 + 0.3, 0.4, 0.1) == pytest.approx(0.7)


# --- growth and dissolution --------------------------------------------------------------------


@pytest.mark.parametrize("order", [1.25, 2.0, 4.0])
def test_crystals_rest_at_saturation(order: float) -> None:
    rate = crystal_growth.function
    assert float(rate(1e-9, 1e-7, 0.0, order, 1.0)) == 0.0
    for s in (1e-6, 1e-2, 1.0):
        assert float(rate(1e-9, 1e-7, s, order, 1.0)) > 0.0
        assert float(rate(1e-9, 1e-7, -s, order, 1.0)) < 0.0
    # no kink: both one-sided slopes at S = 1 vanish
    for d in (1e-4, 1e-6):
        assert abs(float(rate(1.0, 1.0, d, order, 1.0)) / d) < 1e-4 ** min(order - 1.0, 1.0) * 1.1
        assert abs(float(rate(1.0, 1.0, -d, order, 1.0)) / d) < 1e-2
    # far below saturation dissolution is of first order, and pinning does not stop it
    assert float(rate(0.0, 1.0, -30.0, order, 0.0)) == pytest.approx(-1.0 / 1.05, rel=1e-12)
    assert float(rate(1.0, 0.0, 1.0, order, 0.0)) == 0.0


def test_particles_rest_at_their_own_solubility() -> None:
    for curvature in (0.0, 0.1, 0.7):
        assert float(particle_growth.function(1e-4, curvature, curvature)) == 0.0
        assert float(particle_growth.function(1e-4, curvature + 1e-3, curvature)) > 0.0
        assert float(particle_growth.function(1e-4, curvature - 1e-3, curvature)) < 0.0


def test_gibbs_thomson() -> None:
    # 2 gamma v / (k T r) for 37 mJ/m2, 4.58e-29 m3, 10 nm at 37 degC
    value = gibbs_thomson.function(0.037, 4.58e-29, 310.15, 1e-8, 1.0)
    assert value == pytest.approx(2 * 0.037 * 4.58e-29 / (BOLTZMANN * 310.15 * 1e-8), rel=1e-14)
    assert value == pytest.approx(0.0791, rel=1e-3)
    twice = gibbs_thomson.function(0.037, 4.58e-29, 310.15, 5e-9, 1.0)
    assert twice == pytest.approx(2.0 * value, rel=1e-14)
    assert gibbs_thomson.function(0.037, 4.58e-29, 310.15, 1e-9, 0.0) == 0.0


def test_saturation_per_ion() -> None:
    # CaHPO4-like: two ions at activity a, K = a^2 is equilibrium
    a = math.log(1e-3)
    assert ln_saturation.function([1.0, 1.0], [a, a], 2.0 * a, 2.0) == 0.0
    assert ln_saturation.function([1.0, 1.0], [a + 0.2, a], 2 * a, 2.0) == pytest.approx(0.1)


def test_arrhenius_is_stated_at_body_temperature() -> None:
    assert arrhenius.function(3.0, 5e4, 310.15) == 3.0
    # Ea = R T1 T2 ln 2 / 10 doubles the rate over these 10 K
    energy = 8.31446261815324 * 310.15 * 300.15 * math.log(2.0) / 10.0
    assert arrhenius.function(3.0, energy, 300.15) == pytest.approx(1.5, rel=1e-12)
    assert arrhenius.function(3.0, 0.0, 280.0) == 3.0


def test_growth_is_flux_times_surface() -> None:
    # R = j A, whatever way the geometry takes: n spheres of radius r
    r, n, volume = 2e-8, 1e-11, 0.054
    amount = 4.0 / 3.0 * math.pi * r**3 * n * AVOGADRO / (1e-3 * volume)
    specific = specific_growth.function(1e-7, volume, r)
    area = 4.0 * math.pi * r**2 * n * AVOGADRO
    grown = float(population_growth.function(specific, amount))
    assert grown == pytest.approx(1e-7 * area, rel=1e-12)
    assert sphere_area.function(amount, volume, r) == pytest.approx(area, rel=1e-12)
    shrunk = float(population_growth.function(-specific, amount))
    assert shrunk == -grown
    # nothing grows on nothing, and nothing dissolves from nothing
    assert float(population_growth.function(specific, 0.0)) == 0.0
    assert float(population_growth.function(-specific, 0.0)) == 0.0


def test_number_falls_only_as_particles_vanish() -> None:
    rn = 1e-9
    assert number_loss.function(1e-3, 1e-10, 8e-27, rn) == 0.0
    # at the radius of a nucleus half of them, far below it all, far above it none
    assert number_loss.function(-1e-3, 1e-10, rn**3, rn) == pytest.approx(0.5e-13, rel=1e-12)
    assert number_loss.function(-1e-3, 1e-10, 0.0, rn) == pytest.approx(1e-13, rel=1e-12)
    assert number_loss.function(-1e-3, 1e-10, (1e3 * rn) ** 3, rn) < 1e-21


def test_coarsening_raises_the_cube_of_the_radius_at_a_constant_rate() -> None:
    # r^3 n constant: d(r^3)/dt = r^3 (loss/n) -> K for r far above the nucleus
    K, n, rn = 1e-30, 1e-10, 1e-9
    for r in (5e-8, 2e-7):
        loss = coarsening.function(K, n, r**3, rn)
        assert r**3 * loss / n == pytest.approx(K, rel=2.0 * (rn / r) ** 3)
    assert coarsening.function(0.0, n, 1e-24, rn) == 0.0


def test_guest_goes_in_with_growth_and_out_with_dissolution() -> None:
    x, cations, amount, minor = 0.1, 4.0, 1e-3, 5e-5
    taken = growth_incorporation.function(2e-4, amount, minor, x, cations)
    assert taken == pytest.approx(x * cations * 2e-4 * amount, rel=1e-14)
    released = growth_incorporation.function(-2e-4, amount, minor, x, cations)
    # a share of the mineral takes the same share of the guest along
    assert released / minor == pytest.approx(-2e-4, rel=1e-14)
    assert dissolution_release.function(-2e-4, minor) == pytest.approx(2e-4 * minor, rel=1e-14)
    assert dissolution_release.function(2e-4, minor) == 0.0
    # exchange rests at the distribution law and works towards it
    assert ion_exchange.function(1e-3, amount, x * cations * amount, x, cations) == 0.0
    assert ion_exchange.function(1e-3, amount, 0.0, x, cations) > 0.0


def test_guest_fraction() -> None:
    small = guest_fraction.function(0.2, math.log(1e-6), math.log(1e-3), 1.0)
    assert small == pytest.approx(0.2e-3, rel=1e-3)  # proportional while small: 1 + D R
    assert guest_fraction.function(0.2, 0.0, -30.0, 1.0) < 1.0
    assert guest_fraction.function(0.2, 0.0, 0.0, 0.0) == 0.0


# --- geometry ----------------------------------------------------------------------------------


def test_equal_spheres() -> None:
    r, n, volume, rn = 3e-8, 1e-11, 0.188, 2e-9
    amount = 4.0 / 3.0 * math.pi * r**3 * n * AVOGADRO / (1e-3 * volume)
    nucleus = nucleus_units.function(rn, volume)
    cube = float(sphere_cube.function(amount, n, volume, nucleus))
    # 1e-12: the floor of 1e-27 mol/L of particles beside 1e-11
    assert float(sphere_radius.function(cube)) == pytest.approx(r, rel=1e-12)
    assert float(bounded_size.function(cube, rn)) == pytest.approx(r, rel=(rn / r) ** 3)
    # nuclei have the radius of a nucleus, and so has the empty population
    for number in (1e-9, 0.0):
        cube = float(sphere_cube.function(nucleus * number, number, volume, nucleus))
        assert cube == pytest.approx(rn**3, rel=1e-12)
    assert ion_volume.function(0.054, 2.0) == pytest.approx(0.054e-3 / (2.0 * AVOGADRO))


# --- inhibition --------------------------------------------------------------------------------


def test_no_load_no_pinning() -> None:
    for s in (-3.0, 0.0, 0.2, 5.0):
        for width in (0.01, 0.03, 0.3):
            assert float(step_pinning.function(0.0, s, width)) == 1.0


def test_pinning_stops_growth_at_a_threshold_that_moves_with_supersaturation() -> None:
    for s in (0.3, 1.0, 3.0):
        loads = np.linspace(0.0, 3.0 * s, 61)
        left = [float(step_pinning.function(load, s, 0.03)) for load in loads]
        assert np.all(np.diff(left) <= 0.0)
        assert all(0.0 <= v <= 1.0 for v in left)
        assert float(step_pinning.function(0.5 * s, s, 0.03)) == pytest.approx(0.5, abs=1e-6)
        # at load = s all that is left is the smoothing: width ln 2
        edge = float(step_pinning.function(s, s, 0.03))
        assert edge == pytest.approx(0.03 * math.log(2.0), rel=1e-6)
        assert float(step_pinning.function(2.0 * s, s, 0.03)) < 1e-14
    # no kink and no division by zero where the drive vanishes
    assert float(step_pinning.function(0.5, 0.0, 0.03)) == float(
        step_pinning.function(0.5, -2.0, 0.03)
    )


def test_competition_for_the_surface() -> None:
    mg, ca = 2.0, 6.0
    alone = inhibitor_load.function([mg], [3.0], langmuir_denominator.function([mg]))
    both = inhibitor_load.function([mg], [3.0], langmuir_denominator.function([mg, ca]))
    assert alone == pytest.approx(3.0 * 2.0 / 3.0)
    assert both == pytest.approx(3.0 * 2.0 / 9.0)
    # crowded, only the ratio counts: theta depends on Mg/Ca
    crowd = [
        inhibitor_load.function([k * mg], [3.0], langmuir_denominator.function([k * mg, k * ca]))
        for k in (1e6, 1e8)
    ]
    assert crowd[0] == pytest.approx(crowd[1], rel=1e-6)
    assert crowd[0] == pytest.approx(3.0 * mg / (mg + ca), rel=1e-6)


def test_coverage_is_a_share() -> None:
    assert coverage.function(0.0, 1.0, 1e-7) == 0.0
    assert coverage.function(0.5e-7, 1.0, 1e-7) == pytest.approx(0.5, rel=1e-9)
    for bound in (1e-7, 1e-6, 1.0):
        assert coverage.function(bound, 1.0, 1e-7) == pytest.approx(1.0, rel=1e-9)
    assert 0.0 <= coverage.function(1e-9, 0.0, 1e-7) <= 1.0  # no surface at all
    assert bare_share.function(0.95, 1.0, 1.0) == pytest.approx(0.05)
    assert bare_share.function(0.95, 1.0, 0.0) == 1.0
    assert bare_share.function(0.95, 0.0, 1.0) == 1.0


# --- enzymes -----------------------------------------------------------------------------------


def test_michaelis_menten() -> None:
    rate = competitive_michaelis_menten.function
    assert rate(2.0, 1.0, 1e-7, 1e-7, 0.0, 1e-7) == pytest.approx(1.0)
    assert rate(2.0, 1.0, 2e-7, 1e-7, 1e-7, 1e-7) == pytest.approx(1.0)  # Km doubled by I = Ki
    assert rate(2.0, 1.0, 1.0, 1e-7, 0.0, 1e-7) == pytest.approx(2.0, rel=1e-6)
    assert rate(2.0, 1.0, 0.0, 1e-7, 0.0, 1e-7) == 0.0
    assert rate(2.0, 1.0, -1e-9, 1e-7, 0.0, 1e-7) == 0.0


def test_metals_modulate_relative_to_the_reference() -> None:
    reference = metal_modulation_reference.function(2e-4, 1.1e-3, 4.4e-4, 3.2e-5)
    here = metal_modulation.function
    assert here(2e-4, 1.1e-3, 4.4e-4, 3.2e-5, reference, 1.0) == pytest.approx(1.0)
    assert here(4e-4, 1.1e-3, 4.4e-4, 3.2e-5, reference, 1.0) > 1.0
    assert here(2e-4, 1.1e-3, 8.8e-4, 3.2e-5, reference, 1.0) < 1.0
    for mg, ca in ((0.0, 1e-2), (1e-2, 0.0)):
        assert here(mg, 1.1e-3, ca, 3.2e-5, reference, 0.0) == 1.0


def test_smooth_loss_has_no_kink() -> None:
    assert float(smooth_loss(-1.0, 0.05)) == 0.0
    assert float(smooth_loss(1e-6, 0.05)) / 1e-6 < 1e-4
    assert float(smooth_loss(1e6, 0.05)) == pytest.approx(1e6, rel=1e-6)


# --- coalescence -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("celsius", "published"),
    # CRC Handbook: viscosity of water in mPa s
    [(4.0, 1.567), (10.0, 1.306), (20.0, 1.0016), (25.0, 0.890), (37.0, 0.6913), (60.0, 0.4660)],
)
def test_viscosity_of_water(celsius: float, published: float) -> None:
    # 3 %: what the source of the formula states
    assert 1e3 * water_viscosity.function(273.15 + celsius) == pytest.approx(published, rel=0.03)


def test_coalescence_is_the_smoluchowski_rate() -> None:
    # spheres of any size in water at 25 degC that merge at every encounter: the half time
    # 3 eta / (4 k T N) is 1.62e17 s/m3 over N with eta = 0.890 mPa s
    number = 1e-8  # mol/L
    rate = coalescence.function(1.0, 298.15, 0.890e-3, number)
    per_m3 = number * AVOGADRO * 1e3
    assert number / rate == pytest.approx(3.0 * 0.890e-3 / (4.0 * BOLTZMANN * 298.15) / per_m3)
    assert number / rate == pytest.approx(1.62e17 / per_m3, rel=2e-3)
    assert coalescence.function(0.0, 298.15, 0.890e-3, number) == 0.0
    assert coalescence.function(1.0, 298.15, 0.890e-3, 0.0) == 0.0


# --- what pH does to crystals ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "calcium", "magnesium", "hydrogen", "phosphate", "hydroxide"),
    [("ocp", 4, 0, 1, 3, 0), ("hap", 5, 0, 0, 3, 1), ("wh", 9, 1, 1, 7, 0)],
)
def test_solubility_scale_follows_from_the_formula(
    phase: str, calcium: int, magnesium: int, hydrogen: int, phosphate: int, hydroxide: int
) -> None:
    # solubility of a formula unit that dissolves to Ca+2, Mg+2 and HPO4-2 as the geometric mean of
    # the three at a constant ion product, found here from the product itself
    def mean(pH: float) -> float:
        h = 10.0**-pH
        ions = calcium + magnesium + phosphate
        # IAP = Ca^a Mg^b H^h (K HPO4 / H)^p (Kw / H)^o at equal activities c: c^ions H^(h-p-o) = 1
        return float((h ** (phosphate + hydroxide - hydrogen)) ** (1.0 / ions))

    nodes = load("t50_serum").scenario.network.nodes
    (node,) = [node for node in nodes if node.name == f"{phase}.solubility_scale"]
    given = {name: ref.value for name, ref in node.inputs.items()}
    for pH in (6.5, 7.4, 8.0, 9.2):
        scale = solubility_scale.function(-pH * math.log(10.0), given["protons"], given["ions"])
        assert scale == pytest.approx(mean(pH) / mean(7.4), rel=1e-12)
        assert scaled.function(3.0, scale) == 3.0 * scale
