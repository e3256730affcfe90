"""Which activity coefficients the exported files can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcikin.errors import InputError

if TYPE_CHECKING:
    from calcikin.simulate.model import Model

__all__ = ["davies_only"]


def davies_only(model: Model) -> None:
    """Refuse a model whose activity coefficients are not those of the Davies equation.

    Raises
    ------
    InputError
    """
    if model.compiled.tables.activity != "davies":
        name = model.scenario.constants.name
        raise InputError(
            f"the constants {name!r} go with activity coefficients of their own "
            "(Truesdell-Jones), which the exported files cannot hold",
            where=f"model {model.name}",
            hint="a model with the default constants; for the solution alone: "
            f"calcikin speciate --constants {name} --export FILE.pqi",
        )
