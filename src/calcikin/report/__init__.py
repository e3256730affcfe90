"""Reports: one file that says what was asked, what was put in, and what came out."""

from __future__ import annotations

from calcikin.report.render import write_report
from calcikin.report.subject import Subject, of_file, of_model

__all__ = ["Subject", "of_file", "of_model", "write_report"]
