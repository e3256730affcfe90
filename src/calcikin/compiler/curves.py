"""Compiled twins of the T50 read-outs, for trajectories that are read while they are computed.

The equations are those of `calcikin.assays.steepest` (T50 of a computed curve),
`calcikin.assays.nephelometry` (light) and SciPy's splines; the constants come from there as
arguments, and the tests hold both against each other. What differs: only the part of the curve
around the rise of the crystals is sampled.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = [
    "NOTHING",
    "crystalline_at",
    "crystalline_fraction",
    "fraction_and_light",
    "pchip_crossing",
    "read_times",
    "steepest_rise",
]

kernel = njit(cache=True, error_model="numpy", fastmath=False, nogil=True)

AVOGADRO_PER_M3 = 6.02214076e26  # particles per m3 in one mol/L
LEAST_NUMBER = 1e9  # particles per m3 below which a population scatters nothing
TRACE = 1e-9  # mol/L of solid Ca below which there is no fraction
NOTHING = 1  # code of "no transition"; 0 is ok, 2 incomplete, 3 a single rise


@kernel
def crystalline_fraction(y, place, optics):
    """Share of the solid Ca that is crystalline; arguments as of `fraction_and_light`."""
    crystals, amorphous = 0.0, 0.0
    for p in range(place.shape[0]):
        calcium = optics[p, 0] * y[place[p, 0]]
        if place[p, 2] >= 0:
            calcium -= y[place[p, 2]]
        calcium = max(calcium, 0.0)
        if place[p, 3]:
            crystals += calcium
        else:
            amorphous += calcium
    solid = amorphous + crystals
    return crystals / solid if solid > TRACE else 0.0


@kernel
def fraction_and_light(y, volumes, place, optics, table, spacing):
    """Crystalline fraction and scattered light of one state.

    place: rows of (amount, number, guest or -1, crystalline 0/1); volumes: molar volumes [L/mol];
    optics: rows of (Ca per formula, cores per particle, cluster radius over core radius, strength);
    table: collected form factor and its slope at multiples of ``spacing`` [m].
    """
    light = 0.0
    for p in range(place.shape[0]):
        number = max(y[place[p, 1]], 0.0) * AVOGADRO_PER_M3
        if number <= LEAST_NUMBER:
            continue
        volume = volumes[p] * max(y[place[p, 0]], 0.0) / number
        radius = np.cbrt(3.0 * volume / (4.0 * math.pi)) * optics[p, 2]
        at = min(radius / spacing, table.shape[0] - 1.001)
        k = int(at)
        u = at - k
        rest = 1.0 - u
        form = rest * rest * ((1.0 + 2.0 * u) * table[k, 0] + u * spacing * table[k, 1])
        form += u * u * ((3.0 - 2.0 * u) * table[k + 1, 0] - rest * spacing * table[k + 1, 1])
        light += number * optics[p, 1] * volume * volume * optics[p, 3] * form
    return crystalline_fraction(y, place, optics), light


@kernel
def crystalline_at(t, f, n, level):
    """Time at which f last rises through ``level``, by a straight line; inf when it never does."""
    k = -1
    for i in range(n):
        if f[i] < level:
            k = i
    if k + 1 >= n:
        return math.inf
    if k < 0:
        return t[0]
    return t[k] + (level - f[k]) * (t[k + 1] - t[k]) / (f[k + 1] - f[k])


@kernel
def _pchip_slope(h0, h1, d0, d1):
    """Slope at an inner knot (Fritsch & Butland 1984), as SciPy's PchipInterpolator has it."""
    if d0 * d1 <= 0.0:
        return 0.0
    w0, w1 = 2.0 * h1 + h0, h1 + 2.0 * h0
    return (w0 + w1) / (w0 / d0 + w1 / d1)


@kernel
def pchip_crossing(t, f, n, level):
    """Time at which f first reaches ``level``, by the PCHIP interpolant; NaN when it never does."""
    for k in range(n):
        if f[k] < level:
            continue
        if k == 0:
            return t[0]
        h, d = t[k] - t[k - 1], (f[k] - f[k - 1]) / (t[k] - t[k - 1])
        left = right = d
        if k >= 2:
            left = _pchip_slope(
                t[k - 1] - t[k - 2], h, (f[k - 1] - f[k - 2]) / (t[k - 1] - t[k - 2]), d
            )
        if k + 1 < n:
            right = _pchip_slope(h, t[k + 1] - t[k], d, (f[k + 1] - f[k]) / (t[k + 1] - t[k]))
        low, high = 0.0, 1.0
        for _ in range(60):
            u = 0.5 * (low + high)
            rest = 1.0 - u
            value = rest * rest * ((1.0 + 2.0 * u) * f[k - 1] + u * h * left)
            value += u * u * ((3.0 - 2.0 * u) * f[k] - rest * h * right)
            if value < level:
                low = u
            else:
                high = u
        return t[k - 1] + low * h
    return math.nan


@kernel
def _spline(t, y, n, s, work):
    """Slopes of the not-a-knot cubic spline at its knots."""
    # rows: diag, upper, right side; the lower entries are used at once
    dx0, dx1 = t[1] - t[0], t[2] - t[1]
    m0, m1 = (y[1] - y[0]) / dx0, (y[2] - y[1]) / dx1
    d = t[2] - t[0]
    work[0, 0], work[0, 1] = dx1, d
    work[0, 2] = ((dx0 + 2.0 * d) * dx1 * m0 + dx0 * dx0 * m1) / d
    for i in range(1, n):
        if i < n - 1:
            a, b = t[i] - t[i - 1], t[i + 1] - t[i]
            ma, mb = (y[i] - y[i - 1]) / a, (y[i + 1] - y[i]) / b
            lower, diagonal, upper = b, 2.0 * (a + b), a
            right = 3.0 * (b * ma + a * mb)
        else:
            a, b = t[i - 1] - t[i - 2], t[i] - t[i - 1]
            ma, mb = (y[i - 1] - y[i - 2]) / a, (y[i] - y[i - 1]) / b
            d = t[i] - t[i - 2]
            lower, diagonal, upper = d, a, 0.0
            right = (b * b * ma + (2.0 * d + b) * a * mb) / d
        f = lower / work[i - 1, 0]
        work[i, 0] = diagonal - f * work[i - 1, 1]
        work[i, 1] = upper
        work[i, 2] = right - f * work[i - 1, 2]
    s[n - 1] = work[n - 1, 2] / work[n - 1, 0]
    for i in range(n - 2, -1, -1):
        s[i] = (work[i, 2] - work[i, 1] * s[i + 1]) / work[i, 0]
    return 0


@kernel
def _cubic(t, y, s, k):
    """Coefficients of the second and third power of x - t[k] within [t[k], t[k + 1]]."""
    h = t[k + 1] - t[k]
    m = (y[k + 1] - y[k]) / h
    c3 = (s[k] + s[k + 1] - 2.0 * m) / (h * h)
    return (m - s[k]) / h - c3 * h, c3


@kernel
def _slope(t, s, k, c2, c3, x):
    u = x - t[k]
    return max(s[k] + u * (2.0 * c2 + u * 3.0 * c3), 0.0)


@kernel
def _value(t, y, s, n, x):
    k = min(max(np.searchsorted(t[:n], x) - 1, 0), n - 2)
    c2, c3 = _cubic(t, y, s, k)
    u = x - t[k]
    return y[k] + u * (s[k] + u * (c2 + u * c3))


@kernel
def steepest_rise(t, y, n, begin, until, record_end, settings, s, work, grid):
    """T50 of the steepest rise between ``begin`` and ``until`` [s], and its code.

    settings: window, complete, least rise, points per interval, power; s, work, grid: scratch.
    """
    window, complete, least = settings[0], settings[1], settings[2]
    parts, power = int(settings[3]), int(settings[4])
    until = min(until, t[n - 1])
    if until <= begin or n < 8:
        return math.nan, NOTHING
    _spline(t, y, n, s, work)
    # the grid: ``parts`` points in every interval between the knots of [begin, until]
    m, steepest, k = 0, 0.0, 0
    while t[k + 1] <= begin:
        k += 1
    low_end = begin
    while True:
        high_end = min(t[k + 1], until)
        c2, c3 = _cubic(t, y, s, k)
        part = (high_end - low_end) / parts
        for i in range(parts):
            x = low_end + part * i
            slope = _slope(t, s, k, c2, c3, x)
            grid[m, 0], grid[m, 1] = x, slope
            steepest = max(steepest, slope)
            m += 1
        low_end = high_end
        if high_end >= until:
            break
        k += 1
    slope = _slope(t, s, k, c2, c3, until)
    grid[m, 0], grid[m, 1] = until, slope
    steepest = max(steepest, slope)
    m += 1
    if not steepest > 0.0:
        return math.nan, NOTHING
    total, mean = 0.0, 0.0
    one = 1.0 / steepest
    for i in range(m):
        if 0 < i < m - 1:
            weight = 0.5 * (grid[i + 1, 0] - grid[i - 1, 0])
        else:
            weight = grid[min(i + 1, m - 1), 0] - grid[max(i - 1, 0), 0]
        relative = grid[i, 1] * one
        for _ in range(power):
            weight *= relative
        grid[i, 1] = weight
        total += weight
        mean += weight * grid[i, 0]
    mean /= total
    spread = 0.0
    for i in range(m):
        spread += grid[i, 1] * (grid[i, 0] - mean) ** 2
    spread = math.sqrt(spread / total)
    start, end = max(mean - window * spread, begin), min(mean + window * spread, until)
    low, high = _value(t, y, s, n, start), _value(t, y, s, n, end)
    largest = 0.0  # there is no light before there are particles
    for i in range(n):
        largest = max(largest, y[i])
    if high - low < least * largest:
        return math.nan, NOTHING
    if mean + complete * spread > record_end:
        return math.nan, 2
    middle = 0.5 * (low + high)
    for _ in range(60):
        x = 0.5 * (start + end)
        if _value(t, y, s, n, x) < middle:
            start = x
        else:
            end = x
    return 0.5 * (start + end), 0


@kernel
def read_times(t, f, light, n, end, settings, s, scratch, grid, out):
    """T50 and its code, and the time of half crystallisation, of one sampled curve: out[4:7]."""
    out[5] = NOTHING
    out[4] = math.nan
    out[6] = pchip_crossing(t, f, n, 0.5)
    if n < 2 or f[n - 1] < 0.5:
        return
    first, last = crystalline_at(t, f, n, 0.01), crystalline_at(t, f, n, 0.99)
    until = last + (last - first)
    t50, code = steepest_rise(t, light, n, first, until, end, settings, s, scratch, grid)
    if code == NOTHING and first < 600.0:
        t50, code = steepest_rise(t, light, n, t[0], until, end, settings, s, scratch, grid)
        code = 3 if code == 0 else code
    out[4], out[5] = t50, code
