"""Questions asked of a model with many runs: where a criterion is crossed."""

from calcikin.analysis.thresholds import Threshold, Trial, threshold

__all__ = ["Threshold", "Trial", "threshold"]
