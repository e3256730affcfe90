"""The named problems of `calcikin bench NAME`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from calcikin.bench.batch import Batch, serum_batch, stiff_batch
from calcikin.bench.comparison import Comparison, compare, table
from calcikin.bench.ladder import Effort
from calcikin.bench.machine import describe_machine
from calcikin.bench.peers import PEERS
from calcikin.bench.peers.ensemble import LANES, SCALAR
from calcikin.bench.peers.scipy import LSODA
from calcikin.bench.problem import one_run
from calcikin.bench.right_hand_side import measure_rhs, rhs_table
from calcikin.bench.scaling import compile_times, sizes_up_to, with_threads, with_trajectories
from calcikin.bench.speciation import measure_speciation, speciation_table
from calcikin.errors import InputError, OutOfRangeError, UnknownNameError
from calcikin.simulate.model import load
from calcikin.solvers.ensemble import cores

__all__ = ["NAMES", "NamedReport", "checked", "measure"]

Tell = Callable[[str], None]
#: Problem -> what it measures.
NAMES: Mapping[str, str] = {
    "speciation": "one water after the other, beside PHREEQC",
    "rhs": "speciation, right-hand side and Jacobian of every model",
    "t50": "one T50 run by each solver",
    "sweep": "T50 assays of many sera: solvers, trajectories, threads, memory, compiling",
    "robertson": "Robertson's reaction from many starts",
    "hires": "the HIRES problem from many starts",
}
#: Most trajectories that solvers are compared on: their whole courses are held in memory.
_COMPARED = 10_000
#: How many there are of what `n` counts: by default, and in a quick measurement.
_COUNTS = {
    "speciation": (1_000_000, 20_000),
    "sweep": (10_000, 64),
    "robertson": (1_000, 64),
    "hires": (1_000, 64),
}
PACKAGES = ("scikit-sundae", "numbalsoda", "pydiffsol", "libroadrunner", "python-copasi", "phreeqc")


@dataclass(frozen=True)
class NamedReport:
    """What one problem gave.

    Attributes
    ----------
    data : dict
        ``name``, ``quick``, ``machine``, ``results``, ``missing`` (peers that could not be
        measured, with the reason) and what else belongs to the problem. Plain data; NaN for a
        number that there is not.
    comparison : Comparison or None
        Of solvers, where the problem is one.
    """

    data: Mapping[str, Any]
    comparison: Comparison | None = None

    @property
    def failures(self) -> str:
        """What failed at our own solvers, in words; empty when nothing did."""
        rows = [r for r in self.data["results"] if r["role"] == "ours" and r.get("failed")]
        rows += [r for r in self.data.get("threads", ()) if r["failed"]]
        rows += [r for r in self.data.get("trajectories", ()) if r["failed"]]
        return f"{sum(r['failed'] for r in rows)} trajectories of ours failed" if rows else ""

    @property
    def sound(self) -> bool:
        """Whether no trajectory of ours failed."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return dict(self.data)

    def table(self) -> str:
        """The report as text for a terminal."""
        return "\n".join(_lines(self.data))

    def figure(self) -> Any:
        """Draw error against time per trajectory.

        Raises
        ------
        InputError
            For a problem that compares no solvers.
        """
        if self.comparison is None:
            raise InputError(f"there is no figure of {self.data['name']}")
        return self.comparison.figure()


def measure(
    name: str,
    *,
    peers: bool = False,
    n: int | None = None,
    quick: bool = False,
    progress: Tell | None = None,
) -> NamedReport:
    """Measure a named problem.

    Parameters
    ----------
    name : str
        A name of `NAMES`.
    peers : bool
        Run the solvers of others too; those that are missing are listed with the reason.
    n : int, optional
        Trajectories, or waters.
    quick : bool
        Seconds instead of minutes, to try it: few trajectories, no fresh processes.
    progress : callable, optional
        Told what comes next, one line each.

    Returns
    -------
    NamedReport

    Raises
    ------
    UnknownNameError
        For an unknown problem.
    InputError, OutOfRangeError
        For an ``n`` that the problem has no use for, or below 1.
    SimulationError
        When there is no reference solution, or a fresh process fails.
    """
    checked(name, n)
    tell = progress or (lambda line: None)
    machine = describe_machine(PACKAGES if peers else ())
    count = n or _COUNTS.get(name, (1, 1))[quick]
    comparison: Comparison | None = None
    if name == "speciation":
        found = measure_speciation(count, peers=peers, quick=quick, progress=tell)
    elif name == "rhs":
        found = measure_rhs(quick=quick, progress=tell)
    else:
        tell("compiling")
        comparison = _compared(name, count, peers=peers, quick=quick, progress=tell)
        found = comparison.to_dict()
        if name == "t50":
            tell("one run")
            found["default_run"] = one_run(load("t50_serum"), repeats=3 if quick else 15)
        if name == "sweep":
            found |= _grown(count, quick=quick, progress=tell)
    return NamedReport({"name": name, "quick": quick, "machine": machine, **found}, comparison)


def checked(name: str, n: int | None) -> None:
    """Refuse an unknown problem, or a number that means nothing to it; see `measure`.

    Raises
    ------
    UnknownNameError, InputError, OutOfRangeError
    """
    if name not in NAMES:
        raise UnknownNameError("benchmark", name, NAMES)
    if n is None:
        return
    if name not in _COUNTS:
        raise InputError(f"{name} has no number of trajectories", hint="leave --n out")
    if not 1 <= n <= 10**8:
        raise OutOfRangeError(f"{n} trajectories", where="--n", hint="1 to 100 000 000")


def _compared(name: str, count: int, *, peers: bool, quick: bool, progress: Tell) -> Comparison:
    """Solvers on one of the batches."""
    count = min(count, _COMPARED)
    batch: Batch = serum_batch(count) if name in ("t50", "sweep") else stiff_batch(name, count)
    seconds = {"sweep": 2.0, "t50": 1.0}.get(name, 0.5)
    solvers = [LANES, SCALAR, *(PEERS if peers else ())]
    if name == "t50":  # one trajectory leaves nothing to the other lanes
        solvers = [SCALAR, *(PEERS if peers else (LSODA,))]
    return compare(
        batch,
        solvers=solvers,
        reference_trajectories=8 if quick else 64,
        checked=0 if quick else 2,
        effort=Effort(seconds=0.1 if quick else seconds, repeats=1 if quick else 3),
        progress=progress,
    )


def _grown(count: int, *, quick: bool, progress: Tell) -> dict[str, Any]:
    """How the sweep grows: threads, trajectories, memory, compiling."""
    threads = sorted({1, min(2, cores())})
    found: dict[str, Any] = {
        "threads": with_threads(min(count, _COMPARED), threads, progress, repeats=1 if quick else 3)
    }
    if not quick:
        rows, left_out = with_trajectories(sizes_up_to(count), progress)
        found |= {"trajectories": rows, "trajectories_left_out": left_out}
        found["compile"] = compile_times(progress)
    return found


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    m = data["machine"]
    yield f"{m['cpu']}, {m['usable_cores']} of {m['cores']} cores, load {m['load']}"
    yield f"Python {m['python']}, " + ", ".join(f"{k} {v}" for k, v in m["packages"].items())
    yield ""
    if data["name"] == "speciation":
        yield from speciation_table(data)
    elif data["name"] == "rhs":
        yield from rhs_table(data)
    else:
        yield from table(data)
    if "default_run" in data:
        run = data["default_run"]
        yield ""
        yield (
            f"calcikin run: {1e3 * run['time_s']:.3g} ms, of which the solver "
            f"{1e3 * run['solver_time_s']:.3g} ms ({run['nfev']} right-hand sides)"
        )
    if "threads" in data:
        yield ""
        for row in data["threads"]:
            yield (
                f"T50 of {row['trajectories']} sera, threads: {row['threads']}: "
                f"{row['sweep_s']:.3g} s, {row['speedup']:.3g} times one thread"
            )
    for row in data.get("trajectories", ()):
        memory = row["peak_memory_MB"]
        yield (
            f"T50 of {row['trajectories']} sera, all cores: {row['sweep_s']:.3g} s, "
            f"{row['us_per_trajectory']:.3g} us each"
            + (f", peak memory {memory:.0f} MB" if memory is not None else "")
        )
    for row in data.get("trajectories_left_out", ()):
        yield f"not run: T50 of {row['trajectories']} sera would take {row['expected_s']:.0f} s"
    for name, stages in data.get("compile", {}).items():
        cold, warm = stages["empty_cache"], stages["from_cache"]
        yield (
            f"ensemble, {name}: compiled in {cold['compile_s']:.3g} s, from cache in "
            f"{warm['compile_s']:.3g} s; first answer of a process after {cold['total_s']:.3g} s "
            f"and {warm['total_s']:.3g} s"
        )
