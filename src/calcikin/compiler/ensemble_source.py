"""Source of the ensemble kernels: one Rosenbrock stage, the matrix, and the step control.

The unknowns are z = (y, x): the states, and the logarithms of the free cations with the ionic
strength as algebraic unknowns (an index-1 DAE). So no Newton iteration runs inside a stage, and a
lane never waits for its neighbour:

    dy/dt = f(y, x),    0 = g(y, x)   (mass balances of the cations, definition of I)

The equations are those of the single-run module, imported from it and woven together with what is
written here: for the matrix M/(gamma h) - J the chain rule through the solution variables, then the
elimination; for a stage the right-hand side and the two triangular solves.

Where the network conserves a sum w.y (calcium, charge ...), w.f = 0 and w.J = 0, so that every
stage fulfils w.U = 0. That short row takes the place of the longest row of the sum, the one of the
dissolved total, in which all processes meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calcikin.compiler.elimination import eliminate
from calcikin.compiler.kinetics_source import JacobianTables, KineticsSource
from calcikin.compiler.layout import ABSENT, Layout, SolutionTables
from calcikin.compiler.speciation_source import SpeciationSlots
from calcikin.model.network import Network

__all__ = ["System", "model_system", "system_source"]

FALLEN = 1e6  # tolerances that a population has had before it can be gone


@dataclass(frozen=True)
class System:
    """A system of equations as the ensemble generator sees it.

    Attributes
    ----------
    n : int
        Unknowns.
    n_algebraic : int
        How many of them, the last ones, are algebraic.
    imports : list of str
        Lines that import the straight-line functions used below.
    functions : list of str
        Text of further straight-line functions.
    right, matrix : sequence of str
        Names of the functions that lead to the right-hand sides ``f_i`` and to the Jacobian.
    values, first_values : Mapping of int to str
        Text of the right-hand side of each equation, after ``right`` and after ``matrix``.
    entries : Mapping of (int, int) to str
        Text of the entries of minus the Jacobian, after ``matrix``.
    registers : sequence of str
        Arrays that pass numbers between those functions.
    readable : sequence of str
        Registers that ``values`` and ``entries`` read.
    positive : sequence of int
        Unknowns that may not fall below zero by more than their tolerance.
    conserved : Mapping of int to Mapping of int to float
        Row -> factors of other unknowns whose sum with this unknown never changes; in place of the
        row's own equation.
    populations : sequence of sequence of int
        Amount and number of particles, and what else goes with them.
    cations : Mapping of int to int
        Total -> logarithm of the free concentration, which means nothing while there is none.
    """

    n: int
    n_algebraic: int
    imports: Sequence[str]
    functions: Sequence[str]
    right: Sequence[str]
    matrix: Sequence[str]
    values: Mapping[int, str]
    first_values: Mapping[int, str]
    entries: Mapping[tuple[int, int], str]
    registers: Sequence[str]
    readable: Sequence[str]
    positive: Sequence[int]
    conserved: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    populations: Sequence[Sequence[int]] = ()
    cations: Mapping[int, int] = field(default_factory=dict)


def _sum(terms: Sequence[tuple[float, str]]) -> str:
    return " + ".join(text if c == 1.0 else f"{c!r}*{text}" for c, text in terms)


def model_system(
    module: str,
    kinetics: KineticsSource,
    tables: SolutionTables,
    layout: Layout,
    slots: SpeciationSlots,
    jacobian: JacobianTables,
) -> System:
    """Equations of a model, on top of its single-run module ``module``."""
    states, cations = kinetics.network.states, tables.cations
    ns, nx = len(states), len(cations) + 1
    first = layout.slot(f"total.{tables.components[0]}")
    position = {c: i for i, c in enumerate(tables.components)}
    unpack = ["def _unpack(z, q, y, x, tot):"]
    unpack += [f"    y[{i}] = z[{i}]" for i in range(ns)]
    unpack += [f"    x[{k}] = z[{ns + k}]" for k in range(nx)]
    unpack += [f"    tot[{k}] = q[{first + k}]" for k in range(len(tables.components))]
    unpack += [f"    tot[{position[c]}] = z[{i}]" for i, c in kinetics.dynamic_totals]
    entries = _entries(kinetics, tables, layout, slots, jacobian)
    algebraic = {ns + k: f"s[{slots[f'r.{k}']}]" for k in range(nx)}
    return System(
        n=ns + nx,
        n_algebraic=nx,
        imports=[f"from {module} import _assemble, _equations, _gradients, _rates"],
        functions=["\n".join(unpack)],
        right=("_unpack", "_equations", "_rates", "_assemble"),
        matrix=("_unpack", "_equations", "_gradients"),
        values={i: f"dy[{i}]" for i in range(ns)} | algebraic,
        first_values=kinetics.derivatives("G", jacobian.rates) | algebraic,
        entries=entries,
        registers=("y", "x", "tot", "s", "v", "dy", "G"),
        readable=("q", "tot", "s", "dy", "G"),
        positive=[
            i for i, state in enumerate(states) if state.component is not None and not state.signed
        ],
        conserved=_conserved_rows(kinetics.network, entries),
        populations=[
            [kinetics.network.index(name) for name in (p.amount, p.number, p.guest) if name]
            for p in kinetics.network.populations
        ],
        cations={
            i: ns + cations.index(c)
            for i, c in kinetics.dynamic_totals
            if c in cations and c != "H"
        },
    )


def _conserved_rows(
    network: Network, entries: Mapping[tuple[int, int], str]
) -> dict[int, dict[int, float]]:
    """Conserved sums, each solved for the state whose row of the Jacobian is the longest."""
    rows = network.conserved()[1].copy()
    length = Counter(row for row, _ in entries)
    states = range(len(network.states))
    found: dict[int, int] = {}
    for column in sorted(states, key=lambda i: (-length[i], i)):
        free = [r for r in range(len(rows)) if r not in found.values()]
        if not free:
            break
        pivot = max(free, key=lambda r: abs(rows[r, column]))
        if abs(rows[pivot, column]) < 1e-9:  # stoichiometric numbers; what is less is rounding
            continue
        rows[pivot] /= rows[pivot, column]
        for r in range(len(rows)):
            if r != pivot:
                rows[r] -= rows[r, column] * rows[pivot]
        found[column] = pivot
    return {
        column: {
            i: float(rows[pivot, i]) for i in states if i != column and abs(rows[pivot, i]) > 1e-9
        }
        for column, pivot in found.items()
    }


def _entries(
    kinetics: KineticsSource,
    tables: SolutionTables,
    layout: Layout,
    slots: SpeciationSlots,
    jacobian: JacobianTables,
) -> dict[tuple[int, int], str]:
    """Text of the entries of minus the Jacobian of (f, g) with respect to (y, x)."""
    cations = tables.cations
    ns, nx = len(kinetics.network.states), len(cations) + 1
    position = {c: i for i, c in enumerate(tables.components)}
    state_of = {c: i for i, c in kinetics.dynamic_totals}
    sums: dict[tuple[int, int], list[str]] = {}

    def add(row: int, column: int, text: str) -> None:
        sums.setdefault((row, column), []).append(text)

    for row, column, slot, factor in jacobian.direct:
        add(row, column, f"{-factor!r}*G[{slot}]")
    through: dict[tuple[int, int], list[tuple[float, str]]] = {}
    for row, variable, slot, factor in jacobian.through:
        through.setdefault((row, variable), []).append((-factor, f"G[{slot}]"))
    dg = f"s[{slots['dg']}]"
    helpers: dict[str, int] = {}
    for (row, variable), terms in through.items():
        kind, name = kinetics.solution[variable]
        total = f"({_sum(terms)})"
        z2 = float(tables.charges[name] ** 2)
        if name in cations:
            add(row, ns + cations.index(name), total)
            add(row, ns + nx - 1, f"{z2!r}*{dg}*{total}")
            continue
        scaled = total if kind == "ln_activity" else f"s[{slots['a.' + name]}]*{total}"
        add(row, helpers.setdefault(name, ns + nx + len(helpers)), scaled)
        add(row, ns + nx - 1, f"{z2!r}*{dg}*{scaled}")
    for name, helper in helpers.items():
        # ln of the free ligand: ln T - ln Q
        add(helper, helper, "1.0")
        for k in _held(name, tables):
            add(helper, ns + k, f"s[{slots[f'n.{name}.{k}']}]")
        add(helper, ns + nx - 1, f"s[{slots['nw.' + name]}]*{dg}")
        if name in state_of:
            # what is absent has no share that could change; the guard keeps 0/0 out
            add(helper, state_of[name], f"-1.0/max(tot[{position[name]}], 1e-100)")
    h = cations.index("H")
    free_h = f"(1.0 - q[{layout.slot('ph_fixed')}])"
    free_i = f"(1.0 - q[{layout.slot('i_fixed')}])"
    for component, state in state_of.items():
        if component in cations:
            k = cations.index(component)
            on = free_h if k == h else f"(1.0 if tot[{position[component]}] > {ABSENT!r} else 0.0)"
            add(ns + k, state, on)
            continue
        if component not in tables.ligands:
            continue
        for k in _held(component, tables):
            factor_h = f"*{free_h}" if k == h else ""
            add(ns + k, state, f"-s[{slots[f'n.{component}.{k}']}]{factor_h}")
        # q holds 1/Q, nz the mean z^2 of the ligand's species: dI/dT = nz / 2
        add(ns + nx - 1, state, f"0.5*s[{slots['nz.' + component]}]*{free_i}")
    for k in range(nx):
        for j in range(nx):
            add(ns + k, ns + j, f"-s[{slots[f'm.{k}.{j}']}]")
    return {key: " + ".join(texts) for key, texts in sums.items()}


def _held(ligand: str, tables: SolutionTables) -> list[int]:
    """Cations that a ligand's species hold."""
    species = tables.by_ligand[ligand]
    return [
        k
        for k, c in enumerate(tables.cations)
        if any(tables.stoichiometry[s].get(c) for s in species)
    ]


def system_source(system: System) -> tuple[list[str], int]:
    """Return the text of the straight-line functions of a system, and the size of its LU.

    ``_factorise`` leaves the factors in lu; ``_solve_first`` leaves U_1 in u, from what the matrix
    was made of, and ``_solve_stage`` any other U_i; ``_control`` decides about a step and
    ``_advance`` takes it.
    """
    n, algebraic = system.n, range(system.n - system.n_algebraic, system.n)
    entries = {key: text for key, text in system.entries.items() if key[0] not in system.conserved}
    for i, factors in system.conserved.items():
        entries |= {(i, j): repr(factor) for j, factor in ((i, 1.0), *factors.items())}
    size = 1 + max(max(key) for key in entries)  # with helpers, which have no unknown of their own
    plan = eliminate(entries, size)
    arguments = ", ".join(system.readable)
    factorise = [f"def _factorise({arguments}, ig, lu):"]
    for i, lines in plan.factor.items():
        for j in range(size):
            text = entries.get((i, j), "0.0" if i == j else "")
            if i == j and i < n and i not in algebraic and i not in system.conserved:
                text += " + ig[0]"
            if text:
                factorise.append(f"    a_{i}_{j} = {text}")
        factorise += [f"    {line}" for line in lines]
    functions = [*system.functions, "\n".join(factorise)]
    for name, values, history in (
        ("_solve_first", system.first_values, ""),
        ("_solve_stage", system.values, "c, ih, "),
    ):
        stage = [f"def {name}({arguments}, {history}lu, u):"]
        for i in range(n):
            past = f" + c[{i}]*ih[0]" if history and i not in algebraic else ""
            stage.append(f"    b_{i} = " + ("0.0" if i in system.conserved else values[i] + past))
        stage += [f"    b_{i} = 0.0" for i in range(n, size)]
        stage += [f"    {line}" for line in plan.solve]
        stage += [f"    u[{i}] = b_{i}" for i in range(n)]
        functions.append("\n".join(stage))
    return [*functions, *_control(system)], plan.size


def _control(system: System) -> list[str]:
    """Text of ``_control`` and ``_advance``.

    tol: absolute tolerances, then rtol, then -1/order. The error is the root of the mean square of
    U_s over its weight, over the differential unknowns. ``ok`` tells accepted (1) from rejected
    (0); every comparison is False for a NaN, so that a lane without numbers is rejected.

    A population that has fallen to less than its tolerances, and to a millionth of what it was, is
    gone: what is left of it goes back into the conserved sums (to the dissolved totals). Its last
    traces would otherwise decide about the steps, for nothing.

    past: step and error of the last accepted step, then the largest amount of each population.
    """
    n, nd = system.n, system.n - system.n_algebraic
    control = ["def _control(z, zs, u, tol, h, calm, past, zn, ok, hn):", "    sum = 0.0"]
    for i in range(n):
        control.append(f"    n_{i} = zs[{i}] + u[{i}]")
        if i < nd:
            weight = f"(tol[{i}] + tol[{n}]*max(abs(z[{i}]), abs(n_{i})))"
            control.append(f"    e_{i} = u[{i}]/{weight}")
            control.append(f"    sum = sum + e_{i}*e_{i}")
    control.append("    low = 1.0")
    # a dissolved total below zero by more than a hundred tolerances has no chemistry
    control += [f"    low = min(n_{i} + 100.0*tol[{i}], low)" for i in system.positive]
    control += [
        f"    error = math.sqrt(sum*{1.0 / nd!r})",
        "    good = error <= 1.0 and low >= 0.0",
        "    size = min(max(error, 1e-6), 1e10)",
        f"    factor = 0.9*size**tol[{n + 1}]",
        # Gustafsson's prediction: errors that rose from the last step to this go on rising
        f"    trend = factor*h[0]/past[0]*(size/past[1])**tol[{n + 1}]",
        "    factor = min(factor, trend) if past[0] > 0.0 else factor",
        "    up = min(max(factor, 0.2), 6.0 if calm[0] > 0.5 else 1.0)",
        # near a front errors grow far more steeply with the step than the method's order says: as
        # steeply as between the last accepted step and the refused one
        "    steep = past[0] > 0.0 and h[0] > past[0] and size > past[1]",
        f"    power = -math.log(h[0]/past[0])/math.log(size/past[1]) if steep else tol[{n + 1}]",
        f"    down = 0.8*size**min(max(power, tol[{n + 1}]), -0.05)",
        "    down = min(max(down, 0.1), 0.6) if error < 1e10 else 0.1",  # and for a NaN
        "    past[0] = h[0] if good else past[0]",
        "    past[1] = size if good else past[1]",
        "    hn[0] = h[0]*(up if good else down)",
        "    ok[0] = 1.0 if good else 0.0",
    ]
    for p, (amount, number, *others) in enumerate(system.populations):
        slot = f"past[{2 + p}]"
        control += [
            f"    {slot} = max({slot}, z[{amount}])",
            f"    gone = n_{amount} < tol[{amount}] and n_{number} < tol[{number}]"
            f" and n_{amount} < z[{amount}] and {slot} > {FALLEN!r}*tol[{amount}]",
        ]
        for k in (amount, number, *others):
            control.append(f"    left = n_{k} if gone else 0.0")
            control.append(f"    n_{k} = n_{k} - left")
            control += [
                f"    n_{i} = n_{i} + {factors[k]!r}*left"
                for i, factors in system.conserved.items()
                if k in factors
            ]
    for total, free in system.cations.items():
        # what comes into a solution without it begins with a concentration, not from nowhere
        control.append(f"    comes = z[{total}] <= {ABSENT!r} and n_{total} > {ABSENT!r}")
        control.append(
            f"    n_{free} = math.log(max(n_{total}, {ABSENT!r})) if comes else n_{free}"
        )
    control += [f"    zn[{i}] = n_{i}" for i in range(n)]
    advance = ["def _advance(z, zn, ok):", "    good = ok[0] > 0.5"]
    advance += [f"    z[{i}] = zn[{i}] if good else z[{i}]" for i in range(n)]
    return ["\n".join(control), "\n".join(advance)]
