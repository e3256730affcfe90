"""Small calibrations of the slurry as files, which several tests of the fit need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from calcikin.calibration import parameter_text
from calcikin.model.parameters import load_parameters

#: Columns of a file of rows.
COLUMNS = (
    "id,kind,system,condition,observable,value,unit,low,high,interval,n,source,doi,confidence,"
    "use,note\n"
)
#: Two parameters to fit, as tables of a calibration file.
GROWTH_RATE = """
[[parameter]]
name = "ocp_growth_rate"
on = "log10"
low = 1e-10
high = 1e-7
prior = 2e-9
prior_sd = 1.0
source = "assumed"
"""
ALPHA_MG = """
[[parameter]]
name = "alpha_Mg"
sets = ["alpha_Mg_nucleation", "alpha_Mg_growth", "alpha_Mg_hap"]
low = 0.5
high = 5.0
prior = 2.0
prior_sd = 1.0
source = "assumed"
"""


def half_time(row: str, ratio: float, *, hours: float = 48.0, error: str = "factor = 1.02") -> str:
    """A dataset: half time of the slurry at a Mg/Ca, with an error model."""
    return f"""
[[dataset]]
row = "{row}"
model = "acp_slurry"
read = "t50_crystalline"
at = {{ set = {{ "Mg/Ca" = {ratio}, duration = "{hours} h" }} }}
fit = {{ {error}, why = "a test" }}
"""


def write(
    folder: Path,
    name: str,
    text: str,
    times: Mapping[str, float],
    *,
    more: str = "",
    own_parameters: bool = False,
) -> Path:
    """Write a calibration file and its rows: half times [min], and further lines.

    With `own_parameters` the shipped parameters lie beside it, to be written anew.
    """
    head = f'name = "{name}"\ndata = ["{name}.csv"]\n'
    if own_parameters:
        head += f'parameters = "{name}_parameters.toml"\n'
        copy = parameter_text(load_parameters("default"), {}, f"{name}_parameters")
        (folder / f"{name}_parameters.toml").write_text(copy, encoding="utf-8")
    rows = "".join(
        f"{row},time,slurry,,half time,{t!r},min,0,1e6,range,,made for a test,,high,fit,\n"
        for row, t in times.items()
    )
    (folder / f"{name}.csv").write_text(COLUMNS + rows + more, encoding="utf-8")
    path = folder / f"{name}.toml"
    path.write_text(head + text, encoding="utf-8")
    return path
