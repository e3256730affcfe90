"""Lanes of dual numbers: every value carries its derivative in one direction (forward mode).

A value is a pair (a, da). The instructions of the kernel are the same; each is followed by those of
its derivative, exact to rounding:

    (a b)' = a' b + a b',   (a/b)' = (a' - (a/b) b')/b,   exp' = exp a',   ln' = a'/a, ...

Comparisons look at the value alone, and a selection takes value and derivative together. So a
kernel of dual numbers takes the decisions, and the steps, of the kernel without; what comes out is
the derivative of the numbers that were computed.

In memory slot k holds the values of all lanes and then their derivatives: lane l of them lies at
``2 k W + l`` and ``(2 k + 1) W + l``.
"""

from __future__ import annotations

from typing import Any

from calcikin.compiler.lane_math import Lane

__all__ = ["DualLane"]

#: A value and its derivative; None where that is zero by construction.
Dual = tuple[Any, Any]


class DualLane:
    """Writes value and derivative; the interface is that of `Lane`."""

    def __init__(self, builder: Any, width: int) -> None:
        self.lane = Lane(builder, width)
        self.builder = builder
        self.width = width

    # ---- constants and memory ----------------------------------------------------------------
    def number(self, value: float) -> Dual:
        """Return a constant."""
        return self.lane.number(value), None

    def truth(self, value: bool) -> Any:
        """Return a mask that is on or off in every lane."""
        return self.lane.truth(value)

    def load(self, base: Any, index: int) -> Dual:
        """Return slot ``index`` of an array."""
        return self.lane.load(base, 2 * index), self.lane.load(base, 2 * index + 1)

    def store(self, value: Dual, base: Any, index: int) -> None:
        """Write slot ``index`` of an array."""
        a, da = value
        self.lane.store(a, base, 2 * index)
        self.lane.store(self._known(da), base, 2 * index + 1)

    def _known(self, derivative: Any) -> Any:
        return self.lane.number(0.0) if derivative is None else derivative

    # ---- arithmetic --------------------------------------------------------------------------
    def _sum(self, da: Any, db: Any) -> Any:
        if da is None or db is None:
            return db if da is None else da
        return self.lane.add(da, db)

    def _times(self, factor: Any, da: Any) -> Any:
        return None if da is None else self.lane.mul(factor, da)

    def add(self, a: Dual, b: Dual) -> Dual:
        """Return a + b."""
        return self.lane.add(a[0], b[0]), self._sum(a[1], b[1])

    def neg(self, a: Dual) -> Dual:
        """Return -a."""
        return self.lane.neg(a[0]), None if a[1] is None else self.lane.neg(a[1])

    def sub(self, a: Dual, b: Dual) -> Dual:
        """Return a - b."""
        value = self.lane.sub(a[0], b[0])
        if a[1] is None:
            return value, self.neg(b)[1]
        return value, a[1] if b[1] is None else self.lane.sub(a[1], b[1])

    def mul(self, a: Dual, b: Dual) -> Dual:
        """Return a * b."""
        value = self.lane.mul(a[0], b[0])
        return value, self._sum(self._times(b[0], a[1]), self._times(a[0], b[1]))

    def div(self, a: Dual, b: Dual) -> Dual:
        """Return a / b."""
        value = self.lane.div(a[0], b[0])
        if a[1] is None and b[1] is None:
            return value, None
        rest = self.sub((value, a[1]), (value, self._times(value, b[1])))[1]
        return value, self.lane.div(rest, b[0])

    def less(self, sign: str, a: Dual, b: Dual) -> Any:
        """Compare the values."""
        return self.lane.less(sign, a[0], b[0])

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        """Return a where the mask is on, else b; masks too."""
        if not isinstance(a, tuple):
            return self.lane.where(mask, a, b)
        value = self.lane.where(mask, a[0], b[0])
        if a[1] is None and b[1] is None:
            return value, None
        return value, self.lane.where(mask, self._known(a[1]), self._known(b[1]))

    def larger(self, a: Dual, b: Dual) -> Any:
        """Return the larger; b where one of them is NaN."""
        return self.where(self.less(">", a, b), a, b)

    def smaller(self, a: Dual, b: Dual) -> Any:
        """Return the smaller; b where one of them is NaN."""
        return self.where(self.less("<", a, b), a, b)

    # ---- functions ---------------------------------------------------------------------------
    def sqrt(self, a: Dual) -> Dual:
        """Return the square root."""
        value = self.lane.sqrt(a[0])
        half = self.lane.number(0.5)
        return value, self._times(self.lane.div(half, value), a[1]) if a[1] is not None else None

    def abs(self, a: Dual) -> Any:
        """Return the magnitude."""
        return self.where(self.less(">=", a, self.number(0.0)), a, self.neg(a))

    def exp(self, a: Dual) -> Dual:
        """Return e^a."""
        value = self.lane.exp(a[0])
        return value, self._times(value, a[1])

    def log(self, a: Dual) -> Dual:
        """Return ln a."""
        value = self.lane.log(a[0])
        return value, None if a[1] is None else self.lane.div(a[1], a[0])

    def log1p(self, a: Dual) -> Dual:
        """Return ln(1 + a)."""
        value = self.lane.log1p(a[0])
        if a[1] is None:
            return value, None
        return value, self.lane.div(a[1], self.lane.add(self.lane.number(1.0), a[0]))

    def log1pexp(self, a: Dual) -> Dual:
        """Return ln(1 + e^a)."""
        value = self.lane.log1pexp(a[0])
        if a[1] is None:
            return value, None
        # e^a / (1 + e^a) = exp(a - ln(1 + e^a)): nothing overflows
        return value, self.lane.mul(self.lane.exp(self.lane.sub(a[0], value)), a[1])

    def cbrt(self, a: Dual) -> Dual:
        """Return the cube root, for a > 0."""
        value = self.lane.cbrt(a[0])
        if a[1] is None:
            return value, None
        third = self.lane.div(self.lane.number(1.0 / 3.0), self.lane.mul(value, value))
        return value, self.lane.mul(third, a[1])

    def root(self, a: Dual) -> Dual:
        """Return the cube root; 0 for a <= 0, and so its derivative."""
        nothing = self.number(0.0)
        value: Dual = self.where(self.less(">", a, nothing), self.cbrt(a), nothing)
        return value

    def power(self, a: Dual, n: Dual) -> Dual:
        """Return a^n = exp(n ln a), for a > 0."""
        return self.exp(self.mul(n, self.log(a)))
