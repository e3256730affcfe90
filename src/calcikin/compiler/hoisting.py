"""What depends on parameters alone, computed once per run and not in every right-hand side.

A law is written as its authors wrote it: ``4 pi D r / V`` stands among what changes along a run.
Here the text of the rates is read, every product is sorted into what changes and what does not, and
what does not change moves to ``_prepare``, into a slot of q of its own. An eighth of the divisions
of a right-hand side go that way.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import reduce

from calcikin.compiler.layout import Layout

__all__ = ["Hoister"]


class Hoister:
    """Takes constant subexpressions out of straight-line assignments.

    Attributes
    ----------
    prepared : list of str
        Lines that fill the slots, in order.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.prepared: list[str] = []
        self.known: dict[str, int] = {}
        self.constant: dict[str, ast.expr] = {}  # names that hold what does not change

    def lines(self, body: Sequence[str]) -> list[str]:
        """The lines of one function's body without what does not change.

        Parameters
        ----------
        body : sequence of str
            Assignments to names and to slots of arrays.
        """
        self.constant = {}
        kept = []
        for line in body:
            (statement,) = ast.parse(line.strip()).body
            assert isinstance(statement, ast.Assign)
            target, value = statement.targets[0], self._reduced(statement.value)
            if isinstance(target, ast.Name):
                if self._is_constant(value):
                    self.constant[target.id] = value
                    continue
                self.constant.pop(target.id, None)
            kept.append(f"{ast.unparse(target)} = {ast.unparse(self._settled(value))}")
        return kept

    # ---- what changes ------------------------------------------------------------------------
    def _is_constant(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Subscript):
            return isinstance(node.value, ast.Name) and node.value.id == "q"
        if isinstance(node, ast.Name):
            return False  # constant names have been replaced by what they hold
        if isinstance(node, ast.Attribute | ast.Constant):
            return True
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        return all(self._is_constant(part) for part in parts if isinstance(part, ast.expr))

    def _settled(self, node: ast.expr) -> ast.expr:
        """A constant as a slot of q; a single number, a condition and what changes as they are."""
        bare = node.operand if isinstance(node, ast.UnaryOp) else node
        plain = ast.Subscript | ast.Constant | ast.Attribute | ast.Compare | ast.BoolOp
        if isinstance(bare, plain) or not self._is_constant(node):
            return node
        text = ast.unparse(node)
        if text not in self.known:
            self.known[text] = self.layout.slot(f"hoisted.{text}")
            self.prepared.append(f"q[{self.known[text]}] = {text}")
        place = ast.parse(f"q[{self.known[text]}]", mode="eval")
        return place.body

    # ---- expressions -------------------------------------------------------------------------
    def _reduced(self, node: ast.expr) -> ast.expr:
        """The expression with its constant parts in slots; all of it, unsettled, if constant."""
        if isinstance(node, ast.Name):
            return self.constant.get(node.id, node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            return self._product(node)
        if isinstance(node, ast.BinOp):
            left, right = self._together([node.left, node.right])
            return ast.BinOp(left, node.op, right)
        if isinstance(node, ast.UnaryOp):
            return ast.UnaryOp(node.op, self._reduced(node.operand))
        if isinstance(node, ast.Call):
            return ast.Call(node.func, self._together(node.args), [])
        if isinstance(node, ast.Compare):
            left, right = self._together([node.left, node.comparators[0]])
            return ast.Compare(left, node.ops, [right])
        if isinstance(node, ast.IfExp):
            test, body, orelse = self._together([node.test, node.body, node.orelse])
            return ast.IfExp(test, body, orelse)
        return node

    def _together(self, nodes: Sequence[ast.expr]) -> list[ast.expr]:
        """Operands of one operation: settled each, unless all of them are constant."""
        found = [self._reduced(node) for node in nodes]
        if all(self._is_constant(node) for node in found):
            return found
        return [self._settled(node) for node in found]

    def _product(self, node: ast.BinOp) -> ast.expr:
        """A chain of products and quotients: its constant factors in one."""
        above: list[ast.expr] = []
        below: list[ast.expr] = []
        self._factors(node, above, below)
        above = [self._reduced(factor) for factor in above]
        below = [self._reduced(factor) for factor in below]
        fixed = self._quotient(
            [f for f in above if self._is_constant(f)], [f for f in below if self._is_constant(f)]
        )
        moving_above = [f for f in above if not self._is_constant(f)]
        moving_below = [f for f in below if not self._is_constant(f)]
        if not moving_above and not moving_below:
            return fixed if fixed is not None else ast.Constant(1.0)
        if fixed is not None:
            moving_above.insert(0, self._settled(fixed))
        quotient = self._quotient(moving_above, moving_below)
        assert quotient is not None
        return quotient

    def _factors(self, node: ast.expr, above: list[ast.expr], below: list[ast.expr]) -> None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            self._factors(node.left, above, below)
            self._factors(node.right, above, below)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            self._factors(node.left, above, below)
            self._factors(node.right, below, above)
        else:
            above.append(node)

    @staticmethod
    def _quotient(above: Sequence[ast.expr], below: Sequence[ast.expr]) -> ast.expr | None:
        """Product of ``above`` over the product of ``below``; None where there is neither."""

        def product(factors: Sequence[ast.expr]) -> ast.expr:
            return reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), factors)

        above = [f for f in above if not (isinstance(f, ast.Constant) and f.value == 1.0)]
        texts = [ast.unparse(factor) for factor in below]
        repeated = [f for f, text in zip(below, texts, strict=True) if texts.count(text) > 1]
        # 1/x twice, since a division takes as long as ten products and 1/x is there already
        above = [*above, *(ast.BinOp(ast.Constant(1.0), ast.Div(), f) for f in repeated)]
        below = [f for f, text in zip(below, texts, strict=True) if texts.count(text) == 1]
        if not above and not below:
            return None
        top = product(above) if above else ast.Constant(1.0)
        return ast.BinOp(top, ast.Div(), product(below)) if below else top
