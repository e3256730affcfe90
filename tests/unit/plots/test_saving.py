"""How figures are saved, and what drawing leaves alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calcikin import plots
from calcikin.errors import OutputError
from calcikin.plots import canvas

Curves = Callable[[Axes], dict[str, np.ndarray]]
Key = Callable[[Axes], list[str]]
Rules = Callable[[Figure], None]


def a_figure() -> Figure:
    with canvas.page(2.0) as (figure, (axes,)):
        axes.plot([0.0, 1.0], [0.0, 1.0])
    return figure


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_saves_a_picture_with_the_usual_rights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    assert plots.save(a_figure(), path) == path
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(start)
    (tmp_path / "b").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "b").stat().st_mode
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "b"}


def test_what_cannot_be_saved_is_refused_with_the_place(tmp_path: Path) -> None:
    figure = a_figure()
    with pytest.raises(OutputError, match="does not exist"):
        plots.save(figure, tmp_path / "no" / "a.png")
    with pytest.raises(OutputError, match=r"\.docx is not a picture format"):
        plots.save(figure, tmp_path / "a.docx")
    with pytest.raises(OutputError, match="no suffix"):
        plots.save(figure, tmp_path / "a")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        plots.save(figure, tmp_path / "folder.png")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_failed_save_keeps_the_old_picture_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = a_figure()

    def fails(self: Figure, stream: Any, **_: Any) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        plots.save(figure, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_matplotlib_is_loaded_late_and_pyplot_never() -> None:
    program = (
        "import sys, calcikin.plots as p;"
        "assert 'matplotlib' not in sys.modules;"
        "f = p.threshold(dict(ratio=[0, 1], fraction=[1, 0], level=.05, bracket=(0, 1),"
        " threshold=.5, criterion='c'));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_drawing_leaves_the_settings_of_the_user_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    a_figure()
    assert dict(mpl.rcParams) == before
