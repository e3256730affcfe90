"""Derivatives of a speciation by its totals, from the implicit function theorem."""

from __future__ import annotations

import math

import numpy as np

from calcikin.chemistry.activity import DAVIES_B, HELD_IONIC_STRENGTH, davies_a
from calcikin.chemistry.speciation import Equilibrium
from calcikin.chemistry.system import LN10, Array, System


def sensitivities(equilibrium: Equilibrium, fixed: tuple[str, ...] = ("H",)) -> dict[str, Array]:
    """Derivatives of the free concentrations by the totals, from the implicit function theorem.

    The ionic strength follows the totals. With u = (y, I), equations (2) and I = 1/2 sum z^2 c
    read G(u, T) = 0; dG/du du/dT = -dG/dT.

    Parameters
    ----------
    equilibrium : Equilibrium, solved with its own ionic strength
    fixed : tuple of str, components whose activity was fixed

    Returns
    -------
    dict[str, ndarray]
        ``"free"`` : shape (n_components, n_components), d free_j / d total_k [1]
        ``"ionic_strength"`` : shape (n_components,), d I / d total_k [1]
        Rows and columns of absent and fixed components are zero (a fixed activity leaves its free
        concentration to follow gamma).
    """
    constants = equilibrium.constants
    activity = {name: equilibrium.activity[name] for name in fixed}
    totals = {k: v for k, v in equilibrium.totals.items() if k not in fixed}
    system = System(constants, totals, equilibrium.T, activity)
    n = len(system.tableau.components)
    i = equilibrium.ionic_strength
    c = np.array([*equilibrium.free.values(), *equilibrium.species.values()])
    root = math.sqrt(i)
    held = i > HELD_IONIC_STRENGTH
    d_term = 0.0 if held else 0.5 / (root * (1.0 + root) ** 2) - DAVIES_B
    d_gamma = -LN10 * davies_a(equilibrium.T) * d_term * system.z2  # d ln gamma / dI
    d_gamma[system.conditional] = 0.0
    d_offset = -d_gamma
    d_offset[system.conditional] -= system.E[system.conditional] @ d_gamma[:n]

    u = system.unknown
    B = system.E[:, u]
    weight = np.where(system.conditional, 0.0, 0.5 * system.z2)
    jacobian = np.block(
        [
            [B.T @ (c[:, None] * B), (B.T @ (c * d_offset))[:, None]],
            [(weight * c) @ B, np.array([(weight * c) @ d_offset - 1.0])],
        ]
    )
    right = np.vstack([np.eye(len(u)), np.zeros(len(u))])
    scale = np.concatenate([1.0 / np.sqrt(np.diag(jacobian)[:-1]), [1.0]])
    scaled = jacobian * np.outer(scale, scale)
    solution = scale[:, None] * np.linalg.solve(scaled, scale[:, None] * right)

    d_free = np.zeros((n, n))
    d_i = np.zeros(n)
    d_i[u] = solution[-1]
    d_y = np.zeros((n, n))
    d_y[np.ix_(u, u)] = solution[:-1]
    free = c[:n]
    d_free[:, u] = free[:, None] * (d_y[:, u] - np.outer(d_gamma[:n], d_i[u]))
    return {"free": d_free, "ionic_strength": d_i}
