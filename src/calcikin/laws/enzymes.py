"""Enzymes and the hydrolysis of ATP on mineral."""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.vocabulary import pos

VILLA = "Villa-Bellosta 2017, 10.1371/journal.pone.0178872"


@law(
    vmax="mol/L/s",
    scale="1",
    substrate="mol/L",
    km="mol/L",
    inhibitor="mol/L",
    ki="mol/L",
    unit="mol/L/s",
    source="competitive Michaelis-Menten kinetics (ENPP1: product AMP competes with ATP)",
)
def competitive_michaelis_menten(
    vmax: Any, scale: Any, substrate: Any, km: Any, inhibitor: Any, ki: Any
) -> Any:
    """V = scale Vmax [S] / (Km (1 + [I]/Ki) + [S])."""
    s = pos(substrate)
    return scale * vmax * s / (km * (1.0 + pos(inhibitor) / ki) + s)


@law(
    activator="mol/L",
    half_activation="mol/L",
    inhibitor="mol/L",
    half_inhibition="mol/L",
    reference="1",
    switch="1",
    unit="1",
    source=VILLA,
)
def metal_modulation(
    activator: Any,
    half_activation: Any,
    inhibitor: Any,
    half_inhibition: Any,
    reference: Any,
    switch: Any,
) -> Any:
    """Activity relative to the reference serum: [Mg]/(Ka + [Mg]) / (1 + [Ca]/Ki) / ref."""
    factor = activator / (half_activation + activator) / (1.0 + inhibitor / half_inhibition)
    return switch * factor / reference + (1.0 - switch)


@law(
    activator="mol/L",
    half_activation="mol/L",
    inhibitor="mol/L",
    half_inhibition="mol/L",
    unit="1",
    source=VILLA,
)
def metal_modulation_reference(
    activator: Any, half_activation: Any, inhibitor: Any, half_inhibition: Any
) -> Any:
    """The same factor in the reference serum, to which the rate constant refers."""
    return activator / (half_activation + activator) / (1.0 + inhibitor / half_inhibition)


@law(rate="1/s", scale="1", modulation="1", substrate="mol/L", unit="mol/L/s", source=VILLA)
def modulated_decay(rate: Any, scale: Any, modulation: Any, substrate: Any) -> Any:
    """First-order enzymatic hydrolysis, far below Km: v = scale k f(Mg, Ca) [S]."""
    return scale * rate * modulation * substrate


@law(
    rate="mol/m2/s",
    area="m2/L",
    term="1",
    denominator="1",
    unit="mol/L/s",
    source="hydrolysis of adsorbed ATP on ACP (ter Braake 2017 review, 10.1161/ATVBAHA.117.309182)",
)
def surface_hydrolysis(rate: Any, area: Any, term: Any, denominator: Any) -> Any:
    """Adsorbed substrate hydrolysed by the surface: v = k area theta."""
    return rate * area * term / denominator
