"""The straight-line compiler: the same numbers as Python, in every lane, at every width."""

import math

import numpy as np
import pytest
from numba import njit

from calcikin.compiler.lanes import straight, weave

WIDTHS = (1, 4, 8)


def _helper(x):
    return x * x if x > 1.0 else -x


def _sample(x, y, out):
    a = x[0] + 2.0 * y[0]
    b = math.sqrt(x[1]) / a
    c = -b if a > 1.5 else b
    near = a > 0.5 and not b > 10.0
    if near:
        c = c + 1.0
    d = max(a, b) - min(c, 2) + abs(-c)
    out[0] = d + _helper(c)
    out[1] = math.exp(-a) + math.log(x[1]) + math.log1p(y[0])
    out[2] = x[1] ** 0.75 + math.pi


def _over_rows(kernel):
    @njit
    def rows(x, y, out):
        for k in range(x.shape[0]):
            kernel(x[k], y[k], out[k])

    return rows


def _lanes(values, width):
    """Rows of lane-contiguous slots: (n, slots) -> (n / width, slots * width)."""
    n, slots = values.shape
    return values.reshape(n // width, width, slots).transpose(0, 2, 1).reshape(n // width, -1)


def _rows(values, width):
    groups, flat = values.shape
    slots = flat // width
    return values.reshape(groups, slots, width).transpose(0, 2, 1).reshape(-1, slots)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_statement_means_what_python_means(width: int) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.01, 2.0, (64, 2)), rng.uniform(0.0, 1.0, (64, 1))
    expected = np.empty((64, 3))
    for k in range(64):
        _sample(x[k], y[k], expected[k])
    kernel = weave("sample", [_sample], ("x", "y", "out"), width)
    found = np.empty((64 // width, 3 * width))
    _over_rows(kernel)(_lanes(x, width), _lanes(y, width), found)
    # a dozen roundings, of terms that hardly cancel
    np.testing.assert_allclose(_rows(found, width), expected, rtol=1e-14)


def _log1pexp(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _elementary(x, out):
    out[0] = math.exp(x[0])
    out[1] = math.log(x[1])
    out[2] = math.log1p(x[2])
    out[3] = math.cbrt(x[3])
    out[4] = 1.0 / math.cbrt(x[3])
    out[5] = _log1pexp(x[5])


@pytest.mark.parametrize("width", WIDTHS)
def test_elementary_functions_keep_their_bounds_over_their_whole_range(width: int) -> None:
    rng = np.random.default_rng(2)
    n = 40_000
    x = np.empty((n, 6))
    x[:, 0] = rng.uniform(-708.0, 709.4, n)  # between 0 and inf of the documentation
    x[:, 1] = np.exp(rng.uniform(-708.0, 709.0, n))
    x[: n // 2, 1] = rng.uniform(0.5, 2.0, n // 2)  # where log crosses zero
    x[:, 2] = np.exp(rng.uniform(-80.0, 3.0, n))
    x[:, 3] = np.exp(rng.uniform(-690.0, 690.0, n))
    x[: n // 2, 3] = rng.uniform(1.0, 8.0, n // 2)  # every bit pattern of the first guess
    x[:, 4] = x[:, 3]
    x[:, 5] = rng.uniform(-700.0, 700.0, n)
    x[: n // 2, 5] = rng.uniform(-40.0, 40.0, n // 2)
    out = np.empty((n // width, 6 * width))
    kernel = weave("elementary", [_elementary], ("x", "out"), width)

    @njit
    def rows(x, out):
        for k in range(x.shape[0]):
            kernel(x[k], out[k])

    rows(_lanes(x, width), out)
    found = _rows(out, width)
    long = x.astype(np.longdouble)  # 64 bits of mantissa on x86; a double elsewhere, within bounds
    # bounds stated in calcikin.compiler.lane_math; log1p adds the rounding of its correction, and
    # ln(1 + e^x) that of e^x
    functions = (
        (np.exp, 4e-16),
        (np.log, 5e-16),
        (np.log1p, 6e-16),
        (np.cbrt, 1e-15),
        (lambda v: 1.0 / np.cbrt(v), 1e-15),
        (lambda v: np.maximum(v, 0.0) + np.log1p(np.exp(-np.abs(v))), 6e-16),
    )
    for j, (function, bound) in enumerate(functions):
        error = np.abs(found[:, j] - function(long[:, j])) / np.abs(function(long[:, j]))
        assert error.max() < bound, j


@pytest.mark.parametrize("width", WIDTHS)
def test_elementary_functions_at_their_ends(width: int) -> None:
    kernel = weave("ends", [_elementary], ("x", "out"), width)

    @njit
    def once(x, out):
        kernel(x, out)

    for value, exp, log in (
        (0.0, 1.0, math.nan),
        (-1.0, math.exp(-1.0), math.nan),
        (math.inf, math.inf, math.inf),
        (-math.inf, 0.0, math.nan),
        (math.nan, math.nan, math.nan),
        (800.0, math.inf, math.log(800.0)),
        (-800.0, 0.0, math.nan),
        (1.0, math.e, 0.0),
    ):
        out = np.empty(6 * width)
        once(np.full(6 * width, value), out)
        np.testing.assert_allclose(out[:width], exp, rtol=4e-16)
        np.testing.assert_allclose(out[width : 2 * width], log, rtol=5e-16)
        if value == 0.0:
            assert np.all(out[3 * width : 4 * width] == 0.0)


def test_registers_carry_numbers_from_one_function_to_the_next() -> None:
    def first(x, carried):
        carried[5] = 2.0 * x[0]

    def second(carried, out):
        out[0] = carried[5] + 1.0

    kernel = weave("two", [first, second], ("x", "out"), 4, registers=("carried",))

    @njit
    def once(x, out):
        kernel(x, out)

    out = np.empty(4)
    once(np.arange(4.0), out)
    assert out.tolist() == [1.0, 3.0, 5.0, 7.0]


def test_a_nan_stays_in_its_lane() -> None:
    kernel = weave("lanes", [_sample], ("x", "y", "out"), 4)

    @njit
    def once(x, y, out):
        kernel(x, y, out)

    x, y = np.ones(8), np.full(4, 0.5)
    clean, spoilt = np.empty(12), np.empty(12)
    once(x, y, clean)
    y[2] = np.nan
    once(x, y, spoilt)
    others = [k for k in range(12) if k % 4 != 2]
    assert np.array_equal(clean[others], spoilt[others])
    assert np.isnan(spoilt[[2, 6]]).all()


def test_what_is_no_straight_line_is_refused() -> None:
    @straight
    def loop(x):
        for k in range(3):
            x[0] = float(k)

    @njit
    def once(x):
        loop(x)

    with pytest.raises(SyntaxError, match="straight-line"):
        once(np.zeros(1))
