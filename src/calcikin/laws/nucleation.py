"""Birth of particles: classical nucleation in solution and on a surface."""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.populations import AVOGADRO, BOLTZMANN, M3_PER_LITRE, PI
from calcikin.laws.vocabulary import cnt_factor, pos

BIRTH_EXCESS = (
    1.2  # size at birth over the critical radius; any value above 1 lets it grow (assumed)
)
LOWEST_DRIVE = 0.05  # s used for the critical radius; nucleation has long ceased there

CNT = (
    "classical nucleation theory (Volmer, Becker, Doering), e.g. Habraken 2013, 10.1038/ncomms2490"
)


@law(gamma="J/m2", ion_volume="m3", T="K", unit="1", source=CNT)
def nucleation_barrier(gamma: Any, ion_volume: Any, T: Any) -> Any:
    """Barrier B = 16 pi gamma^3 v^2 / (3 (kT)^3), v the volume per ion, s = ln S per ion."""
    kt = BOLTZMANN * T
    return 16.0 * PI * gamma**3 * ion_volume**2 / (3.0 * kt**3)


@law(prefactor="mol/L/s", barrier="1", s="1", unit="mol/L/s", source=CNT)
def solution_nucleation(prefactor: Any, barrier: Any, s: Any) -> Any:
    """Particles born in solution: J = A exp(-B / s^2), zero for s <= 0."""
    return prefactor * cnt_factor(barrier, s)


@law(
    cube="m3",
    host_radius="m",
    unit="1",
    source="geometry: a host smaller than a crystal nucleus cannot carry one",
)
def host_share(cube: Any, host_radius: Any) -> Any:
    """Share of hosts large enough to carry a nucleus: r^3 / (r^3 + r_h^3)."""
    return cube / (cube + host_radius**3)


@law(
    prefactor="mol/m2/s",
    area="m2/L",
    host="1",
    bare="1",
    barrier="1",
    s="1",
    pinning="1",
    switch="1",
    unit="mol/L/s",
    source=CNT + "; nucleation of the crystalline phase on ACP: Habraken 2013",
)
def surface_nucleation(
    prefactor: Any,
    area: Any,
    host: Any,
    bare: Any,
    barrier: Any,
    s: Any,
    pinning: Any,
    switch: Any,
) -> Any:
    """Particles born on a surface: J = A_s area host bare pinning exp(-B / s^2)."""
    return switch * prefactor * area * host * bare * pinning * cnt_factor(barrier, s)


@law(
    s="1",
    s_host="1",
    curvature="1",
    unit="1",
    source="local equilibrium at the surface of an amorphous host: its ions exchange without a "
    "barrier, so the solution next to it has the host's (size-dependent) solubility",
)
def interface_saturation(s: Any, s_host: Any, curvature: Any) -> Any:
    """Saturation per ion next to the host: s - (s_host - curvature)."""
    return s - s_host + curvature


@law(
    gamma="J/m2",
    ion_volume="m3",
    T="K",
    s="1",
    nucleus_radius="m",
    molar_volume="L/mol",
    unit="1",
    source="Gibbs-Thomson: a particle is born larger than the critical radius 2 gamma v / (kT s)",
)
def critical_nucleus_units(
    gamma: Any, ion_volume: Any, T: Any, s: Any, nucleus_radius: Any, molar_volume: Any
) -> Any:
    """Formula units in a newborn particle: 4/3 pi (r_n^3 + (1.2 r*)^3) N_A / V_m."""
    drive = LOWEST_DRIVE + pos(s - LOWEST_DRIVE)
    critical = 2.0 * gamma * ion_volume / (BOLTZMANN * T * drive)
    cube = nucleus_radius**3 + (BIRTH_EXCESS * critical) ** 3
    return 4.0 / 3.0 * PI * cube * AVOGADRO / (M3_PER_LITRE * molar_volume)


@law(nucleus="1", birth_rate="mol/L/s", unit="mol/L/s", source="mass balance")
def nucleus_mass(nucleus: Any, birth_rate: Any) -> Any:
    """Mineral that the newly born particles take along: g J."""
    return nucleus * birth_rate
