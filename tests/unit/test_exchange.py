"""Exported equations against the compiled kernels, and what the writers do with them."""

from __future__ import annotations

import csv
import inspect
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from calcikin import Model, extras, load
from calcikin.analysis.constant_sets import with_constants
from calcikin.errors import InputError, UnknownNameError
from calcikin.exchange import notation
from calcikin.exchange.derive import equations_of
from calcikin.exchange.equations import LAW_CONSTANTS
from calcikin.exchange.formats import FORMATS, export
from calcikin.exchange.infix import PYTHON, infix
from calcikin.exchange.law_equations import equation, module_constants
from calcikin.exchange.numbers import file_numbers
from calcikin.laws import LAWS, Law
from calcikin.model.modelfile import scenario_names

FUNCTIONS = {
    "pos": lambda x: max(x, 0.0),
    "cbrt": lambda x: x ** (1.0 / 3.0),
    "cnt_factor": lambda b, s: math.exp(-b / (s * s)) if s > 1e-3 else 0.0,
    "pos_power": lambda x, n: x**n if x > 0.0 else 0.0,
    "log1pexp": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
}


def value(expression: sp.Expr, known: dict[str, float]) -> float:
    names = sorted(str(s) for s in expression.free_symbols)
    function = sp.lambdify(names, expression, modules=[FUNCTIONS, "math"])
    return float(function(*(known[name] for name in names)))


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_every_law_can_be_printed_and_its_constants_have_units(law: Law) -> None:
    assert notation.result_symbol(law.name)
    assert all(notation.symbol(law.name, argument) for argument in law.inputs)
    space = law.function.__globals__
    named = {k for k in law.function.__code__.co_names if isinstance(space.get(k), float)}
    assert named <= set(notation.CONSTANTS)
    assert named - {"PI"} <= set(LAW_CONSTANTS)  # in an exported file pi is pi


def test_constants_of_the_laws_are_found_where_they_stand() -> None:
    folder = Path(inspect.getfile(LAWS["arrhenius"].function)).parent
    known = {
        name
        for path in folder.glob("*.py")
        for name, _, _ in module_constants(path.read_text(encoding="utf-8"))
    }
    assert {name for law in LAWS.values() for name in equation(law).constants} <= known
    found = module_constants("A = -1.5  # one\nB, C = 2.0, 3.0  # both\nD = 4\nE = f(5.0)\n")
    assert found == [("A", "-1.5", "one"), ("B", "2.0", "both"), ("C", "3.0", "both")]


@pytest.mark.parametrize("name", scenario_names())
def test_equations_give_the_rates_of_the_kernels_at_the_equilibrium_of_the_kernels(
    name: str,
) -> None:
    model = load(name)
    result = model.simulate("2 h", times=np.array([0.0, 60.0, 7200.0]))
    equations = equations_of(model)
    cations = [c for c in result.model.compiled.tables.cations if c not in equations.absent]
    for k in range(result.t.size):
        known = {entry.id: entry.value for entry in equations.constants}
        known |= {t.id: result.state(t.state.name)[k] for t in equations.totals}
        known["gamma"] = math.exp(result.solute("g")[k])
        known |= {f"free__{c}": result.solute(f"free.{c}")[k] for c in cations}
        for rule in equations.rules:
            known[rule.id] = value(rule.expression, known)
        for unknown in equations.unknowns:
            # 1e-9: the kernels stop their Newton steps below 1e-6, squared; sums of 60 terms
            assert abs(value(unknown.shortage, known)) < 1e-9 * known[unknown.id], unknown.id
        ours = np.array([known[flow.rate] for flow in equations.flows])
        # a rate may be the small difference of two large ones: 1e-8 of the largest besides
        largest = np.abs(result.v[k]).max()
        assert ours == pytest.approx(result.v[k], rel=1e-6, abs=1e-8 * largest)


def test_effects_of_processes_are_those_of_the_network() -> None:
    model = load("open_serum")
    equations = equations_of(model)
    rows = [
        [flow.effect.get(total.id, 0.0) for total in equations.totals] for flow in equations.flows
    ]
    assert np.array_equal(np.array(rows), model.scenario.network.stoichiometry())


def test_numbers_of_a_variant_are_those_that_its_own_file_has() -> None:
    base, variant = (
        load("t50_serum"),
        load("t50_serum").with_(
            {"serum.Mg": "1.2 mmol/L", "acp_gamma": "33 mJ/m2", "temperature": "30 degC"},
            switch_off=["phosphate_complexation", "growth_poisoning"],
        ),
    )
    written = equations_of(variant)
    own = {entry.id: entry.value for entry in written.constants if entry.kind != "law"}
    own |= {total.id: total.initial for total in written.totals}
    own |= {unknown.id: unknown.initial for unknown in written.unknowns}
    numbers = file_numbers(variant)
    fixed = {"reference_concentration", "held_ionic_strength"}
    absent = {f"{kind}__{c}" for c in written.absent for kind in ("a", "lna")}
    assert {id_: numbers[id_] for id_ in own.keys() - fixed - absent} == {
        id_: number for id_, number in own.items() if id_ not in fixed | absent
    }
    assert file_numbers(base) != numbers


A, B, C = sp.symbols("a b c", positive=True)


@pytest.mark.parametrize(
    "expression",
    [
        A - (B + C),
        A - (B - C) / 2,
        A / (B * C),
        -A * (B - C),
        (-A - B) ** 2,
        A ** sp.Rational(-3, 2),
        A ** (B + 1),
        (A * B) ** 3 / C**2,
        sp.Rational(2, 3) * A / B,
        -sp.Rational(2, 3) * A,
        A / (B / (C + A)),
        1 / A - 1 / B,
        A * -(B ** sp.Float(0.37)),
        sp.Mul(A, sp.Add(B, -C, evaluate=False), evaluate=False) - (-A),
    ],
    ids=str,
)
def test_text_of_an_expression_means_the_expression(expression: sp.Expr) -> None:
    text = infix(expression, PYTHON)
    again = sp.sympify(text, locals={"a": A, "b": B, "c": C})
    at = {A: 1.3, B: 0.7, C: 2.9}
    assert float(again.subs(at)) == pytest.approx(float(expression.subs(at)), rel=1e-14)


def test_numbers_in_text_keep_every_digit() -> None:
    assert float(infix(sp.Float(0.1), PYTHON)) == 0.1
    assert float(infix(sp.Float(1.0 / 3.0), PYTHON)) == 1.0 / 3.0
    assert float(infix(sp.Float(6.02214076e23), PYTHON)) == 6.02214076e23


@pytest.mark.parametrize(
    ("model", "hours"),
    [
        (load("t50_serum"), 7.0),
        (load("acp_slurry"), 2.0),
        (
            load("open_serum").with_({"serum.Pi": "6 mmol/L", "serum.Ca": "5 mmol/L", "pH": 7.8}),
            6.0,
        ),
    ],
    ids=["closed pH", "no serum", "held pH and CO2"],
)
def test_python_script_alone_gives_our_states(model: Model, hours: float, tmp_path: Path) -> None:
    script, out = tmp_path / "model.py", tmp_path / "out.csv"
    script.write_bytes(export(model, "python"))
    command = [sys.executable, "-I", str(script), "--hours", str(hours), "--minutes", "60"]
    subprocess.run([*command, "--rtol", "1e-9", "-o", str(out)], check=True, timeout=120)
    with out.open() as stream:
        header, *rows = csv.reader(stream)
    table = np.array(rows, dtype=float)
    ours = model.simulate(f"{hours} h", times=table[:, 0], solver="lsoda", rtol=1e-11).y
    assert len(header) == ours.shape[1] + 1
    between = model.simulate(f"{hours} h").y
    peak = np.maximum(np.abs(between).max(axis=0), 1e-18)  # mol/L: less is no particle at all
    error = np.abs(table[:, 1:] - ours).max(axis=0) / peak
    # 1e-6 of its peak for each state: what integrations at 1e-9 and 1e-11 leave
    assert dict(zip(header[1:], error, strict=True)) == pytest.approx(
        dict.fromkeys(header[1:], 0.0), abs=1e-6
    )


@pytest.mark.parametrize("name", scenario_names())
def test_document_is_plain_balanced_and_complete(name: str) -> None:
    model = load(name)
    text = export(model, "latex").decode("ascii")
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    for environment in re.findall(r"\\begin\{(\w+\*?)\}", text):
        begun = text.count(rf"\begin{{{environment}}}")
        assert begun == text.count(rf"\end{{{environment}}}")
    network = model.scenario.network
    names = [n.name for n in network.nodes] + network.process_names + network.state_names
    for item in names:
        assert item.replace("_", r"\_") in text, item


def test_activity_coefficients_that_cannot_be_written_are_refused() -> None:
    model = with_constants("t50_serum", "phreeqc")
    for to in ("sbml", "python", "phreeqc"):
        with pytest.raises(InputError, match="Truesdell-Jones"):
            export(model, to)


def test_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'smbl'") as caught:
        export(load("sbf"), "smbl")
    assert "sbml" in str(caught.value.hint)


@pytest.mark.parametrize("to", ["sbml", "antimony", "omex"])
def test_missing_library_names_the_extra(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(InputError, match="is not installed") as caught:
        FORMATS[to].write(load("sbf"))
    assert "calcikin[exchange]" in str(caught.value.hint)
