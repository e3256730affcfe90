"""The generated module: the same for the same structure, readable, and nothing ever evaluated."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import calcikin
from calcikin import load
from calcikin.compiler import module as compiler
from calcikin.compiler.layout import solution_tables
from calcikin.compiler.module import (
    cache_directory,
    compile_network,
    generate_source,
    observed_names,
    structure_hash,
)
from calcikin.model.modelfile import load_scenario, scenario_names
from calcikin.solvers.scipy_ivp import Work

PACKAGE = Path(calcikin.__file__).parent


def source_of(name: str) -> str:
    scenario = load_scenario(name)
    tables = solution_tables(scenario.constants)
    return generate_source(scenario.network, tables, observed_names(scenario.network))[0]


def hash_of(name: str | Path) -> str:
    scenario = load_scenario(name)
    return structure_hash(scenario.network, solution_tables(scenario.constants))


# --- one structure, one file -------------------------------------------------------------------


GENERATE = """
import sys
from calcikin.compiler.module import compile_network
from calcikin.model.modelfile import load_scenario
scenario = load_scenario("t50_serum")
print(compile_network(scenario.network, scenario.constants).path)
"""


def test_processes_that_fill_an_empty_cache_together_agree(tmp_path: Path) -> None:
    # Sets have another order in each of them (hash seed); the text and the layout must not.
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    folders = [tmp_path / "shared", tmp_path / "shared", tmp_path / "own"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", GENERATE],
            env=environment | {"PYTHONHASHSEED": str(seed), "CALCIKIN_CACHE_DIR": str(folder)},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for seed, folder in enumerate(folders, start=1)
    ]
    paths = [Path(process.communicate()[0].strip()) for process in running]
    assert all(process.returncode == 0 for process in running)
    assert len({path.name for path in paths}) == 1
    assert paths[0].read_text() == paths[2].read_text() == source_of("t50_serum")
    layouts = [json.loads(path.with_suffix(".json").read_text()) for path in paths]
    assert layouts[0] == layouts[2] == load("t50_serum").compiled.layout
    for folder in folders:
        kinds = {path.suffix for path in folder.iterdir() if path.is_file()}
        assert kinds == {".py", ".json"}  # no half-written file is left


def test_models_of_one_network_share_their_kernels() -> None:
    first = load("t50_serum").compiled
    for name in ("acp_slurry", "fetuin_purified", "sbf"):
        assert load(name).compiled.path == first.path
        assert load(name).compiled.module is first.module
    assert load("open_serum").compiled.path != first.path


def test_parameters_and_inputs_never_compile() -> None:
    model = load("t50_serum")
    model.simulate("10 min")
    path = model.compiled.path
    stamp = path.stat().st_mtime_ns
    signatures = {
        name: list(kernel.signatures)
        for name, kernel in vars(model.compiled.module).items()
        if hasattr(kernel, "signatures")
    }
    variants = [
        model.with_({"serum.Mg": "0 mmol/L"}),
        model.with_({"acp_gamma": "36 mJ/m2", "temperature": "25 degC", "pH": 7.2}),
        model.with_({"ionic_strength": "0.15 mol/L"}, switch_off=["whitlockite"]),
        model.with_(preset="haemodialysis"),
    ]
    for variant in variants:
        assert variant.compiled is model.compiled
        variant.simulate("10 min")
        variant.simulate("10 min", solver="radau")
    assert path.stat().st_mtime_ns == stamp
    for name, known in signatures.items():
        kernel = getattr(model.compiled.module, name)
        assert len(kernel.signatures) <= max(1, len(known)), name


EXTENDED = """\
name = "trial"
source = "test"
network = "calcification"
medium = "acp_slurry"
ph = "closed"
duration = "1 h"
"""


@pytest.mark.parametrize(
    "extra",
    [
        '[extension.processes.wash]\nlaw = "clearance"\n'
        'inputs = { rate = "tnap_rate", amount = "PPi" }\n'
        "effect = { PPi = -1, H2O = -1, Pi = 2, H = 2 }\n",
        '[extension.quantities."acp.barrier"]\nlaw = "nucleation_barrier"\n'
        'inputs = { gamma = "ocp_gamma", ion_volume = "acp.ion_volume", T = "T" }\n',
        "[extension.surfaces.ocp_surface.adsorbates]\n"
        'Cit = { affinity = "affinity_Mg", alpha = "alpha_Cit" }\n',
    ],
)
def test_another_structure_is_another_file(tmp_path: Path, extra: str) -> None:
    plain, other = tmp_path / "plain.toml", tmp_path / "other.toml"
    plain.write_text(EXTENDED)
    other.write_text(EXTENDED + extra)
    assert hash_of(plain) == hash_of("acp_slurry")
    assert hash_of(other) != hash_of("acp_slurry")


def test_another_generator_is_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_of("sbf")
    monkeypatch.setattr(compiler, "generator_hash", lambda: "another numba, law or generator")
    assert hash_of("sbf") != before


def test_hash_covers_every_file_that_the_text_comes_from() -> None:
    # All of ours that the compiler and the laws import, but for errors, how a file is written, and
    # pure data types: what those hold is in the description of the structure.
    described = {
        "calcikin.errors",
        "calcikin.files",
        "calcikin.chemistry.constants",
        "calcikin.model.network",
    }
    imported: set[str] = set()
    for folder in ("compiler", "laws"):
        for path in (PACKAGE / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("calcikin."):
                    imported.add(str(node.module))
    outside = {m for m in imported if m.split(".")[1] not in ("compiler", "laws")} - described
    assert outside == {"calcikin.chemistry.activity", "calcikin.chemistry.activity_models"}
    covered = (PACKAGE / "compiler" / "module.py").read_text()
    assert '("activity.py", "activity_models.py")' in covered


# --- readable, and harmless --------------------------------------------------------------------


@pytest.mark.parametrize("name", scenario_names())
def test_file_is_valid_and_holds_kernels_only(name: str) -> None:
    text = source_of(name)
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree) or ""
    assert load_scenario(name).network.name in docstring
    assert "do not edit" in docstring
    imports = {ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)}
    assert imports == {
        "import math",
        "import numpy as np",
        "from numba import njit",
        "from calcikin.compiler.lanes import straight, weave",
    }
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    for function in functions:
        decorators = [ast.unparse(d) for d in function.decorator_list]
        helper = [type(n) for n in function.body] == [ast.Return]
        allowed = (["kernel"], ["straight"], ["inner"], *([[]] if helper else []))
        assert decorators in allowed, function.name
    assert {"prepare", "rhs", "jacobian", "observe", "speciate"} <= {f.name for f in functions}
    decorator = next(
        n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "kernel"
    )
    # fastmath would break NaN checks; the numpy error model divides without branches
    assert (
        ast.unparse(decorator.value)
        == "njit(cache=True, error_model='numpy', fastmath=False, nogil=True)"
    )
    # nothing but those, and tables of numbers
    rest = [
        n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom | ast.FunctionDef)
    ]
    for node in rest[1:]:  # the first is the docstring
        assert isinstance(node, ast.Assign)
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    known = {f.name for f in functions} | {"abs", "max", "min", "range", "njit", "weave", "newton"}
    for call in called - known:
        assert call.startswith(("math.", "np.", "q.copy", "totals", "s.", "x.")), call


def test_states_quantities_and_parameters_can_be_found_in_the_file() -> None:
    # One line per step: y3 is state 3, v17 quantity 17; every rate and state has its line.
    text = source_of("t50_serum")
    network = load_scenario("t50_serum").network
    assert text.isascii()
    for i in range(len(network.states)):
        assert f"y{i} = y[{i}]" in text
        assert f"dy[{i}] = " in text
    for k in range(len(network.processes)):
        assert f"    v[{k}] = " in text


# --- the cache ---------------------------------------------------------------------------------


def test_cache_folder_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCIKIN_CACHE_DIR", str(tmp_path / "deep" / "er"))
    assert cache_directory() == tmp_path / "deep" / "er"
    assert cache_directory().is_dir()
    assert not list(cache_directory().iterdir())


def test_cache_folder_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CALCIKIN_CACHE_DIR", str(tmp_path / "file" / "folder"))
    folder = cache_directory()
    assert folder.is_dir()
    assert tmp_path not in folder.parents


def test_cache_without_its_layout_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCIKIN_CACHE_DIR", str(tmp_path))
    scenario = load_scenario("sbf")
    first = compile_network(scenario.network, scenario.constants)
    sidecar = first.path.with_suffix(".json")
    sidecar.unlink()
    again = compile_network(scenario.network, scenario.constants)
    assert sidecar.exists()
    assert again.layout == first.layout


def test_kernels_write_only_what_they_are_given() -> None:
    # Neither the state nor the parameters may change; every output array is filled.
    model = load("t50_serum")
    compiled, q = model.compiled, model.parameter_vector()
    y = model.initial_state(q)
    keep_y, keep_q = y.copy(), q.copy()
    w = Work.of(compiled)
    dy, matrix = np.full(y.size, np.nan), np.full((y.size, y.size), np.nan)
    assert compiled.module.rhs(y, q, w.x, w.tot, w.s, w.v, dy) == 0
    assert compiled.module.jacobian(y, q, w.x, w.tot, w.s, matrix) == 0
    assert np.array_equal(y, keep_y)
    assert np.array_equal(q, keep_q)
    assert np.all(np.isfinite(dy))
    assert np.all(np.isfinite(matrix))
    assert compiled.module.prepare(q) == 0
    assert np.array_equal(q, keep_q)  # already prepared: the same again
