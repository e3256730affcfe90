"""Uncertainties of constants carried to saturation indices: derivatives, draws, and who leads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.phreeqc_db import constants_of
from calcikin.chemistry.phreeqc_file import parse_phreeqc
from calcikin.chemistry.speciation import saturation_indices, solve
from calcikin.chemistry.uncertainty import (
    SaturationIndex,
    _moved,
    _of_constants,
    _origins,
    sample_indices,
    uncertain_indices,
)
from calcikin.errors import InputError

PLASMA = load_medium("serum").totals()
H = {"H": 10**-7.4}
T = 310.15


def scaled(constants: ConstantSet, factor: float) -> ConstantSet:
    """A set with all uncertainties multiplied."""

    def smaller(items: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: replace(
                item, origin=replace(item.origin, uncertainty=factor * item.origin.uncertainty)
            )
            for name, item in items.items()
        }

    return replace(
        constants,
        species=smaller(constants.species),
        phases=smaller(constants.phases),
        gases=smaller(constants.gases),
    )


def conditions(kind: str, constants: ConstantSet) -> dict[str, Any]:
    """Totals and what is fixed: pH given, closed, open to CO2 with and without a given pH."""
    if kind == "fixed pH":
        return {"totals": PLASMA, "fixed_activity": H}
    if kind == "held ionic strength":
        return {"totals": PLASMA, "fixed_activity": H, "ionic_strength": 0.16}
    if kind == "closed":
        return {"totals": solve(constants, PLASMA, T, fixed_activity=H).totals}
    others = {k: v for k, v in PLASMA.items() if k != "CO3"}
    gas = {"CO2(g)": 0.053}
    if kind == "open":
        return {"totals": others, "fixed_activity": {**H, **gas}}
    opened = solve(constants, others, T, fixed_activity={**H, **gas})
    excess = opened.totals["H"] - 2.0 * opened.totals["CO3"]
    return {"totals": {**others, "H": excess}, "fixed_activity": gas}


KINDS = ["fixed pH", "held ionic strength", "closed", "open", "open and closed"]
#: Stepwise and cumulative, with and without protons, sites on proteins, solids, the gas.
CONSTANTS = ["HPO4-2", "OH-", "CaHPO4", "CO2", "CaHCO3+", "CaAlb+2", "HAP", "DCPD", "CO2(g)"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["default", "phreeqc", "sit"])
def test_derivatives_are_those_of_the_solution(name: str, kind: str) -> None:
    constants = load_constants(name)
    given = conditions(kind, constants)
    exact = uncertain_indices(constants, T=T, **given)
    order = list(_origins(constants))
    jacobian = _of_constants(constants)
    for which in CONSTANTS:
        j = order.index(which)
        u = list(_origins(constants).values())[j].uncertainty
        step = 1e-4
        values = []
        for sign in (1.0, -1.0):
            shift = np.zeros(len(order))
            shift[j] = sign * step
            moved = _moved(constants, jacobian @ shift)
            values.append(saturation_indices(solve(moved, T=T, **given)))
        for phase, index in exact.items():
            numeric = (values[0][phase] - values[1][phase]) / (2.0 * step)
            # central differences: 1e-8 of second order, 1e-12/1e-4 roundoff of an index of 10
            part = index.contributions.get(which, 0.0) / u
            assert part == pytest.approx(numeric, rel=1e-6, abs=1e-7), (which, phase)


@pytest.mark.parametrize("name", ["default", "sit"])
def test_draws_agree_where_linear(name: str) -> None:
    # All uncertainties made 200 times smaller: each draw then follows the derivatives, not only
    # their spread. What is left is of second order: 0.4 % at the worst (MgPO4- has u 0.8).
    constants = scaled(load_constants(name), 0.005)
    exact = uncertain_indices(constants, PLASMA, T, fixed_activity=H)
    draws = sample_indices(constants, PLASMA, T, count=60, seed=5, fixed_activity=H)
    names = list(_origins(constants))
    u = np.array([origin.uncertainty for origin in _origins(constants).values()])
    draw = np.random.default_rng(5)
    z = np.array([draw.standard_normal(len(names)) for _ in range(60)])
    assert u.shape == z[0].shape
    for phase, index in exact.items():
        parts = np.array([index.contributions.get(item, 0.0) for item in names])
        linear = index.value + z @ parts
        assert np.abs(draws[phase] - linear).max() < 0.01 * index.u, phase


def test_spread_of_draws_is_the_uncertainty() -> None:
    # at full size; 5 % is the statistical error of 200 draws, three times that is allowed, and the
    # solution is not quite linear
    constants = load_constants()
    exact = uncertain_indices(constants, PLASMA, T, fixed_activity=H)
    draws = sample_indices(constants, PLASMA, T, count=200, seed=1, fixed_activity=H)
    for phase, index in exact.items():
        assert float(np.std(draws[phase])) == pytest.approx(index.u, rel=0.15), phase


def test_same_seed_same_draws() -> None:
    first, again = (
        sample_indices(load_constants(), PLASMA, T, count=2, seed=9, fixed_activity=H)
        for _ in range(2)
    )
    assert all(np.array_equal(first[phase], again[phase]) for phase in first)


def test_what_leads() -> None:
    indices = uncertain_indices(load_constants(), PLASMA, T, fixed_activity=H)
    # the own constant of a solid enters with -1
    assert indices["WH"].contributions["WH"] == pytest.approx(-3.0)
    assert next(iter(indices["OCP"].contributions)) == "OCP"
    hap = indices["HAP"]
    # three phosphates: the third protonation constant (u 0.03) counts almost three times
    assert next(iter(hap.contributions)) == "HPO4-2"
    assert hap.contributions["HPO4-2"] == pytest.approx(-3 * 0.03, rel=0.02)
    sizes = [abs(part) for part in hap.contributions.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert hap.u == pytest.approx(math.sqrt(sum(x * x for x in sizes)), rel=1e-12)
    few = hap.leading(0.8)
    assert list(few) == list(hap.contributions)[: len(few)]
    assert sum(part**2 for part in few.values()) >= 0.8 * hap.u**2
    assert len(few) < len(hap.contributions)


def test_shown_with_its_uncertainty() -> None:
    assert str(SaturationIndex(10.0634, 0.1449, {})) == "10.06 +/- 0.14"
    without = {**PLASMA, "Mg": 0.0}
    indices = uncertain_indices(load_constants(), without, T, fixed_activity=H)
    assert str(indices["WH"]) == "-"
    assert indices["WH"].value == -math.inf
    assert indices["WH"].u == 0.0


def test_a_set_without_uncertainties_is_refused() -> None:
    text = "SOLUTION_SPECIES\nH+ = H+\nH2O = H2O\nCa+2 = Ca+2\nH2O = OH- + H+\n-log_k -14\n"
    constants = constants_of(parse_phreeqc(text, "small.dat"))
    with pytest.raises(InputError, match="no uncertainty"):
        uncertain_indices(constants, {"Ca": 1e-3}, fixed_activity=H)
