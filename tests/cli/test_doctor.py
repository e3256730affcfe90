"""`calcikin doctor`. `python tests/cli/test_doctor.py` stores the read-outs of today anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calcikin.bench import health
from calcikin.errors import ModelFileError
from calcikin.files import read_toml
from calcikin.paths import models_dir
from calcikin.simulate.model import load

HEAD = """\
# What `calcikin doctor` compares a run of the healthy serum with. Written by
# `python tests/cli/test_doctor.py`; holds for the files whose hash it names.
"""


def test_all_is_well(calcikin):
    result = calcikin("doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("all is well")
    for name in ("python", "cores", "vector width", "cache", "self-test"):
        assert f"ok  {name}" in result.stdout


def test_quiet_says_nothing_when_all_is_well(calcikin):
    result = calcikin("doctor", "-q")
    assert (result.exit_code, result.output) == (0, "")


def test_as_data(calcikin):
    content = json.loads(calcikin("doctor", "--json").stdout)
    assert content["fine"] is True
    assert {"name", "value", "fine", "hint"} == set(content["findings"][0])


def test_what_is_stored_belongs_to_the_shipped_model():
    stored, _ = read_toml(models_dir() / health.EXPECTED)
    assert stored["sha256"] == load("t50_serum").scenario.sha256, (
        "the model has changed; once that is meant: python tests/cli/test_doctor.py"
    )
    assert "differs by" in health.self_test().value


def test_a_wrong_result_is_found(calcikin, monkeypatch):
    stored, _ = read_toml(models_dir() / health.EXPECTED)
    # ten times what is allowed
    stored["values"]["t50"] *= 1 + 10 * health.TOLERANCE
    monkeypatch.setattr(health, "read_toml", lambda _: (stored, ""))
    result = calcikin("doctor")
    assert result.exit_code == 1
    assert "NO  self-test" in result.stdout
    assert "trust no result" in result.stdout
    assert calcikin("doctor", "-q").stdout.startswith("NO  self-test")


def test_a_run_that_fails_is_found(monkeypatch):
    monkeypatch.setattr(health, "readings", lambda _: None)
    assert not health.self_test().fine


def test_missing_model_files_are_found(monkeypatch):
    def gone():
        raise ModelFileError("the shipped model files are missing", hint="reinstall calcikin")

    monkeypatch.setattr(health, "models_dir", gone)
    findings = {finding.name: finding for finding in (health._models(), health.self_test())}
    assert not any(finding.fine for finding in findings.values())
    assert findings["model files"].hint == "reinstall calcikin"


def test_a_cache_that_cannot_be_written_is_found(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("CALCIKIN_CACHE_DIR", str(blocked))
    finding = health._cache()
    assert not finding.fine
    assert str(blocked) in finding.hint


@pytest.mark.parametrize("present", [True, False])
def test_optional_parts_are_named(monkeypatch, present):
    wanted = ["click>=8", 'jinja2>=3.1; extra == "report"', "pytest>=8 ; extra == 'test'"]
    monkeypatch.setattr(health, "requires", lambda _: wanted)
    monkeypatch.setattr(health, "_installed", lambda _: present)
    monkeypatch.setattr(health, "version", lambda _: "6.0")
    (finding,) = health._extras()
    assert finding.name == "extra report"
    assert finding.fine  # nobody needs it
    assert finding.value == ("jinja2 6.0" if present else "without jinja2")
    assert ("pip install" in finding.hint) is not present


def store() -> Path:
    """Store the read-outs of today."""
    model = load("t50_serum")
    lines = [f'model = "{model.name}"', f'sha256 = "{model.scenario.sha256}"', "", "[values]"]
    lines += [f"{name} = {value:.9g}" for name, value in (health.readings(model) or {}).items()]
    path = models_dir() / health.EXPECTED
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    store()
