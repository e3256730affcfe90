"""The solution at rest: what is free, bound and supersaturated before anything precipitates.

What is asked for is read here. With the constants and the activity model of the model, the
equilibrium is found in `calcikin.simulate.equilibrium`, by the compiled kernel that also serves the
right-hand side; with others by its twin, `calcikin.chemistry.speciation`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from calcikin.chemistry.activity import ActivityWarning
from calcikin.chemistry.activity_models import activity_model
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.media import load_medium, media_names
from calcikin.chemistry.medium import Medium
from calcikin.chemistry.speciation import Equilibrium, solve
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.model.modelfile import WINDOWS, load_scenario, scenario_names
from calcikin.simulate.equilibrium import equilibrium
from calcikin.simulate.model import SETTINGS, Model, load
from calcikin.simulate.solution_answer import Conditions, Speciation, Spread
from calcikin.units import format_quantity, parse_quantity

__all__ = ["Speciation", "Spread", "speciate"]

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


def speciate(
    of: Model | Medium | str | None = None,
    changes: Mapping[str, str | float] | None = None,
    *,
    preset: str | None = None,
    constants: str | Path | ConstantSet | None = None,
    activity: str | None = None,
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
    constants : str, Path or ConstantSet, optional
        Name of a shipped set, or a file (``.toml``, PHREEQC's ``.dat``); by default that of the
        model.
    activity : {"davies", "truesdell_jones", "sit"}, optional
        Activity model; by default that of the constants.

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
        When the ionic strength exceeds the validity of the activity model: 0.5 mol/L for Davies,
        0.7 for Truesdell-Jones, 3.5 for SIT.

    Notes
    -----
    Validity: 4 to 60 degC, pH 2 to 12, I up to that limit. Sources: the constants' own, and those
    of `calcikin.chemistry.activity_models`.

    Examples
    --------
    >>> serum = speciate("serum", {"serum.Mg": "1.2 mmol/L"}, preset="ckd_3_4")
    >>> 0.5e-3 < serum.ionised["Mg"] < 1.2e-3  # mol/L
    True
    >>> speciate(None, {"Ca": "2.4 mmol/L", "Pi": "1 mmol/L", "pH": 7.4}).si["OCP"] > 0.0
    True
    """
    if isinstance(of, Mapping):
        raise InputError(
            "the totals stand where a model or a medium is expected",
            where="speciate",
            hint='speciate(None, {"Ca": "2.4 mmol/L", "Pi": "1 mmol/L"})',
        )
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
    answer = _answer(model, totals, total_h, constants, activity, title)
    if not answer.valid:
        limit, words = answer.validity
        warnings.warn(
            f"ionic strength {answer.ionic_strength:.2g} mol/L is beyond {words} ({limit:g} mol/L)",
            ActivityWarning,
            stacklevel=2,
        )
    return answer


def _answer(
    model: Model,
    totals: Mapping[str, float],
    total_h: float | None,
    constants: str | Path | ConstantSet | None,
    activity: str | None,
    title: str,
) -> Speciation:
    """Solve, by the kernel where it has these constants and this activity model."""
    own = model.scenario.constants
    chosen = own if constants is None else _loaded(constants)
    name = activity or chosen.activity_model
    conditions = _conditions(model, totals, total_h)
    gone: tuple[str, ...] = ()
    if "phosphate_complexation" in model.switched_off():
        tagged = (k for k, item in chosen.species.items() if "mg_phosphate" in item.tags)
        gone = tuple(tagged)
    if chosen is own and name == "davies" == own.activity_model:
        found = equilibrium(model, totals, total_h)
    else:
        found = _by_the_twin(chosen.without(species=gone), conditions, model.temperature, name)
        gone = ()
    bare = not model.scenario.medium.inputs or title == "solution"
    values = {} if bare else model.input_values()
    medium = model.scenario.medium
    return Speciation(
        equilibrium=found,
        conditions=replace(
            conditions,
            totals={c: t for c, t in conditions.totals.items() if c in chosen.components},
        ),
        title=title,
        water_fraction=None if bare else medium.water_fraction(values),
        notes=() if bare else tuple(medium.doubts(values)),
        gone=gone,
    )


def _loaded(constants: str | Path | ConstantSet) -> ConstantSet:
    return constants if isinstance(constants, ConstantSet) else load_constants(constants)


def _conditions(model: Model, totals: Mapping[str, float], total_h: float | None) -> Conditions:
    """The conditions in the form that the twin takes."""
    fixed: dict[str, float] = {}
    given = {name: total for name, total in totals.items() if name != "H"}
    if total_h is None:
        fixed["H"] = 10.0**-model.initial_ph
    else:
        given["H"] = total_h
    if model.scenario.pco2 is not None:
        fixed["CO2(g)"] = model.scenario.pco2
        given.pop("CO3", None)
    return Conditions(given, fixed, model.settings.get("ionic_strength"))


def _by_the_twin(
    constants: ConstantSet, conditions: Conditions, T: float, activity: str
) -> Equilibrium:
    """Solve with any constants and activity model."""
    activity_model(activity, constants, T)  # an unknown name is refused before anything else
    missing = [
        name
        for name, total in conditions.totals.items()
        if total != 0.0 and name not in constants.components
    ]
    if missing:
        raise InputError(
            f"the constants have no {', '.join(missing)}",
            where=f"constants {constants.name}",
            hint="a shipped set such as 'phreeqc' takes over from 'default' what its database "
            "lacks",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ActivityWarning)  # said once, by `speciate`
        return solve(
            constants,
            {k: total for k, total in conditions.totals.items() if k in constants.components},
            T,
            fixed_activity=conditions.fixed,
            ionic_strength=conditions.ionic_strength,
            activity=activity,
        )


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
