"""What gets a mass or a charge into moles: molar masses and valences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

__all__ = ["MOLAR_MASS", "VALENCE", "find"]

#: Molar mass [g/mol]. Ions from the IUPAC abridged atomic weights of 2021; phosphate counts as P,
#: as laboratories report it; albumin is the mature human chain (66.5 kDa); fetuin-A is `assumed`
#: 58 kDa, within the 51-67 kDa that its glycosylation gives.
MOLAR_MASS: Mapping[str, float] = MappingProxyType(
    {
        "Ca": 40.078,
        "Mg": 24.305,
        "Na": 22.990,
        "K": 39.098,
        "Cl": 35.45,
        "Pi": 30.974,  # as P
        "HCO3": 61.016,
        "SO4": 96.056,
        "citrate": 189.099,  # C6H5O7
        "lactate": 89.070,  # C3H5O3
        "PPi": 173.941,  # P2O7
        "ATP": 507.182,  # C10H16N5O13P3, the free acid
        "albumin": 66_500.0,
        "fetuin-A": 58_000.0,  # assumed
    }
)

#: Charge equivalents per mole. Only ions whose charge hardly moves with pH near 7.4: phosphate,
#: pyrophosphate, ATP and the proteins have no fixed valence.
VALENCE: Mapping[str, int] = MappingProxyType(
    {
        "Ca": 2,
        "Mg": 2,
        "Na": 1,
        "K": 1,
        "Cl": 1,
        "HCO3": 1,
        "SO4": 2,
        "citrate": 3,
        "lactate": 1,
    }
)

_ALIASES = {
    "calcium": "Ca",
    "magnesium": "Mg",
    "sodium": "Na",
    "potassium": "K",
    "chloride": "Cl",
    "p": "Pi",
    "phosphate": "Pi",
    "bicarbonate": "HCO3",
    "sulphate": "SO4",
    "sulfate": "SO4",
    "cit": "citrate",
    "lac": "lactate",
    "pyrophosphate": "PPi",
    "fetuin": "fetuin-A",
}


def find(table: Mapping[str, float], substance: str) -> Fraction | None:
    """The exact entry of a table for a substance, by any of its spellings; None without one.

    Upper and lower case, "-", "_" and blanks do not count.
    """
    spellings = {_fold(alias): name for alias, name in _ALIASES.items()}
    spellings |= {_fold(name): name for name in table}
    name = spellings.get(_fold(substance), substance)
    return Fraction(str(table[name])) if name in table else None


def _fold(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).casefold()
