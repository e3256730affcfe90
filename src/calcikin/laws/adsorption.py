"""Inhibitors on a surface: competitive Langmuir adsorption and step pinning."""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.vocabulary import pos, softplus

LANGMUIR = "competitive Langmuir isotherm (Langmuir 1918)"
PINNING = "Cabrera & Vermilyea 1958; Kubota & Mullin 1995, 10.1016/0022-0248(95)00128-X"
AREA_FLOOR = 1e-12  # m2/L: under a thousand particles; keeps the coverage finite without any
DRIVE_FLOOR = 0.05  # lowest ln S per ion used in the denominator of the pinning load


@law(affinity="L/mol", activity="mol/L", switch="1", unit="1", source=LANGMUIR)
def adsorption_term(affinity: Any, activity: Any, switch: Any) -> Any:
    """Affinity times activity, K a: one term of the isotherm."""
    return switch * affinity * activity


@law(terms="list:1", unit="1", source=LANGMUIR)
def langmuir_denominator(terms: Any) -> Any:
    """1 + sum K a over everything that competes for the surface."""
    return 1.0 + sum(terms)


@law(terms="list:1", alphas="list:1", denominator="1", unit="1", source=PINNING)
def inhibitor_load(terms: Any, alphas: Any, denominator: Any) -> Any:
    """sum_j alpha_j theta_j with theta_j = K_j a_j / (1 + sum K a)."""
    return sum(a * t for a, t in zip(alphas, terms, strict=True)) / denominator


@law(load="1", s="1", width="1", unit="1", source=PINNING)
def step_pinning(load: Any, s: Any, width: Any) -> Any:
    """Step velocity left, v/v0 = max(0, 1 - load / s), smoothed over ``width``."""
    drive = DRIVE_FLOOR + pos(s - DRIVE_FLOOR)
    return softplus(1.0 - load / drive, width) / softplus(1.0, width)


@law(
    bound="mol/L",
    area="m2/L",
    capacity="mol/m2",
    unit="1",
    source="definition",
)
def coverage(bound: Any, area: Any, capacity: Any) -> Any:
    """Share of the surface that is covered: b / (Gamma area), between 0 and 1."""
    share = pos(bound) / (capacity * (pos(area) + AREA_FLOOR))
    return share / (1.0 + pos(share - 1.0))


@law(
    shielding="1",
    covered="1",
    switch="1",
    unit="1",
    source="fetuin-A shields ACP: Heiss 2010, 10.1016/j.bpj.2010.10.030",
)
def bare_share(shielding: Any, covered: Any, switch: Any) -> Any:
    """Share of a surface still open to nucleation: 1 - eps theta."""
    return 1.0 - switch * shielding * covered


@law(
    rate="L/mol/s",
    free="mol/L",
    amount="mol/L",
    unit="mol/L/s",
    source="adsorption-limited coating",
)
def coating(rate: Any, free: Any, amount: Any) -> Any:
    """Bare particles that become coated: k_on F y, for each moment y of the population."""
    return rate * pos(free) * amount


@law(
    rate="L/mol/s",
    release="1/s",
    free="mol/L",
    bound="mol/L",
    area="m2/L",
    capacity="mol/m2",
    unit="mol/L/s",
    source=LANGMUIR,
)
def protein_adsorption(
    rate: Any, release: Any, free: Any, bound: Any, area: Any, capacity: Any
) -> Any:
    """Protein going onto the coat: k_on F (Gamma area - b) - k_off b."""
    return rate * pos(free) * (capacity * area - bound) - release * bound
