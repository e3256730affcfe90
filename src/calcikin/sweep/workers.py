"""Processes that run points of a sweep: how they start, what they are sent, how they end."""

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

from calcikin.errors import ModelFileError
from calcikin.model.modelfile import load_scenario
from calcikin.paths import models_dir
from calcikin.simulate.model import Model
from calcikin.simulate.readouts import get_readouts
from calcikin.simulate.rows import Table
from calcikin.sweep.here import Columns, Flags, evaluate_here

__all__ = ["Recipe", "importing_main", "pool", "run_piece", "terminal_signals_left_to_the_parent"]


@dataclass(frozen=True)
class Recipe:
    """All that a worker needs to run points: plain data, so that it can be sent.

    Attributes
    ----------
    model : str
        Name of a model that comes with calcikin, else the path of its file.
    sha256, structure : str
        What the model and its kernels must be when read again.
    preset, inputs, ratios, parameters, settings, off
        As of :class:`~calcikin.simulate.model.Model`.
    read : tuple of str
        Names of the read-outs.
    solver : str
    rtol : float
    """

    model: str
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
        path = model.scenario.path
        return cls(
            # a shipped model lies elsewhere on another machine
            model=path.stem if path.parent == models_dir() else str(path),
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

    def load(self) -> Model:
        """Read the model again.

        Raises
        ------
        ModelFileError
            When it is not the same: a file behind it was changed meanwhile, or this is another
            machine with another version.
        """
        scenario = load_scenario(self.model)
        model = Model(
            scenario,
            self.preset,
            self.inputs,
            self.ratios,
            self.parameters,
            self.settings,
            self.off,
        )
        if scenario.sha256 != self.sha256:
            raise ModelFileError(
                "the model was changed while the sweep was running",
                where=self.model,
                hint="start the sweep again; on several machines, install the same calcikin",
            )
        if model.compiled.path.stem != self.structure:
            raise ModelFileError(
                "this worker would compile other kernels",
                where=self.model,
                hint="the same versions of calcikin, Python and numba wherever a sweep runs",
            )
        return model


# ---- in the worker -------------------------------------------------------------------------------

#: The model that this process ran last, read once.
_known: tuple[Recipe, Model] | None = None


def run_piece(recipe: Recipe, columns: Columns, flags: Flags) -> Table:
    """Run some points in a worker.

    Parameters
    ----------
    recipe : Recipe
    columns, flags
        As of `evaluate_here`.

    Returns
    -------
    Table

    Raises
    ------
    ModelFileError
        When the model here is not the one that is meant.
    """
    global _known
    if _known is None or _known[0] != recipe:
        _known = recipe, recipe.load()
    readouts = get_readouts(recipe.read) if recipe.read else ()
    return evaluate_here(
        _known[1],
        columns,
        flags,
        readouts,
        solver=recipe.solver,
        rtol=recipe.rtol,
        threads=1,  # there is a worker for every core
    )


def _begin() -> None:
    """First thing in a worker: Ctrl-C is the parent's, and without a parent there is no work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Wait for the parent's end: a killed parent cannot tell its workers to stop."""
    connection.wait([sentinel])
    os._exit(1)


# ---- in the parent -------------------------------------------------------------------------------


def pool(jobs: int) -> ProcessPoolExecutor:
    """Return an executor of `jobs` fresh processes.

    Processes are spawned, not forked: a fork of a process with threads (BLAS, numba) may hang.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


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
