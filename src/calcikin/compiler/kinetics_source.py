"""Source of the compiled rates: values and exact derivatives of every quantity, by the chain rule.

Each law is differentiated once, by SymPy, with respect to its own few arguments; the emitter then
carries gradients forward from node to node. The base variables are the states y_i and the solution
variables (ln activity of the ions of solid phases, activity of other ions); the dependence of these
on the dissolved totals comes from the converged speciation by the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from calcikin.compiler.hoisting import Hoister
from calcikin.compiler.law_text import code_printer
from calcikin.compiler.layout import Layout, SolutionTables
from calcikin.compiler.speciation_source import SpeciationSlots
from calcikin.model.network import Network, Node, Ref

__all__ = ["JacobianTables", "KineticsSource"]


class KineticsSource:
    """Emits ``_prepare``, ``_rates`` (values) and ``_rates_jacobian`` (values and Jacobian)."""

    def __init__(
        self, network: Network, tables: SolutionTables, layout: Layout, slots: SpeciationSlots
    ) -> None:
        self.network = network
        self.tables = tables
        self.layout = layout
        self.slots = slots
        self.nodes = {node.name: node for node in network.nodes}
        self.number = {node.name: i for i, node in enumerate(network.nodes)}
        self.state_index = {s.name: i for i, s in enumerate(network.states)}
        self.static = self._find_static()
        self.solution = self._solution_variables()
        self.log_ions = {name for kind, name in self.solution if kind == "ln_activity"}
        self.dynamic_totals = [
            (i, s.component) for i, s in enumerate(network.states) if s.component is not None
        ]
        for node in network.nodes:  # not the set itself: its order differs between processes
            if node.name in self.static:
                layout.slot(f"node.{node.name}")
        self.printer = code_printer()
        self.hoister = Hoister(layout)

    # ---- what depends on what ----------------------------------------------------------------
    def _find_static(self) -> set[str]:
        """Nodes that depend on parameters alone: computed once per run, by ``_prepare``."""
        moving = {"state", "ln_activity", "activity"}
        static: set[str] = set()
        for node in self.network.nodes:
            if all(
                ref.kind not in moving and (ref.kind != "node" or ref.name in static)
                for ref in node.refs()
            ):
                static.add(node.name)
        return static

    def _solution_variables(self) -> list[tuple[str, str]]:
        """Ln a of every ion that enters as such; plain activity for the rest."""
        logs: list[str] = []
        plain: list[str] = []
        for node in self.network.nodes:
            for ref in node.refs():
                if ref.kind == "ln_activity" and ref.name not in logs:
                    logs.append(ref.name)
        for node in self.network.nodes:
            for ref in node.refs():
                if ref.kind == "activity" and ref.name not in logs and ref.name not in plain:
                    plain.append(ref.name)
        return [("ln_activity", n) for n in logs] + [("activity", n) for n in plain]

    # ---- names in the emitted text -----------------------------------------------------------
    def text_of(self, ref: Ref) -> str:
        """Text of an input in the emitted code."""
        if ref.kind == "state":
            return f"y{self.state_index[ref.name]}"
        if ref.kind == "node":
            if ref.name in self.static:
                return f"q[{self.layout.slot('node.' + ref.name)}]"
            return f"v{self.number[ref.name]}"
        if ref.kind == "ln_activity":
            return f"l_{ref.name}"
        if ref.kind == "activity":
            return f"a_{ref.name}"
        if ref.kind == "constant":
            return repr(ref.value)
        prefix = {"parameter": "parameter.", "switch": "switch.", "ln_k": "lnk."}
        if ref.kind == "temperature":
            return f"q[{self.layout.slot('T')}]"
        if ref.kind == "scale":
            return f"q[{self.layout.slot(ref.name)}]"
        return f"q[{self.layout.slot(prefix[ref.kind] + ref.name)}]"

    def gradient_of(self, ref: Ref, gradients: dict[str, dict[str, str]]) -> dict[str, str] | None:
        """Gradient of one input: base name -> text; None when it does not move."""
        if ref.kind == "state":
            return {f"y{self.state_index[ref.name]}": ""}
        if ref.kind == "ln_activity":
            return {f"l_{ref.name}": ""}
        if ref.kind == "activity":
            if ref.name in self.log_ions:
                return {f"l_{ref.name}": f"a_{ref.name}"}
            return {f"a_{ref.name}": ""}
        if ref.kind == "node" and ref.name not in self.static:
            return gradients[ref.name]
        return None

    # ---- one node ----------------------------------------------------------------------------
    def emit_node(
        self,
        node: Node,
        target: str,
        gradients: dict[str, dict[str, str]] | None,
    ) -> list[str]:
        """Lines that compute ``target`` and, when ``gradients`` is given, the node's gradient."""
        import sympy as sp

        symbols: dict[str, Any] = {}
        refs: dict[str, Ref] = {}
        arguments: dict[str, Any] = {}

        def symbol(ref: Ref) -> Any:
            if ref.kind == "constant":
                return sp.Float(ref.value) if ref.value % 1 else sp.Integer(int(ref.value))
            text = self.text_of(ref)
            if text not in symbols:
                symbols[text] = sp.Symbol(text)
                refs[text] = ref
            return symbols[text]

        for argument, value in node.inputs.items():
            if isinstance(value, tuple):
                arguments[argument] = [symbol(ref) for ref in value]
            else:
                arguments[argument] = symbol(value)
        expression = sp.sympify(node.law.function(**arguments), strict=True)
        wanted = [expression]
        moving: list[tuple[str, dict[str, str]]] = []
        if gradients is not None:
            for text, ref in refs.items():
                gradient = self.gradient_of(ref, gradients)
                if gradient:
                    derivative = sp.diff(expression, symbols[text])
                    if derivative != 0:
                        wanted.append(derivative)
                        moving.append((text, gradient))
        tag = f"{target}_"
        replacements, reduced = sp.cse(
            wanted, symbols=(sp.Symbol(f"{tag}t{i}") for i in range(10_000)), order="none"
        )
        lines = [f"{s} = {self.printer.doprint(e)}" for s, e in replacements]
        lines.append(f"{target} = {self.printer.doprint(reduced[0])}")
        if gradients is None:
            return lines
        collected: dict[str, list[str]] = {}
        for k, (_, gradient) in enumerate(moving):
            name = f"{tag}p{k}"
            lines.append(f"{name} = {self.printer.doprint(reduced[k + 1])}")
            for base, factor in gradient.items():
                collected.setdefault(base, []).append(f"{name}*{factor}" if factor else name)
        own: dict[str, str] = {}
        for base, terms in collected.items():
            if len(terms) == 1 and "*" not in terms[0]:
                own[base] = terms[0]
            else:
                own[base] = f"{tag}d_{base}"
                lines.append(f"{own[base]} = " + " + ".join(terms))
        gradients[node.name] = own
        return lines

    # ---- whole functions ---------------------------------------------------------------------
    def moving_nodes(self) -> list[Node]:
        """Nodes that change along a run, in order of evaluation."""
        return [n for n in self.network.nodes if n.name not in self.static]

    def loads(self) -> list[str]:
        """Lines that name the states and solution variables."""
        lines = [f"y{i} = y[{i}]" for i in range(len(self.network.states))]
        for kind, name in self.solution:
            if kind == "ln_activity":
                if name in self.tables.cations:
                    lines.append(f"l_{name} = s[{self.slots['lna.' + name]}]")
                else:
                    lines.append(f"l_{name} = math.log(max(s[{self.slots['a.' + name]}], 1e-100))")
            lines.append(f"a_{name} = s[{self.slots['a.' + name]}]")
        return lines

    def emit_prepare(self) -> list[str]:
        """Lines of ``_prepare(q)``: what depends on parameters alone, once per run.

        After the other functions have been written, from which some of it comes.
        """
        lines = ["def _prepare(q):"]
        for node in self.network.nodes:
            if node.name in self.static:
                slot = self.layout.slot(f"node.{node.name}")
                target = f"w{self.number[node.name]}"
                lines += ["    " + text for text in self.emit_node(node, target, None)]
                lines.append(f"    q[{slot}] = {target}")
        lines += ["    " + text for text in self.hoister.prepared]
        lines.append("    return 0")
        return lines

    def emit_rates(self, observed: Iterable[str]) -> list[str]:
        """Lines of ``_rates(q, y, s, v)``: v holds the fluxes, then the observed quantities."""
        lines = self.loads()
        for node in self.moving_nodes():
            lines += self.emit_node(node, f"v{self.number[node.name]}", None)
        names = [process.node for process in self.network.processes] + list(observed)
        lines += [f"v[{k}] = {self._node_text(name)}" for k, name in enumerate(names)]
        body = [f"    {text}" for text in self.hoister.lines(lines)]
        return ["def _rates(q, y, s, v):", *body, "    return 0"]

    def _node_text(self, name: str) -> str:
        return self.text_of(Ref("node", name))

    def emit_derivative(self) -> list[str]:
        """Lines of ``_assemble``: dy = N^T v."""
        lines = ["def _assemble(v, dy):"]
        lines += [f"    dy[{i}] = {text}" for i, text in self.derivatives("v", 0).items()]
        lines.append("    return 0")
        return lines

    def derivatives(self, array: str, first: int) -> dict[int, str]:
        """Text of every dy_i from process rates that lie in an array from ``first`` on."""
        found = {}
        for i, state in enumerate(self.network.states):
            terms = [
                f"{process.effect[state.name]!r}*{array}[{first + k}]"
                for k, process in enumerate(self.network.processes)
                if state.name in process.effect
            ]
            found[i] = " + ".join(terms) if terms else "0.0"
        return found

    def emit_jacobian(self) -> tuple[list[str], JacobianTables]:
        """Lines of ``_gradients(q, y, s, G)`` and the tables that assemble J from G.

        G holds the gradient of every process rate with respect to its base variables, then the
        rates themselves. Assembly and
        the chain through the speciation are short loops over tables, which compile in a fraction of
        the time of the same sums written out.
        """
        lines = self.loads()
        put = lines.append
        gradients: dict[str, dict[str, str]] = {}
        for node in self.moving_nodes():
            lines += self.emit_node(node, f"v{self.number[node.name]}", gradients)
        solution_index = {
            f"{'l' if kind == 'ln_activity' else 'a'}_{name}": k
            for k, (kind, name) in enumerate(self.solution)
        }
        tables = JacobianTables([], [])
        slot = 0
        for process in self.network.processes:
            for base, text in gradients.get(process.node, {}).items():
                put(f"G[{slot}] = {text or '1.0'}")
                for state, coefficient in process.effect.items():
                    if state == "H2O":
                        continue
                    row = self.state_index[state]
                    if base.startswith("y"):
                        tables.direct.append((row, int(base[1:]), slot, coefficient))
                    else:
                        tables.through.append((row, solution_index[base], slot, coefficient))
                slot += 1
        tables.rates = slot
        for process in self.network.processes:
            put(f"G[{slot}] = {self._node_text(process.node)}")
            slot += 1
        tables.size = slot
        body = [f"    {text}" for text in self.hoister.lines(lines)]
        return ["def _gradients(q, y, s, G):", *body, "    return 0"], tables

    def emit_solution_tables(self) -> list[str]:
        """Module constants that describe the solution variables and the dynamic totals."""
        tables, slots = self.tables, self.slots
        cations = {c: i for i, c in enumerate(tables.cations)}
        position = {c: i for i, c in enumerate(tables.components)}

        def numbers(name: str, values: list[int] | list[float], kind: str) -> str:
            return f"{name} = np.array({values!r}, dtype=np.{kind})"

        variables = [name for _, name in self.solution]
        components = [component or "" for _, component in self.dynamic_totals]
        is_cation = [1 if v in cations else 0 for v in variables]
        first = [slots[f"n.{v}.0"] if v in tables.ligands else slots[f"lna.{v}"] for v in variables]
        return [
            numbers("VARIABLE_IS_CATION", is_cation, "int64"),
            numbers(
                "VARIABLE_IS_LOG", [int(k == "ln_activity") for k, _ in self.solution], "int64"
            ),
            numbers("VARIABLE_ROW", [cations.get(v, -1) for v in variables], "int64"),
            numbers("VARIABLE_FIRST", first, "int64"),
            numbers(
                "VARIABLE_Q",
                [slots[f"q.{v}"] if v in tables.ligands else 0 for v in variables],
                "int64",
            ),
            numbers(
                "VARIABLE_A",
                [slots[f"a.{v}"] if v in tables.ligands else 0 for v in variables],
                "int64",
            ),
            numbers("VARIABLE_TOTAL", [position[v] for v in variables], "int64"),
            numbers("VARIABLE_Z2", [float(tables.charges[v] ** 2) for v in variables], "float64"),
            numbers("TOTAL_STATE", [i for i, _ in self.dynamic_totals], "int64"),
            numbers("TOTAL_COMPONENT", [position[c] for c in components], "int64"),
            numbers("TOTAL_ROW", [cations.get(c, -1) for c in components], "int64"),
            numbers(
                "TOTAL_FIRST",
                [slots[f"n.{c}.0"] if c in tables.ligands else 0 for c in components],
                "int64",
            ),
        ]


@dataclass
class JacobianTables:
    """How J is put together from the gradients G of the process rates.

    ``direct`` entries (row, state, slot, coefficient) add coefficient * G[slot] to J[row, state];
    ``through`` entries (row, solution variable, slot, coefficient) act by way of the speciation.
    The rates of the processes lie in G from ``rates`` on; G has ``size`` slots.
    """

    direct: list[tuple[int, int, int, float]]
    through: list[tuple[int, int, int, float]]
    size: int = 0
    rates: int = 0

    def source(self, n_states: int, n_variables: int, n_totals: int, n_unknowns: int) -> list[str]:
        """Module constants for the tables."""

        def column(name: str, values: list[int] | list[float], kind: str) -> str:
            return f"{name} = np.array({values!r}, dtype=np.{kind})"

        lines = [
            f"N_STATES, N_VARIABLES, N_TOTALS = {n_states}, {n_variables}, {n_totals}",
            f"N_UNKNOWNS, N_GRADIENTS = {n_unknowns}, {self.size}",
        ]
        for name, entries in (("DIRECT", self.direct), ("THROUGH", self.through)):
            lines += [
                column(f"{name}_ROW", [e[0] for e in entries], "int64"),
                column(f"{name}_COLUMN", [e[1] for e in entries], "int64"),
                column(f"{name}_SLOT", [e[2] for e in entries], "int64"),
                column(f"{name}_FACTOR", [e[3] for e in entries], "float64"),
            ]
        return lines
