"""The equations of speciation as arrays: mass action, mass balances, the Newton iteration.

With y_k = ln activity of component k, every dissolved entity e (a component ion or a species) has

    ln c_e = ln K_e + sum_k E_ek y_k + w_e ln a_w - ln gamma_e                          (1)

where E is the identity for components and the stoichiometry for species, K is 1 or beta, w the
number of H2O taken up on formation and a_w the activity of water. A conditional species (a protein
site) acts on concentrations: its gamma is 1 and the gammas of its components are divided out. At
fixed activity coefficients the mass balances

    r_k = sum_e E_ek c_e - T_k = 0                                                      (2)

are the gradient of the convex function F(y) = sum_e c_e - T . y, whose Hessian
E^T diag(c) E is symmetric and positive definite: a damped Newton step converges from any start.
The ionic strength I = 1/2 sum z^2 c over entities that are not conditional is found outside that
loop, as the root of one scalar equation; what an activity model needs besides I (concentrations,
a_w) outside of that, by substitution. Components of total zero are left out exactly.

A fixed activity may name a species instead of a component (``CO2`` for an open system): the
species then takes the place of its ligand in the basis. A total of H given together with it counts
H relative to that species (so CO2 may enter or leave without changing it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.activity_models import activity_model
from calcikin.chemistry.constants import ConstantSet, Tableau, tableau
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError

Array = npt.NDArray[np.float64]

#: Relative residual at which the Newton iteration stops; roundoff in ln c (about 40 x 1e-16 summed
#: over ten entities) leaves 1e-13.
TOLERANCE = 1e-12
#: Relative residual above which a solution is refused.
ACCEPTED = 1e-10
#: Largest change of ln activity in one Newton step (assumed; keeps exponentials finite).
STEP_LIMIT = 4.0
MAX_NEWTON = 400


class System:
    """Equations (1) and (2) for one set of conditions."""

    def __init__(
        self,
        constants: ConstantSet,
        totals: Mapping[str, float],
        T: float,
        fixed: Mapping[str, float],
        gamma: Mapping[str, float] | None = None,
        activity: str | None = None,
    ) -> None:
        low, high = constants.temperature_range
        if not low - 1e-9 <= T <= high + 1e-9:
            raise OutOfRangeError(
                f"temperature {T - 273.15:g} degC is outside {low - 273.15:g} to "
                f"{high - 273.15:g} degC, where the constants hold",
                where=f"constants {constants.name}",
            )
        self.constants = constants
        self.T = T
        self.tableau: Tableau = tableau(constants, T)
        tab = self.tableau
        n = len(tab.components)
        self.names = tab.components + tab.species
        self.E = np.vstack([np.eye(n), tab.matrix])  # E_ek, shape (n_entities, n_components)
        self.ln_k = np.concatenate([np.zeros(n), tab.ln_beta])
        self.z2 = np.concatenate([tab.component_charge, tab.species_charge]).astype(float) ** 2
        self.conditional = np.concatenate([np.zeros(n, dtype=bool), tab.conditional])
        self.activity = activity_model(activity or constants.activity_model, constants, T)
        #: concentrations at which the activity model takes what depends on more than I [mol/L]
        self.medium = np.zeros(len(self.names))
        self.water = np.zeros(len(self.names))  # w of equation (1)
        self.water[n:] = [item.water for item in constants.species.values()]
        self.totals = np.zeros(n)
        self.y_water = np.zeros(n)  # a fixed activity is exp(y_fixed) a_w^y_water
        self.y_fixed = np.full(n, np.nan)  # ln activity where it is fixed
        self.basis = self.E.copy()
        self.given: dict[int, float] = {}  # entity -> ln gamma, where it is given
        #: species that took the place of a ligand, and the column of that ligand at the time
        self.swapped: list[tuple[int, Array]] = []
        for name, value in (gamma or {}).items():
            if name not in self.names:
                raise UnknownNameError("component or species", name, self.names)
            self.given[self.names.index(name)] = math.log(value)
        self._conditions(totals, fixed)

        known = (self.totals != 0.0) | np.isfinite(self.y_fixed)
        known[tab.index["H"]] = True
        # a species is there when all its components are there; a zero total leaves it out exactly
        self.present = ~((self.E != 0.0) & ~known).any(axis=1)
        self.unknown = np.flatnonzero(known & ~np.isfinite(self.y_fixed))
        self.known = known

    def _conditions(self, totals: Mapping[str, float], fixed: Mapping[str, float]) -> None:
        tab = self.tableau
        for name, value in totals.items():
            if name not in tab.index:
                raise UnknownNameError("component", name, tab.components)
            if not math.isfinite(value) or (value < 0.0 and name != "H"):
                raise OutOfRangeError(f"the total of {name} must be >= 0 mol/L, not {value!r}")
            self.totals[tab.index[name]] = value
        for name, value in fixed.items():
            water = 0.0
            if name in self.constants.gases:
                gas = self.constants.gases[name]
                name, value = gas.species, value * 10.0 ** gas.log_k.at(self.T)
                water = gas.water
            if name not in self.names:
                known = [*self.names, *self.constants.gases]
                raise UnknownNameError("component, species or gas", name, known)
            if not (math.isfinite(value) and value > 0.0):
                raise OutOfRangeError(f"the activity of {name} must be > 0, not {value!r}")
            k = tab.index.get(name)
            if k is None:
                k = self._swap(name)
            if tab.components[k] in totals:
                raise InputError(
                    f"{tab.components[k]} is given both as a total and through the fixed "
                    f"activity of {name}",
                    hint="give one of the two",
                )
            self.y_fixed[k], self.y_water[k] = math.log(value), water
        h = tab.index["H"]
        if "H" not in totals and not np.isfinite(self.y_fixed[h]):
            raise InputError(
                "neither pH nor total H is given",
                hint="give fixed_activity={'H': 10**-7.4}, or a total of H for a closed pH",
            )

    def _swap(self, name: str) -> int:
        """Put species `name` in the basis in place of its ligand; returns the column."""
        e = self.names.index(name)
        i = e - len(self.tableau.components)
        ligand = int(self.tableau.ligand[i])
        cations = {self.tableau.components[k] for k in np.flatnonzero(self.E[e])} - {"H"}
        if ligand < 0 or len(cations) != 1 or self.conditional[e]:
            raise InputError(
                f"the activity of {name} cannot be fixed",
                hint="fix a component, or a species of H and one ligand such as CO2",
            )
        row = self.E[e].copy()
        row[ligand] -= 1.0
        self.swapped.append((e, self.basis[:, ligand].copy()))
        self.ln_k = self.ln_k - self.basis[:, ligand] * self.ln_k[e]
        self.water = self.water - self.basis[:, ligand] * self.water[e]
        self.basis = self.basis - np.outer(self.basis[:, ligand], row)
        return ligand

    # --- equations ------------------------------------------------------------------------------

    def ln_gamma(self, i: float) -> Array:
        """The ln gamma of every entity at ionic strength `i`, shape (n_entities,)."""
        ln_gamma = self.activity.ln_gamma(i, self.medium)
        for e, value in self.given.items():
            ln_gamma[e] = value
        return ln_gamma

    def ln_water(self, i: float) -> float:
        """The ln of the activity of water at ionic strength `i` [1]."""
        return self.activity.ln_water(i, self.medium)

    def offset(self, i: float) -> Array:
        """The part of ln c_e in equation (1) that does not depend on y, shape (n_entities,)."""
        n = len(self.tableau.components)
        ln_gamma, ln_water = self.ln_gamma(i), self.ln_water(i)
        shift: Array = self.ln_k + (self.water + self.basis @ self.y_water) * ln_water - ln_gamma
        shift[self.conditional] -= self.E[self.conditional] @ ln_gamma[:n]
        return shift

    def concentrations(self, y: Array, i: float) -> Array:
        """c_e of equation (1) [mol/L], exactly 0 for entities left out, shape (n_entities,)."""
        c = np.zeros(len(self.names))
        e = self.present
        full = np.where(self.known, y, 0.0)
        c[e] = np.exp(np.minimum(self.offset(i)[e] + self.basis[e] @ full, 700.0))
        return c

    def settle(self, y: Array, i: float) -> float:
        """Take the medium from solution `y`; the largest change of ln gamma or ln a_w it makes."""
        if self.activity.local:
            return 0.0
        before, water = self.ln_gamma(i), self.ln_water(i)
        self.medium = self.concentrations(y, i)
        change = np.abs(self.ln_gamma(i) - before)[self.present].max(initial=0.0)
        return max(float(change), abs(self.ln_water(i) - water))

    def residuals(self, c: Array) -> tuple[Array, float]:
        """r_k of equation (2) for the unknowns [mol/L], and the largest relative one [1]."""
        B = self.basis[:, self.unknown]
        r = B.T @ c - self.totals[self.unknown]
        scale = np.abs(B).T @ c + np.abs(self.totals[self.unknown])
        return r, float(np.max(np.abs(r) / scale, initial=0.0))

    def newton(self, y: Array, i: float) -> tuple[Array, float, int]:
        """Minimise F at fixed `i`; returns y, the relative residual, and the steps taken."""
        B = self.basis[:, self.unknown]
        y = y.copy()
        c = self.concentrations(y, i)
        r, size = self.residuals(c)
        best, best_size = y.copy(), size
        polished = False
        for step in range(MAX_NEWTON):
            if size <= TOLERANCE:
                if polished or size == 0.0:
                    return best, best_size, step
                polished = True  # one more step costs little and reaches roundoff
            d = self._step(B, c, r)
            slope = float(r @ d)  # dF along d at the start, negative
            fraction = min(1.0, STEP_LIMIT / max(float(np.max(np.abs(d), initial=0.0)), 1e-300))
            for _ in range(60):
                trial = y.copy()
                trial[self.unknown] += fraction * d
                c = self.concentrations(trial, i)
                r, size = self.residuals(c)
                # F is convex along d: while its slope has not turned clearly upwards, F went down
                if float(r @ d) <= 0.5 * abs(slope) or size <= ACCEPTED:
                    break
                fraction *= 0.5
            y = trial
            if size < best_size:
                best, best_size = y.copy(), size
            elif best_size <= ACCEPTED and size <= ACCEPTED:
                return best, best_size, step + 1  # at roundoff: no further progress
        return best, best_size, MAX_NEWTON

    def _step(self, B: Array, c: Array, r: Array) -> Array:
        """Newton direction; the Hessian is scaled to a unit diagonal before it is factorised."""
        hessian = B.T @ (c[:, None] * B)
        scale = 1.0 / np.sqrt(np.diag(hessian))
        scaled = hessian * np.outer(scale, scale)
        d: Array = -scale * np.linalg.lstsq(scaled, scale * r, rcond=1e-15)[0]
        return d

    def ionic_strength(self, y: Array, i: float) -> float:
        """I of the solution speciated at the coefficients of `i` [mol/L]."""
        c = self.concentrations(y, i)
        return 0.5 * float((self.z2 * c)[~self.conditional].sum())

    def bare_ionic_strength(self) -> float:
        """I if nothing were paired [mol/L]: an upper start, never below what pairing leaves."""
        n = len(self.tableau.components)
        h = self.tableau.index["H"]
        c = np.where(np.arange(n) == h, 0.0, self.totals)
        return 0.5 * float((self.z2[:n] * c).sum()) + 1e-7

    def start(self, free: Mapping[str, float]) -> Array:
        """Start for y; a start outside what the totals allow is moved inside."""
        tab = self.tableau
        y = np.where(np.isfinite(self.y_fixed), self.y_fixed, 0.0)
        for k in self.unknown:
            name = tab.components[k]
            top = math.log(self.totals[k]) if name != "H" else 0.0
            y[k] = top if name != "H" else math.log(1e-7)
            if name in free:
                value = free[name]
                y[k] = min(math.log(value), top) if value > 0.0 else top
            y[k] = max(y[k], top - 600.0)
        return y
