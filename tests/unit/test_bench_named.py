"""Solvers beside each other: error norm, interpolation, what a report holds, what is missing.

No time is ever asserted.
"""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest

from calcikin import bench, plots
from calcikin.bench import named
from calcikin.bench.batch import BOX, Reference, reference_of, serum_batch, stiff_batch
from calcikin.bench.comparison import Comparison
from calcikin.bench.ladder import Effort, Ladder, Rung, climb
from calcikin.bench.norm import matched_value, summary, trajectory_errors
from calcikin.bench.peers import OURS, PEERS
from calcikin.bench.peers.base import Solver, Trajectories
from calcikin.bench.peers.diffsol import model_program
from calcikin.bench.peers.ensemble import LANES
from calcikin.bench.peers.scipy import LSODA
from calcikin.bench.processes import in_fresh_process
from calcikin.bench.scaling import sizes_up_to
from calcikin.errors import InputError, OutOfRangeError, SimulationError, UnknownNameError
from calcikin.extras import library
from calcikin.simulate.model import load


# ---- the norm ------------------------------------------------------------------------------------
def test_error_of_an_exponential_that_is_known() -> None:
    # y = exp(-k t) against exp(-k (1 + d) t), one state: the error is largest where
    # |exp(-kt) - exp(-k(1+d)t)| / (scale + exp(-kt)) is, here evaluated on the same times
    t = np.linspace(0.0, 5.0, 101)
    exact, off = np.exp(-t), np.exp(-1.01 * t)
    y = np.stack([exact, off, np.full_like(t, np.nan)])[:, :, None]
    reference = np.broadcast_to(exact[:, None], (3, t.size, 1))
    found = trajectory_errors(y, reference, np.array([0.0]))
    assert found[0] == 0.0
    # without a scale the error is 1 - exp(-0.01 t), largest at the end
    assert found[1] == pytest.approx(1.0 - math.exp(-0.05), rel=1e-12)
    assert math.isnan(found[2])
    # with a scale far above the state it is the absolute difference over the scale
    scaled = trajectory_errors(y[:2], reference[:2], np.array([1e9]))
    assert scaled[1] == pytest.approx(np.abs(exact - off).max() / 1e9, rel=1e-8)


def test_error_takes_the_worst_state_and_time() -> None:
    reference = np.ones((1, 2, 3))
    y = reference.copy()
    y[0, 1, 2] += 0.1
    y[0, 0, 1] += 0.3
    assert trajectory_errors(y, reference, np.zeros(3))[0] == pytest.approx(0.3)
    assert trajectory_errors(y, reference, np.array([0.0, 9.0, 0.0]))[0] == pytest.approx(0.1)


def test_summary_counts_failures_apart() -> None:
    found = summary(np.array([1e-4, 1e-2, np.nan, 1e-3]))
    assert found.geomean == pytest.approx(1e-3)
    assert (found.worst, found.failed, found.count) == (1e-2, 1, 4)
    # an exact hit counts as round-off, so that one of them does not make the mean zero
    assert summary(np.array([0.0])).geomean == pytest.approx(np.finfo(float).eps, rel=1e-12)
    assert math.isnan(summary(np.array([np.nan])).geomean)


def test_matched_value_is_exact_for_a_power_law() -> None:
    errors = [1e-2, 1e-3, 1e-5]
    values = [e**-0.5 for e in errors]
    # value = error^-1/2, so that at 1e-4 it is 100, whatever the spacing
    assert matched_value(errors, values, 1e-4) == pytest.approx(100.0)
    assert matched_value(errors, values, 1e-6) is None
    assert matched_value(errors, values, 1e-1) is None
    assert matched_value([1e-5, 1e-3, 1e-5], [1.0, 2.0, 8.0], 1e-4) == pytest.approx(4.0)


# ---- ladders -------------------------------------------------------------------------------------
def made_up(name: str, role: str, failing: float = 0.0) -> Solver:
    """A solver whose answers are the reference times 1 + rtol; it fails above ``failing``."""

    def load(batch):  # type: ignore[no-untyped-def]
        reference = exact(batch)

        def run(start: int, stop: int, rtol: float) -> Trajectories:
            y = reference[start:stop] * (1.0 + rtol)
            if rtol > failing > 0.0:
                y = y * np.nan
            return Trajectories(y)

        return run

    return Solver(name, role, "made up", load, loosest=1e-3)


def exact(batch) -> np.ndarray:  # type: ignore[no-untyped-def]
    return 1.0 + np.ones((batch.size, batch.times.size, batch.scale.size))


def reference(batch, n: int) -> Reference:  # type: ignore[no-untyped-def]
    return Reference(exact(batch)[:n], "made up", "nothing", 0.0, 0)


def silent(words: str) -> None:
    del words


def test_a_ladder_encloses_the_target_and_ends() -> None:
    batch = stiff_batch("hires", 4)
    told: list[str] = []
    solver = made_up("a", "ours")
    effort = Effort(seconds=0.0, repeats=1)
    ladder = climb(solver, batch, reference(batch, 4), effort, told.append)
    errors = [rung.error for rung in ladder.rungs]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > effort.target > errors[-1]
    assert [rung.rtol for rung in ladder.rungs] == [1e-3, 1e-4, 1e-5]
    # no processor time is given, so that each tolerance has what the first call is given
    assert [rung.trajectories for rung in ladder.rungs] == [1, 1, 1]
    assert told[0] == "a: loading"
    # one that begins too tight is loosened
    tight = Solver("b", "peer", "made up", solver.load, loosest=1e-6)
    loosened = climb(tight, batch, reference(batch, 4), effort, silent)
    assert loosened.rungs[0].error > effort.target


def test_failed_trajectories_are_no_precision() -> None:
    batch = stiff_batch("hires", 4)
    solver = made_up("a", "peer", failing=5e-4)
    ladder = climb(solver, batch, reference(batch, 4), Effort(seconds=0.0, repeats=1), silent)
    assert math.isnan(ladder.rungs[0].error)
    row = Comparison(batch, reference(batch, 4), (ladder,), Effort()).results()[0]
    assert row["failed"] == 0
    assert row["rtol"] <= 5e-4


def rung(rtol: float, error: float, time_s: float) -> Rung:
    return Rung(rtol, time_s, time_s, 3, np.full(3, error))


def test_ratio_is_taken_at_equal_error() -> None:
    batch = stiff_batch("hires", 3)
    # ours: error rtol, time rtol^-1/2; the peer is ten times slower at each error, but a hundred
    # times less accurate than asked: at the same rtol it would look equally fast
    ours = Ladder(
        made_up("lanes", "ours"),
        tuple(rung(r, r, r**-0.5) for r in (1e-3, 1e-5)),
    )
    peer = Ladder(
        made_up("theirs", "peer"),
        tuple(rung(r, 1e2 * r, 10.0 * (1e2 * r) ** -0.5) for r in (1e-5, 1e-7)),
    )
    gone = Ladder(made_up("gone", "peer"), missing="it is not installed")
    report = Comparison(batch, reference(batch, 3), (ours, peer, gone), Effort())
    first, second = report.results()
    assert first["ratio_to_ensemble"] == pytest.approx(1.0)
    assert first["matched"]["rate"] == pytest.approx(1e-2)  # time 100 at error 1e-4
    assert second["ratio_to_ensemble"] == pytest.approx(10.0)
    assert report.missing() == [{"solver": "gone", "role": "peer", "reason": "it is not installed"}]
    # a ladder that does not reach the error has no ratio, rather than a guess
    short = Ladder(peer.solver, peer.rungs[:1])
    alone = Comparison(batch, reference(batch, 3), (ours, short), Effort()).results()[1]
    assert alone["ratio_to_ensemble"] is None
    assert alone["matched"] is None


# ---- batches -------------------------------------------------------------------------------------
def test_batches_begin_alike_and_hold_the_healthy_serum() -> None:
    few, many = serum_batch(3), serum_batch(9)
    np.testing.assert_array_equal(few.q, many.q[:3])
    np.testing.assert_array_equal(few.y0, many.first(3).y0)
    healthy = load("t50_serum").input_values()
    assert few.variant is not None
    first, second = (few.variant(k).input_values() for k in (0, 1))
    assert {name: first[name] for name in BOX} == {name: healthy[name] for name in BOX}
    assert all(low <= second[name] <= high for name, (low, high) in BOX.items())
    # what is made from columns is what the model itself says
    np.testing.assert_allclose(few.q[1], few.variant(1).parameter_vector(), rtol=1e-14)


def test_reference_is_confirmed_by_a_method_that_shares_no_code() -> None:
    found = reference_of(stiff_batch("hires", 2), 2, checked=2)
    # two solves at rtol 1e-10 and 1e-11, whose errors over the tolerance are some ten
    assert 0.0 < found.difference < 1e-8
    assert found.checked == 2


@pytest.mark.parametrize("name", ["robertson", "hires"])
@pytest.mark.parametrize("solver", [*OURS, *PEERS], ids=lambda s: s.name)
def test_every_solver_that_is_there_solves_the_test_problems(name: str, solver: Solver) -> None:
    batch = stiff_batch(name, 2)
    missing = ""
    try:
        run = solver.load(batch)
    except InputError as error:
        missing = error.what
    if missing:
        assert solver in PEERS[3:]  # SciPy and ours are always there
        assert "is not" in missing
        return
    tight = reference_of(batch, 2, checked=0)
    errors = trajectory_errors(run(0, 2, 1e-7).y, tight.y, batch.scale)
    # each controls the error of a step, not of the run: three orders of magnitude are for that
    assert errors.max() < 1e-4


def test_scipy_solves_the_model_as_the_ensemble_does() -> None:
    batch = serum_batch(2)
    tight = reference_of(batch, 2, checked=0)
    for solver in (LANES, LSODA):
        errors = trajectory_errors(solver.load(batch)(0, 2, 1e-7).y, tight.y, batch.scale)
        assert errors.max() < 1e-4


# ---- peers ---------------------------------------------------------------------------------------
def test_a_missing_library_is_named_with_what_to_install() -> None:
    with pytest.raises(
        InputError, match="this solver needs nowhere_lsoda, which is not installed"
    ) as caught:
        library("nowhere_lsoda", "bench", "this solver")
    assert caught.value.hint == "pip install 'calcikin[bench]'"

    def load(batch):  # type: ignore[no-untyped-def]
        library("nowhere_lsoda", "bench", "this solver")

    batch = stiff_batch("hires", 1)
    absent = Solver("nowhere", "peer", "nothing", load)
    ladder = climb(absent, batch, reference(batch, 1), Effort(), silent)
    assert ladder.rungs == ()
    assert ladder.missing == (
        "this solver needs nowhere_lsoda, which is not installed (pip install 'calcikin[bench]')"
    )


def test_a_library_that_breaks_is_named_and_ours_is_not_excused() -> None:
    batch = stiff_batch("hires", 1)

    def load(batch):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError("of theirs")

    theirs = Solver("theirs", "peer", "nothing", load)
    ladder = climb(theirs, batch, reference(batch, 1), Effort(), silent)
    assert ladder.missing == "ZeroDivisionError: of theirs"
    with pytest.raises(ZeroDivisionError):
        climb(Solver("ours", "ours", "nothing", load), batch, reference(batch, 1), Effort(), silent)


def test_the_model_is_written_in_diffsl() -> None:
    model = load("t50_serum")
    program = model_program(model, model.tolerances(1.0))
    states = [s.name for s in model.scenario.network.states]
    # the states, then the free cations and the activity coefficient
    assert program.text.count(" = p") >= len(states) + 6
    assert program.inputs[0] == "total__Ca"
    assert "max(" not in program.text  # which ends its compiler, and the process with it


# ---- reports -------------------------------------------------------------------------------------
@cache
def sweep() -> bench.NamedReport:
    return bench.measure("sweep", n=8, quick=True)


def test_report_of_the_sweep() -> None:
    data = sweep().to_dict()
    assert data["machine"]["cpu"]
    assert [row["solver"] for row in data["results"]] == [solver.name for solver in OURS]
    for row in data["results"]:
        assert {
            "solver",
            "role",
            "rtol",
            "trajectories_per_s_per_core",
            "error_geomean",
            "error_worst",
            "ratio_to_ensemble",
        } <= set(row)
        assert row["role"] == "ours"
        assert row["error_geomean"] <= row["error_worst"]
        assert row["trajectories_per_s_per_core"] > 0.0
    assert data["results"][0]["ratio_to_ensemble"] == pytest.approx(1.0)
    # lanes and scalar take the same steps
    first, second = (
        [row["error_geomean"] for row in data["work_precision"] if row["solver"] == solver.name]
        for solver in OURS
    )
    np.testing.assert_allclose(first, second, rtol=1e-3)
    assert "null where" in data["correction"]
    assert data["matched_error"] == 1e-4
    assert data["threads"][0]["threads"] == 1
    assert data["missing"] == []
    assert sweep().sound
    json.dumps(data)


def test_tables_and_figure() -> None:
    text = sweep().table()
    for words in ("ensemble lanes", "ensemble scalar", "ratio", "threads"):
        assert words in text
    assert "nan" not in text
    (axes,) = sweep().figure().axes
    assert {line.get_label() for line in axes.lines} >= {solver.name for solver in OURS}
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_peers_that_failed_leave_gaps_in_the_figure() -> None:
    rows = sweep().to_dict()["work_precision"]
    gap = {**rows[0], "solver": "theirs", "role": "peer", "error_geomean": None}
    (axes,) = plots.bench_solvers([*rows, gap]).axes
    theirs = next(line for line in axes.lines if line.get_label() == "theirs")
    assert np.isnan(theirs.get_ydata()).all()
    with pytest.raises(InputError, match="has no 'role'"):
        plots.bench_solvers([{"solver": "theirs"}])


def test_one_run_and_kernels() -> None:
    run = bench.measure("t50", quick=True).to_dict()
    assert [row["solver"] for row in run["results"]] == ["ensemble scalar", "SciPy LSODA"]
    assert run["default_run"]["status"] == "ok"
    kernels = bench.measure("rhs", quick=True)
    assert {row["kernel"] for row in kernels.to_dict()["results"]} >= {"rhs", "jacobian", "twin"}
    assert "t50_serum" in kernels.table()
    with pytest.raises(InputError, match="no figure of rhs"):
        kernels.figure()


def test_speciation_beside_phreeqc() -> None:
    report = bench.measure("speciation", n=500, peers=True, quick=True)
    data = report.to_dict()
    assert data["results"][0]["ratio_to_kernels"] == pytest.approx(1.0)
    peers = [row for row in data["results"] if row["role"] == "peer"]
    assert len(peers) + len(data["missing"]) == 2
    for row in peers:
        # 1.7e-6 at either tolerance: digits of constants in the two programs, not convergence
        assert row["difference"] < 1e-5
    for row in data["robustness"]:
        assert row["found"] == row["waters"]
    assert "adversarial" in report.table()


def test_memory_of_a_fresh_process_is_its_own() -> None:
    held = np.ones(40_000_000)  # 320 MB in this process
    peak = in_fresh_process("stages['answer'] = sum(range(10))")
    assert peak["answer"] == 45
    # an interpreter alone takes some 10 MB; Linux would add what its parent held
    assert peak["peak_memory_MB"] is None or peak["peak_memory_MB"] < 0.5 * held.nbytes / 2**20
    with pytest.raises(SimulationError, match="could not run") as caught:
        in_fresh_process("raise ValueError('so it is')")
    assert caught.value.hint == "ValueError: so it is"


def test_sizes() -> None:
    assert sizes_up_to(1_000_000) == [100, 1000, 10_000, 100_000, 1_000_000]
    assert sizes_up_to(64) == [64]
    assert sizes_up_to(5000) == [100, 1000, 5000]


def test_names_and_numbers_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="sweep"):
        bench.measure("sweeep")
    with pytest.raises(InputError, match="rhs has no number"):
        bench.measure("rhs", n=3)
    with pytest.raises(OutOfRangeError):
        bench.measure("sweep", n=0)
    assert set(named.NAMES) == {"speciation", "rhs", "t50", "sweep", "robertson", "hires"}
