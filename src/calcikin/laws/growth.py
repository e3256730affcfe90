"""Growth and dissolution of a population, and what curvature does to solubility."""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.populations import BOLTZMANN, M3_PER_LITRE
from calcikin.laws.vocabulary import exp, pos, pos_power, smooth_loss

GAS_CONSTANT = 8.31446261815324  # J/mol/K, exact (SI 2019)
REFERENCE_TEMPERATURE = 310.15  # K; rate constants are stated at 37 degC
LN_H_REFERENCE = -17.039129688155942  # ln a_H at pH 7.4; rate constants are stated there
DISSOLUTION_SMOOTHING = 0.05  # in S - 1: width over which the dissolution branch sets in


@law(
    coefficients="list:1",
    ln_activities="list:1",
    ln_k="1",
    ions="1",
    unit="1",
    source="definition; mean saturation per ion, e.g. Nancollas 1979",
)
def ln_saturation(coefficients: Any, ln_activities: Any, ln_k: Any, ions: Any) -> Any:
    """Saturation per ion: s = ln S = (ln IAP - ln Ksp) / nu."""
    return (sum(c * a for c, a in zip(coefficients, ln_activities, strict=True)) - ln_k) / ions


@law(
    rate_constant="any",
    activation_energy="J/mol",
    T="K",
    unit="@rate_constant",
    source="Arrhenius 1889",
)
def arrhenius(rate_constant: Any, activation_energy: Any, T: Any) -> Any:
    """Rate constant at T: k exp(-Ea / R (1/T - 1/310.15 K)); the unit is that of k."""
    return rate_constant * exp(
        -activation_energy / GAS_CONSTANT * (1.0 / T - 1.0 / REFERENCE_TEMPERATURE)
    )


@law(
    ln_h="1",
    protons="1",
    ions="1",
    unit="1",
    source="rate constants of slightly soluble electrolytes are proportional to their solubility "
    "(Nielsen 1984, 10.1016/0022-0248(84)90189-1); how that moves with pH is stoichiometry",
)
def solubility_scale(ln_h: Any, protons: Any, ions: Any) -> Any:
    """Solubility at this pH over that at pH 7.4: (a_H / 10^-7.4)^(protons / ions).

    `protons` is what a formula unit takes up when it dissolves to Ca+2, Mg+2 and HPO4-2, `ions`
    the number of these. At a given saturation a solution is this much richer in them.
    """
    return exp(protons / ions * (ln_h - LN_H_REFERENCE))


@law(constant="any", scale="1", unit="@constant", source="arithmetic")
def scaled(constant: Any, scale: Any) -> Any:
    """A constant times a factor: k f."""
    return constant * scale


@law(
    gamma="J/m2",
    ion_volume="m3",
    T="K",
    size="m",
    switch="1",
    unit="1",
    source="Gibbs-Thomson (Kelvin) equation",
)
def gibbs_thomson(gamma: Any, ion_volume: Any, T: Any, size: Any, switch: Any) -> Any:
    """Rise of ln solubility per ion by curvature: 2 gamma v / (kT r), r not below the nucleus."""
    return switch * 2.0 * gamma * ion_volume / (BOLTZMANN * T * size)


@law(
    rate_constant="mol/m2/s",
    s="1",
    curvature="1",
    unit="mol/m2/s",
    source="linear surface kinetics about the size-dependent solubility (Gibbs-Thomson)",
)
def particle_growth(rate_constant: Any, s: Any, curvature: Any) -> Any:
    """Growth (+) or dissolution (-) per surface: k (exp(s) - exp(2 gamma v / (kT r)))."""
    return rate_constant * (exp(s) - exp(curvature))


@law(
    rate_constant="mol/m2/s",
    dissolution_constant="mol/m2/s",
    s="1",
    order="1",
    pinning="1",
    unit="mol/m2/s",
    source="polynuclear or spiral growth in relative supersaturation, order as parameter "
    "(OCP 3-5: van Kemenade & de Bruyn 1987; HAP 1.25: Koutsoukos 1980, 10.1021/ja00525a015); "
    "dissolution of first order",
)
def crystal_growth(
    rate_constant: Any, dissolution_constant: Any, s: Any, order: Any, pinning: Any
) -> Any:
    """Per surface: growth k (S-1)^n pinning for S > 1, dissolution -k_d (1-S) for S < 1."""
    excess = exp(s) - 1.0
    growth = rate_constant * pos_power(excess, order) * pinning
    return growth - dissolution_constant * smooth_loss(-excess, DISSOLUTION_SMOOTHING)


@law(
    flux="mol/m2/s",
    molar_volume="L/mol",
    size="m",
    unit="1/s",
    source="geometry of equal spheres: surface over volume is 3/r",
)
def specific_growth(flux: Any, molar_volume: Any, size: Any) -> Any:
    """Growth per amount present: 3 V_m j / r."""
    return 3.0 * M3_PER_LITRE * molar_volume * flux / size


@law(specific="1/s", amount="mol/L", unit="mol/L/s", source="definition")
def population_growth(specific: Any, amount: Any) -> Any:
    """Growth of a population: R = m (3 V_m j / r), which is j times its surface.

    A trace below zero (round-off) may dissolve away, but never grow.
    """
    return pos(specific) * pos(amount) - pos(-specific) * amount


@law(
    specific="1/s",
    number="mol/L",
    cube="m3",
    nucleus_radius="m",
    unit="mol/L/s",
    source="closure for a dissolving population: a particle that has shrunk to its nucleus is gone",
)
def number_loss(specific: Any, number: Any, cube: Any, nucleus_radius: Any) -> Any:
    """Particles that vanish: n max(-R/m, 0) r_n^3 / (r_n^3 + r^3)."""
    nucleus = nucleus_radius**3
    return number * pos(-specific) * nucleus / (nucleus + cube)


@law(
    coarsening_constant="m3/s",
    number="mol/L",
    cube="m3",
    nucleus_radius="m",
    unit="mol/L/s",
    source="Lifshitz & Slyozov 1961; Wagner 1961: d(r^3)/dt constant at constant volume",
)
def coarsening(coarsening_constant: Any, number: Any, cube: Any, nucleus_radius: Any) -> Any:
    """Particles lost by ripening: K n / r^3 (r bounded below by that of the nucleus)."""
    return coarsening_constant * number / (cube + nucleus_radius**3)


@law(
    specific="1/s",
    amount="mol/L",
    minor="mol/L",
    uptake_ratio="1",
    cations="1",
    unit="mol/L/s",
    source="distribution law on growth, release in proportion on dissolution",
)
def growth_incorporation(
    specific: Any, amount: Any, minor: Any, uptake_ratio: Any, cations: Any
) -> Any:
    """Guest ion taken up with growth, x nu R, and released with dissolution, x_s R / m."""
    return uptake_ratio * cations * pos(amount) * pos(specific) - minor * pos(-specific)


@law(
    exchange_rate="1/s",
    amount="mol/L",
    minor="mol/L",
    uptake_ratio="1",
    cations="1",
    unit="mol/L/s",
    source="first-order approach to the distribution law "
    "(ACP exchanges its cations: Boskey & Posner 1974)",
)
def ion_exchange(
    exchange_rate: Any, amount: Any, minor: Any, uptake_ratio: Any, cations: Any
) -> Any:
    """Guest ion exchanged for Ca: k (x nu m - x_s)."""
    return exchange_rate * (uptake_ratio * cations * amount - minor)


@law(specific="1/s", minor="mol/L", unit="mol/L/s", source="mass balance")
def dissolution_release(specific: Any, minor: Any) -> Any:
    """Guest ion set free as its host dissolves: x_s max(-R/m, 0)."""
    return minor * pos(-specific)


@law(
    distribution="1",
    ln_guest="1",
    ln_host="1",
    switch="1",
    unit="1",
    source="distribution law for Mg in ACP: proportional to Mg/Ca in solution while small "
    "(Boskey & Posner 1974; Ding 2014, 10.1021/cg401619s)",
)
def guest_fraction(distribution: Any, ln_guest: Any, ln_host: Any, switch: Any) -> Any:
    """Cation fraction of the guest in the solid: x = D R / (1 + D R), R = a_guest / a_host."""
    ratio = switch * distribution * exp(ln_guest - ln_host)
    return ratio / (1.0 + ratio)
