"""What the page may ask for, and the command line that says the same."""

from __future__ import annotations

import json
import math
import shlex

import numpy as np
import pytest
from click.testing import CliRunner

import calcikin
from calcikin.app.answer import _list, answer
from calcikin.app.composition import EntryError, command_line, controls, read
from calcikin.app.files import KINDS, file_of
from calcikin.app.magnesium import Stale, magnesium_sweep
from calcikin.app.turns import Newest, Turns
from calcikin.cli.main import main
from calcikin.model.modelfile import scenario_names


@pytest.fixture(scope="module")
def serum():
    return calcikin.load("t50_serum")


@pytest.mark.parametrize(
    ("entry", "mmol"),
    # 24.305 g/mol; one mole of Mg is two equivalents
    [("1.2", 1.2), (1.2, 1.2), ("1.2 mmol/L", 1.2), ("2.4305 mg/dL", 1.0), ("2 mEq/L", 1.0)],
)
def test_an_entry_is_a_number_or_a_quantity(serum, entry, mmol):
    asked = {"values": {"serum.Mg": entry}}
    # atomic masses of other tables differ in the fifth digit
    assert read(serum, asked).input_values()["serum.Mg"] == pytest.approx(mmol, rel=1e-4)


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"values": {"serum.Mg": "20"}}, "serum.Mg", "not plausible"),
        ({"values": {"serum.Mg": "-1"}}, "serum.Mg", "negative"),
        ({"values": {"serum.Mg": "nan"}}, "serum.Mg", "nan"),
        ({"values": {"serum.Mg": "1e999"}}, "serum.Mg", "inf"),
        ({"values": {"serum.Mg": "0,9"}}, "serum.Mg", "number"),
        ({"values": {"serum.Mg": ""}}, "serum.Mg", "nothing"),
        ({"values": {"serum.Mg": "1 furlong"}}, "serum.Mg", "furlong"),
        ({"values": {"serum.Mg": "9" * 100}}, "serum.Mg", "too long"),
        ({"values": {"serum.Mg": True}}, "serum.Mg", "number or text"),
        ({"values": {"serum.Mg": [1]}}, "serum.Mg", "number or text"),
        ({"values": {"serum.Mgg": "1"}}, "serum.Mgg", "unknown"),
        ({"values": {"pH": "9 mmol/L"}}, "pH", "concentration"),
        ({"values": {"temperature": "99"}}, "temperature", "not plausible"),
        ({"preset": "nobody"}, "preset", "unknown"),
        ({"off": ["gravity"]}, "gravity", "unknown"),
        ({"off": [1]}, "", "name"),
        ({"off": "atp_shielding"}, "", "list"),
        ({"values": [1]}, "", "names with entries"),
        ({"preset": 3}, "", "name"),
        ([], "", "object"),
        (None, "", "object"),
    ],
)
def test_a_wrong_entry_is_named(serum, asked, field, words):
    with pytest.raises(EntryError) as caught:
        read(serum, asked)
    assert caught.value.field == field
    assert words in str(caught.value)


def test_the_command_line_gives_the_same_run(serum):
    asked = {
        "preset": "haemodialysis",
        "values": {"serum.Mg": "2 mg/dL", "pH": "7.35", "temperature": "37"},
        "off": ["atp_shielding"],
    }
    model = read(serum, asked)
    words = shlex.split(command_line(model, "t50_serum"))
    assert words[:2] == ["calcikin", "run"]
    printed = CliRunner().invoke(main, [*words[1:], "--json", "-q"])
    assert printed.exit_code == 0, printed.output
    summary = json.loads(printed.stdout)
    # ten digits are on the command line, and steps at rtol 1e-6 may fall otherwise for that
    assert summary["t50_min"] == pytest.approx(model.simulate().t50(), rel=1e-3)
    assert summary["provenance"]["off"] == ["atp_shielding"]


@pytest.mark.parametrize("name", scenario_names())
def test_every_model_has_its_controls(name):
    model = calcikin.load(name)
    content = json.loads(json.dumps(controls(model), allow_nan=False))
    for slider in content["sliders"]:
        low, high = slider["window"]
        assert slider["low"] < slider["high"] <= high
        assert slider["low"] >= low or slider["low"] == 0.0
        value = content["values"][slider["name"]]
        assert slider["low"] <= value <= slider["high"], slider["name"]
    assert {s["name"] for s in content["switches"]} == set(model.scenario.network.switches)


def test_an_answer_is_small_json_and_agrees_with_the_run(serum):
    result = serum.simulate()
    content = answer(serum, result, "t50_serum")
    text = json.dumps(content, allow_nan=False)
    assert len(text) < 100_000  # what is sent for every move of a slider
    assert content["numbers"]["t50"] == result.t50()
    assert {len(curve) for curve in content["series"].values()} == {len(content["time"])}
    at = np.searchsorted(result.t / 60.0, content["time"][100] * (1 - 1e-4))
    # curves are sent with five digits
    assert content["series"]["solid CPP1"][100] == pytest.approx(
        1e3 * result.phases["CPP1"][at], rel=1e-4
    )
    dataset = result.dataset
    assert content["series"]["radius CPP2"][-1] is None or math.isclose(
        content["series"]["radius CPP2"][-1], float(dataset["rh_CPP2"][-1]), rel_tol=1e-4
    )


@pytest.mark.parametrize("values", [[0.0, 1.0, np.nan], [1e-300, 1e300, -1e-5], [np.inf, -np.inf]])
def test_any_number_can_be_sent(values):
    sent = _list(np.array(values))
    json.dumps(sent, allow_nan=False)
    for value, got in zip(values, sent, strict=True):
        if not np.isfinite(value):
            assert got is None
        else:
            assert got == pytest.approx(value, rel=1e-4, abs=1e-100)


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_what_they_say(serum, kind):
    content, ending, media = file_of(serum.with_({"duration": "1 h"}).simulate(), kind)
    starts = {"csv": b"time [min],", "netcdf": b"\x89HDF", "pdf": b"%PDF", "png": b"\x89PNG"}
    assert content.startswith(starts.get(kind, b"<?xml"))
    assert "/" in media
    assert ending


def test_a_sweep_finds_where_t50_leaves_the_assay(serum):
    found = magnesium_sweep(serum, Turns().batch, lambda: False)
    limit = found["threshold"]["x"]
    t50 = serum.with_({"serum.Mg": limit}).simulate().t50()
    # between neighbours of 0.017 mmol/L, over which T50 rises by 4 min
    assert t50 == pytest.approx(600.0, abs=5.0)
    assert found["here"] == serum.input_values()["serum.Mg"]
    assert sorted(found["x"]) == found["x"]


def test_a_sweep_that_nobody_waits_for_is_given_up(serum):
    batches = []

    def turn():
        batches.append(1)
        return Turns().batch()

    with pytest.raises(Stale):
        magnesium_sweep(serum, turn, lambda: len(batches) >= 2)
    assert len(batches) == 2


def test_the_newest_request_of_each_page_counts():
    newest = Newest(most=2)
    newest.came("a", 1)
    newest.came("a", 3)
    newest.came("b", 1)
    assert newest.is_stale("a", 2)
    assert not newest.is_stale("a", 3)
    assert not newest.is_stale("b", 1)
    newest.came("c", 9)  # the oldest page is forgotten, and is then never stale
    assert not newest.is_stale("a", 2)
