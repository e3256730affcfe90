"""Figures: what they show, in which units, and how they are saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from scipy.special import expit

from calcikin import plots
from calcikin.errors import InputError, OutputError
from calcikin.plots import canvas

# Below 8 pt print is hard to read; the figures are made at the width of the page.
SMALLEST_FONT = 8.0


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


def a_benchmark() -> list[dict[str, Any]]:
    """Made-up work-precision results of three solvers."""
    rows = []
    for s, solver in enumerate(("LSODA", "BDF", "Radau")):
        for code, slow in (("compiled", 1.0), ("python", 120.0)):
            for jacobian, more in (("exact", 1.0), ("differences", 1.6)):
                for power in range(3, 10):
                    time = 3e-3 * (1 + s) * slow * more * 1.5 ** (power - 3)
                    error = 3.0 * 10.0 ** (1 - power * (1 + 0.05 * s))
                    rows.append(
                        {
                            "solver": solver,
                            "rhs": code,
                            "jacobian": jacobian,
                            "rtol": 10.0**-power,
                            "time_s": time,
                            "error": error,
                        }
                    )
    rows[5]["error"] = rows[5]["time_s"] = np.nan
    return rows


EVERY = {
    "time_course": lambda: plots.time_course(a_run()),
    "time_course_long": lambda: plots.time_course(a_run(900.0, 48.0)),
    "t50_curve": lambda: plots.t50_curve(a_run()),
    "sweep_curve": lambda: plots.sweep_curve(a_sweep()),
    "sweep_map": lambda: plots.sweep_map(a_map()),
    "phase_fractions": lambda: plots.phase_fractions(a_series()),
    "threshold": lambda: plots.threshold(a_threshold()),
    "bench_work_precision": lambda: plots.bench_work_precision(a_benchmark()),
}


def curves(axes: Axes) -> dict[str, np.ndarray]:
    """Lines with data, by label; vertical and horizontal rules have two points."""
    return {
        str(line.get_label()): np.asarray(line.get_ydata(), dtype=float)
        for line in axes.get_lines()
        if np.size(line.get_ydata()) > 2
    }


def key(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def drawn(figure: Figure) -> None:
    """Lay the figure out as for a file."""
    figure.savefig(Path("/dev/null"), format="png")


@pytest.mark.parametrize("name", EVERY)
def test_every_axis_says_what_it_shows_and_in_which_unit(name: str) -> None:
    figure = EVERY[name]()
    drawn(figure)
    for axes in figure.axes:
        across, up = axes.get_xlabel(), axes.get_ylabel()
        if axes.get_label() != "<colorbar>" and axes is figure.axes[-1]:
            assert across.endswith("]"), across
        assert up.endswith("]") or up == "pH", up
    assert any(axes.get_xlabel().endswith("]") for axes in figure.axes)


@pytest.mark.parametrize("name", EVERY)
def test_figures_are_as_wide_as_a_page_with_readable_letters(name: str) -> None:
    figure = EVERY[name]()
    drawn(figure)
    assert 6.5 <= figure.get_figwidth() <= 7.0
    texts = [t for t in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if t.get_text()]
    assert texts
    assert min(t.get_fontsize() for t in texts) >= SMALLEST_FONT


@pytest.mark.parametrize("name", EVERY)
def test_keys_cover_no_data_and_lie_on_the_page(name: str) -> None:
    figure = EVERY[name]()
    drawn(figure)
    page = figure.bbox
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is None:
            continue
        box = legend.get_window_extent()
        for other in figure.axes:
            assert not box.overlaps(other.get_window_extent()), other.get_ylabel()
        # half a pixel for rounding
        assert box.x0 >= -0.5
        assert box.x1 <= page.x1 + 0.5
        assert box.y0 >= -0.5
        assert box.y1 <= page.y1 + 0.5


def test_time_course_shows_both_stages_of_particles_and_the_ions() -> None:
    solids, ions, acidity = plots.time_course(a_run()).axes
    assert list(curves(solids)) == ["ACP", "CPP1", "CPP2", "HAP", "WH"]
    assert list(curves(ions)) == ["Ca", "Mg", "Pi"]
    assert len(curves(acidity)) == 1
    np.testing.assert_array_equal(curves(solids)["CPP2"], a_run()["CPP2"])
    assert acidity.get_xlabel() == "time [min]"
    assert "T50, light\n329 min" in key(solids)


def test_time_course_leaves_out_solids_that_the_model_lacks() -> None:
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


def test_t50_is_marked_on_both_curves() -> None:
    light, crystals = plots.t50_curve(a_run()).axes
    assert key(light) == ["T50, light\n329 min"]
    assert key(crystals) == ["T50, crystals\n320 min"]
    x, y = (np.asarray(v, dtype=float) for v in light.get_lines()[-1].get_data())
    assert x == [329.0]
    # half way between 1.0 and 5.2; linear interpolation over 2 min of a rise of 24 min
    assert y == pytest.approx([3.1], abs=0.01)


def test_missing_t50_is_said_and_not_drawn() -> None:
    run = a_run()
    run.attrs.update(t50_min=np.nan, t50_crystalline_min=None, status="no_transition")
    light, crystals = plots.t50_curve(run).axes
    assert key(light) == ["T50, light:\nno transition"]
    assert key(crystals) == ["T50, crystals:\nnot reached"]
    assert len(light.get_lines()) == 2


def test_nan_in_a_curve_leaves_a_gap() -> None:
    run = a_run()
    run["nephelometry"][100:120] = np.nan
    light, _ = plots.t50_curve(run).axes
    (values,) = (v for v in curves(light).values())
    assert np.isnan(values).sum() == 20


def test_failed_points_of_a_sweep_stay_visible() -> None:
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


def test_sweep_without_attributes_or_status_is_still_labelled() -> None:
    bare = xr.Dataset(
        {"t50": ("serum.Mg", [200.0, np.nan, 300.0])}, coords={"serum.Mg": [0.5, 1.0, 1.5]}
    )
    (axes,) = plots.sweep_curve(bare).axes
    assert axes.get_xlabel() == "serum Mg [1]"
    assert key(axes) == ["T50", "no value:\nfailed"]


def test_status_as_numbers_is_told_in_words_with_the_reason_of_a_sound_run() -> None:
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


def test_map_colours_values_and_hatches_failures() -> None:
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
    drawn(plots.sweep_map(row))


def test_threshold_of_another_input_has_its_own_axis() -> None:
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


def test_phase_fractions_fill_the_whole_and_mark_the_threshold() -> None:
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
    drawn(plots.phase_fractions(series.assign_attrs(threshold=np.nan)))
    with pytest.raises(InputError, match="holds no solids"):
        plots.phase_fractions(a_sweep())


def test_threshold_shows_runs_bracket_and_level() -> None:
    found = a_threshold()
    whole, near = plots.threshold(found).axes
    assert key(whole) == ["bracket", "runs (10)", "level 0.05", "threshold\n0.198"]
    (values,) = curves(whole).values()
    assert values.size == 10
    assert np.all(np.diff(values) <= 0.0)  # put in order of the ratio
    low, high = near.get_xlim()
    assert low < 0.1953 < 0.1992 < high < 0.25
    assert whole.get_title(loc="left") == found["criterion"]


def test_threshold_not_found_shows_the_runs_alone() -> None:
    found = a_threshold() | {"threshold": np.nan, "bracket": (np.nan, np.nan)}
    (axes,) = plots.threshold(found).axes
    assert key(axes) == ["runs (10)", "level 0.05"]
    with pytest.raises(InputError, match="no 'ratio'"):
        plots.threshold({})


def test_work_precision_draws_every_combination() -> None:
    (axes,) = plots.bench_work_precision(a_benchmark()).axes
    lines = [line for line in axes.get_lines() if np.size(line.get_ydata()) > 2]
    assert len(lines) == 3 * 2 * 2
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert key(axes)[:3] == ["LSODA", "BDF", "Radau"]
    assert sum(np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum() for line in lines) == 1
    look = {
        (line.get_marker(), str(line.get_linestyle()), to_rgb(str(line.get_markerfacecolor())))
        for line in lines
    }
    assert len(look) == 12  # no two look alike


def test_benchmark_results_must_be_complete() -> None:
    with pytest.raises(InputError, match="no benchmark results"):
        plots.bench_work_precision([])
    row = a_benchmark()[0]
    del row["error"]
    with pytest.raises(InputError, match="result 0 has no 'error'"):
        plots.bench_work_precision([row])


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_saves_a_picture_with_the_usual_rights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    assert plots.save(plots.sweep_curve(a_sweep()), path) == path
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(start)
    (tmp_path / "b").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "b").stat().st_mode
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "b"}


def test_what_cannot_be_saved_is_refused_with_the_place(tmp_path: Path) -> None:
    figure = plots.sweep_curve(a_sweep())
    with pytest.raises(OutputError, match="does not exist"):
        plots.save(figure, tmp_path / "no" / "a.png")
    with pytest.raises(OutputError, match=r"\.docx is not a picture format"):
        plots.save(figure, tmp_path / "a.docx")
    with pytest.raises(OutputError, match="no suffix"):
        plots.save(figure, tmp_path / "a")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        plots.save(figure, tmp_path / "folder.png")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_failed_save_keeps_the_old_picture_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = plots.sweep_curve(a_sweep())

    def fails(self: Figure, stream: Any, **_: Any) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        plots.save(figure, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_matplotlib_is_loaded_late_and_pyplot_never() -> None:
    program = (
        "import sys, calcikin.plots as p;"
        "assert 'matplotlib' not in sys.modules;"
        "f = p.threshold(dict(ratio=[0, 1], fraction=[1, 0], level=.05, bracket=(0, 1),"
        " threshold=.5, criterion='c'));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_drawing_leaves_the_settings_of_the_user_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plots.time_course(a_run())
    assert dict(mpl.rcParams) == before
