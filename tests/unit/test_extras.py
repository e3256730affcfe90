"""Optional libraries: what is said when one is missing, and what importing one must not change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from calcikin.errors import InputError
from calcikin.extras import library


def test_a_missing_library_is_named_with_its_extra() -> None:
    with pytest.raises(
        InputError, match=r"a thing needs nowhere-py, which is not installed"
    ) as got:
        library("nowhere.inner", "bench", "a thing", package="nowhere-py", where="here")
    assert (got.value.where, got.value.hint) == ("here", "pip install 'calcikin[bench]'")


def test_a_library_that_breaks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_here.py").write_text("import nowhere_at_all\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="does not load: No module named 'nowhere_at_all'"):
        library("broken_here", "bench", "a thing")


def test_importing_leaves_the_locale(tmp_path: Path) -> None:
    # as COPASI's wrapper does
    (tmp_path / "rude.py").write_text(
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\n", encoding="utf-8"
    )
    code = (
        "import locale, sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from calcikin.extras import library\n"
        "locale.setlocale(locale.LC_ALL, 'C.UTF-8')\n"
        "before = locale.getencoding(), locale.setlocale(locale.LC_ALL)\n"
        "library('rude', 'bench', 'a thing')\n"
        "assert (locale.getencoding(), locale.setlocale(locale.LC_ALL)) == before, before\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
