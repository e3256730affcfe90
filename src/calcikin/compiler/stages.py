"""Source of the sums over the stages of a Rosenbrock method.

One pass over memory for each stage, with the number of earlier stages and of unknowns written out:
added one stage at a time, the sums are loaded and stored so often that it takes a tenth of the
whole integration.
"""

from __future__ import annotations

__all__ = ["COMBINE"]

MOST_STAGES = 8  # of the methods there are


def _combine_source() -> str:
    """Text of ``_combine(i, z, U, A, C, zs, c)``, in a module that has SIZE.

    It sets zs = z + sum_j A[i, j] U[j] and c = sum_j C[i, j] U[j] over j < i, for i > 0.
    """
    # a product and a sum may become one instruction, alike in every lane
    decorator = '@njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)'
    lines = [decorator, "def _combine(i, z, U, A, C, zs, c):"]
    for i in range(1, MOST_STAGES):
        lines.append(f"    {'if' if i == 1 else 'elif'} i == {i}:")
        lines += [f"        a{j}, g{j} = A[{i}, {j}], C[{i}, {j}]" for j in range(i)]
        lines.append("        for k in range(SIZE):")
        lines += [f"            u{j} = U[{j}, k]" for j in range(i)]
        lines.append("            zs[k] = z[k] + " + " + ".join(f"a{j} * u{j}" for j in range(i)))
        lines.append("            c[k] = " + " + ".join(f"g{j} * u{j}" for j in range(i)))
    return "\n".join(lines)


COMBINE = _combine_source()
