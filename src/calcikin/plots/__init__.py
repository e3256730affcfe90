"""Pictures of runs, sweeps, thresholds and benchmarks; matplotlib is loaded when one is drawn.

Every function returns a `matplotlib.figure.Figure`; `save` writes it.
"""

from __future__ import annotations

from calcikin.plots.benchmarks import bench_work_precision
from calcikin.plots.canvas import save
from calcikin.plots.runs import t50_curve, time_course
from calcikin.plots.sweeps import phase_fractions, sweep_curve, sweep_map, threshold

__all__ = [
    "bench_work_precision",
    "phase_fractions",
    "save",
    "sweep_curve",
    "sweep_map",
    "t50_curve",
    "threshold",
    "time_course",
]
