"""Bad input to `calcikin run`: what, where, what to try; exit code 2; nothing half-written."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.usefixtures("no_long_work")

MODEL = """
name = "mine"
network = "calcification"
medium = "t50_mix"
ph = "closed"
duration = "48 h"
source = "test"
"""
PROCESS = """
[extension.processes.leak]
law = "LAW"
inputs = { rate = "tnap_rate", scale = "scale.enzymes", modulation = 1, substrate = "PPi" }
effect = { PPi = -1, Pi = 1 }
"""


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("serum.Mg=-1mmol/L", ("serum.Mg = -1 mmol/L", "is negative", "try: 0 or more")),
        ("serum.Mg=nan", ("'nan' is not a finite number", "calcikin show t50_serum")),
        ("serum.Mg=inf mmol/L", ("finite", "try: ")),
        ("serum.Mg=1e999mmol/L", ("finite", "try: ")),
        ("serum.Mg=20mmol/L", ("20 mmol/L", "0 to 5 mmol/L", "(1.22 to 3.89 mg/dL)")),
        ("serum.Mg=1.2", ("'1.2' has no unit", "try: '1.2 mmol/L'")),
        ("serum.Mg=1.2kg", ("'kg' is a mass", "such as mmol/L")),
        ("serum.Mg=1.2mmoles", ("mmoles", "try: ")),
        ("serum.Mg=1,2mmol/L", ("decimal point",)),
        ("serum.Mg=abc", ("'abc'", "try: ")),
        ("serum.Mgg=1mmol/L", ("unknown input or parameter 'serum.Mgg'", "try: serum.Mg or")),
        ("ocp_gama=50mJ/m2", ("unknown input or parameter 'ocp_gama'", "try: ocp_gamma")),
        ("serum.Mg/serum.Cal=1", ("unknown", "try: ")),
        ("temperature=37", ("'37' has no unit", "37 degC")),
        ("temperature=100degC", ("not plausible", "4 to 60 degC")),
        ("temperature=-300degC", ("absolute zero",)),
        ("pH=74", ("pH = 74 is not plausible", "2 to 12")),
        ("duration=0h", ("not plausible", "try: ")),
        ("ocp_gamma=-3mJ/m2", ("cannot be -3 mJ/m2", "plausible: ")),
        ("serum.Mg", ("'serum.Mg' gives no value", "--set serum.Mg=1.2mmol/L")),
        ("serum.Mg=", ("gives no value",)),
        ("=1mmol/L", ("gives no name",)),
    ],
)
def test_values(refused, setting, says):
    message = refused("run", "t50_serum", "--set", setting, "-o", "run.nc")
    for words in (*says, "where: --set "):
        assert words in message


def test_the_same_name_twice(refused):
    settings = ("--set", "serum.Mg=1mmol/L", "--set", "serum.Mg=2mmol/L")
    message = refused("run", "t50_serum", *settings)
    assert "serum.Mg is set twice: 1mmol/L and 2mmol/L" in message


def test_a_ratio_that_leads_to_an_absurd_amount(refused):
    message = refused("run", "t50_serum", "--set", "serum.Mg/serum.Ca=50")
    assert "serum.Mg = 120 mmol/L is not plausible" in message


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "t50_serm"), ("unknown model 't50_serm'", "try: t50_serum")),
        (("show", "t50_serm"), ("unknown model 't50_serm'", "try: t50_serum")),
        (("run", "t50_serum", "--serum", "helthy"), ("'helthy'", "healthy?", "--serum helthy")),
        (("run", "sbf", "--serum", "healthy"), ("unknown preset", "there is no preset here")),
        (("run", "t50_serum", "--off", "atp_shield"), ("'atp_shield'", "try: atp_shielding")),
        (("run", "t50_serum", "--solver", "lsodaa"), ("unknown solver", "lsoda?")),
        (("run", "t50_serum", "--rtol", "nan"), ("not usable", "1e-13 to 0.01")),
        (("run", "t50_serum", "--rtol", "-1e-6"), ("not usable",)),
        (("run", "t50_serum", "--rtol", "1"), ("not usable",)),
    ],
)
def test_names_and_tolerances(refused, arguments, says):
    message = refused(*arguments)
    for words in says:
        assert words in message


@pytest.mark.parametrize("option", ["-o", "--plot"])
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere/run.EXT", ("the folder 'nowhere' does not exist", "mkdir -p nowhere")),
        ("run.txt", (".txt is not a format",)),
        ("run", ("no suffix is not a format",)),
        (".", ("is a folder, not a file",)),
        ("run.EXT/", ("is a folder, not a file",)),
    ],
)
def test_outputs_are_checked_first(refused, option, path, says):
    path = path.replace("EXT", "nc" if option == "-o" else "png")
    message = refused("run", "t50_serum", option, path)
    for words in (*says, f"where: {option} {path}", "try: "):
        assert words in message


def test_two_options_cannot_write_one_file(refused, monkeypatch):
    monkeypatch.setattr("calcikin.cli.output.PICTURES", (".nc",))
    message = refused("run", "t50_serum", "-o", "a.nc", "--plot", "./a.nc")
    assert "-o and --plot name the same file" in message


def test_a_folder_that_cannot_be_written_to(refused, tmp_path, monkeypatch):
    # Not by its mode: the superuser may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot be written to" in refused("run", "t50_serum", "-o", "run.nc")


@pytest.mark.parametrize("verb", ["run", "show"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, ("there is no file 'mine.toml'", "calcikin models")),
        (b"", ("is empty", "mine.toml")),
        (b" \n\n", ("is empty", "mine.toml")),
        (bytes(range(256)), ("cannot be read", "mine.toml")),
        (b"a = = b", ("is not TOML", "line 1", "mine.toml")),
        (b'name = "mine"', ("lacks 'network'", "mine.toml")),
        (MODEL.replace("t50_mix", "t50mix"), ("unknown medium 't50mix'", "t50_mix?")),
        (MODEL.replace("calcification", "calcifcation"), ("calcification?",)),
        (MODEL.replace('"48 h"', '"48"'), ("'48' has no unit", "mine.toml: duration")),
        (MODEL + 'preset = "helthy"\n', ("healthy?",)),
        (MODEL + 'switch_off = ["whitlokite"]\n', ("whitlockite?", "mine.toml")),
        (MODEL + "colour = 3\n", ("unknown entry 'colour'", "mine.toml")),
        (MODEL + "notes = 3\n", ("notes = 3 is not a list of text", "mine.toml")),
        (MODEL + PROCESS.replace("LAW", "modulated_dcay"), ("unknown law", "modulated_decay?")),
        (
            MODEL + PROCESS.replace("LAW", "modulated_decay"),
            ("process 'leak' does not balance P: -1 per turnover", "effect"),
        ),
        (
            MODEL + PROCESS.replace("LAW", "modulated_decay").replace("leak", '"os.system(1)"'),
            ("is not a name",),
        ),
    ],
)
def test_model_files(refused, tmp_path, verb, content, says):
    if content is not None:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / "mine.toml").write_bytes(data)
    message = refused(verb, "mine.toml")
    for words in says:
        assert words in message


def test_a_folder_is_no_model_file(refused, tmp_path):
    (tmp_path / "mine.toml").mkdir()
    assert "there is no file 'mine.toml'" in refused("run", "mine.toml")
