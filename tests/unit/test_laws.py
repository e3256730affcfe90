"""Every rate law: its derivatives and its dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from calcikin import load
from calcikin.errors import UnknownNameError
from calcikin.laws import (
    LAWS,
    Law,
    adsorption,
    arrest,
    enzymes,
    get_law,
    growth,
    nucleation,
    populations,
    transport,
    vocabulary,
)
from calcikin.laws.vocabulary import cnt_factor, pos_power, softplus

MODULES = (adsorption, arrest, enzymes, growth, nucleation, populations, transport, vocabulary)

# Ranges to draw arguments from: by argument name, else by unit. (low, high, "log" or "both signs")
BY_NAME: dict[str, tuple[float, float, str]] = {
    "s": (0.1, 3.0, "signs"),
    "s_host": (0.1, 3.0, "signs"),
    "specific": (1e-6, 1e-2, "signs"),
    "ln_guest": (-20.0, -2.0, ""),
    "ln_host": (-20.0, -2.0, ""),
    "ln_activities": (-20.0, -2.0, ""),
    "ln_activity": (-20.0, -2.0, ""),
    "ln_k": (-80.0, -10.0, ""),
    "ln_h": (-22.0, -14.0, ""),
    "number": (1e-12, 1e-8, "log"),
    "nucleus": (10.0, 1e3, "log"),
    "barrier": (1.0, 50.0, "log"),
    "width": (0.02, 0.5, "log"),
    "order": (1.25, 4.0, ""),
    "pinning": (0.1, 0.9, ""),
    "size": (2e-9, 3e-7, "log"),
    "cube": (8e-27, 1e-20, "log"),
    "nucleus_radius": (1e-9, 4e-9, "log"),
    "host_radius": (2e-9, 2e-8, "log"),
    "ion_volume": (1e-29, 1e-28, "log"),
    "gamma": (0.02, 0.1, "log"),
    "activation_energy": (2e4, 1e5, ""),
    "bound": (1e-9, 1e-6, "log"),
    "share": (0.05, 0.95, ""),
    "limit": (3e-3, 7e-3, "log"),
}
BY_UNIT: dict[str, tuple[float, float, str]] = {
    "1": (0.1, 3.0, ""),
    "any": (1e-9, 1e-3, "log"),
    "mol/L": (1e-8, 1e-2, "log"),
    "mol/L/s": (1e-12, 1e-6, "log"),
    "mol/m2/s": (1e-10, 1e-5, "log"),
    "mol/m2": (1e-8, 1e-6, "log"),
    "1/s": (1e-6, 1e-2, "log"),
    "L/mol": (1.0, 1e5, "log"),
    "L/mol/s": (1.0, 1e5, "log"),
    "m": (1e-9, 1e-7, "log"),
    "m3": (1e-29, 1e-20, "log"),
    "m3/s": (1e-32, 1e-27, "log"),
    "m2/L": (1e-3, 1e2, "log"),
    "J/m2": (0.02, 0.1, "log"),
    "J/mol": (2e4, 1e5, ""),
    "K": (277.0, 333.0, ""),
    "J*s/m3": (4e-4, 2e-3, "log"),
}


Arguments = dict[str, float | list[float]]


def draw_arguments(law: Law, draw: np.random.Generator) -> Arguments:
    def one(argument: str) -> float:
        unit = law.unit_of(argument)
        low, high, how = BY_NAME.get(argument) or BY_UNIT[unit]
        if how == "log":
            return float(10.0 ** draw.uniform(math.log10(low), math.log10(high)))
        sign = draw.choice([-1.0, 1.0]) if how == "signs" else 1.0
        return float(sign * draw.uniform(low, high))

    return {a: [one(a) for _ in range(3)] if law.takes_list(a) else one(a) for a in law.inputs}


# --- derivatives -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def helpers() -> dict[str, Callable[..., float]]:
    """The compiled counterparts of the vocabulary, as the generated code calls them."""
    module = load("t50_serum").compiled.module
    names = vars(vocabulary.symbolic_functions())
    return {name: getattr(module, f"_{name}") for name in names}


def difference(f: Callable[[float], float], x: float) -> tuple[float, float]:
    """Derivative of f at x by central differences with two Richardson steps, and its error."""
    h = 1e-3 * abs(x)
    first = [(f(x + d) - f(x - d)) / (2.0 * d) for d in (h, h / 2, h / 4)]
    second = [(4.0 * b - a) / 3.0 for a, b in pairwise(first)]
    third = (16.0 * second[1] - second[0]) / 15.0
    # round-off: 1e-16 of the value, some 30 operations, over the smallest step
    return third, abs(third - second[1]) + 1e-14 * abs(f(x)) / h


def law_with(law: Law, arguments: Arguments, i: int, x: float) -> float:
    """Value of the law with the i-th number among its arguments replaced by x."""
    numbers = [n for v in arguments.values() for n in (v if isinstance(v, list) else [v])]
    changed = iter([*numbers[:i], x, *numbers[i + 1 :]])
    return float(
        law.function(
            **{
                a: [next(changed) for _ in v] if isinstance(v, list) else next(changed)
                for a, v in arguments.items()
            }
        )
    )


@pytest.mark.parametrize("name", sorted(LAWS))
def test_symbolic_derivative_is_the_slope(name: str, helpers) -> None:
    import sympy as sp

    law = LAWS[name]
    symbols = {
        a: [sp.Symbol(f"{a}{i}") for i in range(3)] if law.takes_list(a) else sp.Symbol(a)
        for a in law.inputs
    }
    flat = [s for v in symbols.values() for s in (v if isinstance(v, list) else [v])]
    expression = sp.sympify(law.function(**symbols))
    derivatives = {
        s: sp.lambdify(flat, sp.diff(expression, s), modules=[helpers, "math"]) for s in flat
    }
    value = sp.lambdify(flat, expression, modules=[helpers, "math"])
    draw = np.random.default_rng(20240101)
    for _ in range(20):
        arguments = draw_arguments(law, draw)
        numbers = [x for v in arguments.values() for x in (v if isinstance(v, list) else [v])]
        plain = float(law.function(**arguments))
        # the same formula with numbers and with symbols: only the order of operations differs
        assert value(*numbers) == pytest.approx(plain, rel=1e-11, abs=1e-300)
        for i, symbol in enumerate(flat):
            numeric, error = difference(partial(law_with, law, arguments, i), numbers[i])
            exact = derivatives[symbol](*numbers)
            assert abs(exact - numeric) <= 1e-7 * abs(exact) + 10.0 * error, (symbol, arguments)


def test_vocabulary_with_numbers_and_compiled(helpers) -> None:
    for x in (-50.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 30.0, 800.0):
        assert helpers["pos"](x) == max(x, 0.0)
        assert helpers["step"](x) == (1.0 if x > 0.0 else 0.0)
        assert helpers["pos_power"](x, 2.5) == pytest.approx(float(pos_power(x, 2.5)), rel=1e-14)
        soft = float(softplus(x, 1.0))
        assert helpers["log1pexp"](x) == pytest.approx(soft, rel=1e-14, abs=1e-300)
        logistic = helpers["logistic"](x)
        assert logistic == pytest.approx(0.5 * (1.0 + math.tanh(0.5 * x)), abs=1e-15)
        for barrier in (1e-2, 1.0, 100.0):
            expected = float(cnt_factor(barrier, x))
            # the compiled one is cut at s = 1e-3, where exp(-B/s^2) has long underflowed
            assert helpers["cnt_factor"](barrier, x) == pytest.approx(expected, rel=1e-14)
    assert helpers["cbrt"](27.0) == pytest.approx(3.0, rel=1e-15)


# --- dimensions --------------------------------------------------------------------------------

#: Constants inside the laws with the unit of each, and those without (a litre is a cube of m).
CONSTANTS = {
    "AVOGADRO": "1/mol",
    "BOLTZMANN": "J/K",
    "GAS_CONSTANT": "J/mol/K",
    "REFERENCE_TEMPERATURE": "K",
    "NUMBER_FLOOR": "mol/L",
    "AREA_FLOOR": "m2/L",
    "VOGEL_VISCOSITY": "J*s/m3",
    "VOGEL_SLOPE": "K",
    "VOGEL_ORIGIN": "K",
}
PURE = {"PI", "M3_PER_LITRE", "DRIVE_FLOOR", "DISSOLUTION_SMOOTHING"}
PURE |= {"BIRTH_EXCESS", "LOWEST_DRIVE", "LN_H_REFERENCE"}


def scale_of(unit: str, base: dict[str, float]) -> float:
    """Factor by which a number in ``unit`` changes when the base units do."""
    result = 1.0
    for k, part in enumerate(unit.split("/")):
        for factor in part.split("*"):
            if factor == "1":
                continue
            symbol = factor.rstrip("0123456789")
            length = {"L": ("m", 3)}.get(symbol, (symbol, 1))
            exponent = int(factor[len(symbol) :] or 1) * length[1]
            result *= base[length[0]] ** (exponent if k == 0 else -exponent)
    return result


@pytest.mark.parametrize("name", sorted(LAWS))
def test_law_does_not_depend_on_the_choice_of_units(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = LAWS[name]
    draw = np.random.default_rng(5)
    base = {u: float(10.0 ** draw.uniform(-1.0, 1.0)) for u in ("mol", "m", "s", "K", "J")}
    arguments = draw_arguments(law, draw)
    before = float(law.function(**arguments))
    units = {a: "mol/m2/s" if law.inputs[a] == "any" else law.unit_of(a) for a in law.inputs}
    changed = {
        a: [x * scale_of(units[a], base) for x in v]
        if isinstance(v, list)
        else v * scale_of(units[a], base)
        for a, v in arguments.items()
    }
    for module in MODULES:
        for constant, unit in CONSTANTS.items():
            if hasattr(module, constant):
                scaled = getattr(module, constant) * scale_of(unit, base)
                monkeypatch.setattr(module, constant, scaled)
    after = float(law.function(**changed))
    unit = units[law.unit[1:]] if law.unit.startswith("@") else law.unit
    # 1e-9: round-off, with the cancellation that a difference of two terms may bring
    assert after == pytest.approx(before * scale_of(unit, base), rel=1e-9, abs=0.0)


def test_every_constant_of_a_law_has_a_known_unit() -> None:
    for module in MODULES:
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, float):
                assert name in CONSTANTS or name in PURE, f"{module.__name__}.{name}"


def test_every_law_is_documented_and_known_by_name() -> None:
    for name, law in LAWS.items():
        assert law.doc.rstrip().endswith("."), name
        assert law.source, name
        assert get_law(name, "here") is law
    with pytest.raises(UnknownNameError, match="step_pining") as caught:
        get_law("step_pining", "here")
    assert "step_pinning" in str(caught.value)
