"""What holds for every figure, and how its lines and keys are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Below 8 pt print is hard to read; the figures are made at the width of the page.
SMALLEST_FONT = 8.0


def _curves(axes: Axes) -> dict[str, np.ndarray]:
    return {
        str(line.get_label()): np.asarray(line.get_ydata(), dtype=float)
        for line in axes.get_lines()
        if np.size(line.get_ydata()) > 2
    }


def _key(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


@pytest.fixture
def curves() -> Callable[[Axes], dict[str, np.ndarray]]:
    """Lines with data, by label; vertical and horizontal rules have two points."""
    return _curves


@pytest.fixture
def key() -> Callable[[Axes], list[str]]:
    """Words of a key."""
    return _key


@pytest.fixture
def house_rules() -> Callable[[Figure], None]:
    """Units on the axes, a page's width, readable letters, keys that cover no data."""

    def check(figure: Figure) -> None:
        figure.savefig(Path("/dev/null"), format="png")  # lays it out
        _axes_say_what_they_show(figure)
        assert 6.5 <= figure.get_figwidth() <= 7.0
        texts = [t for t in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if t.get_text()]
        assert texts
        assert min(t.get_fontsize() for t in texts) >= SMALLEST_FONT
        _keys_lie_on_the_page(figure)

    return check


def _axes_say_what_they_show(figure: Figure) -> None:
    for axes in figure.axes:
        across, up = axes.get_xlabel(), axes.get_ylabel()
        if axes.get_label() != "<colorbar>" and axes is figure.axes[-1]:
            assert across.endswith("]"), across
        assert up.endswith("]") or up == "pH", up
    assert any(axes.get_xlabel().endswith("]") for axes in figure.axes)


def _keys_lie_on_the_page(figure: Figure) -> None:
    page = figure.bbox
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is None:
            continue
        box = legend.get_window_extent()
        for other in figure.axes:
            assert not box.overlaps(other.get_window_extent()), other.get_ylabel()
        # half a pixel for rounding
        assert box.x0 >= -0.5
        assert box.x1 <= page.x1 + 0.5
        assert box.y0 >= -0.5
        assert box.y1 <= page.y1 + 0.5
