"""Read-outs: each is the number that the run holds, and none is invented."""

from __future__ import annotations

import math
from functools import cache

import pytest

from calcikin import Result, load
from calcikin.errors import InputError, UnknownNameError
from calcikin.simulate.readouts import READOUTS, get_readout, get_readouts


@cache
def clear() -> Result:
    """A solution that stays clear: Kokubo's fluid, for an hour."""
    return load("sbf").simulate("1 h")


@cache
def slurry() -> Result:
    """A slurry that falls out at once."""
    return load("acp_slurry").with_({"Mg/Ca": 0.1}).simulate("1 h")


@pytest.mark.parametrize("name", list(READOUTS))
def test_every_readout_of_every_run_is_a_number_with_a_unit(name: str) -> None:
    readout = READOUTS[name]
    assert readout.name == name
    assert readout.unit
    assert readout.long_name
    for result in (clear(), slurry()):
        value = readout(result)
        assert isinstance(value, float)
        assert not math.isinf(value)


def test_readouts_are_what_the_run_holds() -> None:
    for result in (clear(), slurry()):
        read = {name: readout(result) for name, readout in READOUTS.items()}
        assert read["pH_end"] == result.ph[-1]
        assert read["crystalline_fraction"] == result.crystalline_fraction[-1]
        assert read["Ca_end"] == 1e3 * result.state("Ca")[-1]
        assert read["PPi_end"] == 1e6 * result.state("PPi")[-1]
        assert read["SI_OCP_end"] == result.saturation_index("OCP")[-1]
        assert read["ionised_Mg"] == 1e3 * result.solute("free.Mg")[0]
        assert read["mg_ca_total"] == result.mg_ca_at_acp()["total"]
        assert read["balance_error"] == result.balance_error
        for phase in ("ACP", "CPP1", "CPP2", "HAP", "WH"):
            assert read[f"{phase}_end"] == 1e3 * result.phases[phase][-1]
        assert read["acp_max"] == 1e3 * (result.phases["ACP"] + result.phases["CPP1"]).max()
        summary = result.summary()
        for name, key in (("t50", "t50_min"), ("t50_crystalline", "t50_crystalline_min")):
            expected = summary[key]
            assert math.isnan(read[name]) if expected is None else read[name] == expected


def test_readouts_of_beginnings_and_shares_are_those_of_the_run() -> None:
    result = load("t50_serum").simulate()
    read = {name: readout(result) for name, readout in READOUTS.items()}
    assert read["onset_ACP"] < read["onset_CPP2"] < read["t50_crystalline"]
    assert read["t50_crystalline"] < read["t95_crystalline"]
    late = 60.0 * read["t95_crystalline"]
    assert (result.crystalline_fraction[result.t >= late] >= 0.95).all()
    assert read["SI_ACP_start"] == result.saturation_index("ACP")[0]
    assert read["solid_max"] <= 1e3 * result.state("Ca")[0]
    assert read["solid_max"] >= read["acp_max"]
    k = int(result.phases["CPP1"].argmax())
    assert read["mineral_share"] == result.phases["CPP1"][k] / result.state("Ca")[0]
    # fetuin-A is conserved: what is not on particles is in solution
    free = result.state("fet.free")[k] + result.state("fet.cpp2")[k]
    whole = result.state("fet.free")[0]
    assert read["fetuin_share"] == pytest.approx(1.0 - free / whole, abs=1e-8)  # BALANCE_LIMIT
    solid = sum(read[f"{phase}_end"] for phase in ("ACP", "CPP1", "CPP2", "HAP", "WH"))
    assert read["whitlockite_share"] == pytest.approx(read["WH_end"] / solid, rel=1e-12)


def test_mg_kept_is_what_is_not_given_back() -> None:
    result = load("acp_slurry").with_({"Mg/Ca": 0.1}).simulate()
    kept = READOUTS["mg_kept"](result)
    amorphous = result.phases["ACP"] + result.phases["CPP1"]
    k = int((amorphous >= 0.01 * amorphous.max()).nonzero()[0][-1])
    in_acp = result.state("acp.mg") + result.state("cpp1.mg")
    # all Mg that has left the solution is in ACP, in crystals or in whitlockite
    gone = result.state("Mg")[0] - result.state("Mg")[k] - in_acp[k] - result.state("wh.m")[k]
    assert kept == pytest.approx(gone / in_acp.max(), rel=1e-6)  # balances hold to 1e-8 of the Mg
    assert math.isnan(READOUTS["mg_kept"](clear()))


def test_a_clear_solution_has_no_times_and_no_particles() -> None:
    for name in ("t50", "t50_crystalline", "rh_cpp1", "rh_cpp2", "mg_ca_solid"):
        assert math.isnan(READOUTS[name](clear())), name
        assert READOUTS[name].absent != "no such number", name
    assert READOUTS["acp_max"](clear()) < 1e-6  # mmol/L


def test_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="t50"):
        get_readout("T5O")
    with pytest.raises(InputError, match="no read-out"):
        get_readouts(" , ")
    assert [r.name for r in get_readouts("t50, pH_end,t50")] == ["t50", "pH_end"]
    assert [r.name for r in get_readouts(["pH_end"])] == ["pH_end"]
