"""The examples in the docstrings of the package: they run, and print what they show."""

from __future__ import annotations

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import calcikin

SOURCE = Path(calcikin.__file__).parent
MODULES = sorted(
    ".".join(("calcikin", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in SOURCE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testmod(import_module(name))
    assert attempted > 0
    assert failed == 0


def test_every_public_function_has_an_example():
    for name in calcikin.__all__:
        public = getattr(calcikin, name)
        if inspect.isfunction(public):
            assert ">>> " in inspect.getdoc(public), name
    assert ">>> " in inspect.getdoc(calcikin.Model.with_)
    assert ">>> " in inspect.getdoc(calcikin.Model.simulate)
