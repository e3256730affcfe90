"""Equations while they are being written: symbols, constants and rules by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calcikin.exchange.equations import Constant, Equations, Rule, Total, Unknown, identifier
from calcikin.exchange.numbers import numbers_of

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["Draft"]


class Draft:
    """Collects the equations of a model; every id is given once.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Model) -> None:
        import sympy as sp

        self.sp = sp
        self.model = model
        self.network = model.scenario.network
        self.numbers = numbers_of(model)
        self.equations = Equations(model)
        self._symbols: dict[str, Any] = {}
        for state in self.network.states:
            id_ = self.state_id(state.name)
            self._declare(id_, state.name)
            self.equations.totals.append(Total(id_, state, self.numbers.initial[state.name]))

    def state_id(self, name: str) -> str:
        """The id of a state: ``total__Ca``, ``acp__m``."""
        state = next(s for s in self.network.states if s.name == name)
        return identifier(f"total.{name}" if state.component else name)

    def _declare(self, id_: str, name: str) -> Any:
        if id_ in self._symbols:
            raise ValueError(f"two quantities would be called {id_!r}, one of them {name!r}")
        self._symbols[id_] = self.sp.Symbol(id_)
        return self._symbols[id_]

    def symbol(self, name: str) -> Any:
        """The symbol of something that was declared before."""
        return self._symbols[identifier(name)]

    def constant(self, name: str, unit: str, value: float, title: str, kind: str) -> Any:
        """The symbol of a number, declared when it is asked for first."""
        id_ = identifier(name)
        if id_ not in self._symbols:
            self._declare(id_, name)
            entry = Constant(id_, name, unit, float(value), title, kind)
            self.equations.constants.append(entry)
        return self._symbols[id_]

    def rule(
        self, name: str, unit: str, expression: Any, title: str, kind: str = "quantity"
    ) -> Any:
        """The symbol of a quantity that an expression gives."""
        symbol = self._declare(identifier(name), name)
        entry = Rule(symbol.name, name, unit, self.sp.sympify(expression, strict=True), title, kind)
        self.equations.rules.append(entry)
        return symbol

    def unknown(self, name: str, unit: str, initial: float, title: str) -> Any:
        """The symbol of a quantity without a closed form; `settle` says what sets it."""
        symbol = self._declare(identifier(name), name)
        self.equations.unknowns.append(Unknown(symbol.name, name, unit, initial, None, title))
        return symbol

    def settle(self, name: str, shortage: Any) -> None:
        """Say what an unknown lacks."""
        unknowns = self.equations.unknowns
        k = next(i for i, u in enumerate(unknowns) if u.name == name)
        unknowns[k] = replace(unknowns[k], shortage=self.sp.sympify(shortage, strict=True))
