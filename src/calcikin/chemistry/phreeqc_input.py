"""A speciated solution as a PHREEQC input file that defines everything it uses.

The file brings its own elements (``Ca_``, ``Pi_`` ...), species and solids, so that it gives the
same answer whichever database PHREEQC has loaded, as long as that has the ion-association model
(phreeqc.dat, wateq4f.dat, minteq.v4.dat). Pi, PPi and ATP are elements of their own and never turn
into one another.

PHREEQC knows one activity model here, the extended Debye-Hueckel equation, and one activity of
water, 1 - 0.017 sum m. Where the solution was found with another model, each species gets the b of

    log10 gamma = -A z^2 sqrt(I)/(1 + sqrt(I)) + b I                                       (1)

that gives its coefficient at the ionic strength of this solution, and what the activity of water
differs by goes into the constants of reactions with H2O: PHREEQC then has to find the same
solution by itself, at this composition and temperature. Constants keep their temperature functions.
Protein sites, which act on concentrations and count in no ionic strength, become uncharged species
with the coefficient of the metal in their constant.

A closed solution is one whose pH PHREEQC finds from the charge balance; charge that the model does
not have (of proteins) is carried by an ion of its own, ``Balance_``, of activity coefficient 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from calcikin.chemistry.logk import Coefficients
from calcikin.chemistry.records import WATER, ConstantSet, Species
from calcikin.chemistry.speciation import Equilibrium
from calcikin.chemistry.water import debye_hueckel
from calcikin.errors import InputError, UnknownNameError

__all__ = ["phreeqc_input", "phreeqc_names"]

#: What PHREEQC takes off the activity of water for each mole of solute [kg/mol].
_WATER_FACTOR = 0.017
#: Charge below which a solution counts as neutral [mol/L]: roundoff of sums of salts of 1 mol/L.
_NEUTRAL = 1e-14


def phreeqc_input(
    equilibrium: Equilibrium, *, closed: bool = False, gas: str | None = None, title: str = ""
) -> str:
    """The text of a PHREEQC input file for a solution.

    Parameters
    ----------
    equilibrium : Equilibrium, a solution found by `speciation.solve`; its totals, temperature, pH
        and constants are written
    closed : bool, whether PHREEQC finds the pH from the charge balance; by default the pH is given
    gas : str, optional, gas whose partial pressure stands in place of a total, e.g. ``"CO2(g)"``
    title : str, optional, for the name of the solution

    Returns
    -------
    str
        A file that PHREEQC 3 runs unchanged, for databases with the ion-association model.

    Raises
    ------
    UnknownNameError
        When the set has no such gas.
    InputError
        When two species have the same composition, which PHREEQC cannot tell apart.
    """
    return _Writer(equilibrium, closed, gas).text(title)


def phreeqc_names(constants: ConstantSet) -> dict[str, str]:
    """Component or species of a set -> its name in an exported file.

    Raises
    ------
    InputError
        When two species have the same composition.
    """
    symbols = _symbols(constants.components)
    names = {"H": "H+"}
    for name, component in constants.components.items():
        if name != "H":
            oxygen = component.elements.get("O", 0.0)
            names[name] = _formula({symbols[name]: 1.0}, 0.0, oxygen, component.charge)
    for name, item in constants.species.items():
        names[name] = _species_formula(constants, item, symbols)
    seen: dict[str, str] = {}
    for name, formula in names.items():
        if formula in seen:
            raise InputError(
                f"{name} and {seen[formula]} have the same composition",
                where=f"constants {constants.name}",
                hint="leave one of them out: constants.without(species=[...])",
            )
        seen[formula] = name
    return names


class _Writer:
    """Writes one solution."""

    def __init__(self, equilibrium: Equilibrium, closed: bool, gas: str | None) -> None:
        constants = equilibrium.constants
        if gas is not None and gas not in constants.gases:
            raise UnknownNameError("gas", gas, constants.gases, f"constants {constants.name}")
        self.solution, self.constants = equilibrium, constants
        self.closed, self.gas = closed, gas
        self.names = phreeqc_names(constants)
        self.symbols = _symbols(constants.components)
        self.present = {
            name: c for name, c in {**equilibrium.free, **equilibrium.species}.items() if c > 0.0
        }
        charges = {name: item.charge for name, item in constants.components.items()}
        charges |= {
            name: 0 if item.conditional else item.charge for name, item in constants.species.items()
        }
        self.charges = charges
        charge = math.fsum(charges[name] * c for name, c in self.present.items())
        self.balance = -charge if closed and abs(charge) > _NEUTRAL else 0.0
        conditional = any(
            item.conditional and name in self.present for name, item in constants.species.items()
        )
        #: whether PHREEQC has the activity model itself
        self.native = (
            equilibrium.activity_model == "truesdell_jones"
            and not conditional
            and self.balance == 0.0
        )
        self.ionic_strength = equilibrium.ionic_strength + 0.5 * abs(self.balance)
        solutes = math.fsum(self.present.values()) + abs(self.balance)
        ours = math.log10(equilibrium.water_activity)
        #: log10 of our activity of water over that of PHREEQC
        self.wetter = 0.0 if self.native else ours - math.log10(1.0 - _WATER_FACTOR * solutes)
        self.ours_water = ours

    def text(self, title: str) -> str:
        solution = self.solution
        head = [
            f"# {title or 'Solution'}: exported by calcikin, constants {self.constants.name} "
            f"{self.constants.version}, activity model {solution.activity_model}.",
            "# Runs with any database of the ion-association kind; all it uses is defined here.",
        ]
        blocks = [self._masters(), self._species(), self._solids(), self._solution(title)]
        return "\n".join([*head, *(line for block in blocks for line in block), "END", ""])

    def _masters(self) -> Iterable[str]:
        yield "SOLUTION_MASTER_SPECIES"
        for name in self.constants.components:
            if name != "H" and name in self.present:
                yield f"    {self.symbols[name]} {self.names[name]} 0 1 1 # {name}"
        if self.balance:
            yield f"    Balance_ {self._balance_ion()} 0 1 1 # charge the model does not have"

    def _species(self) -> Iterable[str]:
        yield "SOLUTION_SPECIES"
        for name in self.constants.components:
            if name in self.present:
                yield f"{self.names[name]} = {self.names[name]}"
                yield "    -log_k 0"
                yield from self._gamma(name)
        if self.balance:
            yield f"{self._balance_ion()} = {self._balance_ion()}"
            yield "    -log_k 0"
            yield f"    -gamma {self._size()!r} {self._slope(1.0, 1)!r}"
        for name, item in self.constants.species.items():
            if name not in self.present and name != "OH-":
                continue
            left = {self.names[c]: float(n) for c, n in item.stoichiometry.items()}
            left["H2O"] = item.water
            yield f"{_equation(left, self.names[name])} # {name}"
            shift = item.water * self.wetter
            if item.conditional:
                # a constant on concentrations, from activities: less log10 gamma of what it binds
                shift -= sum(
                    n * math.log10(self.solution.gamma[c])
                    for c, n in item.stoichiometry.items()
                    if self.charges[c] != 0
                )
                yield "    -no_check"
            yield f"    -analytical_expression {_numbers(item.formation.coefficients, shift)}"
            yield from self._gamma(name)

    def _solids(self) -> Iterable[str]:
        yield "PHASES"
        components = self.constants.components
        for name, phase in self.constants.phases.items():
            if any(c not in self.present for c in phase.stoichiometry if c != WATER):
                continue
            amounts = dict(phase.stoichiometry)
            water = amounts.pop(WATER, 0.0)
            symbols = {self.symbols[c]: n for c, n in amounts.items() if c != "H"}
            hydrogen = amounts.get("H", 0.0) + 2.0 * water
            oxygen = water + sum(
                n * components[c].elements.get("O", 0.0) for c, n in amounts.items()
            )
            formula = _formula(symbols, hydrogen, oxygen, 0)
            right = {self.names[c]: n for c, n in amounts.items()} | {"H2O": water}
            yield name
            yield f"    {_equation({formula: 1.0}, right)}"
            numbers = _numbers(phase.log_k.coefficients, -water * self.wetter)
            yield f"    -analytical_expression {numbers}"
        for name, gas in self.constants.gases.items():
            if gas.species in self.present:
                formula = self.names[gas.species]
                numbers = _numbers(gas.log_k.coefficients, gas.water * self.ours_water)
                yield name
                yield f"    {formula} = {formula}"
                yield f"    -analytical_expression {numbers}"

    def _solution(self, title: str) -> Iterable[str]:
        solution = self.solution
        yield f"SOLUTION 1 {title}".rstrip()
        yield "    units mol/kgw"
        yield f"    temp {solution.T - 273.15!r}"
        yield (
            f"    pH {round(solution.pH, 1)!r} charge" if self.closed else f"    pH {solution.pH!r}"
        )
        ligand, pressure = self._held_by_gas()
        for name in self.constants.components:
            if name == "H" or name not in self.present:
                continue
            line = f"    {self.symbols[name]} {solution.totals[name]!r}"
            yield f"{line} {self.gas} {math.log10(pressure)!r}" if name == ligand else line
        if self.balance:
            yield f"    Balance_ {abs(self.balance)!r}"

    def _held_by_gas(self) -> tuple[str, float]:
        """The ligand whose total the gas replaces, and the pressure [atm]."""
        if self.gas is None:
            return "", 1.0
        gas = self.constants.gases[self.gas]
        log_p = math.log10(self.solution.activity[gas.species]) - gas.log_k.at(self.solution.T)
        log_p -= gas.water * self.ours_water
        parts = self.constants.species[gas.species].stoichiometry
        ligand = next(c for c in parts if self.constants.components[c].role == "ligand")
        return ligand, 10.0**log_p

    # --- activity coefficients ------------------------------------------------------------------

    def _gamma(self, name: str) -> Iterable[str]:
        """The -gamma of a component or species; nothing where PHREEQC has the right one."""
        components, species = self.constants.components, self.constants.species
        if self.native:
            pair = components[name].gamma if name in components else species[name].gamma
            if pair is not None:
                yield f"    -gamma {pair[0]!r} {pair[1]!r}"
            return
        charge = self.charges[name]
        slope = self._slope(self.solution.gamma[name], charge)
        yield f"    -gamma {self._size() if charge else 0.0!r} {slope!r}"

    def _size(self) -> float:
        """The ion size at which a B is 1, so that (1) has the denominator of Davies [Angstrom]."""
        return 1.0 / debye_hueckel(self.solution.T)[1]

    def _slope(self, gamma: float, charge: int) -> float:
        """The b of (1) that gives `gamma` at the ionic strength of the solution [kg/mol]."""
        root = math.sqrt(self.ionic_strength)
        limit = debye_hueckel(self.solution.T)[0] * charge**2 * root / (1.0 + root)
        return (math.log10(gamma) + limit) / self.ionic_strength

    def _balance_ion(self) -> str:
        return "Balance_+" if self.balance > 0.0 else "Balance_-"


def _symbols(components: Mapping[str, object]) -> dict[str, str]:
    """An element symbol of its own for every component: capital, small letters, underscore."""
    symbols: dict[str, str] = {}
    for name in components:
        letters = re.sub("[^A-Za-z]", "", name).capitalize() or "X"
        while f"{letters}_" in symbols.values():
            letters += "x"
        symbols[name] = f"{letters}_"
    return symbols


def _species_formula(constants: ConstantSet, item: Species, symbols: Mapping[str, str]) -> str:
    """A species by its composition: cations, hydrogen, ligands, oxygen, charge."""
    if set(item.stoichiometry) == {"H"} and item.water == 1.0:
        return "OH-"
    counts = {symbols[c]: float(n) for c, n in item.stoichiometry.items() if c != "H"}
    hydrogen = item.stoichiometry.get("H", 0) + 2.0 * item.water
    oxygen = item.water + sum(
        n * constants.components[c].elements.get("O", 0.0) for c, n in item.stoichiometry.items()
    )
    return _formula(counts, hydrogen, oxygen, 0 if item.conditional else item.charge)


def _formula(counts: Mapping[str, float], hydrogen: float, oxygen: float, charge: int) -> str:
    """A formula in the elements of the file; a charge of 0 leaves no mark."""
    parts = [*counts.items(), ("H", hydrogen), ("O", oxygen)]
    body = "".join(f"{symbol}{'' if n == 1.0 else f'{round(n, 10):g}'}" for symbol, n in parts if n)
    if charge == 0:
        return body
    size = "" if abs(charge) == 1 else str(abs(charge))
    return f"{body}{'+' if charge > 0 else '-'}{size}"


def _equation(left: Mapping[str, float], right: Mapping[str, float] | str) -> str:
    """An equation with positive coefficients; what is negative changes sides."""
    total = {name: -n for name, n in left.items()}
    for name, n in ({right: 1.0} if isinstance(right, str) else right).items():
        total[name] = total.get(name, 0.0) + n

    def side(sign: float) -> str:
        return " + ".join(
            f"{'' if abs(n) == 1.0 else f'{abs(n)!r} '}{name}"
            for name, n in total.items()
            if n * sign > 0.0
        )

    # PHREEQC takes the first species on the right for the new one: it stands last in `total`
    if isinstance(right, str):
        rest = {name: n for name, n in total.items() if name != right and n > 0.0}
        products = [right, *(f"{'' if n == 1.0 else f'{n!r} '}{k}" for k, n in rest.items())]
        return f"{side(-1.0)} = {' + '.join(products)}"
    return f"{side(-1.0)} = {side(1.0)}"


def _numbers(coefficients: Coefficients, shift: float) -> str:
    """A1 ... A6 with the first one shifted."""
    a1, *rest = coefficients
    return " ".join(repr(float(a)) for a in (a1 + shift, *rest))
