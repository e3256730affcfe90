"""Sweep files: what they say is what is run, and what is wrong with them is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calcikin import load
from calcikin.errors import InputError
from calcikin.sweep import cohort, grid, listed, patients, sobol
from calcikin.sweep.sweepfile import KINDS, is_sweep_file, read_sweep_file

HEAD = 'model = "t50_serum"\n'
SET_MG = "[set]\n'serum.Mg' = '1 mmol/L'\n[design]\n"
BOX = '[design.over]\n"serum.Mg" = "0.5:2.0 mmol/L"\n"serum.Pi" = [0.8, 2.0]\n'


def write(folder: Path, text: str, name: str = "sweep.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_a_file_may_say(tmp_path: Path) -> None:
    text = """
model = "t50_serum"
read = ["pH_end", "t50"]
preset = "haemodialysis"
off = ["whitlockite"]
solver = "bdf"
rtol = 1e-5

[set]
"serum.PPi" = "2 umol/L"
duration = "2 h"

[design]
kind = "sobol"
points = 8
seed = 7
log = ["serum.Mg"]
"""
    plan = read_sweep_file(write(tmp_path, text + BOX))
    model = load("t50_serum").with_(
        {"serum.PPi": 2.0, "duration": 2.0}, preset="haemodialysis", switch_off=["whitlockite"]
    )
    assert plan.model.describe() == model.describe()
    box = {"serum.Mg": (0.5, 2.0), "serum.Pi": (0.8, 2.0)}
    assert plan.design.sha256 == sobol(model, box, 8, seed=7, log=["serum.Mg"]).sha256
    assert (plan.read, plan.solver, plan.rtol) == (("pH_end", "t50"), "bdf", 1e-5)


def test_every_kind_of_design(tmp_path: Path) -> None:
    model = load("t50_serum")
    csv = write(tmp_path, "who,Mg [mmol/L]\nA,0.8\nB,1.2\n", "patients.csv")
    table = {"serum.Mg": [0.8, 1.0], "serum.Pi": [1.1, 1.2]}
    shown = '[design.over]\n"serum.Mg" = [0.8, 1.0]\n"serum.Pi" = [1.1, 1.2]\n'
    expected = {
        'kind = "grid"\n' + shown: grid(model, table),
        shown: grid(model, table),  # what it is when nothing is said
        'kind = "list"\n' + shown: listed(model, table),
        'kind = "patients"\nfile = "patients.csv"\n': patients(model, csv),
        'kind = "cohort"\nseed = 2\nstages = { healthy = 2, ckd_3_4 = 1 }\n': cohort(
            model, {"healthy": 2, "ckd_3_4": 1}, seed=2
        ),
    }
    for text, design in expected.items():
        made = read_sweep_file(write(tmp_path, f"{HEAD}[design]\n{text}")).design
        assert made.sha256 == design.sha256, text
        assert made.kind == design.kind
    for kind in ("latin_hypercube", "halton"):
        text = f'{HEAD}[design]\nkind = "{kind}"\npoints = 5\n{BOX}'
        assert read_sweep_file(write(tmp_path, text)).design.kind == kind
    assert set(KINDS) == {
        "grid",
        "list",
        "patients",
        "cohort",
        "latin_hypercube",
        "halton",
        "sobol",
    }


def test_a_model_of_ones_own_lies_beside_it(tmp_path: Path) -> None:
    shipped = load("t50_serum").scenario.path.read_text(encoding="utf-8")
    write(tmp_path, shipped.replace('"t50_serum"', '"mine"', 1), "mine.toml")
    path = write(tmp_path, f'model = "mine.toml"\n[design]\nkind = "halton"\npoints = 5\n{BOX}')
    assert read_sweep_file(path).model.name == "mine"


def test_a_sweep_file_is_told_from_a_model_file(tmp_path: Path) -> None:
    assert is_sweep_file(write(tmp_path, HEAD + "[design]\n"))
    assert not is_sweep_file(load("t50_serum").scenario.path)
    assert not is_sweep_file("t50_serum")
    assert not is_sweep_file(tmp_path / "none.toml")
    assert not is_sweep_file(write(tmp_path, "[design"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[design", "is not TOML"),
        ("[design]\n", "there is no 'model'"),
        (HEAD, "there is no 'design'"),
        (HEAD + "design = 1\n", "design is a table"),
        (HEAD + "[desing]\n[design]\n", "design"),
        (HEAD + "read = 't50'\n[design]\n", "read is a list of text"),
        (HEAD + "rtol = true\n[design]\n", "rtol is a number"),
        (HEAD + "rtol = 1.0\n[design.over]\n", "1e-13 to 1e-2"),
        (HEAD + "solver = 'lsodaa'\n[design.over]\n", "lsoda"),
        (HEAD + "read = ['t5O']\n[design.over]\n'serum.Mg' = [1.0]\n", "t50"),
        (HEAD + "preset = 'healty'\n[design.over]\n'serum.Mg' = [1.0]\n", "healthy"),
        (HEAD + "off = ['whitlokite']\n[design.over]\n'serum.Mg' = [1.0]\n", "whitlockite"),
        (HEAD + "[design]\nkind = 'sobo'\n", "sobol"),
        (HEAD + "[design]\nkind = 'sobol'\npoints = 8\n", "there is no 'over'"),
        (HEAD + "[design]\nkind = 'sobol'\n" + BOX, "there is no 'points'"),
        (HEAD + "[design]\nkind = 'sobol'\npoints = 100\n" + BOX, "power of two"),
        (HEAD + "[design]\nkind = 'halton'\npoints = 8.5\n" + BOX, "points is a whole number"),
        (HEAD + "[design]\nkind = 'grid'\npoints = 8\n" + BOX, "unknown entry 'points'"),
        (HEAD + "[design]\nkind = 'patients'\nfile = 'none.csv'\n", "cannot be read"),
        (HEAD + "[design]\nkind = 'cohort'\nstages = { helthy = 3 }\n", "healthy"),
        (HEAD + "[design]\nkind = 'cohort'\nstages = { healthy = 2.5 }\n", r"healthy = 2\.5"),
        (HEAD + SET_MG + "kind = 'halton'\npoints = 5\n" + BOX, "both set and varied"),
        (HEAD + SET_MG + "[design.over]\n'serum.Mg/serum.Ca' = [0.3]\n", "both set and varied"),
        (HEAD + "[set]\n'serum.Mg' = '100 mmol/L'\n[design]\n" + BOX, "not plausible"),
        ("model = 'nothing'\n[design]\n" + BOX, "unknown model"),
    ],
)
def test_files_that_make_no_sense(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_sweep_file(write(tmp_path, text))
    assert re.search(words, str(caught.value)), caught.value
    assert caught.value.exit_code == 2
