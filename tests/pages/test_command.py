"""`calcikin app` and `calcikin report` as commands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
import webbrowser

import pytest
from click.testing import CliRunner

from calcikin import extras
from calcikin.cli.main import main

PROGRAM = "import sys; from calcikin.cli.main import main; sys.exit(main(prog_name='calcikin'))"


def test_the_explorer_starts_answers_and_ends_with_ctrl_c():
    words = [sys.executable, "-c", PROGRAM, "app", "acp_slurry", "--no-browser"]
    started = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=dict(os.environ),
    )
    try:
        url = started.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(url, timeout=60) as reply:
            assert b"Research use" in reply.read()
    finally:
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=120)[1]
    assert started.returncode == 0, said
    assert "Traceback" not in said


def test_a_port_that_is_taken(monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("a browser was opened"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["app", "--port", str(port)])
    assert result.exit_code == 2
    assert f"port {port} cannot be used" in result.stderr
    assert "leave --port out" in result.stderr


def test_what_is_not_installed_is_named(monkeypatch, tmp_path):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    result = CliRunner().invoke(main, ["report", "t50_serum", "-o", str(tmp_path / "r.html")])
    assert result.exit_code == 2
    assert "pip install 'calcikin[report]'" in result.stderr


def test_a_report_of_a_model_that_is_run_for_it(tmp_path):
    out = tmp_path / "report.html"
    words = ["report", "t50_serum", "--set", "serum.Mg=1.2mmol/L", "-o", str(out)]
    result = CliRunner().invoke(main, [*words, "--question", "More magnesium?"])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"wrote {out}" in result.stderr
    assert "More magnesium?" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "t50_serum"], "-o"),
        (["report", "t50_serum", "-o", "x.pdf"], ".pdf is not a format"),
        (["report", "t50_serun", "-o", "x.html"], "t50_serum"),
        (["report", "none.nc", "-o", "x.html"], "there is no such file"),
        (["report", "none.nc", "--off", "whitlockite", "-o", "x.html"], "cannot be changed"),
        (["app", "t50_serun", "--no-browser"], "t50_serum"),
    ],
)
def test_bad_input(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []
