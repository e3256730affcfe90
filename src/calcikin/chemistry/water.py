"""Water at 1 atm: density, dielectric constant, and the Debye-Hueckel coefficients they give.

    A = B e2 / (2 ln 10),   B = sqrt(8 pi N_A e2 rho / 1000),   e2 = e^2/(epsilon k T)   (1)

on the molal scale. Density and dielectric constant are those of PHREEQC 3.8, and so are the
constants of nature in (1), so that its activity coefficients come out to ten digits: A is 0.5100
and B 0.3285 1/Angstrom at 25 degC. The molar Davies equation of `calcikin.chemistry.activity` has
its own A.

Sources: density along the saturation line, W. Wagner, A. Pruss, J. Phys. Chem. Ref. Data 31 (2002)
387, equation 2.6, with the pressure correction of D. L. Parkhurst, C. A. J. Appelo, USGS Techniques
and Methods 6-A43 (2013); dielectric constant, D. J. Bradley, K. S. Pitzer, J. Phys. Chem. 83 (1979)
1599.
"""

from __future__ import annotations

import math

#: Avogadro constant [1/mol] and e^2/k [cm K] as in PHREEQC 3.8 (CODATA: 6.02214e23, 1.67101e-3).
_AVOGADRO = 6.02252e23
_E2_OVER_K = 1.671008e-3

_CRITICAL_T = 647.096  # K
_CRITICAL_DENSITY = 322.0  # kg/m3
#: Exponent times 3 -> coefficient of equation 2.6 of Wagner and Pruss.
_SATURATED = {
    1: 1.99274064,
    2: 1.09965342,
    5: -0.510839303,
    16: -1.75493479,
    43: -45.5170352,
    110: -6.7469445e5,
}
#: Pressure correction of the density: row k multiplies the pressure to the power of `_POWERS[k]`,
#: columns are powers of the temperature in degC.
_POWERS = (1.0, 2.0, 3.0, 3.5)
_PRESSURE = (
    (5.188e-2, -4.1885519e-4, 6.6780748e-6, -3.6648699e-8, 8.3501912e-11),
    (-6.0251348e-6, 3.6696407e-7, -9.2056269e-9, 6.7024182e-11, -1.5947241e-13),
    (-2.2983596e-9, -4.0133819e-10, 1.2619821e-11, -9.8952363e-14, 2.3363281e-16),
    (7.0517647e-11, 6.8566831e-12, -2.282975e-13, 1.8113313e-15, -4.2475324e-18),
)
_ATM_IN_BAR = 1.01325


def density(T: float) -> float:
    """Density of water at 1 atm [kg/L].

    Parameters
    ----------
    T : float, temperature [K], 273-373
    """
    theta = 1.0 - T / _CRITICAL_T
    saturated = 1.0 + sum(b * math.pow(theta, n / 3.0) for n, b in _SATURATED.items())
    t = T - 273.15
    vapour = math.exp(11.6702 - 3816.44 / (T - 46.13))  # atm
    excess = 1.0 - (vapour - 1e-6)
    pressed: float = sum(
        excess**power * sum(p * t**k for k, p in enumerate(row))
        for power, row in zip(_POWERS, _PRESSURE, strict=True)
    )
    return 1e-3 * (_CRITICAL_DENSITY * saturated + pressed)


def permittivity(T: float) -> float:
    """Relative permittivity (dielectric constant) of water at 1 atm [1].

    Parameters
    ----------
    T : float, temperature [K], 273-623
    """
    at_1000_bar = 342.79 * math.exp(-5.0866e-3 * T + 9.469e-7 * T**2)
    c = -2.0525 + 3.1159e3 / (T - 182.89)
    b = -8.0325e3 + 4.2142e6 / T + 2.1417 * T
    return at_1000_bar + c * math.log((b + _ATM_IN_BAR) / (b + 1e3))


def debye_hueckel(T: float) -> tuple[float, float]:
    """A [kg^(1/2) mol^(-1/2)] and B [kg^(1/2) mol^(-1/2) / Angstrom], equation (1).

    Parameters
    ----------
    T : float, temperature [K], 273-373
    """
    e2 = _E2_OVER_K / (permittivity(T) * T)  # cm
    b = math.sqrt(8.0 * math.pi * _AVOGADRO * e2 * density(T) / 1e3)  # 1/cm
    return b * e2 / (2.0 * math.log(10.0)), 1e-8 * b
