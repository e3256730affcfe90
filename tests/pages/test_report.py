"""Reports: what stands in them, that they refer to nothing outside, and how they look and print."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
import xarray as xr

import calcikin
from calcikin.errors import InputError
from calcikin.report import of_file, of_model, write_report
from calcikin.report.content import content
from calcikin.report.render import render
from calcikin.report.warnings import ALWAYS, warnings_of
from calcikin.simulate.dataset import save
from calcikin.sweep import save as save_sweep

OUTSIDE = re.compile(r"""(?:src|href)="(?!data:)|url\((?!data:)|@import|fetch\(""")


@pytest.fixture(scope="module")
def model():
    return calcikin.load("t50_serum").with_({"serum.Mg": "1.7 mmol/L"}, switch_off=["whitlockite"])


@pytest.fixture(scope="module")
def run(model, tmp_path_factory):
    return save(model.simulate().dataset, tmp_path_factory.mktemp("run") / "run.nc")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    table = calcikin.sweep(
        "acp_slurry", {"Mg/Ca": [0.0, 0.1, 0.3]}, read=["crystalline_fraction", "t50"], jobs=1
    )
    return save_sweep(table, tmp_path_factory.mktemp("sweep") / "mg.nc")


def test_a_run_from_a_file_and_on_the_spot_are_the_same(model, run):
    stored, made = content(of_file(run)), content(of_model(model))
    for key in ("headline", "warnings", "inputs", "choices", "sheets", "published", "provenance"):
        assert stored[key] == made[key], key


def test_a_run_says_what_was_put_in_and_what_came_out(run):
    page = render(of_file(run), "Does <b>magnesium</b> help?")
    assert "Does &lt;b&gt;magnesium&lt;/b&gt; help?" in page  # text of the user is no code
    assert "serum.Mg: 1.7 mmol/L lies outside what is usual, 0.5 to 1.6 mmol/L." in page
    assert "Pasch et al. 2012" in page
    assert "Numbers that were assumed" in page
    assert all(text in page for text in ALWAYS)
    assert json.loads(xr.load_dataset(run).attrs["provenance"])["sha256"] in page
    assert "whitlockite" in page
    assert page.count("data:image/svg+xml") == 2


def test_a_report_needs_nothing_from_outside(run, swept):
    for path in (run, swept):
        page = render(of_file(path))
        without_data = re.sub(r"data:[\w/+]+;base64,[\w+/=]+", "data:", page)
        assert not OUTSIDE.search(without_data)
        assert "default-src 'none'" in page
        assert "://" not in without_data


def test_the_data_travel_with_it(run):
    page = render(of_file(run))
    (data,) = re.findall(r'href="data:text/csv;base64,([^"]+)"', page)
    header, *rows = base64.b64decode(data).decode().splitlines()
    assert header.startswith("time [min],nephelometry")
    assert len(rows) == xr.load_dataset(run).sizes["time"]


def test_a_sweep_has_a_picture_for_each_readout_and_all_points(swept):
    made = content(of_file(swept))
    assert [picture.title for picture in made["pictures"]] == ["crystalline_fraction", "t50"]
    (points,) = made["sheets"]
    assert len(points.rows) == 3
    assert points.header[0] == "Mg/Ca"
    assert made["question"] == "How does crystalline_fraction, t50 of acp_slurry depend on Mg/Ca?"


def test_a_store_is_read_like_a_file(tmp_path):
    path = tmp_path / "mg.zarr"
    calcikin.sweep("t50_serum", {"serum.Mg": [0.8, 1.0]}, store=path)
    assert content(of_file(path))["kind"] == "sweep"


def test_more_inputs_than_a_picture_has_axes(tmp_path):
    over = {"serum.Mg": [0.8, 1.0], "serum.Ca": [2.2, 2.4], "serum.Pi": [1.0, 1.2]}
    table = calcikin.sweep("t50_serum", over, jobs=1)
    made = render(of_file(save_sweep(table, tmp_path / "three.nc")))
    assert "There is no picture of so many inputs" in made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": "25 degC"}, "25 °C"),
        ({"acp_gamma": 24.0}, "acp_gamma: 24 mJ/m2 lies outside what is plausible"),
        ({"serum.Mg": 2.5}, "beyond the 10 h"),
    ],
)
def test_what_lies_outside_is_said(changes, words):
    found = "\n".join(warnings_of(of_model(calcikin.load("t50_serum").with_(changes))))
    assert re.search(words, found)


def test_a_usual_serum_has_no_warning():
    model = calcikin.load("t50_serum").with_({"temperature": "37 degC"})
    assert warnings_of(of_model(model)) == []


def test_data_of_another_version_of_the_model_say_so(run, tmp_path):
    data = xr.load_dataset(run)
    origin = json.loads(data.attrs["provenance"]) | {"sha256": "0" * 64}
    data.attrs["provenance"] = json.dumps(origin)
    page = render(of_file(save(data, tmp_path / "old.nc")))
    assert "no longer those that were used" in page


@pytest.mark.parametrize("what", ["missing", "text", "foreign", "empty"])
def test_another_file_is_refused(tmp_path, what):
    path = tmp_path / "x.nc"
    if what == "text":
        path.write_text("no NetCDF")
    elif what == "foreign":
        xr.Dataset({"a": ("time", np.arange(3.0))}).to_netcdf(path, engine="h5netcdf")
    elif what == "empty":
        path = tmp_path / "x.zarr"
        path.mkdir()
    with pytest.raises(InputError) as caught:
        of_file(path)
    assert caught.value.where


def test_a_report_is_written_whole_or_not_at_all(run, tmp_path):
    with pytest.raises(InputError):
        write_report(of_file(run), tmp_path / "nowhere" / "report.html")
    path = write_report(of_file(run), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
