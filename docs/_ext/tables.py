"""Tables of the pages, made from the model files and the laws; each function returns MyST text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rows import plain

from calcikin.exchange.law_equations import equation, module_constants, unit_text
from calcikin.exchange.notation import CONSTANTS
from calcikin.laws import LAWS, get_law
from calcikin.model.modelfile import Scenario, load_scenario, scenario_names
from calcikin.model.network import Network, Node, Ref

__all__ = [
    "chemical",
    "constants_of",
    "inputs",
    "law_card",
    "linked",
    "markdown_table",
    "parameters",
    "populations",
    "processes",
    "quantities",
    "readouts",
    "scenario_facts",
    "states",
    "switches",
]

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DOI = r"10\.\d{4,9}/(?:[^\s,;()\"]|\([^\s()]*\))*[^\s,;()\".]"
_NAME = r"[A-Z][\w'’-]+"
_LABEL = rf"(?:(?:ter|van|de) )*{_NAME}(?:,? (?:& )?{_NAME}| et al\.)* (?:19|20)\d\d(?: review)?"
_PAPER = re.compile(rf"(?:({_LABEL}), )?({_DOI})")


def linked(text: str) -> str:
    """A source with its DOIs as links: the paper's own name where one stands before it."""
    return _PAPER.sub(lambda m: f"[{m[1] or m[2]}](https://doi.org/{m[2]})", text)


def _trimmed(number: float, digits: int) -> str:
    """As `plain`, with powers of ten written out."""
    text = plain(number, digits)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    raised = exponent.replace("\N{MINUS SIGN}", "-")
    ten = f"10{str(int(raised)).translate(_RAISED)}"
    return ten if mantissa == "1" else f"{mantissa}·{ten}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip() or "\N{NO-BREAK SPACE}"


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table."""
    lines = ["| " + " | ".join(_cell(c) for c in columns) + " |"]
    lines.append("|" + "---|" * len(columns))
    lines += ["| " + " | ".join(_cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def chemical(text: str) -> str:
    """A formula or reaction with subscripts and superscripts: ``Ca+2`` as Ca²⁺."""
    return " ".join(_formula(word) for word in text.split(" "))


def _formula(word: str) -> str:
    if word in {"+", "=", "-"} or word.isdigit():
        return {"=": "⇌"}.get(word, word)
    match = re.fullmatch(r"(.*[A-Za-z0-9)])([+-])(\d*)", word)
    body, charge = (match[1], match[3] + match[2]) if match else (word, "")
    parts = []
    for k, part in enumerate(body.split(":")):
        head, rest = re.fullmatch(r"(\d*)(.*)", part).groups() if k else ("", part)
        parts.append(head + re.sub(r"(?<=[A-Za-z)])(\d+(?:\.\d+)?)", r"{sub}`\1`", rest))
    out = "·".join(parts)
    return out + (f"{{sup}}`{charge.replace('-', '−')}`" if charge else "")


# --- laws ----------------------------------------------------------------------------


def law_card(name: str) -> str:
    """The equation of a law, its symbols with units, its source, and who uses it."""
    law = get_law(name, "docs")
    shown = equation(law)
    where = [
        f"${symbol}$ {words}" + (f" [{unit_text(unit)}]" if unit != "1" else "")
        for symbol, words, unit in shown.symbols
    ]
    constants = _constants_in(law.function, shown.constants)
    where += [
        f"${CONSTANTS[c]}$ = {value if len(value) < 15 else f'{float(value):.6g}'}"
        for c, value, _ in constants
    ]
    lines = [
        f":::{{rubric}} `{name}`\n:class: law\n:::\n",
        f"{_words(law.doc)}\n",
        f"$$\n{shown.latex}\n$$\n",
        ":::{container} law-notes\n"
        f"with {'; '.join(where)}. The result is in {unit_text(shown.unit)}.\n"
        if unit_text(shown.unit) not in {"1", "its own unit"}
        else f":::{{container}} law-notes\nwith {'; '.join(where)}.\n",
        f"**Source:** {linked(law.source)}. **Used by** {_users(name)}.\n:::\n",
    ]
    return "\n".join(lines)


def _words(doc: str) -> str:
    """The words of a law's first line, without the formula that the equation shows better."""
    text = re.split(r":| = ", doc)[0].strip(" .")
    formula = re.search(r"[_^*/]| \+ ", text) or text.startswith("Per ") or len(text) < 4
    return "" if formula else f"{text}."


def _constants_in(function: Any, names: Sequence[str]) -> list[tuple[str, str, str]]:
    known: dict[str, tuple[str, str, str]] = {}
    folder = Path(inspect.getfile(function)).parent
    own = Path(inspect.getfile(function)).name
    for path in sorted(folder.glob("*.py"), key=lambda p: p.name != own):
        for entry in module_constants(path.read_text(encoding="utf-8")):
            known.setdefault(entry[0], entry)
    return [known[n] for n in names]


def constants_of() -> str:
    """Every constant in the source of the laws, with the comment beside it."""
    folder, rows = Path(inspect.getfile(LAWS["arrhenius"].function)).parent, {}
    for path in sorted(folder.glob("*.py")):
        for name, value, note in module_constants(path.read_text(encoding="utf-8")):
            if name in CONSTANTS:
                rows.setdefault((name, value), [f"${CONSTANTS[name]}$", f"`{name}`", value, note])
    return markdown_table(["symbol", "in the code", "value", "meaning"], rows.values())


def _users(name: str) -> str:
    """Quantities of the shipped networks that use a law."""
    users: dict[str, None] = {}
    for model in scenario_names():
        for node in load_scenario(model).network.nodes:
            if node.law.name == name:
                users.setdefault(node.name)
    names = list(users)
    if not names:
        return "no shipped model"
    shown = ", ".join(f"`{n}`" for n in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")


# --- networks ----------------------------------------------------------------------------


def states(model: str, beyond: str = "") -> str:
    """States of a model's network (without those of another model)."""
    known = set(load_scenario(beyond).network.state_names) if beyond else set()
    rows = []
    for k, state in enumerate(load_scenario(model).network.states):
        if state.name not in known:
            held = _composition(state.elements)
            charge = f"{state.charge:+g}".replace("-", "\N{MINUS SIGN}") if state.charge else "0"
            rows.append([str(k), f"`{state.name}`", state.title, held, charge])
    return markdown_table(["y", "name", "meaning", "elements", "charge"], rows)


def _composition(elements: Mapping[str, float]) -> str:
    text = [f"{e} {plain(n)}" if n != 1 else e for e, n in elements.items()]
    return ", ".join(text) if text else "particles"


def processes(model: str, beyond: str = "") -> str:
    """Processes of a model's network with stoichiometry (without those of another model)."""
    network = load_scenario(model).network
    known = set(load_scenario(beyond).network.process_names) if beyond else set()
    nodes = {node.name: node for node in network.nodes}
    rows = []
    for process in network.processes:
        if process.name in known:
            continue
        law = nodes[process.node].law
        terms = [_term(n, s) for s, n in process.effect.items()]
        rows.append([f"`{process.name}`", ", ".join(terms), f"`{law.name}`"])
    return markdown_table(["process", "effect per turnover", "law of its rate"], rows)


def _term(number: float, state: str) -> str:
    sign = "+" if number > 0 else "\N{MINUS SIGN}"
    return f"{sign}{plain(abs(number))} `{state}`"


def quantities(model: str, beyond: str = "") -> str:
    """Every quantity of a network: its law and what goes into it."""
    known = {n.name for n in load_scenario(beyond).network.nodes} if beyond else set()
    rows = []
    for node in load_scenario(model).network.nodes:
        if node.name not in known:
            rows.append(
                [f"`{node.name}`", f"`{node.law.name}`", _wiring(node), unit_text(node.unit)]
            )
    return markdown_table(["quantity", "law", "inputs", "unit"], rows)


def _wiring(node: Node) -> str:
    parts = []
    for argument, value in node.inputs.items():
        refs = value if isinstance(value, tuple) else (value,)
        text = ", ".join(_reference(r) for r in refs)
        parts.append(f"{argument.replace('_', ' ')}: {text or '–'}")
    return "; ".join(parts)


def _reference(ref: Ref) -> str:
    if ref.kind == "constant":
        return plain(ref.value, 6)
    prefix = {"ln_activity": "lna.", "activity": "a.", "ln_k": "lnk.", "switch": "switch."}
    return f"`{prefix.get(ref.kind, '')}{ref.name}`"


def _used_parameters(network: Network) -> list[str]:
    names: dict[str, None] = {}
    for population in network.populations:
        names.setdefault(population.molar_volume)
    for node in network.nodes:
        for ref in node.refs():
            if ref.kind == "parameter":
                names.setdefault(ref.name)
    return list(names)


def parameters(model: str, beyond: str = "") -> str:
    """Parameters that a model's network uses, in the order of the file."""
    scenario = load_scenario(model)
    used = set(_used_parameters(scenario.network))
    known = set(_used_parameters(load_scenario(beyond).network)) if beyond else set()
    rows = []
    for p in scenario.parameters.parameters.values():
        if p.name in used - known:
            rows.append(
                [
                    f"`{p.name}`",
                    _trimmed(p.value, 5),
                    p.unit if p.unit != "1" else "–",
                    f"{_trimmed(p.low, 4)} to {_trimmed(p.high, 4)}",
                    p.status,
                    linked(p.source),
                ]
            )
    return markdown_table(["parameter", "value", "unit", "interval", "standing", "source"], rows)


def switches(model: str) -> str:
    """Mechanisms that can be switched off."""
    rows = [[f"`{n}`", text] for n, text in load_scenario(model).network.switches.items()]
    return markdown_table(["switch", "what it removes when off"], rows)


def populations(model: str) -> str:
    """Particle populations and their states."""
    rows = []
    for p in load_scenario(model).network.populations:
        guest = f"`{p.guest}`" if p.guest else "–"
        rows.append([f"`{p.name}`", p.title, p.phase, f"`{p.amount}`", f"`{p.number}`", guest])
    return markdown_table(["population", "meaning", "phase", "amount", "number", "Mg for Ca"], rows)


def readouts() -> str:
    """Read-outs by name."""
    from calcikin.simulate.readouts import READOUTS

    rows = [[f"`{r.name}`", r.unit, r.long_name, r.absent] for r in READOUTS.values()]
    return markdown_table(["name", "unit", "meaning", "when there is none"], rows)


# --- scenarios ----------------------------------------------------------------------------


def scenario_facts(model: str) -> str:
    """What a model file says of itself."""
    s: Scenario = load_scenario(model)
    facts = [
        (
            "network",
            f"`{s.network.name}`: {len(s.network.states)} states, "
            f"{len(s.network.processes)} processes",
        ),
        ("medium", f"`{s.medium.name}`: {s.medium.title}"),
        ("temperature", f"{s.temperature - 273.15:g} °C"),
        (
            "pH",
            f"{s.medium.pH:.2f} at the start, total H conserved"
            if s.closed_ph
            else f"held at {s.medium.pH:.2f}",
        ),
        (
            "duration",
            f"{s.duration / 3600.0:g} h"
            + (f"; the laboratory looks for {s.window / 3600.0:g} h" if s.window else ""),
        ),
        ("enzymes", f"{s.enzyme_scale:g} times their activity in undiluted serum"),
        ("source", linked(s.source)),
    ]
    if s.pco2 is not None:
        facts.insert(4, ("pCO2", f"{s.pco2:g} atm"))
    text = f"{s.description}.\n\n" + markdown_table(["", ""], [[a, b] for a, b in facts])
    notes = [*s.notes, *s.medium.notes]
    return text + ("\n" + "\n".join(f"- {n}" for n in notes) + "\n" if notes else "")


def inputs(model: str) -> str:
    """Inputs of a model with the value of every preset."""
    medium = load_scenario(model).medium
    presets = list(medium.presets)
    rows = []
    for name, item in medium.inputs.items():
        values = [
            _trimmed(medium.presets[p].values.get(name, item.default).value, 4) for p in presets
        ] or [_trimmed(item.default.value, 4)]
        window = f"{_trimmed(item.window[0], 4)} to {_trimmed(item.window[1], 6)}"
        rows.append([f"`{name}`", item.unit, *values, window, linked(item.default.source)])
    columns = ["input", "unit", *(presets or ["value"]), "accepted", "source"]
    return markdown_table(columns, rows)
