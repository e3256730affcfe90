"""Source of one Newton step of the speciation: elimination written out, for any number of lanes."""

from __future__ import annotations

from collections.abc import Sequence

from calcikin.compiler.layout import SolutionTables
from calcikin.compiler.speciation_source import SpeciationSlots

__all__ = ["emit_newton_step"]


def emit_newton_step(
    tables: SolutionTables,
    slots: SpeciationSlots,
    *,
    name: str = "_newton_step",
    also: Sequence[str] = (),
) -> list[str]:
    """Lines of ``_newton_step(q, x, s, d)``, which goes on where ``_equations`` ends.

    Elimination without pivoting: the cation block is symmetric positive definite. Steps of ln c are
    cut to 2; the ionic strength may fall to a tenth at most.

    d[0] is 1 where x stands still; d[1] becomes the size of the step, infinite where there is none.

    Parameters
    ----------
    tables : SolutionTables
    slots : SpeciationSlots
    name : str
        Of the function.
    also : sequence of str
        Further lines before the size is kept; they may change ``big`` and know ``go``.
    """
    n = len(tables.cations) + 1
    lines = ["go = d[0] < 0.5"]
    lines += [f"a_{i}_{j} = s[{slots[f'm.{i}.{j}']}]" for i in range(n) for j in range(n)]
    lines += [f"b_{i} = s[{slots[f'r.{i}']}]" for i in range(n)]
    for k in range(n):
        lines.append(f"p_{k} = 1.0/a_{k}_{k}")
        for i in range(k + 1, n):
            lines.append(f"f_{i}_{k} = a_{i}_{k}*p_{k}")
            lines += [f"a_{i}_{j} = a_{i}_{j} - f_{i}_{k}*a_{k}_{j}" for j in range(k + 1, n)]
            lines.append(f"b_{i} = b_{i} - f_{i}_{k}*b_{k}")
    for i in reversed(range(n)):
        known = "".join(f" - a_{i}_{j}*b_{j}" for j in range(i + 1, n))
        lines.append(f"b_{i} = (b_{i}{known})*p_{i}")
    lines.append(f"big = abs(b_{n - 1})/x[{n - 1}]")
    lines += [f"big = max(big, abs(b_{i}))" for i in range(n - 1)]
    # max loses a NaN, a sum keeps it
    lines.append("check = " + " + ".join(f"abs(b_{i})" for i in range(n)))
    lines.append("big = big if check < 1e300 else math.inf")
    lines.append("cut = 1.0 if big <= 2.0 else 2.0/big")
    lines += [f"x[{i}] = x[{i}] - cut*b_{i} if go else x[{i}]" for i in range(n - 1)]
    lines.append(f"i_old = x[{n - 1}]")
    lines.append(f"i_new = max(i_old - cut*b_{n - 1}, 0.1*i_old)")
    lines.append(f"x[{n - 1}] = i_new if go else i_old")
    lines += also
    lines.append("d[1] = big if go else d[1]")
    return [f"def {name}(q, x, s, d):", *(f"    {line}" for line in lines), "    return 0"]
