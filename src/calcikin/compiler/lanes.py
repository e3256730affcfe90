"""Straight-line Python to LLVM, for any number of lanes: the compiler of the generated kernels.

The generated functions are thousands of assignments without a loop. numba's type inference and
lowering spend a millisecond on each such operation; here the text of the function is read with
``ast`` and its instructions are written directly, in a hundredth of that time, through numba's own
extension interface (`numba.extending.intrinsic`). The same text gives a kernel of doubles (width 1)
and one of ``<W x double>`` vectors, in which every lane is a trajectory.

What may stand in such a function: assignments to names and to constant slots of its arguments,
arithmetic, comparisons, ``a if mask else b``, ``if mask:`` around assignments of names, calls of
``math.exp``, ``math.log``, ``math.log1p``, ``math.sqrt``, ``math.cbrt``, ``abs``, ``max``, ``min``,
and of helpers that are a single ``return``. Both sides of a condition are computed and one is
selected, so nothing in it may trap (floating point does not).

Slot k of an array argument is lane-contiguous: lane l of it lies at ``k * W + l``.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from calcikin.compiler.lane_dual import DualLane
from calcikin.compiler.lane_math import DOUBLE, Lane

__all__ = ["straight", "weave"]

#: Statements per basic block: LLVM selects instructions block by block, in more than linear time.
BLOCK = 60


@lru_cache(maxsize=512)
def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """Parsed text of a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _plain(function: Any) -> Callable[..., Any]:
    """The Python function behind a kernel."""
    python: Callable[..., Any] = getattr(function, "straight", function)
    return python


class Emitter:
    """Walks one straight-line function and writes its instructions."""

    def __init__(self, builder: Any, lane: Lane | DualLane, arrays: dict[str, Any]) -> None:
        self.builder = builder
        self.lane = lane
        self.arrays = arrays  # name -> pointer, or a dict for an array that lives in registers
        self.names: dict[str, Any] = {}
        self.scope: dict[str, Any] = {}
        self.count = 0

    def run(self, function: Callable[..., Any]) -> None:
        """Write the instructions of ``function`` (its locals are forgotten afterwards)."""
        self.names = {}
        self.scope = function.__globals__
        for statement in _definition(function).body:
            self.statement(statement)
            self.count += 1
            if self.count % BLOCK == 0:
                following = self.builder.append_basic_block()
                self.builder.branch(following)
                self.builder.position_at_end(following)

    # ---- statements --------------------------------------------------------------------------
    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self.assign(node.targets[0], self.value(node.value))
        elif isinstance(node, ast.If):
            self.branch(node)
        elif not isinstance(node, ast.Return):
            raise SyntaxError(f"{ast.unparse(node)} in a straight-line kernel")

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            return
        assert isinstance(target, ast.Subscript)
        assert isinstance(target.value, ast.Name)
        array = self.arrays[target.value.id]
        if isinstance(array, dict):
            array[self.index(target)] = value
        else:
            self.lane.store(value, array, self.index(target))

    def branch(self, node: ast.If) -> None:
        """``if mask:`` around assignments: both outcomes, then a selection."""
        mask = self.value(node.test)
        before = dict(self.names)
        for statement in node.body:
            self.statement(statement)
        after, self.names = self.names, dict(before)
        for statement in node.orelse:
            self.statement(statement)
        for name in {**after, **self.names}:
            new, old = after.get(name), self.names.get(name)
            if new is not old:
                assert new is not None, f"{name} is not set on both sides of a condition"
                assert old is not None, f"{name} is not set on both sides of a condition"
                self.names[name] = self.lane.where(mask, new, old)

    # ---- values ------------------------------------------------------------------------------
    @staticmethod
    def index(node: ast.Subscript) -> int:
        assert isinstance(node.slice, ast.Constant)
        assert isinstance(node.slice.value, int)
        return node.slice.value

    def value(self, node: ast.expr) -> Any:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise SyntaxError(f"{ast.unparse(node)} in a straight-line kernel")
        return method(node)

    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool):
            return self.lane.truth(node.value)
        assert isinstance(node.value, int | float)
        return self.lane.number(node.value)

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        value = self.scope[node.id]  # a number of the module
        assert isinstance(value, int | float), node.id
        return self.lane.number(value)

    def _subscript(self, node: ast.Subscript) -> Any:
        assert isinstance(node.value, ast.Name)
        array = self.arrays[node.value.id]
        if isinstance(array, dict):
            return array[self.index(node)]
        return self.lane.load(array, self.index(node))

    def _binop(self, node: ast.BinOp) -> Any:
        left = self.value(node.left)
        right = self.value(node.right)
        operations: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
            ast.Add: self.lane.add,
            ast.Sub: self.lane.sub,
            ast.Mult: self.lane.mul,
            ast.Div: self.lane.div,
            ast.Pow: self.lane.power,
        }
        return operations[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return self.builder.not_(self.value(node.operand))
        if isinstance(node.operand, ast.Constant):
            return self.lane.number(-float(node.operand.value))  # type: ignore[arg-type]
        return self.lane.neg(self.value(node.operand))

    def _compare(self, node: ast.Compare) -> Any:
        signs = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<="}
        (operator,), (right,) = node.ops, node.comparators
        return self.lane.less(signs[type(operator)], self.value(node.left), self.value(right))

    def _boolop(self, node: ast.BoolOp) -> Any:
        join = self.builder.and_ if isinstance(node.op, ast.And) else self.builder.or_
        total = self.value(node.values[0])
        for part in node.values[1:]:
            total = join(total, self.value(part))
        return total

    def _ifexp(self, node: ast.IfExp) -> Any:
        mask = self.value(node.test)
        return self.lane.where(mask, self.value(node.body), self.value(node.orelse))

    def _attribute(self, node: ast.Attribute) -> Any:
        import math

        assert isinstance(node.value, ast.Name)
        assert node.value.id == "math"
        return self.lane.number(getattr(math, node.attr))

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(a) for a in node.args]
        if isinstance(node.func, ast.Attribute):
            return getattr(self.lane, node.func.attr)(*arguments)
        assert isinstance(node.func, ast.Name)
        builtin: dict[str, Callable[..., Any]] = {
            "max": self.lane.larger,
            "min": self.lane.smaller,
            "abs": self.lane.abs,
            # their own instructions; the text says what they mean
            "_log1pexp": self.lane.log1pexp,
            "_cbrt": self.lane.root,
        }
        if node.func.id in builtin:
            return builtin[node.func.id](*arguments)
        helper = _definition(_plain(self.scope[node.func.id]))
        (final,) = (s for s in helper.body if not isinstance(s, ast.Expr))
        assert isinstance(final, ast.Return)
        assert final.value is not None
        outer = self.names
        self.names = dict(zip((a.arg for a in helper.args.args), arguments, strict=True))
        result = self.value(final.value)
        self.names = outer
        return result


def weave(
    name: str,
    functions: Sequence[Any],
    arguments: Sequence[str],
    width: int,
    registers: Sequence[str] = (),
    *,
    dual: bool = False,
) -> Any:
    """Several straight-line functions in a row as one numba-callable kernel.

    Parameters
    ----------
    name : str
    functions : sequence of function
        Run in this order; each finds its arrays by the names of its arguments.
    arguments : sequence of str
        Arrays that the kernel is called with: flat, contiguous float64, lane-contiguous.
    width : int
        Lanes.
    registers : sequence of str
        Arrays that only carry numbers from one function to the next; never stored.
    dual : bool
        Carry a derivative with every value; see `calcikin.compiler.lane_dual`.

    Returns
    -------
    intrinsic
        Callable from compiled code; returns 0.
    """

    def definition(_context: Any, *given: Any) -> Any:
        assert len(given) == len(arguments)
        for argument in given:
            flat = isinstance(argument, types.Array) and argument.layout == "C"
            if not flat or argument.dtype != types.float64:
                raise TypingError(f"{name}: {argument} is no contiguous array of float64")

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            module = builder.module
            function = module.globals.get(f"straight.{name}.{width}{'d' * dual}")
            if function is None:
                kind = ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer()] * len(arguments))
                function = ir.Function(module, kind, f"straight.{name}.{width}{'d' * dual}")
                function.linkage = "internal"
                function.attributes.add("noinline")
                inner = ir.IRBuilder(function.append_basic_block("entry"))
                arrays: dict[str, Any] = dict(zip(arguments, function.args, strict=True))
                for argument in function.args:
                    argument.add_attribute("noalias")
                arrays.update((register, {}) for register in registers)
                lane = DualLane(inner, width) if dual else Lane(inner, width)
                emitter = Emitter(inner, lane, arrays)
                for part in functions:
                    emitter.run(_plain(part))
                inner.ret_void()
            pointers = [
                context.make_array(kind)(context, builder, value=value).data
                for kind, value in zip(signature.args, values, strict=True)
            ]
            builder.call(function, pointers)
            return context.get_constant(types.int64, 0)

        return types.int64(*given), generate

    definition.__name__ = name
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [inspect.Parameter(a, kinds) for a in ("typingctx", *arguments)]
    definition.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    return intrinsic(definition)


def straight(function: Callable[..., Any]) -> Any:
    """Decorate a straight-line function: a kernel of width 1, callable from compiled code."""
    kernel = weave(
        function.__name__, [function], tuple(inspect.signature(function).parameters), width=1
    )
    kernel.straight = function
    return kernel
