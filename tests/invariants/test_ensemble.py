"""The ensemble gives the answers of the reference solver, whatever shares its lanes and threads."""

import numpy as np
import pytest

from calcikin import load
from calcikin.assays.nephelometry import Optics, collected_form_factor
from calcikin.model.modelfile import scenario_names
from calcikin.simulate.many import SPACING, _table, curve_of, run_many
from calcikin.simulate.points import lay_out
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.run import default_times
from calcikin.solvers.ensemble import best_width, integrate_many
from calcikin.solvers.status import Status

RNG = np.random.default_rng(4)
N = 13  # not a multiple of any number of lanes
COLUMNS = {
    "serum.Mg": RNG.uniform(0.5, 1.4, N),
    "serum.Pi": RNG.uniform(0.8, 2.0, N),
    "serum.albumin": RNG.uniform(30.0, 50.0, N),
}
TIMES = np.array([0.0, 60.0, 3600.0, 4 * 3600.0, 12 * 3600.0])


def _integrate(model, columns, n, *, rtol=1e-4, order=None, **options):
    (points,), refused = lay_out(model, columns, {}, n)
    assert not refused
    rows = np.arange(n) if order is None else order
    z0 = np.hstack([points.y, points.x])[rows]
    atol = model.tolerances(rtol)
    return integrate_many(
        model.compiled, points.q[rows], z0, points.duration, rtol=rtol, atol=atol, **options
    )


@pytest.mark.parametrize("name", scenario_names())
def test_agrees_with_radau_on_every_model(name: str) -> None:
    # rtol 1e-8 for ours, 1e-11 for Radau: what is left is ours, and the front where the ACP
    # vanishes multiplies it by ten
    model = load(name)
    times = np.array([0.0, 1.0, 60.0, 600.0, 0.1, 0.3, 1.0])
    times[4:] *= model.duration
    reference = model.simulate(solver="radau", rtol=1e-11, times=times)
    found = model.simulate(solver="ensemble", rtol=1e-8, times=times)
    assert reference.ok
    assert found.ok, found.reason
    # of every state, what is more than its absolute tolerance at rtol 1e-4
    floor = model.tolerances(1e-4) * 1e4
    error = np.abs(found.y - reference.y) / (np.abs(reference.y) + floor)
    assert error.max() < 1e-6


def test_every_width_takes_the_same_steps() -> None:
    model = load("t50_serum")
    scalar = _integrate(model, COLUMNS, N, width=1, threads=1)
    lanes = _integrate(model, COLUMNS, N, width=best_width(), threads=1)
    assert np.all(scalar.status == Status.OK)
    # The compiler may fuse a multiplication with an addition in one width and not in the other;
    # that rounding decides about a step in a hundred where a population vanishes.
    assert np.abs(scalar.steps - lanes.steps).max() <= 0.02 * scalar.steps.max()
    amounts = np.abs(scalar.last) > 1e-9
    np.testing.assert_allclose(lanes.last[amounts], scalar.last[amounts], rtol=1e-4)


def test_a_trajectory_does_not_feel_its_neighbours() -> None:
    model = load("t50_serum")
    one = _integrate(model, COLUMNS, N, threads=1)
    order = np.random.default_rng(0).permutation(N)
    other = _integrate(model, COLUMNS, N, order=order, threads=2)
    assert np.array_equal(other.last, one.last[order])
    assert np.array_equal(other.steps, one.steps[order])


def test_output_times_do_not_change_the_answer() -> None:
    model = load("t50_serum")
    few = _integrate(model, COLUMNS, N, times=TIMES)
    many = _integrate(model, COLUMNS, N, times=np.union1d(TIMES, np.linspace(0.0, 1e5, 300)))
    assert np.array_equal(few.last, many.last)
    at = np.isin(np.union1d(TIMES, np.linspace(0.0, 1e5, 300)), TIMES)
    assert np.array_equal(few.dense, many.dense[:, at])


def test_t50_on_the_way_is_that_of_the_whole_curve() -> None:
    model = load("t50_serum")
    names = ["t50", "t50_crystalline"]
    alone = run_many(model, COLUMNS, {}, get_readouts(names), N)
    kernel = run_many(model, COLUMNS, {}, get_readouts([*names, "HAP_end"]), N)
    whole = run_many(model, COLUMNS, {}, get_readouts([*names, "acp_max"]), N)
    assert not kernel.status.any()
    for name in names:
        # the same steps, samples and equations; the spline begins later, which dies out before the
        # rise, and two PCHIP interpolants differ at their first knot at most
        np.testing.assert_allclose(kernel.values[name], whole.values[name], rtol=1e-6)
        # times alone come from a method of order 4 at ten times the tolerance: 2.6e-4 was the
        # largest error over 512 sera
        np.testing.assert_allclose(alone.values[name], whole.values[name], rtol=5e-4)


def test_t50_is_that_of_a_tight_reference() -> None:
    model = load("t50_serum")
    found = run_many(model, COLUMNS, {}, get_readouts(["t50", "HAP_end"]), N)
    for k in (0, 5, 11):
        variant = model.with_({name: float(column[k]) for name, column in COLUMNS.items()})
        reference = variant.simulate(solver="radau", rtol=1e-9)
        # min; the default tolerance is meant for 0.02 min, a thirtieth of the assay's reading step
        assert abs(found.values["t50"][k] - reference.t50()) < 0.02
        hap = 1e3 * reference.phases["HAP"][-1]
        assert found.values["HAP_end"][k] == pytest.approx(hap, rel=1e-4)


def test_no_transition_is_said() -> None:
    table = run_many(
        load("t50_serum"),
        {"serum.Mg": np.array([0.8, 5.0])},
        {},
        get_readouts(["t50"]),
        2,
    )
    assert table.status.tolist() == [0, 0]
    assert np.isfinite(table.values["t50"][0])
    assert np.isnan(table.values["t50"][1])
    assert "no transition" in table.reason[1]


def test_columns_are_laid_out_as_single_models_are() -> None:
    model = load("t50_serum")
    columns = {
        "serum.Mg/serum.Ca": np.array([0.1, 0.2, 0.4, 0.3]),
        "serum.Ca": np.array([2.2, 2.4, 2.6, 2.5]),
        "serum.fetuin": np.array([0.3, 0.4, 0.5, 0.6]),
        "pH": np.array([7.3, 7.4, 7.5, 7.45]),
        "temperature": np.array([37.0, 37.0, 25.0, 25.0]),
        "acp_gamma": np.array([0.039, 0.04, 0.041, 0.042])
        * model.scenario.parameters.get("acp_gamma").value
        / 0.04,
    }
    switches = {
        "phosphate_complexation": np.array([True, False, True, False]),
        "atp_shielding": np.array([False, True, True, True]),
    }
    groups, refused = lay_out(model, columns, switches, 4)
    assert not refused
    assert sorted(r for g in groups for r in g.rows.tolist()) == [0, 1, 2, 3]
    for group in groups:
        for k, row in enumerate(group.rows.tolist()):
            variant = model.with_(
                {name: float(column[row]) for name, column in columns.items()},
                switch_off=[name for name, flag in switches.items() if not flag[row]],
            )
            q = variant.parameter_vector()
            # sums and products in another order
            np.testing.assert_allclose(group.q[k], q, rtol=1e-13)
            np.testing.assert_allclose(group.y[k], variant.initial_state(q), rtol=1e-9, atol=1e-20)
            assert group.duration == variant.duration


def test_a_refused_point_is_a_row_and_the_rest_is_run() -> None:
    table = run_many(
        load("t50_serum"),
        {"serum.Mg": np.array([0.8, 900.0, np.nan, -1.0])},
        {},
        get_readouts(["t50"]),
        4,
    )
    assert table.status[0] == Status.OK
    assert np.all(table.status[1:] == Status.BAD_INPUT)
    assert "plausible" in table.reason[1]
    assert "finite" in table.reason[2]
    assert "negative" in table.reason[3]


def test_form_factor_table_is_exact_enough() -> None:
    radius = np.random.default_rng(1).uniform(0.0, 2e-6, 2000)
    table = _table(Optics())
    at = radius / SPACING
    k = at.astype(int)
    u = at - k
    value = (1 - u) ** 2 * ((1 + 2 * u) * table[k, 0] + u * SPACING * table[k, 1])
    value += u**2 * ((3 - 2 * u) * table[k + 1, 0] - (1 - u) * SPACING * table[k + 1, 1])
    exact = collected_form_factor(radius)
    assert np.max(np.abs(value - exact) / exact) < 1e-6


def test_the_curve_of_a_run_is_the_light_of_its_result() -> None:
    from calcikin.compiler.curves import fraction_and_light

    model = load("t50_serum")
    result = model.simulate()
    curve = curve_of(model, model.duration, stop=False)
    volumes = model.parameter_vector()[curve.volume_slots]
    for k in range(0, result.t.size, 97):
        share, light = fraction_and_light(
            result.y[k], volumes, curve.place, curve.optics, curve.table, curve.spacing
        )
        # the table's interpolation
        assert light == pytest.approx(result.light[k], rel=1e-6, abs=1e-12)
        assert share == pytest.approx(result.crystalline_fraction[k], rel=1e-12, abs=1e-15)
    assert np.array_equal(curve.times, default_times(model.duration))


# ---- the four pitfalls -------------------------------------------------------------------------


def test_explosive_nucleation_is_not_stepped_over() -> None:
    # A slurry without proteins: everything happens within seconds of a silent start.
    model = load("acp_slurry")
    loose = model.simulate(solver="ensemble", rtol=1e-3)
    tight = model.simulate(solver="radau", rtol=1e-9)
    k = int(np.searchsorted(tight.t, 600.0))
    assert tight.phases["ACP"][k] > 1e-4
    assert loose.phases["ACP"][k] == pytest.approx(tight.phases["ACP"][k], rel=1e-2)


def test_totals_do_not_go_negative() -> None:
    # PPi and ATP are used up within the run
    model = load("t50_serum")
    columns = {"serum.Pi": np.linspace(0.5, 3.0, 16), "serum.Ca": np.linspace(1.5, 3.5, 16)}
    found = _integrate(model, columns, 16, times=default_times(model.duration))
    assert np.all(found.status == Status.OK)
    network = model.scenario.network
    for i, state in enumerate(network.states):
        if state.component is not None and not state.signed:
            assert found.dense[:, :, i].min() > -200.0 * model.tolerances(1e-4)[i], state.name


def test_what_is_absent_stays_absent() -> None:
    # Slurries too thin for ACP, and without Mg: traces of 1e-99 mol/L went back and forth between
    # nothing and nothing, and the logarithm of the free Mg with them.
    columns = {"Ca": np.array([5.0, 3.0, 3.0, 0.1]), "Pi": np.array([3.0, 6.0, 1.8, 6.0])}
    for rtol in (1e-4, 1e-6, 1e-7):
        table = run_many(load("acp_slurry"), columns, {}, get_readouts(["HAP_end"]), 4, rtol=rtol)
        assert not table.status.any(), table.reason


def test_what_is_gone_is_nothing_and_its_matter_is_in_solution() -> None:
    model = load("t50_serum")
    network = model.scenario.network
    found = _integrate(model, COLUMNS, N, times=TIMES)
    for name in ("acp", "cpp1"):
        (population,) = (p for p in network.populations if p.name == name)
        amount = found.dense[:, :, network.index(population.amount)]
        assert np.all(amount.max(axis=1) > 1e-4)
        # nucleation has not ended, but what it makes is nothing
        assert np.all(np.abs(found.last[:, network.index(population.amount)]) < 1e-30)
    start, end = found.dense[:, 0, : len(network.states)], found.last[:, : len(network.states)]
    for row in network.conserved()[1]:
        # rounding of some 200 steps
        scale = np.abs(start * row).sum(axis=1)
        assert np.all(np.abs(((end - start) * row).sum(axis=1)) < 1e-13 * scale)


@pytest.mark.slow
def test_random_inputs_end_with_a_number_or_a_status() -> None:
    # Inputs over their whole plausible windows; the step limit bounds the time.
    model = load("t50_serum")
    rng = np.random.default_rng(9)
    n = 2000
    columns = {}
    for name, item in model.scenario.medium.inputs.items():
        low, high = item.window
        columns[name] = np.exp(rng.uniform(np.log(max(low, 1e-3 * high)), np.log(high), n))
        columns[name][rng.random(n) < 0.05] = 0.0
    table = run_many(model, columns, {}, get_readouts(["crystalline_fraction"]), n)
    sound = table.status == Status.OK
    assert np.isfinite(table.values["crystalline_fraction"][sound]).all()
    assert np.nanmax(table.balance_error[sound]) < 1e-8
    for k in np.flatnonzero(~sound):
        assert table.reason[k]
        assert np.isnan(table.values["crystalline_fraction"][k])
    # what fails is far from any blood: a few in a thousand
    assert (~sound).mean() < 0.01
    assert not (table.status == Status.STEP_LIMIT).any()
