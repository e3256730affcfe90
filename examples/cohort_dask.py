"""A virtual cohort on a Dask cluster, into a store that survives whatever stops it.

Healthy adults and patients of two stages of kidney disease, with correlated compositions of their
serum, go through the T50 assay. The cluster is two processes of this machine; a real one differs in
the line that makes it. Start the script again after it was stopped: it goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from dask.distributed import Client, LocalCluster

import calcikin
from calcikin.sweep import cohort, load, sweep


def main(quick: bool = False, out: str | Path = "cohort_dask") -> list[Path]:
    """Run the cohort; `quick` takes 4 patients of each stage.

    Returns
    -------
    list of Path
        The store, in the folder `out`.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "cohort.zarr"
    model = calcikin.load("t50_serum")
    each = 4 if quick else 200
    patients = cohort(model, {"healthy": each, "ckd_3_4": each, "haemodialysis": each}, seed=1)

    # One thread in each worker: a run keeps a core busy. On a real cluster, take instead, such as
    # Client("tcp://scheduler:8786"), with the same calcikin, Python and numba on every machine.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        sweep(
            model,
            patients,
            ["t50", "rh_cpp2"],
            store=store,
            resume=True,
            executor=client.get_executor(),
            jobs=2,
            chunk=2 if quick else 16,
        )

    table = load(store)
    print(f"{'stage':<16}{'T50 of half':>12}{'of 9 in 10':>16}")
    for stage in dict.fromkeys(table["stage"].values):
        t50 = table["t50"].values[table["stage"].values == stage]
        low, median, high = np.nanquantile(t50, [0.05, 0.5, 0.95])
        print(f"{stage:<16}{median:12.0f}{low:9.0f} to {high:.0f}")
    print("(T50 in min)")
    print("\nWritten:")
    print(f"   {store}")
    return [store]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small version, to try it")
    parser.add_argument("--out", default="cohort_dask", help="folder for the store")
    arguments = parser.parse_args()
    main(arguments.quick, arguments.out)
