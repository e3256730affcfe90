"""How large a particle looks to dynamic light scattering.

    r_c = (3 V / (4 pi))^(1/3)                radius of a core of volume V                  (1)
    R   = r_c (n / phi)^(1/3)                 a cluster of n cores packed to a fraction phi (2)
    r_h = R + shell                           with its hydrated protein coat                (3)

R is the optical radius of `nephelometry`; r_h is what a DLS instrument reports. The model's
particle numbers count cores (the nucleation burst); a CPP1 particle is several amorphous cores
held together by the coat, so there are N / n particles.

Valid for compact particles; secondary particles are in truth elongated (prolate), so their r_h
here is that of the sphere of the same mineral volume, a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """How cores make up a particle.

    Parameters
    ----------
    cores_per_particle : float
        n [1], at least 1; a mean, so it need not be whole.
    packing_fraction : float
        phi, mineral share of the cluster's volume [1]; 1 for a single core.
    shell : float
        Thickness of the hydrated protein coat [m].

    Raises
    ------
    InputError
        For numbers outside these meanings.
    """

    cores_per_particle: float = 1.0
    packing_fraction: float = 1.0
    shell: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cores_per_particle) and self.cores_per_particle >= 1.0):
            raise InputError(
                f"{self.cores_per_particle!r} cores per particle",
                where="Geometry.cores_per_particle",
                hint="a particle holds at least one core",
            )
        if not 0.0 < self.packing_fraction <= 1.0:
            raise InputError(
                f"packing fraction {self.packing_fraction!r} is not in (0, 1]",
                where="Geometry.packing_fraction",
                hint="random close packing of spheres is 0.64",
            )
        if not (np.isfinite(self.shell) and self.shell >= 0.0):
            raise InputError(
                f"coat thickness {self.shell!r} m",
                where="Geometry.shell",
                hint="give it in metres, such as 8e-9",
            )


#: Thickness of the coat [m]: one compact fetuin-A monolayer (Heiss 2010, Biophys J 99:3986, by
#: neutron scattering). Its thickness in water, 8 nm, is assumed: one hydrated molecule across;
#: interval 4-10 nm.
FETUIN_MONOLAYER = 8e-9

#: Primary particle. phi 0.64: random close packing of equal spheres (Scott & Kilgour 1969,
#: J Phys D 2:863), assumed to hold for the cores; interval 0.4-0.74. n 33: assumed, chosen so
#: that cores of 18 nm give the observed r_h of 75 nm (Miura 2018, Sci Rep 8:1213, 50-100 nm),
#: which leaves an interval of 9-86.
CPP1 = Geometry(cores_per_particle=33.0, packing_fraction=0.64, shell=FETUIN_MONOLAYER)

#: Secondary particle: one crystalline core of the model is one particle (assumed), coated.
CPP2 = Geometry(shell=FETUIN_MONOLAYER)


def core_radius(volume: npt.ArrayLike, number: npt.ArrayLike) -> Array:
    """Mean radius of the cores of a population, equation (1) [m].

    Parameters
    ----------
    volume : array_like
        Mineral volume of all cores together, per volume of suspension [m3/m3].
    number : array_like
        Number density of cores [1/m3].

    Returns
    -------
    ndarray, broadcast shape
        Radius of the core of mean volume [m]; NaN where there are no cores. Volumes a little
        below zero (solver tolerance) count as zero.
    """
    volume, number = np.broadcast_arrays(
        np.asarray(volume, dtype=float), np.asarray(number, dtype=float)
    )
    some = number > 0.0
    mean = np.where(some, np.maximum(volume, 0.0) / np.where(some, number, 1.0), np.nan)
    return np.asarray(np.cbrt(3.0 * mean / (4.0 * np.pi)))


def cluster_radius(core: npt.ArrayLike, geometry: Geometry) -> Array:
    """Radius of the mineral part of a particle, equation (2) [m].

    Parameters
    ----------
    core : array_like
        Core radius r_c [m].
    geometry : Geometry
        Number and packing of the cores.

    Returns
    -------
    ndarray, shape of core
        R [m].
    """
    ratio = geometry.cores_per_particle / geometry.packing_fraction
    return np.asarray(np.asarray(core, dtype=float) * np.cbrt(ratio))


def hydrodynamic_radius(core: npt.ArrayLike, geometry: Geometry) -> Array:
    """Radius of the coated particle as DLS sees it, equation (3) [m].

    Parameters
    ----------
    core : array_like
        Core radius r_c [m].
    geometry : Geometry
        Number and packing of the cores, and the coat; ``CPP1`` or ``CPP2``.

    Returns
    -------
    ndarray, shape of core
        r_h [m]; NaN where the core radius is (no particles).
    """
    return np.asarray(cluster_radius(core, geometry) + geometry.shell)


def particle_number(number: npt.ArrayLike, geometry: Geometry) -> Array:
    """Number density of particles from that of cores, N / n [1/m3].

    Parameters
    ----------
    number : array_like
        Number density of cores [1/m3].
    geometry : Geometry
        Cores per particle.

    Returns
    -------
    ndarray, shape of number
        Number density of particles, in the unit of ``number``.
    """
    return np.asarray(np.asarray(number, dtype=float) / geometry.cores_per_particle)


def particle_volume(core: npt.ArrayLike, geometry: Geometry) -> Array:
    """Mineral volume of one particle, n (4/3) pi r_c^3 [m3].

    Parameters
    ----------
    core : array_like
        Core radius r_c [m].
    geometry : Geometry
        Cores per particle.

    Returns
    -------
    ndarray, shape of core
        V of `nephelometry.Population` [m3].
    """
    sphere = 4.0 / 3.0 * np.pi * np.asarray(core, dtype=float) ** 3
    return np.asarray(geometry.cores_per_particle * sphere)
