"""Compiled speciation of solutions alone: no network, any constant set, many waters in one call.

The text is the speciation part of a model's module, and a loop over waters that needs no lock of
Python's, so that threads share the work. Each water starts from its own totals, whatever stood
before it: results depend neither on the order of the waters nor on the number of threads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from calcikin.chemistry.activity_models import LOWEST_WATER, WATER_FACTOR
from calcikin.chemistry.constants import ConstantSet
from calcikin.compiler.driver_source import HEADER, NEWTON
from calcikin.compiler.layout import Layout, SolutionTables, solution_tables
from calcikin.compiler.module import (
    cache_directory,
    generator_hash,
    load_module,
    write_module,
)
from calcikin.compiler.speciation_source import SpeciationSlots, emit_speciation

__all__ = ["CompiledSolution", "compile_solution"]

#: Columns of what `solve_many` leaves beside the free concentrations.
COLUMNS = ("iterations", "ionic_strength", "ln_water", "ln_ah", "residual", "total_H")

#: The loop over waters. ``which`` picks the row of ``vectors`` (one a temperature), ``ln_ah`` and
#: ``ln_carbonate`` are NaN where pH and carbonate are not held; ``slope`` is what the latter rises
#: by with the ln of the activity of water.
MANY = '''
threaded = njit(cache=True, error_model="numpy", fastmath=False, nogil=True)


@kernel
def _residual(q, tot, s):
    """Largest relative imbalance of a cation, and of the ionic strength."""
    worst = 0.0
    for i in range({n_cations}):
        if i == {h} and q[{ph_fixed}] > 0.5:
            continue
        # against all that holds it too: the total of H may be a small difference of large numbers
        scale = abs(tot[i]) + s[{first_m} + i * N_UNKNOWNS + i]
        if scale > 0.0:
            worst = max(worst, abs(s[{first_r} + i]) / scale)
    if q[{i_fixed}] < 0.5:
        worst = max(worst, abs(s[{half_sum}] / s[{ionic_strength}] - 1.0))
    return worst


@kernel
def _settle(q, tot, x, s, slope):
    """Equilibrium, and the activity of water that belongs to it; all iterations."""
    cold_start(q, tot, x)
    steps = speciate(q, tot, x, s)
    if WATER < 0:
        return steps
    it = steps
    for k in range(30):
        if it < 0:
            return -1
        now = math.log(max(1.0 - {water_factor} * s[SOLUTES], {lowest_water}))
        change = now - q[WATER]
        if abs(change) <= 1e-14:
            return steps
        q[WATER] = now
        if q[FIXED] > 0.5:
            q[FIXED_ACTIVITY] *= math.exp(slope * change)
        it = speciate(q, tot, x, s)
        steps += it
    return steps


@threaded
def solve_many(vectors, which, totals, ln_ah, ln_carbonate, slope, first, last, free, other):
    """Speciate the rows first to last of totals; the number that failed."""
    q, tot = np.empty(vectors.shape[1]), np.empty(totals.shape[1])
    x, s = np.empty(N_UNKNOWNS), np.empty(N_SLOTS)
    failed = 0
    for k in range(first, last):
        for i in range(q.size):
            q[i] = vectors[which[k], i]
        for i in range(tot.size):
            tot[i] = totals[k, i]
        q[{ph_fixed}] = 0.0 if math.isnan(ln_ah[k]) else 1.0
        q[{ln_ah}] = ln_ah[k] if q[{ph_fixed}] > 0.5 else 0.0
        if not math.isnan(ln_carbonate[k]):
            q[FIXED] = 1.0
            q[FIXED_ACTIVITY] = math.exp(ln_carbonate[k])
        steps = _settle(q, tot, x, s, slope[k])
        if steps < 0:
            failed += 1
            for i in range(free.shape[1]):
                free[k, i] = np.nan
            for i in range(other.shape[1]):
                other[k, i] = np.nan
            continue
        for i in range(N_FREE):
            free[k, i] = s[{first_free} + i]
        for i in range(N_FREE, free.shape[1]):
            free[k, i] = tot[i]
        other[k, 0] = steps
        other[k, 1] = s[{ionic_strength}]
        other[k, 2] = q[WATER] if WATER >= 0 else 0.0
        other[k, 3] = s[{lna_h}]
        other[k, 4] = _residual(q, tot, s)
        other[k, 5] = s[{total_h}]
    return failed
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
    equations = "\n".join(emit_speciation(tables, layout, slots))
    cations, ligands = tables.cations, tables.ligands
    open_to_gas = "fixed.CO3" in layout.q
    numbers = [
        f"N_UNKNOWNS, N_SLOTS = {len(cations) + 1}, {slots.size}",
        f"N_FREE = {len(cations) + len(ligands)}",
        f"WATER = {layout.q.get('ln_water', -1)}",
        f"SOLUTES = {slots.index.get('solutes', 0)}",
        # a set without carbonate writes to a slot that nothing reads
        f"FIXED = {layout.slot('fixed.CO3' if open_to_gas else 'unused')}",
        f"FIXED_ACTIVITY = {layout.slot('activity.CO3' if open_to_gas else 'unused')}",
    ]
    driver = (NEWTON + MANY).format(
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
    )
    head = HEADER.format(name="solutions")
    return "\n".join([head, *numbers, "", "", "@straight", equations, "", driver])
