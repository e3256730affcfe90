"""Source of the compiled speciation: Newton on free cations and ionic strength.

Every species holds at most one ligand, so each ligand total is linear in its free concentration,

    T_L = [L] Q_L,   Q_L = 1 + sum_s beta_s gamma-factors prod_M [M]^nu,

and what remains are the cation balances and the ionic strength,

    R_M = [M] + sum_s nu_sM [s] - T_M = 0,      R_I = I - 1/2 sum z^2 c = 0

with ln gamma_z = z^2 g(I). Written out as straight-line code; the moments of nu over the species
of one
ligand (n_i, n_ij) give residual and exact Jacobian together. A cation whose total is zero is left
out
exactly: its concentration is 0 and its row the identity. H is a cation like the others; with a
fixed pH
its row reads ln[H] + g - ln a_H = 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from calcikin.compiler.activity_source import activity_text, safe
from calcikin.compiler.layout import ABSENT, FIXABLE_LIGANDS, Layout, SolutionTables

__all__ = ["SpeciationSlots", "emit_speciation"]


class SpeciationSlots:
    """Positions in s of what the speciation leaves behind."""

    def __init__(self, tables: SolutionTables) -> None:
        n = len(tables.cations) + 1
        names = ["iterations", "I", "half_sum", "g", "dg", "total_H"]
        names += [f"lna.{c}" for c in tables.cations]
        names += [f"free.{c}" for c in (*tables.cations, *tables.ligands)]
        names += [f"a.{c}" for c in (*tables.cations, *tables.ligands)]
        names += [f"m.{i}.{j}" for i in range(n) for j in range(n)]
        names += [f"u.{i}.{j}" for i in range(n) for j in range(n)]
        names += [f"r.{i}" for i in range(n)]
        for ligand in tables.ligands:
            names += [f"q.{ligand}"]
            names += [f"n.{ligand}.{i}" for i in range(n - 1)]
            names += [f"nw.{ligand}", f"nz.{ligand}"]
        if tables.activity != "davies":
            names.append("solutes")  # what the activity of water follows from
        self.index = {name: i for i, name in enumerate(names)}
        self.size = len(names)

    def __getitem__(self, name: str) -> int:
        return self.index[name]


def _products(terms: Iterable[tuple[int, str]]) -> list[str]:
    """Texts of integer multiples of names; none for zero."""
    return [f"{float(n)}*{name}" for n, name in terms if n]


def _sum(terms: Iterable[tuple[int, str]]) -> str:
    """Text of a sum of integer multiples of names; '0.0' when there are none."""
    parts = [name if n == 1 else f"{float(n)}*{name}" for n, name in terms if n != 0]
    return " + ".join(parts).replace("+ -", "- ") if parts else "0.0"


def emit_speciation(tables: SolutionTables, layout: Layout, slots: SpeciationSlots) -> list[str]:
    """Return the lines of ``_equations(q, tot, x, s)``: residual, Jacobian and what the rates need.

    The Newton loop around it is in ``calcikin.compiler.driver_source``; what depends on the
    activity model is written by ``calcikin.compiler.activity_source``.
    """
    cations = tables.cations
    n = len(cations)
    position = {c: i for i, c in enumerate(tables.components)}
    writer = activity_text(tables, layout)
    factor = writer.by_i
    lines: list[str] = []
    residual: dict[int, list[str]] = {i: [f"c_{c}"] for i, c in enumerate(cations)}
    jacobian: dict[tuple[int, int], list[str]] = {}
    i_column: dict[int, list[str]] = {i: [] for i in range(n)}
    charge_sum: list[str] = [
        f"{float(tables.charges[c] ** 2)}*c_{c}" for c in cations if tables.charges[c]
    ]
    charge_sum += [f"{float(tables.charges[c] ** 2)}*tot[{position[c]}]" for c in tables.inert]
    charge_row: dict[int, list[str]] = {
        i: [f"{float(tables.charges[c] ** 2)}*c_{c}"] for i, c in enumerate(cations)
    }
    charge_i: list[str] = []
    solutes = [f"c_{c}" for c in cations] + [f"tot[{position[c]}]" for c in tables.inert]

    def contributes(key: tuple[int, int], text: str) -> None:
        jacobian.setdefault(key, []).append(text)

    def squared(species: str) -> int:
        return 0 if species in tables.conditional else tables.species_charge[species] ** 2

    for i, c in enumerate(cations):
        contributes((i, i), f"c_{c}")
        slope = writer.cation_slope(c)
        if slope:
            i_column[i].append(f"c_{c}*{slope}")
            charge_i.append(f"{float(tables.charges[c] ** 2)}*c_{c}*{slope}")

    # species without a ligand
    for species in tables.without_ligand:
        term = writer.term(species, None)
        lines.extend(term.lines)
        solutes.append(term.name)
        nu = [(i, tables.stoichiometry[species].get(c, 0)) for i, c in enumerate(cations)]
        z2 = squared(species)
        for i, ni in nu:
            if not ni:
                continue
            residual[i].append(f"{float(ni)}*{term.name}")
            for j, nj in nu:
                if nj:
                    contributes((i, j), f"{float(ni * nj)}*{term.name}")
            i_column[i] += _products(writer.weighted([(ni, term)]))
            if z2:
                charge_row[i].append(f"{float(ni * z2)}*{term.name}")
        if z2:
            charge_sum.append(f"{float(z2)}*{term.name}")
            charge_i += _products(writer.weighted([(z2, term)]))

    for ligand in tables.ligands:
        z_l, fixable, tag = tables.charges[ligand], ligand in FIXABLE_LIGANDS, safe(ligand)
        entries = []
        for species in tables.by_ligand[ligand]:
            term = writer.term(species, ligand)
            lines.extend(term.lines)
            entries.append((term, squared(species), tables.stoichiometry[species]))
        lines.append(f"Q_{tag} = " + " + ".join(["1.0", *(e[0].name for e in entries)]))
        lines.append(f"iq_{tag} = 1.0/Q_{tag}")
        if fixable:
            flag = f"q[{layout.slot('fixed.' + ligand)}]"
            gamma = writer.gamma(ligand)
            divided = f"/{gamma}" if gamma else ""
            lines.append(f"phi_{tag} = 1.0 - {flag}")
            lines.append(
                f"L_{tag} = phi_{tag}*tot[{position[ligand]}]*iq_{tag}"
                f" + {flag}*q[{layout.slot('activity.' + ligand)}]{divided}"
            )
            # at fixed activity every species of this ligand carries -d ln gamma_L besides
            lines.append(f"wl_{tag} = -{flag}*{writer.ligand_slope(ligand)}")
            phi = f"phi_{tag}*"
        else:
            lines.append(f"L_{tag} = tot[{position[ligand]}]*iq_{tag}")
            phi = ""
        if tables.counted(ligand):
            solutes.append(f"L_{tag}*Q_{tag}" if fixable else f"tot[{position[ligand]}]")
        cols = [i for i, c in enumerate(cations) if any(e[2].get(c) for e in entries)]
        counts = {i: [e[2].get(cations[i], 0) for e in entries] for i in cols}
        terms = [e[0] for e in entries]
        names = [term.name for term in terms]
        squares = [e[1] for e in entries]
        for i in cols:
            lines.append(f"n_{tag}_{i} = {_sum(zip(counts[i], names, strict=True))}")
        lines.append(f"nw_{tag} = {_sum(writer.weighted([(1, term) for term in terms]))}")
        own = f"{float(z_l * z_l)}" if z_l else "0.0"
        lines.append(f"nz_{tag} = {own} + {_sum(zip(squares, names, strict=True))}")
        extra = f" + wl_{tag}*n_{tag}_{{i}}" if fixable else ""
        for i in cols:
            residual[i].append(f"L_{tag}*n_{tag}_{i}")
            for j in cols:
                if j < i:
                    continue
                both = [a * b for a, b in zip(counts[i], counts[j], strict=True)]
                nn = _sum(zip(both, names, strict=True))
                name = f"h_{tag}_{i}_{j}"
                lines.append(f"{name} = L_{tag}*({nn} - {phi}n_{tag}_{i}*n_{tag}_{j}*iq_{tag})")
                contributes((i, j), name)
                if j != i:
                    contributes((j, i), name)
            nwi = _sum(writer.weighted(zip(counts[i], terms, strict=True)))
            i_column[i].append(
                f"L_{tag}*({nwi}{extra.format(i=i)} - {phi}n_{tag}_{i}*nw_{tag}*iq_{tag})"
            )
            charged = [a * b for a, b in zip(counts[i], squares, strict=True)]
            zi = _sum(zip(charged, names, strict=True))
            charge_row[i].append(f"L_{tag}*({zi} - {phi}nz_{tag}*n_{tag}_{i}*iq_{tag})")
        charge_sum.append(f"L_{tag}*nz_{tag}")
        zw = _sum(writer.weighted(zip(squares, terms, strict=True)))
        tail = f" + wl_{tag}*nz_{tag}" if fixable else ""
        charge_i.append(f"L_{tag}*({zw}{tail} - {phi}nz_{tag}*nw_{tag}*iq_{tag})")

    # ---- text ---------------------------------------------------------------------------------
    body: list[str] = []
    add = body.append
    add("def _equations(q, tot, x, s):")
    for i, c in enumerate(cations):
        if c == "H":
            add(f"    fixed_H = q[{layout.slot('ph_fixed')}] > 0.5")
            add("    on_H = True")
        else:
            add(f"    on_{c} = not tot[{i}] <= {ABSENT!r}")  # so that a NaN is not taken for absent
        add(f"    x_{c} = x[{i}]")
    add(f"    I = x[{n}]")
    inner = [*writer.head(), *lines]
    put = inner.append
    for i in range(n):
        put(f"r_{i} = " + " + ".join(residual[i]) + f" - tot[{i}]")
    put("S = " + " + ".join(charge_sum))
    put(f"r_{n} = I - 0.5*S")
    for i in range(n):
        for j in range(n):
            put(f"m_{i}_{j} = " + " + ".join(jacobian.get((i, j), ["0.0"])))
        put(f"m_{i}_{n} = {factor}(" + " + ".join(i_column[i] or ["0.0"]) + ")")
    for j in range(n):
        put(f"m_{n}_{j} = -0.5*(" + " + ".join(charge_row[j]) + ")")
    put(f"m_{n}_{n} = 1.0 - 0.5*{factor}(" + " + ".join(charge_i or ["0.0"]) + ")")
    for i, c in enumerate(cations):
        if c == "H":
            put(f"total_H = r_{i} + tot[{i}]")
            put("if fixed_H:")
            for j in range(n):
                put(f"    m_{i}_{j} = {1.0 if i == j else 0.0}")
            put(f"    m_{i}_{n} = dg")
            put(f"    r_{i} = x_H + g - q[{layout.slot('ln_ah')}]")
        else:
            put(f"if not on_{c}:")
            put(f"    m_{i}_{i} = 1.0")
            put(f"    r_{i} = 0.0")
    put(f"if q[{layout.slot('i_fixed')}] > 0.5:")
    for j in range(n):
        put(f"    m_{n}_{j} = 0.0")
    put(f"    m_{n}_{n} = 1.0")
    put(f"    r_{n} = I - q[{layout.slot('i_value')}]")
    size = n + 1
    body.extend("    " + line for line in inner)
    # ---- leave the results --------------------------------------------------------------------
    results: list[str] = []
    keep = results.append
    for c in cations:
        keep(
            f"s[{slots['lna.' + c]}] ="
            f" x_{c} + {float(tables.charges[c] ** 2)}*g if on_{c} else -230.0"
        )
        keep(f"s[{slots['free.' + c]}] = c_{c}")
        keep(f"s[{slots['a.' + c]}] = {writer.cation_activity(c)}")
    keep(f"s[{slots['I']}] = I")
    keep(f"s[{slots['half_sum']}] = 0.5*S")
    keep(f"s[{slots['g']}] = g")
    keep(f"s[{slots['dg']}] = dg if q[{layout.slot('i_fixed')}] < 0.5 else 0.0")
    keep(f"s[{slots['total_H']}] = total_H")
    for i in range(size):
        for j in range(size):
            keep(f"s[{slots[f'm.{i}.{j}']}] = m_{i}_{j}")
        keep(f"s[{slots[f'r.{i}']}] = r_{i}")
    left = {ligand: writer.left(ligand) for ligand in tables.ligands}
    results.extend(writer.tail())
    if "solutes" in slots.index:
        keep(f"s[{slots['solutes']}] = " + " + ".join(solutes))
    for ligand in tables.ligands:
        tag = safe(ligand)
        gamma = f"*{writer.gamma(ligand)}" if writer.gamma(ligand) else ""
        fraction, slope = left[ligand]
        keep(f"s[{slots['free.' + ligand]}] = L_{tag}")
        keep(f"s[{slots['a.' + ligand]}] = L_{tag}{gamma}")
        keep(f"s[{slots['q.' + ligand]}] = {fraction}")
        held = {
            i
            for i, c in enumerate(cations)
            if any(tables.stoichiometry[s].get(c) for s in tables.by_ligand[ligand])
        }
        for i in range(n):
            value = f"n_{tag}_{i}*iq_{tag}" if i in held else "0.0"
            keep(f"s[{slots[f'n.{ligand}.{i}']}] = {value}")
        keep(f"s[{slots['nw.' + ligand]}] = {slope}")
        keep(f"s[{slots['nz.' + ligand]}] = nz_{tag}*iq_{tag}")
    keep("return 0")
    body.extend("    " + line for line in results)
    return body
