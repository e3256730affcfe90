"""Temperature dependence of equilibrium constants.

Every constant is held as the six-coefficient expression that PHREEQC uses,

    log10 K(T) = A1 + A2 T + A3/T + A4 log10 T + A5/T^2 + A6 T^2                    (1)

so that constants of consecutive reactions add coefficient by coefficient (Hess's law). The
van 't Hoff equation with a constant enthalpy is the special case

    log10 K(T) = log10 K(T0) + dH/(R ln 10) (1/T0 - 1/T)                            (2)

with A1 = log10 K(T0) + dH/(R ln 10 T0) and A3 = -dH/(R ln 10).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Gas constant [J/(mol K)], CODATA 2018 (exact).
GAS_CONSTANT = 8.31446261815324

#: Reference temperatures [K].
T25 = 298.15
T37 = 310.15

Coefficients = tuple[float, float, float, float, float, float]


def evaluate(coefficients: Sequence[float], T: float) -> float:
    """log10 K at temperature `T` from the coefficients of equation (1) [1].

    Parameters
    ----------
    coefficients : sequence of 6 floats, A1 ... A6
    T : float, temperature [K]
    """
    a1, a2, a3, a4, a5, a6 = coefficients
    return a1 + a2 * T + a3 / T + a4 * math.log10(T) + a5 / T**2 + a6 * T**2


@dataclass(frozen=True)
class LogK:
    """log10 of an equilibrium constant as a function of temperature.

    Attributes
    ----------
    value_25 : float, log10 K at 25 degC [1]; at I = 0 unless the species is conditional
    delta_h : float | None, reaction enthalpy [kJ/mol], equation (2)
    analytic : tuple of 6 floats | None, A1 ... A6 of equation (1); used instead of delta_h
    """

    value_25: float
    delta_h: float | None = None
    analytic: Coefficients | None = None

    @property
    def coefficients(self) -> Coefficients:
        """A1 ... A6 of equation (1) (without temperature data: the value at 25 degC)."""
        if self.analytic is not None:
            return self.analytic
        slope = 1e3 * (self.delta_h or 0.0) / (GAS_CONSTANT * math.log(10.0))
        return (self.value_25 + slope / T25, 0.0, -slope, 0.0, 0.0, 0.0)

    def at(self, T: float) -> float:
        """log10 K at temperature `T` [1].

        Parameters
        ----------
        T : float, temperature [K]; the shipped sets are meant for 277-333 K (4-60 degC)
        """
        return evaluate(self.coefficients, T)

    @classmethod
    def from_value(cls, value: float, T: float, delta_h: float | None) -> LogK:
        """LogK from a value at any temperature, carried to 25 degC with equation (2).

        Parameters
        ----------
        value : float, log10 K at `T` [1]
        T : float, temperature of the value [K]
        delta_h : float | None, reaction enthalpy [kJ/mol]; None keeps the value unchanged
        """
        slope = 1e3 * (delta_h or 0.0) / (GAS_CONSTANT * math.log(10.0))
        return cls(value + slope * (1.0 / T - 1.0 / T25), delta_h)

    @classmethod
    def combine(cls, parts: Iterable[tuple[float, LogK]]) -> LogK:
        """Sum of multiples of constants: log K of a sum of reactions (Hess's law).

        Parameters
        ----------
        parts : iterable of (factor [1], LogK)
        """
        total = [0.0] * 6
        for factor, part in parts:
            for k, a in enumerate(part.coefficients):
                total[k] += factor * a
        a1, a2, a3, a4, a5, a6 = total
        coefficients = (a1, a2, a3, a4, a5, a6)
        return cls(evaluate(coefficients, T25), None, coefficients)
