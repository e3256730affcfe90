"""`calcikin speciate`: a serum, the start of a model, or a solution given by its totals."""

from __future__ import annotations

import json

import phreeqc
import pytest

from calcikin.chemistry.constants import constant_sets, load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.phreeqc_input import phreeqc_names
from calcikin.chemistry.uncertainty import uncertain_indices
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


# --- uncertainty --------------------------------------------------------------------------------


def test_indices_come_with_their_uncertainty_and_what_it_is_due_to(calcikin):
    text = calcikin("speciate", "--serum", "healthy").stdout
    assert "SI +/- u" in text
    # u(OCP) is that of its solubility product, 0.5, and of the ions with it
    assert "1.58 +/- 0.51   OCP 0.50" in text
    assert "constants default 1, the Davies equation" in text
    answer = speciate_json(calcikin, "--serum", "healthy")
    assert answer["si_u"]["OCP"] == pytest.approx(0.51, abs=0.005)
    assert next(iter(answer["si_due_to"]["HAP"])) == "HPO4-2"
    totals = load_medium("serum").totals()
    twin = uncertain_indices(load_constants(), totals, fixed_activity={"H": 10.0**-7.4})
    for phase, index in speciate("serum", preset="healthy").uncertain.items():
        # kernel and twin: both to 1e-10 in concentrations
        assert index.value == pytest.approx(twin[phase].value, abs=1e-8)
        assert index.u == pytest.approx(twin[phase].u, rel=1e-8)
        assert index.u == pytest.approx(answer["si_u"][phase], rel=1e-12)
        assert index.contributions == pytest.approx(twin[phase].contributions, rel=1e-6, abs=1e-9)
        parts = list(answer["si_due_to"][phase].values())
        assert sum(part**2 for part in parts) >= 0.8 * index.u**2


def test_a_missing_ion_has_no_index_and_no_uncertainty(calcikin):
    answer = speciate_json(calcikin, "--set", "Ca=2mmol/L", "--set", "Pi=1mmol/L")
    assert answer["si"]["WH"] is None
    assert answer["si_u"]["WH"] is None
    assert answer["si_u"]["DCPD"] > 0.0


def test_draws_on_request(calcikin):
    arguments = ("--serum", "healthy", "--samples", "20")
    answer = speciate_json(calcikin, *arguments)
    spread = answer["si_sampled"]["OCP"]
    assert spread["low"] < answer["si"]["OCP"] < spread["high"]
    # of 20 draws the standard deviation is known to 16 %; three times that
    assert spread["sd"] == pytest.approx(answer["si_u"]["OCP"], rel=0.5)
    assert answer == speciate_json(calcikin, *arguments)
    assert "95 % of draws" in calcikin("speciate", *arguments).stdout


# --- other constants and activity models --------------------------------------------------------


@pytest.mark.parametrize("name", constant_sets())
def test_constant_sets(calcikin, name):
    answer = speciate_json(calcikin, "--serum", "healthy", "--constants", name)
    assert answer["constants"].startswith(f"{name} ")
    assert answer["activity_model"] == load_constants(name).activity_model
    default = speciate_json(calcikin, "--serum", "healthy")
    # HAP of phreeqc.dat is four log units more soluble than McDowell's, that of the sit set agrees
    if name == "phreeqc":
        assert default["si"]["HAP"] - answer["si"]["HAP"] == pytest.approx(3.7, abs=0.3)
    assert all(u is None or u > 0.0 for u in answer["si_u"].values())


def test_activity_models_by_name(calcikin):
    answers = {
        name: speciate_json(calcikin, "--serum", "healthy", "--activity", name)
        for name in ("davies", "truesdell-jones", "sit")
    }
    indices = [answer["si"]["HAP"] for answer in answers.values()]
    assert len(set(indices)) == 3
    assert max(indices) - min(indices) < 1.0
    assert answers["truesdell-jones"]["water_activity"] == pytest.approx(0.995, abs=0.001)
    noted = calcikin("speciate", "--serum", "healthy", "--activity", "sit").stderr
    assert "no coefficients of its own" in noted
    own = ("speciate", "--serum", "healthy", "--constants", "sit")
    assert calcikin(*own).stderr == ""


@pytest.mark.parametrize(
    ("salt", "activity", "limit"),
    [(600, "davies", 500), (900, "truesdell-jones", 700), (4000, "sit", 3500)],
)
def test_every_activity_model_says_where_it_ends(calcikin, salt, activity, limit):
    arguments = ["--set", f"Na={salt}mmol/L", "--set", f"Cl={salt}mmol/L"]
    arguments += ["--activity", activity, "--constants", "sit"]
    said = calcikin("speciate", *arguments).stderr
    assert f"ionic strength {salt} mmol/L: " in said
    assert f"holds up to {limit} mmol/L" in said
    assert not speciate_json(calcikin, *arguments)["valid"]


def test_a_database_of_phreeqc_has_no_uncertainties(calcikin):
    from importlib.resources import as_file, files

    with as_file(files("phreeqc").joinpath("databases", "phreeqc.dat")) as path:
        arguments = ["--set", "Ca=2mmol/L", "--set", "Pi=1mmol/L", "--constants", str(path)]
        answer = speciate_json(calcikin, *arguments)
        assert answer["si_u"] is None
        assert "state no uncertainties" in calcikin("speciate", *arguments).stdout
        serum = calcikin("speciate", "--serum", "healthy", "--constants", str(path))
    assert serum.exit_code == 2
    assert "the constants have no Cit, PPi, ATP, Lac, Alb, Fet" in serum.stderr


# --- PHREEQC ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("--serum", "healthy"),
        ("--serum", "ckd_3_4", "--constants", "phreeqc"),
        ("t50_serum", "--constants", "sit"),
        (
            "--set",
            "Ca=2mmol/L",
            "--set",
            "CO3=4mmol/L",
            "--set",
            "Cl=4mmol/L",
            "--set",
            "H=4mmol/L",
        ),
        ("--set", "Ca=2mmol/L", "--set", "pCO2=0.05atm", "--set", "Cl=4mmol/L"),
    ],
    ids=" ".join,
)
def test_the_export_is_what_phreeqc_finds(calcikin, tmp_path, arguments):
    path = tmp_path / "solution.pqi"
    result = calcikin("speciate", *arguments, "--export", path, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    names = phreeqc_names(load_constants(answer["constants"].split()[0]))
    present = [name for name, c in (answer["free"] | answer["species"]).items() if c > 1e-20]
    indices = {phase: si for phase, si in answer["si"].items() if si is not None}
    wanted = [f'MOL("{names[name]}")' for name in present]
    wanted += [f'SI("{phase}")' for phase in indices] + ['-LA("H+")']
    program = phreeqc.Phreeqc()
    program.LoadBuiltInDatabase("phreeqc.dat")
    report = ["SELECTED_OUTPUT", "-reset false", "-high_precision true", "USER_PUNCH"]
    report += [f"-headings {' '.join(f'v{k}' for k in range(len(wanted)))}"]
    report += [f"{10 * k} PUNCH {what}" for k, what in enumerate(wanted, start=1)]
    text = path.read_text(encoding="utf-8")
    assert program.RunString("\n".join([*report, text])) == 0, program.GetErrorString()
    output = program.GetSelectedOutput()
    found = [float(output[f"v{k}"][-1]) for k in range(len(wanted))]
    concentrations = answer["free"] | answer["species"]
    for name, theirs in zip(present, found, strict=False):
        # as in tests/reference/test_phreeqc_export.py: PHREEQC repeats itself to 1e-8
        assert theirs == pytest.approx(1e-3 * concentrations[name], rel=1e-6), name
    for (phase, si), theirs in zip(indices.items(), found[len(present) :], strict=False):
        assert theirs == pytest.approx(si, abs=1e-5), phase
    assert found[-1] == pytest.approx(answer["pH"], abs=1e-6)


# --- the clinical boundary ----------------------------------------------------------------------


def test_units_of_a_report_are_the_same_serum(calcikin):
    report = ("serum.Ca=9.62mg/dL", "serum.Mg=1.64mEq/L", "serum.Pi=3.407mg/dL")
    moles = ("serum.Ca=2.4002mmol/L", "serum.Mg=0.82mmol/L", "serum.Pi=1.1mmol/L")
    answers = [
        speciate_json(calcikin, *(word for text in texts for word in ("--set", text)))
        for texts in (report, moles)
    ]
    # molar masses of four digits in the numbers above
    for key in ("Ca", "Mg"):
        for what in ("totals", "ionised", "ultrafiltrable"):
            ours, theirs = (answer[what][key] for answer in answers)
            assert ours == pytest.approx(theirs, rel=3e-4)


def test_total_ionised_and_ultrafiltrable_with_the_volume_of_proteins(calcikin):
    text = calcikin("speciate", "--serum", "healthy").stdout
    header = next(line for line in text.splitlines() if "ionised [mmol/L]" in line)
    for word in ("total", "ultrafiltrable", "in its water"):
        assert word in header
    # 1 - 0.73e-3 (43 + 28)
    assert "0.948 L/L of it are water" in text
    answer = speciate_json(calcikin, "--serum", "healthy")
    assert answer["water_fraction"] == pytest.approx(1.0 - 0.73e-3 * 71.0, rel=1e-12)
    for metal in ("Ca", "Mg"):
        ionised, through = answer["ionised"][metal], answer["ultrafiltrable"][metal]
        assert ionised < through < answer["totals"][metal]
    mix = speciate_json(calcikin, "t50_serum")  # 40 % serum
    assert mix["water_fraction"] == pytest.approx(1.0 - 0.4 * 0.73e-3 * 71.0, rel=1e-12)
    assert speciate_json(calcikin, "--set", "Ca=2mmol/L")["water_fraction"] is None


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("serum.Mg=2.0mmol/L", "looks like mg/dL: 2 mg/dL = 0.823 mmol/L"),
        ("serum.Mg=1.7mmol/L", "looks like mEq/L: 1.7 mEq/L = 0.85 mmol/L"),
        ("serum.Pi=3.4mmol/L", "looks like mg/dL: 3.4 mg/dL = 1.1 mmol/L"),
        ("serum.Ca=4.8mmol/L", "looks like mEq/L: 4.8 mEq/L = 2.4 mmol/L"),
    ],
)
def test_a_possible_value_that_is_usual_in_another_unit_is_noted(calcikin, setting, says):
    result = calcikin("speciate", "--set", setting)
    assert result.exit_code == 0
    assert says in result.stderr
    assert calcikin("speciate", "--set", setting, "-q").stderr == ""


def test_usual_values_raise_no_doubt(calcikin):
    for preset in ("healthy", "ckd_3_4", "haemodialysis", "pxe"):
        assert calcikin("speciate", "--serum", preset).stderr == "", preset


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
        (("--serum", "healthy", "--constants", "phreeq"), "phreeqc"),
        (("--serum", "healthy", "--constants", "no.dat"), "no.dat"),
        (("--serum", "healthy", "--activity", "davis"), "davies"),
        (("--serum", "healthy", "--samples", "1"), "--samples 1"),
        (("--serum", "healthy", "--export", "serum.csv"), "not a format"),
        (("--serum", "healthy", "--export", "none/serum.pqi"), "does not exist"),
        (
            ("--set", "Na=0.1mol/L", "--set", "ionic_strength=0.2mol/L", "--export", "x.pqi"),
            "cannot hold",
        ),
        (("--set", "serum.Ca=9.6mmol/L"), "looks like mg/dL"),
        (("--set", "serum.albumin=4.3g/L"), "looks like g/dL"),
        (("--set", "serum.Mg=20mmol/L"), "looks like mg/L"),
    ],
)
def test_bad_input(refused, arguments, says):
    assert says in refused("speciate", *arguments)
