"""Radii of cores, clusters and coated particles."""

from __future__ import annotations

import numpy as np
import pytest

from calcikin import load
from calcikin.assays.radii import (
    CPP1,
    CPP2,
    FETUIN_MONOLAYER,
    Geometry,
    cluster_radius,
    core_radius,
    hydrodynamic_radius,
    particle_number,
    particle_volume,
)
from calcikin.errors import InputError

# Rounding of a cube root, a product and a quotient.
ROUNDING = 1e-14


def test_core_radius_inverts_the_volume_of_a_sphere() -> None:
    radius, number = np.array([1e-9, 18e-9, 2e-7]), 3e17
    volume = number * 4 / 3 * np.pi * radius**3
    np.testing.assert_allclose(core_radius(volume, number), radius, rtol=ROUNDING)


def test_core_radius_without_cores_is_unknown_and_tiny_negative_volume_is_nothing() -> None:
    got = core_radius([0.0, 1e-6, -1e-30], [0.0, 0.0, 1e15])
    assert np.isnan(got[:2]).all()
    assert got[2] == 0.0


def test_cluster_holds_its_cores_at_the_packing_fraction() -> None:
    core = 18e-9
    outer = cluster_radius(core, CPP1)
    filled = particle_volume(core, CPP1) / (4 / 3 * np.pi * outer**3)
    assert filled == pytest.approx(CPP1.packing_fraction, rel=ROUNDING)


def test_grouping_into_particles_keeps_the_mineral() -> None:
    number, core = 2e18, 15e-9
    volume = number * 4 / 3 * np.pi * core**3
    grouped = particle_number(number, CPP1) * particle_volume(core, CPP1)
    assert grouped == pytest.approx(volume, rel=ROUNDING)


def test_single_core_is_its_own_cluster() -> None:
    assert cluster_radius(1e-7, CPP2) == pytest.approx(1e-7, rel=ROUNDING)
    assert hydrodynamic_radius(1e-7, CPP2) == pytest.approx(1e-7 + FETUIN_MONOLAYER, rel=ROUNDING)


def test_default_primary_particle_has_the_observed_size() -> None:
    # 75 nm from cores of 18 nm (Miura 2018); the whole number of cores leaves 0.1 nm.
    assert hydrodynamic_radius(18e-9, CPP1) == pytest.approx(75e-9, abs=0.2e-9)


def test_radius_grows_with_cores_and_shrinks_with_packing() -> None:
    few, many = Geometry(10.0, 0.64, 8e-9), Geometry(40.0, 0.64, 8e-9)
    loose = Geometry(10.0, 0.3, 8e-9)
    assert hydrodynamic_radius(1e-8, few) < hydrodynamic_radius(1e-8, many)
    assert hydrodynamic_radius(1e-8, few) < hydrodynamic_radius(1e-8, loose)


@pytest.mark.parametrize(
    "setting",
    [
        {"cores_per_particle": 0.5},
        {"cores_per_particle": np.nan},
        {"packing_fraction": 0.0},
        {"packing_fraction": 1.2},
        {"shell": -1e-9},
    ],
)
def test_impossible_geometry_is_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"where: Geometry"):
        Geometry(**setting)


def test_the_coat_of_cpp1_is_on_the_outside_of_its_cores() -> None:
    # what a monolayer on the outer sphere holds, per surface of the cores inside: R^2 / (n r^2)
    parameters = load("t50_serum").scenario.parameters.parameters
    n, filled = CPP1.cores_per_particle, CPP1.packing_fraction
    outside = float(cluster_radius(1.0, CPP1)) ** 2 / n
    assert outside == pytest.approx(n ** (-1.0 / 3.0) * filled ** (-2.0 / 3.0))
    # 1 %: the parameter is given with two figures
    assert parameters["fetuin_capacity_cpp1"].value == pytest.approx(
        outside * parameters["fetuin_capacity"].value, rel=0.01
    )
