"""Media: what a laboratory mixes, turned into component totals.

A medium has named inputs in the units in which they are measured (``serum.Mg`` in mmol/L,
``serum.albumin`` in g/L) and a recipe: parts with volumes, each of fixed contents or of another
medium. Its totals are those of the final mix,

    T_k = sum_parts (V_part / V) sum_inputs nu_k c                                      (1)

with volumes taken as additive and proteins as without volume (they are about 5 % of serum, so
concentrations in serum water are that much higher: `Medium.water_fraction`). H is no total here: a
medium states its pH.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from calcikin.errors import OutOfRangeError, UnitError, UnknownNameError
from calcikin.units import format_quantity, parse_quantity

#: Volume of serum protein [L/g] (partial specific volume 0.73 mL/g; E. J. Cohn, J. T. Edsall,
#: Proteins, Amino Acids and Peptides (Reinhold, 1943)), and globulins beside the albumin of serum
#: [g/L] (total protein of 71 less 43; assumed). Lipids are left out.
PROTEIN_VOLUME, GLOBULINS = 0.73e-3, 28.0

#: Units a laboratory might have meant, tried when a value is out of range.
_OTHER_UNITS = ("mol/L", "mmol/L", "umol/L", "mEq/L", "g/L", "mg/L", "g/dL", "mg/dL", "ug/dL")


@dataclass(frozen=True)
class Datum:
    """A value with its range and where it is from.

    Attributes
    ----------
    value : float, in the unit of its input
    low, high : float | None, reference range in the same unit
    source : str, reference, ``derived`` or ``assumed``
    note : str
    """

    value: float
    low: float | None
    high: float | None
    source: str
    note: str = ""


@dataclass(frozen=True)
class Input:
    """One quantity of a medium that a user may set.

    Attributes
    ----------
    name : str, e.g. ``"serum.Mg"``
    unit : str, unit of values and ranges, e.g. ``"mmol/L"``
    substance : str, name for molar mass and valence in `calcikin.units`
    provides : Mapping[str, float], component -> amount per mole of input [mol/mol]
    window : (float, float), plausible values; zero is always allowed
    usual : (float, float), values met in practice, to recognise a wrong unit
    default : Datum
    """

    name: str
    unit: str
    substance: str
    provides: Mapping[str, float]
    window: tuple[float, float]
    usual: tuple[float, float]
    default: Datum

    def parse(self, text: str | float) -> float:
        """The value of a quantity such as ``"2.0 mg/dL"`` in this input's unit, checked.

        Raises
        ------
        UnitError, OutOfRangeError
            As `calcikin.units.parse_quantity` and `check`.
        """
        value = parse_quantity(text, self.unit, where=self.name, substance=self.substance)
        return self.check(value, said=str(text))

    def check(self, value: float, *, said: str = "") -> float:
        """Return `value` when it is plausible.

        Parameters
        ----------
        value : float [unit]
        said : str, optional, the text it was read from, for the message

        Raises
        ------
        OutOfRangeError
            When it is not finite, negative or absurd; says which other unit it looks like.
        """
        shown = format_quantity(value, self.unit)
        if said and said.split() != shown.split():
            shown = f"{shown} (from {said!r})"
        if not math.isfinite(value):
            raise OutOfRangeError(f"{self.name} is {value!r}", hint="give a finite number")
        if value < 0.0:
            raise OutOfRangeError(f"{self.name} = {shown} is negative", hint="0 or more")
        low, high = self.window
        if value != 0.0 and not low <= value <= high:
            span = f"{low:g} to {high:g} {self.unit}"
            raise OutOfRangeError(
                f"{self.name} = {shown} is not plausible; expected {span}" + " or 0" * (low > 0.0),
                where=self.name,
                hint=self._other_unit(value),
            )
        return float(value)

    def doubt(self, value: float) -> str:
        """What to say of a possible but unusual value that would be usual in another unit.

        Empty when there is nothing to say: 2.0 mmol/L of magnesium can be, but 2.0 mg/dL is what
        most people have.
        """
        low, high = self.usual
        fits = [] if value == 0.0 or low <= value <= high else self._fitting(value)
        if not fits:
            return ""
        usual = f"usual is {low:g} to {high:g} {self.unit}"
        return f"{self.name} = {format_quantity(value, self.unit)}: {'; '.join(fits)}; {usual}"

    def _fitting(self, value: float) -> list[str]:
        """Other units in which the number would be usual, in words."""
        low, high = self.usual
        fits = []
        for unit in _OTHER_UNITS:
            converted = self._convert(value, unit, self.unit)
            if converted is not None and unit != self.unit and low <= converted <= high:
                meant = format_quantity(converted, self.unit, 3)
                fits.append(f"the number looks like {unit}: {value:g} {unit} = {meant}")
        return fits

    def _other_unit(self, value: float) -> str:
        """Which unit the number fits, and what is usual in the units of a laboratory report."""
        low, high = self.usual
        fits = self._fitting(value)
        mass = self._convert(1.0, self.unit, "mg/dL") is not None and "mol" in self.unit
        report = "mg/dL" if mass else ""
        usual = f"usual is {low:g} to {high:g} {self.unit}"
        if report:
            ends = [self._convert(x, self.unit, report) or 0.0 for x in (low, high)]
            usual += f" ({ends[0]:.3g} to {ends[1]:.3g} {report})"
        return "; ".join([*fits, usual])

    def _convert(self, value: float, unit: str, to: str) -> float | None:
        """`value` in another unit; None where mass or charge do not convert for this substance."""
        try:
            return parse_quantity(f"{float(value)!r} {unit}", to, substance=self.substance)
        except UnitError:
            return None

    def molar(self, value: float) -> float:
        """`value` [unit] as amount of substance [mol/L]."""
        text = f"{float(value)!r} {self.unit}"
        return parse_quantity(text, "mol/L", substance=self.substance)


@dataclass(frozen=True)
class Part:
    """One liquid of a recipe.

    Attributes
    ----------
    name : str
    volume : float [uL]
    contents : Mapping[str, float], component -> concentration in this part [mol/L]
    inputs : bool, True when this part is made of the inputs of the medium (the serum)
    source, note : str
    """

    name: str
    volume: float
    contents: Mapping[str, float]
    inputs: bool
    source: str
    note: str = ""


@dataclass(frozen=True)
class Preset:
    """A named set of input values.

    Attributes
    ----------
    name, title : str
    values : Mapping[str, Datum], input name -> value
    reference : Mapping[str, Datum], measured quantities to compare a speciation with, e.g.
        ``"ionised_Mg"`` [mmol/L]
    pH : Datum
    """

    name: str
    title: str
    values: Mapping[str, Datum]
    reference: Mapping[str, Datum]
    pH: Datum


@dataclass(frozen=True)
class Medium:
    """A recipe with named inputs.

    Attributes
    ----------
    name, title, description, source : str
    inputs : Mapping[str, Input]
    parts : tuple of Part
    presets : Mapping[str, Preset]; a medium without presets has an empty one
    default_preset : str, empty when there are no presets
    temperature : float [K]
    pH : float, of the final mix
    notes : tuple of str
    """

    name: str
    title: str
    description: str
    source: str
    inputs: Mapping[str, Input]
    parts: tuple[Part, ...]
    presets: Mapping[str, Preset]
    default_preset: str
    temperature: float
    pH: float
    notes: tuple[str, ...] = field(default=())

    @property
    def volume(self) -> float:
        """Volume of the mix [uL]."""
        return sum(part.volume for part in self.parts)

    @property
    def serum_fraction(self) -> float:
        """Volume fraction of the part made of the inputs (serum) [1]; 1 for direct media."""
        return sum(part.volume for part in self.parts if part.inputs) / self.volume

    def input(self, name: str) -> Input:
        """The input called `name`; UnknownNameError with the nearest name otherwise."""
        if name not in self.inputs:
            raise UnknownNameError("input", name, self.inputs, f"medium {self.name}")
        return self.inputs[name]

    def preset(self, name: str) -> Preset:
        """The preset called `name`; UnknownNameError with the nearest name otherwise."""
        if name not in self.presets:
            raise UnknownNameError("preset", name, self.presets, f"medium {self.name}")
        return self.presets[name]

    def values(
        self, preset: str | None = None, changes: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """Every input's value in its unit: defaults, then the preset, then `changes`, checked.

        Parameters
        ----------
        preset : str, optional, name of a preset; the default preset when there is one
        changes : Mapping[str, float], optional, input name -> value in the input's unit

        Raises
        ------
        UnknownNameError, OutOfRangeError
        """
        values = {name: item.default.value for name, item in self.inputs.items()}
        chosen = preset if preset is not None else self.default_preset
        if chosen:
            values |= {name: datum.value for name, datum in self.preset(chosen).values.items()}
        for name, value in (changes or {}).items():
            values[name] = self.input(name).check(value)
        return values

    def totals(self, values: Mapping[str, float] | None = None) -> dict[str, float]:
        """Component totals of the final mix, equation (1) [mol/L].

        Parameters
        ----------
        values : Mapping[str, float], optional, input name -> value in the input's unit; those not
            given have the value of the default preset

        Returns
        -------
        dict[str, float]
            Component -> total [mol/L], zeros included; without H.

        Raises
        ------
        UnknownNameError, OutOfRangeError
        """
        complete = self.values(changes=values)
        from_inputs: dict[str, float] = {}
        for name, value in complete.items():
            item = self.inputs[name]
            amount = item.molar(value)
            for component, number in item.provides.items():
                from_inputs[component] = from_inputs.get(component, 0.0) + number * amount
        totals: dict[str, float] = {}
        for part in self.parts:
            share = part.volume / self.volume
            for contents in (part.contents, from_inputs if part.inputs else {}):
                for component, c in contents.items():
                    totals[component] = totals.get(component, 0.0) + share * c
        return totals

    def fetuin(self, values: Mapping[str, float] | None = None) -> float:
        """Fetuin-A molecules in the final mix [mol/L]; parameters and raises as `totals`."""
        complete = self.values(changes=values)
        for name, item in self.inputs.items():
            if item.substance == "fetuin-A":
                return self.serum_fraction * item.molar(complete[name])
        return 0.0

    def doubts(self, values: Mapping[str, float]) -> list[str]:
        """What to say of values [their units] that would be usual in another unit."""
        return [words for k, v in values.items() if (words := self.inputs[k].doubt(v))]

    def water_fraction(self, values: Mapping[str, float] | None = None) -> float | None:
        """Volume of water in the mix, with the volume of serum protein taken off [L/L].

        Totals do not use it: they are per litre of the liquid, as laboratories report them.

        Parameters
        ----------
        values
            As `totals`.

        Returns
        -------
        float or None
            None for a medium without albumin.
        """
        complete = self.values(changes=values)
        for name, item in self.inputs.items():
            if item.substance == "albumin":
                protein = complete[name] + GLOBULINS  # [g/L]
                return 1.0 - self.serum_fraction * PROTEIN_VOLUME * protein
        return None
