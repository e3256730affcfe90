"""The model as users hold it: a scenario plus what they changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcikin.compiler.module import CompiledModel, compile_network
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.model.modelfile import WINDOWS, Scenario, load_scenario
from calcikin.simulate import arrays
from calcikin.units import format_quantity, parse_quantity

if TYPE_CHECKING:
    from calcikin.simulate.result import Result

__all__ = ["Model", "load"]

Array = npt.NDArray[np.float64]
RATIO = re.compile(r"([A-Za-z][\w.]*)/([A-Za-z][\w.]*)\Z")
#: Settings of a run that are neither inputs of the medium nor parameters: name -> unit.
SETTINGS = {"temperature": "degC", "pH": "1", "duration": "h", "ionic_strength": "mol/L"}


@dataclass(frozen=True)
class Model:
    """A scenario with chosen inputs, parameters and switches; unchangeable, cheap to copy.

    Attributes
    ----------
    scenario : Scenario
    preset : str
    inputs : mapping of str to float
        Changed inputs of the medium, in their units.
    ratios : mapping of str to float
        Inputs given as a ratio to another, such as ``"Mg/Ca"`` [mol/mol].
    parameters : mapping of str to float
        Changed parameters, in their units.
    settings : mapping of str to float
        temperature [degC], pH, duration [h], ionic_strength [mol/L].
    off : tuple of str
        Mechanisms switched off.
    """

    scenario: Scenario
    preset: str
    inputs: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=dict)
    off: tuple[str, ...] = ()

    # ---- making variants ---------------------------------------------------------------------
    def with_(
        self,
        changes: Mapping[str, str | float] | None = None,
        *,
        preset: str | None = None,
        switch_off: str | Iterable[str] = (),
        **groups: Mapping[str, str | float],
    ) -> Model:
        """Return a copy with other values.

        Parameters
        ----------
        changes : mapping, optional
            Name to value: text with a unit (``"1.2 mmol/L"``) or a number in the quantity's own
            unit. Names are inputs of the medium (``serum.Mg``), ratios of two (``Mg/Ca``), settings
            (``temperature``, ``pH``, ``duration``, ``ionic_strength``) or parameters.
        preset : str, optional
        switch_off : str or iterable of str
            Mechanism or mechanisms to switch off besides those already off.
        **groups : mapping
            ``serum={"Mg": "1.2 mmol/L"}`` is short for ``{"serum.Mg": "1.2 mmol/L"}``.

        Raises
        ------
        UnknownNameError, UnitError, OutOfRangeError
            Named, with the nearest name, the expected unit or the plausible range.

        Examples
        --------
        >>> serum = load("t50_serum").with_({"serum.Mg": "2.4 mg/dL"}, preset="ckd_3_4")
        >>> round(serum.input_values()["serum.Mg"], 3)  # mmol/L
        0.987
        >>> serum.with_(switch_off="whitlockite").switched_off()
        ('whitlockite',)
        """
        model = self
        if preset is not None:
            self.scenario.medium.preset(preset)
            model = replace(model, preset=preset)
        flat: dict[str, str | float] = dict(changes or {})
        for group, values in groups.items():
            if not isinstance(values, Mapping):
                raise InputError(
                    f"{group}={values!r} is no group of values",
                    where=f"model {self.name}",
                    hint=f'{{"{group}": {values!r}}} for a single value, preset="healthy" for a '
                    'serum, or serum={"Mg": "1.2 mmol/L"}',
                )
            flat |= {f"{group}.{name}": value for name, value in values.items()}
        for name, value in flat.items():
            model = model._with_one(name, value)
        off = list(model.off)
        for switch in (switch_off,) if isinstance(switch_off, str) else switch_off:
            if switch not in self.scenario.network.switches:
                raise UnknownNameError("mechanism", switch, self.scenario.network.switches)
            if switch not in off:
                off.append(switch)
        return replace(model, off=tuple(off))

    def _with_one(self, name: str, value: str | float) -> Model:
        medium = self.scenario.medium
        if name in medium.inputs:
            item = medium.inputs[name]
            number = item.parse(value) if isinstance(value, str) else item.check(float(value))
            return replace(
                self, inputs={**self.inputs, name: number}, ratios=self._ratios_but(name)
            )
        if name in SETTINGS:
            unit = SETTINGS[name]
            number = (
                parse_quantity(value, unit, where=name) if isinstance(value, str) else float(value)
            )
            low, high = WINDOWS[name]
            if not low <= number <= high:
                raise OutOfRangeError(
                    f"{name} = {format_quantity(number, unit)} is not plausible",
                    where=name,
                    hint=f"{low:g} to {high:g} {unit if unit != '1' else ''}".strip(),
                )
            return replace(self, settings={**self.settings, name: number})
        if name in self.scenario.parameters.parameters:
            parameter = self.scenario.parameters.get(name).with_value(value)
            return replace(self, parameters={**self.parameters, name: parameter.value})
        if not self._is_ratio(name):
            raise self._unknown(name)
        number = parse_quantity(value, "1", where=name) if isinstance(value, str) else value
        if not (math.isfinite(number) and 0.0 <= number <= 100.0):
            raise OutOfRangeError(f"{name} = {number!r}", hint="0 to 100 mol/mol")
        others = self._ratios_but(name.partition("/")[0])
        return replace(self, ratios={**others, name: float(number)})

    def _is_ratio(self, name: str) -> bool:
        ratio, inputs = RATIO.match(name), self.scenario.medium.inputs
        return ratio is not None and ratio[1] in inputs and ratio[2] in inputs

    def _unknown(self, name: str) -> UnknownNameError:
        scenario = self.scenario
        known = [*scenario.medium.inputs, *SETTINGS, *scenario.parameters.parameters]
        return UnknownNameError("input or parameter", name, known, where=f"model {self.name}")

    def _ratios_but(self, upper: str) -> dict[str, float]:
        """Ratios that do not set the input `upper`: what is said last holds."""
        return {name: r for name, r in self.ratios.items() if name.partition("/")[0] != upper}

    def unit_of(self, name: str) -> str:
        """Unit in which plain numbers for ``name`` are read.

        Raises
        ------
        UnknownNameError
        """
        medium = self.scenario.medium
        if name in medium.inputs:
            return medium.inputs[name].unit
        if name in SETTINGS:
            return SETTINGS[name]
        if name in self.scenario.parameters.parameters:
            return self.scenario.parameters.get(name).unit
        if self._is_ratio(name):
            return "1"
        raise self._unknown(name)

    # ---- what is in it -----------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def compiled(self) -> CompiledModel:
        """Compiled kernels (generated on first use, then from the cache)."""
        return compiled_for(self.scenario)

    @property
    def temperature(self) -> float:
        """Temperature [K]."""
        if "temperature" in self.settings:
            return self.settings["temperature"] + 273.15
        return self.scenario.temperature

    @property
    def initial_ph(self) -> float:
        """The pH at the start (and throughout, when it is held) [1]."""
        if "pH" in self.settings:
            return self.settings["pH"]
        if self.preset and self.scenario.medium.serum_fraction == 1.0:
            return self.scenario.medium.presets[self.preset].pH.value
        return self.scenario.medium.pH

    @property
    def duration(self) -> float:
        """Length of the run [s]."""
        return (
            self.settings["duration"] * 3600.0
            if "duration" in self.settings
            else self.scenario.duration
        )

    def input_values(self) -> dict[str, float]:
        """Every input of the medium, in its unit: preset, changes, then ratios.

        Raises
        ------
        OutOfRangeError
            When a ratio leads to an implausible input.
        InputError
            When ratios set each other in a circle.
        """
        medium = self.scenario.medium
        values = medium.values(self.preset or None, self.inputs)
        waiting = {tuple(name.split("/")): ratio for name, ratio in self.ratios.items()}
        while waiting:
            for upper, lower in list(waiting):
                if any(lower == other for other, _ in waiting):
                    continue  # its denominator is itself set by a ratio: that one first
                amount = waiting.pop((upper, lower)) * medium.inputs[lower].molar(values[lower])
                one = medium.inputs[upper].molar(1.0)
                values[upper] = medium.inputs[upper].check(amount / one)
                break
            else:
                circle = ", ".join(self.ratios)
                raise InputError(f"the ratios {circle} set each other", hint="leave one out")
        return values

    def totals(self) -> dict[str, float]:
        """Component totals of the mix [mol/L], without H."""
        totals = self.scenario.medium.totals(self.input_values())
        return {c: totals.get(c, 0.0) for c in self.scenario.constants.components}

    def parameter_values(self) -> dict[str, float]:
        """Every parameter in its internal unit."""
        own = self.scenario.parameters.parameters
        return {
            name: (p.with_value(self.parameters[name]) if name in self.parameters else p).internal
            for name, p in own.items()
        }

    def switched_off(self) -> tuple[str, ...]:
        """Mechanisms that are off in this model."""
        return tuple(dict.fromkeys((*self.scenario.switch_off, *self.off)))

    # ---- arrays for the kernels --------------------------------------------------------------
    def parameter_vector(self) -> Array:
        """Return q, prepared: parameters, constants at this temperature, totals, switches."""
        q = arrays.parameters_of(self)
        self.compiled.module.prepare(q)
        return q

    def unprepared_vector(self) -> Array:
        """Return q as chosen, without what is derived from it once per run."""
        return arrays.parameters_of(self)

    def initial_state(self, q: Array) -> Array:
        """Return y at t = 0 [mol/L]; total H from the speciation at the initial pH.

        Parameters
        ----------
        q : ndarray, shape (n_slots,), prepared parameter vector of this model

        Returns
        -------
        ndarray, shape (n_states,)

        Raises
        ------
        OutOfRangeError
            When the solution cannot be speciated.
        """
        return arrays.start_of(self, q)

    def tolerances(self, rtol: float) -> Array:
        """Absolute tolerances per state [mol/L], from the amounts that matter, scaled with rtol.

        At rtol 1e-6: 1e-12 mol/L for ions (mmol/L matter), 1e-15 for PPi, ATP and their products,
        1e-13 for fetuin-A, 1e-14 for minerals and 1e-18 for particle numbers (6e5 cores per litre,
        of 1e9 to 1e16): small enough that the first particles of a nucleation burst are resolved.
        """
        return arrays.tolerances_of(self, rtol)

    def simulate(
        self,
        t: str | None = None,
        *,
        solver: str = "auto",
        rtol: float | None = None,
        times: Array | None = None,
        exact_jacobian: bool = True,
    ) -> Result:
        """Run the model.

        Parameters
        ----------
        t : str, optional
            Duration with unit, such as ``"24 h"``; the scenario's own otherwise.
        solver : {"auto", "lsoda", "bdf", "radau", "ensemble"}
        rtol : float, optional
            Relative tolerance [1]; by default that of the solver.
        times : ndarray, shape (n_times,), optional
            Output times [s], increasing from 0; by default dense at the start, then every 3 min.
        exact_jacobian : bool
            Whether the solvers of SciPy get the exact Jacobian, or find it by differences.

        Returns
        -------
        Result
            Always; look at ``status`` and ``reason``.

        Raises
        ------
        UnknownNameError, UnitError, OutOfRangeError
            For bad input, before anything runs.

        Examples
        --------
        >>> result = load("t50_serum").simulate("24 h")
        >>> result.ok, float(result.t[-1]), result.balance_error < 1e-8
        (True, 86400.0, True)
        """
        from calcikin.simulate.run import run

        model = self if t is None else self.with_({"duration": t})
        return run(model, solver=solver, rtol=rtol, times=times, exact_jacobian=exact_jacobian)

    def describe(self) -> dict[str, Any]:
        """Everything that was chosen, as plain data for provenance."""
        return {
            "model": self.name,
            "preset": self.preset,
            "inputs": self.input_values(),
            "ratios": dict(self.ratios),
            "parameters": dict(self.parameters),
            "settings": dict(self.settings),
            "temperature_degC": self.temperature - 273.15,
            "pH": self.initial_ph,
            "pH_mode": "closed" if self.scenario.closed_ph else "fixed",
            "duration_h": self.duration / 3600.0,
            "off": list(self.switched_off()),
            "constants": f"{self.scenario.constants.name} {self.scenario.constants.version}",
            "parameter_set": f"{self.scenario.parameters.name} {self.scenario.parameters.version}",
            "sha256": self.scenario.sha256,
        }


_COMPILED: dict[str, CompiledModel] = {}


def compiled_for(scenario: Scenario) -> CompiledModel:
    """Return the kernels of a scenario, compiled once per process."""
    if scenario.sha256 not in _COMPILED:
        _COMPILED[scenario.sha256] = compile_network(scenario.network, scenario.constants)
    return _COMPILED[scenario.sha256]


def load(name: str | Path) -> Model:
    """Load a model by name (see ``calcikin models``) or from a TOML file.

    Returns
    -------
    Model

    Raises
    ------
    UnknownNameError, ModelFileError, BalanceError, UnitError

    Examples
    --------
    >>> model = load("t50_serum")
    >>> model.preset, round(model.temperature - 273.15, 2), model.unit_of("serum.Mg")
    ('healthy', 36.5, 'mmol/L')
    """
    scenario = load_scenario(name)
    return Model(scenario, scenario.preset)
