"""Figures of one run: what they show, in which units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit

from calcikin import plots
from calcikin.plots import canvas

Curves = Callable[[Axes], dict[str, np.ndarray]]
Key = Callable[[Axes], list[str]]
Rules = Callable[[Figure], None]


def a_run(t50: float = 329.0, hours: float = 10.0) -> xr.Dataset:
    """A made-up run of the T50 assay."""
    t = np.linspace(0.0, 60.0 * hours, 301)
    ripe = expit((t - t50) / 12.0)
    formed = 1.0 - np.exp(-t / 3.0)
    old = 1.0 / (1.0 + np.exp(-(t - t50 - 150) / 60.0)) * 0.3
    solids = {
        "ACP": 5.4 * np.exp(-t / 4.0) * formed,
        "CPP1": 5.4 * formed * (1 - ripe) * (1 - np.exp(-t / 4.0)),
        "CPP2": 6.3 * ripe * (1 - old),
        "HAP": 6.3 * ripe * old,
        "WH": 0.05 * ripe,
    }
    solid = sum(solids.values())
    unit = {"units": "mmol/L"}
    data: dict[str, Any] = {name: ("time", v, unit) for name, v in solids.items()}
    data |= {
        "Ca": ("time", 10.9 - solid, unit),
        "Mg": ("time", 0.33 - 0.04 * formed + 0.02 * ripe, unit),
        "Pi": ("time", 6.4 - 0.72 * solid, unit),
        "pH": ("time", 7.40 - 0.03 * formed - 0.12 * ripe, {"units": "1", "long_name": "pH"}),
        "nephelometry": (
            "time",
            formed * (1.0 + 4.2 * ripe),
            {"units": "arb. units", "long_name": "scattered light"},
        ),
        "crystalline_fraction": ("time", ripe, {"units": "1"}),
    }
    return xr.Dataset(
        data,
        coords={"time": ("time", t, {"units": "min"})},
        attrs={"t50_min": t50, "t50_crystalline_min": t50 - 9.0, "status": "ok"},
    )


EVERY = {
    "time_course": lambda: plots.time_course(a_run()),
    "time_course_long": lambda: plots.time_course(a_run(900.0, 48.0)),
    "t50_curve": lambda: plots.t50_curve(a_run()),
}


@pytest.mark.parametrize("name", EVERY)
def test_house_rules(name: str, house_rules: Rules) -> None:
    house_rules(EVERY[name]())


def test_time_course_shows_both_stages_of_particles_and_the_ions(key: Key, curves: Curves) -> None:
    solids, ions, acidity = plots.time_course(a_run()).axes
    assert list(curves(solids)) == ["ACP", "CPP1", "CPP2", "HAP", "WH"]
    assert list(curves(ions)) == ["Ca", "Mg", "Pi"]
    assert len(curves(acidity)) == 1
    np.testing.assert_array_equal(curves(solids)["CPP2"], a_run()["CPP2"])
    assert acidity.get_xlabel() == "time [min]"
    assert "T50, light\n329 min" in key(solids)


def test_time_course_leaves_out_solids_that_the_model_lacks(curves: Curves) -> None:
    solids, *_ = plots.time_course(a_run().drop_vars(["WH", "CPP1"])).axes
    assert list(curves(solids)) == ["ACP", "CPP2", "HAP"]


def test_long_runs_are_shown_in_hours() -> None:
    figure = plots.time_course(a_run(900.0, 48.0))
    assert figure.axes[-1].get_xlabel() == "time [h]"
    assert figure.axes[-1].get_xlim() == (0.0, 48.0)
    rules = [line for line in figure.axes[-1].get_lines() if np.size(line.get_xdata()) == 2]
    assert [float(np.asarray(line.get_xdata())[0]) for line in rules] == [15.0, 891.0 / 60.0]


def test_steady_ph_is_not_blown_up() -> None:
    run = a_run()
    run["pH"] = run["pH"] * 0.0 + 7.4
    assert plots.time_course(run).axes[2].get_ylim() == pytest.approx((7.35, 7.45))


def test_lines_differ_in_colour_and_in_dashes() -> None:
    for strokes in (canvas.PHASES, canvas.DISSOLVED):
        assert len({s.colour for s in strokes.values()}) == len(strokes)
        assert len({s.dash for s in strokes.values()}) == len(strokes)
    assert len({s.hatch for s in canvas.PHASES.values()}) == len(canvas.PHASES)


def test_t50_is_marked_on_both_curves(key: Key) -> None:
    light, crystals = plots.t50_curve(a_run()).axes
    assert key(light) == ["T50, light\n329 min"]
    assert key(crystals) == ["T50, crystals\n320 min"]
    x, y = (np.asarray(v, dtype=float) for v in light.get_lines()[-1].get_data())
    assert x == [329.0]
    # half way between 1.0 and 5.2; linear interpolation over 2 min of a rise of 24 min
    assert y == pytest.approx([3.1], abs=0.01)


def test_missing_t50_is_said_and_not_drawn(key: Key) -> None:
    run = a_run()
    run.attrs.update(t50_min=np.nan, t50_crystalline_min=None, status="no_transition")
    light, crystals = plots.t50_curve(run).axes
    assert key(light) == ["T50, light:\nno transition"]
    assert key(crystals) == ["T50, crystals:\nnot reached"]
    assert len(light.get_lines()) == 2


def test_nan_in_a_curve_leaves_a_gap(curves: Curves) -> None:
    run = a_run()
    run["nephelometry"][100:120] = np.nan
    light, _ = plots.t50_curve(run).axes
    (values,) = (v for v in curves(light).values())
    assert np.isnan(values).sum() == 20
