"""Many solutions at rest in one call: arrays of totals in, arrays of ions and indices out.

The compiled kernel takes the waters four at a time and lets Python's lock go, so that threads share
the work. Every water is found from its own totals alone: neither their order nor the number of
threads changes a result by more than the last bits.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.activity_models import activity_model
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.records import WATER
from calcikin.compiler.layout import KERNEL_ACTIVITIES
from calcikin.compiler.solution_module import COLUMNS, CompiledSolution, compile_solution
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.model.modelfile import WINDOWS
from calcikin.simulate.solution_vector import fill_solution, open_carbonate

__all__ = ["Waters", "speciate_many"]

Array = npt.NDArray[np.float64]
Values = float | npt.ArrayLike
LN10 = math.log(10.0)
#: Waters that a thread takes at a time: a few milliseconds of work.
_CHUNK = 4096
#: Largest total of a component [mol/L]; assumed: saturated NaCl holds 6.
_MOST = 10.0
_PCO2_WINDOW = (1e-6, 1.0)  # atm


@dataclass(frozen=True)
class Waters:
    """Solutions at equilibrium, as columns; all arrays of shape (n,).

    Attributes
    ----------
    free : dict[str, ndarray], component -> free concentration [mol/L]; NaN where nothing was found
    ionic_strength : ndarray [mol/L]
    pH : ndarray, -log10 of the activity of H
    total_H : ndarray, total proton excess [mol/L]
    water_activity : ndarray [1]
    residual : ndarray, largest relative imbalance of a cation or of the ionic strength [1]
    iterations : ndarray, Newton steps of each
    found : ndarray of bool, whether an equilibrium was found
    temperature : ndarray [K]
    constants : ConstantSet
    activity_model : str
    """

    free: dict[str, Array]
    ionic_strength: Array
    pH: Array
    total_H: Array
    water_activity: Array
    residual: Array
    iterations: Array
    found: npt.NDArray[np.bool_]
    temperature: Array
    constants: ConstantSet
    activity_model: str

    def __len__(self) -> int:
        return int(self.pH.size)

    def activity(self, component: str) -> Array:
        """Activity of a component [1]; of a site on a protein its concentration.

        Raises
        ------
        UnknownNameError
        """
        self.constants.component(component)
        e = list(self.constants.components).index(component)
        return self.free[component] * np.exp(self._ln_gamma(slice(e, e + 1))[:, 0])

    def species(self, name: str) -> Array:
        """Concentration of a complex [mol/L].

        Raises
        ------
        UnknownNameError
        """
        constants = self.constants
        if name not in constants.species:
            raise UnknownNameError("species", name, constants.species)
        item = constants.species[name]
        e = len(constants.components) + list(constants.species).index(name)
        ln_c = self._at_temperatures(lambda T: LN10 * item.log_beta(T))
        ln_c = ln_c + item.water * np.log(self.water_activity)
        if not item.conditional:
            ln_c = ln_c - self._ln_gamma(slice(e, e + 1))[:, 0]
        with np.errstate(divide="ignore"):
            for component, n in item.stoichiometry.items():
                of = self.free[component] if item.conditional else self.activity(component)
                ln_c = ln_c + n * np.log(of)
        answer: Array = np.exp(ln_c)
        return answer

    def saturation_index(self, phase: str) -> Array:
        """SI = log10(IAP) - log10(Ksp) of a phase [1]; HAP per Ca5; -inf where an ion is missing.

        Raises
        ------
        UnknownNameError
        """
        item = self.constants.phase(phase)
        index = -self._at_temperatures(item.log_k.at)
        with np.errstate(divide="ignore"):
            for component, n in item.stoichiometry.items():
                of = self.water_activity if component == WATER else self.activity(component)
                index = index + n * np.log10(of)
        return index

    def _ln_gamma(self, entities: slice) -> Array:
        """The ln gamma of some entities (components, then species), shape (n, n_entities)."""
        if self.temperature.size and np.all(self.temperature == self.temperature[0]):
            model = activity_model(self.activity_model, self.constants, float(self.temperature[0]))
            return model.of_ionic_strength(self.ionic_strength, entities)
        width = entities.stop - entities.start
        answer = np.empty((self.temperature.size, width))
        for T in np.unique(self.temperature):
            rows = self.temperature == T
            model = activity_model(self.activity_model, self.constants, float(T))
            answer[rows] = model.of_ionic_strength(self.ionic_strength[rows], entities)
        return answer

    def _at_temperatures(self, function: Callable[[float], float]) -> Array:
        """A function of temperature [K] at that of every water."""
        distinct, which = np.unique(self.temperature, return_inverse=True)
        values = np.array([function(float(T)) for T in distinct])
        answer: Array = values[which]
        return answer


def speciate_many(
    totals: Mapping[str, Values],
    *,
    pH: Values | None = None,
    temperature: Values = 37.0,
    pCO2: Values | None = None,
    ionic_strength: float | None = None,
    constants: str | Path | ConstantSet = "default",
    activity: str | None = None,
    threads: int | None = None,
) -> Waters:
    """Speciate many solutions, in the order of a million a second and core.

    Parameters
    ----------
    totals : mapping of str to float or array_like
        Component -> total [mol/L], one number or one for each water; those not named are zero.
        ``"H"`` is the total proton excess of a closed solution, in place of ``pH``.
    pH : float or array_like, optional
        7.4 when neither pH nor H is given.
    temperature : float or array_like
        [degC]; each distinct one costs 0.2 ms.
    pCO2 : float or array_like, optional
        [atm], in place of total carbonate; at a given pH.
    ionic_strength : float, optional
        Held [mol/L]; by default each water has its own.
    constants : str, Path or ConstantSet
        Name of a shipped set or a file (``.toml``, PHREEQC's ``.dat``).
    activity : {"davies", "truesdell_jones"}, optional
        By default the activity model of the set. SIT has no compiled form.
    threads : int, optional
        As many as cores by default.

    Returns
    -------
    Waters
        A water for which nothing is found has ``found`` False, and NaN.

    Raises
    ------
    UnknownNameError, OutOfRangeError, InputError
        For names, numbers and conditions that make no sense; the first water at fault is named.

    Notes
    -----
    Validity: 4 to 60 degC, pH 2 to 12, I up to 0.5 mol/L (Davies) or 0.7 (Truesdell-Jones). There
    is no warning beyond: look at ``ionic_strength``.

    Examples
    --------
    >>> waters = speciate_many({"Ca": np.linspace(1e-3, 3e-3, 1000), "Pi": 1e-3, "Cl": 0.1}, pH=7.4)
    >>> index = waters.saturation_index("OCP")
    >>> index.shape, bool(waters.found.all()), bool(np.all(np.diff(index) > 0.0))
    ((1000,), True, True)
    """
    chosen = constants if isinstance(constants, ConstantSet) else load_constants(constants)
    name = activity or chosen.activity_model
    if name not in KERNEL_ACTIVITIES:
        activity_model(name, chosen, 298.15)  # an unknown name is answered with the nearest
        raise InputError(
            f"{name} has no compiled form",
            where="speciate_many",
            hint=f"activity {' or '.join(KERNEL_ACTIVITIES)}, or one water at a time by speciate()",
        )
    given = {**totals, "temperature": temperature}
    given |= {k: v for k, v in (("pH", pH), ("pCO2", pCO2)) if v is not None}
    arrays = _broadcast(given, chosen)
    n = arrays["temperature"].size
    compiled = compile_solution(chosen, name)
    kelvin = arrays["temperature"] + 273.15
    vectors, which = _vectors(compiled, chosen, kelvin, ionic_strength)
    table = np.zeros((len(compiled.tables.components), n))
    for row, component in zip(table, compiled.tables.components, strict=True):
        if component in totals:
            row[:] = arrays[component]
    closed = "H" in totals
    ln_ah = np.full(n, np.nan) if closed else -LN10 * arrays.get("pH", np.full(n, 7.4))
    ln_carbonate, slope = np.full(n, np.nan), np.zeros(n)
    if pCO2 is not None:
        for T in np.unique(kelvin):
            rows = kelvin == T
            ln_carbonate[rows], slope[rows] = open_carbonate(
                chosen, float(T), arrays["pCO2"][rows], ln_ah[rows]
            )
    free, other = np.empty_like(table), np.empty((len(COLUMNS), n))

    def solve(first: int) -> None:
        last = min(first + _CHUNK, n)
        compiled.module.solve_many(
            vectors, which, table, ln_ah, ln_carbonate, slope, first, last, free, other
        )

    with ThreadPoolExecutor(max_workers=threads or _cores()) as pool:
        list(pool.map(solve, range(0, n, _CHUNK)))
    column = dict(zip(COLUMNS, other, strict=True))
    return Waters(
        free=dict(zip(compiled.tables.components, free, strict=True)),
        ionic_strength=column["ionic_strength"],
        pH=-column["ln_ah"] / LN10,
        total_H=column["total_H"],
        water_activity=np.exp(column["ln_water"]),
        residual=column["residual"],
        iterations=column["iterations"],
        found=np.isfinite(column["iterations"]),
        temperature=kelvin,
        constants=chosen,
        activity_model=name,
    )


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _broadcast(given: Mapping[str, Values], constants: ConstantSet) -> dict[str, Array]:
    """Every quantity as an array of one length, checked."""
    if "H" in given and "pH" in given:
        raise InputError("pH and total H are both given", hint="give one of the two")
    if "pCO2" in given and "H" in given:
        raise InputError(
            "the pH is closed (total H) but carbonate is open (pCO2)",
            hint="give a pH with the pCO2",
        )
    if "pCO2" in given and "CO3" in given:
        raise InputError(
            "CO3 is given both as a total and through pCO2", hint="give one of the two"
        )
    low, high = (T - 273.15 for T in constants.temperature_range)
    windows = {
        "temperature": (low - 1e-9, high + 1e-9),
        "pH": WINDOWS["pH"],
        "pCO2": _PCO2_WINDOW,
        "H": (-10.0 * _MOST, 10.0 * _MOST),  # several to each ligand
    }
    for name in given:
        if name not in windows and name not in constants.components:
            raise UnknownNameError("component", name, constants.components, "speciate_many")
    try:
        values = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in given.values()))
    except ValueError as error:
        sizes = {name: np.shape(value) for name, value in given.items()}
        raise InputError(
            f"the arrays have different lengths: {sizes}",
            where="speciate_many",
            hint="one number, or one for each water",
        ) from error
    if values[0].ndim > 1:
        raise InputError("the arrays have more than one dimension", hint="ravel() them")
    arrays = {k: np.atleast_1d(v) for k, v in zip(given, values, strict=True)}
    for name, value in arrays.items():
        low, high = windows.get(name, (0.0, _MOST))
        bad = np.flatnonzero(~((value >= low) & (value <= high)))
        if bad.size:
            raise OutOfRangeError(
                f"{name} = {value[bad[0]]!r} of water {bad[0]} is not plausible",
                where="speciate_many",
                hint=f"{low:g} to {high:g}",
            )
    return arrays


def _vectors(
    compiled: CompiledSolution, constants: ConstantSet, kelvin: Array, held: float | None
) -> tuple[Array, npt.NDArray[np.int64]]:
    """One q for each distinct temperature, and which one every water has."""
    distinct, which = np.unique(kelvin, return_inverse=True)
    layout = compiled.layout
    vectors = np.zeros((distinct.size, max(layout.values()) + 1))
    for q, T in zip(vectors, distinct, strict=True):
        fill_solution(q, layout, compiled.tables, constants, float(T))
        if held is not None:
            low, high = WINDOWS["ionic_strength"]
            if not low <= held <= high:
                raise OutOfRangeError(
                    f"ionic_strength = {held!r} mol/L is not plausible",
                    where="speciate_many",
                    hint=f"{low:g} to {high:g} mol/L",
                )
            q[layout["i_fixed"]], q[layout["i_value"]] = 1.0, max(held, 1e-30)
    return vectors, which.astype(np.int64)
