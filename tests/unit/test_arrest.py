"""ACP that stops at an amount: the laws, and the network that uses them."""

from __future__ import annotations

import pytest

from calcikin import load
from calcikin.laws.arrest import arrest, arrested_growth, arrested_interface, arrested_rate
from calcikin.laws.growth import particle_growth
from calcikin.laws.nucleation import interface_saturation
from calcikin.paths import models_dir


def test_without_arrest_it_is_the_chain_as_it_is():
    for s in (-0.3, 0.0, 0.4):
        assert arrested_growth.function(2.0, s, 0.1, 0.0) == pytest.approx(
            particle_growth.function(2.0, s, 0.1), rel=1e-15
        )
        assert arrested_interface.function(1.2, s, 0.1, 0.0) == pytest.approx(
            interface_saturation.function(1.2, s, 0.1), rel=1e-15
        )
    assert arrested_rate.function(3.0, 0.0) == 3.0


def test_an_arrested_surface_dissolves_but_does_not_grow():
    assert arrested_growth.function(2.0, 0.4, 0.1, 1.0) == 0.0
    assert arrested_growth.function(2.0, -0.3, 0.1, 1.0) == pytest.approx(
        particle_growth.function(2.0, -0.3, 0.1), rel=1e-15
    )
    # and it does not hold the solution next to it: that is the bulk's
    assert arrested_interface.function(1.2, 0.4, 0.1, 1.0) == 1.2
    assert arrested_rate.function(3.0, 1.0) == 0.0


def test_arrest_sets_in_at_the_limit():
    assert arrest.function([2.5e-3, 2.5e-3], 5e-3, 0.01) == pytest.approx(0.5, rel=1e-15)
    # 1/(1 + exp(10)) a tenth below, one minus that a tenth above
    assert arrest.function([4.5e-3, 0.0], 5e-3, 0.01) == pytest.approx(4.54e-5, rel=1e-3)
    assert arrest.function([0.0, 5.5e-3], 5e-3, 0.01) == pytest.approx(1.0 - 4.54e-5, rel=1e-6)


def test_the_network_is_the_chain_with_arrest():
    arrested = load(models_dir() / "calibration" / "t50_arrested.toml").scenario.network
    chain = load("t50_serum").scenario.network
    assert [s.name for s in arrested.states] == [s.name for s in chain.states]
    assert arrested.process_names == chain.process_names
    new = {node.name for node in arrested.nodes} - {node.name for node in chain.nodes}
    assert new == {"acp.arrest", "acp.nucleation_left", "acp.foreign_left"}
    assert arrested.switches == chain.switches
