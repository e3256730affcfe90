"""From a network to an imported module of compiled kernels, through the user's cache directory.

The generated file is named by a hash of everything that decides its text (network, laws,
generator, numba
and Python version), so numba's per-file cache cannot hold a kernel of another model or of an older
calcikin. Parameter values are arguments: changing them never compiles anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.chemistry.constants import ConstantSet
from calcikin.compiler.driver_source import DRIVER, HEADER
from calcikin.compiler.layout import ABSENT, Layout, SolutionTables, solution_tables
from calcikin.compiler.newton_source import emit_newton_step
from calcikin.compiler.speciation_source import SpeciationSlots, emit_speciation
from calcikin.files import replacing
from calcikin.model.network import Network, Node, Ref

__all__ = [
    "CompiledModel",
    "cache_directory",
    "compile_network",
    "generator_hash",
    "load_module",
    "write_module",
]

Array = npt.NDArray[np.float64]


@dataclass
class CompiledModel:
    """Kernels and the layout of their arrays.

    Attributes
    ----------
    module : module
        ``prepare(q)``, ``rhs(y, q, x, tot, s, v, dy)``, ``jacobian(y, q, x, tot, s, J)``,
        ``observe(...)``, ``speciate(q, tot, x, s)``.
    layout : Layout
        Slots of q.
    slots : SpeciationSlots
        Slots of s.
    tables : SolutionTables
        Order of the components in tot.
    observed : list of str
        Names of the quantities in ``observe``'s last output.
    path : Path
        The generated file.
    """

    module: ModuleType
    layout: dict[str, int]
    slots: SpeciationSlots
    tables: SolutionTables
    observed: list[str]
    path: Path
    network: Network

    @property
    def n_unknowns(self) -> int:
        """Number of unknowns of the speciation (free cations and ionic strength)."""
        return len(self.tables.cations) + 1

    def totals(self, q: Array, y: Array) -> Array:
        """Totals of all components at a state, to speciate it.

        Parameters
        ----------
        q : ndarray, shape (..., n_slots)
        y : ndarray, shape (..., n_states) [mol/L]

        Returns
        -------
        ndarray, shape (..., n_components) [mol/L]
            From y where the model follows a component, else from q.
        """
        components = list(self.tables.components)
        first = self.layout[f"total.{components[0]}"]
        totals = q[..., first : first + len(components)].copy()
        for i, state in enumerate(self.network.states):
            if state.component is not None:
                totals[..., components.index(state.component)] = y[..., i]
        return totals


def cache_directory() -> Path:
    """Return the folder for generated modules.

    CALCIKIN_CACHE_DIR where it is set, else the user's cache folder, else a temporary one.
    """
    override = os.environ.get("CALCIKIN_CACHE_DIR")
    if override:
        candidates = [Path(override)]
    else:
        from platformdirs import user_cache_path

        candidates = [user_cache_path("calcikin", appauthor=False)]
    candidates.append(
        Path(tempfile.gettempdir())
        / f"calcikin-cache-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    )
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="calcikin-"))


@lru_cache(maxsize=1)
def generator_hash() -> str:
    """Hash of all that decides the generated text: sources, numba's and Python's version."""
    import numba

    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    root = Path(__file__).resolve().parent.parent
    paths = [p for folder in ("compiler", "laws") for p in sorted((root / folder).glob("*.py"))]
    constants = [root / "chemistry" / name for name in ("activity.py", "activity_models.py")]
    for path in [*paths, *constants]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _describe_ref(ref: Ref) -> list[Any]:
    return [ref.kind, ref.name, ref.value]


def _describe_node(node: Node) -> list[Any]:
    inputs = {
        argument: [_describe_ref(r) for r in value]
        if isinstance(value, tuple)
        else _describe_ref(value)
        for argument, value in node.inputs.items()
    }
    return [node.name, node.law.name, inputs]


def structure_hash(network: Network, tables: SolutionTables) -> str:
    """Hash of what decides the generated code."""
    description = {
        "states": [[s.name, s.component] for s in network.states],
        "nodes": [_describe_node(n) for n in network.nodes],
        "processes": [[p.name, p.node, dict(p.effect)] for p in network.processes],
        "tables": [
            tables.components,
            tables.cations,
            tables.ligands,
            dict(tables.charges),
            {k: list(v) for k, v in tables.by_ligand.items()},
            list(tables.without_ligand),
            tables.stoichiometry,
            tables.species_charge,
            sorted(tables.conditional),
            tables.structure,
        ],
    }
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256((generator_hash() + text).encode()).hexdigest()


def generate_source(
    network: Network, tables: SolutionTables, observed: Sequence[str]
) -> tuple[str, Layout, SpeciationSlots]:
    """Return the text of the module, and the layouts it was written for."""
    from calcikin.compiler.kinetics_source import KineticsSource
    from calcikin.compiler.law_text import HELPERS

    layout = Layout.of(network, tables)
    slots = SpeciationSlots(tables)
    kinetics = KineticsSource(network, tables, layout, slots)
    gradients, jacobian_tables = kinetics.emit_jacobian()
    rates = kinetics.emit_rates(observed)
    parts = [HEADER.format(name=network.name), HELPERS]
    constants = kinetics.emit_solution_tables() + jacobian_tables.source(
        len(network.states),
        len(kinetics.solution),
        len(kinetics.dynamic_totals),
        len(tables.cations) + 1,
    )
    constants.append(f"N_PROCESSES, N_SLOTS = {len(network.processes)}, {slots.size}")
    parts.append("\n".join(constants))
    for lines in (
        emit_speciation(tables, layout, slots),
        emit_newton_step(tables, slots),
        kinetics.emit_prepare(),
        rates,
        kinetics.emit_derivative(),
        gradients,
    ):
        parts.append("\n@straight\n" + "\n".join(lines) + "\n")
    position = {c: i for i, c in enumerate(tables.components)}
    overrides = "\n".join(
        f"    tot[{position[component]}] = y[{i}]" for i, component in kinetics.dynamic_totals
    )
    parts.append(
        DRIVER.format(
            n_cations=len(tables.cations),
            n_components=len(tables.components),
            h=tables.cations.index("H"),
            ln_ah=layout.slot("ln_ah"),
            ph_fixed=layout.slot("ph_fixed"),
            first_total=layout.slot(f"total.{tables.components[0]}"),
            overrides=overrides,
            first_m=slots["m.0.0"],
            first_u=slots["u.0.0"],
            first_r=slots["r.0"],
            iterations=slots["iterations"],
            total_h=slots["total_H"],
            i_fixed=layout.slot("i_fixed"),
            i_value=layout.slot("i_value"),
            half_sum=slots["half_sum"],
            dg=slots["dg"],
            g=slots["g"],
            h_state=network.index("H"),
            absent=ABSENT,
        )
    )
    return "\n".join(parts), layout, slots


def observed_names(network: Network) -> list[str]:
    """Quantities kept with a result: geometry, saturation, adsorption, coverage."""
    endings = (".s", ".radius", ".area", ".pinning", ".load", ".coverage", ".bare", ".modulation")
    names = [n.name for n in network.nodes if n.name.endswith(endings)]
    return [n for n in names if not n.startswith("rate.")]


def load_module(path: Path) -> ModuleType:
    """Import a generated file, once per process."""
    name = f"calcikin_generated_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def write_module(path: Path, text: str) -> None:
    """Write a generated file, whole or not at all: another process never sees half of it.

    Raises
    ------
    OutputError
        When the disk is full, or the folder has gone.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def compile_network(network: Network, constants: ConstantSet) -> CompiledModel:
    """Return the compiled kernels of ``network``, generating them when the cache has none.

    Parameters
    ----------
    network : Network
        Checked structure.
    constants : ConstantSet
        Components and species of the solution.

    Returns
    -------
    CompiledModel
    """
    tables = solution_tables(constants)
    observed = observed_names(network)
    key = structure_hash(network, tables)[:32]
    folder = cache_directory()
    path = folder / f"m{key}.py"
    sidecar = folder / f"m{key}.json"
    if path.exists() and sidecar.exists():
        layout = json.loads(sidecar.read_text(encoding="utf-8"))
        slots = SpeciationSlots(tables)
    else:
        text, full, slots = generate_source(network, tables, observed)
        layout = full.q
        write_module(path, text)
        write_module(sidecar, json.dumps(layout))
    return CompiledModel(load_module(path), layout, slots, tables, observed, path, network)
