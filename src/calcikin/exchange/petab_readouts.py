"""Read-outs as parts of an SBML file, for programs that compare a model with data at a given time.

A measurement in PEtab is the value of a formula at one time of one run. What is read at the end of
a run is an assignment rule. The time at which half of the solid is crystalline becomes a clock that
runs until then, and what is read where a population holds most mineral is kept by an event; both
are asked for at the end. T50 is the midpoint of a sigmoid that is fitted to a whole optical curve,
and has no such form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from calcikin.errors import SimulationError
from calcikin.exchange.equations import identifier
from calcikin.extras import library
from calcikin.simulate.result import AVOGADRO, CORES, LABELS, SOLID_TRACE

if TYPE_CHECKING:
    from calcikin.model.network import Population
    from calcikin.simulate.model import Model

__all__ = ["expressible", "with_readouts"]

#: Cores per litre below which a radius is kept finite in a file [mol/L]; 1e-30 mol is no particle.
_NO_CORES = "1e-30"
#: Read-outs of amounts at the end: population of a label.
_POPULATIONS = {label: name for name, label in LABELS.items()}


def expressible(readout: str) -> bool:
    """Whether a read-out can be a formula of an SBML file."""
    return readout in ("crystalline_fraction", "t50_crystalline", "rh_cpp1", "rh_cpp2") or (
        readout.endswith("_end") and readout.removesuffix("_end") in _POPULATIONS
    )


def with_readouts(sbml: str, model: Model, readouts: list[str]) -> str:
    """An SBML file with read-outs added, each as a parameter of its name.

    Parameters
    ----------
    sbml : str
        As `calcikin.exchange.sbml.sbml_of` writes it.
    model : Model
    readouts : list of str
        Each of them `expressible`. Their values hold at the end of a run, in the units of
        NOMENCLATURE.md, but the half time, which is in seconds.

    Returns
    -------
    str

    Raises
    ------
    SimulationError
        When libSBML finds an error in the result, which is then a fault of calcikin.
    """
    lib = library("libsbml", "exchange", "a PEtab problem", package="python-libsbml")
    writer = _Writer(lib, lib.readSBMLFromString(sbml), model)
    for readout in dict.fromkeys(readouts):
        writer.add(readout)
    return writer.text()


class _Writer:
    def __init__(self, lib: Any, document: Any, model: Model) -> None:
        self.lib, self.document, self.model = lib, document, model
        self.sbml = document.getModel()
        self.populations = {p.name: p for p in model.scenario.network.populations}
        self.settings = lib.L3ParserSettings()
        self.settings.setModel(self.sbml)
        self.settings.setComparisonCaseSensitivity(lib.L3P_COMPARE_BUILTINS_CASE_SENSITIVE)

    def add(self, readout: str) -> None:
        own: Mapping[str, Callable[[], None]] = {
            "crystalline_fraction": self.fraction,
            "t50_crystalline": self.clock,
            "rh_cpp1": lambda: self.peak("cpp1"),
            "rh_cpp2": lambda: self.peak("cpp2"),
        }
        if readout in own:
            own[readout]()
            return
        population = self.populations[_POPULATIONS[readout.removesuffix("_end")]]
        self.assign(readout, f"1000 * ({_calcium(population)})", f"{readout} [mmol/L]")

    def text(self) -> str:
        self.document.checkConsistency()
        for k in range(self.document.getNumErrors()):
            error = self.document.getError(k)
            if error.getSeverity() >= self.lib.LIBSBML_SEV_ERROR:
                raise SimulationError(f"libSBML refuses the read-outs: {error.getMessage()}")
        return str(self.lib.writeSBMLToString(self.document))

    # ---- what is read ------------------------------------------------------------------------
    def fraction(self) -> None:
        """Share of the solid Ca that is crystalline, 0 while there is no solid."""
        if self.sbml.getParameter("crystalline_fraction") is not None:
            return
        calcium = {name: _calcium(p) for name, p in self.populations.items()}
        crystals = [text for name, text in calcium.items() if name not in ("acp", "cpp1")]
        self.assign("crystalline__Ca", " + ".join(crystals), "Ca in crystals [mol/L]")
        self.assign("solid__Ca", " + ".join(calcium.values()), "Ca in all solids [mol/L]")
        trace = repr(SOLID_TRACE)
        self.assign(
            "crystalline_fraction",
            f"piecewise(crystalline__Ca / solid__Ca, solid__Ca > {trace}, 0)",
            "crystalline share of the solid Ca",
        )

    def clock(self) -> None:
        """Seconds during which less than half of the solid was crystalline."""
        self.fraction()
        self.parameter("t50_crystalline", "time until half of the solid Ca is crystalline [s]", 0.0)
        rule = self.sbml.createRateRule()
        rule.setVariable("t50_crystalline")
        rule.setMath(self.math("piecewise(1, crystalline_fraction < 0.5, 0)"))

    def peak(self, name: str) -> None:
        """Hydrodynamic radius [nm] where the population holds most mineral."""
        p, geometry = self.populations[name], CORES[name]
        amount, number = identifier(p.amount), identifier(p.number)
        volume = f"{identifier(p.molar_volume)} * max({amount}, 0)"  # L/mol, as mol/L: no unit
        cores = f"1000 * {AVOGADRO!r} * max({number}, {_NO_CORES})"
        spread = geometry.cores_per_particle / geometry.packing_fraction
        radius = f"root(3, 3 * {volume} * {spread!r} / (4 * pi * {cores}))"
        now, held, most = f"rh_{name}__now", f"rh_{name}__held", f"{name}__most"
        self.assign(now, f"1e9 * ({radius} + {geometry.shell!r})", "hydrodynamic radius [nm]")
        self.parameter(most, f"most {name} so far, at a maximum [mol/L]", 0.0)
        self.parameter(held, "hydrodynamic radius then [nm]", 0.0)
        event = self.sbml.createEvent()
        event.setId(f"{name}__declines")
        event.setUseValuesFromTriggerTime(True)
        trigger = event.createTrigger()
        trigger.setInitialValue(True)
        trigger.setPersistent(True)
        # the second part keeps traces of a population that is gone from triggering it
        trigger.setMath(self.math(f"{self.change(amount)} < 0 && {amount} > {most}"))
        for variable, value in ((held, now), (most, amount)):
            assignment = event.createEventAssignment()
            assignment.setVariable(variable)
            assignment.setMath(self.math(value))
        self.assign(
            f"rh_{name}",
            f"piecewise({now}, {amount} > {most}, {held})",
            "hydrodynamic radius where the population holds most mineral [nm]",
        )

    # ---- elements ----------------------------------------------------------------------------
    def change(self, species: str) -> str:
        """d(species)/dt in terms of reactions [mol/s]."""
        terms = []
        for k in range(self.sbml.getNumReactions()):
            reaction = self.sbml.getReaction(k)
            for sign, references in (
                ("-", reaction.getListOfReactants()),
                ("+", reaction.getListOfProducts()),
            ):
                terms += [
                    f"{sign} {reference.getStoichiometry()!r} * {reaction.getId()}"
                    for reference in references
                    if reference.getSpecies() == species
                ]
        return "(0 " + " ".join(terms) + ")"

    def math(self, text: str) -> Any:
        tree = self.lib.parseL3FormulaWithSettings(text, self.settings)
        if tree is None:
            raise SimulationError(f"libSBML cannot read {text!r}: {self.lib.getLastParseL3Error()}")
        return tree

    def parameter(self, id_: str, name: str, value: float | None) -> None:
        entry = self.sbml.createParameter()
        entry.setId(id_)
        entry.setName(name)
        entry.setConstant(False)
        if value is not None:
            entry.setValue(value)

    def assign(self, id_: str, text: str, name: str) -> None:
        self.parameter(id_, name, None)
        rule = self.sbml.createAssignmentRule()
        rule.setVariable(id_)
        rule.setMath(self.math(text))


def _calcium(population: Population) -> str:
    """Ca in a population [mol/L], as `Result.phases` has it."""
    amount = f"{population.ca_per_formula!r} * {identifier(population.amount)}"
    guest = f" - {identifier(population.guest)}" if population.guest else ""
    return f"max({amount}{guest}, 0)"
