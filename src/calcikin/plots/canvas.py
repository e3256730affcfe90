"""The one door to matplotlib: pages, colours, labels and writing a figure to a file.

Figures are `matplotlib.figure.Figure` objects without pyplot: they need no display, belong to no
backend and leave no state behind. matplotlib is imported when the first page is opened.

Colours are those of Okabe & Ito (2008, *Color Universal Design*), told apart under all common
kinds of colour blindness; every line also has its own dashes, so that a grey print can be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calcikin.errors import InputError, OutputError
from calcikin.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Figure  # for those who hold one
    from xarray import DataArray, Dataset

#: Width of every figure [inch]: the text width of a page, so that it is printed at its own size.
PAGE_WIDTH = 6.7

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#777777"

_STYLE = {
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "hatch.linewidth": 0.7,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-3, 4),
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}

Dash = str | tuple[float, tuple[float, ...]]


class Stroke(NamedTuple):
    """Colour and dashes of one named line; hatch of the area below it."""

    colour: str
    dash: Dash
    hatch: str = ""


#: One stroke per solid population, the same in every figure, in the order of the pathway.
PHASES: Mapping[str, Stroke] = {
    "ACP": Stroke(ORANGE, (0.0, (1.0, 1.2)), "...."),
    "CPP1": Stroke(BLUE, "-", ""),
    "CPP2": Stroke(VERMILION, (0.0, (7.0, 2.0)), "////"),
    "HAP": Stroke(BLACK, (0.0, (6.0, 2.0, 1.2, 2.0)), "\\\\\\\\"),
    "WH": Stroke(GREEN, (0.0, (4.0, 1.5, 1.2, 1.5, 1.2, 1.5)), "xxxx"),
}

#: Dissolved totals.
DISSOLVED: Mapping[str, Stroke] = {
    "Ca": Stroke(BLUE, "-"),
    "Mg": Stroke(GREEN, (0.0, (6.0, 2.0))),
    "Pi": Stroke(VERMILION, (0.0, (6.0, 2.0, 1.2, 2.0))),
}

_PRETTY = {"umol/L": "µmol/L", "degC": "°C", "um": "µm"}


@contextmanager
def styled() -> Iterator[None]:
    """The house style, for what is drawn inside the ``with`` block."""
    from matplotlib import rc_context

    with rc_context(_STYLE):  # type: ignore[arg-type]
        yield


@contextmanager
def page(
    height: float,
    rows: int = 1,
    *,
    heights: tuple[float, ...] | None = None,
    sharex: bool = True,
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Open a page of panels, one above the other.

    Parameters
    ----------
    height : float
        Of the figure [inch].
    rows : int
        Number of panels.
    heights : tuple of float, optional
        Relative heights of the panels.
    sharex : bool
        Whether they have a common horizontal axis.

    Yields
    ------
    Figure, list of Axes
        The house style holds for what is drawn inside the ``with`` block.
    """
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=(PAGE_WIDTH, height), layout="constrained")
        panels = figure.subplots(
            rows, 1, sharex=sharex, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        yield figure, list(panels[:, 0])


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 200) -> Path:
    """Write a figure to a file, whole or not at all.

    Parameters
    ----------
    figure : Figure
        Any matplotlib figure.
    path : path-like
        The suffix chooses the format: .png, .pdf, .svg, ...
    dpi : int
        Dots per inch of pixel formats.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OutputError
        When the folder does not exist or cannot be written to, the path is a folder, or the
        suffix is not that of a picture.
    """
    path = Path(path)
    known = figure.canvas.get_supported_filetypes()
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in known:
        raise OutputError(
            f"{path.suffix or 'no suffix'} is not a picture format",
            where=str(path),
            hint="end the name in " + ", ".join(f".{k}" for k in ("png", "pdf", "svg")),
        )
    with replacing(path) as temporary, temporary.open("wb") as stream:
        figure.savefig(stream, format=suffix, dpi=dpi)
    return path


def label(array: DataArray, *, name: str | None = None) -> str:
    """Axis label of a variable: its long name and its unit in brackets.

    Parameters
    ----------
    array : DataArray
        With attributes ``units`` and ``long_name`` (else its name, dots as spaces).
    name : str, optional
        Instead of the long name.

    Returns
    -------
    str
        Such as "serum Mg [mmol/L]"; no bracket for pH.
    """
    text = name or str(array.attrs.get("long_name") or array.name)
    return named(text, str(array.attrs.get("units") or "1"))


def pretty(unit: str) -> str:
    """A unit as it is printed: µ, °."""
    return _PRETTY.get(unit, unit)


def named(name: str, unit: str) -> str:
    """Axis label of a name and its unit: "serum Mg [mmol/L]"; no bracket for pH."""
    text = name.replace(".", " ")
    return text if unit == "1" and text.endswith("pH") else f"{text} [{pretty(unit)}]"


def variable(dataset: Dataset, name: str) -> DataArray:
    """A variable of a dataset, or an InputError that names those it has.

    Parameters
    ----------
    dataset : Dataset
        A result or a sweep.
    name : str
        The variable.

    Returns
    -------
    DataArray
        ``dataset[name]``.

    Raises
    ------
    InputError
        When there is no such variable.
    """
    if name not in dataset:
        raise InputError(
            f"the data hold no variable {name!r}",
            where="plots",
            hint="it has: " + ", ".join(sorted(map(str, dataset.data_vars))),
        )
    return dataset[name]


def number(attributes: Mapping[Any, Any], key: str) -> float:
    """A number among the attributes of a dataset; NaN when missing or not a number.

    Parameters
    ----------
    attributes : mapping
        Such as ``dataset.attrs``.
    key : str
        The attribute.

    Returns
    -------
    float
        Its value.
    """
    try:
        return float(attributes.get(key, np.nan))
    except (TypeError, ValueError):
        return float("nan")


def time_axis(dataset: Dataset) -> tuple[npt.NDArray[np.float64], float, str]:
    """Times to plot, the factor from minutes, and the label: hours beyond 24 h.

    Parameters
    ----------
    dataset : Dataset
        With a dimension ``time`` in minutes.

    Returns
    -------
    ndarray, float, str
        Times [min or h], factor [1 or h/min], label with unit.

    Raises
    ------
    InputError
        When there is no time.
    """
    if "time" not in dataset.coords:
        raise InputError(
            "the data hold no time axis", where="plots", hint="give the dataset of one run"
        )
    minutes = np.asarray(dataset["time"], dtype=float)
    if np.ptp(minutes) > 24 * 60:
        return minutes / 60.0, 1.0 / 60.0, "time [h]"
    return minutes, 1.0, "time [min]"


def halo(width: float = 2.4) -> list[Any]:
    """Path effects that put a white rim round a line or text, to be read on any ground.

    Parameters
    ----------
    width : float
        Of the white stroke beneath [point].

    Returns
    -------
    list
        For ``set_path_effects``.
    """
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a panel of bars, the first on top.

    Parameters
    ----------
    axes : Axes
        With a bar at 0, 1, 2, ... of the vertical axis.
    names : sequence of str
    """
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def key_beside(axes: Axes, **options: Any) -> None:
    """A legend to the right of a panel, where it covers nothing.

    Parameters
    ----------
    axes : Axes
        The panel.
    **options
        Passed on to ``Axes.legend``.
    """
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, **options)
