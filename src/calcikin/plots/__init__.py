"""Pictures of runs and of what is asked of many runs; matplotlib is loaded when one is drawn.

Every function returns a `matplotlib.figure.Figure`; `save` writes it.
"""

from __future__ import annotations

from calcikin.plots.attributions import attribution_map, waterfall
from calcikin.plots.benchmarks import bench_solvers, bench_work_precision
from calcikin.plots.boundaries import boundary_map
from calcikin.plots.calibrations import correlations, forest, profile_likelihoods
from calcikin.plots.canvas import save
from calcikin.plots.cohorts import cohort, cohort_distributions
from calcikin.plots.runs import t50_curve, time_course
from calcikin.plots.sensitivities import morris_plane, sensitivity, sobol_bars, tornado
from calcikin.plots.sweeps import phase_fractions, sweep_curve, sweep_map, threshold

__all__ = [
    "attribution_map",
    "bench_solvers",
    "bench_work_precision",
    "boundary_map",
    "cohort",
    "cohort_distributions",
    "correlations",
    "forest",
    "morris_plane",
    "phase_fractions",
    "profile_likelihoods",
    "save",
    "sensitivity",
    "sobol_bars",
    "sweep_curve",
    "sweep_map",
    "t50_curve",
    "threshold",
    "time_course",
    "tornado",
    "waterfall",
]
