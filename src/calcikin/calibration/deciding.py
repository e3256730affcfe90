"""Experiments that would tell mechanisms of the phosphate slope apart, with what each predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calcikin.calibration.points import model_named
from calcikin.calibration.records import Calibration
from calcikin.calibration.variants import with_variant
from calcikin.chemistry.speciation import ultrafiltrable
from calcikin.simulate.addition import with_addition
from calcikin.simulate.equilibrium import equilibrium
from calcikin.simulate.model import Model
from calcikin.simulate.result import Result

__all__ = ["DOSE", "Foretold", "deciding_experiments"]

#: Serum phosphate that is added [mmol/L]: the change over which the slope is usually told.
DOSE = 0.4
#: When it is added [min]: before there is anything, when CPP1 have just formed, and in mid-lag.
ADDED = (0.0, 15.0, 60.0)
#: When the ultrafiltrate is taken [h].
FILTERED = (1.0, 2.0)
RTOL = 1e-6


@dataclass(frozen=True)
class Foretold:
    """One number that an experiment would measure.

    Attributes
    ----------
    experiment, quantity, unit : str
    values : dict of str to float
        Variant -> its prediction; NaN where it has none.
    """

    experiment: str
    quantity: str
    unit: str
    values: dict[str, float]


def deciding_experiments(
    calibration: Calibration,
    fitted: Mapping[str, Mapping[str, float]],
    model: str = "t50_serum",
) -> tuple[Foretold, ...]:
    """Three experiments on healthy serum in the T50 assay, by every variant.

    Phosphate added after CPP1 have formed; calcium and phosphate of the ultrafiltrate while
    CPP1 last; radius and number of CPP1 against phosphate.

    Parameters
    ----------
    calibration : Calibration
    fitted : mapping of str to mapping
        Variant -> fitted number -> its value [its unit], as of ``calcikin fit --compare``.
    model : str
        A model of the T50 assay.

    Returns
    -------
    tuple of Foretold
    """
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    for name, values in fitted.items():
        for key, number in _predictions(_model(calibration, name, values, model)):
            rows.setdefault(key, {})[name] = number
    return tuple(Foretold(*key, values) for key, values in rows.items())


def _model(calibration: Calibration, name: str, values: Mapping[str, float], model: str) -> Model:
    """The model of a variant with its fitted parameters."""
    variant = next(v for v in calibration.variants if v.name == name)
    changes = dict(variant.set)
    for f in with_variant(calibration, name).fitted:
        changes |= dict.fromkeys(f.sets, values[f.name])
    chosen = model_named(variant.models.get(model, model))
    return chosen.with_(changes, preset="healthy", switch_off=variant.off)


def _predictions(model: Model) -> list[tuple[tuple[str, str, str], float]]:
    phosphate = model.input_values()["serum.Pi"]
    more = {"serum.Pi": phosphate + DOSE}
    out: list[tuple[tuple[str, str, str], float]] = []
    base = _run(model)
    raised = _run(model.with_(more))
    for at in ADDED:
        late = raised if at == 0.0 else with_addition(model, more, 60.0 * at, rtol=RTOL)
        when = "at the start" if at == 0.0 else f"after {at:g} min"
        key = ("phosphate added late", f"change of T50, added {when}", "min")
        out.append((key, late.t50() - base.t50()))
    for hour in FILTERED:
        first, second = (_filtrate(run, hour) for run in (base, raised))
        for ion, amount in first.items():
            words = f"{ion} after {hour:g} h"
            out.append((("ultrafiltrate", words, "mmol/L"), amount))
            key = ("ultrafiltrate", f"{words}: change with the phosphate", "mmol/L")
            out.append((key, second[ion] - amount))
    less = _run(model.with_({"serum.Pi": phosphate - DOSE}))
    for words, run in (("less", less), ("as it is", base), ("more", raised)):
        label = "as it is" if run is base else f"{DOSE:g} mmol/L {words}"
        key = ("CPP1 against phosphate", f"hydrodynamic radius, phosphate {label}", "nm")
        out.append((key, run.peak_radius("cpp1")))
    number = float(raised.number("cpp1").max() / base.number("cpp1").max())
    out.append((("CPP1 against phosphate", "number of cores, times", "1"), number))
    return out


def _run(model: Model) -> Result:
    return model.simulate(solver="ensemble", rtol=RTOL)


def _filtrate(run: Result, hour: float) -> dict[str, float]:
    """What passes a filter that holds proteins and particles back [mmol/L]."""
    model = run.model
    k = int(abs(run.t - 3600.0 * hour).argmin())
    totals = dict(model.totals())
    network = model.scenario.network
    for state in network.states:
        if state.component is not None and state.component != "H":
            totals[state.component] = float(run.state(state.name)[k])
    found = equilibrium(model, totals, float(run.state("H")[k]))
    through = ultrafiltrable(found)
    return {"Ca": 1e3 * through["Ca"], "phosphate": 1e3 * totals["Pi"]}
