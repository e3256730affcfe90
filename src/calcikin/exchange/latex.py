"""A model as a LaTeX document: every equation that runs, every process, every number.

Equations are those of the theory pages, printed from the laws; tables hold what the network and the
sets say. Only ASCII is written, so that any LaTeX takes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from calcikin import __version__
from calcikin.chemistry.activity import DAVIES_B, davies_a
from calcikin.exchange.law_equations import equation
from calcikin.exchange.notation import CONSTANTS
from calcikin.laws import LAWS

if TYPE_CHECKING:
    from calcikin.model.network import Node, Ref
    from calcikin.simulate.model import Model

__all__ = ["latex_text"]

_PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,longtable,booktabs,array}
\usepackage[margin=22mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
\begin{document}"""
_SOLUTION = r"""Every species $s$ forms from components $k$ (charge $z_k$, number $\nu_{sk}$),
\begin{equation*}
[s] = \beta_s \, \gamma_1^{\,w_s} \prod_k [k]^{\nu_{sk}}, \qquad
w_s = \sum_k \nu_{sk} z_k^2 - z_s^2 \quad (0 \text{ for protein sites}),
\end{equation*}
under the balance of every component and with activity coefficients after Davies,
\begin{equation*}
T_k = [k] + \sum_s \nu_{sk} [s], \qquad
\ln \gamma_1 = -A \ln 10 \left(\frac{\sqrt{I}}{1 + \sqrt{I}} - b I\right), \qquad
I = \tfrac{1}{2} \sum_i z_i^2 c_i, \qquad a_k = [k] \, \gamma_1^{\,z_k^2}.
\end{equation*}"""
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "°": r"$^\circ$",
    "·": r"$\cdot$",
    "–": "--",
    "−": "$-$",
    "→": r"$\to$",
    "<": "$<$",
    ">": "$>$",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
}


def latex_text(model: Model) -> str:
    """A document with every equation and number of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        For any LaTeX with amsmath, booktabs and longtable.
    """
    return "\n".join(
        [
            _PREAMBLE,
            *_head(model),
            *_solution(model),
            *_laws(model),
            *_quantities(model),
            *_processes(model),
            *_parameters(model),
            *_states(model),
            r"\end{document}",
            "",
        ]
    )


def _text(value: str) -> str:
    """Plain text for LaTeX, in ASCII."""
    shown = "".join(_SPECIAL.get(character, character) for character in value)
    return unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode()


def _number(value: float) -> str:
    """A number with as many digits as it needs, powers of ten as such."""
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    return f"${mantissa} \\times 10^{{{int(exponent)}}}$" if exponent else f"${mantissa}$"


def _unit(unit: str) -> str:
    """A unit such as ``mol/m2/s`` with powers."""
    if unit in ("1", ""):
        return ""
    parts = []
    for k, part in enumerate(unit.split("/")):
        match = re.fullmatch(r"([^\d]+)(\d*)", part)
        if part == "1":
            continue
        if match is None:
            return _text(unit)
        power = int(match[2] or 1) * (-1 if k else 1)
        parts.append(_text(match[1]) + (f"$^{{{power}}}$" if power != 1 else ""))
    return r"\,".join(parts)


def _table(columns: Mapping[str, float], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """A table over pages; the numbers are the widths in parts of the line."""
    widths = "".join(rf"L{{{width:g}\linewidth}}" for width in columns.values())
    yield rf"\begin{{longtable}}{{@{{}}{widths}@{{}}}}"
    yield r"\toprule"
    yield " & ".join(columns) + r" \\ \midrule \endhead"
    for row in rows:
        yield " & ".join(row) + r" \\"
    yield r"\bottomrule"
    yield r"\end{longtable}"


def _head(model: Model) -> Iterable[str]:
    scenario = model.scenario
    yield rf"\section*{{{_text(scenario.title)}}}"
    yield _text(f"{scenario.description}.")
    yield ""
    yield _text(f"Source: {scenario.source}.")
    yield ""
    chosen = [model.preset or "no preset", f"{model.temperature - 273.15:g} °C"]
    chosen.append("pH free (closed)" if scenario.closed_ph else f"pH {model.initial_ph:g} held")
    chosen += [f"without {name}" for name in model.switched_off()]
    yield _text(
        f"Model {scenario.name} of calcikin {__version__}: {'; '.join(chosen)}. Constants "
        f"{scenario.constants.name} {scenario.constants.version}, parameters "
        f"{scenario.parameters.name} {scenario.parameters.version}. Research use only: never for "
        "decisions about a patient."
    )


def _solution(model: Model) -> Iterable[str]:
    constants, T = model.scenario.constants, model.temperature
    yield r"\section{Solution}"
    yield _SOLUTION
    yield f"Here $A = {davies_a(T):.5g}$ and $b = {DAVIES_B:g}$. Reactions stand as their sources"
    yield "write them; constants are of formation from, and dissolution into, components, at"
    yield f"{T - 273.15:g} $^\\circ$C:"
    rows = [
        (_text(s.name), _text(s.reaction), f"${s.log_beta(T):.4f}$", _text(s.source))
        for s in constants.species.values()
    ]
    head = {"species": 0.16, "reaction": 0.30, r"$\log_{10} \beta$": 0.12, "source": 0.34}
    yield from _table(head, rows)
    rows = [
        (_text(p.name), _text(p.reaction), f"${p.log_k.at(T):.4f}$", _text(p.source))
        for p in constants.phases.values()
        if p.name in model.scenario.network.phases
    ]
    head = {"phase": 0.16, "reaction": 0.30, r"$\log_{10} K$": 0.12, "source": 0.34}
    yield from _table(head, rows)


def _laws(model: Model) -> Iterable[str]:
    yield r"\section{Laws}"
    yield r"$\langle x \rangle$ is the positive part of $x$."
    used = dict.fromkeys(node.law.name for node in model.scenario.network.nodes)
    constants: dict[str, float] = {}
    for name in used:
        law = LAWS[name]
        shown = equation(law)
        yield rf"\paragraph{{{_text(name)}}}"
        yield rf"\begin{{equation*}}{shown.latex}\end{{equation*}}"
        where = [
            f"${symbol}$ {_text(meaning)}" + (f" [{_unit(unit)}]" if _unit(unit) else "")
            for symbol, meaning, unit in shown.symbols
        ]
        yield f"with {', '.join(where)}. {_text(law.source)}."
        space = law.function.__globals__
        constants |= {constant: space[constant] for constant in shown.constants}
    if constants:
        yield r"\paragraph{constants}"
        yield ", ".join(f"${CONSTANTS[c]} = {v:g}$" for c, v in constants.items()) + "."


def _input(ref: Ref) -> str:
    return _text(f"{ref.value:g}" if ref.kind == "constant" else _name(ref))


def _name(ref: Ref) -> str:
    prefix = {"ln_activity": "lna.", "activity": "a.", "ln_k": "lnk.", "switch": "switch."}
    return prefix.get(ref.kind, "") + ref.name


def _inputs(node: Node) -> str:
    parts = []
    for argument, value in node.inputs.items():
        if isinstance(value, tuple):
            shown = "(" + ", ".join(_input(ref) for ref in value) + ")"
        else:
            shown = _input(value)
        parts.append(f"{_text(argument)} = {shown}")
    return "; ".join(parts)


def _quantities(model: Model) -> Iterable[str]:
    yield r"\section{Quantities}"
    yield "In order of evaluation: a law applied to the names that stand before it."
    yield r"{\small"
    yield from _table(
        {"quantity": 0.22, "law": 0.20, "of": 0.40, "unit": 0.12},
        (
            (_text(node.name), _text(node.law.name), _inputs(node), _unit(node.unit))
            for node in model.scenario.network.nodes
        ),
    )
    yield "}"


def _side(effect: Mapping[str, float], sign: float) -> str:
    terms = [
        (f"{abs(n):g} " if abs(n) != 1.0 else "") + name
        for name, n in effect.items()
        if n * sign > 0.0
    ]
    return _text(" + ".join(terms)) or r"$\varnothing$"


def _processes(model: Model) -> Iterable[str]:
    yield r"\section{Processes}"
    yield r"$\mathrm{d}y/\mathrm{d}t = N^\mathsf{T} v$, with the effect (a row of $N$) and the"
    yield r"rate $v$ of every process:"
    yield from _table(
        {"process": 0.28, "effect": 0.42, "rate": 0.24},
        (
            (_text(p.name), f"{_side(p.effect, -1.0)} $\\to$ {_side(p.effect, 1.0)}", _text(p.node))
            for p in model.scenario.network.processes
        ),
    )


def _parameters(model: Model) -> Iterable[str]:
    yield r"\section{Parameters}"
    used = dict.fromkeys(
        ref.name
        for node in model.scenario.network.nodes
        for ref in node.refs()
        if ref.kind == "parameter"
    )
    rows = []
    for name in used:
        entry = model.scenario.parameters.get(name)
        if name in model.parameters:
            entry = entry.with_value(model.parameters[name])
        standing = f"{entry.status}; {entry.source}"
        rows.append((_text(name), f"{_number(entry.value)} {_unit(entry.unit)}", _text(standing)))
    yield from _table({"parameter": 0.28, "value": 0.22, "standing": 0.44}, rows)


def _states(model: Model) -> Iterable[str]:
    yield r"\section{States at the start}"
    initial = model.initial_state(model.parameter_vector())
    states = model.scenario.network.states
    yield from _table(
        {"state": 0.2, "meaning": 0.5, "mol/L": 0.22},
        (
            (_text(state.name), _text(state.title), _number(float(value)))
            for state, value in zip(states, initial, strict=True)
        ),
    )
