"""The dissolved state as equations.

As in :mod:`calcikin.compiler.speciation_source`, every species holds at most one ligand, so that
ligands follow in closed form,

    [L] = T_L / (1 + sum_s t_s),   t_s = beta_s gamma^w prod_M [M]^nu,   [s] = t_s [L]          (1)

with gamma the activity coefficient of an ion of charge 1 and that of charge z gamma^(z^2). Without
a closed form are the free cations and gamma itself,

    T_M = [M] + sum_s nu_sM [s],     ln gamma = -A ln10 (sqrt(I)/(1 + sqrt(I)) - b I)           (2)

which a file finds by relaxation (see `Unknown`): d[M]/dt = [M] (T_M / sum_M - 1) / tau, where sum_M
is the right-hand side of (2); for H, whose total may be of either sign, [H] (T_H - sum_H) / (B tau)
with the buffer strength B at the start; and d gamma/dt = (gamma(I) - gamma) / tau. The matrix of
this system is a positive diagonal times the symmetric positive definite Hessian of the free energy,
so it decays from any start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from calcikin.chemistry.activity import HELD_IONIC_STRENGTH
from calcikin.compiler.layout import FIXABLE_LIGANDS, solution_tables
from calcikin.exchange.activity import davies_only
from calcikin.exchange.draft import Draft
from calcikin.exchange.equations import identifier
from calcikin.laws.vocabulary import symbolic_functions

__all__ = ["write_solution"]

#: Stand-ins for ln 0, as in the kernels: the least activity of a ligand, an absent cation.
LEAST_ACTIVITY = 1e-100
ABSENT_CATION = -230.0


def write_solution(draft: Draft) -> None:
    """Add free ions, activities, complexes and ionic strength: ``a.X``, ``lna.X``, ``free.X``...

    Parameters
    ----------
    draft : Draft
    """
    _Solution(draft).write()


class _Solution:
    def __init__(self, draft: Draft) -> None:
        self.draft, self.sp = draft, draft.sp
        self.numbers = draft.numbers
        scenario = draft.model.scenario
        self.tables = solution_tables(scenario.constants)
        davies_only(draft.model)
        self.species = draft.model.scenario.constants.species
        self.moving = {s.component: s for s in draft.network.states if s.component is not None}
        self.held_h = self.numbers["ph_fixed"] > 0.5
        self.held_i = self.numbers["i_fixed"] > 0.5
        absent = [c for c in self.tables.components if not self._is_present(c)]
        draft.equations.absent.extend(absent)
        self.absent = set(absent)
        self.one = draft.constant(
            "reference_concentration", "mol/L", 1.0, "1 mol/L, to which activities refer", "setting"
        )
        self.free: dict[str, Any] = {}
        self.amounts: dict[str, Any] = {}  # species -> its symbol

    def _is_present(self, component: str) -> bool:
        if component == "H" or self._held(component):
            return True
        state = self.moving.get(component)
        if state is None:
            return self.numbers[f"total.{component}"] > 0.0
        # a ligand that a process makes may begin at zero; a free cation relaxes from what it is
        return component not in self.tables.cations or self.numbers.initial[state.name] > 0.0

    def _held(self, component: str) -> bool:
        return component in FIXABLE_LIGANDS and self.numbers[f"fixed.{component}"] > 0.5

    def write(self) -> None:
        draft, tables = self.draft, self.tables
        title = "activity coefficient of an ion of charge 1"
        if self.held_i:
            held = self.numbers["i_value"]
            strength = draft.constant("ionic_strength", "mol/L", held, "held", "setting")
            self.gamma = draft.rule("gamma", "1", self.davies(strength), title, "solution")
        else:
            self.gamma = draft.unknown("gamma", "1", self.numbers.solute["gamma"], title)
        for cation in tables.cations:
            self.cation(cation)
        for name in tables.without_ligand:
            if not self.lacks(name):
                self.amounts[name] = draft.rule(
                    f"species.{name}", "mol/L", self.term(name, None), f"{name}", "species"
                )
        for ligand in tables.ligands:
            self.ligand(ligand)
        for ion in tables.inert:
            if ion not in self.absent:
                self.free[ion] = draft.rule(
                    f"free.{ion}", "mol/L", self.total(ion), f"free {ion}", "free"
                )
        for cation in tables.cations:
            if cation in self.free:
                self.balance(cation)
        if not self.held_i:
            strength = self.ionic_strength()
            draft.settle("gamma", self.davies(strength) - self.gamma)

    def davies(self, strength: Any) -> Any:
        """Activity coefficient of an ion of charge 1 at an ionic strength."""
        draft, sp = self.draft, self.sp
        debye = draft.constant(
            "debye_hueckel",
            "1",
            self.numbers["debye"],
            "A ln 10 of the Davies equation",
            "equilibrium",
        )
        slope = draft.constant(
            "davies_b", "1", self.numbers["davies_b"], "b of the Davies equation", "equilibrium"
        )
        held = draft.constant(
            "held_ionic_strength",
            "mol/L",
            HELD_IONIC_STRENGTH,
            "ionic strength above which the Davies term is held",
            "equilibrium",
        )
        inside = draft.rule(
            "davies_argument",
            "1",
            (strength - symbolic_functions().pos(strength - held)) / self.one,
            "ionic strength for the Davies equation",
            "solution",
        )
        root = sp.sqrt(inside)
        return sp.exp(-debye * (root / (1 + root) - slope * inside))

    def total(self, component: str) -> Any:
        if component in self.moving:
            return self.draft.symbol(self.draft.state_id(self.moving[component].name))
        name = f"total.{component}"
        title = f"total {component}, which no process changes"
        return self.draft.constant(name, "mol/L", self.numbers[name], title, "total")

    def missing(self, component: str, ln_activity: float) -> None:
        """Activities of a component that is absent."""
        title = f"{component} is absent"
        self.draft.constant(f"lna.{component}", "1", ln_activity, title, "setting")
        self.draft.constant(f"a.{component}", "mol/L", 0.0, title, "setting")

    def cation(self, cation: str) -> None:
        draft, sp = self.draft, self.sp
        if cation in self.absent:
            self.missing(cation, ABSENT_CATION)
            return
        name, title = f"free.{cation}", f"free {cation}"
        if cation == "H" and self.held_h:
            held = draft.constant(
                "held_activity.H",
                "mol/L",
                math.exp(self.numbers["ln_ah"]),
                "set by the pH",
                "setting",
            )
            free = draft.rule(name, "mol/L", held / self.gamma, title, "free")
        else:
            free = draft.unknown(name, "mol/L", self.numbers.solute[name], title)
        self.free[cation] = free
        z2 = self.tables.charges[cation] ** 2
        title = f"activity of {cation}"
        a = draft.rule(f"a.{cation}", "mol/L", free * self.gamma**z2, title, "activity")
        draft.rule(f"lna.{cation}", "1", sp.log(a / self.one), f"ln {title}", "solution")

    def lacks(self, species: str) -> bool:
        """Whether a species holds something that is absent."""
        return any(c in self.absent for c in self.tables.stoichiometry[species])

    def term(self, species: str, ligand: str | None) -> Any:
        """[s] / [L], or [s] where there is no ligand."""
        tables, sp = self.tables, self.sp
        parts = tables.stoichiometry[species]
        weight = 0
        if species not in tables.conditional:
            weight = sum(n * tables.charges[c] ** 2 for c, n in parts.items())
            weight -= tables.species_charge[species] ** 2
        power = sum(parts.values()) - 1
        plain = {0: "1", 1: "L/mol", -1: "mol/L", -2: "mol2/L2"}
        beta = self.draft.constant(
            f"beta.{species}",
            plain.get(power, f"L{power}/mol{power}"),
            self.numbers[f"beta.{species}"],
            f"formation constant of {species}; {self.species[species].source}",
            "equilibrium",
        )
        factors = [self.free[c] ** n for c, n in parts.items() if c != ligand]
        return sp.Mul(beta, self.gamma**weight, *factors)

    def ligand(self, ligand: str) -> None:
        draft, sp = self.draft, self.sp
        if ligand in self.absent:
            self.missing(ligand, math.log(LEAST_ACTIVITY))
            return
        terms = {
            s: draft.rule(
                f"ratio.{s}", "1", self.term(s, ligand), f"{s} over free {ligand}", "solution"
            )
            for s in self.tables.by_ligand[ligand]
            if not self.lacks(s)
        }
        z2 = self.tables.charges[ligand] ** 2
        if self._held(ligand):
            value = self.numbers[f"activity.{ligand}"]
            held = draft.constant(
                f"held_activity.{ligand}", "mol/L", value, "set by the gas", "setting"
            )
            free = held * self.gamma ** (-z2)
        else:
            free = self.total(ligand) / sp.Add(1, *terms.values())
        own = draft.rule(f"free.{ligand}", "mol/L", free, f"free {ligand}", "free")
        self.free[ligand] = own
        title = f"activity of {ligand}"
        a = draft.rule(f"a.{ligand}", "mol/L", own * self.gamma**z2, title, "activity")
        least = LEAST_ACTIVITY + symbolic_functions().pos(a / self.one - LEAST_ACTIVITY)
        draft.rule(f"lna.{ligand}", "1", sp.log(least), f"ln {title}", "solution")
        for s, ratio in terms.items():
            self.amounts[s] = draft.rule(f"species.{s}", "mol/L", ratio * own, f"{s}", "species")

    def balance(self, cation: str) -> None:
        """What a cation has in all its dissolved forms, and what that lacks of its total."""
        draft = self.draft
        counts = {s: self.tables.stoichiometry[s].get(cation, 0) for s in self.amounts}
        found = draft.rule(
            f"sum.{cation}",
            "mol/L",
            self.free[cation] + self.weighted(counts, {}),
            f"{cation} in all its dissolved forms",
            "solution",
        )
        if cation != "H":
            shortage = self.free[cation] * (self.total(cation) / found - 1)
            draft.settle(f"free.{cation}", shortage)
        elif not self.held_h:
            title = "H given off per unit of ln [H], at the start"
            strength = draft.constant(
                "buffer.H", "mol/L", self.numbers.solute["buffer"], title, "setting"
            )
            draft.settle("free.H", self.free["H"] * (self.total("H") - found) / strength)

    def ionic_strength(self) -> Any:
        """Half the sum of z^2 c."""
        tables = self.tables
        counts = {
            s: 0 if s in tables.conditional else tables.species_charge[s] ** 2 for s in self.amounts
        }
        own = {c: tables.charges[c] ** 2 for c in self.free}
        return self.draft.rule(
            "ionic_strength",
            "mol/L",
            self.weighted(counts, own) / 2,
            "half the sum of z^2 c",
            "solution",
        )

    def weighted(self, counts: Mapping[str, int], own: Mapping[str, int]) -> Any:
        """sum_c own_c [c] + sum_s counts_s [s], the species of a ligand as [L] sum counts t."""
        sp = self.sp
        held = [n * self.amounts[s] for s in self.tables.without_ligand if (n := counts.get(s, 0))]
        for component, free in self.free.items():
            inside = [own[component]] if own.get(component) else []
            inside += [
                n * self.draft.symbol(identifier(f"ratio.{s}"))
                for s in self.tables.by_ligand.get(component, ())
                if (n := counts.get(s, 0))
            ]
            held.append(free * sp.Add(*inside))
        return sp.Add(*held)
