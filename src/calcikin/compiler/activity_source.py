"""Activity coefficients in the text of the compiled speciation, one class for each activity model.

The kernel's unknowns are x_M = ln a_M - z^2 g(I), with ln a the activity of a free cation and g a
function of the ionic strength. With the Davies equation ln gamma_z = z^2 g, and x is ln [M]. With
the Truesdell-Jones equation every ion has a coefficient of its own,

    ln gamma_e = -A z^2 sqrt(I)/(1 + B a_e sqrt(I)) + b_e I,                               (1)

g = -A sqrt(I)/(1 + sqrt(I)) is what x is measured from, and [M] = exp(x_M + z^2 g) / gamma_M. So
the loop around the equations, and the derivatives that are taken from them, know of one g only.

The activity of water is an input of the kernel (``ln_water``): it follows from the sum of the
solutes, which the equations leave behind, and is settled around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calcikin.chemistry.activity import HELD_IONIC_STRENGTH
from calcikin.chemistry.activity_models import HELD_MOLAL
from calcikin.compiler.layout import Layout, SolutionTables

__all__ = ["ActivityText", "DaviesText", "Term", "TruesdellJonesText", "activity_text", "safe"]


@dataclass(frozen=True)
class Term:
    """One species in the text.

    Attributes
    ----------
    name : str, of the variable that holds [s]/[L] (or [s] where there is no ligand)
    lines : tuple of str, that compute it
    weight : int or str, d ln of it by g (Davies) or the variable that holds it times d ln of it by
        I (Truesdell-Jones); 0 when it does not depend on the ionic strength
    """

    name: str
    lines: tuple[str, ...]
    weight: int | str


class ActivityText:
    """What the equations need to know of the activity model."""

    #: factor before sums of weighted terms
    by_i = ""

    def __init__(self, tables: SolutionTables, layout: Layout) -> None:
        self.tables, self.layout = tables, layout

    def q(self, name: str) -> str:
        """Text of a slot of q."""
        return f"q[{self.layout.slot(name)}]"

    def _charged(self, species: str) -> int:
        """z^2 of a species in the ionic strength."""
        if species in self.tables.conditional:
            return 0
        return self.tables.species_charge[species] ** 2

    def _product(self, species: str, ligand: str | None, prefix: str) -> list[str]:
        """Factors beta and prefix_M^nu; the ligand is left out."""
        factors = [self.q(f"beta.{species}")]
        for component, n in self.tables.stoichiometry[species].items():
            if component == ligand:
                if n != 1:
                    raise ValueError(f"{species}: a ligand may occur once only")
            elif n > 0:
                factors += [f"{prefix}_{component}"] * n
            else:
                factors += [f"{prefix}i_{component}"] * (-n)
        return factors

    def inverted(self) -> list[str]:
        """Cations that some species gives off on formation (H in OH-)."""
        counts = self.tables.stoichiometry.values()
        return sorted(
            {c for s in counts for c, m in s.items() if m < 0 and c in self.tables.cations}
        )


class DaviesText(ActivityText):
    """ln gamma = z^2 g(I), g = -A (sqrt(I)/(1 + sqrt(I)) - b I)."""

    by_i = "dg*"

    def __init__(self, tables: SolutionTables, layout: Layout) -> None:
        super().__init__(tables, layout)
        self.used = {tables.charges[c] ** 2 for c in (*tables.cations, *tables.ligands)}

    def term(self, species: str, ligand: str | None) -> Term:
        """The species, with its weight in exp(g w)."""
        tables, weight = self.tables, 0
        if species not in tables.conditional:
            counts = tables.stoichiometry[species].items()
            weight = sum(n * tables.charges[c] ** 2 for c, n in counts)
            weight -= tables.species_charge[species] ** 2
        self.used.add(weight)
        beta, *rest = self._product(species, ligand, "c")
        powers = [_power(weight)] if weight else []
        name = f"t_{safe(species)}"
        # in this order several species share their first factors
        return Term(name, (f"{name} = " + "*".join([*powers, *rest, beta]),), weight)

    def weighted(self, parts: Iterable[tuple[int, Term]]) -> list[tuple[int, str]]:
        """Multiples of the weighted terms."""
        return [(n * int(term.weight), term.name) for n, term in parts]

    def head(self) -> list[str]:
        """Free cations, g, dg and the powers of exp(g) that are used."""
        cations, held = self.tables.cations, repr(HELD_IONIC_STRENGTH)
        lines = [f"c_{c} = math.exp(x_{c}) if on_{c} else 0.0" for c in cations]
        lines += [f"ci_{c} = 1.0/c_{c}" for c in self.inverted()]
        lines += [
            # above HELD_IONIC_STRENGTH the Davies term is held, as in the reference twin
            f"Id = I if I < {held} else {held}",
            "rI = math.sqrt(Id)",
            f"A = {self.q('debye')}",
            f"b = {self.q('davies_b')}",
            "g = -A*(rI/(1.0 + rI) - b*Id)",
            f"dg = -A*(0.5/(rI*(1.0 + rI)*(1.0 + rI)) - b) if I < {held} else 0.0",
            "G1 = math.exp(g)",
        ]
        lines += _powers("G", {abs(w) for w in self.used})
        lines += [f"Gm{-w} = 1.0/G{-w}" for w in sorted(self.used, reverse=True) if w < 0]
        return lines

    def cation_slope(self, cation: str) -> str:
        """The slope d ln [M] / dg at constant x: none."""
        return ""

    def cation_activity(self, cation: str) -> str:
        """Text of a cation's activity."""
        return f"c_{cation}*{_power(self.tables.charges[cation] ** 2)}"

    def gamma(self, component: str) -> str:
        """Text of a ligand's coefficient; empty for 1."""
        z2 = self.tables.charges[component] ** 2
        return _power(z2) if z2 else ""

    def ligand_slope(self, ligand: str) -> str:
        """The slope d ln gamma of a ligand by g."""
        return repr(float(self.tables.charges[ligand] ** 2))

    def left(self, ligand: str) -> tuple[str, str]:
        """What the slots q and nw of a ligand hold: [L]/T and d ln(T/[L])/dg."""
        tag = safe(ligand)
        return f"iq_{tag}", f"nw_{tag}*iq_{tag}"

    def tail(self) -> list[str]:
        """Further lines of the results: none."""
        return []


class TruesdellJonesText(ActivityText):
    """Equation (1); ions without coefficients follow Davies, uncharged species b I."""

    def __init__(self, tables: SolutionTables, layout: Layout) -> None:
        super().__init__(tables, layout)
        self.squares: set[int] = set()

    def _class(self, entity: str) -> int | None:
        """Number of an entity's kind of ion; None where the coefficient is 1."""
        return self.tables.ion_kinds.get(entity)

    def _e(self, entity: str) -> str:
        """Text of gamma."""
        kind = self._class(entity)
        return "1.0" if kind is None else f"E_{kind}"

    def _d(self, entity: str) -> str:
        """Text of d ln gamma / dI."""
        kind = self._class(entity)
        return "0.0" if kind is None else f"d_{kind}"

    def term(self, species: str, ligand: str | None) -> Term:
        """The species; the weight is [s]/[L] times d ln of it by I at constant x."""
        tables, tag = self.tables, safe(species)
        counts = tables.stoichiometry[species]
        name, lines = f"t_{tag}", []
        if species in tables.conditional:
            factors = self._product(species, ligand, "c")
            slopes = [f"{float(n)}*e_{c}" for c, n in counts.items() if c != ligand]
        else:
            factors = self._product(species, ligand, "a")
            z2 = sum(n * tables.charges[c] ** 2 for c, n in counts.items() if c != ligand)
            slopes = [f"{float(z2)}*dg", f"-{self._d(species)}"]
            kind = self._class(species)
            factors.append(f"Ei_{kind}")
            if ligand is not None:
                factors.append(self._e(ligand))
                slopes.append(self._d(ligand))
            water = tables.water.get(species, 0.0)
            factors += [f"w_{'p' if water > 0 else 'm'}{abs(water):g}".replace(".", "_")] * bool(
                water
            )
        lines = [f"{name} = " + "*".join(f for f in factors if f != "1.0")]
        lines.append(f"p_{tag} = {name}*(" + " + ".join(slopes).replace("+ -", "- ") + ")")
        return Term(name, tuple(lines), f"p_{tag}")

    def weighted(self, parts: Iterable[tuple[int, Term]]) -> list[tuple[int, str]]:
        """Multiples of the weighted terms."""
        return [(n, str(term.weight)) for n, term in parts]

    def head(self) -> list[str]:
        """Coefficients of every kind of ion with their slopes, then free cations."""
        tables, held = self.tables, repr(HELD_MOLAL)
        lines = [
            "r0 = math.sqrt(I)",
            f"A = {self.q('debye')}",
            f"b = {self.q('davies_b')}",
            "g = -A*(r0/(1.0 + r0))",
            "dg = -A*0.5/(r0*(1.0 + r0)*(1.0 + r0))",
            # above HELD_MOLAL the coefficients are held, as in the reference twin
            f"below = 1.0 if I < {held} else 0.0",
            f"Id = I if I < {held} else {held}",
            "rI = math.sqrt(Id)",
            "fd = -A*(rI/(1.0 + rI) - b*Id)",
            "dd = below*(-A)*(0.5/(rI*(1.0 + rI)*(1.0 + rI)) - b)",
            "D1 = math.exp(fd)",
            "h = -0.5*A/rI",
        ]
        davies = {z2 for z2, pair in tables.ion_classes if pair is None and z2}
        lines += _powers("D", davies)
        for k, (z2, pair) in enumerate(tables.ion_classes):
            if pair is None and z2:
                lines += [f"f_{k} = {float(z2)}*fd", f"d_{k} = {float(z2)}*dd", f"E_{k} = D{z2}"]
            else:
                slope = self.q(f"ion_slope.{k}")
                if z2:
                    lines += [
                        f"u_{k} = 1.0/(1.0 + {self.q(f'ion_size.{k}')}*rI)",
                        f"f_{k} = {slope}*Id - {float(z2)}*A*rI*u_{k}",
                        f"d_{k} = below*({slope} + {float(z2)}*h*u_{k}*u_{k})",
                    ]
                else:
                    lines += [f"f_{k} = {slope}*Id", f"d_{k} = below*{slope}"]
                lines.append(f"E_{k} = math.exp(f_{k})")
            lines.append(f"Ei_{k} = 1.0/E_{k}")
        for c in tables.cations:
            weight, kind = float(tables.charges[c] ** 2), tables.ion_kinds[c]
            lines += [
                f"c_{c} = math.exp(x_{c} + {weight}*g - f_{kind}) if on_{c} else 0.0",
                f"a_{c} = c_{c}*E_{kind}",
                f"e_{c} = {weight}*dg - d_{kind}",
            ]
        for c in self.inverted():
            lines += [f"ci_{c} = 1.0/c_{c}", f"ai_{c} = 1.0/a_{c}"]
        for water in sorted({w for w in tables.water.values() if w}):
            name = f"w_{'p' if water > 0 else 'm'}{abs(water):g}".replace(".", "_")
            lines.append(f"{name} = math.exp({water!r}*{self.q('ln_water')})")
        return lines

    def cation_slope(self, cation: str) -> str:
        """The slope d ln [M] / dI at constant x."""
        return f"e_{cation}"

    def cation_activity(self, cation: str) -> str:
        """Text of a cation's activity."""
        return f"a_{cation}"

    def gamma(self, component: str) -> str:
        """Text of a ligand's coefficient; empty for 1."""
        text = self._e(component)
        return "" if text == "1.0" else text

    def ligand_slope(self, ligand: str) -> str:
        """The slope d ln gamma of a ligand by I."""
        return self._d(ligand)

    def left(self, ligand: str) -> tuple[str, str]:
        """What the slots q and nw hold, so that they mean a ligand's activity as with Davies.

        a_L/T = q exp(z^2 g), and d ln a_L = (z^2 - nw) dg + ... at constant x.
        """
        tag, z2 = safe(ligand), self.tables.charges[ligand] ** 2
        parts = [f"iq_{tag}", self.gamma(ligand)]
        if z2:
            self.squares.add(z2)
            parts.append(f"Gi{z2}")
        fraction = "*".join(part for part in parts if part)
        return fraction, f"{float(z2)} - ({self._d(ligand)} - nw_{tag}*iq_{tag})/dg"

    def tail(self) -> list[str]:
        """The powers of exp(-g) that `left` uses."""
        return ["Gi1 = math.exp(-g)", *_powers("Gi", self.squares)]


def activity_text(tables: SolutionTables, layout: Layout) -> DaviesText | TruesdellJonesText:
    """The writer for the activity model of the tables."""
    if tables.activity == "truesdell_jones":
        return TruesdellJonesText(tables, layout)
    return DaviesText(tables, layout)


def _power(weight: int) -> str:
    """Text for exp(g * weight) from the powers computed once (weights are even or squares)."""
    return f"G{weight}" if weight >= 0 else f"Gm{-weight}"


def _powers(name: str, wanted: Iterable[int]) -> list[str]:
    """Lines for the powers 2, 4, ... of a name by squaring and other wanted ones as products."""
    lines: list[str] = []
    wanted = sorted(wanted)
    power = 2
    while power <= max(wanted, default=0):
        lines.append(f"{name}{power} = {name}{power // 2}*{name}{power // 2}")
        power *= 2
    for w in wanted:
        bits: Sequence[int] = [1 << k for k in range(w.bit_length()) if w >> k & 1]
        if len(bits) > 1:
            lines.append(f"{name}{w} = " + "*".join(f"{name}{b}" for b in bits))
    return lines


def safe(name: str) -> str:
    """Turn a species name into an identifier."""
    return "".join(ch if ch.isalnum() else {"+": "p", "-": "m"}.get(ch, "_") for ch in name)
