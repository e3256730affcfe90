"""Files are written whole or not at all, by one helper."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from calcikin import files
from calcikin.errors import OutputError


def test_a_file_takes_the_place_of_an_older_one_with_the_usual_rights(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    usual = tmp_path / "usual"
    usual.touch()
    with files.replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode == usual.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "usual"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), ValueError()])
def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path, error: Exception) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write() -> None:
        with files.replacing(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(OutputError if isinstance(error, OSError) else ValueError) as caught:
        write()
    if isinstance(caught.value, OutputError):
        assert "No space left" in caught.value.what
        assert caught.value.where == str(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(("name", "words"), [("none/a.txt", "does not exist"), (".", "a folder")])
def test_places_that_cannot_hold_a_file(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught, files.replacing(tmp_path / name):
        pytest.fail("it went on")
    assert caught.value.hint
