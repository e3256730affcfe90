"""Exported files read and run by the programs that they are meant for."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from calcikin import Model, load
from calcikin.chemistry.phreeqc_input import phreeqc_names
from calcikin.errors import InputError
from calcikin.exchange.engines import ENGINES, Engine
from calcikin.exchange.formats import export
from calcikin.extras import library
from calcikin.model.modelfile import scenario_names

#: Unit warning of libSBML for a plain zero in max(x, 0), which it cannot give a unit.
PLAIN_NUMBER = 99505
TIMES = np.concatenate([[0.0], np.geomspace(1.0, 180.0, 10), np.arange(1800.0, 86401.0, 1800.0)])
T50 = load("t50_serum")


@cache
def sbml(name: str) -> str:
    return export(load(name), "sbml").decode()


@cache
def engine(program: str, name: str) -> Engine:
    return ENGINES[program](load(name))


def ours(model: Model, times: np.ndarray) -> np.ndarray:
    result = model.simulate("24 h", times=times, solver="lsoda", rtol=1e-11)
    assert result.ok
    return result.y


@pytest.mark.parametrize("name", scenario_names())
def test_libsbml_finds_the_file_consistent_in_units_and_terms_too(name: str) -> None:
    libsbml = library("libsbml", "exchange", "this test")
    document = libsbml.readSBMLFromString(sbml(name))
    document.checkConsistency()
    problems = [document.getError(k) for k in range(document.getNumErrors())]
    assert {problem.getErrorId() for problem in problems} <= {PLAIN_NUMBER}
    assert all(problem.getSeverity() == libsbml.LIBSBML_SEV_WARNING for problem in problems)
    model = document.getModel()
    assert (model.getLevel(), model.getVersion()) == (3, 2)
    assert "relaxation_time" in model.getNotesString()
    rules = [model.getRule(k) for k in range(model.getNumRules())]
    assert not any(rule.isAlgebraic() for rule in rules)


def test_substances_are_named_by_public_terms() -> None:
    libsbml = library("libsbml", "exchange", "this test")
    model = libsbml.readSBMLFromString(sbml("t50_serum")).getModel()

    def term(id_: str) -> str:
        element = model.getElementBySId(id_)
        assert element.isSetSBOTerm()
        return str(element.getCVTerm(0).getResourceURI(0))

    assert term("total__Ca").endswith("CHEBI:29108")
    assert term("free__Mg").endswith("CHEBI:18420")
    assert term("hap__m").endswith("CHEBI:52255")
    assert term("fet__free").endswith("P02765")


VARIANTS = {
    "as loaded": T50,
    "more Mg": T50.with_({"serum.Mg": "1.2 mmol/L"}),
    "another serum": T50.with_(preset="haemodialysis"),
    "a parameter and two switches": T50.with_(
        {"acp_gamma": "33 mJ/m2"}, switch_off=["growth_poisoning", "phosphate_complexation"]
    ),
    "colder": T50.with_({"temperature": "33 degC"}),
}


@pytest.mark.parametrize("program", ENGINES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_program_gives_our_states_from_one_loaded_file(program: str, variant: str) -> None:
    model = VARIANTS[variant]
    expected = ours(model, TIMES)
    found = engine(program, "t50_serum").run(model, TIMES)
    error = np.abs(found - expected).max(axis=0) / np.maximum(np.abs(expected).max(axis=0), 1e-18)
    # 1e-5 of the peak of each state; 3e-6 was the most that was seen
    names = model.scenario.network.state_names
    assert dict(zip(names, error, strict=True)) == pytest.approx(dict.fromkeys(names, 0), abs=1e-5)


@pytest.mark.parametrize("name", ["acp_slurry", "open_serum"])
def test_copasi_runs_the_other_kinds_of_solution_too(name: str) -> None:
    """Without serum; and with pH and CO2 held, ledgers below zero and particles cleared."""
    model = load(name)
    if name == "open_serum":
        model = model.with_({"serum.Pi": "6 mmol/L", "serum.Ca": "5 mmol/L", "pH": 7.8})
    times = TIMES[:27]  # to 8 h
    expected = ours(model, times)
    found = engine("copasi", name).run(model, times)
    error = np.abs(found - expected).max(axis=0) / np.maximum(np.abs(expected).max(axis=0), 1e-18)
    assert error.max() < 1e-5


def test_variant_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="another model"):
        engine("copasi", "t50_serum").run(load("open_serum"), TIMES)


def test_component_that_the_file_leaves_out_cannot_be_set() -> None:
    model = load("acp_slurry")
    without = ENGINES["copasi"](model.with_({"Mg": 0.0}))
    with pytest.raises(InputError, match="has no Mg"):
        without.run(model.with_({"Mg": "1 mmol/L"}), TIMES)


def test_antimony_text_says_what_the_sbml_file_says() -> None:
    libsbml, antimony = (
        library("libsbml", "exchange", "this test"),
        library("antimony", "exchange", "this test"),
    )
    text = export(load("t50_serum"), "antimony").decode()
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    again = antimony.getSBMLString(antimony.getMainModuleName())
    antimony.clearPreviousLoads()
    theirs = libsbml.readSBMLFromString(again).getModel()
    own = libsbml.readSBMLFromString(sbml("t50_serum")).getModel()
    for count in ("getNumReactions", "getNumSpecies", "getNumParameters", "getNumRules"):
        assert getattr(theirs, count)() == getattr(own, count)()
    assert theirs.getSpecies("total__Ca").getInitialConcentration() == pytest.approx(
        own.getSpecies("total__Ca").getInitialConcentration(), rel=1e-12
    )


def test_archive_holds_the_model_and_a_simulation_of_its_duration() -> None:
    sedml = library("libsedml", "exchange", "this test")
    content = export(T50.with_({"duration": "10 h"}), "omex")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        text = archive.read("simulation.sedml").decode()
        model = archive.read("model.xml").decode()
    assert names >= {"manifest.xml", "model.xml", "simulation.sedml"}
    document = sedml.readSedMLFromString(text)
    assert document.getNumErrors(sedml.LIBSEDML_SEV_ERROR) == 0
    assert document.getModel(0).getSource() == "model.xml"
    assert document.getSimulation(0).getOutputEndTime() == 36000.0
    for state in T50.scenario.network.state_names:
        id_ = f"total__{state}" if "." not in state else state.replace(".", "__")
        assert f"species[@id='{id_}']" in text or f"species[@id=&apos;{id_}&apos;]" in text
        assert f'id="{id_}"' in model


def test_phreeqc_finds_the_solution_that_a_model_starts_from(
    run_phreeqc: Callable[..., dict[str, float]],
) -> None:
    result = T50.simulate("1 h", times=np.array([0.0, 3600.0]))
    text = export(T50, "phreeqc").decode()
    names = phreeqc_names(T50.scenario.constants)
    found = run_phreeqc(text, [names["Ca"], names["Mg"]], ["HAP"])
    assert found["pH"] == pytest.approx(float(result.ph[0]), abs=1e-6)
    for ion in ("Ca", "Mg"):
        # 1e-6: PHREEQC repeats its activity coefficients to about 1e-8
        assert found[f"m:{names[ion]}"] == pytest.approx(result.solute(f"free.{ion}")[0], rel=1e-6)
    assert found["si:HAP"] == pytest.approx(result.saturation_index("HAP")[0], abs=1e-5)
    assert math.isfinite(found["I"])
