"""From a model to an imported module that integrates many trajectories at once."""

from __future__ import annotations

from types import ModuleType

from calcikin.compiler import ensemble_driver, sensitivity_driver
from calcikin.compiler.ensemble_source import System, model_system, system_source
from calcikin.compiler.layout import Layout
from calcikin.compiler.module import (
    CompiledModel,
    cache_directory,
    load_module,
    write_module,
)
from calcikin.compiler.stages import COMBINE

__all__ = ["compile_ensemble", "compile_sensitivities", "compile_system", "ensemble_text"]


def ensemble_text(system: System, name: str, width: int) -> str:
    """Return the text of the ensemble module of a system for a number of lanes."""
    functions, n_lu = system_source(system)
    parts = [
        ensemble_driver.HEADER.format(
            name=name,
            width=width,
            n=system.n,
            n_lu=n_lu,
            n_past=2 + len(system.populations),
            imports="\n".join(system.imports),
        )
    ]
    parts += ["\n" + text + "\n" for text in functions]
    parts.append(
        ensemble_driver.DRIVER.format(
            width=width,
            right=", ".join(system.right),
            matrix=", ".join(system.matrix),
            registers=repr(tuple(system.registers)),
            combine=COMBINE,
        )
    )
    return "\n".join(parts)


def compile_system(system: System, name: str, key: str, width: int) -> ModuleType:
    """Return the ensemble module of a system, from the cache where it is there.

    Parameters
    ----------
    system : System
    name : str
        For the reader of the file.
    key : str
        What identifies the system's equations.
    width : int
        Lanes.
    """
    path = cache_directory() / f"e{key}w{width}.py"
    if not path.exists():
        write_module(path, ensemble_text(system, name, width))
    return load_module(path)


def compile_ensemble(compiled: CompiledModel, width: int) -> ModuleType:
    """Return the ensemble module of a model.

    Parameters
    ----------
    compiled : CompiledModel
        The single-run module, whose equations it shares.
    width : int
        Lanes: 1 for the scalar kernel, 4, 8 or 16 for vectors.
    """
    key = compiled.path.stem[1:]
    path = cache_directory() / f"e{key}w{width}.py"
    if path.exists():
        return load_module(path)
    return compile_system(_system_of(compiled), compiled.network.name, key, width)


def compile_sensitivities(compiled: CompiledModel, width: int) -> ModuleType:
    """Return the sensitivity module of a model, for ``width`` directions at a time."""
    path = cache_directory() / f"s{compiled.path.stem[1:]}w{width}.py"
    if not path.exists():
        system = _system_of(compiled)
        functions, n_lu = system_source(system)
        names = ", ".join(("_newton_step", "_prepare"))
        parts = [
            sensitivity_driver.HEADER.format(
                name=compiled.network.name,
                width=width,
                n=system.n,
                n_lu=n_lu,
                n_past=2 + len(system.populations),
                imports="\n".join(
                    [*system.imports, f"from {compiled.module.__name__} import {names}"]
                ),
                n_components=len(compiled.tables.components),
                n_unknowns=compiled.n_unknowns,
                n_slots=compiled.slots.size,
            ),
            *("\n" + text + "\n" for text in functions),
            sensitivity_driver.DRIVER.format(
                width=width,
                right=", ".join(system.right),
                matrix=", ".join(system.matrix),
                registers=repr(tuple(system.registers)),
                combine=COMBINE,
                total_h=compiled.slots["total_H"],
            ),
        ]
        write_module(path, "\n".join(parts))
    return load_module(path)


def _system_of(compiled: CompiledModel) -> System:
    """The equations of a model for the ensemble."""
    from calcikin.compiler.kinetics_source import KineticsSource

    layout = Layout(dict(compiled.layout))
    kinetics = KineticsSource(compiled.network, compiled.tables, layout, compiled.slots)
    _, jacobian = kinetics.emit_jacobian()
    return model_system(
        compiled.module.__name__, kinetics, compiled.tables, layout, compiled.slots, jacobian
    )
