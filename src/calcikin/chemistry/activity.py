"""Activity coefficients of ions after Davies, with A from the dielectric constant of water.

    log10 gamma = -A z^2 (sqrt(I)/(1 + sqrt(I)) - b I),        b = 0.3            (1)
    A = 1.82483e6 / (epsilon T)^(3/2)            [L^(1/2) mol^(-1/2)]             (2)
    epsilon = 87.740 - 0.40008 t + 9.398e-4 t^2 - 1.410e-6 t^3,  t in degC        (3)

Sources: (1) C. W. Davies, Ion Association (Butterworths, 1962); (2) the Debye-Hueckel limiting law
with CODATA constants, on the molar scale (no density factor, since concentrations are mol/L);
(3) C. G. Malmberg, A. A. Maryott, J. Res. Natl. Bur. Stand. 56 (1956) 1, 0-100 degC.

A is 0.512 at 25 degC and 0.523 at 37 degC. On the molal scale, and with older dielectric data, it
is 0.509 at 25 degC; the difference is 0.002 in log10 gamma of a divalent ion at I = 0.15.
"""

from __future__ import annotations

import math

#: Coefficient b of the Davies equation [L/mol]; Davies 1962.
DAVIES_B = 0.3

#: Ionic strength up to which the Davies equation is taken as valid [mol/L]; Davies 1962.
VALID_IONIC_STRENGTH = 0.5

#: Ionic strength above which the Davies term is held constant [mol/L]; assumed. Far outside
#: validity the equation would let coefficients grow without bound (gamma of a -4 ion 1e40 at 20
#: mol/L) and no solution need exist; holding it keeps every solve finite.
HELD_IONIC_STRENGTH = 1.0


class ActivityWarning(UserWarning):
    """The ionic strength lies outside the validity of the activity model."""


def dielectric_constant(T: float) -> float:
    """Relative permittivity of water at temperature `T`, equation (3) [1].

    Parameters
    ----------
    T : float, temperature [K], 273-373
    """
    t = T - 273.15
    return 87.740 - 0.40008 * t + 9.398e-4 * t**2 - 1.410e-6 * t**3


def davies_a(T: float) -> float:
    """Debye-Hueckel coefficient A at temperature `T`, equation (2) [L^(1/2) mol^(-1/2)].

    Parameters
    ----------
    T : float, temperature [K], 273-373
    """
    return 1.82483e6 * math.pow(dielectric_constant(T) * T, -1.5)


def davies_term(ionic_strength: float) -> float:
    """The bracket of equation (1), sqrt(I)/(1 + sqrt(I)) - b I [1].

    Parameters
    ----------
    ionic_strength : float, I [mol/L]; held at `HELD_IONIC_STRENGTH` above it
    """
    i = min(ionic_strength, HELD_IONIC_STRENGTH)
    root = math.sqrt(i)
    return root / (1.0 + root) - DAVIES_B * i


def log10_gamma(charge: float, ionic_strength: float, T: float) -> float:
    """log10 of the activity coefficient of an ion, equation (1) [1].

    Parameters
    ----------
    charge : float, charge number z [1]
    ionic_strength : float, I [mol/L], valid to 0.5
    T : float, temperature [K]

    Returns
    -------
    float
        Zero for an uncharged species.
    """
    return -davies_a(T) * charge**2 * davies_term(ionic_strength)
