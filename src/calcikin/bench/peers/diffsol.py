"""pydiffsol (BDF of diffsol), which takes equations in a language of its own, DiffSL.

A model is written out from its named equations (`calcikin.exchange.equations`), as its SBML file
is: free cations and the activity coefficient follow their equilibrium by relaxation. Derivatives
are diffsol's own, by automatic differentiation. It has one absolute tolerance, so that every state
is divided by its scale.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calcikin.bench.batch import Batch
from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.bench.stiff_problems import StiffProblem
from calcikin.errors import InputError
from calcikin.exchange.derive import equations_of
from calcikin.exchange.numbers import file_numbers
from calcikin.exchange.sbml import RELAXATION_TIME
from calcikin.extras import library
from calcikin.simulate.model import Model
from calcikin.solvers.scipy_ivp import FIRST_STEP

__all__ = ["DIFFSOL", "Program", "model_program", "problem_program"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """Equations in DiffSL.

    Attributes
    ----------
    text : str
    inputs : sequence of str
        Names of the parameters, in their order; the start of each state is among them.
    """

    text: str
    inputs: Sequence[str]


def problem_program(problem: StiffProblem) -> Program:
    """A test problem; its inputs are the starts ``y0``..., over the problem's scale."""
    import sympy as sp

    ids = [f"y{i}" for i in range(len(problem.start))]
    y = sp.symbols(ids)
    slopes = [sp.sympify(e, strict=True) for e in problem.right(y, ())]
    scales = dict.fromkeys(ids, problem.atol)
    return _program(ids, scales, ids, {}, [], slopes)


def model_program(model: Model, scale: Array) -> Program:
    """A model; its inputs are ids of `calcikin.exchange.numbers.file_numbers`, states over scale.

    Parameters
    ----------
    model : Model
    scale : ndarray, shape (n_states,), atol/rtol [mol/L]
    """
    import sympy as sp

    equations = equations_of(model)
    states = [total.id for total in equations.totals]
    slopes: dict[str, Any] = dict.fromkeys(states, sp.Integer(0))
    for flow in equations.flows:
        for id_, n in flow.effect.items():
            slopes[id_] += sp.Float(n) * sp.Symbol(flow.rate)
    scales = dict(zip(states, scale.tolist(), strict=True))
    for unknown in equations.unknowns:
        slopes[unknown.id] = unknown.shortage / sp.Float(RELAXATION_TIME)
        scales[unknown.id] = unknown.initial  # a free ion matters in proportion to itself
    known = file_numbers(model)
    constants = {c.id: c.value for c in equations.constants}
    moving = [c.id for c in equations.constants if c.kind in ("total", "setting") and c.id in known]
    rules = [(rule.id, rule.expression) for rule in equations.rules]
    return _program(list(slopes), scales, [*slopes, *moving], constants, rules, [*slopes.values()])


def _program(
    states: Sequence[str],
    scales: Mapping[str, float],
    inputs: Sequence[str],
    constants: Mapping[str, float],
    rules: Sequence[tuple[str, Any]],
    slopes: Sequence[Any],
) -> Program:
    """Write the program; names in DiffSL are letters and digits, so each gets a number."""
    names = {id_: f"v{k}" for k, id_ in enumerate([*states, *(i for i, _ in rules), *constants])}
    written = _writer(names)
    lines = ["in_i { " + ", ".join(f"p{k} = 1.0" for k in range(len(inputs))) + " }"]
    for id_, value in constants.items():
        at = f"p{inputs.index(id_)}" if id_ in inputs else _number(value)
        lines.append(f"{names[id_]} {{ {at} }}")
    lines.append("u_i {")
    lines += [f"  z{k} = p{inputs.index(id_)}," for k, id_ in enumerate(states)]
    lines.append("}")
    lines += [f"{names[id_]} {{ {_number(scales[id_])} * z{k} }}" for k, id_ in enumerate(states)]
    lines += [f"{names[id_]} {{ {written(expression)} }}" for id_, expression in rules]
    lines.append("F_i {")
    for id_, slope in zip(states, slopes, strict=True):
        lines.append(f"  ({written(slope)}) / {_number(scales[id_])},")
    lines.append("}")
    return Program("\n".join(lines) + "\n", tuple(inputs))


def _number(value: float) -> str:
    text = repr(abs(float(value)))
    return f"(-{text})" if math.copysign(1.0, value) < 0.0 else text


def _writer(names: Mapping[str, str]) -> Callable[[Any], str]:
    """Return what writes a SymPy expression in DiffSL."""

    # max and min end its compiler (and the process) when there are many of them
    def most(x: str, y: str) -> str:
        return f"(0.5 * ({x} + {y} + abs({x} - {y})))"

    functions: Mapping[str, Callable[..., str]] = {
        "pos": lambda x: most(x, "0.0"),
        "cbrt": lambda x: f"pow({x}, {1.0 / 3.0!r})",
        "cnt_factor": lambda b, s: f"exp(-({b}) / pow({most(s, '0.001')}, 2.0))",
        "pos_power": lambda x, n: f"pow({most(x, '0.0')}, {n})",
        "log1pexp": lambda x: f"log(1.0 + exp(-{most(f'(-{x})', '(-700.0)')}))",
        "Max": most,
        "exp": lambda x: f"exp({x})",
        "log": lambda x: f"log({x})",
    }

    def write(node: Any) -> str:
        if node.is_Symbol:
            return names[node.name]
        if node.is_Number or node.is_NumberSymbol:
            return _number(float(node))
        if node.is_Add:
            return "(" + " + ".join(write(term) for term in node.args) + ")"
        if node.is_Mul:
            return "(" + " * ".join(write(factor) for factor in node.args) + ")"
        if node.is_Pow:
            base, power = write(node.base), node.exp
            if power == -1:
                return f"(1.0 / {base})"
            if power.is_Integer and 0 < power <= 4:
                return "(" + " * ".join([base] * int(power)) + ")"
            return f"sqrt({base})" if power == 0.5 else f"pow({base}, {write(power)})"
        name = node.func.__name__
        if name not in functions:
            raise InputError(f"{name} has no form in DiffSL")
        return functions[name](*(write(argument) for argument in node.args))

    return write


def _load(batch: Batch) -> Run:
    diffsol = library("pydiffsol", "bench", "this solver")
    variant = batch.variant
    if batch.problem is not None:
        program = problem_program(batch.problem)
    elif variant is not None:
        program = model_program(variant(0), batch.scale)
    else:
        raise InputError(f"{batch.name} has no equations that could be written in DiffSL")
    ode = diffsol.Ode(program.text, matrix_type=diffsol.nalgebra_dense, ode_solver=diffsol.bdf)
    ode.h0 = min(FIRST_STEP, batch.duration)
    n = batch.scale.size
    rows: dict[int, Array] = {}

    def inputs(k: int) -> Array:
        """Parameters of a row; those of states over their scales."""
        if variant is None:
            return np.asarray(batch.y0[k] / batch.scale)
        known = file_numbers(variant(k))
        return np.array([known[id_] / divisors.get(id_, 1.0) for id_ in program.inputs])

    divisors: dict[str, float] = {}
    if variant is not None:
        start = file_numbers(variant(0))
        ids = program.inputs
        divisors = dict(zip(ids[:n], batch.scale.tolist(), strict=True))
        divisors |= {id_: start[id_] for id_ in ids[n : int(ode.nstates)]}

    def run(start: int, stop: int, rtol: float) -> Trajectories:
        before = time.process_time()
        for k in range(start, stop):
            if k not in rows:
                rows[k] = inputs(k)
        aside = time.process_time() - before
        ode.rtol, ode.atol = rtol, rtol
        y = np.full((stop - start, batch.times.size, n), np.nan)
        for k in range(start, stop):
            try:
                answer = ode.solve_dense(rows[k], batch.times).ys
            except Exception:  # its errors have no class of their own
                continue
            if answer.shape[1] == batch.times.size:
                y[k - start] = answer[:n].T * batch.scale
        return Trajectories(y, aside)

    return run


DIFFSOL = Solver(
    "pydiffsol",
    "peer",
    "the same equations in DiffSL, its own exact Jacobian; states divided by their scales (it has "
    "one absolute tolerance); BDF, dense matrices",
    _load,
    loosest=1e-5,
)
