"""Benchmarks: what an answer costs, how accurate it is, and on which machine."""

from __future__ import annotations

from calcikin.bench.named import NAMES, NamedReport, checked, measure
from calcikin.bench.problem import run
from calcikin.bench.report import BenchReport

__all__ = ["NAMES", "BenchReport", "NamedReport", "checked", "measure", "run"]
