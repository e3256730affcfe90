"""Figures of boundaries, sensitivities, attributions and cohorts: what they show."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

from calcikin import plots
from calcikin.analysis import Attribution, BoundaryMap, Sensitivity
from calcikin.analysis.fields import field
from calcikin.analysis.ranges import Range
from calcikin.analysis.tracing import trace, trace_many
from calcikin.errors import InputError

AXES = (
    Range("serum.Mg", "mmol/L", 0.4, 2.0, False),
    Range("serum.Pi", "mmol/L", 0.1, 4.0, True),
    Range("pH", "1", 7.2, 7.6, False),
)


def a_map(*traced, dims=2, probability=None):
    return BoundaryMap("t50 > 300 min", AXES[:dims], traced, probability, 0.9, 0.01, {}, (), (), {})


def words(figure: Figure) -> str:
    figure.canvas.draw()
    found = [text.get_text() for axes in figure.axes for text in axes.findobj(match=Text)]
    return "\n".join(found)


def saved(figure: Figure, tmp_path) -> Figure:
    for suffix in ("png", "svg"):
        path = plots.save(figure, tmp_path / f"figure.{suffix}")
        assert path.stat().st_size > 3000
    return figure


def test_a_boundary_with_its_runs(tmp_path):
    one = trace(lambda p: np.where(p[:, 0] > 0.8, math.nan, p[:, 1] - 0.5))
    figure = saved(plots.boundary_map(a_map(one)), tmp_path)
    (axes,) = figure.axes
    text = words(figure)
    for word in ("serum Mg [mmol/L]", "serum Pi [mmol/L]", "t50 > 300 min", "run, met"):
        assert word in text
    assert "run, cannot be told" in text
    assert axes.get_yscale() == "log"
    assert axes.get_xlim() == (0.4, 2.0)
    drawn = [line for line in axes.get_lines() if line.get_label() == "boundary"]
    (line,) = drawn
    assert np.asarray(line.get_ydata(), float) == pytest.approx(math.sqrt(0.4), rel=1e-6)
    marks = {line.get_label(): len(line.get_xdata()) for line in axes.get_lines()}
    total = sum(n for label, n in marks.items() if label.startswith("run"))
    assert total == len(one.points)


def test_an_absent_boundary_is_written_on_the_map(tmp_path):
    figure = saved(plots.boundary_map(a_map(trace(lambda p: p[:, 0] + 1.0))), tmp_path)
    assert "no boundary" in words(figure)


def test_draws_and_their_interval(tmp_path):
    levels = np.linspace(0.3, 0.7, 9)
    traced = trace_many([lambda p, x=x: p[:, 1] - x for x in levels])
    u = np.linspace(0.0, 1.0, 101)
    share = np.broadcast_to(np.array([(x > levels).mean() for x in u]), (101, 101))
    figure = saved(plots.boundary_map(a_map(*traced, probability=share)), tmp_path)
    text = words(figure)
    for word in ("single draws (9)", "met in 5 %", "met in 50 %", "met in 95 %"):
        assert word in text


def test_a_surface(tmp_path):
    axes = (AXES[0], Range("serum.Pi", "mmol/L", 0.7, 2.0, False), AXES[2])
    one = trace(lambda p: 0.5 - p[:, 0] + 0.2 * p[:, 2], 3, tolerance=0.05)
    found = BoundaryMap("t50 > 300 min", axes, (one,), None, 0.9, 0.05, {}, (), (), {})
    text = words(saved(plots.boundary_map(found), tmp_path))
    assert "pH" in text.split("\n")
    with pytest.raises(InputError, match="logarithm"):
        plots.boundary_map(a_map(one, dims=3))


def test_a_boundary_on_a_map_of_the_read_out(formula_runs, tmp_path):
    from calcikin import load

    formula_runs(lambda c, _: {"t50": 300.0 * c["serum.Mg"] / c["serum.Pi"]})
    over = (AXES[0], Range("serum.Pi", "mmol/L", 0.7, 2.0, False))
    ground = field(load("t50_serum"), over, size=6)
    one = trace(lambda p: over[0].at(p[:, 0]) - over[1].at(p[:, 1]))
    found = BoundaryMap("t50 > 300 min", over, (one,), None, 0.9, 0.01, {}, (), (), {})
    figure = saved(plots.sweep_map(ground, boundary=found), tmp_path)
    assert "boundary: t50 > 300 min" in words(figure)


def a_sensitivity(method, **columns):
    n = len(next(iter(columns.values())))
    ranges = tuple(Range(f"factor_{k}", "1", 0.0, 1.0, False) for k in range(n))
    arrays = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    return Sensitivity(method, "1/t50", "1/h", ranges, arrays, 100, (), {})


def test_a_tornado_has_the_largest_on_top(tmp_path):
    found = a_sensitivity(
        "local", elasticity=[0.1, -2.0, math.nan, 0.5], elasticity_error=[0.01, 0.1, math.nan, 0.0]
    )
    figure = saved(plots.sensitivity(found), tmp_path)
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["factor_1", "factor_3", "factor_0"]
    assert [bar.get_width() for bar in axes.patches] == [-2.0, 0.5, 0.1]
    assert axes.yaxis_inverted()


def test_bars_of_indices_with_their_intervals(tmp_path):
    part = np.array([0.6, 0.2])
    found = a_sensitivity(
        "sobol",
        first=part,
        first_low=part - 0.1,
        first_high=part + 0.1,
        total=part + 0.1,
        total_low=part,
        total_high=part + 0.2,
    )
    figure = saved(plots.sensitivity(found), tmp_path)
    (axes,) = figure.axes
    assert [round(bar.get_width(), 9) for bar in axes.patches] == [0.7, 0.3, 0.6, 0.2]
    assert "share of the variance of 1/t50 [1]" in words(figure)


@pytest.mark.parametrize("spread", [[0.3, 0.1], [0.0, 0.1]])
def test_the_plane_of_morris(tmp_path, spread):
    found = a_sensitivity(
        "morris",
        strength=[0.2, 1.0],
        strength_low=[0.1, 0.9],
        strength_high=[0.3, 1.1],
        spread=spread,
    )
    figure = saved(plots.sensitivity(found), tmp_path)
    assert figure.axes[1].get_xscale() == ("log" if min(spread) else "linear")
    assert "strength µ* of the effect on 1/t50 [1/h]" in words(figure)


def test_a_figure_of_another_method_or_of_nothing_is_refused():
    found = a_sensitivity("local", elasticity=[math.nan], elasticity_error=[math.nan])
    with pytest.raises(InputError, match="sobol"):
        plots.sobol_bars(found)
    with pytest.raises(InputError, match="no factor"):
        plots.tornado(found)


def an_attribution(steps=1, by="mechanisms"):
    players = ("growth_poisoning", "acp_stabilisation", "whitlockite", "pyrophosphate")
    values = np.tile([-0.03, 0.01, 1e-9, -1e-9], (steps, 1))
    remainder = np.full(steps, -0.001)
    return Attribution(
        of="serum.Mg: 0.8 -> 1.2 mmol/L",
        by=by,
        response="1/t50",
        unit="1/h",
        words="",
        players=players,
        levels=np.linspace(0.8, 1.2, steps + 1),
        values=values,
        errors=np.zeros_like(values),
        interactions=None,
        remainder=remainder,
        total=values.sum(axis=1) + remainder,
        readings=np.append(np.linspace(320.0, 400.0, steps), math.nan),
        readout="t50",
        readout_unit="min",
        runs=16,
        exact=True,
        provenance={},
    )


def test_a_waterfall_ends_at_the_total(tmp_path):
    figure = saved(plots.waterfall(an_attribution()), tmp_path)
    (axes,) = figure.axes
    labels = [t.get_text() for t in axes.get_yticklabels()]
    assert labels == [
        "growth_poisoning",
        "acp_stabilisation",
        "2 smaller ones",
        "with none of them",
        "total",
    ]
    bars = axes.patches
    ends = [bar.get_x() + bar.get_width() for bar in bars[:-1]]
    starts = [bar.get_x() for bar in bars[:-1]]
    assert starts == pytest.approx([0.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(bars[-1].get_width()) == pytest.approx(-0.021)
    text = words(figure)
    assert "t50 320 min → never" in text
    assert "(100 %)" in text
    low, high = axes.get_xlim()
    assert low < min(*starts, *ends)
    assert high > 0.0


def test_a_map_over_the_change(tmp_path):
    figure = saved(plots.attribution_map(an_attribution(4)), tmp_path)
    text = words(figure)
    assert "1/h per mmol/L" in text
    assert "serum Mg [mmol/L]" in text
    assert "growth poisoning" in text
    with pytest.raises(InputError, match="two steps"):
        plots.attribution_map(an_attribution(1))


def test_distributions_of_a_cohort(tmp_path):
    groups = {
        "healthy": np.linspace(250.0, 400.0, 40),
        "dialysis": np.append(np.linspace(150.0, 300.0, 30), [math.nan] * 10),
    }
    figure = saved(plots.cohort_distributions(groups), tmp_path)
    curves = figure.axes[0].get_lines()
    tops = {line.get_label().split("\n")[0]: float(line.get_ydata()[-1]) for line in curves}
    # those who have no number count in their group
    assert tops == {"healthy (40)": 1.0, "dialysis (40)": 0.75}
    text = words(figure)
    assert "10 without" in text
    assert "T50 [min]" in text
    with pytest.raises(InputError, match="no member"):
        plots.cohort_distributions({"healthy": [math.nan]})


def test_a_cohort_is_drawn_by_the_label_with_the_fewest_groups():
    people = [f"patient {k}" for k in range(8)]
    table = xr.Dataset(
        {"t50": ("point", np.arange(8.0), {"units": "min", "long_name": "T50"})},
        coords={"patient": ("point", people), "stage": ("point", ["healthy", "dialysis"] * 4)},
    )
    assert {"healthy (4)", "dialysis (4)", "T50 [min]"} <= set(
        words(plots.cohort(table)).split("\n")
    )
    alone = plots.cohort(table.drop_vars("stage"))
    assert "everybody (8)" in words(alone)  # eight groups of one are none
    with pytest.raises(InputError, match="no t51"):
        plots.cohort(table, read="t51")
