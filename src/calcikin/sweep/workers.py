"""Processes that run points of a sweep: how they start, what they know, how they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

from calcikin.errors import ModelFileError
from calcikin.model.modelfile import load_scenario
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.sweep.point import Row, evaluate

__all__ = ["Recipe", "importing_main", "pool", "run_chunk", "terminal_signals_left_to_the_parent"]


@dataclass(frozen=True)
class Recipe:
    """All that a worker needs to run points: plain data, so that it can be sent.

    Attributes
    ----------
    path : Path
        Model file.
    sha256, structure : str
        What the model and its kernels must be when read again.
    preset, inputs, ratios, parameters, settings, off
        As of :class:`~calcikin.simulate.model.Model`.
    read : tuple of str
        Names of the read-outs.
    solver : str
    rtol : float
    """

    path: Path
    sha256: str
    structure: str
    preset: str
    inputs: Mapping[str, float]
    ratios: Mapping[str, float]
    parameters: Mapping[str, float]
    settings: Mapping[str, float]
    off: tuple[str, ...]
    read: tuple[str, ...]
    solver: str
    rtol: float

    @classmethod
    def of(cls, model: Model, read: Sequence[str], solver: str, rtol: float) -> Recipe:
        """Recipe for runs of `model`; its kernels are compiled by then."""
        return cls(
            path=model.scenario.path,
            sha256=model.scenario.sha256,
            structure=model.compiled.path.stem,
            preset=model.preset,
            inputs=dict(model.inputs),
            ratios=dict(model.ratios),
            parameters=dict(model.parameters),
            settings=dict(model.settings),
            off=model.off,
            read=tuple(read),
            solver=solver,
            rtol=rtol,
        )

    def model(self) -> Model:
        """Read the model again.

        Raises
        ------
        ModelFileError
            When a file behind it was changed meanwhile.
        """
        scenario = load_scenario(self.path)
        model = Model(
            scenario,
            self.preset,
            self.inputs,
            self.ratios,
            self.parameters,
            self.settings,
            self.off,
        )
        if scenario.sha256 != self.sha256 or model.compiled.path.stem != self.structure:
            raise ModelFileError(
                "the model was changed while the sweep was running",
                where=str(self.path),
                hint="start the sweep again",
            )
        return model


# ---- in the worker -------------------------------------------------------------------------------

_recipe: Recipe | None = None
_model: Model | None = None


def _begin(recipe: Recipe) -> None:
    """First thing in a worker: Ctrl-C is the parent's, and without a parent there is no work."""
    global _recipe, _model
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _recipe, _model = recipe, None


def _end_with(sentinel: int) -> None:
    """Wait for the parent's end: a killed parent cannot tell its workers to stop."""
    connection.wait([sentinel])
    os._exit(1)


def run_chunk(points: Sequence[Mapping[str, float]]) -> list[Row]:
    """Run some points in a worker.

    Parameters
    ----------
    points : sequence of mapping
        Changes of each point.

    Returns
    -------
    list of Row
        In the same order.

    Raises
    ------
    ModelFileError
        When the model was changed meanwhile.
    """
    global _model
    assert _recipe is not None
    if _model is None:
        _model = _recipe.model()
    readouts = get_readouts(_recipe.read)
    solver, rtol = _recipe.solver, _recipe.rtol
    return [evaluate(_model, changes, readouts, solver=solver, rtol=rtol) for changes in points]


# ---- in the parent -------------------------------------------------------------------------------


def pool(recipe: Recipe, jobs: int) -> ProcessPoolExecutor:
    """Return an executor of `jobs` fresh processes that know `recipe`.

    Processes are spawned, not forked: a fork of a process with threads (BLAS, numba) may hang.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(recipe,))


def importing_main() -> bool:
    """Whether this process is a worker that is importing the user's script.

    A script that calls a sweep outside ``if __name__ == "__main__":`` comes here again in every
    worker.
    """
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))


@contextmanager
def terminal_signals_left_to_the_parent() -> Iterator[None]:
    """Let processes that start here ignore Ctrl-C from their first moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
