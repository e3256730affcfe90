"""Errors say what, where and what to try, and survive the way between processes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcikin import errors
from calcikin.errors import (
    BalanceError,
    CalcikinError,
    InputError,
    ModelFileError,
    OutOfRangeError,
    OutputError,
    SimulationError,
    UnitError,
    UnknownNameError,
    nearest_names,
)

INPUT_ERRORS = [
    BalanceError,
    InputError,
    ModelFileError,
    OutOfRangeError,
    OutputError,
    UnitError,
    UnknownNameError,
]


def test_message_has_what_where_and_hint():
    error = InputError("Mg is negative: -1 mmol/L", where="--set serum.Mg", hint="0.8 mmol/L")
    assert str(error) == "Mg is negative: -1 mmol/L\n  where: --set serum.Mg\n  try: 0.8 mmol/L"
    assert str(InputError("only this")) == "only this"


@pytest.mark.parametrize("cls", INPUT_ERRORS)
def test_input_errors_exit_with_2(cls):
    assert issubclass(cls, InputError)
    assert cls.exit_code == 2


def test_simulation_error_exits_with_1():
    assert SimulationError.exit_code == 1
    assert not issubclass(SimulationError, InputError)


def test_a_balance_error_is_a_model_file_error():
    assert issubclass(BalanceError, ModelFileError)


def test_every_error_is_public():
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, CalcikinError)
    }
    assert classes <= set(errors.__all__)


def test_unknown_name_offers_the_nearest():
    error = UnknownNameError("serum component", "mg", ["Ca", "Mg", "Pi"], where="--set serum.mg")
    assert str(error).splitlines() == [
        "unknown serum component 'mg'",
        "  where: --set serum.mg",
        "  try: Mg? known: Ca, Mg, Pi",
    ]
    assert (error.kind, error.name, error.known) == ("serum component", "mg", ("Ca", "Mg", "Pi"))


def test_unknown_name_with_nothing_near_or_nothing_known():
    assert "known: acp_slurry, sbf" in str(UnknownNameError("model", "xyz", ["sbf", "acp_slurry"]))
    assert "there is no model here" in str(UnknownNameError("model", "xyz", []))


def test_long_lists_are_cut():
    text = str(UnknownNameError("parameter", "zzz", [f"p{i:03}" for i in range(200)]))
    assert "and 185 more" in text
    assert len(text) < 250


def test_nearest_names_ignores_case_and_keeps_all_spellings():
    assert set(nearest_names("ACP", ["acp", "Acp", "HAP"])) == {"acp", "Acp"}
    assert nearest_names("t50serum", ["acp_slurry", "t50_serum"])[0] == "t50_serum"


@given(
    what=st.text(),
    where=st.none() | st.text(),
    hint=st.none() | st.text(),
    cls=st.sampled_from([BalanceError, OutOfRangeError, SimulationError]),
)
def test_errors_survive_pickling(what, where, hint, cls):
    error = pickle.loads(pickle.dumps(cls(what, where=where, hint=hint)))
    assert type(error) is cls
    assert (error.what, error.where, error.hint) == (what, where, hint)


def test_unknown_name_survives_pickling():
    error = UnknownNameError("model", "t50", ["t50_serum"], where="command line")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.known == error.known
