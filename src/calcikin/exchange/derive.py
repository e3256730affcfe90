"""From a model to its equations: each law's own function called with symbols.

That is how the compiler calls it too. The constants of the law modules are symbols here, so that a
file can declare them with their units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calcikin.exchange.dissolved import write_solution
from calcikin.exchange.draft import Draft
from calcikin.exchange.equations import LAW_CONSTANTS, Equations, Flow, identifier

if TYPE_CHECKING:
    from calcikin.model.network import Node, Ref
    from calcikin.simulate.model import Model

__all__ = ["equations_of"]


def equations_of(model: Model) -> Equations:
    """The equations of a model, with the numbers of its start.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Equations

    Raises
    ------
    OutOfRangeError
        When the initial solution has no equilibrium.
    """
    draft = Draft(model)
    write_solution(draft)
    for node in draft.network.nodes:
        _write_node(draft, node)
    laws = {node.name: node.law.name for node in draft.network.nodes}
    for process in draft.network.processes:
        effect = {draft.state_id(k): float(n) for k, n in process.effect.items() if k != "H2O"}
        draft.equations.flows.append(
            Flow(
                identifier(f"process.{process.name}"),
                process.name,
                identifier(process.node),
                effect,
                laws[process.node],
                process.source,
            )
        )
    return draft.equations


def _write_node(draft: Draft, node: Node) -> None:
    sp = draft.sp
    arguments = {
        argument: [_input(draft, r) for r in value]
        if isinstance(value, tuple)
        else _input(draft, value)
        for argument, value in node.inputs.items()
    }
    space = node.law.function.__globals__
    names = {name: sp.Symbol(identifier(f"constant.{name.lower()}")) for name in LAW_CONSTANTS}
    names = {name: symbol for name, symbol in names.items() if name in space}
    values = {name: space[name] for name in names}
    with patch.dict(space, names | ({"PI": sp.pi} if "PI" in space else {})):
        expression = sp.sympify(node.law.function(**arguments), strict=True)
    for name, symbol in names.items():
        if symbol in expression.free_symbols:
            unit, title = LAW_CONSTANTS[name]
            draft.constant(f"constant.{name.lower()}", unit, values[name], title, "law")
    draft.rule(node.name, node.unit, expression, node.law.doc)


def _input(draft: Draft, ref: Ref) -> Any:
    """The symbol of an input of a law."""
    sp, numbers, model = draft.sp, draft.numbers, draft.model
    if ref.kind == "constant":
        return sp.Float(ref.value) if ref.value % 1 else sp.Integer(int(ref.value))
    if ref.kind == "node":
        return draft.symbol(ref.name)
    if ref.kind == "state":
        return draft.symbol(draft.state_id(ref.name))
    if ref.kind in {"ln_activity", "activity"}:
        return draft.symbol(f"{'lna' if ref.kind == 'ln_activity' else 'a'}.{ref.name}")
    if ref.kind == "parameter":
        entry = model.scenario.parameters.get(ref.name)
        title = f"{entry.status}; {entry.source}"
        value = numbers[f"parameter.{ref.name}"]
        return draft.constant(ref.name, entry.internal_unit, value, title, "parameter")
    if ref.kind == "switch":
        name, title = f"switch.{ref.name}", draft.network.switches[ref.name]
        return draft.constant(name, "1", numbers[name], title, "switch")
    if ref.kind == "ln_k":
        name, title = f"lnk.{ref.name}", f"ln of the solubility product of {ref.name}"
        return draft.constant(name, "1", numbers[name], title, "equilibrium")
    if ref.kind == "temperature":
        return draft.constant("temperature", "K", numbers["T"], "temperature", "setting")
    unit = "1" if ref.name == "scale.enzymes" else "mol/L"
    return draft.constant(ref.name, unit, numbers[ref.name], "set by the medium", "setting")
