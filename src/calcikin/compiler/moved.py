"""Derivatives of the times that are read from a trajectory, from those of its states.

Where the last CPP1 vanish, within a tenth of a second, the light has a kink. A T50 that is read
from samples y(t_i) wobbles as the kink moves past them (by 0.02 min with readings every 3 min),
which is nothing in a time and per cents of its derivative. So the readings move along with the
kink, at the rate c at which the crystalline fraction f becomes nearly whole:

    c = -(df/dd)/(df/dt),   at the last reading with f < 0.99                             (1)
    t_i(h) = t_i + h c w_i,   y_i(h) = y_i + h (dy_i/dd + c w_i dy_i/dt),   w_i = t_i/t_k (2)
    dT/dd = (T(h) - T(-h)) / 2h                                                           (3)

d is a direction of the parameters. The curve is at the same place among its readings on either
side, and (3) is the implicit function theorem for T, since y(h) is exact to first order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from calcikin.compiler.curves import fraction_and_light, read_times

__all__ = ["moved_times"]

kernel = njit(cache=True, error_model="numpy", fastmath=False, nogil=True)

MOMENT = 1e-4  # s; a step in time, much less than a front lasts
NEARLY = 0.99  # crystalline fraction by which the last CPP1 vanish; as in `read_times`


@kernel
def _read(t, y, volumes, place, optics, table, spacing, end, settings, work, scratch, grid, out):
    """T50 and time of half crystallisation of sampled states: out[4] and out[6] [s]."""
    n = t.size
    f, light, slopes = work[0], work[1], work[2]
    for i in range(n):
        f[i], light[i] = fraction_and_light(y[i], volumes, place, optics, table, spacing)
    read_times(t, f, light, n, end, settings, slopes, scratch, grid, out)


@kernel
def moved_times(
    t, y, rate, dy, volumes, dvolumes, steps, end, place, optics, table, spacing, settings, out
):
    """T50 and the time of half crystallisation, and their derivatives in every direction.

    t: (n,) [s]; y, rate: (n, n_states), states and their time derivatives; dy: (k, n, n_states);
    volumes, dvolumes: molar volumes of the populations, (p,) and (k, p); steps: (k,); end: end of
    the run [s]; the rest as in `calcikin.compiler.curves`. out: (k + 1, 2), the times [s], then
    their derivatives; NaN where there is no such time.
    """
    n, size, directions = t.size, y.shape[1], dy.shape[0]
    work, scratch, found = np.empty((3, n)), np.empty((n, 3)), np.empty(7)
    grid = np.empty((int(settings[3]) * (n + 1) + 2, 2))
    moved, times = np.empty((n, size)), np.empty(n)
    own, ends = np.empty(volumes.size), np.empty((2, 2))
    args = (place, optics, table, spacing, end, settings, work, scratch, grid, found)
    _read(t, y, volumes, *args)
    out[0, 0], out[0, 1] = found[4], found[6]
    last = -1
    for i in range(n):
        if work[0, i] < NEARLY:
            last = i
    for d in range(directions):
        h, c = steps[d], 0.0
        if last >= 0 and t[last] > 0.0:
            for j in range(2):  # df in time, then in the direction
                for side in range(2):
                    move = (MOMENT if j == 0 else h) * (1.0 if side == 0 else -1.0)
                    for m in range(size):
                        step = rate[last, m] if j == 0 else dy[d, last, m]
                        moved[0, m] = y[last, m] + move * step
                    ends[j, side], _ = fraction_and_light(
                        moved[0], volumes, place, optics, table, spacing
                    )
            forward, along = ends[0, 0] - ends[0, 1], ends[1, 0] - ends[1, 1]
            if forward > 0.0:
                c = -(along / h) / (forward / MOMENT)
        for side in range(2):
            move = h if side == 0 else -h
            for i in range(n):
                shift = c * t[i] / t[last] if c != 0.0 else 0.0
                times[i] = t[i] + move * shift
                for m in range(size):
                    moved[i, m] = y[i, m] + move * (dy[d, i, m] + shift * rate[i, m])
            for p in range(own.size):
                own[p] = volumes[p] + move * dvolumes[d, p]
            _read(times, moved, own, *args)
            ends[0, side], ends[1, side] = found[4], found[6]
        out[1 + d, 0] = (ends[0, 0] - ends[0, 1]) / (2.0 * h)
        out[1 + d, 1] = (ends[1, 0] - ends[1, 1]) / (2.0 * h)
