"""A report as one HTML file: the template filled, styles, script and figures inside it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from calcikin.extras import library
from calcikin.files import replacing
from calcikin.report.content import content
from calcikin.report.subject import Subject

__all__ = ["check_library", "render", "write_report"]


def check_library() -> None:
    """Refuse when the library that fills templates is not installed.

    Raises
    ------
    InputError
    """
    library("jinja2", "report", "a report", where="calcikin report")


def render(subject: Subject, question: str = "") -> str:
    """A report as HTML.

    Parameters
    ----------
    subject : Subject
    question : str
        What the reader wants to know; one that fits the data when empty.

    Returns
    -------
    str
        A whole page that refers to nothing outside itself.

    Raises
    ------
    InputError
        Without Jinja2.
    """
    check_library()
    from jinja2 import DictLoader, Environment, StrictUndefined

    page = {
        name: files("calcikin.report").joinpath("page", name).read_text(encoding="utf-8")
        for name in ("report.html", "report.css", "report.js")
    }
    environment = Environment(
        loader=DictLoader(page),
        autoescape=lambda name: name == "report.html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(content(subject, question))


def write_report(subject: Subject, path: str | Path, question: str = "") -> Path:
    """Write a report, whole or not at all.

    Parameters
    ----------
    subject : Subject
    path : str or Path
        Ends in ``.html``; its folder exists.
    question : str

    Returns
    -------
    Path

    Raises
    ------
    InputError
        Without Jinja2.
    OutputError
        When it cannot be written there.
    """
    text = render(subject, question)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
