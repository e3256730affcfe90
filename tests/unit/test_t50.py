"""T50 from curves whose midpoint is known."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from scipy.special import expit

from calcikin.assays.t50 import Transition, t50_from_curve, t50_from_fraction
from calcikin.errors import InputError, UnknownNameError

MINUTE = 60.0
DENSE = np.arange(0.0, 36001.0, 10.0)
READER = np.arange(200) * 180.0  # 200 cycles over 10 h, the laboratory's protocol
Array = np.ndarray
Shape = Literal["logistic", "gompertz", "mirrored", "ramp"]


def curve(
    t: Array,
    *,
    mid: float = 329.0,
    width: float = 10.0,
    levels: tuple[float, float] = (1.0, 5.0),
    drifts: tuple[float, float] = (0.0, 0.0),
    first: float = 2.0,
    shape: Shape = "logistic",
) -> Array:
    """First rise, lag, second rise with half height at `mid` [min], plateau; drifts per 10 h."""
    x = (t / MINUTE - mid) / width
    s = {
        "logistic": expit(x),
        "gompertz": np.exp(-np.log(2.0) * np.exp(-np.clip(x, -6, None))),
        "mirrored": 1.0 - np.exp(-np.log(2.0) * np.exp(np.clip(x, None, 6))),
        "ramp": np.clip(0.5 + x / 4.0, 0.0, 1.0),
    }[shape]
    low, high = (a + d * t / 36000.0 for a, d in zip(levels, drifts, strict=True))
    return np.asarray((1.0 - np.exp(-t / MINUTE / first)) * (low * (1.0 - s) + high * s))


def minutes(found: Transition) -> float:
    assert found.status == "ok"
    return found.t50_s / MINUTE


@pytest.mark.parametrize("method", ["midpoint", "logistic"])
@pytest.mark.parametrize("times", [DENSE, READER], ids=["dense", "reader"])
@pytest.mark.parametrize(
    ("mid", "width"), [(329, 10), (329, 3), (329, 40), (120, 10), (60, 5), (40, 3), (500, 15)]
)
def test_ideal_sigmoid(
    mid: float, width: float, times: Array, method: Literal["midpoint", "logistic"]
) -> None:
    # What is left of the first rise when the lag is short, and the ridge on its slope: 0.04 min.
    found = t50_from_curve(times, curve(times, mid=mid, width=width), method=method)
    assert minutes(found) == pytest.approx(mid, abs=0.05)


def test_levels_slope_and_tangent_points_of_an_ideal_sigmoid() -> None:
    found = t50_from_curve(DENSE, curve(DENSE, width=10.0))
    # limits from the tail of the first rise in the lag: 1e-4 of the height
    assert found.lag_level == pytest.approx(1.0, abs=4e-4)
    assert found.plateau_level == pytest.approx(5.0, abs=4e-4)
    assert found.t_start / MINUTE == pytest.approx(309.0, abs=0.01)
    assert found.t_end / MINUTE == pytest.approx(349.0, abs=0.01)
    assert found.slope == pytest.approx(4.0 / (4 * 10 * MINUTE), rel=1e-4)


@pytest.mark.parametrize("drift", [0.8, -0.8])
def test_common_drift_does_not_move_the_midpoint(drift: float) -> None:
    found = t50_from_curve(READER, curve(READER, drifts=(drift, drift)))
    # the ridge on the slopes leaves 0.2 % of the drift
    assert minutes(found) == pytest.approx(329.0, abs=0.01)


@pytest.mark.parametrize("drifts", [(0.5, 1.5), (-0.3, -1.5), (0.5, -1.0)])
def test_unequal_drifts_move_the_midpoint_as_little_as_promised(
    drifts: tuple[float, float],
) -> None:
    low, high = (a + d * 329.0 / 600.0 for a, d in zip((1.0, 5.0), drifts, strict=True))
    promised = 8.0 * 10.0 * (drifts[1] - drifts[0]) * (10.0 / 600.0) / (high - low)
    error = minutes(t50_from_curve(READER, curve(READER, drifts=drifts))) - 329.0
    # first order in the drift, which is a few per cent of the height per w
    assert error == pytest.approx(promised, rel=0.1)
    # A regression between constant levels is moved further: why it is not the default.
    other = t50_from_curve(READER, curve(READER, drifts=drifts), method="logistic")
    assert abs(minutes(other) - 329.0) > 2.0 * abs(error)


def ripening(t: Array) -> Array:
    """A transition at 300 min after which light goes on rising for hours, by half as much."""
    late = np.clip(t / MINUTE - 300.0, 0.0, None)
    return curve(t, mid=300.0, levels=(1.0, 4.0)) + 1.5 * (1.0 - np.exp(-late / 240.0))


def test_length_of_the_record_hardly_matters_when_light_goes_on_rising() -> None:
    day = np.arange(0.0, 86401.0, 180.0)
    short, long = (t50_from_curve(t, ripening(t)) for t in (READER, day))
    assert minutes(short) == pytest.approx(minutes(long), abs=0.1)
    # within a tenth of the 44 min of the rise, although the last level is half as high again
    assert minutes(short) == pytest.approx(300.0, abs=4.4)
    short, long = (t50_from_curve(t, ripening(t), method="logistic") for t in (READER, day))
    assert abs(minutes(short) - minutes(long)) > 3.0


@pytest.mark.parametrize(("shape", "error"), [("gompertz", 0.3), ("mirrored", 0.3), ("ramp", 0.05)])
def test_shape_of_the_rise_hardly_matters(shape: Shape, error: float) -> None:
    # A Gompertz curve nears its plateau as exp(-x): at 4 w it is still 1-2 % away from it, which
    # is read as drift; 0.3 min is below 1 % of the 44 min that the rise takes from 10 to 90 %.
    assert minutes(t50_from_curve(READER, curve(READER, shape=shape))) == pytest.approx(
        329.0, abs=error
    )


@pytest.mark.parametrize("width", [1.0, 2.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("shape", ["logistic", "gompertz", "ramp"])
def test_sampling_of_the_reader_is_fine_enough(width: float, shape: Shape) -> None:
    dense = t50_from_curve(DENSE, curve(DENSE, width=width, shape=shape))
    reader = t50_from_curve(READER, curve(READER, width=width, shape=shape))
    # the promise of the docstring; the demand of the assay is 1 min
    assert minutes(reader) == pytest.approx(minutes(dense), abs=0.2)


def test_uneven_samples_give_the_same_midpoint() -> None:
    times = np.concatenate([[0.0], np.geomspace(1.0, 36000.0, 300)])
    # 300 points over 4.6 decades are 12 min apart at T50, a little more than w
    assert minutes(t50_from_curve(times, curve(times))) == pytest.approx(329.0, abs=0.1)


def test_follows_small_shifts_smoothly() -> None:
    mids = 329.0 + 0.1 * np.arange(60)  # over two cycles of the reader
    found = np.array([minutes(t50_from_curve(READER, curve(READER, mid=m))) for m in mids])
    # The error of interpolation is 1e-4 min for w = 10 min, so slopes over 0.1 min hold to 0.1 %.
    np.testing.assert_allclose(np.diff(found), 0.1, atol=1e-4)


def test_is_smooth_where_windows_meet_the_ends_of_the_data() -> None:
    for mids in (np.linspace(45.0, 75.0, 61), np.linspace(440.0, 540.0, 61)):
        found = np.array([minutes(t50_from_curve(READER, curve(READER, mid=m))) for m in mids])
        step = mids[1] - mids[0]
        # No jumps: the slope dT50/dmid stays 1 within 1 % while windows are clipped.
        np.testing.assert_allclose(np.diff(found) / step, 1.0, atol=0.01)


def test_scale_and_offset_do_not_matter() -> None:
    plain = t50_from_curve(READER, curve(READER))
    for scale, offset in [(1e6, -3e7), (1e-9, 0.0), (20.0, 400.0)]:
        other = t50_from_curve(READER, offset + scale * curve(READER))
        # rounding of the offset: 3e7 / 4e6 * 2e-16 of the height, times w
        assert other.t50_s == pytest.approx(plain.t50_s, abs=1e-6)
        assert other.plateau_level == pytest.approx(offset + scale * plain.plateau_level, rel=1e-9)


@pytest.mark.parametrize(
    ("method", "spread"), [("midpoint", 0.5), ("logistic", 0.3)], ids=["midpoint", "logistic"]
)
def test_noise_of_three_per_cent(method: Literal["midpoint", "logistic"], spread: float) -> None:
    rng = np.random.default_rng(20120906)
    runs = 60
    clean = curve(READER)
    found = np.array(
        [
            minutes(
                t50_from_curve(
                    READER, clean * (1 + 0.03 * rng.standard_normal(clean.size)), method=method
                )
            )
            for _ in range(runs)
        ]
    )
    # The spread is the docstring's; 60 runs know a standard deviation within 9 % (1 sigma).
    assert np.std(found) == pytest.approx(spread, rel=0.3)
    assert abs(np.mean(found) - 329.0) < 3 * spread / np.sqrt(runs)


def test_noise_alone_is_no_transition() -> None:
    rng = np.random.default_rng(7)
    flat = curve(READER, mid=1e6)
    for _ in range(60):
        noisy = flat * (1 + 0.05 * rng.standard_normal(flat.size))
        assert t50_from_curve(READER, noisy).status == "no_transition"


@pytest.mark.parametrize(
    "values",
    [
        curve(DENSE, mid=1e6),
        curve(DENSE, mid=1e6, drifts=(0.5, 0.0)),
        curve(DENSE, mid=1e6, drifts=(-0.5, 0.0)),
        curve(DENSE, mid=1e6, first=30.0),
        np.ones_like(DENSE),
        np.exp(-DENSE / 5000.0),
        curve(DENSE, levels=(5.0, 1.0)),
    ],
    ids=["flat", "drift up", "drift down", "slow first rise", "constant", "decay", "fall"],
)
def test_without_a_second_rise_there_is_no_t50(values: Array) -> None:
    found = t50_from_curve(DENSE, values)
    assert found.status == "no_transition"
    assert np.isnan(found.t50_s)
    assert np.isnan(found.slope)


@pytest.mark.parametrize("mid", [560.0, 590.0, 605.0])
def test_rise_cut_off_by_the_end_of_the_data_is_incomplete(mid: float) -> None:
    found = t50_from_curve(READER, curve(READER, mid=mid))
    assert found.status == "incomplete"
    assert np.isnan(found.t50_s)


def test_first_rise_before_the_first_reading_is_not_needed() -> None:
    values = 1.0 + 4.0 * expit((READER / MINUTE - 329.0) / 10.0)
    assert minutes(t50_from_curve(READER, values)) == pytest.approx(329.0, abs=0.01)


def test_overshoot_of_the_first_rise_and_a_dip_do_not_count_as_the_rise() -> None:
    overshoot = curve(DENSE) + np.exp(-DENSE / 2400) * (1 - np.exp(-DENSE / 60))
    # what is left of the overshoot at the foot of the rise bends the lag line a little
    assert minutes(t50_from_curve(DENSE, overshoot)) == pytest.approx(329.0, abs=0.1)
    dip = curve(DENSE) - 0.3 * np.exp(-(((DENSE - 290 * MINUTE) / 1200) ** 2))
    # The lag is then read at the bottom of the dip, 0.2 lower: 0.1 of level, over 0.1 per min.
    assert minutes(t50_from_curve(DENSE, dip)) == pytest.approx(329.0, abs=1.1)


def test_later_smaller_rise_is_left_alone() -> None:
    # aggregation of apatite after the transition
    values = curve(DENSE, mid=200) + 2.0 * expit((DENSE / MINUTE - 450.0) / 10.0)
    assert minutes(t50_from_curve(DENSE, values)) == pytest.approx(200.0, abs=0.05)


def test_early_second_rise_is_told_from_the_first() -> None:
    values = expit((DENSE - 180) / 20) + 3 * expit((DENSE - 900) / 60)
    assert minutes(t50_from_curve(DENSE, values)) == pytest.approx(15.0, abs=0.05)


@pytest.mark.parametrize(
    ("values", "mid"),
    [
        (4.0 * expit((DENSE - 180.0) / 20.0), 180.0),
        (4.0 * (1.0 - np.exp(-DENSE / 60.0)), 60.0 * np.log(2.0)),
    ],
    ids=["sigmoid", "exponential"],
)
def test_single_rise_is_the_transition_only_when_the_caller_says_so(
    values: Array, mid: float
) -> None:
    assert t50_from_curve(DENSE, values).status == "no_transition"
    found = t50_from_curve(DENSE, values, single_rise="transition")
    assert found.status == "single_rise"
    # half height on samples 10 s apart, rises of a minute: a fraction of the spacing
    assert found.t50_s == pytest.approx(mid, abs=1.0)


def test_single_rise_far_from_the_start_is_a_transition() -> None:
    values = 4.0 * expit((DENSE / MINUTE - 60.0) / 5.0)
    assert minutes(t50_from_curve(DENSE, values)) == pytest.approx(60.0, abs=0.01)
    late = t50_from_curve(DENSE, values, first_rise_s=4000.0)
    assert late.status == "no_transition"


def test_bad_curves_are_refused_with_the_place() -> None:
    y = curve(READER)
    with pytest.raises(InputError, match="too few"):
        t50_from_curve(READER[:7], y[:7])
    with pytest.raises(InputError, match="do not match"):
        t50_from_curve(READER, y[:-1])
    with pytest.raises(InputError, match="point 3 is not finite"):
        t50_from_curve(READER, np.where(np.arange(200) == 3, np.nan, y))
    with pytest.raises(InputError, match=r"360\.0 s comes before 360\.0 s"):
        t50_from_curve(np.where(np.arange(200) == 3, 360.0, READER), y)
    with pytest.raises(UnknownNameError, match="midpont"):
        t50_from_curve(READER, y, method="midpont")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="maybe"):
        t50_from_curve(READER, y, single_rise="maybe")  # type: ignore[arg-type]


def test_fraction_crosses_its_level_between_samples() -> None:
    # PCHIP is exact on a straight line.
    assert t50_from_fraction([0.0, 100.0, 200.0, 300.0], [0.0, 0.3, 0.6, 0.9]) == pytest.approx(
        500.0 / 3.0, rel=1e-12
    )
    fraction = expit((READER - 20000.0) / 1500.0)
    # monotone cubic on samples 0.12 of the time scale apart: 1e-3 of the spacing
    assert t50_from_fraction(READER, fraction) == pytest.approx(20000.0, abs=0.5)
    expected = 20000.0 + 1500.0 * np.log(0.05 / 0.95)
    assert t50_from_fraction(READER, fraction, level=0.05) == pytest.approx(expected, abs=0.5)


def test_fraction_without_solid_or_without_crossing() -> None:
    assert np.isnan(t50_from_fraction([0.0, 1.0, 2.0], [0.0, 0.1, 0.2]))
    assert np.isnan(t50_from_fraction([0.0, 1.0], [np.nan, np.nan]))
    assert np.isnan(t50_from_fraction([], []))
    # the first solid is already crystalline
    assert t50_from_fraction([0.0, 5.0, 9.0], [np.nan, 0.8, 0.9]) == 5.0
    # the first of two crossings
    got = t50_from_fraction([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0, 1.0])
    assert 0.0 < got < 1.0


def test_bad_fractions_are_refused() -> None:
    with pytest.raises(InputError, match="do not match"):
        t50_from_fraction([0.0, 1.0], [0.5])
    with pytest.raises(InputError, match="not finite"):
        t50_from_fraction([0.0, 1.0], [0.0, np.inf])
    with pytest.raises(InputError, match="level 50"):
        t50_from_fraction([0.0, 1.0], [0.0, 1.0], level=50)
