"""Which data the model is held against, fitting it to them, and how well that determines it."""

from calcikin.calibration.comparison import Compared, compare, comparison_report, criteria
from calcikin.calibration.deciding import Foretold, deciding_experiments
from calcikin.calibration.file import load_calibration
from calcikin.calibration.fit import Fit, fit
from calcikin.calibration.identify import Evidence, evidence
from calcikin.calibration.identify import report as report_of
from calcikin.calibration.jacobian import residual_jacobian
from calcikin.calibration.objective import Objective
from calcikin.calibration.parameter_file import fitted_set, parameter_text, write_parameters
from calcikin.calibration.posterior import (
    Posterior,
    load_posterior,
    posterior_of,
    posterior_path,
    write_posterior,
)
from calcikin.calibration.profiles import Profile, profiles
from calcikin.calibration.records import Calibration, Dataset, Fitted
from calcikin.calibration.rows import USES, Row, load_rows
from calcikin.calibration.sampling import corrected_draws, markov_draws
from calcikin.calibration.uncertainty import Spread, predict, threshold_spread
from calcikin.calibration.validate import Judged, summary, validate
from calcikin.calibration.variants import Variant, with_variant

__all__ = [
    "USES",
    "Calibration",
    "Compared",
    "Dataset",
    "Evidence",
    "Fit",
    "Fitted",
    "Foretold",
    "Judged",
    "Objective",
    "Posterior",
    "Profile",
    "Row",
    "Spread",
    "Variant",
    "compare",
    "comparison_report",
    "corrected_draws",
    "criteria",
    "deciding_experiments",
    "evidence",
    "fit",
    "fitted_set",
    "load_calibration",
    "load_posterior",
    "load_rows",
    "markov_draws",
    "parameter_text",
    "posterior_of",
    "posterior_path",
    "predict",
    "profiles",
    "report_of",
    "residual_jacobian",
    "summary",
    "threshold_spread",
    "validate",
    "with_variant",
    "write_parameters",
    "write_posterior",
]
