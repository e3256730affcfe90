"""A model as one Python file that needs NumPy and SciPy only.

The kinetics are the same expressions as in every other format; the solution is found by Newton
steps on all free components and the ionic strength at once, from the tables of the constant set.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calcikin import __version__
from calcikin.chemistry.activity import HELD_IONIC_STRENGTH
from calcikin.compiler.layout import solution_tables
from calcikin.exchange import script_parts
from calcikin.exchange.derive import equations_of
from calcikin.exchange.infix import PYTHON, infix
from calcikin.exchange.numbers import numbers_of

if TYPE_CHECKING:
    from calcikin.exchange.equations import Equations
    from calcikin.simulate.model import Model

__all__ = ["script_text"]


def script_text(model: Model) -> str:
    """A Python script that runs the model by itself and writes its states as CSV.

    Parameters
    ----------
    model : Model

    Raises
    ------
    OutOfRangeError
        When the initial solution has no equilibrium.
    """
    equations = equations_of(model)
    return "\n".join(
        [
            _head(model),
            "import argparse\nimport csv\nimport math\nimport sys\n",
            "import numpy as np\nfrom scipy.integrate import odeint\n",
            "# --- numbers of the kinetics " + "-" * 70,
            *_constants(equations),
            "\n# --- states: value at the start, absolute tolerance [mol/L] " + "-" * 39,
            *_states(model, equations),
            "\n# --- the solution: components and species " + "-" * 57,
            *_tables(model),
            "\n\n" + _common(),
            "\n",
            *_rates(equations),
            "\n",
            *_derivative(equations),
            "\n\n" + script_parts.MAIN.strip(),
            "",
        ]
    )


def _common() -> str:
    """The part that every script has, without its hints of types."""
    text = inspect.getsource(script_parts).partition("# --- begin\n")[2].strip()
    return text.replace(" -> Any:", ":").replace(": Any", "")


def _head(model: Model) -> str:
    scenario = model.scenario
    chosen = [model.preset or "no preset", f"{model.temperature - 273.15:g} degC"]
    chosen += [f"without {name}" for name in model.switched_off()]
    return (
        f'"""{scenario.title}: {scenario.name} ({"; ".join(chosen)}).\n\n'
        f"Written by calcikin {__version__}; needs NumPy and SciPy.\n"
        f"Constants {scenario.constants.name} {scenario.constants.version}, parameters "
        f"{scenario.parameters.name} {scenario.parameters.version}.\n"
        f"Source: {scenario.source}\n\n"
        "    python FILE [--hours H] [--minutes STEP] [--rtol R] [-o OUT.csv]\n\n"
        "Research use only: never for decisions about a patient.\n"
        '"""\n'
    )


def _constants(equations: Equations) -> Iterable[str]:
    for constant in equations.constants:
        if constant.kind in {"parameter", "switch", "law"} or constant.id.startswith(
            ("lnk__", "scale__", "temperature")
        ):
            unit = "" if constant.unit == "1" else f"{constant.unit}; "
            yield f"{constant.id} = {constant.value!r}  # {unit}{_line(constant.title)}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _states(model: Model, equations: Equations) -> Iterable[str]:
    yield "STATES = {"
    for total, atol in zip(equations.totals, model.tolerances(1e-6), strict=True):
        title = _line(total.state.title)
        yield f"    {total.id!r}: ({total.initial!r}, {float(atol)!r}),  # {title}"
    yield "}  # absolute tolerances for a relative one of 1e-6"
    yield f"DURATION = {model.duration!r}  # s"


def _tables(model: Model) -> Iterable[str]:
    """Components, species and what is held, as plain lists."""
    tables = solution_tables(model.scenario.constants)
    numbers = numbers_of(model)
    moving = {s.component: s.name for s in model.scenario.network.states if s.component}
    held: dict[str, float] = {}
    if numbers["ph_fixed"] > 0.5:
        held["H"] = float(np.exp(numbers["ln_ah"]))
    for ligand in tables.ligands:
        if numbers.settings.get(f"fixed.{ligand}", 0.0) > 0.5:
            held[ligand] = numbers[f"activity.{ligand}"]
    yield "# charge, is a cation, free at the start [mol/L]"
    yield "COMPONENTS = {"
    for name in tables.components:
        if name not in tables.inert:
            cation = name in tables.cations
            free = numbers.solute[f"free.{name}"]
            yield f"    {name!r}: ({tables.charges[name]}, {cation}, {free!r}),"
    yield "}"
    totals = {name: numbers[f"total.{name}"] for name in tables.components if name not in moving}
    yield f"TOTALS = {_plain(totals)}  # mol/L, those that no process changes"
    yield f"MOVING = {_plain(moving)}  # component: state"
    yield f"HELD = {_plain(held)}  # activities"
    yield f"INERT = {_plain({c: tables.charges[c] for c in tables.inert})}  # charge"
    fixed = numbers["i_value"] if numbers["i_fixed"] > 0.5 else None
    yield f"HELD_IONIC_STRENGTH = {fixed!r}  # mol/L; None: that of the solution"
    yield f"DEBYE_HUECKEL, DAVIES_B = {numbers['debye']!r}, {numbers['davies_b']!r}"
    yield f"HIGHEST_IONIC_STRENGTH = {HELD_IONIC_STRENGTH!r}  # mol/L, for the Davies term"
    yield "# ln of the formation constant, charge, parts, whether its constant holds as it stands"
    yield "SPECIES = {"
    for name, parts in tables.stoichiometry.items():
        beta = numbers[f"beta.{name}"]
        if beta > 0.0:
            ln, charge = float(np.log(beta)), tables.species_charge[name]
            plain = name in tables.conditional
            yield f"    {name!r}: ({ln!r}, {charge}, {_plain(parts)}, {plain}),"
    yield "}"


def _plain(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{k!r}: {v!r}" for k, v in values.items()) + "}"


def _rates(equations: Equations) -> Iterable[str]:
    yield "def rates(y, activity, ln_activity):"
    yield '    """Rate of every process [mol/L/s] at a state and the activities of its ions."""'
    ids = [total.id for total in equations.totals]
    quantities = [rule for rule in equations.rules if rule.kind == "quantity"]
    used = {str(s) for rule in quantities for s in rule.expression.free_symbols}
    for k, id_ in enumerate(ids):
        if id_ in used:
            yield f"    {id_} = y[{k}]"
    for id_ in sorted(used):
        for prefix, source in (("a__", "activity"), ("lna__", "ln_activity")):
            if id_.startswith(prefix):
                yield f"    {id_} = {source}[{id_.removeprefix(prefix)!r}]"
    for rule in quantities:
        unit = "" if rule.unit == "1" else f"  # {rule.unit}"
        yield f"    {rule.id} = {infix(rule.expression, PYTHON)}{unit}"
    yield "    return {"
    for flow in equations.flows:
        yield f"        {flow.name!r}: {flow.rate},"
    yield "    }"


def _derivative(equations: Equations) -> Iterable[str]:
    yield "def changes(v):"
    yield '    """What the processes do to the states [mol/L/s]."""'
    yield "    return ["
    for total in equations.totals:
        terms = [
            f"{flow.effect[total.id]!r} * v[{flow.name!r}]"
            for flow in equations.flows
            if total.id in flow.effect
        ]
        yield f"        {' + '.join(terms) or '0.0'},  # {total.id}"
    yield "    ]"
