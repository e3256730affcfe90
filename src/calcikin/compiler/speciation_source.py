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

from calcikin.chemistry.activity import HELD_IONIC_STRENGTH
from calcikin.compiler.layout import FIXABLE_LIGANDS, Layout, SolutionTables

__all__ = ["SpeciationSlots", "emit_speciation"]


class SpeciationSlots:
    """Positions in s of what the speciation leaves behind."""

    def __init__(self, tables: SolutionTables) -> None:
        n = len(tables.cations) + 1
        names = ["iterations", "I", "half_sum", "g", "dg", "total_H"]
        names += [f"lna.{c}" for c in tables.cations]
        names += [f"free.{c}" for c in (*tables.cations, *tables.ligands)]
        names += [f"a.{c}" for c in tables.ligands]
        names += [f"m.{i}.{j}" for i in range(n) for j in range(n)]
        names += [f"u.{i}.{j}" for i in range(n) for j in range(n)]
        names += [f"r.{i}" for i in range(n)]
        for ligand in tables.ligands:
            names += [f"q.{ligand}"]
            names += [f"n.{ligand}.{i}" for i in range(n - 1)]
            names += [f"nw.{ligand}", f"nz.{ligand}"]
        self.index = {name: i for i, name in enumerate(names)}
        self.size = len(names)

    def __getitem__(self, name: str) -> int:
        return self.index[name]


def _gamma_power(weight: int) -> str:
    """Text for exp(g * weight) from the powers computed once (weights are even or squares)."""
    return f"G{weight}" if weight >= 0 else f"Gm{-weight}"


def _term(
    species: str, tables: SolutionTables, layout: Layout, ligand: str | None
) -> tuple[str, int]:
    """Return the text of [s]/[L] (or [s]) and the weight w in exp(g w)."""
    stoichiometry = tables.stoichiometry[species]
    weight = 0
    if species not in tables.conditional:
        weight = sum(n * tables.charges[c] ** 2 for c, n in stoichiometry.items())
        weight -= tables.species_charge[species] ** 2
    factors = [f"q[{layout.slot('beta.' + species)}]"]
    if weight:
        factors.append(_gamma_power(weight))
    for component, n in stoichiometry.items():
        if component == ligand:
            if n != 1:
                raise ValueError(f"{species}: a ligand may occur once only")
            continue
        if n > 0:
            factors += [f"c_{component}"] * n
        else:
            factors += [f"ci_{component}"] * (-n)
    return "*".join(factors), weight


def _sum(terms: list[tuple[int, str]]) -> str:
    """Text of a sum of integer multiples of names; '0.0' when there are none."""
    parts = [name if n == 1 else f"{float(n)}*{name}" for n, name in terms if n != 0]
    return " + ".join(parts).replace("+ -", "- ") if parts else "0.0"


def emit_speciation(tables: SolutionTables, layout: Layout, slots: SpeciationSlots) -> list[str]:
    """Return the lines of ``_equations(q, tot, x, s)``: residual, Jacobian and what the rates need.

    The Newton loop around it is in ``calcikin.compiler.module``.
    """
    cations = tables.cations
    n = len(cations)
    position = {c: i for i, c in enumerate(tables.components)}
    body: list[str] = []
    add = body.append
    weights: set[int] = set()
    ligand_lines: list[str] = []
    residual: dict[int, list[str]] = {i: [f"c_{c}"] for i, c in enumerate(cations)}
    jacobian: dict[tuple[int, int], list[str]] = {}
    g_column: dict[int, list[str]] = {i: [] for i in range(n)}
    charge_sum: list[str] = [
        f"{float(tables.charges[c] ** 2)}*c_{c}" for c in cations if tables.charges[c]
    ]
    charge_sum += [f"{float(tables.charges[c] ** 2)}*tot[{position[c]}]" for c in tables.inert]
    charge_row: dict[int, list[str]] = {
        i: [f"{float(tables.charges[c] ** 2)}*c_{c}"] for i, c in enumerate(cations)
    }
    charge_g: list[str] = []

    def contributes(key: tuple[int, int], text: str) -> None:
        jacobian.setdefault(key, []).append(text)

    for i, c in enumerate(cations):
        contributes((i, i), f"c_{c}")

    # species without a ligand
    for species in tables.without_ligand:
        text, weight = _term(species, tables, layout, None)
        weights.add(weight)
        name = f"t_{_safe(species)}"
        ligand_lines.append(f"{name} = {text}")
        nu = [(i, tables.stoichiometry[species].get(c, 0)) for i, c in enumerate(cations)]
        z2 = 0 if species in tables.conditional else tables.species_charge[species] ** 2
        for i, ni in nu:
            if not ni:
                continue
            residual[i].append(f"{float(ni)}*{name}")
            for j, nj in nu:
                if nj:
                    contributes((i, j), f"{float(ni * nj)}*{name}")
            if weight:
                g_column[i].append(f"{float(ni * weight)}*{name}")
            if z2:
                charge_row[i].append(f"{float(ni * z2)}*{name}")
        if z2:
            charge_sum.append(f"{float(z2)}*{name}")
            if weight:
                charge_g.append(f"{float(z2 * weight)}*{name}")

    for ligand in tables.ligands:
        z_l = tables.charges[ligand]
        fixable = ligand in FIXABLE_LIGANDS
        entries = []
        for species in tables.by_ligand[ligand]:
            text, weight = _term(species, tables, layout, ligand)
            weights.add(weight)
            name = f"t_{_safe(species)}"
            ligand_lines.append(f"{name} = {text}")
            z2 = 0 if species in tables.conditional else tables.species_charge[species] ** 2
            entries.append((name, weight, z2, tables.stoichiometry[species]))
        tag = _safe(ligand)
        ligand_lines.append(f"Q_{tag} = " + " + ".join(["1.0", *(e[0] for e in entries)]))
        ligand_lines.append(f"iq_{tag} = 1.0/Q_{tag}")
        if fixable:
            flag = f"q[{layout.slot('fixed.' + ligand)}]"
            gamma = f"/{_gamma_power(z_l * z_l)}" if z_l else ""
            weights.add(z_l * z_l)
            ligand_lines.append(f"phi_{tag} = 1.0 - {flag}")
            ligand_lines.append(
                f"L_{tag} = phi_{tag}*tot[{position[ligand]}]*iq_{tag}"
                f" + {flag}*q[{layout.slot('activity.' + ligand)}]{gamma}"
            )
            # at fixed activity every species of this ligand carries the weight -z_L^2 besides
            ligand_lines.append(f"wl_{tag} = -{flag}*{float(z_l * z_l)}")
            phi = f"phi_{tag}*"
        else:
            ligand_lines.append(f"L_{tag} = tot[{position[ligand]}]*iq_{tag}")
            phi = ""
        cols = [i for i, c in enumerate(cations) if any(e[3].get(c) for e in entries)]
        nu_of = {i: [(e[3].get(cations[i], 0), e[0]) for e in entries] for i in cols}
        for i in cols:
            ligand_lines.append(f"n_{tag}_{i} = {_sum(nu_of[i])}")
        nw = _sum([(e[1], e[0]) for e in entries])
        zz = [(e[2], e[0]) for e in entries]
        own = f"{float(z_l * z_l)}" if z_l else "0.0"
        ligand_lines.append(f"nw_{tag} = {nw}")
        ligand_lines.append(f"nz_{tag} = {own} + {_sum(zz)}")
        extra = f" + wl_{tag}*n_{tag}_{{i}}" if fixable else ""
        for i in cols:
            residual[i].append(f"L_{tag}*n_{tag}_{i}")
            for j in cols:
                if j < i:
                    continue
                nn = _sum(
                    [(e[3].get(cations[i], 0) * e[3].get(cations[j], 0), e[0]) for e in entries]
                )
                name = f"h_{tag}_{i}_{j}"
                ligand_lines.append(
                    f"{name} = L_{tag}*({nn} - {phi}n_{tag}_{i}*n_{tag}_{j}*iq_{tag})"
                )
                contributes((i, j), name)
                if j != i:
                    contributes((j, i), name)
            nwi = _sum([(e[3].get(cations[i], 0) * e[1], e[0]) for e in entries])
            g_column[i].append(
                f"L_{tag}*({nwi}{extra.format(i=i)} - {phi}n_{tag}_{i}*nw_{tag}*iq_{tag})"
            )
            zi = _sum([(e[3].get(cations[i], 0) * e[2], e[0]) for e in entries])
            charge_row[i].append(f"L_{tag}*({zi} - {phi}nz_{tag}*n_{tag}_{i}*iq_{tag})")
        charge_sum.append(f"L_{tag}*nz_{tag}")
        zw = _sum([(e[1] * e[2], e[0]) for e in entries])
        tail = f" + wl_{tag}*nz_{tag}" if fixable else ""
        charge_g.append(f"L_{tag}*({zw}{tail} - {phi}nz_{tag}*nw_{tag}*iq_{tag})")

    # ---- text ---------------------------------------------------------------------------------
    add("def _equations(q, tot, x, s):")
    for i, c in enumerate(cations):
        if c == "H":
            add(f"    fixed_H = q[{layout.slot('ph_fixed')}] > 0.5")
            add("    on_H = True")
        else:
            add(f"    on_{c} = not tot[{i}] <= 0.0")  # so that a NaN is not taken for absent
        add(f"    x_{c} = x[{i}]")
    add(f"    I = x[{n}]")
    inner: list[str] = []
    put = inner.append
    for c in cations:
        put(f"c_{c} = math.exp(x_{c}) if on_{c} else 0.0")
    negatives = sorted(
        {c for s in tables.stoichiometry.values() for c, m in s.items() if m < 0 and c in cations}
    )
    for c in negatives:
        put(f"ci_{c} = 1.0/c_{c}")
    # above HELD_IONIC_STRENGTH the Davies term is held, as in the reference twin
    put(f"Id = I if I < {HELD_IONIC_STRENGTH!r} else {HELD_IONIC_STRENGTH!r}")
    put("rI = math.sqrt(Id)")
    put(f"A = q[{layout.slot('debye')}]")
    put(f"b = q[{layout.slot('davies_b')}]")
    put("g = -A*(rI/(1.0 + rI) - b*Id)")
    put(f"dg = -A*(0.5/(rI*(1.0 + rI)*(1.0 + rI)) - b) if I < {HELD_IONIC_STRENGTH!r} else 0.0")
    put("G1 = math.exp(g)")
    weights |= {tables.charges[ligand] ** 2 for ligand in tables.ligands}
    inner.extend(_powers(max(abs(w) for w in weights), {abs(w) for w in weights}))
    for w in sorted({-v for v in weights if v < 0}):
        put(f"Gm{w} = 1.0/G{w}")
    inner.extend(ligand_lines)
    for i in range(n):
        put(f"r_{i} = " + " + ".join(residual[i]) + f" - tot[{i}]")
    put("S = " + " + ".join(charge_sum))
    put(f"r_{n} = I - 0.5*S")
    for i in range(n):
        for j in range(n):
            put(f"m_{i}_{j} = " + " + ".join(jacobian.get((i, j), ["0.0"])))
        put(f"m_{i}_{n} = dg*(" + " + ".join(g_column[i] or ["0.0"]) + ")")
    for j in range(n):
        put(f"m_{n}_{j} = -0.5*(" + " + ".join(charge_row[j]) + ")")
    put(f"m_{n}_{n} = 1.0 - 0.5*dg*(" + " + ".join(charge_g or ["0.0"]) + ")")
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
    keep(f"s[{slots['I']}] = I")
    keep(f"s[{slots['half_sum']}] = 0.5*S")
    keep(f"s[{slots['g']}] = g")
    keep(f"s[{slots['dg']}] = dg if q[{layout.slot('i_fixed')}] < 0.5 else 0.0")
    keep(f"s[{slots['total_H']}] = total_H")
    for i in range(size):
        for j in range(size):
            keep(f"s[{slots[f'm.{i}.{j}']}] = m_{i}_{j}")
        keep(f"s[{slots[f'r.{i}']}] = r_{i}")
    for ligand in tables.ligands:
        tag = _safe(ligand)
        z2 = tables.charges[ligand] ** 2
        gamma = f"*{_gamma_power(z2)}" if z2 else ""
        keep(f"s[{slots['free.' + ligand]}] = L_{tag}")
        keep(f"s[{slots['a.' + ligand]}] = L_{tag}{gamma}")
        keep(f"s[{slots['q.' + ligand]}] = iq_{tag}")
        held = {
            i
            for i, c in enumerate(cations)
            if any(tables.stoichiometry[s].get(c) for s in tables.by_ligand[ligand])
        }
        for i in range(n):
            value = f"n_{tag}_{i}*iq_{tag}" if i in held else "0.0"
            keep(f"s[{slots[f'n.{ligand}.{i}']}] = {value}")
        keep(f"s[{slots['nw.' + ligand]}] = nw_{tag}*iq_{tag}")
        keep(f"s[{slots['nz.' + ligand]}] = nz_{tag}*iq_{tag}")
    keep("return 0")
    body.extend("    " + line for line in results)
    return body


def _powers(highest: int, wanted: set[int]) -> list[str]:
    """Lines for G2, G4, ... by squaring and every other wanted power as their product."""
    lines, power = [], 2
    while power <= highest:
        lines.append(f"G{power} = G{power // 2}*G{power // 2}")
        power *= 2
    for w in sorted(wanted):
        bits = [1 << k for k in range(w.bit_length()) if w >> k & 1]
        if len(bits) > 1:
            lines.append(f"G{w} = " + "*".join(f"G{b}" for b in bits))
    return lines


def _safe(name: str) -> str:
    """Turn a species name into an identifier."""
    return "".join(ch if ch.isalnum() else {"+": "p", "-": "m"}.get(ch, "_") for ch in name)
