"""Figures of many runs: what they show, in which units."""

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
from calcikin.errors import InputError

Curves = Callable[[Axes], dict[str, np.ndarray]]
Key = Callable[[Axes], list[str]]
Rules = Callable[[Figure], None]


def a_sweep(failed: bool = True) -> xr.Dataset:
    """A made-up sweep over serum magnesium."""
    mg = np.linspace(0.5, 2.0, 16)
    t50 = 329.0 + 240.0 * (mg - 0.9) + 30.0 * (mg - 0.9) ** 2
    status = np.full(mg.shape, "ok", dtype="<U16")
    if failed:
        t50[[3, 14, 15]] = np.nan
        status[3], status[14:] = "solver_failed", "no_transition"
    return xr.Dataset(
        {
            "t50": ("serum.Mg", t50, {"units": "min", "long_name": "T50"}),
            "status": ("serum.Mg", status),
        },
        coords={"serum.Mg": ("serum.Mg", mg, {"units": "mmol/L", "long_name": "serum Mg"})},
    )


def a_map(failed: bool = True) -> xr.Dataset:
    """A made-up sweep over serum magnesium and phosphate."""
    mg, pi = np.linspace(0.5, 2.0, 16), np.linspace(0.8, 2.4, 9)
    t50 = 329.0 + 240.0 * (mg[:, None] - 0.9) - 120.0 * (pi[None, :] - 1.1)
    status = np.full(t50.shape, "ok", dtype="<U16")
    if failed:
        gone = t50 > 560.0
        t50[gone], status[gone] = np.nan, "no_transition"
        t50[2, 7], status[2, 7] = np.nan, "solver_failed"
    dims = ("serum.Mg", "serum.Pi")
    return xr.Dataset(
        {"t50": (dims, t50, {"units": "min", "long_name": "T50"}), "status": (dims, status)},
        coords={
            "serum.Mg": ("serum.Mg", mg, {"units": "mmol/L", "long_name": "serum Mg"}),
            "serum.Pi": ("serum.Pi", pi, {"units": "mmol/L", "long_name": "serum Pi"}),
        },
    )


def a_series() -> xr.Dataset:
    """A made-up Mg/Ca series of an aqueous slurry."""
    ratio = np.linspace(0.0, 1.2, 25)
    apatite = expit((0.19 - ratio) / 0.02)
    whitlockite = (1 - apatite) * expit((ratio - 0.45) / 0.05) * expit((0.8 - ratio) / 0.06)
    octa = 0.3 * apatite
    data = {
        "ACP": 1 - apatite - whitlockite,
        "CPP2": octa,
        "HAP": apatite - octa,
        "WH": whitlockite,
    }
    data["ACP"][10] = np.nan
    return xr.Dataset(
        {name: ("Mg/Ca", 8.0 * v, {"units": "mmol/L"}) for name, v in data.items()},
        coords={"Mg/Ca": ("Mg/Ca", ratio, {"units": "mol/mol", "long_name": "Mg/Ca, total"})},
        attrs={"threshold": 0.194},
    )


def a_threshold() -> dict[str, Any]:
    """A made-up threshold search."""
    ratio = np.array([0.0, 1.0, 0.5, 0.25, 0.125, 0.1875, 0.2188, 0.2031, 0.1953, 0.1992])
    return {
        "ratio": ratio,
        "fraction": expit((0.186 - ratio) / 0.004),
        "level": 0.05,
        "bracket": (0.1953, 0.1992),
        "threshold": {"total": 0.1978, "free": 0.31, "solid": 0.11},
        "criterion": "crystalline fraction below 5 % at 24 h",
    }


EVERY = {
    "sweep_curve": lambda: plots.sweep_curve(a_sweep()),
    "sweep_map": lambda: plots.sweep_map(a_map()),
    "phase_fractions": lambda: plots.phase_fractions(a_series()),
    "threshold": lambda: plots.threshold(a_threshold()),
}


@pytest.mark.parametrize("name", EVERY)
def test_house_rules(name: str, house_rules: Rules) -> None:
    house_rules(EVERY[name]())


def test_failed_points_of_a_sweep_stay_visible(key: Key) -> None:
    sweep = a_sweep()
    (axes,) = plots.sweep_curve(sweep).axes
    line = axes.get_lines()[0]
    np.testing.assert_array_equal(np.asarray(line.get_ydata()), sweep["t50"])
    assert np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum() == 3
    assert key(axes) == ["T50", "no value:\nno transition", "no value:\nsolver failed"]
    marked = np.concatenate([np.asarray(m.get_xdata(), dtype=float) for m in axes.get_lines()[1:]])
    np.testing.assert_allclose(sorted(marked), [0.8, 1.9, 2.0])
    assert axes.get_xlabel() == "serum Mg [mmol/L]"
    assert axes.get_ylabel() == "T50 [min]"


def test_clean_sweep_needs_no_key() -> None:
    (axes,) = plots.sweep_curve(a_sweep(failed=False)).axes
    assert axes.get_legend() is None


def test_sweep_without_attributes_or_status_is_still_labelled(key: Key) -> None:
    bare = xr.Dataset(
        {"t50": ("serum.Mg", [200.0, np.nan, 300.0])}, coords={"serum.Mg": [0.5, 1.0, 1.5]}
    )
    (axes,) = plots.sweep_curve(bare).axes
    assert axes.get_xlabel() == "serum Mg [1]"
    assert key(axes) == ["T50", "no value:\nfailed"]


def test_status_as_numbers_is_told_in_words_with_the_reason_of_a_sound_run(key: Key) -> None:
    data = xr.Dataset(
        {
            "t50": ("serum.Mg", [200.0, np.nan, np.nan]),
            "status": ("serum.Mg", np.array([0, 1, 0], dtype=np.int8)),
            "reason": (
                "serum.Mg",
                [
                    "",
                    "stopped: too fast",
                    "rh_cpp1: no particles; t50: no transition within the run",
                ],
            ),
        },
        coords={"serum.Mg": [0.5, 1.0, 1.5]},
    )
    (axes,) = plots.sweep_curve(data).axes
    missing = ["no value:\nno transition within the run", "no value:\nstep limit"]
    assert key(axes) == ["T50", *missing]
    (axes,) = plots.sweep_curve(data.drop_vars("reason")).axes
    assert key(axes) == ["T50", "no value:\nok", "no value:\nstep limit"]


def test_map_colours_values_and_hatches_failures(key: Key) -> None:
    data = a_map()
    figure = plots.sweep_map(data)
    axes, bar = figure.axes
    missing = int(np.isnan(data["t50"]).sum())
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == missing
    centre = {
        (round(p.get_x() + p.get_width() / 2, 6), round(p.get_y() + p.get_height() / 2, 6))
        for p in hatched
    }
    assert (0.7, 2.2) in centre  # the one where the solver failed
    mesh = axes.collections[0]
    assert np.ma.count_masked(mesh.get_array()) == missing
    assert key(axes) == ["no value: no transition", "no value: solver failed"]
    assert bar.get_ylabel() == "T50 [min]"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("serum Mg [mmol/L]", "serum Pi [mmol/L]")


def test_map_of_failures_only_and_of_one_row() -> None:
    data = a_map()
    data["t50"][:] = np.nan
    data["status"][:] = "solver_failed"
    (axes,) = plots.sweep_map(data).axes
    assert len(axes.patches) == data["t50"].size
    row = a_map(failed=False).isel({"serum.Pi": slice(0, 1)})
    plots.sweep_map(row).draw_without_rendering()


def test_threshold_of_another_input_has_its_own_axis(key: Key) -> None:
    found = a_threshold() | {"over": "Mg", "unit": "mmol/L", "value": 1.9}
    figure = plots.threshold(found)
    assert figure.axes[-1].get_xlabel() == "Mg [mmol/L]"
    assert "threshold\n1.9" in key(figure.axes[0])
    assert "threshold\n0.198" in key(plots.threshold(found | {"over": "Mg/Ca"}).axes[0])


def test_wrong_number_of_inputs_is_refused() -> None:
    with pytest.raises(InputError, match="depends on 2 inputs"):
        plots.sweep_curve(a_map())
    with pytest.raises(InputError, match="depends on 1 inputs"):
        plots.sweep_map(a_sweep())
    with pytest.raises(InputError, match="no variable 't05'"):
        plots.sweep_curve(a_sweep(), read="t05")


def test_phase_fractions_fill_the_whole_and_mark_the_threshold(key: Key) -> None:
    series = a_series()
    (axes,) = plots.phase_fractions(series).axes
    assert key(axes) == ["threshold\n0.194", "WH", "HAP", "CPP2", "ACP"]
    tops = [area.get_datalim(axes.transData).y1 for area in axes.collections]
    assert tops[-1] == pytest.approx(1.0)
    # the failed run parts every area into two
    assert [len(area.get_paths()) for area in axes.collections] == [2, 2, 2, 2]
    (marked,) = axes.get_lines()
    assert np.asarray(marked.get_xdata())[0] == 0.194
    (other,) = plots.phase_fractions(series, threshold=0.3).axes
    assert key(other)[0] == "threshold\n0.3"


def test_runs_without_solid_have_no_share() -> None:
    series = a_series().fillna(0.0) * 0.0
    plots.phase_fractions(series.assign_attrs(threshold=np.nan)).draw_without_rendering()
    with pytest.raises(InputError, match="holds no solids"):
        plots.phase_fractions(a_sweep())


def test_threshold_shows_runs_bracket_and_level(key: Key, curves: Curves) -> None:
    found = a_threshold()
    whole, near = plots.threshold(found).axes
    assert key(whole) == ["bracket", "runs (10)", "level 0.05", "threshold\n0.198"]
    (values,) = curves(whole).values()
    assert values.size == 10
    assert np.all(np.diff(values) <= 0.0)  # put in order of the ratio
    low, high = near.get_xlim()
    assert low < 0.1953 < 0.1992 < high < 0.25
    assert whole.get_title(loc="left") == found["criterion"]


def test_threshold_not_found_shows_the_runs_alone(key: Key) -> None:
    found = a_threshold() | {"threshold": np.nan, "bracket": (np.nan, np.nan)}
    (axes,) = plots.threshold(found).axes
    assert key(axes) == ["runs (10)", "level 0.05"]
    with pytest.raises(InputError, match="no 'ratio'"):
        plots.threshold({})
