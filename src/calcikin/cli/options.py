"""Options that several verbs share, and how their text is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from calcikin.cli import complete
from calcikin.cli.notes import note
from calcikin.errors import (
    CalcikinError,
    InputError,
    OutOfRangeError,
    UnknownNameError,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from calcikin.simulate.model import Model

__all__ = [
    "DEBUG",
    "Choice",
    "assignment",
    "changes",
    "choice_options",
    "chosen_names",
    "debug_option",
    "grids",
    "json_option",
    "load_model",
    "located",
    "model_argument",
    "one_of",
    "quiet_option",
    "ratio_alone",
    "seed_option",
    "solver_options",
    "with_options",
]

F = TypeVar("F", bound=Callable[..., Any])

#: Key of `ctx.meta` under which --debug is remembered; shared by a command and its group.
DEBUG = "calcikin.debug"
#: The solvers by name. `calcikin.solvers` is slow to import; a test holds the two equal.
SOLVERS = ("auto", "lsoda", "bdf", "radau", "ensemble")
#: Looser is no simulation, tighter than round-off allows.
RTOL_WINDOW = (1e-13, 1e-2)


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[DEBUG] = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show the full traceback of an error.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="No progress and no notes on stderr."
)
model_argument = click.argument("model", metavar="MODEL", shell_complete=complete.models)


@dataclass(frozen=True)
class Choice:
    """What `--serum`, `--set` and `--off` say, unread until there is a model to read it against."""

    serum: str | None
    settings: tuple[str, ...]
    off: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything is chosen."""
        return self.serum is not None or bool(self.settings or self.off)

    def load(self, model: str, *, quiet: bool) -> Model:
        """Load a model by name or file, with these choices.

        Parameters
        ----------
        model : str
        quiet : bool
            Whether to keep back the note on a parameter outside its plausible interval.

        Raises
        ------
        InputError
            With the option at fault in ``where``.
        """
        chosen = load_model(model)
        if self.serum is not None:
            with located("--serum", self.serum):
                chosen = chosen.with_(preset=self.serum)
        for name, value in changes(self.settings).items():
            with located(
                "--set", f"{name}={value}", hint=f"'calcikin show {model}' lists usual values"
            ):
                chosen = chosen.with_({name: value})
        for switch in self.off:
            with located("--off", switch):
                chosen = chosen.with_(switch_off=[switch])
        for name, number in chosen.parameters.items():
            usual = chosen.scenario.parameters.get(name)
            if not usual.low <= number <= usual.high:
                unit = "" if usual.unit == "1" else f" {usual.unit}"
                span = f"{usual.low:g} to {usual.high:g}{unit}"
                note(f"{name} = {number:g} lies outside its plausible interval, {span}", quiet)
        chosen.input_values()  # a ratio may ask for an implausible amount: say so before a long run
        return chosen


def load_model(name: str) -> Model:
    """`calcikin.load`, imported when it is used.

    Raises
    ------
    InputError
        Whatever is wrong with the file.
    """
    from calcikin.simulate.model import load

    return load(name)


def choice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --serum, --set and --off, as one argument ``choice``."""

    @wraps(command)
    def gathered(
        *args: Any, serum: str | None, settings: tuple[str, ...], off: tuple[str, ...], **rest: Any
    ) -> Any:
        return command(*args, choice=Choice(serum, settings, off), **rest)

    return with_options(
        gathered,
        click.option(
            "--serum",
            metavar="PRESET",
            shell_complete=complete.of_model("presets"),
            help="Serum to start from, such as healthy.",
        ),
        click.option(
            "--set",
            "settings",
            metavar="NAME=VALUEunit",
            multiple=True,
            help="Change an input or parameter, such as serum.Mg=1.2mmol/L. Repeatable.",
        ),
        click.option(
            "--off",
            metavar="SWITCH",
            multiple=True,
            shell_complete=complete.of_model("switches"),
            help="Switch a mechanism off, such as atp_shielding. Repeatable.",
        ),
    )


def with_options(command: F, *options: Callable[[F], F]) -> F:
    """Give a command several options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def one_of(
    kind: str, known: Collection[str]
) -> Callable[[click.Context, click.Parameter, str], str]:
    """A callback for an option that takes one of a few names, in whatever case.

    Parameters
    ----------
    kind : str
        What the name names, for the error.
    known : collection of str
    """

    def read(_ctx: click.Context, param: click.Parameter, value: str) -> str:
        if value.lower() not in known:
            raise UnknownNameError(kind, value, known, where=param.opts[0])
        return value.lower()

    return read


def _read_seed(_ctx: click.Context, _param: click.Parameter, value: int) -> int:
    if value < 0:
        raise InputError(f"a seed of {value}", where="--seed", hint="0 or more")
    return value


def seed_option(of: str) -> Callable[[F], F]:
    """--seed, 0 unless it is given; `of` says of what, for the help."""
    return click.option(
        "--seed",
        type=int,
        default=0,
        show_default=True,
        callback=_read_seed,
        help=f"Of the {of}.",
    )


def _read_rtol(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    low, high = RTOL_WINDOW
    if value is None:
        return None
    if not (math.isfinite(value) and low <= value <= high):
        raise OutOfRangeError(
            f"a relative tolerance of {value:g} is not usable",
            where="--rtol",
            hint=f"{low:g} to {high:g}; the default is 1e-6, for the ensemble 1e-4",
        )
    return value


def solver_options(command: F) -> F:
    """Give a command --solver and --rtol."""
    return with_options(
        command,
        click.option(
            "--solver",
            metavar="NAME",
            default="auto",
            show_default=True,
            callback=one_of("solver", SOLVERS),
            help=f"One of {', '.join(SOLVERS)}.",
        ),
        click.option(
            "--rtol",
            type=float,
            default=None,
            callback=_read_rtol,
            help="Relative tolerance; by default 1e-6, for the ensemble 1e-4.",
        ),
    )


@contextmanager
def located(option: str = "", text: str = "", *, hint: str = "") -> Iterator[None]:
    """Name the option in errors that come from within, and a hint where they have none."""
    try:
        yield
    except CalcikinError as error:
        error.where = f"{option} {text}".strip() or error.where
        error.hint = error.hint or hint or None
        raise


def assignment(text: str, option: str, example: str) -> tuple[str, str]:
    """Part "NAME=VALUE".

    Raises
    ------
    InputError
        When either side is missing.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise InputError(
            f"{text!r} gives no {'name' if equals and not name else 'value'}",
            where=f"{option} {text}",
            hint=f"{option} {example}",
        )
    return name, value


def changes(settings: Sequence[str]) -> dict[str, str]:
    """Read every `--set`; a name may be set once.

    Raises
    ------
    InputError
    """
    values: dict[str, str] = {}
    for text in settings:
        name, value = assignment(text, "--set", "serum.Mg=1.2mmol/L")
        if name in values:
            raise InputError(
                f"{name} is set twice: {values[name]} and {value}",
                where=f"--set {text}",
                hint="keep one of them",
            )
        values[name] = value
    for name in values:
        ratio_alone(name, values, f"--set {name}={values[name]}")
    return values


def chosen_names(model: Model) -> set[str]:
    """What is set in a model, and so cannot be varied."""
    return {*model.inputs, *model.ratios, *model.parameters, *model.settings}


def ratio_alone(name: str, others: Container[str], where: str) -> None:
    """Refuse a ratio such as Mg/Ca beside the Mg that it sets."""
    upper, slash, _ = name.partition("/")
    if slash and upper in others:
        raise InputError(
            f"{name} sets {upper}, which is given too", where=where, hint="keep one of them"
        )


def grids(model: Model, over: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
    """Read every `--over NAME=LOW:HIGH:Nunit` in the model's unit of NAME, each value checked.

    Raises
    ------
    InputError
        Also for a name that is varied twice, or both set and varied.
    """
    from calcikin.sweep.design import axis_values

    values: dict[str, npt.NDArray[np.float64]] = {}
    chosen = chosen_names(model)
    for text in over:
        name, span = assignment(text, "--over", "serum.Mg=0.5:2.0:16mmol/L")
        with located("--over", text, hint="--over serum.Mg=0.5:2.0:16mmol/L"):
            if name in values or name in chosen:
                how = "varied twice" if name in values else "both set and varied"
                raise InputError(f"{name} is {how}", hint="keep one of them")
            ratio_alone(name, chosen, "")
            values[name] = axis_values(model, name, span)
            for value in (values[name].min(), values[name].max()):
                model.with_({name: float(value)}).input_values()
    return values
