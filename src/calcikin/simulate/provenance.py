"""What stands behind a number: inputs, versions and hashes."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from calcikin import __version__
from calcikin.simulate.model import Model

__all__ = ["provenance"]


def provenance(model: Model) -> dict[str, Any]:
    """Inputs, versions and hashes behind runs of a model, as plain data.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict
        ``calcikin``, ``python``, ``numpy``, ``scipy``, ``numba``: versions; ``structure``: hash of
        the compiled kernels; ``constants_sha256``, ``parameters_sha256``: hashes of those sets; and
        all that `Model.describe` tells, the hash of everything behind the model included.
    """
    import numba
    import scipy

    return {
        "calcikin": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "structure": model.compiled.path.stem,
        "constants_sha256": model.scenario.constants.sha256,
        "parameters_sha256": model.scenario.parameters.sha256,
        **model.describe(),
    }
