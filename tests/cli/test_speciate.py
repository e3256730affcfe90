"""`calcikin speciate`: a serum, the start of a model, or a solution given by its totals."""

from __future__ import annotations

import json

import pytest

from calcikin.simulate.solution import speciate


def speciate_json(calcikin, *arguments):
    result = calcikin("speciate", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_serum_json_has_the_keys_and_the_numbers_of_the_python_api(calcikin):
    answer = speciate_json(calcikin, "--serum", "healthy", "--set", "serum.Mg=1.2mmol/L")
    assert {"free", "species", "si", "ionised", "ionic_strength"} <= set(answer)
    same = speciate("serum", {"serum.Mg": "1.2 mmol/L"}, preset="healthy").summary()
    assert answer == json.loads(json.dumps(same))


def test_bare_totals(calcikin):
    answer = speciate_json(
        calcikin, "--set", "Ca=2.4mmol/L", "--set", "Pi=1mmol/L", "--set", "pH=7.2"
    )
    same = speciate(None, {"Ca": "2.4 mmol/L", "Pi": "1 mmol/L", "pH": "7.2"}).summary()
    assert answer == json.loads(json.dumps(same))
    # The balance is solved to 1e-10 relative (kernel); sums of printed floats add round-off.
    assert answer["totals"]["Ca"] == pytest.approx(2.4, rel=1e-9)


def test_an_input_of_serum_alone_means_healthy_serum(calcikin):
    alone = speciate_json(calcikin, "--set", "serum.Mg=1.2mmol/L")
    assert alone == speciate_json(calcikin, "--serum", "healthy", "--set", "serum.Mg=1.2mmol/L")


def test_the_start_of_a_model(calcikin):
    answer = speciate_json(calcikin, "t50_serum", "--serum", "pxe")
    assert answer["title"] == "t50_mix pxe"
    assert answer["si"]["ACP"] > 0.0  # that is what the T50 mix is made for


def test_table_for_people(calcikin):
    text = calcikin("speciate", "--serum", "healthy").stdout
    assert text.startswith("serum healthy: pH 7.40, 37 degC, ionic strength ")
    for word in ("component", "total [mmol/L]", "ionised [mmol/L]", "species", "phase", "HPO4-2"):
        assert word in text


def test_beyond_the_davies_equation_is_a_note_not_a_warning(calcikin):
    strong = ("speciate", "--set", "Na=900mmol/L", "--set", "Cl=900mmol/L")
    result = calcikin(*strong)
    assert result.exit_code == 0
    assert result.stderr.startswith("note: ionic strength 900 mmol/L")
    assert calcikin(*strong, "-q").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no solution is given"),
        (("--serum", "healhty"), "healthy"),
        (("--set", "Cal=2mmol/L"), "Ca"),
        (("--set", "Ca=2.4"), "has no unit"),
        (("--set", "Ca=2.4 kg"), "'kg' is a mass"),
        (("--set", "Ca=nan mmol/L"), "finite"),
        (("--set", "Ca=-1 mmol/L"), "cannot be"),
        (("--set", "Ca=1 mmol/L", "--set", "Ca=2 mmol/L"), "set twice"),
        (("--set", "Ca=1 mmol/L", "--set", "pH=74"), "not plausible"),
        (("nonsense",), "unknown model"),
    ],
)
def test_bad_input(refused, arguments, says):
    assert says in refused("speciate", *arguments)
