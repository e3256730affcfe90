"""exp, log and log1p as vector instructions: the same ones for one lane and for many.

A call into the C library cannot be vectorised, and numba as installed by pip brings no vector
library. So the elementary functions are written out here:

    exp(x)  = 2^n p(r),  n = round(x / ln 2),  r = x - n ln 2,  p: Taylor, |r| <= ln(2)/2, degree 13
    log(x)  = e ln 2 + 2 atanh(s),  x = 2^e m,  sqrt(1/2) <= m < sqrt 2,  s = (m - 1)/(m + 1)

ln 2 is split in two, so that n ln 2 and e ln 2 lose nothing (Cody & Waite 1980, *Software Manual
for the Elementary Functions*). Truncation is below 1e-17 in both; what is left is rounding:
relative errors of at most 3e-16 (exp) and 5e-16 (log), held by the tests over the whole range.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from llvmlite import ir

__all__ = ["FLAGS", "Lane"]

#: Contraction to fused multiply-add, a division by the reciprocal where several share a divisor,
#: no care for the sign of zero. Never reassociation: every width rounds in the same way.
FLAGS = ("contract", "arcp", "nsz")
DOUBLE, INT64 = ir.DoubleType(), ir.IntType(64)
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the integer part in the low bits
_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_LARGEST, _SMALLEST = 709.782712893384, -708.396418532264  # beyond: inf, 0
_SQRT_HALF = math.sqrt(0.5)


def _bits(x: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


class Lane:
    """Writes the instructions of one vector of ``width`` doubles (a plain double for width 1)."""

    def __init__(self, builder: Any, width: int) -> None:
        self.builder = builder
        self.width = width
        self.type = DOUBLE if width == 1 else ir.VectorType(DOUBLE, width)
        self.integer = INT64 if width == 1 else ir.VectorType(INT64, width)
        self.mask = ir.IntType(1) if width == 1 else ir.VectorType(ir.IntType(1), width)

    # ---- constants ---------------------------------------------------------------------------
    def _splat(self, kind: Any, value: Any) -> Any:
        return ir.Constant(kind, value if self.width == 1 else [value] * self.width)

    def number(self, value: float) -> Any:
        """Return ``value`` in every lane."""
        return self._splat(self.type, float(value))

    def whole(self, value: int) -> Any:
        """Return an integer in every lane."""
        return self._splat(self.integer, value)

    def truth(self, value: bool) -> Any:
        """Return a mask that is on or off in every lane."""
        return self._splat(self.mask, int(value))

    # ---- memory ------------------------------------------------------------------------------
    def _pointer(self, base: Any, index: int) -> Any:
        offset = ir.Constant(INT64, index * self.width)
        address = self.builder.gep(base, [offset], inbounds=True)
        return self.builder.bitcast(address, self.type.as_pointer())

    def load(self, base: Any, index: int) -> Any:
        """Return slot ``index`` of an array."""
        return self.builder.load(self._pointer(base, index), align=8)

    def store(self, value: Any, base: Any, index: int) -> None:
        """Write slot ``index`` of an array."""
        self.builder.store(value, self._pointer(base, index), align=8)

    # ---- arithmetic --------------------------------------------------------------------------
    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        return self.builder.fadd(a, b, flags=FLAGS)

    def sub(self, a: Any, b: Any) -> Any:
        """Return a - b."""
        return self.builder.fsub(a, b, flags=FLAGS)

    def mul(self, a: Any, b: Any) -> Any:
        """Return a * b."""
        return self.builder.fmul(a, b, flags=FLAGS)

    def div(self, a: Any, b: Any) -> Any:
        """Return a / b."""
        return self.builder.fdiv(a, b, flags=FLAGS)

    def neg(self, a: Any) -> Any:
        """Return -a."""
        return self.builder.fneg(a, flags=FLAGS)

    def less(self, sign: str, a: Any, b: Any) -> Any:
        """Compare; False where one of them is NaN."""
        return self.builder.fcmp_ordered(sign, a, b)

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        """Return a where the mask is on, else b."""
        return self.builder.select(mask, a, b)

    def larger(self, a: Any, b: Any) -> Any:
        """Return the larger; b where one of them is NaN."""
        return self.where(self.less(">", a, b), a, b)

    def smaller(self, a: Any, b: Any) -> Any:
        """Return the smaller; b where one of them is NaN."""
        return self.where(self.less("<", a, b), a, b)

    def _intrinsic(self, name: str, a: Any) -> Any:
        kind = "f64" if self.width == 1 else f"v{self.width}f64"
        module = self.builder.module
        full = f"llvm.{name}.{kind}"
        function = module.globals.get(full)
        if function is None:
            function = ir.Function(module, ir.FunctionType(self.type, [self.type]), full)
        return self.builder.call(function, [a])

    def sqrt(self, a: Any) -> Any:
        """Return the square root; NaN below zero."""
        return self._intrinsic("sqrt", a)

    def abs(self, a: Any) -> Any:
        """Return the magnitude."""
        return self._intrinsic("fabs", a)

    # ---- elementary functions ----------------------------------------------------------------
    def _horner(self, x: Any, coefficients: list[float]) -> Any:
        """Polynomial with the coefficients from the highest power down."""
        total = self.number(coefficients[0])
        for c in coefficients[1:]:
            total = self.add(self.mul(total, x), self.number(c))
        return total

    def exp(self, x: Any) -> Any:
        """Return e^x; 0 below -708.4, inf above 709.78."""
        b = self.builder
        bounded = self.larger(self.smaller(x, self.number(_LARGEST)), self.number(_SMALLEST))
        shifted = b.fadd(b.fmul(bounded, self.number(1.0 / math.log(2.0))), self.number(_ROUND))
        n = b.fsub(shifted, self.number(_ROUND))
        r = self.sub(bounded, self.mul(n, self.number(_LN2_HIGH)))
        r = self.sub(r, self.mul(n, self.number(_LN2_LOW)))
        # even and odd halves: half the latency of one long chain
        r2 = self.mul(r, r)
        even = self._horner(r2, [1.0 / math.factorial(k) for k in range(12, -1, -2)])
        odd = self._horner(r2, [1.0 / math.factorial(k) for k in range(13, 0, -2)])
        p = self.add(self.mul(odd, r), even)
        exponent = b.shl(b.bitcast(shifted, self.integer), self.whole(52))
        scaled = b.bitcast(b.add(b.bitcast(p, self.integer), exponent), self.type)
        scaled = self.where(self.less("<", x, self.number(_SMALLEST)), self.number(0.0), scaled)
        over = self.less(">", x, self.number(_LARGEST))
        scaled = self.where(over, self.number(math.inf), scaled)
        return self.where(b.fcmp_unordered("uno", x, x), x, scaled)

    def log(self, x: Any) -> Any:
        """Return ln x; NaN for x <= 0, and below 2.2e-308 (subnormal numbers)."""
        b = self.builder
        bits = b.bitcast(x, self.integer)
        one = _bits(1.0)
        biased = b.lshr(b.add(bits, self.whole(one - _bits(_SQRT_HALF))), self.whole(52))
        shift = b.shl(b.sub(biased, self.whole(1023)), self.whole(52))
        m = b.bitcast(b.sub(bits, shift), self.type)
        magic = b.or_(biased, self.whole(_bits(2.0**52)))
        e = b.fsub(b.bitcast(magic, self.type), self.number(2.0**52 + 1023.0))
        f = b.fsub(m, self.number(1.0))
        s = self.div(f, b.fadd(f, self.number(2.0)))
        s2 = self.mul(s, s)
        tail = self._horner(s2, [2.0 / (2 * k + 1) for k in range(11, 0, -1)])
        # ln m = f - s (f - s2 tail) would cancel less still; 2 s + s^3 tail is within the bound
        series = self.add(self.mul(s, self.number(2.0)), self.mul(self.mul(s, s2), tail))
        low = self.add(self.mul(e, self.number(_LN2_LOW)), series)
        result = self.add(self.mul(e, self.number(_LN2_HIGH)), low)
        result = self.where(self.less("<", x, self.number(math.inf)), result, x)
        smallest = self.number(2.2250738585072014e-308)
        return self.where(self.less(">=", x, smallest), result, self.number(math.nan))

    def log1p(self, x: Any) -> Any:
        """Return ln(1 + x), exact for small x too; for x > -1."""
        b = self.builder
        one = self.number(1.0)
        w = b.fadd(one, x)
        lost = b.fsub(x, b.fsub(w, one))  # what 1 + x has rounded away
        return self.add(self.log(w), b.fdiv(lost, w))

    def power(self, x: Any, n: Any) -> Any:
        """Return x^n = exp(n ln x), for x > 0."""
        return self.exp(self.mul(n, self.log(x)))
