"""exp, log and their kin as vector instructions: the same ones for one lane and for many.

A call into the C library cannot be vectorised, and numba as installed by pip brings no vector
library. So the elementary functions are written out here:

    exp(x)  = 2^n p(r),  n = round(x / ln 2),  r = x - n ln 2,  |r| <= ln(2)/2, p of degree 11
    log(x)  = e ln 2 + 2 atanh(s),  x = 2^e m,  sqrt(1/2) <= m < sqrt 2,  s = (m - 1)/(m + 1)
    ln(1 + e^x) = max(x, 0) + 2 atanh(s),  u = exp(-|x|),  s = u/(2 + u)
    cbrt(x) = x z^2,  z = x^(-1/3) by z <- z (1 + e/3 + 2 e^2/9 + 14 e^3/81),  e = 1 - x z^3

with 2 atanh(s) = 2 s + s^3 P(s^2). The polynomials interpolate at the zeros of Chebyshev's, which
is within a factor of two of the best; their truncation is below 2e-17. ln 2 is split in two, so
that n ln 2 and e ln 2 lose nothing (Cody & Waite 1980, *Software Manual for the Elementary
Functions*).
The first z of the cube root comes from a third of the exponent's bits, by an integer product; its
error of 3.4 % becomes 1e-5 and then round-off. What is left is rounding: relative errors of at
most 3e-16 (exp), 5e-16 (log) and 1e-15 (cbrt), held by the tests over the whole range.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
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
_LARGEST, _SMALLEST = 709.8, -709.1  # here n = 1024 and -1023, whose powers of 2 are inf and 0
_SQRT_HALF = math.sqrt(0.5)
_CBRT_SEED = 0x553EE92F  # upper half of the bits of x^(-1/3) plus a third of those of x
#: Coefficients of rising powers: of p, and of P for |s| up to 0.172 (log) and up to 1/3.
_EXP = (
    1.0,
    1.0,
    0.5000000000000019,
    0.1666666666666668,
    0.0416666666664881,
    0.008333333333319601,
    0.0013888888952314775,
    0.00019841269890047113,
    2.4801485482328084e-05,
    2.7557240918578656e-06,
    2.763263963919186e-07,
    2.511003760607976e-08,
)
_ATANH = (
    0.666666666666667,
    0.39999999999899505,
    0.28571428625975487,
    0.22222211134795034,
    0.18182889125265025,
    0.15331721600446224,
    0.14616449686400795,
)
_ATANH_FAR = (
    0.6666666666666666,
    0.40000000000014585,
    0.2857142856710876,
    0.22222222717427867,
    0.1818178943613267,
    0.15385570064963902,
    0.13314144209568365,
    0.12001072810414337,
    0.08800738481936667,
    0.16164045620868822,
)


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
        self.reciprocals: dict[int, tuple[Any, Any]] = {}

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
        """Return a / b, by the reciprocal of b, which is computed once.

        A division takes as long as ten products, and the same things divide again and again.
        """
        if isinstance(b, ir.Constant):
            return self.builder.fdiv(a, b, flags=FLAGS)
        known = self.reciprocals.get(id(b))
        if known is None:
            known = b, self.builder.fdiv(self.number(1.0), b, flags=FLAGS)
            self.reciprocals[id(b)] = known  # with b, so that its id stays its own
        return self.mul(a, known[1])

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
    def _horner(self, x: Any, coefficients: Sequence[float]) -> Any:
        """Polynomial with the coefficients of rising powers."""
        total = self.number(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.add(self.mul(total, x), self.number(c))
        return total

    def exp(self, x: Any) -> Any:
        """Return e^x; 0 below -708.74, inf above 709.43."""
        b = self.builder
        # in this order of the operands a NaN is kept
        bounded = self.larger(self.number(_SMALLEST), self.smaller(self.number(_LARGEST), x))
        shifted = b.fadd(b.fmul(bounded, self.number(1.0 / math.log(2.0))), self.number(_ROUND))
        n = b.fsub(shifted, self.number(_ROUND))
        r = self.sub(bounded, self.mul(n, self.number(_LN2_HIGH)))
        r = self.sub(r, self.mul(n, self.number(_LN2_LOW)))
        # even and odd halves: half the latency of one long chain
        r2 = self.mul(r, r)
        even, odd = self._horner(r2, _EXP[::2]), self._horner(r2, _EXP[1::2])
        p = self.add(self.mul(odd, r), even)
        exponent = b.add(b.bitcast(shifted, self.integer), self.whole(1023))
        power = b.bitcast(b.shl(exponent, self.whole(52)), self.type)
        return b.fmul(p, power)

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
        series = self._twice_atanh(self.div(f, b.fadd(f, self.number(2.0))), _ATANH)
        low = self.add(self.mul(e, self.number(_LN2_LOW)), series)
        result = self.add(self.mul(e, self.number(_LN2_HIGH)), low)
        result = self.where(self.less("<", x, self.number(math.inf)), result, x)
        smallest = self.number(2.2250738585072014e-308)
        return self.where(self.less(">=", x, smallest), result, self.number(math.nan))

    def _twice_atanh(self, s: Any, coefficients: Sequence[float]) -> Any:
        s2 = self.mul(s, s)
        tail = self._horner(s2, coefficients)
        return self.add(self.mul(s, self.number(2.0)), self.mul(self.mul(s, s2), tail))

    def log1pexp(self, x: Any) -> Any:
        """Return ln(1 + e^x)."""
        u = self.exp(self.neg(self.abs(x)))
        s = self.div(u, self.builder.fadd(u, self.number(2.0)))
        return self.add(self.larger(x, self.number(0.0)), self._twice_atanh(s, _ATANH_FAR))

    def cbrt(self, x: Any) -> Any:
        """Return the cube root of a number from 0 to 1e300; what divides by it need not divide."""
        b = self.builder
        upper = b.lshr(b.bitcast(x, self.integer), self.whole(32))
        third = b.lshr(b.mul(upper, self.whole(0x55555556)), self.whole(32))
        z = b.bitcast(b.shl(b.sub(self.whole(_CBRT_SEED), third), self.whole(32)), self.type)
        for _ in range(2):
            cube = self.mul(self.mul(self.mul(x, z), z), z)
            e = self.sub(self.number(1.0), cube)
            tail = self.mul(e, self._horner(e, (1.0 / 3.0, 2.0 / 9.0, 14.0 / 81.0)))
            z = self.add(z, self.mul(z, tail))
        root = self.mul(self.mul(x, z), z)
        self.reciprocals[id(root)] = root, z
        return root

    def root(self, x: Any) -> Any:
        """Return the cube root; 0 for x < 0."""
        return self.cbrt(self.larger(self.number(0.0), x))  # in this order a NaN is kept

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
