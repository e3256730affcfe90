"""A table proves itself: a sample is run again, damage and changes show, sources are in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from calcikin import Model, load
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.sweep import cohort, listed, open_table, save, sobol, sweep, zarr_files
from calcikin.sweep.sources import CHANGED, VARIED, sources_in, sources_of
from calcikin.sweep.verify import TOLERANCE, model_of, verify

READ = ["pH_end", "t50", "ionised_Mg"]
GRID: dict[str, Any] = {"serum.Mg": [0.7, 0.9, 1.1], "serum.Mg/serum.Ca": [0.3]}


@pytest.fixture(scope="module")
def serum() -> Model:
    """A model with a choice of every kind; two hours, so that a run takes few milliseconds."""
    return load("t50_serum").with_(
        {"duration": "2 h", "serum.PPi": 2.0, "serum.Pi/serum.Ca": 0.5, "alpha_PPi": 0.5},
        preset="haemodialysis",
        switch_off=["whitlockite"],
    )


@pytest.fixture(scope="module")
def store(serum: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    design = sobol(serum, {"serum.Mg": (0.5, 2.0), "alpha_Mg_growth": (0.1, 0.9)}, 8, seed=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 3)
        sweep(serum, design, READ, jobs=1, store=path)
    return path


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    for path in store.rglob("*"):
        target = tmp_path / "b.zarr" / path.relative_to(store)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "b.zarr"


def test_a_sample_run_again_is_the_same_to_the_bit(store: Path) -> None:
    found = verify(store, points=5, seed=3)
    assert found.ok
    assert (found.runs, len(found.sample), found.identical) == (8, 5, 5)
    assert found.notes == ()
    assert set(found.largest.values()) == {0.0}
    assert found.tolerance == pytest.approx(TOLERANCE * 1e-6)
    assert json.dumps(found.summary())


def test_the_sample_is_drawn_by_its_seed(store: Path) -> None:
    assert verify(store, points=3, seed=3).sample == verify(store, points=3, seed=3).sample
    drawn = {verify(store, points=2).seed for _ in range(3)}
    assert len(drawn) == 3
    assert len(verify(store, points=100).sample) == 8


@pytest.mark.parametrize("kind", ["grid", "list", "cohort"])
@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_every_design_and_file(tmp_path: Path, kind: str, suffix: str) -> None:
    model = load("t50_serum").with_({"duration": "1 h"})
    over: Any = {
        "grid": {"serum.Mg": [0.7, 0.9], "serum.Pi/serum.Ca": [0.3, 0.4, 0.5]},
        "list": listed(
            model, {"serum.Mg/serum.Ca": [0.3, 0.4]}, labels={"b of": ["x", "y"], "a": ["1", "2"]}
        ),
        "cohort": cohort(model, {"healthy": 3, "haemodialysis": 3}),
    }[kind]
    path = tmp_path / f"a{suffix}"
    if suffix == ".nc":
        save(sweep(model, over, READ, jobs=1), path)
    else:
        sweep(model, over, READ, jobs=1, store=path)
    found = verify(path, points=4)
    assert found.identical == len(found.sample)


def test_the_model_is_found_as_it_was(serum: Model, store: Path) -> None:
    rebuilt = model_of(open_table(store))
    assert rebuilt.describe() == serum.describe()
    assert rebuilt.parameter_vector().tobytes() == serum.parameter_vector().tobytes()


def test_a_number_that_somebody_changed(copy: Path) -> None:
    array = zarr.open_group(copy, mode="r+")["pH_end"]
    array[:] = array[:] * 1.01
    found = verify(copy, points=8)
    assert not found.ok
    assert found.identical == 0
    assert len(found.different) == 8
    assert "pH_end was 7." in found.different[0]
    assert found.largest["pH_end"] == pytest.approx(1 - 1 / 1.01, rel=1e-9)
    assert verify(copy, points=8, tolerance=0.1).ok


def test_a_status_or_a_missing_number_that_somebody_changed(copy: Path) -> None:
    group = zarr.open_group(copy, mode="r+")
    status = group["status"][:]
    status[2] = 1
    group["status"][:] = status
    ph = group["ionised_Mg"][:]
    ph[5] = np.nan
    group["ionised_Mg"][:] = ph
    found = verify(copy, points=8)
    assert [line.split(":")[0] for line in found.different] == ["point 2", "point 5"]
    assert "was step_limit, is now ok" in found.different[0]
    assert found.largest["ionised_Mg"] == np.inf


def test_an_input_that_somebody_changed(copy: Path) -> None:
    array = zarr.open_group(copy, mode="r+")["serum.Mg"]
    array[3] = 1.0
    with pytest.raises(InputError, match="not those that were run"):
        verify(copy)


def test_damage_anywhere_is_found(copy: Path) -> None:
    chunk = copy / "balance_error" / "c" / "1"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(InputError, match="damaged") as caught:
        verify(copy, points=1)
    assert caught.value.where == str(chunk)


def said(path: Path, **entries: Any) -> None:
    group = zarr.open_group(path, mode="r+")
    before = json.loads(str(group.attrs["provenance"]))
    group.update_attributes({"provenance": json.dumps(before | entries)})


def test_another_version_of_the_model(copy: Path) -> None:
    said(copy, sha256="0" * 64)
    with pytest.raises(InputError, match="another version of the model t50_serum"):
        verify(copy)


def test_a_model_of_ones_own(serum: Model, copy: Path) -> None:
    said(copy, model="mine")
    with pytest.raises(UnknownNameError, match="mine") as caught:
        verify(copy)
    assert "--model FILE" in str(caught.value.hint)
    assert verify(copy, model=serum.scenario.path, points=2).ok


def test_other_versions_are_noted(copy: Path) -> None:
    said(copy, numpy="1.0")
    found = verify(copy, points=2)
    assert found.ok
    assert len(found.notes) == 1
    assert found.notes[0].startswith("numpy was 1.0, is now ")


def test_a_sweep_of_which_nothing_was_run(copy: Path) -> None:
    group = zarr.open_group(copy, mode="r+")
    group["status"][:] = -1
    with pytest.raises(InputError, match="nothing was run"):
        verify(copy)
    with pytest.raises(OutOfRangeError, match="0 points"):
        verify(copy, points=0)


# --- sources ------------------------------------------------------------------------------------


def test_a_table_holds_its_sources(serum: Model, store: Path, copy: Path) -> None:
    sources = sources_in(open_table(store))
    uses = {use: source for source in sources for use in source.used_for}
    assert uses["input serum.Mg"].text == VARIED
    assert uses["parameter alpha_Mg_growth"].text == VARIED
    assert uses["input serum.PPi"].text == uses["parameter alpha_PPi"].text == CHANGED
    assert uses["input serum.Pi"].text == CHANGED  # through a ratio
    assert uses["model t50_serum"].doi == "10.1681/ASN.2012030240"
    group = zarr.open_group(copy, mode="r+")
    attrs = {name: value for name, value in group.attrs.items() if name != "sources"}
    group.attrs.put(attrs)
    with pytest.raises(InputError, match="no sources") as caught:
        sources_in(open_table(copy))
    assert "cite t50_serum" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["t50_serum", "acp_slurry", "sbf", "open_serum"])
def test_everything_that_is_used_has_a_source(name: str) -> None:
    model = load(name)
    uses = [use for source in sources_of(model) for use in source.used_for]
    assert len(uses) == len(set(uses))
    assert all(source.text.strip() and source.text != "no source" for source in sources_of(model))
    network = model.scenario.network
    assert {f"law {node.law.name}" for node in network.nodes} <= set(uses)
    assert {f"input {item}" for item in model.scenario.medium.inputs} <= set(uses)
    used = {r.name for node in network.nodes for r in node.refs() if r.kind == "parameter"}
    assert {f"parameter {item}" for item in used} <= set(uses)
    phases = {r.name for node in network.nodes for r in node.refs() if r.kind == "ln_k"}
    assert {f"phase {item}" for item in phases} <= set(uses)


def test_constants_of_what_is_not_there_are_not_cited() -> None:
    uses = {use for source in sources_of(load("acp_slurry")) for use in source.used_for}
    assert "constant CaAlb+2" not in uses  # no albumin in a slurry
    assert "constant CaHPO4" in uses


def test_a_cohort_brings_the_sources_of_its_spreads(serum: Model) -> None:
    model = load("t50_serum")
    design = cohort(model, {"healthy": 2})
    texts = [source.text for source in sources_of(model, design)]
    assert any("Payne 1973" in text for text in texts)
