"""A model as SBML, Level 3 Version 2.

One compartment of one litre holds every state as a species [mol/L]; processes are reactions; every
quantity of the network is a parameter with an assignment rule; free cations and the activity
coefficient follow their equilibrium by rate rules with a time constant of 1e-8 s (see
:mod:`calcikin.exchange.dissolved`), because libRoadRunner refuses algebraic rules and COPASI
ignores them.
Helper functions name each argument once only: libRoadRunner writes out a rule wherever it is used,
and its loading time grows with the size of what results.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from calcikin import __version__
from calcikin.errors import SimulationError
from calcikin.exchange.derive import equations_of
from calcikin.exchange.infix import SBML, infix
from calcikin.exchange.terms import KIND_SBO, LAW_SBO, identity
from calcikin.extras import library

if TYPE_CHECKING:
    from calcikin.exchange.equations import Equations, Total
    from calcikin.simulate.model import Model

__all__ = ["RELAXATION_TIME", "sbml_of", "sbml_text"]

#: Time in which free ions follow their totals in an exported file [s]. The error of a run is in
#: proportion: 2.5e-6 of the number of CPP1 at 1e-7 s, T50 model.
RELAXATION_TIME = 1e-8
#: The vocabulary of the laws; min() keeps exp() finite, max() what a law would not allow away.
FUNCTIONS: Mapping[str, str] = {
    "pos": "lambda(x, max(x, 0))",
    "cbrt": "lambda(x, root(3, x))",
    "cnt_factor": "lambda(b, s, exp(-b / max(s, 0.001 dimensionless)^2))",
    "pos_power": "lambda(x, n, max(x, 0 dimensionless)^n)",
    "log1pexp": "lambda(x, ln(1 dimensionless + exp(min(x, 700 dimensionless))))",
}
_KINDS = {"mol": "mole", "L": "litre", "m": "metre", "s": "second", "J": "joule", "K": "kelvin"}
_PLAIN = {"1": "dimensionless", "s": "second", "m": "metre", "K": "kelvin"}


def sbml_text(model: Model) -> str:
    """The SBML file of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        XML that libSBML finds consistent.

    Raises
    ------
    InputError
        When python-libsbml is not installed.
    OutOfRangeError
        When the initial solution has no equilibrium.
    SimulationError
        When libSBML finds an error in the result, which is then a fault of calcikin.
    """
    return sbml_of(equations_of(model))


def sbml_of(equations: Equations) -> str:
    """The SBML file of equations; see `sbml_text`."""
    libsbml = library("libsbml", "exchange", "an SBML file", package="python-libsbml")
    return _Writer(equations, libsbml).text()


class _Writer:
    def __init__(self, equations: Equations, libsbml: Any) -> None:
        self.equations, self.lib = equations, libsbml
        self.document = libsbml.SBMLDocument(3, 2)
        self.sbml = self.document.createModel()
        self.units: dict[str, str] = {}
        self.settings = libsbml.L3ParserSettings()
        self.settings.setModel(self.sbml)
        # otherwise a name such as Pi would be read as the number
        self.settings.setComparisonCaseSensitivity(libsbml.L3P_COMPARE_BUILTINS_CASE_SENSITIVE)
        self.settings.setParseUnits(True)

    def text(self) -> str:
        self.head()
        for name, text in FUNCTIONS.items():
            function = self.sbml.createFunctionDefinition()
            function.setId(name)
            function.setMath(self.math(text))
        inside = self.equations.rates_used_once()
        self.declarations(inside)
        self.rules(inside)
        self.reactions(inside)
        self.check()
        return str(self.lib.writeSBMLToString(self.document))

    def math(self, text: str) -> Any:
        tree = self.lib.parseL3FormulaWithSettings(text, self.settings)
        if tree is None:
            raise SimulationError(f"libSBML cannot read {text!r}: {self.lib.getLastParseL3Error()}")
        return tree

    def unit(self, text: str) -> str:
        """The id of a unit such as ``mol/m2/s`` or ``J*s/m3``, defined when it is met first."""
        if text in _PLAIN:
            return _PLAIN[text]
        if text not in self.units:
            parts = [
                (k, *_split(part))
                for k, side in enumerate(text.split("/"))
                for part in side.split("*")
                if part != "1"
            ]
            definition = self.sbml.createUnitDefinition()
            self.units[text] = "_".join(
                ("per_" if k else "") + _KINDS[name] + (str(power) if power > 1 else "")
                for k, name, power in parts
            )
            definition.setId(self.units[text])
            definition.setName(text)
            for k, name, power in parts:
                unit = definition.createUnit()
                unit.setKind(self.lib.UnitKind_forName(_KINDS[name]))
                unit.setExponent(-power if k else power)
                unit.setScale(0)
                unit.setMultiplier(1.0)
        return self.units[text]

    def head(self) -> None:
        model, scenario = self.equations.model, self.equations.model.scenario
        self.sbml.setId(re.sub(r"\W", "_", scenario.name))
        self.sbml.setName(scenario.title)
        self.sbml.setSBOTerm("SBO:0000293")  # non-spatial continuous framework
        for set_unit, kind in (
            (self.sbml.setTimeUnits, "second"),
            (self.sbml.setSubstanceUnits, "mole"),
            (self.sbml.setExtentUnits, "mole"),
            (self.sbml.setVolumeUnits, "litre"),
        ):
            set_unit(kind)
        chosen = [model.preset or "no preset", f"{model.temperature - 273.15:g} degC"]
        chosen.append("pH closed" if scenario.closed_ph else f"pH {model.initial_ph:g} held")
        chosen += [f"without {name}" for name in model.switched_off()]
        absent = ", ".join(self.equations.absent)
        lines = [
            f"{scenario.title}. {scenario.description}. Source: {scenario.source}",
            f"Written by calcikin {__version__} from the model {scenario.name} "
            f"({'; '.join(chosen)}), constants {scenario.constants.name} "
            f"{scenario.constants.version}, parameters {scenario.parameters.name} "
            f"{scenario.parameters.version}.",
            "Speciation: ligands and complexes by explicit assignment rules in closed form; free "
            "cations and the activity coefficient by rate rules that follow their equilibrium with "
            f"the time constant relaxation_time = {RELAXATION_TIME:g} s (fast reversible "
            "association). There are no algebraic rules.",
            "Equilibrium constants hold at the temperature of the export; total__H is the proton "
            "excess at the initial pH of the export. For another temperature, pH or medium, export "
            "again.",
            "Solvers: relative tolerance 1e-8, absolute 1e-22. Research use only.",
        ]
        if absent:
            lines.append(f"Left out, since the solution has none: {absent}.")
        body = "".join(f"<p>{escape(line)}</p>" for line in lines)
        self.sbml.setNotes(f'<body xmlns="http://www.w3.org/1999/xhtml">{body}</body>')
        compartment = self.sbml.createCompartment()
        compartment.setId("vessel")
        compartment.setName("one litre of suspension")
        compartment.setSize(1.0)
        compartment.setSpatialDimensions(3)
        compartment.setUnits("litre")
        compartment.setConstant(True)
        compartment.setSBOTerm("SBO:0000290")  # physical compartment

    # ---- declarations ------------------------------------------------------------------------
    def declarations(self, inside: Mapping[str, Any]) -> None:
        for total in self.equations.totals:
            self.state(total)
        for constant in self.equations.constants:
            component = constant.name.partition(".")[2]
            if constant.kind == "total":
                entry = self.species(constant.id, constant.title, constant.value, fixed=True)
                self.annotate(entry, identity(component=component), part=True)
                entry.setSBOTerm("SBO:0000247")  # simple chemical
                continue
            parameter = self.parameter(constant.id, constant.name, constant.unit)
            parameter.setConstant(True)
            parameter.setValue(constant.value)
            kind = "temperature" if constant.id == "temperature" else constant.kind
            parameter.setSBOTerm(KIND_SBO[kind])
            self.note(parameter, constant.title)
        tau = self.parameter("relaxation_time", "relaxation time of the solution", "s")
        tau.setConstant(True)
        tau.setValue(RELAXATION_TIME)
        for unknown in self.equations.unknowns:
            parameter = self.parameter(unknown.id, unknown.title, unknown.unit)
            parameter.setConstant(False)
            parameter.setValue(unknown.initial)
            if unknown.name.startswith("free."):
                parameter.setSBOTerm(KIND_SBO["free"])
                self.annotate(parameter, identity(component=unknown.name.removeprefix("free.")))
        for rule in self.equations.rules:
            if rule.id in inside:
                continue
            parameter = self.parameter(rule.id, rule.name, rule.unit)
            parameter.setConstant(False)
            if rule.kind in KIND_SBO:
                parameter.setSBOTerm(KIND_SBO[rule.kind])
            if rule.kind == "free":
                self.annotate(parameter, identity(component=rule.name.removeprefix("free.")))

    def state(self, total: Total) -> None:
        state = total.state
        entry = self.species(total.id, state.title, total.initial, fixed=False)
        element = next(iter(state.elements), "") if len(state.elements) == 1 else ""
        populations = self.equations.model.scenario.network.populations
        phase = next((p.phase for p in populations if p.amount == state.name), "")
        protein = element == "FetuinA"
        entry.setSBOTerm(
            "SBO:0000252" if protein else "SBO:0000247" if state.component else "SBO:0000240"
        )  # polypeptide chain, simple chemical, material entity
        where = identity(component=state.component or "", phase=phase, element=element)
        self.annotate(entry, where, part=state.component is not None)

    def species(self, id_: str, name: str, initial: float, *, fixed: bool) -> Any:
        entry = self.sbml.createSpecies()
        entry.setId(id_)
        entry.setName(name)
        entry.setCompartment("vessel")
        entry.setSubstanceUnits("mole")
        entry.setInitialConcentration(initial)
        entry.setHasOnlySubstanceUnits(False)
        entry.setBoundaryCondition(fixed)
        entry.setConstant(fixed)
        return entry

    def parameter(self, id_: str, name: str, unit: str) -> Any:
        entry = self.sbml.createParameter()
        entry.setId(id_)
        entry.setName(name)
        entry.setUnits(self.unit(unit))
        return entry

    def note(self, element: Any, text: str) -> None:
        element.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{escape(text)}</p>')

    def annotate(self, element: Any, address: str | None, *, part: bool = False) -> None:
        """Say which substance is meant; ``part``: the element holds all its forms."""
        if address is None:
            return
        element.setMetaId(f"meta_{element.getId()}")
        term = self.lib.CVTerm(self.lib.BIOLOGICAL_QUALIFIER)
        qualifier = self.lib.BQB_HAS_PART if part else self.lib.BQB_IS
        term.setBiologicalQualifierType(qualifier)
        term.addResource(address)
        element.addCVTerm(term)

    # ---- equations ---------------------------------------------------------------------------
    def rules(self, inside: Mapping[str, Any]) -> None:
        for rule in self.equations.rules:
            if rule.id not in inside:
                entry = self.sbml.createAssignmentRule()
                entry.setVariable(rule.id)
                entry.setMath(self.math(infix(rule.expression, SBML)))
                self.note(entry, rule.title)
        for unknown in self.equations.unknowns:
            entry = self.sbml.createRateRule()
            entry.setVariable(unknown.id)
            entry.setMath(self.math(f"({infix(unknown.shortage, SBML)}) / relaxation_time"))

    def reactions(self, inside: Mapping[str, Any]) -> None:
        for flow in self.equations.flows:
            reaction = self.sbml.createReaction()
            reaction.setId(flow.id)
            reaction.setName(flow.name)
            reaction.setReversible(True)
            reaction.setSBOTerm(LAW_SBO.get(flow.law, "SBO:0000375"))
            for id_, n in flow.effect.items():
                entry = reaction.createReactant() if n < 0 else reaction.createProduct()
                entry.setSpecies(id_)
                entry.setStoichiometry(abs(n))
                entry.setConstant(True)
            text = infix(inside[flow.rate], SBML) if flow.rate in inside else flow.rate
            law = reaction.createKineticLaw()
            law.setMath(self.math(f"vessel * ({text})"))
            self.modifiers(reaction, law)
            if flow.source:
                self.note(reaction, flow.source)

    def modifiers(self, reaction: Any, law: Any) -> None:
        """Name the species that a rate depends on without being changed."""
        known = {s.getSpecies() for s in reaction.getListOfReactants()}
        known |= {s.getSpecies() for s in reaction.getListOfProducts()}
        names = set(re.findall(r"\w+", self.lib.formulaToL3String(law.getMath())))
        for k in range(self.sbml.getNumSpecies()):
            id_ = self.sbml.getSpecies(k).getId()
            if id_ in names and id_ not in known:
                reaction.createModifier().setSpecies(id_)

    def check(self) -> None:
        """Ask libSBML whether the file is consistent."""
        document, lib = self.document, self.lib
        document.checkConsistency()
        for k in range(document.getNumErrors()):
            error = document.getError(k)
            if error.getSeverity() >= lib.LIBSBML_SEV_ERROR:
                raise SimulationError(f"libSBML refuses the file: {error.getMessage().strip()}")


def _split(part: str) -> tuple[str, int]:
    """Name and power of a factor of a unit: ``m2`` is (m, 2)."""
    match = re.fullmatch(r"([A-Za-z]+)(\d*)", part)
    if match is None or match[1] not in _KINDS:
        raise SimulationError(f"the unit factor {part!r} has no form in SBML")
    return match[1], int(match[2] or 1)
