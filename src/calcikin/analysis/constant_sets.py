"""What a choice of constants does to the kinetics: T50 and the Mg/Ca threshold with any set."""

from __future__ import annotations

import math
import re
import tempfile
from pathlib import Path

from calcikin.analysis.thresholds import threshold
from calcikin.errors import SimulationError
from calcikin.model.modelfile import load_scenario
from calcikin.simulate.model import Model, load

__all__ = ["behaviour_with", "with_constants"]

_KEY = re.compile(r"(?m)^constants[ \t]*=.*$")


def with_constants(model: str | Path, constants: str | Path) -> Model:
    """A model with another constant set; everything else, fitted parameters included, stays.

    Parameters
    ----------
    model : str | Path
        Name of a shipped model, or a model file.
    constants : str | Path
        Name of a shipped set, or a file.

    Returns
    -------
    Model

    Raises
    ------
    UnknownNameError, ModelFileError
        As `calcikin.load`.
    """
    path = load_scenario(model).path
    name = str(constants)
    if Path(name).suffix in (".toml", ".dat"):
        name = str(Path(name).resolve())
    line = f"constants = {name!r}"  # a literal string: TOML leaves it as it is
    text = path.read_text(encoding="utf-8")
    # a key of the file itself stands before its first table
    head, rest = re.split(r"(?m)^(?=\[)", text, maxsplit=1) if "\n[" in text else (text, "")
    head = _KEY.sub(lambda _: line, head) if _KEY.search(head) else f"{line}\n{head}"
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / path.name
        changed.write_text(head + rest, encoding="utf-8")
        return load(str(changed))


def behaviour_with(
    constants: str | Path, *, assay: str = "t50_serum", slurry: str = "acp_slurry"
) -> dict[str, float]:
    """T50 of an assay and the Mg/Ca threshold of a slurry with a constant set.

    The parameters are not fitted again: this shows how far what they were fitted to depends on the
    constants, not how well another set could do.

    Parameters
    ----------
    constants : str | Path
        Name of a shipped set, or a file.
    assay, slurry : str
        Models.

    Returns
    -------
    dict[str, float]
        ``"T50 [min]"`` and ``"Mg/Ca threshold [mol/mol]"``, total; NaN where there is none, because
        nothing crystallises in the run, or because everything does.
    """
    try:
        t50 = with_constants(assay, constants).simulate().t50()
    except SimulationError:
        t50 = math.nan
    found = threshold(with_constants(slurry, constants).with_({"duration": "24 h"}), "Mg/Ca")
    return {"T50 [min]": t50, "Mg/Ca threshold [mol/mol]": found.total}
