"""How much light a suspension of mineral particles scatters into a nephelometer.

Rayleigh-Gans-Debye scattering of a dilute mixture of populations of spheres or compact clusters:

    C(t) = sum_p N_p V_p^2 (k^4 / 4 pi^2) c_p^2 <P(q R_p)>                           (1)
    k    = 2 pi n_w / lambda                  wavenumber in the medium                [1/m]
    c_p  = (3/2) (m^2 - 1) / (m^2 + 2),       m = n_p / n_w                           [1]
    <P>  = 2 pi int P(q R) (1 + cos^2 th) / 2 sin th dth   over the collected angles  [sr]
    q    = 2 k sin(th / 2)                                                            [1/m]
    P(x) = [3 (sin x - x cos x) / x^3]^2      sphere                                  [1]

C is a scattering coefficient [1/m]: light collected per unit length of beam and unit irradiance.
A reader shows it in arbitrary units, and no read-out in this package depends on its scale.

Source of (1): van de Hulst 1957, *Light Scattering by Small Particles*, ch. 7; Bohren & Huffman
1983, ch. 6. With c_p in its Clausius-Mossotti form (1) is exact for small spheres at any contrast,
and the polarisability of a cluster is that of its cores added up: V is the *mineral* volume of the
particle while R is the radius of the space that it is spread over. Weak contrast turns c_p into
the more usual m - 1.

Valid while the phase lag 2 k R |m - 1| stays well below 1 (0.8 for apatite of R = 120 nm) and the
suspension is thin: C times the path length well below 1 (single scattering). Compared with exact
Mie theory over 0-80 degrees (tests/reference/test_nephelometry_mie.py): an amorphous cluster of
R = 67 nm packed to 0.64 comes out 6 % too weak, apatite of R = 120 nm 21 % too weak. Both errors
change slowly with R, so they move the midpoint of a curve far less than its height.
Not modelled: needle shapes, size distributions, the protein coat, the turbidity of the serum
itself (a constant offset), sedimentation, multiple scattering.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError

Array = npt.NDArray[np.float64]

#: Refractive indices at about 600 nm [1].
#:
#: ``ACP``  1.53, assumed, interval 1.48-1.58: Gladstone-Dale estimate n = 1 + rho K with
#:          rho = 2.3 g/cm3 and K = 0.230 cm3/g, mixed from 0.2045 (mean of HAP and WH below) and
#:          0.334 (water) at 20 % water by mass.
#: ``OCP``  1.58, mean of 1.576, 1.583, 1.585, the usual handbook values; interval 1.57-1.59. The
#:          crystalline part of CPP2 is taken to be OCP-like.
#: ``HAP``  1.650, mean over directions of 1.651, 1.651, 1.647 (each +/- 0.002): synthetic
#:          hydroxyapatite, Can. Mineral. 8:431.
#: ``WH``   1.628, mean over directions of 1.629, 1.629, 1.626: whitlockite, Handbook of Mineralogy.
REFRACTIVE_INDEX: Mapping[str, float] = MappingProxyType(
    {"ACP": 1.53, "OCP": 1.58, "HAP": 1.650, "WH": 1.628}
)

# Below this x the power series of the amplitude is used. With 8 terms its first omitted term is
# 4e-16 at x = 1, and the cancellation of the closed form (3 eps / x^2) is 7e-16 there.
_SERIES_BELOW = 1.0
# 3 (sin x - x cos x) / x^3 = sum_k (-1)^k 6 (k + 1) / (2 k + 3)! x^(2k)
_SERIES = (
    1.0,
    -1.0 / 10.0,
    1.0 / 280.0,
    -1.0 / 15120.0,
    1.0 / 1330560.0,
    -1.0 / 172972800.0,
    1.0 / 31135104000.0,
    -1.0 / 7410154752000.0,
)


@dataclass(frozen=True)
class Optics:
    """The light and the detector of a nephelometer.

    Parameters
    ----------
    wavelength : float
        In vacuum [m]. Default 635 nm: the red laser diode of the NEPHELOstar Plus reader
        (assumed to be that of the T50 laboratories).
    n_medium : float
        Refractive index of the liquid [1]. Default 1.332, water; assumed for the T50 mix,
        interval 1.330-1.340 (warming lowers it by 0.002, serum and salts raise it by 0.008).
    theta_min, theta_max : float
        Collected scattering angles [rad]. Default 0 to 80 degrees, assumed: forward scattered
        light gathered by an integrating sphere beneath the plate.
    nodes : int
        Gauss-Legendre nodes over cos(theta) [1]. Default 32, converged to 1e-11 for R up to 2 um.

    Raises
    ------
    InputError
        For values that describe no optics.
    """

    wavelength: float = 635e-9
    n_medium: float = 1.332
    theta_min: float = 0.0
    theta_max: float = float(np.deg2rad(80.0))
    nodes: int = 32

    def __post_init__(self) -> None:
        if not (np.isfinite(self.wavelength) and self.wavelength > 0.0):
            raise InputError(
                f"wavelength {self.wavelength!r} m is not a positive number",
                where="Optics.wavelength",
                hint="give it in metres, such as 635e-9",
            )
        if not (np.isfinite(self.n_medium) and self.n_medium >= 1.0):
            raise InputError(
                f"refractive index {self.n_medium!r} of the medium is below 1",
                where="Optics.n_medium",
                hint="water has 1.332",
            )
        if not 0.0 <= self.theta_min < self.theta_max <= np.pi:
            raise InputError(
                f"angles {self.theta_min!r} to {self.theta_max!r} rad are not a range within 0..pi",
                where="Optics.theta_min, Optics.theta_max",
                hint="give radians with theta_min below theta_max",
            )
        if self.nodes < 2:
            raise InputError(
                f"{self.nodes!r} quadrature nodes are too few",
                where="Optics.nodes",
                hint="use 32",
            )

    @property
    def wavenumber(self) -> float:
        """Wavenumber in the medium, k = 2 pi n_w / lambda [1/m]."""
        return 2.0 * np.pi * self.n_medium / self.wavelength


@dataclass(frozen=True, eq=False)
class Population:
    """Particles of one kind; every array broadcasts against the others (time, usually).

    Parameters
    ----------
    number : ndarray
        Number density N [1/m3].
    volume : ndarray
        Mineral volume of one particle V [m3]; for a cluster, of all its cores together.
    radius : ndarray
        Optical radius R of one particle [m]: the core, or the cluster without its coat.
    index : float
        Refractive index of the mineral [1], such as ``REFRACTIVE_INDEX["ACP"]``.
    name : str
        For messages.
    """

    number: npt.ArrayLike
    volume: npt.ArrayLike
    radius: npt.ArrayLike
    index: float
    name: str = field(default="")


def form_factor(x: npt.ArrayLike) -> Array:
    """Form factor P of a homogeneous sphere at x = q R [1].

    P(x) = [3 (sin x - x cos x) / x^3]^2, with P(0) = 1 and zeros where tan x = x
    (4.4934, 7.7253, ...). A power series replaces it below x = 1, where it cancels.

    Parameters
    ----------
    x : array_like, any shape
        Size times scattering vector [1]; its sign does not matter.

    Returns
    -------
    ndarray, shape of x
        P, between 0 and 1 [1].
    """
    x = np.asarray(x, dtype=float)
    small = np.abs(x) < _SERIES_BELOW
    amplitude = np.empty_like(x)
    near, far = x[small], x[~small]
    x2 = near * near
    series = np.zeros_like(x2)
    for coefficient in reversed(_SERIES):
        series = series * x2 + coefficient
    amplitude[small] = series
    amplitude[~small] = 3.0 * (np.sin(far) - far * np.cos(far)) / far**3
    return np.asarray(amplitude * amplitude)


@lru_cache(maxsize=32)
def _angles(optics: Optics) -> tuple[Array, Array]:
    """Scattering vectors q [1/m] and weights [sr], the unpolarised factor included.

    The nodes lie in cos(theta): q^2 = 2 k^2 (1 - cos theta), and P is an entire function of
    q^2, so Gauss-Legendre converges faster than any power of the number of nodes.
    """
    node, weight = np.polynomial.legendre.leggauss(optics.nodes)
    low, high = np.cos(optics.theta_max), np.cos(optics.theta_min)
    mu = 0.5 * (high + low) + 0.5 * (high - low) * node
    q = optics.wavenumber * np.sqrt(2.0 * (1.0 - mu))
    solid = 2.0 * np.pi * 0.5 * (high - low) * weight * 0.5 * (1.0 + mu * mu)
    q.flags.writeable = solid.flags.writeable = False
    return q, solid


def collected_form_factor(radius: npt.ArrayLike, optics: Optics | None = None) -> Array:
    """<P>: form factor times (1 + cos^2)/2, summed over the collected solid angle [sr].

    Parameters
    ----------
    radius : array_like, any shape
        Optical radius [m].
    optics : Optics, optional
        The nephelometer; default ``Optics()``.

    Returns
    -------
    ndarray, shape of radius
        8 pi / 3 for a point scatterer seen from everywhere [sr].
    """
    q, solid = _angles(optics or Optics())
    radius = np.asarray(radius, dtype=float)
    return np.asarray(form_factor(radius[..., np.newaxis] * q) @ solid)


def contrast(index: float, n_medium: float) -> float:
    """Optical contrast c = (3/2) (m^2 - 1) / (m^2 + 2) of a mineral in a liquid [1].

    Parameters
    ----------
    index, n_medium : float
        Refractive indices of the mineral and of the liquid [1].

    Returns
    -------
    float
        Close to m - 1 when that is small; negative for a mineral of lower index.
    """
    m2 = (index / n_medium) ** 2
    return float(1.5 * (m2 - 1.0) / (m2 + 2.0))


def scattering_strength(index: float, optics: Optics) -> float:
    """Factor k^4 c^2 / (4 pi^2) of (1): times V^2 <P>, the light of one particle [1/m4].

    dC/dOmega per particle = V^2 k^4 / (4 pi^2) c^2 P (1 + cos^2) / 2.
    """
    c = contrast(index, optics.n_medium)
    return float(optics.wavenumber**4 / (4.0 * np.pi**2) * c * c)


def population_scattering(population: Population, optics: Optics | None = None) -> Array:
    """Scattering coefficient of one population into the detector, a term of (1) [1/m].

    Where there are no particles (``number`` 0) the answer is 0, whatever the volume and radius
    of the absent particle are (0/0 gives NaN there, which is no news).

    Parameters
    ----------
    population : Population
        Arrays over time.
    optics : Optics, optional
        The nephelometer; default ``Optics()``.

    Returns
    -------
    ndarray
        Broadcast shape of the population's arrays [1/m].

    Raises
    ------
    InputError
        For a negative number density, volume or radius, or a refractive index below 1.
    """
    optics = optics or Optics()
    number, volume, radius = np.broadcast_arrays(
        *(
            np.asarray(a, dtype=float)
            for a in (population.number, population.volume, population.radius)
        )
    )
    present = number != 0.0
    volume = np.where(present, volume, 0.0)
    radius = np.where(present, radius, 0.0)
    for label, array in (("number", number), ("volume", volume), ("radius", radius)):
        if np.any(array < 0.0):
            raise InputError(
                f"{label} of population {population.name!r} goes down to {np.nanmin(array):.3g}",
                where="nephelometry",
                hint="numbers, volumes and radii of particles cannot be negative",
            )
    if not population.index >= 1.0:
        raise InputError(
            f"refractive index {population.index!r} of population {population.name!r} is below 1",
            where="nephelometry",
            hint=f"known minerals: {dict(REFRACTIVE_INDEX)}",
        )
    strength = scattering_strength(population.index, optics)
    light = np.zeros(number.shape)
    seen = collected_form_factor(radius[present], optics)
    light[present] = number[present] * volume[present] ** 2 * strength * seen
    return light


def nephelometry(populations: Iterable[Population], optics: Optics | None = None) -> Array:
    """Scattering coefficient of the whole suspension, equation (1) [1/m].

    Parameters
    ----------
    populations : iterable of Population
        Bare ACP, CPP1, CPP2, HAP, WH, ...; independent scatterers, so their light adds up.
    optics : Optics, optional
        The nephelometer; default ``Optics()``.

    Returns
    -------
    ndarray
        Broadcast shape of all arrays [1/m]; 0 for no populations.
    """
    total: Array = np.zeros(())
    for population in populations:
        total = np.asarray(total + population_scattering(population, optics))
    return total
