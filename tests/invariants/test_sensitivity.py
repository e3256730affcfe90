"""Derivatives of a run against differences of tight runs, and of dual numbers against analysis."""

import math

import numpy as np
import pytest
from numba import njit

from calcikin import load
from calcikin.compiler.lanes import weave
from calcikin.errors import InputError, UnknownNameError
from calcikin.simulate.run import default_times
from calcikin.simulate.sensitivity import sensitivities

NAMES = ["serum.Mg", "serum.Pi", "acp_gamma", "ocp_growth_rate", "pH"]


def _sample(x, out):
    a = x[0] * x[1] - 2.0 / x[0]
    b = math.exp(-a) + math.log(x[1]) - math.log1p(x[0])
    c = max(a, b) if x[0] > 0.5 else min(a, b)
    out[0] = math.sqrt(x[0] + 1.0) * c + abs(-b)
    out[1] = x[1] ** x[0]
    out[2] = 3.0


def test_dual_numbers_are_derivatives() -> None:
    width = 4
    kernel = weave("dual_sample", [_sample], ("x", "out"), width, dual=True)

    @njit
    def once(x, out):
        kernel(x, out)

    point, direction = np.array([0.7, 1.3]), np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0], [0, 0]])
    x = np.empty(4 * width)
    for i in range(2):
        x[2 * i * width : (2 * i + 1) * width] = point[i]
        x[(2 * i + 1) * width : (2 * i + 2) * width] = direction[:, i]
    out = np.empty(6 * width)
    once(x, out)
    value = np.empty(3)
    _sample(point, value)
    for j in range(3):
        np.testing.assert_allclose(out[2 * j * width : (2 * j + 1) * width], value[j], rtol=1e-14)
    for lane, d in enumerate(direction):
        up, down = np.empty(3), np.empty(3)
        _sample(point + 1e-6 * d, up)
        _sample(point - 1e-6 * d, down)
        found = out[[(2 * j + 1) * width + lane for j in range(3)]]
        # central difference: h^2 times the third derivative, and 1e-16 / h of rounding
        np.testing.assert_allclose(found, (up - down) / 2e-6, rtol=1e-8, atol=1e-9)


@pytest.fixture(scope="module")
def run():
    return sensitivities(load("t50_serum"), NAMES, rtol=1e-7)


def test_the_run_is_the_run(run) -> None:
    reference = load("t50_serum").simulate(solver="radau", rtol=1e-9, times=run.t)
    assert run.result().ok
    # of what is more than a trace; where the ACP vanishes an error of 1e-6 in time is one of 1e-4
    floor = 1e4 * run.model.tolerances(1e-4)
    error = np.abs(run.y - reference.y) / (np.abs(reference.y) + floor)
    assert error.max() < 1e-3
    assert np.median(error.max(axis=1)) < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_states_against_differences_of_tight_runs(run, name: str) -> None:
    value = run.value(name)
    # pH acts on everything through 10^pH, gamma through the exponential of its cube; the others
    # nearly linearly over a thousandth
    step = value * {"pH": 2e-5, "acp_gamma": 2e-4}.get(name, 1e-3)
    model = run.model
    # away from the fronts, where a shift in time makes any difference of amounts as large as they
    at = [int(np.searchsorted(run.t, t)) for t in (1800.0, 3 * 3600.0, 12 * 3600.0)]
    up, down = (
        model.with_({name: value + sign * step}).simulate(
            solver="ensemble", rtol=1e-9, times=run.t[: at[-1] + 1]
        )
        for sign in (1.0, -1.0)
    )
    k = run.names.index(name)
    expected = (up.y[at] - down.y[at]) / (2.0 * step)
    # on the scale of the derivative, or of one per cent of the state itself where it is smaller
    size = np.abs(run.y[at]).max(axis=0)
    scale = np.maximum(np.abs(expected).max(axis=0), 0.01 * size / value)
    # states that are there: not what is left of the bare ACP, and beyond traces
    there = (size > 1e-3 * np.abs(run.y).max(axis=0)) & (size > 1e4 * model.tolerances(1e-4))
    error = np.abs(run.dy[k, at] - expected)[:, there] / scale[there]
    # the difference's own error: at 12 h a thousandth has moved the fronts, a second wide, by 10 s
    assert error.max() < 1e-2
    assert np.median(error) < 1e-4


def test_total_hydrogen_moves_with_the_ph_of_the_start(run) -> None:
    k, h = run.names.index("pH"), run.model.scenario.network.index("H")
    step = 1e-5
    model = run.model
    up, down = (
        variant.initial_state(variant.parameter_vector())[h]
        for variant in (model.with_({"pH": run.value("pH") + s}) for s in (step, -step))
    )
    # rounding of a speciation solved to 1e-13, over the step
    assert run.dy[k, 0, h] == pytest.approx((up - down) / (2.0 * step), rel=1e-6)


def test_readouts(run) -> None:
    found = run.readouts(["t50", "t50_crystalline", "rh_cpp1", "HAP_end"])
    model = run.model
    # readings every 2 s where the crystals appear, so that a difference wobbles by 0.01 min only
    times = np.union1d(run.t, np.arange(17400.0, 22800.0, 2.0))
    for name in ("serum.Mg", "serum.Pi"):
        value = run.value(name)
        step = 1e-2 * value
        up, down = (
            model.with_({name: value + sign * step}).simulate(
                solver="ensemble", rtol=1e-9, times=times
            )
            for sign in (1.0, -1.0)
        )
        k = run.names.index(name)
        # T50 moves by 3 min; what is left of the wobble, and the curvature, are 0.3 % of that
        t50 = (up.t50() - down.t50()) / (2.0 * step)
        assert found["t50"][k] == pytest.approx(t50, rel=5e-3)
        half = (up.t50_crystalline() - down.t50_crystalline()) / (2.0 * step)
        assert found["t50_crystalline"][k] == pytest.approx(half, rel=2e-3)
        radius = (up.peak_radius("cpp1") - down.peak_radius("cpp1")) / (2.0 * step)
        assert found["rh_cpp1"][k] == pytest.approx(radius, rel=2e-3)
        # of what is nearly all: the curvature over one per cent of Mg or Pi
        hap = 1e3 * (up.phases["HAP"][-1] - down.phases["HAP"][-1]) / (2.0 * step)
        assert found["HAP_end"][k] == pytest.approx(hap, rel=2e-3)


def test_the_derivative_of_t50_does_not_depend_on_its_readings() -> None:
    """Readings every 3 min and every 20 s; the times themselves differ by up to 0.07 min."""
    model, names = load("t50_serum"), ["serum.Mg", "acp_gamma", "ocp_growth_rate"]
    coarse = default_times(12 * 3600.0)
    fine = np.union1d(coarse, np.arange(15000.0, 24000.0, 20.0))
    first, second = (
        sensitivities(model, names, times=times, rtol=1e-7).readouts(["t50"])["t50"]
        for times in (coarse, fine)
    )
    # the spline across the kink, times what the kink moves relative to the curve around it: 0.1 to
    # 0.7 %, by where the kink lies between readings; without moving the readings 3 % and more
    np.testing.assert_allclose(first, second, rtol=1e-2)


def test_what_has_no_derivative_is_refused() -> None:
    model = load("t50_serum")
    with pytest.raises(UnknownNameError):
        sensitivities(model, ["serum.Mgg"])
    with pytest.raises(InputError, match="temperature"):
        sensitivities(model, ["temperature"])
    with pytest.raises(InputError, match="ratio"):
        sensitivities(model, ["serum.Mg/serum.Ca"])
    with pytest.raises(InputError, match="is 0"):
        sensitivities(model.with_({"serum.PPi": 0.0}), ["serum.PPi"])
