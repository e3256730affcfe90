"""Read-outs: what an instrument or a laboratory would report, from arrays over time.

Pure functions; they know nothing of models, solvers or files.
"""

from __future__ import annotations

from calcikin.assays.nephelometry import (
    REFRACTIVE_INDEX,
    Optics,
    Population,
    nephelometry,
    population_scattering,
)
from calcikin.assays.radii import (
    CPP1,
    CPP2,
    FETUIN_MONOLAYER,
    Geometry,
    cluster_radius,
    core_radius,
    hydrodynamic_radius,
    particle_number,
    particle_volume,
)
from calcikin.assays.steepest import t50_from_computed_curve
from calcikin.assays.t50 import Transition, t50_from_curve, t50_from_fraction

__all__ = [
    "CPP1",
    "CPP2",
    "FETUIN_MONOLAYER",
    "REFRACTIVE_INDEX",
    "Geometry",
    "Optics",
    "Population",
    "Transition",
    "cluster_radius",
    "core_radius",
    "hydrodynamic_radius",
    "nephelometry",
    "particle_number",
    "particle_volume",
    "population_scattering",
    "t50_from_computed_curve",
    "t50_from_curve",
    "t50_from_fraction",
]
