"""Points run by executors: threads, processes, a Dask cluster with a worker that is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from distributed import Client, LocalCluster

from calcikin import Model, load
from calcikin.errors import ModelFileError, SimulationError
from calcikin.sweep import load as load_table
from calcikin.sweep import sweep, zarr_files
from calcikin.sweep.batch import evaluate_many
from calcikin.sweep.workers import Recipe, run_piece
from calcikin.sweep.zarr_store import Store

READ = ["pH_end", "SI_HAP_end"]
OVER = {"Ca": np.linspace(1.0, 3.0, 24)}


@pytest.fixture(scope="module")
def fluid() -> Model:
    return load("sbf").with_({"duration": "1 min"})


@pytest.fixture(scope="module")
def alone(fluid: Model) -> xr.Dataset:
    return sweep(fluid, OVER, READ, jobs=1)


class Broken:
    """An executor that loses a piece now and then, and counts what it is given at a time."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent = 0
        self.waiting = 0
        self.most = 0

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.sent += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)

        def run() -> None:
            self.waiting -= 1
            if not future.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            if self.error is not None and self.sent > 3:
                future.set_exception(self.error)
            else:
                future.set_result(function(*arguments))

        threading.Timer(0.01, run).start()
        return future


def test_any_executor_gives_the_same_table(fluid: Model, alone: xr.Dataset) -> None:
    with ThreadPoolExecutor(1) as executor:
        xr.testing.assert_identical(sweep(fluid, OVER, READ, executor=executor, chunk=5), alone)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        xr.testing.assert_identical(sweep(fluid, OVER, READ, executor=executor), alone)
        columns = evaluate_many(fluid, OVER, READ, executor=executor)
        assert np.array_equal(columns.values["pH_end"], alone["pH_end"].values)


def test_an_executor_is_given_no_more_than_its_workers_need(
    fluid: Model, alone: xr.Dataset
) -> None:
    executor = Broken()
    xr.testing.assert_identical(sweep(fluid, OVER, READ, executor=executor, jobs=2, chunk=1), alone)
    assert executor.sent == 24
    assert executor.most <= 4


def test_an_executor_that_loses_a_piece_keeps_what_is_finished(
    fluid: Model, alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 4)
    store = tmp_path / "a.zarr"
    broken = Broken(RuntimeError("worker lost"))
    with pytest.raises(SimulationError, match="RuntimeError: worker lost") as caught:
        sweep(fluid, OVER, READ, executor=broken, jobs=1, store=store)
    assert "--resume" in str(caught.value.hint)
    sweep(fluid, OVER, READ, jobs=1, store=store, resume=True)
    xr.testing.assert_identical(load_table(store), alone)


def test_a_worker_with_another_model_says_so(fluid: Model) -> None:
    recipe = Recipe.of(fluid, READ, "lsoda", 1e-6)
    columns = {"Ca": np.array([2.5])}
    for other, words in (
        ({"sha256": "0"}, "changed while"),
        ({"structure": "m0"}, "other kernels"),
    ):
        with pytest.raises(ModelFileError, match=words):
            run_piece(Recipe(**{**recipe.__dict__, **other}), columns, {})


def test_a_shipped_model_is_sent_by_name(fluid: Model) -> None:
    assert Recipe.of(fluid, READ, "lsoda", 1e-6).model == "sbf"


# --- Dask ---------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_dask_worker_that_is_killed_costs_nothing(
    fluid: Model,
    alone: xr.Dataset,
    cluster: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zarr_files, "CHUNK_ONE_BY_ONE", 4)
    victims = [state["pid"] for state in cluster.run(lambda: {"pid": os.getpid()}).values()]
    keep = Store.keep

    def keep_and_kill(self: Store, start: int, table: Any) -> None:
        keep(self, start, table)
        if len(victims) == 2:
            os.kill(victims.pop(), signal.SIGKILL)

    monkeypatch.setattr(Store, "keep", keep_and_kill)
    store = tmp_path / "a.zarr"
    sweep(fluid, OVER, READ, executor=cluster.get_executor(), jobs=2, chunk=2, store=store)
    assert len(victims) == 1
    xr.testing.assert_identical(load_table(store), alone)
