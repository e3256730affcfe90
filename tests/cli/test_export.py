"""`calcikin export`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from calcikin import extras

Calcikin = Callable[..., Result]


def test_text_goes_to_standard_output(calcikin: Calcikin) -> None:
    result = calcikin("export", "sbf", "--to", "phreeqc")
    assert result.exit_code == 0
    assert "SOLUTION_MASTER_SPECIES" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("form", "name", "mark"),
    [
        ("sbml", "model.xml", b"<sbml"),
        ("antimony", "model.ant", b"model *sbf"),
        ("omex", "model.omex", b"PK"),
        ("latex", "model.tex", b"\\documentclass"),
        ("python", "model.py", b"odeint"),
    ],
)
def test_file_is_written_and_named(
    form: str, name: str, mark: bytes, calcikin: Calcikin, tmp_path: Path
) -> None:
    path = tmp_path / name
    result = calcikin("export", "sbf", "--to", form, "-o", path)
    assert result.exit_code == 0, result.stderr
    assert mark in path.read_bytes()
    assert result.stderr == f"wrote {path}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_calibration_is_written_as_an_archive(calcikin: Calcikin, tmp_path: Path) -> None:
    path = tmp_path / "serum.zip"
    result = calcikin("export", "t50_serum", "--to", "petab", "-o", path)
    assert result.exit_code == 0, result.stderr
    with zipfile.ZipFile(path) as archive:
        assert {"problem.yaml", "model.xml", "README.md"} < set(archive.namelist())


def test_choices_are_in_the_file(calcikin: Calcikin) -> None:
    choices = ("--serum", "ckd_3_4", "--set", "acp_gamma=33mJ/m2", "--off", "whitlockite")
    text = calcikin("export", "t50_serum", "--to", "python", *choices).stdout
    assert "acp_gamma = 0.033" in text
    assert "switch__whitlockite = 0.0" in text
    assert "(ckd_3_4; 36.5 degC; without whitlockite)" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sbf", "--to", "smbl"), "sbml?"),
        (("sbf", "--to", "omex"), "-o sbf.omex"),
        (("t50_serum", "--to", "petab"), "-o t50_serum.zip"),
        (("sbf", "--to", "petab", "-o", "x.zip"), "models with fitted data: t50_serum"),
        (("sbf", "--to", "sbml", "-o", "nowhere/x.xml"), "mkdir -p nowhere"),
        (("sbf", "--to", "sbml", "-o", "x.json"), "end the name in .xml, .sbml"),
        (("sfb", "--to", "sbml"), "sbf"),
        (("t50_serum", "--to", "sbml", "--set", "serum.Mg=1.2"), "serum.Mg"),
    ],
    ids=[
        "format",
        "archive to a terminal",
        "problem to a terminal",
        "nothing fitted",
        "folder",
        "suffix",
        "model",
        "unit",
    ],
)
def test_bad_input_is_refused(words: tuple[str, ...], said: str, refused: Calcikin) -> None:
    assert said in refused("export", *words)


def test_missing_library_is_told_with_its_extra(
    refused: Calcikin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    said = refused("export", "sbf", "--to", "sbml", "-o", "x.xml")
    assert "python-libsbml, which is not installed" in said
    assert "pip install 'calcikin[exchange]'" in said
