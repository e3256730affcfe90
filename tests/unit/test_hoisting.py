"""What does not change along a run moves to ``_prepare``; what is computed stays the same."""

from calcikin.compiler.hoisting import Hoister
from calcikin.compiler.layout import Layout


def hoisted(*body: str) -> tuple[list[str], list[str]]:
    """Lines that are left of a body, and those that fill the new slots; q[0] to q[9] are taken."""
    layout = Layout({f"parameter.{k}": k for k in range(10)})
    hoister = Hoister(layout)
    return hoister.lines(body), hoister.prepared


def test_constant_factors_of_a_product_become_one_slot() -> None:
    kept, prepared = hoisted("v0 = 4.0*y0*q[1]/(q[2]*y1)")
    assert kept == ["v0 = q[10] * y0 / y1"]
    assert prepared == ["q[10] = 4.0 * q[1] / q[2]"]


def test_names_that_hold_constants_vanish() -> None:
    kept, prepared = hoisted("v0_t0 = q[3]*q[3]*q[3]", "v0 = v0_t0*y0/(v0_t0 + y1)", "v[0] = v0")
    assert kept == ["v0 = q[10] * y0 / (q[10] + y1)", "v[0] = v0"]
    assert prepared == ["q[10] = q[3] * q[3] * q[3]"]


def test_a_single_parameter_or_number_stays_where_it_is() -> None:
    kept, prepared = hoisted("v0 = q[1]*y0 - 0.5", "v1 = -q[2] + v0")
    assert kept == ["v0 = q[1] * y0 - 0.5", "v1 = -q[2] + v0"]
    assert prepared == []


def test_the_same_constant_has_one_slot_in_all_functions() -> None:
    layout = Layout({f"parameter.{k}": k for k in range(10)})
    hoister = Hoister(layout)
    first = hoister.lines(["v0 = math.exp(q[1]/q[2])*y0"])
    second = hoister.lines(["v1 = y1/math.exp(q[1]/q[2])", "v2 = y2*math.exp(q[1]/q[2])"])
    assert first == ["v0 = q[10] * y0"]
    assert second[1] == "v2 = q[10] * y2"
    assert len(hoister.prepared) == len(set(hoister.prepared)) == 2  # exp(..) and 1 / exp(..)


def test_squares_below_the_line_become_reciprocals() -> None:
    # so that 1/v7, which other lines need too, is computed once
    kept, _ = hoisted("v0 = y0/(v7*v7)")
    assert kept == ["v0 = y0 * (1.0 / v7) * (1.0 / v7)"]


def test_constants_in_conditions_and_calls() -> None:
    kept, prepared = hoisted("v0 = max(y0, q[1]*q[2]) if q[1] > q[2] else q[3] + q[4]")
    assert kept == ["v0 = max(y0, q[10]) if q[1] > q[2] else q[11]"]
    assert prepared == ["q[10] = q[1] * q[2]", "q[11] = q[3] + q[4]"]


def test_a_name_that_changes_again_is_no_constant() -> None:
    kept, _ = hoisted("a = q[1]*q[2]", "a = a*y0", "v[0] = a*q[3]")
    assert kept == ["a = q[10] * y0", "v[0] = q[3] * a"]
