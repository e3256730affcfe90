"""Every species of a PHREEQC database in terms of its master species, constants added up.

A species may be written with any other, before or after it. Following the definitions down,

    species = sum_k n_k master_k,    log K = sum of the constants on the way (Hess's law)      (1)

with H2O and e- among the masters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calcikin.chemistry.logk import Coefficients
from calcikin.chemistry.phreeqc_file import Database, DatabaseEntry

_NONE: Coefficients = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Formation:
    """A species or a dissolved solid in terms of masters, equation (1).

    Attributes
    ----------
    amounts : Mapping[str, float], master species -> number [1]
    coefficients : tuple of 6 floats, A1 ... A6 of log10 K(T) of formation from the masters
    """

    amounts: Mapping[str, float]
    coefficients: Coefficients

    def plus(self, factor: float, other: Formation) -> Formation:
        """The sum of a formation and `factor` times another one."""
        amounts = dict(self.amounts)
        for name, n in other.amounts.items():
            amounts[name] = amounts.get(name, 0.0) + factor * n
        a = [x + factor * y for x, y in zip(self.coefficients, other.coefficients, strict=True)]
        kept = {name: n for name, n in amounts.items() if abs(n) > 1e-9}  # roundoff of decimals
        return Formation(kept, (a[0], a[1], a[2], a[3], a[4], a[5]))


class Resolver:
    """Formations of the species of one database.

    Parameters
    ----------
    database : Database
    separate : Mapping[str, str], species to take as masters although the database may make them of
        others -> what the names of the species hold that contain them (``"P2O7-4": "P2O7"``)
    """

    def __init__(self, database: Database, separate: Mapping[str, str] | None = None) -> None:
        #: species -> its last definition, which is the one that counts
        self.defined: dict[str, DatabaseEntry] = {}
        self._known: dict[str, Formation | None] = {}
        for entry in database.species:
            if entry.is_master:
                self._known[entry.name] = Formation({entry.name: 1.0}, _NONE)
            else:
                self.defined[entry.name] = entry
        for name in ("H2O", "e-"):
            self._known[name] = Formation({name: 1.0}, _NONE)
        self._separate = dict(separate or {})
        #: separate species -> what the database makes them of (None where they are masters anyway)
        self._whole = {
            name: Resolver(database).species(name)
            for name in self._separate
            if name not in self._known
        }
        for name in self._separate:
            self._known[name] = Formation({name: 1.0}, _NONE)
            self.defined.pop(name, None)

    def species(self, name: str) -> Formation | None:
        """The formation of a species; None when it leads to something that is not defined."""
        if name in self._known:
            return self._known[name]
        self._known[name] = None  # a definition that leads back to itself defines nothing
        entry = self.defined.get(name)
        if entry is None or entry.other or name not in entry.terms:
            return None
        found = self.reaction(entry, name)
        for own, text in self._separate.items():
            whole = self._whole.get(own)
            if found is None or whole is None or text not in name or own in found.amounts:
                continue
            found = found.plus(-1.0, whole).plus(1.0, Formation({own: 1.0}, _NONE))
        self._known[name] = found
        return found

    def reaction(self, entry: DatabaseEntry, own: str) -> Formation | None:
        """What `own` is made of, by an entry that holds it: a species or the formula of a solid."""
        # own: the other terms moved to the left side, all divided by its coefficient
        factor = 1.0 / entry.terms[own]
        total = Formation({}, _NONE).plus(factor, Formation({}, entry.coefficients))
        for name, n in entry.terms.items():
            if name == own:
                continue
            part = self.species(name)
            if part is None:
                return None
            total = total.plus(-n * factor, part)
        return total
