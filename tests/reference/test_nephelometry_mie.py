"""Rayleigh-Gans-Debye scattering against exact Mie theory of a sphere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import spherical_jn, spherical_yn

from calcikin.assays.nephelometry import Optics, Population, population_scattering

OPTICS = Optics()


def mie_collected(radius: float, index: float, optics: Optics) -> float:
    """Cross-section of one sphere into the detector [m2], by Mie's series.

    Bohren & Huffman 1983, eq. 4.52 (a_n, b_n), 4.47 (pi_n, tau_n) and 4.74 (S1, S2).
    """
    k, m = optics.wavenumber, index / optics.n_medium
    x = k * radius
    n = np.arange(1, int(x + 4 * np.cbrt(x) + 12))

    def psi(z: float) -> tuple[np.ndarray, np.ndarray]:
        j, dj = spherical_jn(n, z), spherical_jn(n, z, derivative=True)
        return z * j, j + z * dj

    psi_x, dpsi_x = psi(x)
    psi_mx, dpsi_mx = psi(m * x)
    y, dy = spherical_yn(n, x), spherical_yn(n, x, derivative=True)
    xi, dxi = psi_x + 1j * x * y, dpsi_x + 1j * (y + x * dy)
    a = (m * psi_mx * dpsi_x - psi_x * dpsi_mx) / (m * psi_mx * dxi - xi * dpsi_mx)
    b = (psi_mx * dpsi_x - m * psi_x * dpsi_mx) / (psi_mx * dxi - m * xi * dpsi_mx)

    node, weight = np.polynomial.legendre.leggauss(100)
    low, high = np.cos(optics.theta_max), np.cos(optics.theta_min)
    mu = 0.5 * (high + low) + 0.5 * (high - low) * node
    before, now = np.zeros_like(mu), np.ones_like(mu)
    s1 = np.zeros_like(mu, dtype=complex)
    s2 = np.zeros_like(s1)
    for order, a_n, b_n in zip(n, a, b, strict=True):
        tau = order * mu * now - (order + 1) * before
        scale = (2 * order + 1) / (order * (order + 1))
        s1 += scale * (a_n * now + b_n * tau)
        s2 += scale * (a_n * tau + b_n * now)
        before, now = now, ((2 * order + 1) * mu * now - (order + 1) * before) / order
    unpolarised = 0.5 * (np.abs(s1) ** 2 + np.abs(s2) ** 2)
    solid = 2 * np.pi * 0.5 * (high - low) * weight
    return float(np.sum(solid * unpolarised) / k**2)


def rgd(radius: float, index: float) -> float:
    volume = 4 / 3 * np.pi * radius**3
    return float(population_scattering(Population(1.0, volume, radius, index), OPTICS))


@pytest.mark.parametrize("radius", [10e-9, 50e-9, 120e-9, 200e-9, 400e-9])
def test_agrees_with_mie_for_weak_contrast(radius: float) -> None:
    excess = 1e-3
    exact = mie_collected(radius, OPTICS.n_medium * (1 + excess), OPTICS)
    # First-order Born scattering: the relative error is of the order of the phase lag
    # 2 k R (m - 1) (1e-2 at most here) and of m - 1 itself.
    lag = 2 * OPTICS.wavenumber * radius * excess
    assert rgd(radius, OPTICS.n_medium * (1 + excess)) == pytest.approx(exact, rel=lag + excess)


def test_error_is_first_order_in_the_contrast() -> None:
    radius = 120e-9
    error = []
    for excess in (4e-3, 2e-3, 1e-3):
        index = OPTICS.n_medium * (1 + excess)
        error.append(rgd(radius, index) / mie_collected(radius, index, OPTICS) - 1)
    ratio = np.array(error[:-1]) / np.array(error[1:])
    # halving the contrast halves the error, up to the next order (a few excesses)
    np.testing.assert_allclose(ratio, 2.0, atol=0.05)


def test_what_the_approximation_costs_for_real_particles() -> None:
    """The numbers of the module's docstring."""
    # A CPP1: amorphous cores of index 1.53 packed to 0.64, as a sphere of the Maxwell-Garnett
    # index, whose polarisability is the sum of the cores'.
    radius, packing = 67e-9, 0.64
    m2 = (1.53 / OPTICS.n_medium) ** 2
    f = packing * (m2 - 1) / (m2 + 2)
    mixed = OPTICS.n_medium * np.sqrt((1 + 2 * f) / (1 - f))
    volume = packing * 4 / 3 * np.pi * radius**3
    cluster = float(population_scattering(Population(1.0, volume, radius, 1.53), OPTICS))
    assert cluster / mie_collected(radius, mixed, OPTICS) == pytest.approx(0.94, abs=0.01)
    # A CPP2 as a sphere of apatite.
    assert rgd(120e-9, 1.65) / mie_collected(120e-9, 1.65, OPTICS) == pytest.approx(0.79, abs=0.01)
