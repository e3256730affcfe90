"""A solution's equilibrium from the compiled kernel, in the same form as its twin gives it.

From the free concentrations [k] and the ionic strength that the kernel leaves behind, every species
follows by mass action,

    [s] = beta_s prod_k ([k] gamma_k)^nu_k / gamma_s                                    (1)

(no gammas for a conditional species). The balances and the ionic strength are then added up anew,
so that a bad answer of the kernel cannot pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.speciation import Equilibrium
from calcikin.errors import SimulationError
from calcikin.simulate.model import Model

__all__ = ["equilibrium"]

Array = npt.NDArray[np.float64]
#: Relative imbalance above which a solution is refused, as in the twin.
_ACCEPTED = 1e-10
#: What an ionic strength of zero is to the kernel, which divides by it: sqrt(1e-30) changes no
#: activity coefficient.
_NO_IONS = 1e-30
#: Highest ionic strength looked at [mol/L]: far beyond any solution.
_MOST_IONS = 1e3


def equilibrium(model: Model, totals: Mapping[str, float], total_h: float | None) -> Equilibrium:
    """Equilibrium of a solution at the temperature, pH, pCO2 and switches of a model.

    Parameters
    ----------
    model : Model
        Its setting ``ionic_strength`` [mol/L], when there is one, is held.
    totals : mapping of str to float
        Component -> total [mol/L]; zero for those not given.
    total_h : float or None
        Total proton excess [mol/L] of a closed solution; None holds the model's pH.

    Returns
    -------
    Equilibrium
        As of `calcikin.chemistry.speciation.solve`, the twin. ``iterations`` are those of the last
        call of the kernel, ``outer_iterations`` counts its calls.

    Raises
    ------
    SimulationError
        When no equilibrium is found.

    Notes
    -----
    Newton's method of the kernel solves for the ionic strength together with the concentrations.
    Where that does not settle (seen above 0.8 mol/L, and with more than 0.1 mol/L of metal bound to
    protein), the ionic strength is found from outside, as the root of I(gamma(I)) - I: with I held
    the problem is convex and the kernel always settles.
    """
    kernel = _Kernel(model, totals, total_h)
    held = model.settings.get("ionic_strength")
    if held is not None:
        answer = kernel.solve(held)
    else:
        answer = kernel.solve(None)
        if answer is None or answer.residual > _ACCEPTED:
            answer = kernel.solve(_self_consistent(kernel))
    if answer is None or not answer.residual <= _ACCEPTED:
        raise _not_found(kernel)
    return answer


def _not_found(kernel: _Kernel) -> SimulationError:
    present = {c: t for c, t in zip(kernel.order, kernel.tot.tolist(), strict=True) if t}
    model = kernel.model
    place = f"totals {present} mol/L at {model.temperature - 273.15:g} degC"
    if "H" in kernel.fixed:
        place += f", pH {model.initial_ph:g}"
    if "CO3" in kernel.fixed:
        place += f", pCO2 {model.scenario.pco2:g} atm"
    return SimulationError(
        "the solution has no equilibrium that could be found",
        where=place,
        hint="check for a value in the wrong unit, or hold the ionic strength",
    )


def _self_consistent(kernel: _Kernel) -> float:
    """Root of I(gamma(I)) - I by Brent's method [mol/L]; SimulationError when there is none."""
    from scipy.optimize import brentq

    def excess(i: float) -> float:
        tried = kernel.solve(i)
        if tried is None:
            raise _not_found(kernel)
        return kernel.ionic_strength_of(tried) - i

    low, high = 0.0, 1.0
    while not excess(high) < 0.0:
        low, high = high, 2.0 * high
        if high > _MOST_IONS:
            raise _not_found(kernel)
    return float(brentq(excess, low, high, xtol=1e-300, rtol=1e-15, maxiter=200))


class _Kernel:
    """The kernel with the arrays of one solution."""

    def __init__(self, model: Model, totals: Mapping[str, float], total_h: float | None) -> None:
        self.model = model
        self.compiled = model.compiled
        self.constants = model.scenario.constants
        self.order = self.compiled.tables.components
        self.tot = np.array([totals.get(c, 0.0) for c in self.order])
        self.tot[self.order.index("H")] = total_h or 0.0
        self.q = model.parameter_vector()
        layout = self.compiled.layout
        self.q[layout["ph_fixed"]] = 1.0 if total_h is None else 0.0
        self.fixed = {"H"} if total_h is None else set()
        if self.q[layout["fixed.CO3"]] > 0.5:
            self.fixed.add("CO3")
        self.calls = 0

    def solve(self, ionic_strength: float | None) -> Equilibrium | None:
        """Solve at held ionic strength [mol/L], or a free one; None when it does not converge."""
        compiled, layout, slots = self.compiled, self.compiled.layout, self.compiled.slots
        q = self.q.copy()
        q[layout["i_fixed"]] = 0.0 if ionic_strength is None else 1.0
        q[layout["i_value"]] = max(ionic_strength or 0.0, _NO_IONS)
        x, s = np.zeros(compiled.n_unknowns), np.zeros(slots.size)
        compiled.module.cold_start(q, self.tot, x)
        self.calls += 1
        steps = int(compiled.module.speciate(q, self.tot, x, s))
        if steps < 0 or not np.all(np.isfinite(s)):
            return None
        i = float(s[slots["I"]]) if ionic_strength is None else ionic_strength
        return self._assemble(s, i, steps, free_ions=ionic_strength is None)

    def _assemble(self, s: Array, i: float, steps: int, *, free_ions: bool) -> Equilibrium | None:
        """Species by equation (1), and everything that follows from them."""
        slots, layout, tables = self.compiled.slots, self.compiled.layout, self.compiled.tables
        components = self.constants.components
        g = float(s[slots["g"]])  # ln gamma = z^2 g
        free = {  # in the order of the set, as the twin has it
            name: float(
                self.tot[self.order.index(name)]
                if name in tables.inert
                else s[slots["free." + name]]
            )
            for name in components
        }
        ln_gamma = {name: g * item.charge**2 for name, item in components.items()}
        species: dict[str, float] = {}
        for name, item in self.constants.species.items():
            ln_gamma[name] = 0.0 if item.conditional else g * item.charge**2
            beta = float(self.q[layout["beta." + name]])
            if beta == 0.0 or any(free[c] == 0.0 for c in item.stoichiometry):
                species[name] = 0.0
                continue
            ln_c = math.log(beta) - ln_gamma[name]
            for component, n in item.stoichiometry.items():
                ln_c += n * math.log(free[component])
                if not item.conditional:
                    ln_c += n * ln_gamma[component]
            species[name] = math.exp(ln_c)
        parts = {name: [c] for name, c in free.items()}
        for name, c in species.items():
            for component, n in self.constants.species[name].stoichiometry.items():
                parts[component].append(n * c)
        residual = 0.0
        for k, name in enumerate(self.order):
            scale = math.fsum(map(abs, parts[name])) + abs(float(self.tot[k]))
            if name not in self.fixed and scale > 0.0:
                imbalance = math.fsum(parts[name]) - float(self.tot[k])
                residual = max(residual, abs(imbalance) / scale)
        gamma = {name: math.exp(value) for name, value in ln_gamma.items()}
        activity = {name: gamma[name] * c for name, c in (free | species).items()}
        found = Equilibrium(
            free=free,
            species=species,
            activity=activity,
            gamma=gamma,
            ionic_strength=i,
            pH=-math.log10(activity["H"]),
            residual=residual,
            iterations=steps,
            outer_iterations=self.calls,
            totals={name: math.fsum(terms) for name, terms in parts.items()},
            T=self.model.temperature,
            constants=self.constants,
        )
        if free_ions and abs(self.ionic_strength_of(found) / i - 1.0) > _ACCEPTED:
            return None  # not self-consistent
        return found

    def ionic_strength_of(self, found: Equilibrium) -> float:
        """Ionic strength summed over what is dissolved, conditional species left out [mol/L]."""
        components, known = self.constants.components, self.constants.species
        squares = [components[name].charge ** 2 * c for name, c in found.free.items()]
        squares += [
            known[name].charge ** 2 * c
            for name, c in found.species.items()
            if not known[name].conditional
        ]
        return 0.5 * math.fsum(squares)
