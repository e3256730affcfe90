"""`calcikin fit`: the files that it writes, variants, and what cannot be."""

from __future__ import annotations

import json

import pytest
from tests.small_calibrations import GROWTH_RATE, half_time, write

from calcikin.calibration import load_calibration, load_posterior
from calcikin.calibration.stored import evidence_of, load_report, profiles_of
from calcikin.errors import InputError
from calcikin.model.parameters import load_parameters

VARIANTS = """
[[variant]]
name = "all"

[[variant]]
name = "without"
off = ["growth_poisoning"]
"""


@pytest.fixture
def small(tmp_path):
    text = GROWTH_RATE + VARIANTS + half_time("half", 0.05, error="factor = 1.1")
    return write(tmp_path, "small", text, {"half": 90.0}, own_parameters=True)


def test_the_parameter_file_is_what_the_fit_says_and_is_written_again_alike(calcikin, small):
    result = calcikin(
        *("fit", small, "--starts", "1", "--iterations", "6", "--draws", "20", "--compare"),
        *("--profile", "all", "--write-parameters", "--json"),
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    path = small.with_name("small_parameters.toml")
    first = path.read_bytes()
    own = load_parameters(path)
    fitted = own.get("ocp_growth_rate")
    assert fitted.status == "fitted"
    assert fitted.value == told["parameters"]["ocp_growth_rate"]["value"]
    assert fitted.low < fitted.value < fitted.high
    assert load_posterior(own).samples.shape == (20, 1)
    assert [v["name"] for v in told["comparison"]["variants"]] == ["all", "without"]
    # from the optimum nothing moves, to the byte
    again = calcikin("fit", small, "--no-search", "--draws", "20", "--write-parameters", "-q")
    assert again.exit_code == 0, again.output
    assert path.read_bytes() == first

    chosen = load_calibration(small)
    report = load_report(chosen)
    assert report["stale"] == []
    known = evidence_of(report)
    assert known.names == ("ocp_growth_rate",)
    assert known.sd[0] == pytest.approx(told["parameters"]["ocp_growth_rate"]["sd_over_prior"])
    assert profiles_of(report, chosen) == ()
    (profile,) = profiles_of(told, chosen)
    assert profile.log10
    assert (profile.rise >= 0.0).all()


def test_a_report_of_other_values_says_so(calcikin, small):
    done = calcikin(
        *("fit", small, "--no-search", "--draws", "0", "-q"),
        *("--report", small.with_suffix(".report.json")),
    )
    assert done.exit_code == 0, done.output
    assert load_report(load_calibration(small))["stale"] == []
    path = small.with_name("small_parameters.toml")
    rate = load_parameters(path).get("ocp_growth_rate")
    text = path.read_text(encoding="utf-8")
    text = text.replace(f"value = {rate.value!r}", f"value = {rate.high!r}")
    path.write_text(text, encoding="utf-8")
    assert load_report(load_calibration(small))["stale"] == ["ocp_growth_rate"]
    small.with_suffix(".report.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="no report"):
        load_report(load_calibration(small))


def test_one_variant_is_fitted_and_never_shipped(calcikin, small):
    options = ("--no-search", "--draws", "0", "--json")
    result = calcikin("fit", small, "--variant", "without", *options)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["calibration"] == "small, without"
    before = small.with_name("small_parameters.toml").read_bytes()
    for wrong in (("--variant", "without"), ("-o", small.with_name("x.toml"))):
        result = calcikin("fit", small, *wrong, "--write-parameters")
        assert result.exit_code == 2
        assert "--write-parameters" in result.stderr
    result = calcikin("fit", small, "--variant", "witout")
    assert result.exit_code == 2
    assert "without" in result.stderr
    assert small.with_name("small_parameters.toml").read_bytes() == before
