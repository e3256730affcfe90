"""Numbers behind the decisions: what the model does, and what it would do otherwise."""

from __future__ import annotations

import math

import numpy as np
from measure_targets import PRECISE, at, run
from rows import Found, show

from calcikin import Model, Result, load
from calcikin.laws import LAWS, growth, populations
from calcikin.simulate.addition import with_addition
from calcikin.simulate.run import default_times

__all__ = ["measure"]

AVOGADRO = populations.AVOGADRO
LN10 = math.log(10.0)


def measure(found: Found) -> None:
    """Run everything that the page of decisions tells."""
    serum = load("t50_serum")
    early = np.geomspace(0.01, 20.0, 240)
    times = np.unique(np.concatenate([early, default_times(serum.duration)]))
    base = serum.simulate(rtol=PRECISE, times=times)
    _interface(found, base)
    _hosts(found, serum, base)
    _newborn(found, serum)
    _onset(found, serum, base)
    _ties(found, serum, base)
    _late_phosphate(found, serum)
    _tolerances(found, serum)
    _peak_time(found, base)
    _bound_pyrophosphate(found, base)
    _assumed(found, serum)


def _law(name: str, **inputs: float) -> float:
    return float(LAWS[name].function(**inputs))


def _ion_volume(model: Model, phase: str, prefix: str) -> float:
    p = model.parameter_values()
    ions = model.scenario.constants.phases[phase].nu
    return _law("ion_volume", molar_volume=p[f"{prefix}_molar_volume"], ions=ions)


def _barrier(model: Model, phase: str, prefix: str) -> float:
    return _law(
        "nucleation_barrier",
        gamma=model.parameter_values()[f"{prefix}_gamma"],
        ion_volume=_ion_volume(model, phase, prefix),
        T=model.temperature,
    )


def _interface(found: Found, base: Result) -> None:
    """Crystal nucleation with the solution next to the ACP, and with that of the bulk."""
    model, hour = base.model, 3600.0
    p = model.parameter_values()
    barrier = found.value("ocp_barrier", _barrier(model, "OCP", "ocp"), "", 3)
    bulk = base.observed("OCP.s")
    first, later = float(bulk[0]), at(base, hour, bulk)
    found.value("s_ocp_first", first, "", 3)
    found.value("s_ocp_later", later, "", 3)
    found.value("s_acp_first", float(base.observed("ACP.s")[0]), "", 3)
    found.value("burst_factor", math.exp(barrier / later**2 - barrier / first**2), "", 1)
    prefactor = _law(
        "arrhenius",
        rate_constant=p["ocp_nucleation_rate"],
        activation_energy=p["activation_energy_crystal"],
        T=model.temperature,
    )
    rate = np.zeros_like(base.t)
    for name in ("acp", "cpp1"):
        cube = np.nan_to_num(base.core_radius(name)) ** 3
        host = cube / (cube + p["crystal_host_radius"] ** 3)
        bare = base.observed("cpp1.bare") if name == "cpp1" else 1.0
        rate += prefactor * base.observed(f"{name}.area") * host * bare
    rate *= base.observed("acp_surface.pinning") * AVOGADRO
    with_bulk = rate * np.where(bulk > 0.0, np.exp(-barrier / np.maximum(bulk, 1e-3) ** 2), 0.0)
    early = base.t <= 10.0
    found.value("nuclei_bulk_burst", float(np.trapezoid(with_bulk[early], base.t[early])), "", 1)
    found.value("nuclei_all", float(base.number("cpp2").max()), "", 1)
    found.value("nuclei_first_10s", at(base, 10.0, base.number("cpp2")), "", 1)
    rows = []
    for seconds, words in ((0.0, "0 s"), (1.0, "1 s"), (3.0, "3 s"), (10.0, "10 s"), (hour, "1 h")):
        names = ("ACP.s", "OCP.s", "ocp_on_acp.s", "ocp_on_cpp1.s")
        row = [words, *(show(at(base, seconds, base.observed(n)), 3) for n in names)]
        if at(base, seconds, base.phases["ACP"]) < 1e-9 and seconds > 0.0:
            row[3] = "no bare ACP left"
        rows.append(row)
    found.table(
        "interface",
        ["time", "ACP, bulk", "OCP, bulk", "OCP next to bare ACP", "OCP next to CPP1"],
        rows,
    )


def _hosts(found: Found, serum: Model, base: Result) -> None:
    """Crystal nuclei of the first second, with and without the rule on hosts."""
    anywhere = serum.with_({"crystal_host_radius": 1e-3}).simulate(rtol=PRECISE, times=base.t)
    for name, result in (("rule", base), ("no_rule", anywhere)):
        nuclei = result.number("cpp2")
        found.value(f"first_second_{name}", 100.0 * at(result, 1.0, nuclei) / nuclei.max(), "%", 2)
        found.value(f"t50_hosts_{name}", result.t50(), "min", 3)
    radius = 1e9 * np.nan_to_num(base.core_radius("acp"))
    found.value("acp_radius_1s", at(base, 1.0, radius), "nm", 2)
    found.value("acp_radius_half_s", at(base, 0.5, radius), "nm", 2)


def _newborn(found: Found, serum: Model) -> None:
    """Critical radius against saturation, and the size at which a particle is born."""
    p, T = serum.parameter_values(), serum.temperature
    phase = serum.scenario.constants.phases["ACP"]
    volume = _ion_volume(serum, "ACP", "acp")
    rows = []
    for index in (0.1, 0.2, 0.3, 0.5, 0.58, 1.0):
        s = LN10 * index / phase.nu
        radius = 2.0 * p["acp_gamma"] * volume / (growth.BOLTZMANN * T * s)
        units = _law(
            "critical_nucleus_units",
            gamma=p["acp_gamma"],
            ion_volume=volume,
            T=T,
            s=s,
            nucleus_radius=p["acp_nucleus_radius"],
            molar_volume=p["acp_molar_volume"],
        )
        cube = 0.75 / math.pi * units * p["acp_molar_volume"] * 1e-3 / AVOGADRO
        born = cube ** (1 / 3)
        rows.append([f"{index:g}", *(show(x, 3) for x in (s, 1e9 * radius, 1e9 * born))])
    found.table("newborn", ["SI(ACP)", "s", "critical radius [nm]", "born with [nm]"], rows)


def _onset(found: Found, serum: Model, base: Result) -> None:
    """Nuclei per litre and second from solution and on foreign matter."""
    p, phase = serum.parameter_values(), serum.scenario.constants.phases["ACP"]
    barrier = found.value("acp_barrier", _barrier(serum, "ACP", "acp"), "", 3)
    log_k = phase.log_k.at(serum.temperature)
    mix = log_k + float(base.saturation_index("ACP")[0])
    rows = []
    for log_iap in (-10.6, -10.4, -10.2, -10.1, mix):
        s = LN10 * (log_iap - log_k) / phase.nu
        own = _law("solution_nucleation", prefactor=p["acp_nucleation_rate"], barrier=barrier, s=s)
        foreign = _law(
            "solution_nucleation",
            prefactor=p["acp_foreign_nucleation_rate"],
            barrier=barrier * p["acp_wetting_factor"],
            s=s,
        )
        words = f"{log_iap:.2f}".replace("-", "\N{MINUS SIGN}")
        words += ", T50 mix" if log_iap == mix else ""
        rates = [show(AVOGADRO * r, 2) if AVOGADRO * r > 1e-9 else "none" for r in (own, foreign)]
        rows.append([words, show(s, 2), *rates])
    found.table(
        "onset",
        ["log₁₀ IAP of ACP", "s", "in solution [1/(L s)]", "on foreign matter [1/(L s)]"],
        rows,
    )


def _ties(found: Found, serum: Model, base: Result) -> None:
    """Phosphate and bicarbonate act through the same quantity: the saturation before the burst."""
    index = float(base.saturation_index("ACP")[0])
    rows, effect = [], {}
    for words, key, value in (
        ("serum phosphate +0.1 mmol/L", "serum.Pi", 1.2),
        ("serum bicarbonate +3 mmol/L", "serum.bicarbonate", 28.0),
        ("serum Ca +0.1 mmol/L", "serum.Ca", 2.5),
        ("albumin +10 %", "serum.albumin", 47.3),
        ("serum Mg +0.2 mmol/L", "serum.Mg", 1.02),
    ):
        result = run(serum.with_({key: value}))
        moved = float(result.saturation_index("ACP")[0]) - index
        cores = math.log(result.number("cpp1").max() / base.number("cpp1").max())
        effect[key] = (moved, result.t50() - base.t50())
        rows.append(
            [
                words,
                show(moved, 2, sign=True),
                show(cores, 2, sign=True),
                show(cores / moved, 2) if abs(moved) > 1e-4 else "–",
                show(effect[key][1], 3, sign=True),
            ]
        )
    found.table("ties", ["change", "SI(ACP) at 0 s", "ln N", "ln N per SI", "T50 [min]"], rows)
    found.values["si_pi"] = show(effect["serum.Pi"][0], 2, sign=True)
    found.values["si_hco3"] = show(effect["serum.bicarbonate"][0], 2, sign=True)
    slope = effect["serum.Pi"][1] / 0.1
    found.value("pi_slope_first", slope, "min per mmol/L")
    found.value("hco3_at_145", effect["serum.bicarbonate"][1] * 145.0 / abs(slope), "min")
    flat = run(serum.with_(switch_off=["small_particle_solubility"]))
    more = run(serum.with_({"serum.Pi": 1.5}, switch_off=["small_particle_solubility"]))
    found.value("pi_without_curvature", (more.t50() - flat.t50()) / 0.4, "min per mmol/L", 2)


def _late_phosphate(found: Found, serum: Model) -> None:
    """Phosphate put into the mix at the start, and after CPP1 has formed."""
    base = run(serum)
    before = run(serum.with_({"serum.Pi": 1.5})).t50() - base.t50()
    late = with_addition(serum, {"serum.Pi": 1.5}, 3600.0, rtol=PRECISE).t50() - base.t50()
    found.values["pi_before"] = f"{show(before, 3, sign=True)} min"
    found.values["pi_late"] = f"{show(late, 2, sign=True)} min"


def _tolerances(found: Found, serum: Model) -> None:
    """Absolute tolerance of every kind of state, and T50 with looser and tighter ones."""
    names = serum.scenario.network.state_names
    atol = serum.tolerances(1e-6)
    groups: dict[float, list[str]] = {}
    for name, value in zip(names, atol, strict=True):
        groups.setdefault(float(value), []).append(f"`{name}`")
    found.table(
        "tolerances",
        ["absolute tolerance at rtol 10⁻⁶ [mol/L]", "states"],
        [[show(value, 1), ", ".join(states)] for value, states in sorted(groups.items())],
    )
    tight = serum.simulate(rtol=1e-10).t50()
    rows = []
    for rtol in (1e-5, 1e-6, 1e-7, 1e-8):
        result = serum.simulate(rtol=rtol)
        error = show(result.t50() - tight, 1, sign=True)
        rows.append([show(rtol, 1), error, str(result.solution.nfev)])
    found.table("accuracy", ["rtol", "error of T50 [min]", "evaluations"], rows)


def _peak_time(found: Found, base: Result) -> None:
    """When there is most ACP."""
    amorphous = base.phases["ACP"] + base.phases["CPP1"]
    found.value("acp_peak_time", float(base.t[int(np.argmax(amorphous))]), "s", 2)


def _bound_pyrophosphate(found: Found, base: Result) -> None:
    """How much PPi the covered surface would hold, had it one site per square nanometre."""
    hour = 3600.0
    p = base.model.parameter_values()
    terms = {
        name: p[f"affinity_{name}"] * np.exp(at(base, hour, base.ln_activity(name)))
        for name in ("Ca", "Mg", "PPi", "ATP", "Cit")
    }
    covered = terms["PPi"] / (1.0 + sum(terms.values()))
    held = covered * at(base, hour, base.observed("cpp1.area")) * 1e18 / AVOGADRO
    found.value("ppi_held", 100.0 * held / at(base, hour, base.state("PPi")), "%", 1)


def _assumed(found: Found, serum: Model) -> None:
    """T50 at either end of every number that was not fitted; those that move it by 10 min."""
    base, rows = serum.simulate().t50(), []
    names = {
        r.name for n in serum.scenario.network.nodes for r in n.refs() if r.kind == "parameter"
    }
    for p in serum.scenario.parameters.parameters.values():
        if p.status == "fitted" or p.name not in names:
            continue
        results = [serum.with_({p.name: end}).simulate() for end in (p.low, p.high)]
        times = [r.t50() if r.ok else math.nan for r in results]
        moves = [abs(t - base) if math.isfinite(t) else math.inf for t in times]
        if max(moves) > 10.0:
            ends = [f"{show(t, 3)} at {x:g}" for t, x in zip(times, (p.low, p.high), strict=True)]
            unit = p.unit if p.unit != "1" else ""
            rows.append((max(moves), [f"`{p.name}`", f"{p.value:g} {unit}", *ends, p.status]))
    rows.sort(key=lambda row: row[0], reverse=True)
    columns = ["parameter", "shipped", "T50 [min], low end", "T50 [min], high end", "standing"]
    found.table("assumed", columns, [row for _, row in rows])
