"""The package as a whole: public names, versions, data files, and who may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import calcikin
from calcikin import paths
from calcikin.errors import ModelFileError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "calcikin").rglob("*.py"))

#: outside library -> the only part of the package that may import it
DOORS = {
    "pint": "units",
    "matplotlib": "plots",
    "scipy.integrate": "solvers",
}
#: Calls that run text as code. SymPy's sympify does too, unless strict.
EVALUATORS = {"__import__", "eval", "exec", "literal_eval", "parse_expr", "sympify"}


@cache
def tree_of(source: Path) -> ast.AST:
    return ast.parse(source.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("library", sorted(DOORS))
def test_one_door_for_each_outside_library(library):
    package = ROOT / "src" / "calcikin"
    guests = {
        source.relative_to(package).parts[0].removesuffix(".py")
        for source in SOURCES
        for name in imports(tree_of(source))
        if f"{name}.".startswith(f"{library}.")
    }
    assert guests <= {DOORS[library]}


def evaluates_text(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
    strict = any(
        word.arg == "strict" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in node.keywords
    )
    if name == "compile":  # of Python; `re.compile` runs nothing
        return isinstance(node.func, ast.Name)
    return name in EVALUATORS and not (name == "sympify" and strict)


def test_no_text_is_evaluated():
    found = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(tree_of(source))
        if evaluates_text(node)
    ]
    assert found == []


def test_every_public_name_resolves():
    for name in calcikin.__all__:
        assert getattr(calcikin, name) is not None
    assert set(calcikin.__all__) == {*calcikin._PUBLIC, "__version__"}
    assert set(calcikin.__all__) <= set(dir(calcikin))


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = calcikin.nonsense


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, calcikin;"
        "print(sorted({'numpy', 'numba', 'scipy', 'xarray', 'pint'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"


def test_one_version_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {calcikin.__version__}\n" in citation
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "src/calcikin/__init__.py"


def test_every_import_layer_is_in_the_contract():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    layers = {name.strip(" ()") for layer in contract["layers"] for name in layer.split("|")}
    package = ROOT / "src" / "calcikin"
    present = {source.relative_to(package).parts[0].removesuffix(".py") for source in SOURCES}
    assert present - {"__init__"} <= layers


def test_models_dir_is_the_checkouts():
    assert paths.models_dir() == ROOT / "models"


def test_models_dir_prefers_what_the_wheel_ships(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "site-packages" / "calcikin"
    (package / "_models").mkdir(parents=True)
    monkeypatch.setattr(paths, "__file__", str(package / "paths.py"))
    assert paths.models_dir() == package / "_models"


def test_missing_models_are_an_error_that_says_where(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "calcikin" / "paths.py"))
    with pytest.raises(ModelFileError, match="missing from this installation") as caught:
        paths.models_dir()
    assert str(tmp_path) in str(caught.value)
