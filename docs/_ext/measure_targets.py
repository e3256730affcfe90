"""Where the model stands: runs of the shipped models against what is published."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from rows import Found, judge, show

from calcikin import Model, Result, load, speciate, threshold
from calcikin.assays import FETUIN_MONOLAYER, t50_from_curve
from calcikin.chemistry.media import load_medium
from calcikin.laws.growth import GAS_CONSTANT
from calcikin.paths import models_dir
from calcikin.solvers.scipy_ivp import Work

__all__ = ["PRECISE", "measure"]

#: Relative tolerance of every run here: differences of T50 of 1 min out of 300 need better than
#: the default.
PRECISE = 1e-7
#: Tried in turn where a run is not accepted: a population that has dissolved can undershoot zero by
#: more than is allowed, at one tolerance and not at another.
TOLERANCES = (PRECISE, 1e-8, 1e-6)
#: Changes of the healthy serum whose effect on T50 is told: name, words, input, value, unit of it.
CHANGES = (
    ("mg", "serum Mg +0.2 mmol/L", "serum.Mg", 1.02),
    ("pi", "serum phosphate +0.4 mmol/L", "serum.Pi", 1.5),
    ("ca", "serum Ca +0.1 mmol/L", "serum.Ca", 2.5),
    ("albumin", "albumin +10 % (+4.3 g/L)", "serum.albumin", 47.3),
    ("fetuin", "fetuin-A +10 % (+0.072 g/L)", "serum.fetuin", 0.792),
    ("hco3", "bicarbonate +3 mmol/L", "serum.bicarbonate", 28.0),
    ("ppi", "PPi 1.6 to 0.7 µmol/L, as in PXE", "serum.PPi", 0.7),
)
SLURRY_RATIOS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def measure(found: Found) -> None:
    """Run everything that the page on the model's standing tells."""
    base = _serum(found)
    _presets(found)
    _slurry(found)
    _whitlockite(found)
    _clear(found)
    _ionised(found)
    _unfitted(found, base)
    _switches(found, base)
    _speed(found, base)


def run(model: Model) -> Result:
    """Run a model and refuse an unsound result.

    Raises
    ------
    RuntimeError
        When the run is not sound; the documentation must not show it.
    """
    for rtol in TOLERANCES:
        result = model.simulate(rtol=rtol)
        if result.ok:
            return result
    raise RuntimeError(f"{model.name}: {result.status.word}: {result.reason}")


def at(result: Result, seconds: float, series: Any) -> float:
    """Value of a series at a time."""
    return float(np.interp(seconds, result.t, series))


def _serum(found: Found) -> Result:
    serum = load("t50_serum")
    base = run(serum)
    found.value("t50", base.t50(), "min")
    deltas = {}
    found.value("t50_crystalline", base.t50_crystalline(), "min")
    reading = np.arange(0.0, 36000.0 + 1.0, 180.0)  # every 3 min for 10 h, as the plate reader
    light = np.interp(reading, base.t, base.light)
    for method in ("midpoint", "logistic"):
        seen = t50_from_curve(reading, light, method=method).t50_s
        found.value(f"t50_{method}", seen / 60.0, "min")
    rows = []
    for name, words, key, value in CHANGES:
        changed = run(serum.with_({key: value}))
        delta = changed.t50() - base.t50()
        deltas[name] = delta
        found.values[f"d_{name}"] = f"{show(delta, 3, sign=True)} min"
        crystals = changed.t50_crystalline() - base.t50_crystalline()
        cores = changed.number("cpp1").max() / base.number("cpp1").max()
        rows.append(
            [
                words,
                show(delta, 3, sign=True),
                show(crystals, 3, sign=True),
                f"{show(100.0 * (cores - 1.0), 2, sign=True)} %",
                show(changed.peak_radius("cpp1"), 3),
            ]
        )
        if name == "pi":
            found.value("pi_cores", cores, "", 2)
            found.value("pi_core_shrink", 100.0 * (1.0 - _core(changed) / _core(base)), "%", 2)
    found.table(
        "changes",
        ["change", "T50, light [min]", "T50, crystals [min]", "CPP1 cores", "CPP1 radius [nm]"],
        rows,
    )
    found.value("pi_slope", deltas["pi"] / 0.4, "min per mmol/L")
    for population in ("cpp1", "cpp2"):
        found.value(f"rh_{population}", base.peak_radius(population), "nm")
    found.value("core_cpp1", 1e9 * _core(base), "nm")
    return base


def _core(result: Result) -> float:
    """Radius of the cores when CPP1 holds most mineral [m]."""
    return float(result.core_radius("cpp1")[int(np.argmax(result.state("cpp1.m")))])


def _presets(found: Found) -> None:
    published = {
        "healthy": ("329 (SD 58 between people)", "Eelderink 2020, 10.1161/ATVBAHA.120.314187"),
        "ckd_3_4": ("275 (211 to 339)", "Aigner 2019, 10.1159/000498975"),
        "haemodialysis": ("240 (165 to 315)", "Bressendorff 2018, 10.2215/CJN.13921217"),
        "pxe": ("347 (290 to 404)", "Nollet 2022, 10.3390/jcm11133727"),
    }
    serum, rows = load("t50_serum"), []
    for name, preset in serum.scenario.medium.presets.items():
        result = run(serum.with_(preset=name))
        found.value(f"t50_{name}", result.t50(), "min")
        value, source = published.get(name, ("", ""))
        standing = {"healthy": "fitted", "pxe": "fitted, with a factor of its own"}
        fitted = standing.get(name, "predicted")
        rows.append([preset.title, show(result.t50(), 3), value, fitted, source])
    found.table("presets", ["serum", "T50 [min]", "published [min]", "standing", "source"], rows)


def _slurry(found: Found) -> None:
    slurry, rows, half = load("acp_slurry"), [], {}
    for ratio in SLURRY_RATIOS:
        result = run(slurry.with_({"Mg/Ca": ratio}))
        half[ratio] = result.t50_crystalline() / 60.0
        day = at(result, 86400.0, result.crystalline_fraction)
        if ratio == 0.2:
            found.value("slurry_day_02", 100.0 * day, "%", 2)
        text = "beyond 48" if math.isnan(half[ratio]) else show(half[ratio], 3)
        rows.append([f"{ratio:g}", text, show(100.0 * day, 2)])
    found.table(
        "slurry", ["Mg/Ca, total", "half crystalline at [h]", "crystalline at 24 h [%]"], rows
    )
    found.value("slurry_0", half[0.0], "h", 2)
    found.value("slurry_01", half[0.1], "h", 2)
    search = threshold("acp_slurry", rtol=PRECISE)
    if not search.found:
        raise RuntimeError(search.reason)
    for kind, value in search.threshold.items():
        found.value(f"threshold_{kind}", value, "", 3)
    found.values["threshold_simulations"] = str(search.simulations)
    below = run(slurry.with_({"Mg/Ca": 0.9 * search.total})).t50_crystalline() / 60.0
    found.value("slurry_delay", below - half[0.0], "h", 2)
    dense = slurry.with_({"Ca": 15.0, "Pi": 9.0, "pH": 7.4})
    cold, warm = (run(dense.with_({"temperature": t})).t50_crystalline() for t in (20.0, 37.0))
    apart = (1.0 / 293.15 - 1.0 / 310.15) / GAS_CONSTANT
    found.value("conversion_energy", 1e-3 * math.log(cold / warm) / apart, "kJ/mol", 2)
    moved = []
    for words, change in (
        ("as shipped: 10 mM Ca, 6 mM phosphate, 37 °C", {}),
        ("8 mM Ca, 4.8 mM phosphate", {"Ca": 8.0, "Pi": 4.8}),
        ("15 mM Ca, 9 mM phosphate", {"Ca": 15.0, "Pi": 9.0}),
        ("20 mM Ca, 12 mM phosphate", {"Ca": 20.0, "Pi": 12.0}),
        ("10 mM Ca, 10 mM phosphate", {"Ca": 10.0, "Pi": 10.0}),
        ("25 °C", {"temperature": 25.0}),
    ):
        other = threshold(slurry.with_(change), rtol=PRECISE, low=0.0, high=0.5)
        ratios = [show(v, 3) for v in other.threshold.values()]
        if not other.found:
            last = show(100.0 * float(other.fraction[int(np.argmax(other.ratio))]), 2)
            ratios = [f"none: {last} % crystalline at 0.5", "–", "–"]
        young = run(slurry.with_(change | {"Mg/Ca": 0.2, "duration": 1.0}))
        radius = 1e9 * at(young, 60.0, np.nan_to_num(young.core_radius("acp")))
        moved.append([words, *ratios, show(radius, 2)])
    columns = ["slurry", "total", "free", "in the ACP", "radius of the ACP [nm]"]
    found.table("thresholds", columns, moved)


def _whitlockite(found: Found) -> None:
    month = {"temperature": 25.0, "Ca": 5.0, "Pi": 5.0, "duration": 720.0}
    slurry, rows = load("acp_slurry").with_(month), []
    for magnesium in (0.0, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0):
        result = run(slurry.with_({"Mg": magnesium}))
        amounts = {k: 1e3 * float(v[-1]) for k, v in result.phases.items()}
        amounts = {"ACP": amounts["ACP"] + amounts["CPP1"], "OCP-like": amounts["CPP2"]} | {
            k: amounts[k] for k in ("HAP", "WH")
        }
        total = sum(amounts.values())
        shares = [f"{100.0 * v / total:.0f}" if total > 1e-6 else "–" for v in amounts.values()]
        rows.append([f"{magnesium:g}", f"{magnesium / 5.0:g}", *shares])
    found.table(
        "whitlockite",
        ["Mg [mmol/L]", "Mg/Ca", "ACP [%]", "OCP-like [%]", "HAP [%]", "whitlockite [%]"],
        rows,
    )


def _clear(found: Found) -> None:
    plasma = load(models_dir() / "calibration" / "plasma.toml")
    rows = []
    for words, model in (
        ("plasma (healthy serum, undiluted)", plasma),
        ("simulated body fluid", load("sbf")),
    ):
        result = run(model)
        most = max(float(v.max()) for v in result.phases.values())
        index = float(result.saturation_index("ACP")[0])
        rows.append([words, show(index, 2, sign=True), show(1e3 * most, 2)])
    found.table("clear", ["solution", "SI(ACP)", "most solid Ca in 24 h [mmol/L]"], rows)


def _ionised(found: Found) -> None:
    rows = []
    for name, preset in load_medium("serum").presets.items():
        answer = speciate("serum", preset=name)
        for key, datum in preset.reference.items():
            metal = key.rsplit("_", 1)[1]
            value, unit = 1e3 * answer.ionised[metal], "mmol/L"
            if "share" in key:
                value, unit = answer.ionised[metal] / answer.totals[metal], "of the total"
            verdict = judge(value, datum.low, datum.high)
            rows.append(
                [
                    preset.title,
                    f"ionised {metal}",
                    f"{show(value, 3)} {unit}",
                    f"{datum.low:g} to {datum.high:g}",
                    verdict,
                    datum.source,
                ]
            )
    found.table("ionised", ["serum", "", "model", "range", "", "source"], rows)


def _unfitted(found: Found, base: Result) -> None:
    """Published facts that no parameter was fitted to."""
    hour = 3600.0
    bound = at(base, hour, base.state("fet.cpp1")) / base.state("fet.free")[0]
    mineral = at(base, hour, base.phases["CPP1"]) / base.state("Ca")[0]
    found.value("fetuin_share", 100.0 * bound, "%", 2)
    drop = float(base.ph[0] - base.ph[-1])
    purified = run(load("fetuin_purified"))
    peak = int(np.argmax(purified.phases["CPP1"]))
    share = float(purified.state("fet.cpp1")[peak] / purified.state("fet.free")[0])
    part = float(purified.phases["CPP1"][peak] / purified.state("Ca")[0])
    naked = run(load("acp_slurry").with_({"Pi": 10.0, "duration": 1.0}))
    acp = naked.phases["ACP"]
    onset = float(naked.t[int(np.argmax(acp > 0.01 * acp.max()))])
    retained = float(load("t50_serum").parameter_values()["mg_retained"])
    heiss = "Heiss 2010, 10.1016/j.bpj.2010.10.030"
    found.table(
        "unfitted",
        ["observable", "model", "published", "source"],
        [
            [
                "fetuin-A in CPP1, purified system",
                f"{show(100 * share, 2)} %",
                "about 5 % (2 to 10)",
                heiss,
            ],
            ["fetuin-A in CPP1, T50 mix at 1 h", f"{show(100 * bound, 2)} %", "not measured", ""],
            [
                "Ca in CPP1, purified system",
                f"{show(100 * part, 2)} %",
                "about 50 % (40 to 60)",
                heiss,
            ],
            ["Ca in CPP1, T50 mix at 1 h", f"{show(100 * mineral, 2)} %", "not measured", ""],
            [
                "first precipitate, 10 mM Ca + 10 mM phosphate without protein",
                f"{show(onset, 2)} s",
                "seconds to minutes",
                "Price & Lim 2003, 10.1074/jbc.M300744200",
            ],
            [
                "fall of the pH in the T50 mix, 48 h",
                show(drop, 2),
                "0.1 to 0.5 expected",
                "estimate",
            ],
            [
                "share of the ACP's Mg that the crystal keeps",
                show(retained, 2),
                "0.4 (0.3 to 0.5)",
                "Boskey & Posner 1974; Ding 2014, 10.1021/cg401619s; put in, not predicted",
            ],
        ],
    )
    found.value("coat", 1e9 * FETUIN_MONOLAYER, "nm", 1)


def _switches(found: Found, base: Result) -> None:
    serum, slurry, rows = load("t50_serum"), load("acp_slurry").with_({"Mg/Ca": 0.1}), []
    with_all = run(slurry).t50_crystalline() / 60.0
    for name, meaning in serum.scenario.network.switches.items():
        off = run(serum.with_(switch_off=[name])).t50()
        half = run(slurry.with_(switch_off=[name])).t50_crystalline() / 60.0
        effect = show(off - base.t50(), 3, sign=True) if math.isfinite(off) else "none within 48 h"
        rows.append([f"`{name}`", meaning, effect, show(half, 3)])
    found.table(
        "switches",
        [
            "switched off",
            "what is removed",
            "T50 [min]",
            f"slurry [h], with all {show(with_all, 3)}",
        ],
        rows,
    )


def _speed(found: Found, base: Result) -> None:
    """Times of the compiled kernels on the machine that builds the pages."""
    model = base.model
    compiled, q = model.compiled, model.parameter_vector()
    y = base.y[int(np.searchsorted(base.t, 3600.0))].copy()
    work, dy = Work.of(compiled), np.empty(base.y.shape[1])
    compiled.module.cold_start(q, work.tot, work.x)
    compiled.module.rhs(y, q, work.x, work.tot, work.s, work.v, dy)

    def best(call: Any, repeats: int, rounds: int = 5) -> float:
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            times.append((time.perf_counter() - start) / repeats)
        return min(times)

    rhs = best(
        lambda: compiled.module.rhs(y, q, work.x, work.tot, work.s, work.v, dy), repeats=2000
    )
    speciation = best(lambda: compiled.module.speciate(q, work.tot, work.x, work.s), repeats=2000)
    whole = best(lambda: model.simulate(), repeats=1)
    rows = [
        ["speciation, warm", "below 5 µs", f"{1e6 * speciation:.1f} µs"],
        ["right-hand side", "below 8 µs", f"{1e6 * rhs:.1f} µs"],
        ["one T50 run with LSODA", "below 50 ms", f"{1e3 * whole:.0f} ms"],
    ]
    found.table("speed", ["", "wanted", "on the machine that built this page"], rows)
