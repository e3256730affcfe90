"""The solution at rest: what is free, bound and supersaturated before anything precipitates.

What is asked for is read here; the equilibrium itself is found in `calcikin.simulate.equilibrium`,
by the compiled kernel that also serves the right-hand side.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from calcikin.chemistry.activity import VALID_IONIC_STRENGTH, ActivityWarning
from calcikin.chemistry.media import load_medium, media_names
from calcikin.chemistry.medium import Medium
from calcikin.chemistry.speciation import ionised, saturation_indices, ultrafiltrable
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.model.modelfile import WINDOWS, load_scenario, scenario_names
from calcikin.simulate.equilibrium import equilibrium
from calcikin.simulate.model import SETTINGS, Model, load
from calcikin.units import format_quantity, parse_quantity

__all__ = ["Speciation", "speciate"]

#: The model whose compiled kernel serves solutions that belong to no model.
_KERNEL_OF = "t50_serum"
#: pH of a bare solution that states neither pH nor total H (assumed: that of plasma), and its
#: temperature [degC].
_USUAL = {"pH": 7.4, "temperature": 37.0}
#: Largest total of a component [mol/L]; assumed: saturated NaCl holds 6.
_MOST = 10.0
#: What a component is called where a mass or a charge has to become moles.
_SUBSTANCE = {"CO3": "HCO3", "Cit": "citrate", "Lac": "lactate"}
_PCO2_WINDOW = (1e-6, 1.0)  # atm


@dataclass(frozen=True)
class Speciation:
    """A solution at equilibrium with itself.

    Attributes
    ----------
    free : dict[str, float], component -> free concentration [mol/L]
    species : dict[str, float], complex -> concentration [mol/L]
    activity : dict[str, float], component or complex -> activity [1]; protein sites and what is
        bound to them: the concentration
    si : dict[str, float], phase -> saturation index [1], HAP per Ca5; ``-inf`` where an ion is
        missing
    ionised : dict[str, float], Ca and Mg as an ion-selective electrode reports them [mol/L]
    ultrafiltrable : dict[str, float], Ca and Mg not bound to protein [mol/L]
    totals : dict[str, float], component -> total in solution [mol/L]; H is the proton excess
    ionic_strength : float [mol/L]
    pH : float, -log10 of the activity of H
    temperature : float [K]
    residual : float, largest relative imbalance of a component [1]
    title : str, what was speciated
    constants : str, name and version of the constant set
    """

    free: dict[str, float]
    species: dict[str, float]
    activity: dict[str, float]
    si: dict[str, float]
    ionised: dict[str, float]
    ultrafiltrable: dict[str, float]
    totals: dict[str, float]
    ionic_strength: float
    pH: float
    temperature: float
    residual: float
    title: str
    constants: str

    @property
    def valid(self) -> bool:
        """Whether the ionic strength lies within the Davies equation (0.5 mol/L)."""
        return self.ionic_strength <= VALID_IONIC_STRENGTH

    def summary(self) -> dict[str, Any]:
        """The numbers of ``calcikin speciate --json``.

        Returns
        -------
        dict
            Concentrations and the ionic strength in mmol/L; an infinite SI as None.
        """

        def mmol(values: Mapping[str, float]) -> dict[str, float]:
            return {name: 1e3 * c for name, c in values.items()}

        return {
            "title": self.title,
            "units": "mmol/L",
            "pH": self.pH,
            "temperature_degC": self.temperature - 273.15,
            "ionic_strength": 1e3 * self.ionic_strength,
            "ionised": mmol(self.ionised),
            "ultrafiltrable": mmol(self.ultrafiltrable),
            "free": mmol(self.free),
            "species": mmol(self.species),
            "totals": mmol(self.totals),
            "si": {phase: si if math.isfinite(si) else None for phase, si in self.si.items()},
            "activity": dict(self.activity),
            "valid": self.valid,
            "residual": self.residual,
            "constants": self.constants,
        }


def speciate(
    of: Model | Medium | str | None = None,
    changes: Mapping[str, str | float] | None = None,
    *,
    preset: str | None = None,
) -> Speciation:
    """Speciate a serum, a medium, the start of a model, or a solution given by its totals.

    Parameters
    ----------
    of : Model, Medium, str or None
        A model (its mix at t = 0), a medium or the name of one (``"serum"``), the name of a model,
        or nothing: then ``changes`` gives the totals of the components, and the others are zero.
    changes : mapping, optional
        Name to value: text with a unit, or a number in the quantity's own unit. Besides the inputs
        of the model or medium (``"serum.Mg"``), or the components (``"Mg"``; plain numbers in
        mol/L): ``temperature`` [degC], ``pH``, ``ionic_strength`` [mol/L] to hold it, ``pCO2``
        [atm] in place of total carbonate, and ``H``, the total proton excess [mol/L], in place of
        the pH (a closed solution). A bare solution is at pH 7.4 and 37 degC when it says nothing.
    preset : str, optional
        Preset of the medium, such as ``"healthy"``.

    Returns
    -------
    Speciation

    Raises
    ------
    UnknownNameError, UnitError, OutOfRangeError, InputError
        For names, units and values that make no sense, or contradict each other.
    SimulationError
        When no equilibrium is found.

    Warns
    -----
    ActivityWarning
        When the ionic strength exceeds 0.5 mol/L, the validity of the Davies equation.

    Notes
    -----
    Validity: 4 to 60 degC, pH 2 to 12, I up to 0.5 mol/L. Sources: the constants' own; Davies 1962.

    Examples
    --------
    >>> speciate("serum", {"serum.Mg": "1.2 mmol/L"}, preset="ckd_3_4").ionised["Mg"]
    >>> speciate(None, {"Ca": "2.4 mmol/L", "Pi": "1 mmol/L", "pH": 7.4}).si["OCP"]
    """
    given = dict(changes or {})
    total_h = _taken(given, "H", "mol/L", (-_MOST, _MOST))
    pco2 = _taken(given, "pCO2", "atm", _PCO2_WINDOW)
    if total_h is not None and "pH" in given:
        raise InputError("pH and total H are both given", hint="give one of the two")
    if of is None:
        if preset is not None:
            raise InputError(
                f"a bare solution has no preset {preset!r}", hint="speciate('serum', preset=...)"
            )
        model, totals = _bare(given, carbonate=pco2 is None)
        title = "solution"
    else:
        model = _as_model(of).with_(given, preset=preset)
        totals = model.totals()
        title = f"{model.scenario.medium.name} {model.preset}".strip()
    if pco2 is not None:
        model = replace(model, scenario=replace(model.scenario, pco2=pco2))
    if total_h is not None and model.scenario.pco2 is not None:
        raise InputError(
            "the pH is closed (total H) but carbonate is open (pCO2)",
            where=title,
            hint="give a pH with the pCO2",
        )
    found = equilibrium(model, totals, total_h)
    answer = Speciation(
        free=found.free,
        species=found.species,
        activity=found.activity,
        si=saturation_indices(found),
        ionised=ionised(found),
        ultrafiltrable=ultrafiltrable(found),
        totals=found.totals,
        ionic_strength=found.ionic_strength,
        pH=found.pH,
        temperature=found.T,
        residual=found.residual,
        title=title,
        constants=f"{found.constants.name} {found.constants.version}",
    )
    if not answer.valid:
        warnings.warn(
            f"ionic strength {answer.ionic_strength:.2g} mol/L is beyond the Davies equation "
            f"({VALID_IONIC_STRENGTH} mol/L)",
            ActivityWarning,
            stacklevel=2,
        )
    return answer


def _taken(
    given: dict[str, str | float], name: str, unit: str, window: tuple[float, float]
) -> float | None:
    """Take a quantity out of the changes, checked; None when it is not there."""
    if name not in given:
        return None
    value = given.pop(name)
    number = parse_quantity(value, unit, where=name) if isinstance(value, str) else float(value)
    low, high = window
    if not low <= number <= high:
        raise OutOfRangeError(
            f"{name} = {format_quantity(number, unit)} is not plausible",
            where=name,
            hint=f"{low:g} to {high:g} {'' if unit == '1' else unit}".strip(),
        )
    return number


def _as_model(of: Model | Medium | str) -> Model:
    """A model whose mix at t = 0 is the solution that is meant."""
    if isinstance(of, Model):
        return of
    if isinstance(of, str):
        if of not in media_names() and of in scenario_names():
            return load(of)
        if of not in media_names() and not of.endswith(".toml"):
            raise UnknownNameError("medium or model", of, {*media_names(), *scenario_names()})
        of = load_medium(of)
    scenario = replace(
        load_scenario(_KERNEL_OF),
        medium=of,
        preset=of.default_preset,
        temperature=of.temperature,
        pco2=None,
        switch_off=(),
    )
    return Model(scenario, of.default_preset)


def _bare(given: dict[str, str | float], *, carbonate: bool) -> tuple[Model, dict[str, float]]:
    """Settings (in a model) and totals [mol/L] of a solution that is given by its totals."""
    scenario = replace(load_scenario(_KERNEL_OF), pco2=None, switch_off=())
    components = scenario.constants.components
    totals = dict.fromkeys(components, 0.0)
    settings = {name: value for name, value in _USUAL.items() if name not in given}
    for name, value in given.items():
        if name in SETTINGS and name != "duration":
            number = _taken({name: value}, name, SETTINGS[name], WINDOWS[name])
            assert number is not None
            settings[name] = number
            continue
        if name not in components:
            known = [*components, *(s for s in SETTINGS if s != "duration"), "pCO2"]
            raise UnknownNameError("component or setting", name, known, where="speciate")
        if isinstance(value, str):
            substance = _SUBSTANCE.get(name, name)
            value = parse_quantity(value, "mol/L", where=name, substance=substance)
        if not 0.0 <= value <= _MOST:
            raise OutOfRangeError(
                f"the total of {name} cannot be {format_quantity(value, 'mol/L')}",
                where=name,
                hint=f"0 to {_MOST:g} mol/L",
            )
        totals[name] = float(value)
    if not carbonate and totals["CO3"] != 0.0:
        raise InputError(
            "CO3 is given both as a total and through pCO2", hint="give one of the two"
        )
    return Model(scenario, "", settings=settings), totals
