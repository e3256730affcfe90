"""A model with its simulation as a COMBINE archive: SBML and SED-ML in one .omex file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcikin.errors import SimulationError
from calcikin.exchange.derive import equations_of
from calcikin.exchange.engines import ATOL, MAX_STEPS, RTOL
from calcikin.exchange.sbml import sbml_of
from calcikin.extras import library

if TYPE_CHECKING:
    from calcikin.exchange.equations import Equations
    from calcikin.simulate.model import Model

__all__ = ["archive_bytes", "sedml_text"]

#: Time between two outputs [s]: that of the plate reader.
INTERVAL = 180.0
#: What the settings of the solver are called (KiSAO).
_CVODE, _RTOL, _ATOL, _STEPS = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211", "KISAO:0000415"
_SBML = "urn:sedml:language:sbml.level-3.version-2"


def archive_bytes(model: Model) -> bytes:
    """A COMBINE archive: ``model.xml`` and ``simulation.sedml``, the run that is asked for.

    Parameters
    ----------
    model : Model
        Its duration is that of the simulation.

    Raises
    ------
    InputError
        When a library of the extra `exchange` is not installed.
    SimulationError
        When one of them refuses what it is given.
    """
    combine = library("libcombine", "exchange", "a COMBINE archive", package="python-libcombine")
    equations = equations_of(model)
    files = {
        "model.xml": (sbml_of(equations), "sbml", False),
        "simulation.sedml": (sedml_text(equations), "sedml", True),
    }
    with tempfile.TemporaryDirectory(prefix="calcikin-") as folder:
        archive = combine.CombineArchive()
        for name, (text, kind, first) in files.items():
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            known = combine.KnownFormats.lookupFormat(kind)
            if not archive.addFile(str(path), f"./{name}", known, first):
                raise SimulationError(f"libCombine does not take {name}")
        target = Path(folder) / "model.omex"
        if not archive.writeToFile(str(target)):
            raise SimulationError("libCombine cannot write the archive")
        archive.cleanUp()
        return target.read_bytes()


def sedml_text(equations: Equations) -> str:
    """The simulation of a model in SED-ML, Level 1 Version 4.

    A run with CVODE over the model's duration, the states as a report, and a plot of the Ca in ACP
    and in crystals.
    """
    sedml = library("libsedml", "exchange", "a SED-ML file", package="python-libsedml")
    model = equations.model
    document = sedml.SedDocument(1, 4)
    source = document.createModel()
    source.setId("model")
    source.setName(model.scenario.title)
    source.setSource("model.xml")
    source.setLanguage(_SBML)
    course = document.createUniformTimeCourse()
    course.setId("course")
    course.setInitialTime(0.0)
    course.setOutputStartTime(0.0)
    course.setOutputEndTime(model.duration)
    course.setNumberOfSteps(max(round(model.duration / INTERVAL), 1))
    algorithm = course.createAlgorithm()
    algorithm.setKisaoID(_CVODE)
    for kisao, value in ((_RTOL, repr(RTOL)), (_ATOL, repr(ATOL)), (_STEPS, str(MAX_STEPS))):
        setting = algorithm.createAlgorithmParameter()
        setting.setKisaoID(kisao)
        setting.setValue(value)
    task = document.createTask()
    task.setId("run")
    task.setModelReference("model")
    task.setSimulationReference("course")
    _outputs(sedml, document, equations)
    text = str(sedml.writeSedMLToString(document))
    again = sedml.readSedMLFromString(text)
    if again.getNumErrors(sedml.LIBSEDML_SEV_ERROR):
        raise SimulationError(f"libSEDML refuses the file: {again.getErrorLog().toString()}")
    return text


def _outputs(sedml: Any, document: Any, equations: Equations) -> None:
    def generator(id_: str, name: str, symbol: str = "", target: str = "") -> str:
        entry = document.createDataGenerator()
        entry.setId(f"data_{id_}")
        entry.setName(name)
        variable = entry.createVariable()
        variable.setId(f"variable_{id_}")
        variable.setTaskReference("run")
        if symbol:
            variable.setSymbol(symbol)
        else:
            variable.setTarget(target)
        entry.setMath(sedml.parseFormula(f"variable_{id_}"))
        return f"data_{id_}"

    document.getNamespaces().add("http://www.sbml.org/sbml/level3/version2/core", "sbml")
    time = generator("time", "time", symbol="urn:sedml:symbol:time")
    path = "/sbml:sbml/sbml:model/sbml:listOfSpecies/sbml:species[@id='{}']"
    states = {
        total.id: generator(total.id, total.state.title, target=path.format(total.id))
        for total in equations.totals
    }
    report = document.createReport()
    report.setId("states")
    report.setName("states [mol/L]")
    for data in (time, *states.values()):
        column = report.createDataSet()
        column.setId(f"column_{data}")
        column.setLabel(data.removeprefix("data_"))
        column.setDataReference(data)
    plot = document.createPlot2D()
    plot.setId("minerals")
    plot.setName("formula units in each population [mol/L]")
    names = {p.amount for p in equations.model.scenario.network.populations}
    for total in equations.totals:
        if total.state.name in names:
            curve = plot.createCurve()
            curve.setId(f"curve_{total.id}")
            curve.setName(total.state.title)
            curve.setLogX(False)
            curve.setLogY(False)
            curve.setXDataReference(time)
            curve.setYDataReference(states[total.id])
