"""Compiled speciation of solutions alone: no network, any constant set, many waters in one call.

The text is the speciation part of a model's module, and a loop over waters that needs no lock of
Python's, so that threads share the work. Each water starts from its own totals, whatever stood
before it: results depend neither on the order of the waters nor on the number of threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from calcikin.chemistry.activity_models import LOWEST_WATER, WATER_FACTOR
from calcikin.chemistry.constants import ConstantSet
from calcikin.compiler.driver_source import HEADER, NEWTON
from calcikin.compiler.layout import ABSENT, Layout, SolutionTables, solution_tables
from calcikin.compiler.module import (
    cache_directory,
    generator_hash,
    load_module,
    write_module,
)
from calcikin.compiler.newton_source import emit_newton_step
from calcikin.compiler.speciation_source import SpeciationSlots, emit_speciation

__all__ = ["CompiledSolution", "compile_solution"]

#: Columns of what `solve_many` leaves beside the free concentrations.
COLUMNS = ("iterations", "ionic_strength", "ln_water", "ln_ah", "residual", "total_H")

#: Change of the ln of the activity of water at which it counts as settled: the relative error of
#: the concentration of a species with one H2O.
SETTLED = 1e-11

#: Waters that are solved side by side in the lanes of vector instructions.
WIDTH = 4

#: The loop over waters. ``which`` picks the row of ``vectors`` (one for each temperature); pH and
#: carbonate are held where ``ln_ah`` and ``ln_carbonate`` are not NaN, and ``slope`` is what the
#: latter rises by with the ln of the activity of water. Lane l of slot k lies at k * W + l.
MANY = '''
threaded = njit(cache=True, error_model="numpy", fastmath=False, nogil=True)
newton_lanes = weave("newton", [_equations, _step], ("q", "tot", "x", "s", "d"), W)


@kernel
def _first_guess(q, tot, x, width, lane):
    """As cold_start, but with the ionic strength of what is dissolved, a tenth of it bound."""
    strength = 0.0
    for i in range(SQUARES.size):
        total = tot[i * width + lane]
        if i < {n_cations}:
            x[i * width + lane] = math.log(0.5 * total) if total > {absent} else -230.0
        if i != {h}:
            strength += 0.45 * SQUARES[i] * total
    held = q[{ph_fixed} * width + lane] > 0.5
    x[{h} * width + lane] = q[{ln_ah} * width + lane] if held else -17.0
    # from too low a one Newton may swing to and fro
    x[{n_cations} * width + lane] = max(strength, 0.01)
    return 0


@kernel
def _residual(q, tot, s, width, lane):
    """Largest relative imbalance of a cation, and of the ionic strength."""
    worst = 0.0
    for i in range({n_cations}):
        if i == {h} and q[{ph_fixed} * width + lane] > 0.5:
            continue
        # against all that holds it too: the total of H may be a small difference of large numbers
        scale = s[({first_m} + i * N_UNKNOWNS + i) * width + lane]
        scale += abs(tot[i * width + lane])
        if scale > 0.0:
            worst = max(worst, abs(s[({first_r} + i) * width + lane]) / scale)
    if q[{i_fixed} * width + lane] < 0.5:
        strength = s[{ionic_strength} * width + lane]
        worst = max(worst, abs(s[{half_sum} * width + lane] / strength - 1.0))
    return worst


@kernel
def _water(solutes):
    """The ln of the activity of water beside what is dissolved."""
    return math.log(max(1.0 - {water_factor} * solutes, {lowest_water}))


@inner
def _settle(q, tot, x, s):
    """Equilibrium of one water, and the activity of water that belongs to it; all iterations."""
    _first_guess(q, tot, x, 1, 0)
    steps = -1
    if q[{ph_fixed}] < 0.5:
        steps = _close_ph(q, tot, x, s)
    if steps < 0:
        steps = speciate(q, tot, x, s)
    if WATER < 0 or steps < 0:
        return steps
    for k in range(100):
        now = _water(s[SOLUTES])
        if abs(now - q[WATER]) <= {settled}:
            return steps
        q[WATER] = now
        q[FIXED_ACTIVITY] = math.exp(q[FIXED_LN] + q[FIXED_SLOPE] * now)
        it = speciate(q, tot, x, s)
        if it < 0:
            return it
        steps += it
    return -1


@inner
def _newton(q, tot, x, s, d):
    """Newton in all lanes; one that has arrived stands still. d: arrived, last step, steps."""
    for lane in range(W):
        d[lane] = 0.0  # whether it has arrived
        d[2 * W + lane] = 0.0  # steps
    for it in range(40):
        newton_lanes(q, tot, x, s, d)
        running = 0
        for lane in range(W):
            if d[lane] < 0.5:
                d[2 * W + lane] += 1.0
                if d[W + lane] < 1e-6 or not (d[W + lane] < 1e300):
                    d[lane] = 1.0
                else:
                    running += 1
        if running == 0:
            break
    newton_lanes(q, tot, x, s, d)  # nothing moves: the equations where it has arrived
    return 0


@kernel
def _leave(q, tot, s, width, lane, steps, k, free, other):
    """Write the answer of water k."""
    for i in range(N_FREE):
        free[i, k] = s[({first_free} + i) * width + lane]
    for i in range(N_FREE, free.shape[0]):
        free[i, k] = tot[i * width + lane]
    other[0, k] = steps
    other[1, k] = s[{ionic_strength} * width + lane]
    other[2, k] = q[WATER * width + lane] if WATER >= 0 else 0.0
    other[3, k] = s[{lna_h} * width + lane]
    other[4, k] = _residual(q, tot, s, width, lane)
    other[5, k] = s[{total_h} * width + lane]
    return 0


@threaded
def solve_many(vectors, which, totals, ln_ah, ln_carbonate, slope, first, last, free, other):
    """Speciate the waters (columns) first to last of totals; the number that failed."""
    n_q, n_tot = vectors.shape[1], totals.shape[0]
    q, tot, x, s = np.empty(n_q), np.empty(n_tot), np.empty(N_UNKNOWNS), np.empty(N_SLOTS)
    qs, tots = np.empty(n_q * W), np.empty(n_tot * W)
    xs, ss, d = np.empty(N_UNKNOWNS * W), np.empty(N_SLOTS * W), np.empty(3 * W)
    held = np.full(W, -1)
    failed = 0
    for block in range(first, last, W):
        for lane in range(W):
            k = min(block + lane, last - 1)
            if held[lane] != which[k]:
                held[lane] = which[k]
                for i in range(n_q):
                    qs[i * W + lane] = vectors[which[k], i]
            for i in range(n_tot):
                tots[i * W + lane] = totals[i, k]
            _conditions(qs, W, lane, ln_ah[k], ln_carbonate[k], slope[k])
            _first_guess(qs, tots, xs, W, lane)
        _newton(qs, tots, xs, ss, d)
        for lane in range(min(W, last - block)):
            k = block + lane
            steps = int(d[2 * W + lane])
            good = d[W + lane] < 1e-6
            if good and WATER >= 0:
                settled = _water(ss[SOLUTES * W + lane]) - qs[WATER * W + lane]
                good = abs(settled) <= {settled}
            if good:
                _leave(qs, tots, ss, W, lane, steps, k, free, other)
                continue
            # alone, from far away where it must be
            for i in range(n_q):
                q[i] = vectors[which[k], i]
            for i in range(n_tot):
                tot[i] = totals[i, k]
            _conditions(q, 1, 0, ln_ah[k], ln_carbonate[k], slope[k])
            again = _settle(q, tot, x, s)
            if again >= 0:
                _leave(q, tot, s, 1, 0, steps + again, k, free, other)
                continue
            failed += 1
            free[:, k] = np.nan
            other[:, k] = np.nan
    return failed
'''

CONDITIONS = '''
@kernel
def _conditions(q, width, lane, ln_ah, ln_carbonate, slope):
    """Write what is held in one water; the activity of water begins at 1."""
    q[{ph_fixed} * width + lane] = 0.0 if math.isnan(ln_ah) else 1.0
    q[{ln_ah} * width + lane] = 0.0 if math.isnan(ln_ah) else ln_ah
    if not math.isnan(ln_carbonate):
        q[FIXED * width + lane] = 1.0
        q[FIXED_LN * width + lane] = ln_carbonate
        q[FIXED_SLOPE * width + lane] = slope
        q[FIXED_ACTIVITY * width + lane] = math.exp(ln_carbonate)
    if WATER >= 0:
        q[WATER * width + lane] = 0.0
    return 0
'''


@dataclass(frozen=True)
class CompiledSolution:
    """Kernels for the solutions of one constant set.

    Attributes
    ----------
    module : module
        ``solve_many(vectors, which, totals, ln_ah, ln_carbonate, slope, first, last, free, other)``
        and all of the speciation: ``cold_start``, ``speciate``.
    layout : dict[str, int]
        Slots of q.
    slots : SpeciationSlots
        Slots of s.
    tables : SolutionTables
        Order of the components.
    path : Path
        The generated file.
    """

    module: ModuleType
    layout: dict[str, int]
    slots: SpeciationSlots
    tables: SolutionTables
    path: Path

    @property
    def n_unknowns(self) -> int:
        """Number of unknowns of the speciation (free cations and ionic strength)."""
        return len(self.tables.cations) + 1


def compile_solution(constants: ConstantSet, activity: str | None = None) -> CompiledSolution:
    """Compiled speciation of a constant set, generated when the cache has none.

    Parameters
    ----------
    constants : ConstantSet
        Every species may hold one ligand at most.
    activity : str, optional
        ``davies`` or ``truesdell_jones``; by default that of the set.

    Returns
    -------
    CompiledSolution
    """
    tables = solution_tables(constants, activity)
    layout, slots = Layout.of_solution(tables), SpeciationSlots(tables)
    text = _source(tables, layout, slots)
    key = hashlib.sha256((generator_hash() + text).encode()).hexdigest()[:32]
    path = cache_directory() / f"s{key}.py"
    if not path.exists():
        write_module(path, text)
    return CompiledSolution(load_module(path), layout.q, slots, tables, path)


def _source(tables: SolutionTables, layout: Layout, slots: SpeciationSlots) -> str:
    """Text of the module."""
    cations, ligands = tables.cations, tables.ligands
    # a set without carbonate, or a model with water of activity 1, has slots that nothing reads
    gas = "CO3" if "fixed.CO3" in layout.q else "none"
    names = {
        "FIXED": f"fixed.{gas}",
        "FIXED_ACTIVITY": f"activity.{gas}",
        "FIXED_LN": f"ln_activity.{gas}",
        "FIXED_SLOPE": f"slope.{gas}",
    }
    written = {name: layout.slot(slot) for name, slot in names.items()}
    water = layout.q.get("ln_water", -1)
    squares = [float(tables.charges[c] ** 2) for c in tables.components]
    numbers = [
        f"N_UNKNOWNS, N_SLOTS, W = {len(cations) + 1}, {slots.size}, {WIDTH}",
        f"N_FREE = {len(cations) + len(ligands)}",
        f"WATER, SOLUTES = {water}, {slots.index.get('solutes', 0)}",
        *(f"{name} = {slot}" for name, slot in written.items()),
        f"SQUARES = np.array({squares!r})",
    ]
    driver = (NEWTON + CONDITIONS + MANY).format(
        n_cations=len(cations),
        n_components=len(tables.components),
        h=cations.index("H"),
        ln_ah=layout.slot("ln_ah"),
        ph_fixed=layout.slot("ph_fixed"),
        first_m=slots["m.0.0"],
        first_u=slots["u.0.0"],
        first_r=slots["r.0"],
        first_free=slots[f"free.{cations[0]}"],
        iterations=slots["iterations"],
        total_h=slots["total_H"],
        i_fixed=layout.slot("i_fixed"),
        i_value=layout.slot("i_value"),
        half_sum=slots["half_sum"],
        ionic_strength=slots["I"],
        lna_h=slots["lna.H"],
        water_factor=WATER_FACTOR,
        lowest_water=LOWEST_WATER,
        settled=SETTLED,
        absent=ABSENT,
    )
    head = HEADER.format(name="solutions")
    parts = [head, *numbers]
    for lines in (
        emit_speciation(tables, layout, slots),
        emit_newton_step(tables, slots),
        emit_newton_step(tables, slots, name="_step", also=_water_lines(slots, written, water)),
    ):
        parts += ["", "", "@straight", *lines]
    return "\n".join([*parts, "", driver])


def _water_lines(slots: SpeciationSlots, written: Mapping[str, int], water: int) -> list[str]:
    """Lines that take the activity of water along with a Newton step; it ends when both stand."""
    if water < 0:
        return []
    fixed, ln, slope = (written[k] for k in ("FIXED_ACTIVITY", "FIXED_LN", "FIXED_SLOPE"))
    return [
        f"left = max(1.0 - {WATER_FACTOR}*s[{slots['solutes']}], {LOWEST_WATER})",
        f"w = math.log(left) if go else q[{water}]",
        f"big = max(big, {1e-6 / SETTLED}*abs(w - q[{water}]))",
        f"q[{water}] = w",
        f"q[{fixed}] = math.exp(q[{ln}] + q[{slope}]*w)",
    ]
