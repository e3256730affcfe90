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

__all__ = [
    "CPP1",
    "CPP2",
    "FETUIN_MONOLAYER",
    "REFRACTIVE_INDEX",
    "Geometry",
    "Optics",
    "Population",
    "cluster_radius",
    "core_radius",
    "hydrodynamic_radius",
    "nephelometry",
    "particle_number",
    "particle_volume",
    "population_scattering",
]
