"""`calcikin sweep` into a store and from a file; `calcikin verify` and `calcikin cite`."""

from __future__ import annotations

import json

import pytest

import calcikin.sweep as sweep_package
from calcikin.sweep import load, zarr_files

OVER = ("--over", "Mg/Ca=0:0.2:5", "--set", "duration=10min", "--read", "pH_end")
FILE = """
model = "t50_serum"
read = ["pH_end", "ionised_Mg"]

[set]
duration = "10 min"

[design]
kind = "cohort"
seed = 3
stages = { healthy = 3, haemodialysis = 3 }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_store_and_its_summary(calcikin, tmp_path):
    out = tmp_path / "a.zarr"
    result = calcikin("sweep", "acp_slurry", *OVER, "-o", out, "--jobs", "1")
    assert result.exit_code == 0, result.output
    first, header, _, row = result.stdout.splitlines()
    assert first == "acp_slurry: 5 runs, 5 ok"
    assert header.split() == ["read-out", "unit", "numbers", "least", "median", "largest"]
    assert row.split()[:3] == ["pH_end", "1", "5"]
    assert result.stderr == f"wrote {out}\n"
    plain = calcikin("sweep", "acp_slurry", *OVER, "--jobs", "1", "--json")
    points = json.loads(plain.stdout)["points"]
    assert load(out)["pH_end"].values.tolist() == [point["pH_end"] for point in points]


def test_json_of_a_store(calcikin, tmp_path):
    out = tmp_path / "a.zarr"
    words = ("sweep", "acp_slurry", *OVER, "-o", out, "--jobs", "1", "--json", "-q")
    answer = json.loads(calcikin(*words).stdout)
    assert (answer["runs"], answer["failed"], answer["status"]) == (5, 0, {"ok": 5})
    assert answer["store"] == str(out)
    numbers = load(out)["pH_end"].values
    assert answer["summary"]["pH_end"]["least"] == numbers.min()
    assert answer["summary"]["pH_end"]["largest"] == numbers.max()
    assert "points" not in answer


def test_a_store_is_gone_on_with_and_never_overwritten(calcikin, tmp_path, monkeypatch):
    monkeypatch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 2)
    out = tmp_path / "a.zarr"
    words = ("sweep", "acp_slurry", *OVER, "-o", out, "--jobs", "1")
    assert calcikin(*words, "--resume").exit_code == 0
    again = calcikin(*words)
    assert again.exit_code == 2
    assert "nothing is overwritten" in again.stderr
    assert "--resume" in again.stderr
    chunk = out / "pH_end" / "c" / "1"
    before = chunk.read_bytes()
    chunk.unlink()
    result = calcikin(*words, "--resume")
    assert result.exit_code == 0, result.output
    assert chunk.read_bytes() == before
    other = calcikin(*words, "--resume", "--rtol", "1e-5")
    assert other.exit_code == 2
    assert "another sweep: rtol differs" in other.stderr


def test_a_stopped_sweep_says_how_to_go_on(calcikin, tmp_path, monkeypatch):
    out = tmp_path / "a.zarr"

    def stopped(*_, store, **__):
        out.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep_package, "sweep", stopped)
    result = calcikin("sweep", "acp_slurry", *OVER, "-o", out)
    assert result.exit_code == 1
    assert "note: stopped; go on with the same command and --resume" in result.stderr


def test_a_sweep_file_prints_inputs_and_labels(calcikin, file, tmp_path):
    result = calcikin("sweep", file, "--jobs", "1", "-o", tmp_path / "a.csv")
    assert result.exit_code == 0, result.output
    header, _, *rows = result.stdout.splitlines()
    assert {"stage", "serum.Mg", "pH_end", "status"} <= set(header.split())
    assert len(rows) == 6
    assert "haemodialysis" in rows[-1]
    written = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert written[0].startswith("point,serum.Ca [mmol/L],serum.Mg [mmol/L]")
    assert len(written) == 7


@pytest.mark.parametrize(
    "words",
    [
        ("--over", "serum.Mg=1,2mmol/L"),
        ("--read", "t50"),
        ("--serum", "healthy"),
        ("--set", "serum.Mg=1mmol/L"),
        ("--off", "whitlockite"),
        ("--solver", "bdf"),
        ("--rtol", "1e-5"),
    ],
)
def test_what_a_file_says_is_not_said_again(calcikin, file, words):
    result = calcikin("sweep", file, *words)
    assert result.exit_code == 2
    assert f"{words[0]} belongs into the sweep file" in result.stderr


def test_a_cohort_is_drawn_as_distributions(calcikin, file, tmp_path):
    result = calcikin("sweep", file, "--plot", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--resume",), ("only a store can be gone on with", "-o NAME.zarr")),
        (("--resume", "-o", "a.nc"), ("only a store",)),
        (("-o", "nowhere/a.zarr"), ("does not exist", "mkdir -p nowhere")),
    ],
)
@pytest.mark.usefixtures("no_long_work")
def test_bad_input(refused, words, says):
    message = refused("sweep", "t50_serum", "--over", "serum.Mg=1,2mmol/L", *words)
    for part in says:
        assert part in message


@pytest.mark.usefixtures("no_long_work")
def test_an_unwritable_folder(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("calcikin.cli.output.os.access", lambda *_: False)
    words = ("sweep", "t50_serum", "--over", "serum.Mg=1,2mmol/L", "-o", "a.zarr")
    assert "cannot be written to" in refused(*words)


# --- verify and cite ----------------------------------------------------------------------------


@pytest.fixture
def store(calcikin, tmp_path):
    out = tmp_path / "a.zarr"
    assert calcikin("sweep", "acp_slurry", *OVER, "-o", out, "--jobs", "1").exit_code == 0
    return out


def test_verify(calcikin, store):
    result = calcikin("verify", store, "--points", "3", "--seed", "4")
    assert result.exit_code == 0, result.output
    lines = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert lines["run again"].strip() == "3 of 5 points, seed 4"
    assert lines["identical"].strip() == "3, to the last bit"
    answer = json.loads(calcikin("verify", store, "--json").stdout)
    assert (answer["ok"], answer["identical"]) == (True, 5)


def test_verify_ends_with_1_when_a_number_was_changed(calcikin, store):
    import zarr

    array = zarr.open_group(store, mode="r+")["pH_end"]
    array[:] = array[:] + 0.1
    result = calcikin("verify", store)
    assert result.exit_code == 1
    assert "5 values of the sample do not agree: point 0: pH_end was" in result.stderr
    assert "Traceback" not in result.stderr


def test_verify_of_what_is_no_store(refused):
    for name in ("none.zarr", "none.nc", "t50_serum"):
        assert "cannot be read" in refused("verify", name)


def test_cite_a_store_and_a_model(calcikin, store, tmp_path):
    shown = calcikin("cite", store)
    assert shown.exit_code == 0, shown.output
    assert "varied in this sweep" in shown.stdout
    entries = json.loads(calcikin("cite", store, "--json").stdout)
    assert {"text", "doi", "used_for"} == set(entries[0])
    model = calcikin("cite", "acp_slurry")
    assert "Habraken 2013" in " ".join(model.stdout.split())
    assert max(map(len, model.stdout.splitlines())) <= 100
    table = tmp_path / "a.nc"
    assert calcikin("sweep", "acp_slurry", *OVER, "-o", table, "--jobs", "1").exit_code == 0
    assert calcikin("cite", table).stdout == shown.stdout


def test_cite_what_is_not_there(refused):
    assert "unknown model" in refused("cite", "t50_serun")
    assert "cannot be read" in refused("cite", "none.zarr")
