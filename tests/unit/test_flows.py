"""Where the calcium goes: every place gives away what it got."""

from __future__ import annotations

from collections import defaultdict

import pytest

import calcikin
from calcikin.analysis.flows import SOLUTION, TRACE, calcium_flows


def balances(flows):
    inward, outward = defaultdict(float), defaultdict(float)
    for flow in flows:
        outward[flow.source] += flow.amount
        inward[flow.target] += flow.amount
    return inward, outward


@pytest.mark.parametrize(
    ("name", "changes"),
    [("t50_serum", {}), ("t50_serum", {"serum.Mg": 2.0}), ("acp_slurry", {"Mg/Ca": 0.1})],
)
def test_calcium_is_neither_made_nor_lost(name, changes):
    result = calcikin.load(name).with_(changes).simulate()
    inward, outward = balances(calcium_flows(result))
    start = 1e3 * result.state("Ca")[0]
    trace = 10 * TRACE * start  # at most ten flows are left out because they are small
    assert outward[SOLUTION[0]] == pytest.approx(start, abs=trace)
    for label, amounts in result.phases.items():
        assert inward[label] - outward[label] == pytest.approx(1e3 * amounts[-1], abs=trace)
    for middle in SOLUTION[1:-1]:
        assert inward[middle] == pytest.approx(outward[middle], abs=trace)
    assert inward[SOLUTION[-1]] == pytest.approx(1e3 * result.state("Ca")[-1], abs=trace)


def test_the_coat_turns_acp_into_cpp1_only_with_fetuin():
    with_coat = calcium_flows(calcikin.load("t50_serum").simulate())
    without = calcium_flows(calcikin.load("acp_slurry").simulate())
    pairs = {(flow.source, flow.target) for flow in with_coat}
    assert ("ACP", "CPP1") in pairs
    assert "CPP1" not in {flow.target for flow in without}
    assert all(flow.amount > 0 for flow in (*with_coat, *without))


def test_an_open_system_has_no_such_picture():
    assert calcium_flows(calcikin.load("open_serum").with_({"duration": "1 h"}).simulate()) == []
