"""Each mechanism switch removes its mechanism, and nothing else.

Both halves are shown on the compiled kernels, at the same states and the same solution: which rates
change at all, and that what is off no longer responds to what drove it, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from calcikin import Model, load
from calcikin.errors import UnknownNameError
from calcikin.solvers.scipy_ivp import Work

Array = npt.NDArray[np.float64]
MODEL = load("t50_serum")
PROCESSES = MODEL.scenario.network.process_names
STATES = MODEL.scenario.network.state_names


def with_mass(*names: str) -> set[str]:
    """Births of particles, and the mineral that they take along."""
    return {n + ending for n in names for ending in ("", "_mass")}


OCP = with_mass("ocp_nucleation_on_acp", "ocp_nucleation_on_cpp1")
WH = with_mass("wh_nucleation_on_acp", "wh_nucleation_on_cpp1")
HAP = with_mass("hap_nucleation")
ATP_ON_MINERAL = {"atp_hydrolysis_on_acp", "atp_hydrolysis_on_cpp1"}

#: Switch -> every process whose rate it may change while solution and particles are the same.
TOUCHED: dict[str, set[str]] = {
    # Mg on ACP pins both crystals that nucleate there and leaves less room for ATP; Mg in ACP, and
    # what the crystals keep of it
    "acp_stabilisation": OCP
    | WH
    | ATP_ON_MINERAL
    | {"acp_mg_exchange", "cpp1_mg_exchange", "cpp2_mg_incorporation", "hap_mg_incorporation"},
    # guests go in with growth
    "growth_poisoning": HAP
    | {"cpp2_growth", "hap_growth", "cpp2_mg_incorporation", "hap_mg_incorporation"},
    "atp_shielding": OCP | ATP_ON_MINERAL,
    # PPi is on every surface; on ACP it leaves less room for ATP
    "pyrophosphate": OCP
    | WH
    | HAP
    | ATP_ON_MINERAL
    | {"cpp2_growth", "hap_growth", "wh_growth", "cpp2_mg_incorporation", "hap_mg_incorporation"},
    "whitlockite": WH,
    "ppi_hydrolysis_by_mg": {"ppi_hydrolysis"},
    "fetuin_shielding": with_mass("ocp_nucleation_on_cpp1", "wh_nucleation_on_cpp1") | HAP,
    # how fast ACP grows or dissolves, what goes with that, and the solution that crystals on it see
    "small_particle_solubility": OCP
    | WH
    | {f"{p}_{what}" for p in ("acp", "cpp1") for what in ("growth", "number_loss", "mg_release")},
    "phosphate_complexation": set(),  # it acts in the solution
}


@dataclass
class Probe:
    """Compiled rates of a model at a given solution."""

    model: Model
    q: Array

    def solution(self, y: Array) -> Array:
        """Slots of the speciation at y, from a cold start."""
        compiled = self.model.compiled
        w = Work.of(compiled)
        compiled.module.solution(self.q, y, w.x, w.tot, w.s)
        compiled.module.cold_start(self.q, w.tot, w.x)
        assert compiled.module.speciate(self.q, w.tot, w.x, w.s) > 0
        return w.s

    def everything(self, y: Array, s: Array) -> dict[str, float]:
        """Rates and observed quantities at y, with the solution as given."""
        compiled = self.model.compiled
        v = Work.of(compiled).v
        compiled.module.rates(self.q, y, s, v)
        return dict(zip([*PROCESSES, *compiled.observed], v.tolist(), strict=True))

    def changed(self, y: Array, s: Array, **by: float) -> set[str]:
        """What responds when ln activities (``Ca=0.1``) are shifted; exactly."""
        slots = self.model.compiled.slots
        other = s.copy()
        for ion, step in by.items():
            if ion in self.model.compiled.tables.cations:
                other[slots[f"lna.{ion}"]] += step
            other[slots[f"a.{ion}"]] *= math.exp(step)
        before, after = self.everything(y, s), self.everything(y, other)
        return {name for name in before if before[name] != after[name]}

    def moved(self, y: Array, s: Array, state: str) -> set[str]:
        """What responds when a state rises by 10 %, the solution as it was; exactly."""
        other = y.copy()
        other[STATES.index(state)] *= 1.1
        before, after = self.everything(y, s), self.everything(other, s)
        return {name for name in before if before[name] != after[name]}


@cache
def probe(*off: str) -> Probe:
    model = MODEL.with_(switch_off=off)
    return Probe(model, model.parameter_vector())


@cache
def busy_states() -> tuple[Array, ...]:
    """Two states with every population, ion and coat: minerals grow in one, shrink in the other."""
    network = MODEL.scenario.network
    values = MODEL.parameter_values()
    start = MODEL.initial_state(probe().q)
    y = start.copy()
    for name, amount in {"PPi": 2e-9, "ATP": 2e-7, "ADP": 1e-8, "AMP": 1e-8}.items():
        y[network.index(name)] = amount
    for population in network.populations:
        amount, radius = 2e-4, 2e-8
        molecules = 1e-3 * values[population.molar_volume] * amount / (4.19 * radius**3)
        y[network.index(population.amount)] = amount
        y[network.index(population.number)] = molecules / 6.022e23
        if population.guest:
            y[network.index(population.guest)] = 1e-5
    for pool in ("fet.cpp1", "fet.cpp2"):
        area = 3.0 * 1e-3 * 0.06 * 2e-4 / 2e-8
        y[network.index(pool)] = 0.3 * values["fetuin_capacity"] * area
    shrinking = y.copy()
    for name in ("Ca", "Pi"):
        shrinking[network.index(name)] *= 0.04
    return y, shrinking


@pytest.mark.parametrize("switch", sorted(TOUCHED))
def test_nothing_else_changes(switch: str) -> None:
    touched: set[str] = set()
    for y in busy_states():
        s = probe().solution(y)
        on, off = probe().everything(y, s), probe(switch).everything(y, s)
        touched |= {p for p in PROCESSES if on[p] != off[p]}
    assert touched == TOUCHED[switch]


def test_every_switch_is_tested() -> None:
    assert set(TOUCHED) == set(MODEL.scenario.network.switches)
    assert len(TOUCHED) == 9


@pytest.mark.parametrize("switch", sorted(TOUCHED))
def test_parameters_differ_in_the_switch_alone(switch: str) -> None:
    layout = MODEL.compiled.layout
    index = {i: name for name, i in layout.items()}
    differ = {index[i] for i in np.flatnonzero(probe().q != probe(switch).q)}
    if switch == "phosphate_complexation":
        tagged = {
            f"beta.{name}"
            for name, species in MODEL.scenario.constants.species.items()
            if "mg_phosphate" in species.tags
        }
        assert differ == tagged
        assert len(tagged) >= 3  # MgHPO4, MgPO4-, MgH2PO4+
        assert all(probe(switch).q[layout[name]] == 0.0 for name in tagged)
    else:
        # and what follows from it before a run starts (static quantities), if anything
        assert {d for d in differ if not d.startswith(("node.", "hoisted."))} == {
            f"switch.{switch}"
        }


def test_phosphate_complexation() -> None:
    # With it off no phosphate is with Mg: the amount of Mg per total Pi is exactly 0, and at the
    # same pH free Mg is more, free Ca less (Ca takes the phosphate). Ca still binds phosphate.
    compiled = MODEL.compiled

    def held(*off: str) -> Probe:
        q = probe(*off).q.copy()
        q[compiled.layout["ph_fixed"]] = 1.0
        return Probe(probe(*off).model, q)

    mg = compiled.tables.cations.index("Mg")
    ca = compiled.tables.cations.index("Ca")
    slots = compiled.slots
    for y in busy_states():
        on, off = held().solution(y), held("phosphate_complexation").solution(y)
        assert on[slots[f"n.Pi.{mg}"]] > 0.0
        assert off[slots[f"n.Pi.{mg}"]] == 0.0
        assert off[slots[f"n.Pi.{ca}"]] > 0.0
        assert off[slots["free.Mg"]] > on[slots["free.Mg"]]
        assert off[slots["free.Ca"]] < on[slots["free.Ca"]]
        for ligand in ("CO3", "Cit", "ATP", "PPi", "Alb"):
            assert off[slots[f"n.{ligand}.{mg}"]] > 0.0


@pytest.mark.parametrize("grows", [True, False])
class TestOffMeansNoResponse:
    def at(self, grows: bool) -> tuple[Array, Array]:
        y = busy_states()[0 if grows else 1]
        return y, probe().solution(y)

    def test_acp_stabilisation(self, grows: bool) -> None:
        y, s = self.at(grows)
        # Nothing on ACP responds to Mg; whitlockite does by its own saturation, not by pinning.
        still = OCP | ATP_ON_MINERAL | {"acp_mg_exchange", "cpp1_mg_exchange"}
        still |= {"acp_surface.load", "acp_surface.pinning", "wh_nucleation.load"}
        assert not still & probe("acp_stabilisation").changed(y, s, Mg=0.1)
        assert {"acp_surface.load", "wh_nucleation.load", "acp_mg_exchange"} <= probe().changed(
            y, s, Mg=0.1
        )
        off = probe("acp_stabilisation").everything(y, s)
        assert off["acp_mg_exchange"] < 0.0  # what is inside comes out, nothing goes in

    def test_growth_poisoning(self, grows: bool) -> None:
        y, s = self.at(grows)
        still = {"cpp2_growth", "hap_growth", "ocp_surface.load", "hap_surface.load"} | HAP
        assert not still & probe("growth_poisoning").changed(y, s, Mg=0.1)
        assert {"ocp_surface.load", "hap_surface.load"} <= probe().changed(y, s, Mg=0.1)
        if grows:
            assert "hap_growth" in probe().changed(y, s, Mg=0.1)

    def test_atp_shielding(self, grows: bool) -> None:
        y, s = self.at(grows)
        assert not probe("atp_shielding").changed(y, s, ATP=0.1)
        assert "acp_surface.load" in probe().changed(y, s, ATP=0.1)
        off = probe("atp_shielding").everything(y, s)
        assert all(off[name] == 0.0 for name in ATP_ON_MINERAL)
        assert off["enpp1"] > 0.0  # ATP is still the source of PPi

    def test_pyrophosphate(self, grows: bool) -> None:
        y, s = self.at(grows)
        assert not probe("pyrophosphate").changed(y, s, PPi=0.1)
        loads = {f"{surface}.load" for surface in ("acp_surface", "ocp_surface", "hap_surface")}
        assert loads | {"wh_surface.load", "wh_nucleation.load"} <= probe().changed(y, s, PPi=0.1)
        off = probe("pyrophosphate").everything(y, s)
        assert off["enpp1"] > 0.0  # it is made and destroyed as before
        assert off["ppi_hydrolysis"] > 0.0

    def test_whitlockite(self, grows: bool) -> None:
        y, s = self.at(grows)
        off = probe("whitlockite").everything(y, s)
        assert all(off[name] == 0.0 for name in WH)

    def test_ppi_hydrolysis_by_mg(self, grows: bool) -> None:
        y, s = self.at(grows)
        for ion in ("Mg", "Ca"):
            assert "ppi_hydrolysis" not in probe("ppi_hydrolysis_by_mg").changed(y, s, **{ion: 0.1})
            assert "ppi_hydrolysis" in probe().changed(y, s, **{ion: 0.1})
        assert probe("ppi_hydrolysis_by_mg").everything(y, s)["ppi_hydrolysis"] > 0.0

    def test_fetuin_shielding(self, grows: bool) -> None:
        y, s = self.at(grows)
        off = probe("fetuin_shielding")
        still = with_mass("ocp_nucleation_on_cpp1", "wh_nucleation_on_cpp1") | HAP
        for pool in ("fet.cpp1", "fet.cpp2"):
            assert not still & off.moved(y, s, pool)
        assert "cpp1.bare" in probe().moved(y, s, "fet.cpp1")
        assert "cpp2.bare" in probe().moved(y, s, "fet.cpp2")
        assert off.everything(y, s)["coating_amount"] > 0.0  # ACP is coated as before

    def test_small_particle_solubility(self, grows: bool) -> None:
        y, s = self.at(grows)
        off = probe("small_particle_solubility")
        for population in ("acp", "cpp1"):
            # at the same amount and solution, more particles are smaller ones
            host = f"ocp_on_{population}.s"
            assert host in probe().moved(y, s, f"{population}.n")
            assert host not in off.moved(y, s, f"{population}.n")

            def per_area(which: Probe, y: Array, name: str = population) -> float:
                values = which.everything(y, s)
                return values[f"{name}_growth"] / values[f"{name}.area"]

            finer = y.copy()
            finer[STATES.index(f"{population}.n")] *= 8.0
            # 1e-12: round-off of the quotient
            assert per_area(off, finer) == pytest.approx(per_area(off, y), rel=1e-12)
            assert per_area(probe(), finer) < per_area(probe(), y)


def test_no_whitlockite_at_all_in_a_run_without_it() -> None:
    result = MODEL.with_({"serum.Mg": "3 mmol/L"}, switch_off=["whitlockite"]).simulate()
    assert np.all(result.state("wh.m") == 0.0)
    assert np.all(result.state("wh.n") == 0.0)


INHIBITORS = ["acp_stabilisation", "growth_poisoning", "atp_shielding", "pyrophosphate"]


@pytest.mark.parametrize("switch", [*INHIBITORS, "fetuin_shielding"])
def test_removing_an_inhibitor_never_delays_crystals(switch: str) -> None:
    # each of these holds crystals back; 0.05 min is a thousandth of a reader's hour, far above
    # what the tolerance of the run leaves (0.003 min)
    base = MODEL.simulate().t50_crystalline()
    assert math.isfinite(base)
    assert MODEL.with_(switch_off=[switch]).simulate().t50_crystalline() <= base + 0.05


def test_switches_combine_and_unknown_ones_are_refused() -> None:
    both = MODEL.with_(switch_off=["whitlockite"]).with_(switch_off=["pyrophosphate"])
    assert both.switched_off() == ("whitlockite", "pyrophosphate")
    assert np.array_equal(both.parameter_vector(), probe("pyrophosphate", "whitlockite").q)
    with pytest.raises(UnknownNameError, match="whitlokite") as caught:
        MODEL.with_(switch_off=["whitlokite"])
    assert "whitlockite?" in str(caught.value)
