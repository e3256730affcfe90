"""Designs: lists, samples of a box, patients from a file, virtual cohorts."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from calcikin import Model, load
from calcikin.errors import InputError, ModelFileError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.sweep import cohort, grid, halton, latin_hypercube, listed, patients, sobol
from calcikin.sweep.cohort import cohort_data
from calcikin.sweep.design import Design
from calcikin.sweep.sampled import SAMPLERS, interval

BOX = {"serum.Mg": "0.5:2.0 mmol/L", "serum.Pi": (0.8, 2.0)}
STAGES = {"healthy": 6000, "ckd_3_4": 3, "haemodialysis": 6000}


@pytest.fixture(scope="module")
def serum() -> Model:
    return load("t50_serum")


# --- what all have in common --------------------------------------------------------------------


def every_kind(model: Model) -> dict[str, Design]:
    made = {kind: make(model, BOX, 64, seed=3) for kind, make in SAMPLERS.items()}
    made["grid"] = grid(model, {"serum.Mg": "0.5:2.0:8mmol/L", "serum.Pi": "0.8:2.0:8mmol/L"})
    made["list"] = listed(model, {"serum.Mg": np.linspace(0.5, 2.0, 64)})
    made["cohort"] = cohort(model, {"healthy": 31, "haemodialysis": 33}, seed=3)
    return made


@pytest.mark.parametrize("size", [1, 7, 64])
def test_points_are_the_same_in_whatever_blocks(serum: Model, size: int) -> None:
    for kind, design in every_kind(serum).items():
        whole = design.points
        assert whole.shape == (64, len(design.names)), kind
        parts = [design.block(k, min(k + size, 64)) for k in range(0, 64, size)]
        assert np.array_equal(np.concatenate(parts), whole), kind
        assert np.array_equal(design.block(40, 50), whole[40:50]), kind  # and back again


def test_a_seed_makes_the_same_points_and_another_seed_others(serum: Model) -> None:
    makers: list[Callable[[int], Design]] = [
        *(lambda seed, make=make: make(serum, BOX, 16, seed=seed) for make in SAMPLERS.values()),
        lambda seed: cohort(serum, {"healthy": 16}, seed=seed),
    ]
    for make in makers:
        assert make(1).sha256 == make(1).sha256 != make(2).sha256


def test_labels_are_part_of_the_hash(serum: Model) -> None:
    one = listed(serum, {"serum.Mg": [0.8, 1.0]}, labels={"who": ["a", "b"]})
    other = listed(serum, {"serum.Mg": [0.8, 1.0]}, labels={"who": ["a", "c"]})
    assert one.sha256 != other.sha256
    assert one.dims == ("point",)
    assert one.shape == (2,)


@pytest.mark.parametrize(
    ("columns", "labels", "words"),
    [
        ({"serum.Mg": [1.0, 2.0], "serum.Pi": [1.0]}, {}, "1, 2 values"),
        ({"serum.Mg": [1.0, 2.0]}, {"who": ["a"]}, "1, 2 values"),
        ({"serum.Mg": [1.0]}, {"t50": ["a"]}, "cannot be called 't50'"),
        ({"serum.Mg": [1.0]}, {"status": ["a"]}, "cannot be called"),
        ({"serum.Mg": [1.0]}, {" ": ["a"]}, "cannot be called"),
        ({}, {}, "nothing is varied"),
        ({"serum.Mg": [1.0], "serum.Mg/serum.Ca": [0.1]}, {}, r"both set serum\.Mg"),
    ],
)
def test_lists_that_make_no_sense(
    serum: Model, columns: dict[str, list[float]], labels: dict[str, list[str]], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        listed(serum, columns, labels=labels)


# --- samples of a box ---------------------------------------------------------------------------


def test_samples_lie_in_the_box_and_fill_it(serum: Model) -> None:
    for make in SAMPLERS.values():
        points = make(serum, BOX, 256, seed=1).points
        assert (points[:, 0] >= 0.5).all()
        assert (points[:, 0] <= 2.0).all()
        shares = (points - [0.5, 0.8]) / [1.5, 1.2]
        # a mean of 256 random numbers would be off by 0.018 (one standard deviation); these are
        # spread evenly
        assert np.abs(shares.mean(axis=0) - 0.5).max() < 0.005


def test_a_latin_hypercube_meets_every_share_once(serum: Model) -> None:
    points = latin_hypercube(serum, BOX, 50, seed=2).points
    shares = np.floor((points - [0.5, 0.8]) / [1.5, 1.2] * 50).astype(int)
    assert (np.sort(shares, axis=0) == np.arange(50)[:, None]).all()


def test_a_sobol_sequence_meets_every_box_of_its_net_once(serum: Model) -> None:
    # property of a (0, 4, 2)-net, which 16 points of two dimensions are, scrambled or not
    points = sobol(serum, BOX, 16, seed=2).points
    shares = (points - [0.5, 0.8]) / [1.5, 1.2]
    for a in range(5):
        boxes = np.floor(shares * [2**a, 2 ** (4 - a)]).astype(int)
        assert len(set(map(tuple, boxes.tolist()))) == 16


def test_a_logarithm_is_spread_evenly(serum: Model) -> None:
    design = sobol(serum, {"serum.PPi": (0.1, 10.0)}, 128, log=["serum.PPi"])
    assert np.median(design.points) == pytest.approx(1.0, rel=0.05)
    assert design.describe()["design"]["log"] == ["serum.PPi"]


def test_a_sobol_size_that_is_no_power_of_two(serum: Model) -> None:
    with pytest.raises(InputError, match="power of two") as caught:
        sobol(serum, BOX, 1000)
    assert "512 or 1024 points" in str(caught.value.hint)
    assert halton(serum, BOX, 1000).size == 1000


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("0.5:2.0 mmol/L", (0.5, 2.0)),
        ("0.5:2.0mmol/L", (0.5, 2.0)),
        ("500:2000 umol/L", (0.5, 2.0)),
        ("2.4305:4.861 mg/dL", (1.0, 2.0)),
        ([0.5, 2], (0.5, 2.0)),
    ],
)
def test_ends_of_an_interval(serum: Model, ends: object, expected: tuple[float, float]) -> None:
    assert interval(serum, "serum.Mg", ends) == pytest.approx(expected, rel=1e-12)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("over", "options", "error", "words"),
    [
        ({"serum.Mgg": (1, 2)}, {}, UnknownNameError, "Mg"),
        ({"serum.Mg": "1:2"}, {}, UnitError, "no unit"),
        ({"serum.Mg": "1 mmol/L"}, {}, UnitError, "no interval"),
        ({"serum.Mg": "1:2:3 mmol/L"}, {}, UnitError, "no interval"),
        ({"serum.Mg": 1.0}, {}, UnitError, "no interval"),
        ({"serum.Mg": (1.0, 2.0, 3.0)}, {}, UnitError, "no interval"),
        ({"serum.Mg": (2.0, 1.0)}, {}, OutOfRangeError, "from 2 to 1"),
        ({"serum.Mg": (1.0, math.nan)}, {}, OutOfRangeError, "nan"),
        ({"serum.Mg": (0.0, 1.0)}, {"log": ["serum.Mg"]}, OutOfRangeError, "logarithm"),
        (BOX, {"log": ["serum.Ca"]}, UnknownNameError, r"serum\.Ca"),
        (BOX, {"points": 0}, OutOfRangeError, "points = 0"),
        (BOX, {"points": 2.5}, OutOfRangeError, r"points = 2\.5"),
        (BOX, {"points": 20_000_000}, OutOfRangeError, "20000000"),
        (BOX, {"seed": -1}, OutOfRangeError, "seed = -1"),
        ({}, {}, InputError, "nothing is varied"),
    ],
)
def test_samples_that_make_no_sense(
    serum: Model, over: dict[str, object], options: dict[str, object], error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        halton(serum, over, **{"points": 8, **options})  # type: ignore[arg-type]


# --- patients -----------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    path = folder / "patients.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "patient,Mg [mg/dL],Pi [mmol/L]\nA,2.4305,1.1\nB,4.861,1.7\n",
        "patient;serum.Mg;serum.Pi\n;mg/dL;mmol/L\nA;2.4305;1.1\n\nB;4.861;1.7\n",
        "\ufeffpatient\tserum.Mg (mmol/L)\tPi (mmol/L)\r\nA\t1\t1.1\r\nB\t2\t1.7\r\n",
    ],
)
def test_units_stand_in_the_heading_or_in_a_row(serum: Model, tmp_path: Path, text: str) -> None:
    design = patients(serum, write(tmp_path, text))
    assert design.names == ("serum.Mg", "serum.Pi")
    assert design.units == ("mmol/L", "mmol/L")
    assert design.points == pytest.approx(np.array([[1.0, 1.1], [2.0, 1.7]]), rel=1e-12)
    assert design.labels["patient"].tolist() == ["A", "B"]
    assert len(design.describe()["design"]["file_sha256"]) == 64


def test_ratios_and_settings_are_columns_too(serum: Model, tmp_path: Path) -> None:
    design = patients(serum, write(tmp_path, "Mg/Ca,temperature [degC]\n0.3,37\n"))
    assert design.names == ("serum.Mg/serum.Ca", "temperature")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", InputError, "empty"),
        ("Mg [mmol/L]\n", InputError, "no patients"),
        ("Mg [mmol/L],Pi [mmol/L]\n1,1\n2\n", InputError, "row 3 has 1 cells"),
        ("who,Mg [mmol/L]\nA,1\nB,\n", InputError, r"serum\.Mg of row 3 is empty"),
        ("Mg [mmol/L]\nhigh\n", UnitError, "of row 2 is 'high'"),
        ("Mg [mmol/L];Pi [mmol/L]\n1,5;1\n", UnitError, "'1,5'"),
        ("Mg\n1\n", UnitError, "no unit"),
        ("Mg [kg]\n1\n", UnitError, "mass"),
        ("Mgg [mmol/L],Pi [mmol/L]\n1,1\n", UnknownNameError, "Mgg"),
        ("Mgg,Pi [mmol/L]\n1,1\n", UnknownNameError, "Mgg"),
        ("name,stage\nA,1\n", UnknownNameError, "name"),
        ("Mg [mmol/L],serum.Mg [mmol/L]\n1,1\n", InputError, "two columns"),
        ("t50,Mg [mmol/L]\n1,1\n", InputError, "cannot be called 't50'"),
    ],
)
def test_files_that_make_no_sense(
    serum: Model, tmp_path: Path, text: str, error: type, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        patients(serum, write(tmp_path, text))
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there(serum: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        patients(serum, tmp_path / "none.csv")


# --- virtual cohorts ----------------------------------------------------------------------------


def test_medians_and_spreads_are_those_of_the_table(serum: Model) -> None:
    points = cohort(serum, STAGES, seed=5).points
    for stage, part in (("healthy", points[:6000]), ("haemodialysis", points[-6000:])):
        for j, quantity in enumerate(cohort_data().quantities):
            median = np.median(part[:, j])
            if not quantity.spread:
                assert (part[:, j] == quantity.median[stage]).all()
                continue
            spread = quantity.spread[stage]
            # standard error of a median of 6000 is 1.25 sd / sqrt(6000); four of them
            assert np.log(median / quantity.median[stage]) == pytest.approx(0, abs=0.065 * spread)
            # of a standard deviation: sd / sqrt(12000); four of them, and windows cut little
            assert np.log(part[:, j]).std() == pytest.approx(spread, rel=0.04)


def test_ranks_correlate_as_the_file_says(serum: Model) -> None:
    data = cohort_data()
    points = cohort(serum, {"haemodialysis": 6000}, seed=6).points[:, : len(data.drawn)]
    found = spearmanr(points).statistic
    # standard error of a rank correlation of 6000 is 0.013; four of them
    assert np.abs(found - data.correlation).max() < 0.052


def test_everybody_is_plausible(serum: Model) -> None:
    design = cohort(serum, STAGES, seed=7)
    for name, column in design.columns(0, design.size).items():
        low, high = serum.scenario.medium.inputs[name].window
        assert column.min() >= low, name
        assert column.max() <= high, name


def test_the_table_and_the_presets_are_one_truth(serum: Model) -> None:
    for stage in cohort_data().stages:
        preset = serum.scenario.medium.presets[stage]
        for quantity in cohort_data().quantities:
            assert preset.values[f"serum.{quantity.name}"].value == quantity.median[stage]
        assert preset.pH.value == cohort_data().ph[stage]


def test_every_number_of_a_cohort_has_a_source() -> None:
    data = cohort_data()
    assert all(source.strip() for source in data.sources.values())
    pairs = np.count_nonzero(np.triu(data.correlation, 1))
    assert sum("correlation of" in what for what in data.sources) == pairs


def test_serum_itself_has_a_ph_and_a_mix_has_not(serum: Model) -> None:
    assert "pH" not in cohort(serum, {"healthy": 2}).names
    design = cohort(load("open_serum"), {"healthy": 1, "haemodialysis": 1})
    assert design.columns(0, 2)["pH"].tolist() == [7.40, 7.35]
    assert design.labels["stage"].tolist() == ["healthy", "haemodialysis"]


@pytest.mark.parametrize(
    ("model", "stages", "words"),
    [
        ("t50_serum", {"heathy": 3}, "healthy"),
        ("t50_serum", {"healthy": 0}, "healthy = 0"),
        ("t50_serum", {}, "no stage"),
        ("sbf", {"healthy": 3}, "not those of serum"),
    ],
)
def test_cohorts_that_make_no_sense(model: str, stages: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        cohort(load(model), stages)


def test_correlations_that_cannot_hold_together(tmp_path: Path) -> None:
    here = Path(__file__).resolve().parents[2] / "models" / "data"
    for name in ("serum_composition.csv", "cohort.toml"):
        text = (here / name).read_text(encoding="utf-8")
        if name == "cohort.toml":
            pair = '\n[[correlation]]\nbetween = ["{}", "{}"]\nvalue = {}\nsource = "assumed"\n'
            text += pair.format("Ca", "Mg", 0.95) + pair.format("Ca", "Pi", -0.95)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError, match="cannot all hold"):
        cohort_data(tmp_path / "cohort.toml")
