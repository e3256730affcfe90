"""A solution to first order: how it answers to small changes of constants and totals.

With x = ln c of every entity, equation (1) of `calcikin.chemistry.system`, differentiated with the
ionic strength and the activity of water following the concentrations, reads

    M dx = d ln K + B dy + F df,   M = 1 + (d ln gamma/dc - w d ln a_w/dc) diag(c)          (1)

with y the ln activities that are sought and f those that are fixed; the mass balances (2) there
read B^T diag(c) dx = dT. Eliminating dx (implicit function theorem),

    S dy = dT - B^T diag(c) M^-1 (d ln K + F df),   S = B^T diag(c) M^-1 B                  (2)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcikin.chemistry.speciation import Equilibrium
from calcikin.chemistry.system import Array, System


@dataclass(frozen=True)
class Response:
    """Derivatives of a solution, with n_changes changes of the conditions as columns.

    Attributes
    ----------
    ln_activity : ndarray, shape (n_entities, n_changes), d ln activity; 0 for what is absent
    ln_c : ndarray, shape (n_entities, n_changes), d ln concentration; 0 for what is absent
    ionic_strength : ndarray, shape (n_changes,), d I [mol/L]
    ln_water : ndarray, shape (n_changes,), d ln activity of water
    """

    ln_activity: Array
    ln_c: Array
    ionic_strength: Array
    ln_water: Array


class Linearised:
    """Equations (1) and (2) at one solution.

    Parameters
    ----------
    system : System, with the conditions of the solution
    equilibrium : Equilibrium, solved from these conditions
    held : bool, whether the ionic strength was given and stays
    """

    def __init__(self, system: System, equilibrium: Equilibrium, *, held: bool = False) -> None:
        n = len(system.tableau.components)
        i = equilibrium.ionic_strength
        c = equilibrium.concentrations
        weight = np.where(system.conditional, 0.0, 0.5 * system.z2)  # dI/dc
        if held:
            weight = np.zeros_like(weight)
        slopes = system.activity.slopes(i, c)
        gamma = np.outer(slopes.gamma_i, weight) + slopes.gamma_c
        gamma[list(system.given)] = 0.0
        self._gamma = gamma.copy()
        gamma[system.conditional] += system.E[system.conditional] @ gamma[:n]
        self._water = slopes.water_i * weight + slopes.water_c  # d ln a_w/dc
        taken_up = system.water + system.basis @ system.y_water
        self._m = np.eye(c.size) + (gamma - np.outer(taken_up, self._water)) * c
        self._c, self._weight, self._unknown = c, weight, system.unknown
        self._swapped, self._basis = system.swapped, system.basis
        self._B = system.basis[:, system.unknown]
        self._M_B = np.linalg.solve(self._m, self._B)
        self._balance = self._B.T * c
        S = self._balance @ self._M_B
        scale = 1.0 / np.sqrt(np.abs(np.diag(S)))
        self._S, self._scale = S * np.outer(scale, scale), scale

    def respond(
        self,
        ln_k: Array | None = None,
        totals: Array | None = None,
        fixed: Array | None = None,
    ) -> Response:
        """The first-order answer to changes of the conditions, one a column.

        Parameters
        ----------
        ln_k : ndarray, shape (n_entities, n_changes), d ln K of every entity, optional
        totals : ndarray, shape (n_components, n_changes), d T [mol/L], optional; rows of fixed and
            absent components do nothing
        fixed : ndarray, shape (n_components, n_changes), d ln of the fixed activities, optional; a
            species or gas that is fixed has the row of its ligand
        """
        given = [part for part in (ln_k, totals, fixed) if part is not None]
        if not given:
            raise ValueError("no change is given")
        changes = given[0].shape[1]
        direct = np.zeros((self._c.size, changes))
        right = np.zeros((len(self._unknown), changes))
        if ln_k is not None:
            direct += ln_k
            for species, column in self._swapped:  # now counted from the fixed species
                direct -= np.outer(column, direct[species])
        if fixed is not None:
            direct += self._basis @ fixed
        answered = np.asarray(np.linalg.solve(self._m, direct), dtype=np.float64)
        if totals is not None:
            right += totals[self._unknown]
        right -= self._balance @ answered
        scale = self._scale[:, None]
        y_unknown = scale * np.linalg.solve(self._S, scale * right)
        present = (self._c > 0.0)[:, None]
        ln_c = np.where(present, answered + self._M_B @ y_unknown, 0.0)
        d_c = self._c[:, None] * ln_c
        ln_activity = np.where(present, ln_c + self._gamma @ d_c, 0.0)
        return Response(ln_activity, ln_c, self._weight @ d_c, self._water @ d_c)
