"""PHREEQC as a second opinion, and the waters of its stored results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import phreeqc
import pytest

Run = Callable[..., dict[str, float]]
Waters = Mapping[str, tuple[float, dict[str, float]]]

# The recipes of the nine waters of tests/data/phreeqc_vectors.csv [mmol/kg water] and their
# temperature [degC]; pH 7.4 in all. They are not stored with the vectors; found by matching ionic
# strength and molalities to six digits.
WATERS: Waters = {
    "plasma_UF_37C_pH7.4": (
        37.0,
        {"Ca": 1.45, "Mg": 0.6, "P": 1.1, "Na": 142, "K": 4.2, "Cl": 105, "C(4)": 24, "S(6)": 0.5},
    ),
    "plasma_UF_noMg": (
        37.0,
        {"Ca": 1.45, "Mg": 1e-9, "P": 1.1, "Na": 142, "K": 4.2, "Cl": 105, "C(4)": 24, "S(6)": 0.5},
    ),
    "SBF_Kokubo_37C_pH7.4": (
        37.0,
        {"Ca": 2.5, "Mg": 1.5, "P": 1, "Na": 142, "K": 5, "Cl": 147.8, "C(4)": 4.2, "S(6)": 0.5},
    ),
    "CTI1990_Ca4_P4_25C_pH7.4": (25.0, {"Ca": 4, "Mg": 1e-9, "P": 4, "Na": 20, "Cl": 15}),
    "CTI1990_+Mg0.2mM": (25.0, {"Ca": 4, "Mg": 0.2, "P": 4, "Na": 20, "Cl": 15}),
    "Abbona_5mM_25C_pH7.4": (25.0, {"Ca": 5, "Mg": 5, "P": 5, "Na": 15, "Cl": 20}),
    "T50like_Ca10_P6_37C_pH7.4_I~0.2": (
        37.0,
        {"Ca": 10, "Mg": 0.4, "P": 6, "Na": 160, "K": 2, "Cl": 170, "C(4)": 5, "S(6)": 0.2},
    ),
    "Cheng_Ca3_P10_37C_pH7.4": (37.0, {"Ca": 3, "Mg": 3, "P": 10, "Na": 140, "Cl": 130}),
    "Price_Ca5_P5_22C_pH7.4": (22.0, {"Ca": 5, "Mg": 1e-9, "P": 5, "Na": 150, "Cl": 145}),
}


@pytest.fixture
def waters() -> Waters:
    """Name of a stored water -> temperature [degC] and recipe [mmol/kg water]."""
    return WATERS


@pytest.fixture
def database() -> Callable[[str], Path]:
    """The file of a database that comes with PHREEQC."""

    def path(name: str) -> Path:
        with as_file(files("phreeqc").joinpath("databases", name)) as found:
            return Path(found)

    return path


@pytest.fixture
def run_phreeqc() -> Run:
    """Run PHREEQC on an input; gives back what is asked for of its last state.

    ``database`` is the name of one of its own, ``species`` and ``phases`` what to report: ``m:``
    the molality and ``g:`` the log10 activity coefficient of a species, ``si:`` the saturation
    index of a phase; besides ``I``, ``aw`` (activity of water), ``water`` (kg) and ``pH``.
    """
    programs: dict[str, phreeqc.Phreeqc] = {}

    def run(
        script: str,
        species: Sequence[str] = (),
        phases: Sequence[str] = (),
        database: str = "phreeqc.dat",
    ) -> dict[str, float]:
        if database not in programs:
            programs[database] = phreeqc.Phreeqc()
            programs[database].LoadBuiltInDatabase(database)
        program = programs[database]
        wanted = {"I": "MU", "aw": 'ACT("H2O")', "water": 'TOT("water")', "pH": '-LA("H+")'}
        wanted |= {f"m:{name}": f'MOL("{name}")' for name in species}
        wanted |= {f"g:{name}": f'LG("{name}")' for name in species}
        wanted |= {f"si:{name}": f'SI("{name}")' for name in phases}
        report = [
            "SELECTED_OUTPUT",
            "-reset false",
            "-high_precision true",  # also sets its tolerance to 1e-12
            "USER_PUNCH",
            f"-headings {' '.join(wanted)}",
            *(f"{10 * i} PUNCH {what}" for i, what in enumerate(wanted.values(), start=1)),
        ]
        errors = program.RunString("\n".join([*report, script, "END"]))
        assert errors == 0, program.GetErrorString()
        output = program.GetSelectedOutput()
        return {name: float(output[name][-1]) for name in wanted}

    return run
