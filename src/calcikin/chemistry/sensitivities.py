"""Derivatives of a speciation by its totals, from the implicit function theorem."""

from __future__ import annotations

import numpy as np

from calcikin.chemistry.linearised import Linearised
from calcikin.chemistry.speciation import Equilibrium
from calcikin.chemistry.system import Array, System


def sensitivities(equilibrium: Equilibrium, fixed: tuple[str, ...] = ("H",)) -> dict[str, Array]:
    """Derivatives of the free concentrations by the totals, from the implicit function theorem.

    The ionic strength and the activity of water follow the totals (see
    `calcikin.chemistry.linearised`).

    Parameters
    ----------
    equilibrium : Equilibrium, solved with its own ionic strength
    fixed : tuple of str, components whose activity was fixed

    Returns
    -------
    dict[str, ndarray]
        ``"free"`` : shape (n_components, n_components), d free_j / d total_k [1]
        ``"ionic_strength"`` : shape (n_components,), d I / d total_k [1]
        Columns of absent and fixed components are zero (a fixed activity leaves its free
        concentration to follow gamma).
    """
    activity = {name: equilibrium.activity[name] for name in fixed}
    totals = {k: v for k, v in equilibrium.totals.items() if k not in fixed}
    system = System(
        equilibrium.constants,
        totals,
        equilibrium.T,
        activity,
        activity=equilibrium.activity_model,
    )
    n = len(system.tableau.components)
    unknown = np.zeros(n, dtype=bool)
    unknown[system.unknown] = True
    response = Linearised(system, equilibrium).respond(totals=np.diag(unknown.astype(float)))
    free = equilibrium.concentrations[:n]
    return {
        "free": free[:, None] * response.ln_c[:n],
        "ionic_strength": response.ionic_strength,
    }
