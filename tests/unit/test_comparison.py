"""Variants on the same data: what they change, their criteria, and which one the data know."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm
from tests.small_calibrations import GROWTH_RATE, half_time, write

from calcikin.calibration import (
    Objective,
    compare,
    comparison_report,
    criteria,
    evidence,
    fit,
    fitted_set,
    load_calibration,
    parameter_text,
    with_variant,
    write_parameters,
)
from calcikin.calibration.jacobian import difference_jacobian, residual_jacobian
from calcikin.calibration.objective import censored, censored_slope
from calcikin.errors import InputError, ModelFileError, UnknownNameError
from calcikin.model.parameters import load_parameters
from calcikin.paths import models_dir
from calcikin.simulate.model import load

RATIOS = (0.0, 0.06, 0.12)
NOTED = GROWTH_RATE + 'note = "of the twin"\n'
VARIANTS = """
[[variant]]
name = "all"

[[variant]]
name = "without"
off = ["growth_poisoning"]
set = { pinning_width = 0.04 }

[[variant]]
name = "more"
hold = ["ocp_growth_rate"]
[[variant.parameter]]
name = "ocp_dissolution_rate"
on = "log10"
low = 1e-10
high = 1e-5
prior = 1e-7
prior_sd = 1.0
source = "assumed"
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Three half times of the model itself, with its mechanisms on."""
    folder = tmp_path_factory.mktemp("pair")
    slurry, times, text = load("acp_slurry"), {}, "seed = 1\n" + NOTED + VARIANTS
    for k, ratio in enumerate(RATIOS):
        times[f"r{k}"] = slurry.with_({"Mg/Ca": ratio}).simulate(rtol=1e-7).t50_crystalline()
        text += half_time(f"r{k}", ratio)
    return load_calibration(write(folder, "pair", text, times, own_parameters=True))


def test_criteria_are_those_of_the_papers():
    aic, corrected, bic = criteria(12.0, 20, 3)
    assert aic == 18.0
    assert corrected == 18.0 + 2.0 * 3.0 * 4.0 / 16.0
    assert bic == pytest.approx(12.0 + 3.0 * math.log(20.0), rel=1e-15)
    assert criteria(1.0, 4, 3)[1] == math.inf


def test_a_variant_changes_every_run_and_the_hash_and_no_datum(pair):
    other = with_variant(pair, "without")
    assert [d.row for d in other.datasets] == [d.row for d in pair.datasets]
    for dataset in other.datasets:
        for demand in dataset.demands:
            assert demand.point.off == ("growth_poisoning",)
            assert dict(demand.point.changes)["pinning_width"] == 0.04
    assert other.sha256 != pair.sha256
    assert [f.name for f in with_variant(pair, "more").fitted] == ["ocp_dissolution_rate"]
    assert with_variant(pair, "all").datasets == pair.datasets
    with pytest.raises(UnknownNameError, match="without"):
        with_variant(pair, "witout")


def test_the_data_know_the_mechanism_that_they_came_from(pair, tmp_path):
    state = tmp_path / "state.json"
    options = {"starts": 1, "iterations": 6, "progress": False, "state": state}
    found = compare(pair, ["all", "without"], **options)
    told = comparison_report(found)
    whole, without = told["variants"]
    assert told["data"] == len(RATIOS)
    assert whole["chi2"] < 0.01  # they are its own numbers, to 1e-4 of the solver
    assert without["delta_aic"] > 10.0  # the poisoning slows crystals by more than 2 %
    assert without["delta_ln_evidence"] < -5.0
    assert whole["weight"] > 0.99
    assert whole["delta_aic"] == 0.0
    # a comparison that was cut goes on from what each variant has kept
    assert (tmp_path / "state-without.json").is_file()
    again = compare(pair, ["without"], **options)
    assert again[0].chi2 == found[1].chi2
    shipped = load_calibration()
    with pytest.raises(InputError, match="no variants"):
        compare(with_none(shipped))


def with_none(calibration):
    from dataclasses import replace

    return replace(calibration, variants=())


def test_what_a_fit_writes_is_what_it_reads_again_to_the_byte(pair, tmp_path):
    first = fit(pair, starts=1, iterations=6, progress=False)
    text = written(first)
    folder = pair.path.parent
    base = pair.parameter_set
    known = evidence(first.objective, first.z, first.jacobian)
    for name in ("pair.csv", "pair.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    write_parameters(
        base, fitted_set(first, known, "pair"), tmp_path / "pair_parameters.toml", "pair_parameters"
    )
    again = fit(load_calibration(tmp_path / "pair.toml"), starts=0, progress=False)
    assert np.array_equal(again.z, first.z)
    assert np.array_equal(again.jacobian, first.jacobian)
    assert written(again) == text
    assert "of the twin" in text


def written(done):
    calibration = done.objective.calibration
    known = evidence(done.objective, done.z, done.jacobian)
    changed = fitted_set(done, known, "pair")
    return parameter_text(calibration.parameter_set, changed, "pair_parameters")


def test_the_shipped_parameter_file_is_as_a_fit_writes_it():
    shipped = load_parameters("default")
    assert shipped.path.read_text(encoding="utf-8") == parameter_text(shipped, {}, "default")


def test_a_bound_is_a_censored_observation(pair, tmp_path):
    """Rows with one end and no value: their residual is the probability of that side."""
    folder = pair.path.parent
    for name in ("pair.toml", "pair_parameters.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    lines = (folder / "pair.csv").read_text(encoding="utf-8").splitlines()
    for side, sign in (("above", 1.0), ("below", -1.0)):
        bounds = []
        for line in lines[1:]:
            cells = line.split(",")
            ends = (cells[5], "") if side == "above" else ("", cells[5])
            bounds.append(",".join([*cells[:5], "", cells[6], *ends, *cells[9:]]))
        text = "\n".join([lines[0], *bounds]) + "\n"
        (tmp_path / "pair.csv").write_text(text, encoding="utf-8")
        target = Objective(load_calibration(tmp_path / "pair.toml"))
        # a faster growth shortens all times: that is below
        z = target.shipped + np.array([[-0.3 * sign], [0.0], [0.3 * sign]])
        residuals, _ = target.residuals(z)
        off = np.log(target.predictions(z) / [float(x.split(",")[5]) for x in lines[1:]])
        chance = norm.cdf(sign * off / math.log(1.02))
        # the shared cap changes residuals of ten by a few per cent
        small = np.abs(residuals[:, :3]) < 2.0
        assert small[:2].all()
        assert -2.0 * np.log(chance[small]) == pytest.approx(
            residuals[:, :3][small] ** 2, rel=0.01, abs=1e-12
        )
        assert (sign * residuals[2, :3] < -2.0).all()
        exact, apart = residual_jacobian(target, z), difference_jacobian(target, z)
        # the step of differences, 0.01, is half a standard deviation, over which Phi is curved
        assert exact[1:] == pytest.approx(apart[1:], rel=0.02)


def test_a_censored_residual_is_smooth_and_nearly_a_value_beyond_the_bound():
    x = np.linspace(-20.0, 8.0, 57)
    for side in (1, -1):
        r = censored(side * x, side)
        assert (np.sign(r) == -side).all()
        assert side * r[x == 0.0][0] == pytest.approx(-math.sqrt(2.0 * math.log(2.0)), rel=1e-14)
        # -2 ln Phi(-20) is 400 but for twice the logarithm of 20 sqrt(2 pi)
        assert r[0] ** 2 == pytest.approx(
            400.0 + 2.0 * math.log(20.0 * math.sqrt(2.0 * math.pi)), rel=1e-4
        )
        step = 1e-5
        change = censored(side * x + step, side) - censored(side * x - step, side)
        assert censored_slope(side * x, side) == pytest.approx(
            change / (2.0 * step), rel=1e-6, abs=1e-9
        )
    assert censored_slope(np.array([60.0]), 1)[0] == 0.0


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ('off = ["growth_poisoning"]', 'of = ["x"]', UnknownNameError, "off"),
        ('hold = ["ocp_growth_rate"]', 'hold = ["ocp_rate"]', UnknownNameError, "ocp_growth_rate"),
        ('name = "ocp_dissolution_rate"', 'name = "ocp_growth_rate"', ModelFileError, "anyway"),
    ],
)
def test_a_variant_that_cannot_be_is_refused(pair, old, new, error, says):
    path = pair.path.parent / "bad.toml"
    text = pair.path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(error, match=says):
        load_calibration(path)


def test_variants_of_the_shipped_calibration_are_its_own():
    shipped = load_calibration()
    names = [v.name for v in shipped.variants]
    assert names == ["particle_size", "one_solubility", "coarsening", "arrested"]
    for name in names:
        other = with_variant(shipped, name)
        assert len(other.in_fit) == len(shipped.in_fit)
        models = {d.point.model for x in other.in_fit for d in x.demands}
        arrested = str((models_dir() / "calibration" / "t50_arrested.toml").resolve())
        assert (arrested in models) == (name == "arrested")
        # where 0 has no logarithm a search starts at the prior
        assert np.isfinite(Objective(other).shipped).all()
