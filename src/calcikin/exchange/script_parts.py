"""The part of an exported Python script that is the same for every model.

It is copied into the script as it stands here, from the mark on; what stands before the mark only
lets it be checked and imported here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["MAIN"]

#: How a script starts.
MAIN = '''
def derivative(t, y, solution=None):
    """dy/dt [mol/L/s]."""
    activity, ln_activity = (solution or SOLUTION).activities(y)
    return changes(rates([float(v) for v in y], activity, ln_activity))


def run(times, rtol=1e-8):
    """States at the times [s]; ndarray, shape (n_times, n_states) [mol/L]."""
    start = np.array([value for value, _ in STATES.values()])
    atol = np.array([tolerance for _, tolerance in STATES.values()]) * rtol / 1e-6
    y, info = odeint(
        derivative, start, times, tfirst=True, rtol=rtol, atol=atol, h0=1e-6, mxstep=1_000_000,
        full_output=True,
    )
    if info["message"] != "Integration successful.":
        raise SystemExit("the solver gives up: " + info["message"])
    return y


SOLUTION = Solution(COMPONENTS, SPECIES, list(STATES))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\\n")[0])
    parser.add_argument("--hours", type=float, default=DURATION / 3600.0)
    parser.add_argument("--minutes", type=float, default=3.0, help="between two rows")
    parser.add_argument("--rtol", type=float, default=1e-8, help="relative tolerance")
    parser.add_argument("-o", "--output", help="CSV file; standard output by default")
    chosen = parser.parse_args()
    rows = max(1, round(chosen.hours * 60.0 / chosen.minutes))
    times = np.linspace(0.0, chosen.hours * 3600.0, rows + 1)
    states = run(times, chosen.rtol)
    with open(chosen.output, "w", newline="") if chosen.output else sys.stdout as stream:
        writer = csv.writer(stream)
        writer.writerow(["time [s]", *(name + " [mol/L]" for name in STATES)])
        for t, y in zip(times, states):
            writer.writerow([repr(float(t)), *(repr(float(value)) for value in y)])


if __name__ == "__main__":
    main()
'''

# Tables that a script defines; empty here.
COMPONENTS: dict[str, tuple[int, bool, float]] = {}
SPECIES: dict[str, tuple[float, int, dict[str, int], bool]] = {}
TOTALS: dict[str, float] = {}
MOVING: dict[str, str] = {}
HELD: dict[str, float] = {}
INERT: dict[str, int] = {}
HELD_IONIC_STRENGTH: float | None = None
DEBYE_HUECKEL, DAVIES_B, HIGHEST_IONIC_STRENGTH = 0.0, 0.0, 0.0


# --- begin
def pos(x: Any) -> Any:
    """Positive part."""
    return x if x > 0.0 else 0.0


def cbrt(x: Any) -> Any:
    """Cube root of a number that is not negative."""
    return x ** (1.0 / 3.0)


def cnt_factor(barrier: Any, s: Any) -> Any:
    """exp(-barrier / s^2) for s > 0, else 0."""
    return math.exp(-barrier / (s * s)) if s > 1e-3 else 0.0


def pos_power(x: Any, n: Any) -> Any:
    """x^n for x > 0, else 0."""
    return x**n if x > 0.0 else 0.0


def log1pexp(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


class Solution:
    """Mass balances of the components and the ionic strength, solved by Newton steps."""

    def __init__(self, components: Any, species: Any, states: Any) -> None:
        self.names = list(components)
        self.charge = np.array([z for z, _, _ in components.values()], dtype=float)
        self.cation = [cation for _, cation, _ in components.values()]
        n = len(self.names)
        entries = [(0.0, z, {c: 1}, False) for c, (z, _, _) in components.items()]
        entries += list(species.values())
        self.ln_beta = np.array([ln for ln, _, _, _ in entries])
        self.nu = np.array([[parts.get(c, 0) for c in self.names] for _, _, parts, _ in entries])
        # ln of a concentration: ln beta + nu ln c + weight g, with g the ln gamma of charge 1
        own = np.array([z * z for _, z, _, _ in entries], dtype=float)
        plain = np.array([p for _, _, _, p in entries])
        self.weight = np.where(plain, 0.0, self.nu @ self.charge**2 - own)
        self.z2 = np.where(plain, 0.0, own)
        self.states = {c: states.index("total__" + s) for c, s in MOVING.items()}
        free = np.array([c for _, _, c in components.values()])
        self.x = np.log(np.where(free > 0.0, free, 1e-9))
        self.strength = 0.15
        self.size = n

    def activities(self, y: Any) -> Any:
        """Activity [mol/L] of each component, and its ln."""
        totals = {**TOTALS, **{c: float(y[k]) for c, k in self.states.items()}}
        inert = sum(z * z * totals[c] for c, z in INERT.items())
        on = [c == "H" or c in HELD or totals[c] > 0.0 for c in self.names]
        g = self.solve([totals[c] for c in self.names], on, inert)
        activity, ln_activity = {}, {}
        for k, c in enumerate(self.names):
            ln = float(self.x[k] + self.charge[k] ** 2 * g) if on[k] else -math.inf
            activity[c] = math.exp(ln)
            ln_activity[c] = max(ln, -230.0 if self.cation[k] else -230.25850929940458)
        return activity, ln_activity

    def solve(self, totals: Any, on: Any, inert: Any) -> Any:
        """Bring x = ln c and the ionic strength to equilibrium; returns ln gamma of charge 1."""
        n, active = self.size, np.array(on)
        keep = ~np.any((self.nu != 0) & ~active, axis=1)
        nu, total = self.nu[keep].astype(float), np.array(totals)
        ln_beta, weight, z2 = self.ln_beta[keep], self.weight[keep], self.z2[keep]
        for _ in range(200):
            i = self.strength
            g, slope = davies(i)
            c = np.exp(ln_beta + nu @ np.where(active, self.x, 0.0) + weight * g)
            matrix = np.zeros((n + 1, n + 1))
            weighted = nu * c[:, None]
            matrix[:n, :n] = nu.T @ weighted
            matrix[:n, n] = weighted.T @ weight * slope
            matrix[n, :n] = -0.5 * (z2 @ weighted)
            matrix[n, n] = 1.0 - 0.5 * np.sum(z2 * c * weight) * slope
            rest = np.empty(n + 1)
            rest[:n] = weighted.sum(axis=0) - total
            rest[n] = i - 0.5 * (np.sum(z2 * c) + inert)
            for k, name in enumerate(self.names):
                if not active[k] or name in HELD:
                    matrix[k] = 0.0
                    matrix[k, k] = 1.0
                    rest[k] = 0.0
                if active[k] and name in HELD:
                    z_squared = self.charge[k] ** 2
                    matrix[k, n] = z_squared * slope
                    rest[k] = self.x[k] + z_squared * g - math.log(HELD[name])
            if HELD_IONIC_STRENGTH is not None:
                matrix[n] = 0.0
                matrix[n, n] = 1.0
                rest[n] = i - HELD_IONIC_STRENGTH
            scale = 1.0 / np.abs(matrix).max(axis=1)
            step = np.linalg.solve(matrix * scale[:, None], rest * scale)
            big = max(float(np.abs(step[:n]).max()), abs(float(step[n])) / i)
            cut = min(1.0, 2.0 / big) if big > 0.0 else 1.0
            self.x = self.x - cut * step[:n]
            self.strength = max(i - cut * float(step[n]), 0.1 * i)
            if big < 1e-7:  # the step after the next would be round-off
                return davies(self.strength)[0]
        raise ArithmeticError("the solution has no equilibrium that could be found")


def davies(i: Any) -> Any:
    """The ln of the activity coefficient of charge 1, and its derivative by ionic strength."""
    held = min(i, HIGHEST_IONIC_STRENGTH)
    root = math.sqrt(held)
    slope = 0.5 / (root * (1.0 + root) ** 2) - DAVIES_B if i < HIGHEST_IONIC_STRENGTH else 0.0
    return -DEBYE_HUECKEL * (root / (1.0 + root) - DAVIES_B * held), -DEBYE_HUECKEL * slope
