"""A calibration as a PEtab problem: linted, run in libRoadRunner, and judged by `petab`."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import petab.v1 as petab
import pytest
import roadrunner
from petab.v1.calculate import calculate_chi2
from tests.small_calibrations import ALPHA_MG, GROWTH_RATE, half_time, write

from calcikin import load
from calcikin.calibration import Dataset, load_calibration
from calcikin.calibration.points import variant
from calcikin.errors import InputError
from calcikin.exchange.formats import export
from calcikin.exchange.petab_tables import petab_bytes, reason_left_out
from calcikin.simulate.readouts import get_readout

# petab reads its tables with arguments that pandas will drop
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

#: The shipped calibration fits nothing of the slurry that belongs to one run, so that of the tests
#: does: the numbers are near what the model gives, and from nowhere else.
OWN = (
    GROWTH_RATE
    + ALPHA_MG
    + half_time("half_0", 0.0, error="factor = 1.3")
    + half_time("half_01", 0.1, error="sd = 2.0")
    + """
[[dataset]]
row = "share_02"
model = "acp_slurry"
read = "crystalline_fraction"
at = { set = { "Mg/Ca" = 0.2, duration = "24 h" } }
fit = { factor = 1.6, why = "a test" }
"""
)
SHARE = "share_02,fraction,slurry,Mg/Ca 0.2,crystalline share,0.05,1,0,1,range,,a test,,low,fit,\n"
MODELS = {"acp_slurry": ["half_0", "half_01", "share_02"], "t50_serum": ["cpp1_radius"]}
SHIPPED = load_calibration()


@pytest.fixture(scope="module", params=MODELS)
def problem(request: Any, tmp_path_factory: Any) -> petab.Problem:
    folder = tmp_path_factory.mktemp(request.param)
    calibration: str | Path = "default"
    if request.param == "acp_slurry":
        times = {"half_0": 90.0, "half_01": 360.0}
        calibration = write(folder, "slurry", OWN, times, more=SHARE)
    written = petab_bytes(load(request.param), calibration)
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        archive.extractall(folder)
    found = petab.Problem.from_yaml(folder / "problem.yaml")
    found.folder, found.name = folder, request.param
    found.calibration = load_calibration(calibration)
    return found


def dataset(problem: petab.Problem, name: str) -> Dataset:
    return next(d for d in problem.calibration.in_fit if d.row.id == name)


def ours(entry: Dataset) -> float:
    """What calcikin itself predicts for a row."""
    assert entry.observable is not None
    (demand,) = entry.observable.demands
    result = variant(demand.point).simulate(solver="lsoda", rtol=1e-8)
    return get_readout(demand.read)(result) * entry.factor


def program(path: Path) -> roadrunner.RoadRunner:
    """The file in libRoadRunner, compiled without optimisation, which takes a third of the time."""
    config = roadrunner.Config
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    keys = (config.LLVM_BACKEND, config.LLJIT_OPTIMIZATION_LEVEL)
    before = [config.getValue(key) for key in keys]
    try:
        for key, value in zip(keys, (config.LLJIT, config.NONE), strict=True):
            config.setValue(key, value)
        loaded = roadrunner.RoadRunner(path.read_text(encoding="utf-8"))
    finally:
        for key, value in zip(keys, before, strict=True):
            config.setValue(key, value)
    settings = loaded.integrator
    settings.relative_tolerance, settings.absolute_tolerance = 1e-8, 1e-22
    settings.maximum_num_steps = 1_000_000
    return loaded


def simulated(problem: petab.Problem) -> Any:
    """The table of measurements with what libRoadRunner gives, by the tables of the problem."""
    loaded = program(problem.folder / "model.xml")
    species = {*loaded.model.getFloatingSpeciesIds(), *loaded.model.getBoundarySpeciesIds()}
    nominal = problem.parameter_df.nominalValue
    fitted = {*loaded.model.getGlobalParameterIds()} & {*nominal.index}
    table = problem.measurement_df.rename(columns={"measurement": "simulation"})
    for k, row in table.iterrows():
        loaded.reset()
        condition = problem.condition_df.loc[row.simulationConditionId].drop("conditionName")
        for name, value in {**nominal[list(fitted)], **condition}.items():
            number = float(nominal.get(value, value))
            loaded.setValue(f"[{name}]" if name in species else name, number)
        formula = problem.observable_df.loc[row.observableId].observableFormula
        factor, _, readout = formula.rpartition(" * ")
        loaded.timeCourseSelections = ["time", readout]
        end = loaded.simulate(times=[0.0, float(row.time)])[-1, 1]
        table.loc[k, "simulation"] = float(factor or 1.0) * end
    return table


def test_petab_finds_nothing_wrong(problem: petab.Problem) -> None:
    assert not petab.lint_problem(problem)
    assert list(problem.measurement_df.datasetId) == MODELS[problem.name]


def test_libroadrunner_measures_what_calcikin_does_and_petab_judges_it_alike(
    problem: petab.Problem,
) -> None:
    table = simulated(problem)
    predicted = {name: ours(dataset(problem, name)) for name in table.datasetId}
    # calcikin reads the half time between output times 3 min apart, and radii at one of them
    assert list(table.simulation) == pytest.approx(list(predicted.values()), rel=1e-4)
    args = ([problem.measurement_df], [table], [problem.observable_df], [problem.parameter_df])
    ours_chi2 = 0.0
    for name, value in predicted.items():
        entry = dataset(problem, name)
        error, residual = entry.error, value - entry.row.value
        assert error is not None
        if error.log:
            residual = math.log(value / entry.row.value)
        ours_chi2 += (residual / error.sd) ** 2
    assert calculate_chi2(*args) == pytest.approx(ours_chi2, rel=1e-3)


def test_priors_and_bounds_are_those_of_the_calibration(problem: petab.Problem) -> None:
    for fitted in problem.calibration.fitted:
        row = problem.parameter_df.loc[fitted.name]
        own = problem.calibration.parameter_set.get(fitted.sets[0])
        ratio = own.internal / own.value
        assert row.parameterScale == ("log10" if fitted.log10 else "lin")
        assert row.lowerBound == pytest.approx(fitted.value(fitted.low) * ratio)
        assert row.upperBound == pytest.approx(fitted.value(fitted.high) * ratio)
        assert row.nominalValue == pytest.approx(own.internal)
        mean, sd = (float(x) for x in row.objectivePriorParameters.split(";"))
        z = (fitted.x(own.value) - fitted.prior) / fitted.prior_sd
        x = fitted.x(own.internal)
        assert (x - mean) / sd == pytest.approx(z, abs=1e-9)  # the same residual in either unit


def test_what_is_left_out_is_named_with_its_reason(problem: petab.Problem) -> None:
    said = (problem.folder / "README.md").read_text(encoding="utf-8")
    for entry in problem.calibration.in_fit:
        assert f"`{entry.row.id}`" in said
    if problem.name == "t50_serum":
        assert "midpoint of a sigmoid" in said
        assert "compares runs with one another" in said
        assert "not the same below and above" in said


def test_fitted_rows_are_either_written_or_have_a_reason() -> None:
    reasons = {d.row.id: reason_left_out(d) for d in SHIPPED.in_fit}
    assert [row for row, reason in reasons.items() if not reason] == MODELS["t50_serum"]
    assert "only a bound" in reasons["slurry_without_mg"]


def test_the_same_problem_gives_the_same_bytes() -> None:
    model = load("t50_serum")
    assert export(model, "petab") == export(model, "petab")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (load("acp_slurry").with_({"Mg/Ca": 0.1}), "leave out --set"),
        (load("sbf"), "t50_serum"),
        (load("acp_slurry"), "fits nothing of acp_slurry"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_way_out(model: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        petab_bytes(model)
    assert said in str(caught.value)
