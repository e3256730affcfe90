"""Geometry of a particle population from its two moments: mineral amount and number.

Equal spheres. The floors below stand for a number of particles far under one per litre; they keep
every
derivative finite for an empty population and change no balance, because they enter rates only.
"""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.vocabulary import cbrt, exp, pos

AVOGADRO = 6.02214076e23  # 1/mol, exact (SI 2019)
BOLTZMANN = 1.380649e-23  # J/K, exact (SI 2019)
VOGEL_VISCOSITY, VOGEL_SLOPE, VOGEL_ORIGIN = 2.414e-5, 570.58, 140.0  # Pa s, K, K: water
M3_PER_LITRE = 1e-3
PI = 3.141592653589793
NUMBER_FLOOR = 1e-18  # mol of particles per L: 6e5 particles per L, of 1e9 to 1e16

GEOMETRY = "geometry of equal spheres"


@law(nucleus_radius="m", molar_volume="L/mol", unit="1", source=GEOMETRY)
def nucleus_units(nucleus_radius: Any, molar_volume: Any) -> Any:
    """Formula units in one nucleus: 4/3 pi r^3 N_A / V_m."""
    return 4.0 / 3.0 * PI * nucleus_radius**3 * AVOGADRO / (M3_PER_LITRE * molar_volume)


@law(
    amount="mol/L",
    number="mol/L",
    molar_volume="L/mol",
    nucleus="1",
    unit="m3",
    source=GEOMETRY,
)
def sphere_cube(amount: Any, number: Any, molar_volume: Any, nucleus: Any) -> Any:
    """Cube of the radius of equal spheres: r^3 = 3 V_m m / (4 pi N_A n)."""
    volume = M3_PER_LITRE * molar_volume * (pos(amount) + nucleus * NUMBER_FLOOR)
    return 0.75 / PI * volume / (AVOGADRO * (pos(number) + NUMBER_FLOOR))


@law(cube="m3", unit="m", source=GEOMETRY)
def sphere_radius(cube: Any) -> Any:
    """Radius of equal spheres: r = (r^3)^(1/3)."""
    return cbrt(cube)


@law(cube="m3", nucleus_radius="m", unit="m", source=GEOMETRY + ", bounded below by the nucleus")
def bounded_size(cube: Any, nucleus_radius: Any) -> Any:
    """Radius for rates, not below that of the nucleus: (r^3 + r_n^3)^(1/3)."""
    return cbrt(cube + nucleus_radius**3)


@law(amount="mol/L", molar_volume="L/mol", size="m", unit="m2/L", source=GEOMETRY)
def sphere_area(amount: Any, molar_volume: Any, size: Any) -> Any:
    """Surface of a population: A = 3 V / r, or (36 pi N)^(1/3) V^(2/3) for large r."""
    return 3.0 * M3_PER_LITRE * molar_volume * pos(amount) / size


@law(molar_volume="L/mol", ions="1", unit="m3", source=GEOMETRY)
def ion_volume(molar_volume: Any, ions: Any) -> Any:
    """Volume per ion: v = V_m / (nu N_A)."""
    return M3_PER_LITRE * molar_volume / (ions * AVOGADRO)


@law(
    T="K",
    unit="J*s/m3",
    source="Vogel equation of water, within 3 % of the tables from 0 to 100 degC",
)
def water_viscosity(T: Any) -> Any:
    """Viscosity of water: 2.414e-5 Pa s exp(570.58 K / (T - 140 K))."""
    return VOGEL_VISCOSITY * exp(VOGEL_SLOPE / (T - VOGEL_ORIGIN))


@law(
    efficiency="1",
    T="K",
    viscosity="J*s/m3",
    number="mol/L",
    unit="mol/L/s",
    source="Smoluchowski 1917: Brownian encounters of equal spheres, a share of which merge",
)
def coalescence(efficiency: Any, T: Any, viscosity: Any, number: Any) -> Any:
    """Particles lost by merging: efficiency (4 k T / 3 eta) N_A n^2, whatever their size."""
    encounters = 4.0 * BOLTZMANN * T / (3.0 * viscosity) * AVOGADRO / M3_PER_LITRE
    return efficiency * encounters * number * pos(number)


@law(factors="list:1", unit="1", source="arithmetic")
def product(factors: Any) -> Any:
    """Product of dimensionless factors."""
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result
