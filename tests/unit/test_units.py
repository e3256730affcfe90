"""Units: known conversions, round trips, and refusal of everything that is not meant."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calcikin.errors import OutOfRangeError, UnitError
from calcikin.units import (
    MOLAR_MASS,
    VALENCE,
    compatible,
    convert,
    factor,
    format_quantity,
    parse_quantity,
    parse_range,
)

# IUPAC abridged standard atomic weights, 2021.
WEIGHT = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "Na": 22.990,
    "Mg": 24.305,
    "P": 30.974,
    "S": 32.06,
    "Cl": 35.45,
    "K": 39.098,
    "Ca": 40.078,
}
FORMULA = {
    "Ca": {"Ca": 1},
    "Mg": {"Mg": 1},
    "Na": {"Na": 1},
    "K": {"K": 1},
    "Cl": {"Cl": 1},
    "Pi": {"P": 1},
    "HCO3": {"H": 1, "C": 1, "O": 3},
    "SO4": {"S": 1, "O": 4},
    "citrate": {"C": 6, "H": 5, "O": 7},
    "lactate": {"C": 3, "H": 5, "O": 3},
    "PPi": {"P": 2, "O": 7},
    "ATP": {"C": 10, "H": 16, "N": 5, "O": 13, "P": 3},
}

SAME_KIND = [
    ["mol/L", "mmol/L", "umol/L", "nmol/L", "mM", "uM", "mol/m3"],
    ["s", "min", "h", "d"],
    ["m", "nm", "um", "cm"],
    ["K", "degC"],
    ["J/mol", "kJ/mol", "kcal/mol"],
    ["mol/L/s", "mmol/L/h", "umol/L/min", "U/L"],
    ["1/s", "1/min", "1/h"],
    ["mJ/m2", "mN/m", "J/m**2"],
    ["m2/L", "m^2/mL", "1/m"],
    ["Pa", "mmHg", "atm", "bar"],
]
PAIRS = [(a, b) for group in SAME_KIND for a in group for b in group]
#: Temperatures below absolute zero are refused; amounts far from 1 leave room for every factor.
magnitudes = st.floats(min_value=1e-200, max_value=1e200)


@pytest.mark.parametrize(
    ("unit", "to", "expected"),
    [
        ("mmol/L", "mol/L", 1e-3),
        ("umol/L", "mol/L", 1e-6),
        ("µmol/L", "mol/L", 1e-6),  # micro sign
        ("μmol/L", "mol/L", 1e-6),  # Greek mu
        ("mM", "mol/L", 1e-3),
        ("h", "s", 3600.0),
        ("min", "s", 60.0),
        ("1/h", "1/s", 1 / 3600),
        ("mmol/L/h", "mol/L/s", 1e-3 / 3600),
        ("nm", "m", 1e-9),
        ("m2/L", "1/m", 1e3),
        ("nm3", "m3", 1e-27),
        ("m^-2", "nm**-2", 1e-18),
        ("m⁻²", "nm-2", 1e-18),
        ("mol m-2 s-1", "mol/(m2 s)", 1.0),
        ("mol·L⁻¹·s⁻¹", "mol/L/s", 1.0),
        ("kJ/mol", "J/mol", 1e3),
        ("kcal/mol", "J/mol", 4184.0),
        ("J/mol/degC", "J/mol/K", 1.0),
        ("mN/m", "mJ/m2", 1.0),
        ("kDa", "g/mol", 1e3),
        ("U/L", "umol/L/min", 1.0),
        ("mmHg", "Pa", 133.322387415),
        ("%", "1", 0.01),
        ("hours", "min", 60.0),
    ],
)
def test_factor(unit, to, expected):
    # Exact fractions rounded once: equal to the literal, or to one division of exact numbers.
    assert factor(unit, to) == pytest.approx(expected, rel=2**-52)


@settings(max_examples=500)  # about three for each pair
@given(value=magnitudes, pair=st.sampled_from(PAIRS))
def test_convert_round_trip(value, pair):
    unit, to = pair
    if "degC" in (unit, to):
        value = 273.15 + math.fmod(value, 100.0)
        # Two additions of 273.15, each rounded to half a unit in the last place of 400.
        tolerance = {"abs": 2 * math.ulp(400.0)}
    else:
        # Two roundings of the factors, two of the products.
        tolerance = {"rel": 4 * 2**-53}
    assert convert(convert(value, unit, to), to, unit) == pytest.approx(value, **tolerance)


@given(value=magnitudes, pair=st.sampled_from(PAIRS))
def test_what_is_formatted_is_parsed_again(value, pair):
    unit, to = pair
    assume("degC" not in pair)
    text = format_quantity(value, unit, digits=17)
    # 17 digits name the float exactly.
    assert parse_quantity(text, unit) == value
    # One rounding against two.
    assert parse_quantity(text, to) == pytest.approx(value * factor(unit, to), rel=3 * 2**-53)


@given(value=magnitudes, digits=st.integers(min_value=1, max_value=17))
def test_formatting_keeps_the_digits_asked_for(value, digits):
    shown = parse_quantity(format_quantity(value, "1", digits), "1")
    # Rounding to n significant digits errs by at most half of the n-th; parsing rounds once more.
    assert shown == pytest.approx(value, rel=0.5 * 10 ** (1 - digits) + 2**-53)


@given(st.decimals(min_value="0.0001", max_value="9999", places=4))
def test_the_same_amount_in_other_units_is_the_same_float(amount):
    in_mmol = parse_quantity(f"{amount} mmol/L", "mol/L")
    assert parse_quantity(f"{amount}e3 umol/L", "mol/L") == in_mmol
    assert parse_quantity(f"{amount}e-3 mol/L", "mol/L") == in_mmol
    assert float(f"{amount}e-3") == in_mmol


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("1.2 mmol/L", "mol/L", 1.2e-3),
        ("1.2mmol/L", "mol/L", 1.2e-3),
        ("  1.2  mmol/L ", "mol/L", 1.2e-3),
        ("1.2e-3mol/L", "mol/L", 1.2e-3),
        (".5mM", "mol/L", 5e-4),
        ("37 degC", "K", 310.15),
        ("37°C", "K", 310.15),
        ("310.15 K", "K", 310.15),
        ("-10 degC", "K", 263.15),
        ("−10 degC", "K", 263.15),  # the minus sign of typesetting
        ("24h", "s", 86400.0),
        ("24 h", "min", 1440.0),
        ("-15.1 kJ/mol", "J/mol", -15100.0),
        ("7.4", "1", 7.4),
        (7.4, "1", 7.4),
        (3, "1", 3.0),
        (np.float64(7.4), "1", 7.4),
        (np.int64(3), "1", 3.0),
        ("5 %", "1", 0.05),
        ("1 Eq/L", "Eq/L", 1.0),
    ],
)
def test_parse_quantity(text, to, expected):
    assert parse_quantity(text, to) == expected


@pytest.mark.parametrize(
    ("text", "to", "substance", "expected"),
    [
        ("2 mg/dL", "mol/L", "Mg", 0.02 / 24.305),
        ("9.6 mg/dL", "mmol/L", "Ca", 96 / 40.078),
        ("3.4 mg/dL", "mmol/L", "Pi", 34 / 30.974),
        ("3.4 mg/dL", "mmol/L", "phosphate", 34 / 30.974),
        ("43 g/L", "mol/L", "albumin", 43 / 66500),
        ("0.72 g/L", "umol/L", "fetuin-A", 0.72 / 58000 * 1e6),
        ("0.72 g/L", "umol/L", "fetuin_a", 0.72 / 58000 * 1e6),
        ("2 mEq/L", "mmol/L", "Mg", 1.0),
        ("140 mEq/L", "mmol/L", "Na", 140.0),
        ("1 mmol/L", "mEq/L", "Ca", 2.0),
        ("1 mmol/L", "g/L", "albumin", 66.5),
    ],
)
def test_mass_and_charge_become_moles(text, to, substance, expected):
    # A few roundings in `expected`; parse_quantity itself rounds once.
    assert parse_quantity(text, to, substance=substance) == pytest.approx(expected, rel=4 * 2**-53)


@pytest.mark.parametrize("name", sorted(FORMULA))
def test_molar_masses_are_sums_of_atomic_weights(name):
    expected = sum(count * WEIGHT[element] for element, count in FORMULA[name].items())
    # The table gives three decimals.
    assert MOLAR_MASS[name] == pytest.approx(expected, abs=6e-4)


def test_tables_agree_on_names():
    assert set(VALENCE) <= set(MOLAR_MASS)
    assert set(MOLAR_MASS) == set(FORMULA) | {"albumin", "fetuin-A"}


BAD_UNITS = [
    "pH",  # not picohenry
    "C",  # not coulomb
    "MMOL/L",
    "mmolL",
    "J/mol K",  # two readings
    "m**99",
    "m**m",
    "m^2.5",
    "mol/",
    "/L",
    "*mol",
    "mol//L",
    "mol*/L",
    "(mol",
    "mol)",
    "()",
    "",
    " ",
    "10 mol",
    "2*mol",
    "mol(L)",
    "mol;L",
    "__import__('os')",
    "9**9**9",
    "1" * 50,
    "(" * 99,
    "m" * 10_000,
    "mol/L\x00",
]


@pytest.mark.parametrize("unit", BAD_UNITS)
def test_what_is_not_a_unit_is_refused(unit):
    with pytest.raises(UnitError):
        factor(unit, "mol/L")
    with pytest.raises(UnitError):
        compatible("mol/L", unit)


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_refused(text):
    try:
        value = parse_quantity(text, "mol/L", substance="Mg")
    except (UnitError, OutOfRangeError):
        return
    assert math.isfinite(value)


@given(st.text(alphabet="0123456789.eE+-:,mMolgLdhsKCEq/ *^()1%", max_size=30))
def test_any_range_is_values_or_refused(text):
    assume(text.count(":") < 2)  # a grid of a million values is allowed, and slow
    try:
        values = parse_range(text, "mol/L", substance="Mg")
    except (UnitError, OutOfRangeError):
        return
    assert values.size >= 1
    assert np.isfinite(values).all()


@pytest.mark.parametrize("text", ["nan", "NaN mmol/L", "inf mmol/L", "-Infinity", "1e999 mol/L"])
def test_what_is_not_finite_is_refused(text):
    with pytest.raises(OutOfRangeError, match="finite"):
        parse_quantity(text, "mol/L")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(number):
    with pytest.raises(OutOfRangeError, match="finite"):
        parse_quantity(number, "1")


def test_overflow_in_the_conversion_is_refused():
    with pytest.raises(OutOfRangeError, match="too large"):
        parse_quantity("1e308 mol/L", "nmol/L")


def test_huge_exponents_cost_nothing():
    assert parse_quantity("1e-999999999 mol/L", "mol/L") == 0.0
    with pytest.raises(OutOfRangeError):
        parse_quantity("1e999999999 mol/L", "mol/L")


def test_below_absolute_zero_is_refused():
    assert parse_quantity("-273.15 degC", "K") == 0.0
    with pytest.raises(OutOfRangeError, match="absolute zero"):
        parse_quantity("-300 degC", "K")
    with pytest.raises(OutOfRangeError, match="absolute zero"):
        parse_quantity("-1 K", "degC")


@pytest.mark.parametrize(
    "text", ["0.82", 0.82, "", "mmol/L", "1,2 mmol/L", True, None, "١ mM", b"1"]
)
def test_without_a_number_and_a_unit_it_is_refused(text):
    with pytest.raises(UnitError):
        parse_quantity(text, "mol/L")


@pytest.mark.parametrize(
    ("text", "to", "substance", "says"),
    [
        ("0.82", "mol/L", None, "'0.82 mmol/L'"),
        ("1,2 mmol/L", "mol/L", None, "decimal point"),
        ("37 C", "K", None, "degC"),
        ("20 mg%", "mol/L", "Mg", "mg/dL"),
        ("3 h", "mol/L", None, "'h' is a time, but a concentration is expected"),
        ("3 mg/dL", "mol/L", None, "no substance gives its molar mass"),
        ("3 mg/dL", "mol/L", "unobtainium", "unobtainium has no molar mass"),
        ("2 mEq/L", "mol/L", "Pi", "Pi has no fixed valence"),
        ("5 mmol/L", "1", None, "no unit"),
        ("1 mMol/L", "mol/L", None, "mmol/L"),
    ],
)
def test_refusals_say_what_to_do(text, to, substance, says):
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, to, where="serum.Mg in my.toml", substance=substance)
    assert says in str(caught.value)
    assert "where: serum.Mg in my.toml" in str(caught.value)


def test_factor_refuses_offsets_and_other_kinds():
    with pytest.raises(UnitError, match="offset"):
        factor("degC", "K")
    with pytest.raises(UnitError, match="a time, but a concentration"):
        factor("h", "mol/L")
    assert not compatible("g/L", "mol/L")
    assert compatible("m2/L", "1/nm")


def test_convert_takes_arrays_and_keeps_nan():
    kelvin = np.array([[273.15, 310.15], [300.0, np.nan]])
    celsius = convert(kelvin, "K", "degC")
    # One subtraction in each.
    np.testing.assert_allclose(celsius, kelvin - 273.15, rtol=0, atol=math.ulp(400.0))
    assert celsius.shape == kelvin.shape


def test_range_as_grid():
    values = parse_range("0.5:2.0:16mmol/L", "mol/L")
    np.testing.assert_allclose(values, np.linspace(0.5e-3, 2e-3, 16), rtol=2**-51)
    assert values[0] == 0.5e-3
    assert values[-1] == 2e-3
    np.testing.assert_array_equal(parse_range("1:2:3", "1"), [1.0, 1.5, 2.0])
    np.testing.assert_allclose(parse_range("20:40:3 degC", "K"), [293.15, 303.15, 313.15])


def test_range_as_list():
    np.testing.assert_array_equal(parse_range("0.5,1, 2mmol/L", "mol/L"), [0.5e-3, 1e-3, 2e-3])
    np.testing.assert_array_equal(parse_range("500 umol/L,1 mmol/L", "mol/L"), [0.5e-3, 1e-3])
    np.testing.assert_array_equal(parse_range("1.2mmol/L", "mol/L"), [1.2e-3])
    np.testing.assert_allclose(
        parse_range("1,2 mg/dL", "mol/L", substance="Mg"), np.array([1, 2]) * 0.01 / 24.305
    )


@pytest.mark.parametrize(
    "text", ["", "1:2mmol/L", "1:2:3", "1:2:2.5mmol/L", "a:b:3mmol/L", "1,,2mmol/L", "1,2", ":::"]
)
def test_bad_ranges_are_refused(text):
    with pytest.raises(UnitError):
        parse_range(text, "mol/L")


@pytest.mark.parametrize("text", ["1:2:1mmol/L", "1:2:0mmol/L", "1:2:999999999mmol/L"])
def test_absurd_grids_are_refused(text):
    with pytest.raises(OutOfRangeError, match="values"):
        parse_range(text, "mol/L")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.2, "mmol/L", "1.2 mmol/L"),
        (329.04, "min", "329 min"),
        (12345.6, "nm", "12346 nm"),
        (1.234567e-7, "mol/L", "1.235e-07 mol/L"),
        (6.02e23, "1/L", "6.02e+23 1/L"),
        (7.4, "1", "7.4"),
        (0.0, "h", "0 h"),
        (math.nan, "min", "nan min"),
    ],
)
def test_format_quantity(value, unit, shown):
    assert format_quantity(value, unit) == shown


def test_importing_units_imports_neither_pint_nor_numpy():
    code = (
        "import sys, calcikin, calcikin.units as u; u.parse_quantity('7.4', '1');"
        "u.format_quantity(1.0, 'h');"
        "print(sorted({'pint', 'numpy', 'numba', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"
