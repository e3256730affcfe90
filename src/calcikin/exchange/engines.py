"""Other programs that run an exported model: libRoadRunner and COPASI.

A program loads a file once; each run then sets the numbers of another composition, parameter or
switch in it, so that many trajectories can be compared or timed:

    engine = RoadRunner(model)
    states = engine.run(model.with_({"serum.Mg": "1.2 mmol/L"}), times)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, SimulationError
from calcikin.exchange.derive import equations_of
from calcikin.exchange.numbers import file_numbers
from calcikin.exchange.sbml import sbml_of
from calcikin.extras import library

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["ENGINES", "Copasi", "Engine", "RoadRunner"]

Array = npt.NDArray[np.float64]
#: Tolerances at which both programs give the main states within 1e-5 of calcikin at its tightest.
RTOL, ATOL = 1e-8, 1e-22
MAX_STEPS = 1_000_000


class Engine(Protocol):
    """A program that holds an exported model."""

    def __init__(self, model: Model) -> None:
        """Export and load ``model``."""

    def run(self, model: Model, times: Array, *, rtol: float = RTOL, atol: float = ATOL) -> Array:
        """The states of a variant of the loaded model at ``times``."""


class _Loaded:
    """What both programs share: the file, its ids, the numbers of a variant."""

    def __init__(self, model: Model) -> None:
        equations = equations_of(model)
        self.text = sbml_of(equations)
        self.absent = tuple(equations.absent)
        self.structure = model.compiled.path.stem
        self.states = [total.id for total in equations.totals]
        self.ids = [*self.states, *(constant.id for constant in equations.constants)]
        self.ids += [unknown.id for unknown in equations.unknowns]
        self.species = {*self.states}
        self.species |= {c.id for c in equations.constants if c.kind == "total"}

    def numbers(self, model: Model) -> Mapping[str, float]:
        """What a variant sets, by id.

        Raises
        ------
        InputError
            When the variant is not one of this model.
        """
        if model.compiled.path.stem != self.structure:
            raise InputError(
                f"{model.name!r} is another model than the one that was loaded",
                hint="load it into an engine of its own",
            )
        numbers = file_numbers(model)
        for name in self.absent:
            if numbers.get(f"total__{name}", 0.0) > 0.0:
                raise InputError(
                    f"the loaded model has no {name}, so that none can be set",
                    hint="load the model with some of it, then set it",
                )
        return {id_: numbers[id_] for id_ in self.ids if id_ in numbers}


class RoadRunner:
    """A model in libRoadRunner (CVODE).

    Parameters
    ----------
    model : Model
    optimise : bool
        Let it compile with optimisation, which takes three times as long for runs that are a tenth
        faster.

    Raises
    ------
    InputError
        When libroadrunner or python-libsbml is not installed.
    """

    def __init__(self, model: Model, *, optimise: bool = False) -> None:
        roadrunner = library(
            "roadrunner", "exchange", "a run in libRoadRunner", package="libroadrunner"
        )
        self._loaded = _Loaded(model)
        config = roadrunner.Config
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)  # failures are raised
        keys = (config.LLVM_BACKEND, config.LLJIT_OPTIMIZATION_LEVEL)
        chosen = (config.LLJIT, config.DEFAULT if optimise else config.NONE)
        before = [config.getValue(key) for key in keys]
        try:
            for key, value in zip(keys, chosen, strict=True):
                config.setValue(key, value)
            self._program = roadrunner.RoadRunner(self._loaded.text)
        finally:
            for key, value in zip(keys, before, strict=True):
                config.setValue(key, value)
        states = self._loaded.states
        self._program.timeCourseSelections = ["time", *(f"[{id_}]" for id_ in states)]

    def run(self, model: Model, times: Array, *, rtol: float = RTOL, atol: float = ATOL) -> Array:
        """States of a variant.

        Parameters
        ----------
        model : Model, a variant of the loaded one
        times : ndarray, shape (n_times,), increasing from 0 [s]
        rtol, atol : float, tolerances [1], [mol/L]

        Returns
        -------
        ndarray, shape (n_times, n_states) [mol/L], in the order of the network

        Raises
        ------
        InputError
            When the variant does not fit the loaded file.
        SimulationError
            When the program gives up.
        """
        program, loaded = self._program, self._loaded
        numbers = loaded.numbers(model)
        program.reset()
        for id_, value in numbers.items():
            program.setValue(f"[{id_}]" if id_ in loaded.species else id_, value)
        settings = program.integrator
        settings.relative_tolerance = rtol
        settings.absolute_tolerance = atol
        settings.maximum_num_steps = MAX_STEPS
        try:
            table = program.simulate(times=[float(t) for t in times])
        except RuntimeError as error:
            raise SimulationError(f"libRoadRunner gives up: {error}") from error
        return np.asarray(table, dtype=float)[:, 1:].copy()


class Copasi:
    """A model in COPASI (LSODA).

    Parameters
    ----------
    model : Model

    Raises
    ------
    InputError
        When python-copasi or python-libsbml is not installed.
    """

    def __init__(self, model: Model) -> None:
        self._copasi = library("COPASI", "exchange", "a run in COPASI", package="python-copasi")
        self._loaded = _Loaded(model)
        self._data = self._copasi.CRootContainer.addDatamodel()
        if not self._data.importSBMLFromString(self._loaded.text):
            raise SimulationError(f"COPASI cannot read the file: {self._said()}")
        content = self._data.getModel()
        self._entries = {
            entry.getSBMLId(): entry
            for entry in (
                *(content.getMetabolite(k) for k in range(content.getNumMetabs())),
                *(content.getModelValue(k) for k in range(content.getNumModelValues())),
            )
        }

    def _said(self) -> str:
        text = self._copasi.CCopasiMessage.getAllMessageText()
        return " ".join(str(text).split()) or "no reason given"

    def run(self, model: Model, times: Array, *, rtol: float = RTOL, atol: float = ATOL) -> Array:
        """States of a variant; see `RoadRunner.run`."""
        copasi, loaded = self._copasi, self._loaded
        changed = copasi.ObjectStdVector()
        content = self._data.getModel()
        for id_, value in loaded.numbers(model).items():
            entry = self._entries[id_]
            if id_ in loaded.species:  # in COPASI a number of particles, in one litre
                value *= content.getQuantity2NumberFactor()
            entry.setInitialValue(value)
            changed.append(entry.getObject(copasi.CCommonName("Reference=InitialValue")))
        content.updateInitialValues(changed)
        content.applyInitialValues()
        task = self._data.getTask("Time-Course")
        task.setMethodType(copasi.CTaskEnum.Method_deterministic)
        problem, method = task.getProblem(), task.getMethod()
        problem.setAutomaticStepSize(False)
        problem.setUseValues(True)
        problem.setValues(" ".join(repr(float(t)) for t in times))
        problem.setDuration(float(times[-1]))
        problem.setTimeSeriesRequested(True)
        method.getParameter("Absolute Tolerance").setDblValue(atol)
        method.getParameter("Max Internal Steps").setUIntValue(MAX_STEPS)
        # its LSODA now and then gives up at one tolerance, and at neither neighbour
        for tolerance in (rtol, 0.1 * rtol):
            method.getParameter("Relative Tolerance").setDblValue(tolerance)
            copasi.CCopasiMessage.clearDeque()
            if task.process(True):
                break
        else:
            raise SimulationError(f"COPASI gives up: {self._said()}")
        series = task.getTimeSeries()
        columns = {series.getSBMLId(k, self._data): k for k in range(series.getNumVariables())}
        n = series.getRecordedSteps()
        if n != len(times):
            raise SimulationError(f"COPASI stopped after {n} of {len(times)} times: {self._said()}")
        return np.array(
            [
                [series.getConcentrationData(k, columns[id_]) for id_ in loaded.states]
                for k in range(n)
            ]
        )


#: Program -> what loads a model into it.
ENGINES: Mapping[str, Callable[[Model], Engine]] = {"libroadrunner": RoadRunner, "copasi": Copasi}
