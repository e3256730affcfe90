"""Source of the compiled rates: values and exact derivatives of every quantity, by the chain rule.

Each law is differentiated once, by SymPy, with respect to its own few arguments; the emitter then carries
gradients forward from node to node. The base variables are the states y_i and the solution variables
(ln activity of the ions of solid phases, activity of other ions); the dependence of these on the dissolved
totals comes from the converged speciation by the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calcikin.compiler.layout import Layout, SolutionTables
from calcikin.compiler.speciation_source import SpeciationSlots
from calcikin.model.network import Network, Node, Ref

__all__ = ["KineticsSource"]

HELPERS = """
@kernel
def _step(x):
    return 1.0 if x > 0.0 else 0.0


@kernel
def _pos(x):
    return x if x > 0.0 else 0.0


@kernel
def _cbrt(x):
    return x ** (1.0 / 3.0)


@kernel
def _cnt_factor(b, s):
    return math.exp(-b / (s * s)) if s > 1e-3 else 0.0


@kernel
def _cnt_factor_ds(b, s):
    return math.exp(-b / (s * s)) * 2.0 * b / (s * s * s) if s > 1e-3 else 0.0


@kernel
def _cnt_factor_db(b, s):
    return -math.exp(-b / (s * s)) / (s * s) if s > 1e-3 else 0.0


@kernel
def _pos_power(x, n):
    return x ** n if x > 0.0 else 0.0


@kernel
def _pos_power_dx(x, n):
    return n * x ** (n - 1.0) if x > 0.0 else 0.0


@kernel
def _pos_power_dn(x, n):
    return x ** n * math.log(x) if x > 0.0 else 0.0


@kernel
def _logistic(x):
    if x > 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


@kernel
def _log1pexp(x):
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))
"""


def _printer() -> Any:
    import sympy as sp
    from sympy.printing.pycode import PythonCodePrinter

    class Printer(PythonCodePrinter):  # type: ignore[misc]
        """Python text; small powers by multiplication, our own functions by their helpers."""

        def _print_Function(self, expr: Any) -> str:
            arguments = ", ".join(self._print(a) for a in expr.args)
            return f"_{expr.func.__name__}({arguments})"

        def _print_Pow(self, expr: Any, rational: bool = False) -> str:
            base, power = expr.args
            text = self._print(base)
            if not base.is_Atom:
                text = f"({text})"
            if power.is_Integer and 0 < abs(int(power)) <= 8:
                product = "*".join([text] * abs(int(power)))
                return f"({product})" if power > 0 else f"(1.0/({product}))"
            if power == sp.Rational(1, 2):
                return f"math.sqrt({text})"
            return f"{text}**({self._print(power)})"

        def _print_Integer(self, expr: Any) -> str:
            return f"{float(expr.p)!r}"

        def _print_Rational(self, expr: Any) -> str:
            return f"({float(expr.p)!r}/{float(expr.q)!r})"

        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))

        def _print_Pi(self, expr: Any) -> str:
            return "math.pi"

    return Printer()


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
        for name in self.static:
            layout.slot(f"node.{name}")
        self.printer = _printer()

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
        return [n for n in self.network.nodes if n.name not in self.static]

    def loads(self) -> list[str]:
        lines = [f"y{i} = y[{i}]" for i in range(len(self.network.states))]
        for kind, name in self.solution:
            if kind == "ln_activity":
                if name in self.tables.cations:
                    lines.append(f"l_{name} = s[{self.slots['lna.' + name]}]")
                else:
                    lines.append(f"l_{name} = math.log(max(s[{self.slots['a.' + name]}], 1e-100))")
                lines.append(f"a_{name} = math.exp(l_{name})")
            else:
                lines.append(f"a_{name} = s[{self.slots['a.' + name]}]")
        return lines

    def emit_prepare(self) -> list[str]:
        lines = ["def prepare(q):"]
        for node in self.network.nodes:
            if node.name in self.static:
                slot = self.layout.slot(f"node.{node.name}")
                target = f"w{self.number[node.name]}"
                lines += ["    " + text for text in self.emit_node(node, target, None)]
                lines.append(f"    q[{slot}] = {target}")
        lines.append("    return 0")
        return lines

    def emit_rates(self) -> list[str]:
        lines = ["def _rates(q, y, s, v):"]
        lines += ["    " + text for text in self.loads()]
        for node in self.moving_nodes():
            target = f"v{self.number[node.name]}"
            lines += ["    " + text for text in self.emit_node(node, target, None)]
        for k, process in enumerate(self.network.processes):
            lines.append(f"    v[{k}] = {self._node_text(process.node)}")
        lines.append("    return 0")
        return lines

    def _node_text(self, name: str) -> str:
        return self.text_of(Ref("node", name))

    def emit_observe(self, wanted: Iterable[str]) -> list[str]:
        """Lines of ``_observe``: named quantities for the result."""
        lines = ["def _observe(q, y, s, o):"]
        lines += ["    " + text for text in self.loads()]
        for node in self.moving_nodes():
            target = f"v{self.number[node.name]}"
            lines += ["    " + text for text in self.emit_node(node, target, None)]
        for k, name in enumerate(wanted):
            lines.append(f"    o[{k}] = {self._node_text(name)}")
        lines.append("    return 0")
        return lines

    def emit_derivative(self) -> list[str]:
        """Lines of ``_assemble``: dy = N^T v."""
        lines = ["def _assemble(v, dy):"]
        for i, state in enumerate(self.network.states):
            terms = [
                f"{process.effect[state.name]!r}*v[{k}]"
                for k, process in enumerate(self.network.processes)
                if state.name in process.effect
            ]
            lines.append(f"    dy[{i}] = " + (" + ".join(terms) if terms else "0.0"))
        lines.append("    return 0")
        return lines

    def emit_jacobian(self) -> list[str]:
        """Lines of ``_rates_jacobian(q, y, tot, s, J)``."""
        lines = ["def _rates_jacobian(q, y, tot, s, J):"]
        put = lines.append
        for text in self.loads():
            put("    " + text)
        gradients: dict[str, dict[str, str]] = {}
        for node in self.moving_nodes():
            target = f"v{self.number[node.name]}"
            for text in self.emit_node(node, target, gradients):
                put("    " + text)
        n_states = len(self.network.states)
        put(f"    for i in range({n_states}):")
        put(f"        for j in range({n_states}):")
        put("            J[i, j] = 0.0")
        rows: dict[int, dict[str, list[str]]] = {i: {} for i in range(n_states)}
        for process in self.network.processes:
            gradient = gradients.get(process.node, {})
            for state, coefficient in process.effect.items():
                if state == "H2O":
                    continue
                row = rows[self.state_index[state]]
                for base, text in gradient.items():
                    factor = text or "1.0"
                    row.setdefault(base, []).append(f"{coefficient!r}*{factor}")
        for text in self.emit_solution_derivatives():
            put("    " + text)
        for i, row in rows.items():
            for base, terms in row.items():
                if base.startswith("y"):
                    put(f"    J[{i}, {base[1:]}] = " + " + ".join(terms))
            solution = {b: t for b, t in row.items() if not b.startswith("y")}
            for base, terms in solution.items():
                put(f"    r{i}_{base} = " + " + ".join(terms))
            if solution:
                for k, _ in self.dynamic_totals:
                    products = " + ".join(f"r{i}_{b}*D_{b}_{k}" for b in solution)
                    put(f"    J[{i}, {k}] += {products}")
        put("    return 0")
        return lines

    def emit_solution_derivatives(self) -> list[str]:
        """Lines for D_<solution variable>_<state>: implicit function theorem on the speciation."""
        tables, slots = self.tables, self.slots
        n = len(tables.cations)
        size = n + 1
        position = {c: i for i, c in enumerate(tables.components)}
        lines: list[str] = []
        put = lines.append
        for i in range(size):
            for j in range(size):
                put(f"u_{i}_{j} = s[{slots[f'm.{i}.{j}']}]")
        for k in range(size):
            put(f"p_{k} = 1.0/u_{k}_{k}")
            for i in range(k + 1, size):
                put(f"u_{i}_{k} *= p_{k}")
                for j in range(k + 1, size):
                    put(f"u_{i}_{j} -= u_{i}_{k}*u_{k}_{j}")
        put(f"dg = s[{slots['dg']}]")
        cation_row = {c: i for i, c in enumerate(tables.cations)}
        ligands = [n_ for _, n_ in self.solution if n_ in tables.ligands]
        for ligand in ligands:
            put(f"iq_{ligand} = s[{slots['q.' + ligand]}]")
        h_row = cation_row["H"]
        ph_fixed = f"q[{self.layout.slot('ph_fixed')}]"
        i_fixed = f"q[{self.layout.slot('i_fixed')}]"
        for state, component in self.dynamic_totals:
            assert component is not None
            right: list[str] = []
            if component in cation_row:
                row = cation_row[component]
                for i in range(size):
                    right.append("1.0" if i == row else "0.0")
                if row == h_row:
                    right[row] = f"1.0 - {ph_fixed}"
                else:
                    right[row] = f"(1.0 if tot[{position[component]}] > 0.0 else 0.0)"
            else:
                for i in range(n):
                    right.append(f"-s[{slots[f'n.{component}.{i}']}]")
                right[h_row] = f"{right[h_row]}*(1.0 - {ph_fixed})"
                right.append(f"0.5*s[{slots['nz.' + component]}]*(1.0 - {i_fixed})")
            tag = f"e{state}"
            for i in range(size):
                terms = "".join(f" - u_{i}_{j}*{tag}_{j}" for j in range(i))
                put(f"{tag}_{i} = {right[i]}{terms}")
            for i in reversed(range(size)):
                terms = "".join(f" - u_{i}_{j}*{tag}_{j}" for j in range(i + 1, size))
                put(f"{tag}_{i} = ({tag}_{i}{terms})*p_{i}")
            put(f"{tag}_g = dg*{tag}_{n}")
            for kind, name in self.solution:
                prefix = "l" if kind == "ln_activity" else "a"
                target = f"D_{prefix}_{name}_{state}"
                if name in cation_row:
                    i = cation_row[name]
                    z2 = float(tables.charges[name] ** 2)
                    put(
                        f"{target} = ({tag}_{i} + {z2}*{tag}_g)"
                        f" if (tot[{i}] > 0.0 or {i} == {h_row}) else 0.0"
                    )
                else:
                    inner = "".join(
                        f" - s[{slots[f'n.{name}.{i}']}]*{tag}_{i}"
                        for i, c in enumerate(tables.cations)
                        if any(tables.stoichiometry[sp_].get(c) for sp_ in tables.by_ligand[name])
                    )
                    z2 = float(tables.charges[name] ** 2)
                    relative = f"({z2} - s[{slots['nw.' + name]}])*{tag}_g{inner}"
                    own = component == name
                    gamma_l = f"s[{slots['a.' + name]}]"
                    if kind == "ln_activity":
                        total = f"tot[{position[name]}]"
                        first = f"(1.0/{total} if {total} > 0.0 else 0.0) + " if own else ""
                        put(f"{target} = {first}{relative}")
                    else:
                        first = f"iq_{name}*math.exp({z2}*s[{slots['g']}]) + " if own else ""
                        put(f"{target} = {first}{gamma_l}*({relative})")
        return lines
