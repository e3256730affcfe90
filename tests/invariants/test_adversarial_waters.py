"""A hundred thousand adversarial waters settle, and depend on nothing that they should not."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from calcikin import speciate_many
from calcikin.bench.waters import adversarial
from calcikin.chemistry.activity_models import HELD_MOLAL
from calcikin.chemistry.constants import ConstantSet, load_constants
from calcikin.chemistry.logk import LogK
from calcikin.simulate.solution_many import Waters

COUNT = 100_000
#: The most Newton steps that were seen, last resorts included, are 312.
MOST_STEPS = 500
SETS = ["default", "phreeqc"]


@cache
def settled(name: str) -> tuple[dict[str, np.ndarray], np.ndarray, Waters]:
    totals, pH = adversarial(load_constants(name), COUNT)
    return totals, pH, speciate_many(totals, pH=pH, constants=name)


def imbalance(totals: dict[str, np.ndarray], found: Waters) -> float:
    """Largest relative imbalance of a component but H, with every species computed anew."""
    parts = {name: found.free[name].copy() for name in totals}
    for name, item in found.constants.species.items():
        c = found.species(name)
        for component, n in item.stoichiometry.items():
            if component in parts:
                parts[component] += n * c
    # below 1e-290 doubles lose digits
    return max(float((np.abs(parts[k] - t) / (t + 1e-290)).max()) for k, t in totals.items())


@pytest.mark.parametrize("name", SETS)
def test_every_water_settles_and_balances(name: str) -> None:
    totals, pH, found = settled(name)
    assert found.found.all()
    assert found.residual.max() < 1e-10
    assert found.iterations.max() < MOST_STEPS
    np.testing.assert_allclose(found.pH, pH, rtol=1e-12)
    some = slice(None, None, 10)
    first = {k: v[some] for k, v in totals.items()}
    assert imbalance(first, speciate_many(first, pH=pH[some], constants=name)) < 1e-10
    for component, total in totals.items():
        assert np.all((found.free[component] == 0.0) == (total == 0.0)), component
        assert np.all(found.free[component] <= total * (1.0 + 1e-12)), component


@pytest.mark.parametrize("name", SETS)
def test_a_closed_water_is_its_own_solution(name: str) -> None:
    totals, pH, held = settled(name)
    closed = speciate_many({**totals, "H": held.total_H}, constants=name)
    assert closed.found.all()
    assert closed.residual.max() < 1e-10
    assert closed.iterations.max() < MOST_STEPS
    # total H is known to roundoff of what it is made of, and fixes pH to that over the buffering,
    # at least [H] + [OH] of 2e-7 mol/L: 1e-16 of up to 14 mol/L over 1e-7
    assert np.abs(closed.pH - pH).max() < 1e-8
    again = speciate_many({**totals, "H": closed.total_H}, constants=name)
    for component, c in again.free.items():
        np.testing.assert_allclose(c, closed.free[component], rtol=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_order_and_threads_do_not_matter(name: str) -> None:
    totals, pH, found = settled(name)
    order = np.random.default_rng(3).permutation(COUNT)
    mixed = {k: v[order] for k, v in totals.items()}
    other = speciate_many(mixed, pH=pH[order], constants=name, threads=3)
    for component, c in other.free.items():
        np.testing.assert_allclose(c, found.free[component][order], rtol=1e-10)


def test_the_order_of_components_and_species_does_not_matter() -> None:
    constants = load_constants("default")
    turned = replace(
        constants,
        components=dict(reversed(constants.components.items())),
        species=dict(reversed(constants.species.items())),
    )
    totals, pH = adversarial(constants, 5000)
    found = speciate_many(totals, pH=pH, constants=constants)
    other = speciate_many(totals, pH=pH, constants=turned)
    # where the ionic strength is that of a valid solution; beyond, more than one answer can be
    dilute = found.ionic_strength < 0.5
    assert dilute.sum() > 3000
    for component, c in found.free.items():
        np.testing.assert_allclose(other.free[component][dilute], c[dilute], rtol=1e-10)


def scaled(constants: ConstantSet, factor: float) -> ConstantSet:
    """Constants in another unit of concentration, of which a mol/L has 1/factor."""

    def moved(log_k: LogK, order: float) -> LogK:
        return LogK.combine([(1.0, log_k), (1.0, LogK(order * math.log10(factor)))])

    species = {
        name: replace(item, formation=moved(item.formation, 1 - sum(item.stoichiometry.values())))
        for name, item in constants.species.items()
    }
    return replace(constants, species=species)


@pytest.mark.parametrize("factor", [1e-2, 1e2])
def test_the_unit_of_concentration_does_not_matter(factor: float) -> None:
    # at a held ionic strength, on which coefficients depend, everything scales
    constants = load_constants("default")
    totals, pH = adversarial(constants, 5000)
    small = {name: np.minimum(total, 0.05) for name, total in totals.items()}
    inner = np.clip(pH, 4.0, 10.0)
    one = speciate_many(small, pH=inner, ionic_strength=0.1)
    other = speciate_many(
        {name: factor * total for name, total in small.items()},
        pH=inner - math.log10(factor),
        ionic_strength=0.1,
        constants=scaled(constants, factor),
    )
    assert other.residual.max() < 1e-10
    for component, c in one.free.items():
        np.testing.assert_allclose(other.free[component], factor * c, rtol=1e-9)


def test_far_beyond_validity_coefficients_are_held() -> None:
    strong = {"Na": [8.0, 9.0], "Cl": [8.0, 9.0], "Ca": 1e-3}
    found = speciate_many(strong, pH=7.0, constants="phreeqc")
    assert found.ionic_strength.min() > HELD_MOLAL
    assert found.activity("Ca")[0] / found.free["Ca"][0] == pytest.approx(
        found.activity("Ca")[1] / found.free["Ca"][1], rel=1e-12
    )
