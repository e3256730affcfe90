"""What the shell offers for an argument: names of models, presets and mechanisms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from calcikin.errors import CalcikinError

__all__ = ["among", "models", "of_model"]


Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def among(names: Iterable[str]) -> Offer:
    """A few names that are known."""
    return lambda _ctx, _param, incomplete: _starting(names, incomplete)


def models(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Shipped models; files are left to the shell once a name has a dot or a slash."""
    from calcikin.model.modelfile import scenario_names

    return _starting(scenario_names(), incomplete)


def of_model(what: str) -> Offer:
    """Names that depend on the model that was typed: ``presets`` or ``switches``."""

    def offer(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        from calcikin.model.modelfile import load_scenario

        # an option that still lacks its value leaves the arguments before it unread
        name = ctx.params.get("model") or next(iter(ctx.args), "")
        try:
            scenario = load_scenario(str(name))
        except CalcikinError:
            return []
        names = scenario.medium.presets if what == "presets" else scenario.network.switches
        return _starting(names, incomplete)

    return offer


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
