"""Questions asked of a model with many runs: thresholds, maps of them, sensitivity, attribution."""

from calcikin.analysis.attribution import Attribution, attribute
from calcikin.analysis.elasticity import local
from calcikin.analysis.maps import BoundaryMap, boundary
from calcikin.analysis.overall import morris, sobol
from calcikin.analysis.sensitivity import Sensitivity
from calcikin.analysis.thresholds import Threshold, Trial, threshold

__all__ = [
    "Attribution",
    "BoundaryMap",
    "Sensitivity",
    "Threshold",
    "Trial",
    "attribute",
    "boundary",
    "local",
    "morris",
    "sobol",
    "threshold",
]
