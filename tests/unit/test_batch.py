"""Many points as columns are the same runs as one by one."""

import numpy as np
import pytest

from calcikin import load
from calcikin.errors import InputError, UnknownNameError
from calcikin.sweep.batch import evaluate_many


def test_columns_are_the_runs_one_by_one() -> None:
    model = load("t50_serum")
    magnesium = [0.8, 1.2]
    complexation = [True, False]
    table = evaluate_many(
        model,
        {"serum.Mg": magnesium},
        ["t50", "pH_end"],
        switches={"phosphate_complexation": complexation},
        solver="lsoda",
    )
    for k, (mg, on) in enumerate(zip(magnesium, complexation, strict=True)):
        off = [] if on else ["phosphate_complexation"]
        single = model.with_({"serum.Mg": mg}, switch_off=off).simulate()
        assert table.values["t50"][k] == single.t50()
        assert table.values["pH_end"][k] == single.ph[-1]
        assert table.balance_error[k] == single.balance_error
    assert np.all(table.status == 0)


def test_a_refused_point_is_a_row() -> None:
    table = evaluate_many(load("t50_serum"), {"serum.Mg": [0.8, 900.0]})
    assert table.status[0] == 0 != table.status[1]
    assert np.isnan(table.values["t50"][1])
    assert "plausible" in table.reason[1]


def test_names_and_shapes_are_checked_before_anything_runs() -> None:
    model = load("t50_serum")
    with pytest.raises(UnknownNameError, match=r"serum\.Mg"):
        evaluate_many(model, {"serum.Mgg": [1.0]})
    with pytest.raises(UnknownNameError, match="mechanism"):
        evaluate_many(model, {}, switches={"nothing": [True]})
    with pytest.raises(InputError, match="do not match"):
        evaluate_many(model, {"serum.Mg": [1.0, 2.0], "serum.Ca": [2.4]})
