"""A model with another constant set: nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcikin import load
from calcikin.analysis.constant_sets import with_constants
from calcikin.errors import UnknownNameError
from calcikin.paths import models_dir


def test_only_the_constants_change() -> None:
    base, other = load("t50_serum"), with_constants("t50_serum", "phreeqc")
    assert other.scenario.constants.name == "phreeqc"
    assert other.name == base.name
    assert other.parameter_values() == base.parameter_values()
    assert other.input_values() == base.input_values()
    assert other.temperature == base.temperature
    assert other.scenario.sha256 != base.scenario.sha256


def test_a_file_of_constants_and_a_file_of_a_model(tmp_path: Path) -> None:
    constants = tmp_path / "mine.toml"
    text = (models_dir() / "constants" / "default.toml").read_text("utf-8")
    constants.write_text(text.replace('name = "default"', 'name = "mine"'))
    model = tmp_path / "slurry.toml"
    kept = [
        line
        for line in (models_dir() / "acp_slurry.toml").read_text("utf-8").splitlines()
        if not line.startswith("constants")
    ]
    model.write_text("\n".join(kept))  # a model that says nothing of constants has the default ones
    changed = with_constants(model, constants)
    assert changed.scenario.constants.name == "mine"
    assert load(str(model)).scenario.constants.name == "default"


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="phreeqc"):
        with_constants("t50_serum", "phreeq")
    with pytest.raises(UnknownNameError, match="t50_serum"):
        with_constants("t50", "phreeqc")
