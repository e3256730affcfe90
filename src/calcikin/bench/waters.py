"""Waters that are hard to speciate, for the benchmark and for the tests."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.constants import ConstantSet

__all__ = ["adversarial"]

Array = npt.NDArray[np.float64]
#: Traces and the highest totals [mol/L].
_LEAST, _MOST = 1e-15, 2.0


def adversarial(
    constants: ConstantSet, count: int, seed: int = 7
) -> tuple[dict[str, Array], Array]:
    """Random and adversarial totals and pH.

    Of every six waters, one has a single cation and no ligand, one a single ligand and no cation,
    one has 2 mol/L or 1e-15 mol/L of each half of its components; in the others half of the
    components are missing, and the rest are log-uniform from 1e-15 to 2 mol/L. pH is uniform from 2
    to 12.

    Parameters
    ----------
    constants : ConstantSet
    count : int
    seed : int
        The same waters for the same seed.

    Returns
    -------
    (dict[str, ndarray], ndarray)
        Component -> totals [mol/L], without H, shape (count,); pH, shape (count,).
    """
    draw = np.random.default_rng(seed)
    names = [name for name in constants.components if name != "H"]
    cations = [name for name in names if constants.components[name].role == "cation"]
    others = [name for name in names if name not in cations]
    kind = draw.integers(0, 6, count)
    only_cation, only_other = (
        draw.integers(0, len(cations), count),
        draw.integers(0, len(others), count),
    )
    totals: dict[str, Array] = {}
    for name in names:
        value = np.exp(draw.uniform(math.log(_LEAST), math.log(_MOST), count))
        present = draw.random(count) < 0.5
        if name in cations:
            alone, no = only_cation == cations.index(name), (0, 1)
        else:
            alone, no = only_other == others.index(name), (1, 0)
        spread = np.where(present, value, 0.0)
        spread = np.where(kind == no[0], np.where(alone, value, 0.0), spread)
        spread = np.where(kind == no[1], 0.0, spread)
        totals[name] = np.where(kind == 2, np.where(present, _MOST, _LEAST), spread)
    return totals, draw.uniform(2.0, 12.0, count)
