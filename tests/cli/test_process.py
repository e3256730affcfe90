"""`calcikin` as a program: quick where nothing is computed, streams apart, silent when cut off."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = "import sys; from calcikin.cli.main import main; sys.exit(main(prog_name='calcikin'))"
#: What takes long to import. (pint imports the bare name scipy, which is quick.)
HEAVY = {
    *("numba", "xarray", "matplotlib", "pandas", "sympy", "pint"),
    *("scipy.integrate", "scipy.interpolate", "scipy.optimize"),
}


def program(*arguments, code=PROGRAM, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=500,  # a first compile on a busy machine
        **options,
    )


def imported(*arguments):
    """What of HEAVY a command has imported when it ends."""
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print(*({HEAVY!r} & set(sys.modules)), file=sys.stderr))\n"
        + PROGRAM
    )
    done = program(*arguments, code=code)
    return done, set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("--version",), 0),
        (("--help",), 0),
        (("run", "--help"), 0),
        (("nonsense",), 2),
        (("run", "t50_serum", "-o", "nowhere/run.nc"), 2),
        (("run", "t50_serum", "--solver", "x"), 2),
    ],
)
def test_what_computes_nothing_imports_nothing_heavy(arguments, exit_code):
    done, heavy = imported(*arguments)
    assert done.returncode == exit_code, done.stderr
    assert heavy == set()


def test_bad_values_are_refused_without_the_solver():
    done, heavy = imported("run", "t50_serum", "--set", "serum.Mg=20mmol/L")
    assert done.returncode == 2
    assert heavy <= {"pint"}


def test_a_run_imports_neither_datasets_nor_pictures():
    done, heavy = imported("run", "sbf", "--set", "duration=1h", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ok"
    assert heavy.isdisjoint({"xarray", "pandas", "matplotlib"})


def test_a_pipe_that_closes_early_is_no_error():
    first = subprocess.run(
        f"'{sys.executable}' -c \"{PROGRAM}\" show t50_serum | head -n 1",
        shell=True,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=500,
    )
    assert first.stdout.startswith("t50_serum: ")
    assert first.stderr == ""
