"""What belongs to a project besides its code: types, environments, forms for issues."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import calcikin

ROOT = Path(__file__).resolve().parents[2]


def test_type_checkers_are_told_that_there_are_types():
    assert (Path(calcikin.__file__).parent / "py.typed").is_file()


def test_the_binder_environment_asks_for_what_there_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, *others = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").split()
    extras = re.fullmatch(r"\.\[([\w,]+)\]", first)[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])
    assert all(re.fullmatch(r"[\w-]+", other) for other in others)
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert (
        f"Programming Language :: Python :: {python.removeprefix('python-')}"
        in (project["classifiers"])
    )
    assert (ROOT / "binder" / "postBuild").stat().st_mode & 0o111


def test_every_form_for_issues_can_be_shown():
    forms = list((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))
    assert len(forms) >= 3
    for form in forms:
        head, body = form.read_text(encoding="utf-8").removeprefix("---\n").split("---\n", 1)
        assert {line.partition(":")[0] for line in head.splitlines()} == {"name", "about", "labels"}
        assert body.strip()
