"""Media: recipes give the totals that a hand calculation gives, and refuse absurd values."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.media import load_medium, media_names
from calcikin.chemistry.speciation import solve
from calcikin.errors import ModelFileError, OutOfRangeError, UnitError, UnknownNameError
from calcikin.paths import models_dir

DIRECT = ["acp_slurry", "fetuin_purified", "sbf"]
SERUM_INPUTS = "Ca Mg Pi albumin fetuin PPi ATP citrate bicarbonate Na K Cl sulphate lactate"


@pytest.mark.parametrize("name", media_names())
def test_every_medium_is_sound(name: str) -> None:
    medium = load_medium(name)
    components = load_constants().components
    totals = medium.totals()
    assert set(totals) <= set(components) - {"H"}
    assert all(math.isfinite(c) and c >= 0.0 for c in totals.values())
    assert 0.0 < medium.serum_fraction <= 1.0
    for item in medium.inputs.values():
        assert item.default.source
        assert item.window[0] <= item.usual[0] <= item.usual[1] <= item.window[1]
    for preset in medium.presets.values():
        for datum in preset.values.values():
            assert datum.source
        assert set(preset.values) == set(medium.inputs)
    assert all(part.source for part in medium.parts)


def test_serum_has_the_inputs_of_the_command_line() -> None:
    expected = {f"serum.{name}" for name in SERUM_INPUTS.split()}
    assert set(load_medium("serum").inputs) == expected
    assert set(load_medium("t50_mix").inputs) == expected
    assert set(load_medium("serum").presets) == {"healthy", "ckd_3_4", "haemodialysis", "pxe"}


def test_t50_mix_by_hand() -> None:
    # 80 uL serum of 200 uL; stocks a quarter each. Healthy: Ca 2.40, Pi 1.10, Mg 0.82 mmol/L.
    medium = load_medium("t50_mix")
    totals = medium.totals()
    assert medium.serum_fraction == pytest.approx(0.4, rel=1e-15)
    assert totals["Ca"] == pytest.approx(0.4 * 2.40e-3 + 0.25 * 40e-3, rel=1e-12)
    assert totals["Pi"] == pytest.approx(0.4 * 1.10e-3 + 0.25 * (19.44e-3 + 4.56e-3), rel=1e-12)
    assert totals["Mg"] == pytest.approx(0.4 * 0.82e-3, rel=1e-12)
    assert totals["HEPES"] == pytest.approx(0.5 * 100e-3, rel=1e-12)
    assert totals["Alb"] == pytest.approx(0.4 * 12 * 43.0 / 66500, rel=1e-12)
    assert totals["PPi"] == pytest.approx(0.4 * 1.6e-6, rel=1e-12)
    assert medium.fetuin() == pytest.approx(0.4 * 0.72 / 58000, rel=1e-12)
    assert totals["Fet"] == pytest.approx(medium.fetuin(), rel=1e-12)
    chloride = 0.4 * 103e-3 + 0.1 * 140e-3 + 0.25 * 140e-3 + 0.25 * (80e-3 + 140e-3)
    assert totals["Cl"] == pytest.approx(chloride, rel=1e-12)


def test_changing_one_input_changes_one_total() -> None:
    medium = load_medium("t50_mix")
    base, more = medium.totals(), medium.totals({"serum.Mg": 1.02})
    assert more["Mg"] - base["Mg"] == pytest.approx(0.4 * 0.2e-3, rel=1e-12)
    assert {k for k in base if base[k] != more[k]} == {"Mg"}


def test_presets_and_changes_combine() -> None:
    medium = load_medium("t50_mix")
    values = medium.values("haemodialysis", {"serum.Mg": 1.1})
    assert values["serum.Mg"] == 1.1
    assert values["serum.Pi"] == 1.70
    assert medium.totals(values)["Pi"] == pytest.approx(0.4 * 1.70e-3 + 6e-3, rel=1e-12)


def test_zero_is_an_exact_zero() -> None:
    zeros = dict.fromkeys(load_medium("serum").inputs, 0.0)
    totals = load_medium("serum").totals(zeros)
    assert set(totals.values()) == {0.0}


def test_sodium_hydroxide_of_the_t50_stocks_brings_them_to_their_ph() -> None:
    # The NaOH in the file is said to be derived from charge balance at pH 7.40 and 37 degC.
    constants = load_constants()
    stocks = [p for p in load_medium("t50_mix").parts if "HEPES" in p.contents]
    assert len(stocks) == 2
    for stock in stocks:
        solution = solve(constants, stock.contents, 310.15, fixed_activity={"H": 10**-7.40})
        # the number has three digits: 0.1 mmol/L of 57
        assert abs(solution.charge) < 1e-4
        share = solution.free["HEPES"] / stock.contents["HEPES"]
        assert 0.5 < share < 0.6  # about half the HEPES is its sodium salt


@pytest.mark.parametrize("name", DIRECT)
def test_direct_media_are_neutral_at_their_ph(name: str) -> None:
    # Sodium and chloride of buffers and phosphate are given per mole of them, from charge balance;
    # complexes shift it a little: within 0.5 % of the ions.
    medium = load_medium(name)
    solution = solve(
        load_constants(),
        medium.totals(),
        medium.temperature,
        fixed_activity={"H": 10**-medium.pH},
    )
    assert abs(solution.charge) < 0.005 * 2.0 * solution.ionic_strength


def test_slurry_by_hand() -> None:
    totals = load_medium("acp_slurry").totals({"Mg": 2.0})
    assert totals["Ca"] == pytest.approx(10e-3)
    assert totals["Pi"] == pytest.approx(6e-3)
    assert totals["Mg"] == pytest.approx(2e-3)
    assert totals["HEPES"] == pytest.approx(50e-3)
    assert totals["Cl"] == pytest.approx(150e-3 + 20e-3 + 4e-3)
    assert totals["Na"] == pytest.approx(150e-3 + 0.56 * 50e-3 + 1.81 * 6e-3)
    assert load_medium("acp_slurry").fetuin() == 0.0
    assert load_medium("fetuin_purified").fetuin() == pytest.approx(7e-6)


def test_sbf_has_the_ions_of_kokubo() -> None:
    totals = load_medium("sbf").totals()
    for component, mmol in (("Na", 142.0), ("K", 5.0), ("Mg", 1.5), ("Ca", 2.5), ("CO3", 4.2)):
        assert totals[component] == pytest.approx(1e-3 * mmol, rel=1e-3)
    # 147.8 mmol/L chloride in salts, and the HCl of the buffer on top
    assert totals["Cl"] == pytest.approx(147.8e-3 + 0.76 * 50e-3, rel=1e-3)


# --- units and refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("serum.Mg", "2.0 mg/dL", 0.8229),
        ("serum.Mg", "0.82 mmol/L", 0.82),
        ("serum.Mg", "1.64 mEq/L", 0.82),
        ("serum.Ca", "9.6 mg/dL", 2.395),
        ("serum.Pi", "3.4 mg/dL", 1.0977),
        ("serum.albumin", "4.3 g/dL", 43.0),
        ("serum.fetuin", "12.4 umol/L", 0.7192),
        ("serum.citrate", "0.12 mmol/L", 120.0),
    ],
)
def test_quantities_in_the_units_of_reports(name: str, text: str, value: float) -> None:
    # four digits: molar masses
    assert load_medium("serum").input(name).parse(text) == pytest.approx(value, rel=2e-4)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("serum.Mg", 20.0, "mg/L"),
        ("serum.Ca", 9.6, "mg/dL"),
        ("serum.albumin", 4.3, "g/dL"),
        ("serum.citrate", 0.12, "mmol/L"),
        ("serum.fetuin", 720.0, "mg/L"),
        ("serum.Na", 0.14, "mol/L"),
    ],
)
def test_absurd_values_say_which_unit_they_look_like(name: str, value: float, unit: str) -> None:
    with pytest.raises(OutOfRangeError) as caught:
        load_medium("serum").values(changes={name: value})
    assert caught.value.where == name
    assert f"looks like {unit}" in str(caught.value.hint)


def test_magnesium_of_two_is_allowed_and_twenty_shows_both_scales() -> None:
    medium = load_medium("serum")
    assert medium.values(changes={"serum.Mg": 2.1})["serum.Mg"] == 2.1
    with pytest.raises(OutOfRangeError, match="mg/dL"):
        medium.values(changes={"serum.Mg": 20.0})


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, -math.inf])
def test_impossible_values_are_refused(value: float) -> None:
    with pytest.raises(OutOfRangeError, match=r"serum\.Mg"):
        load_medium("serum").totals({"serum.Mg": value})


def test_missing_and_wrong_units_are_refused() -> None:
    item = load_medium("serum").input("serum.Mg")
    for text in ("1.2", "1.2 degC", "1.2 furlong"):
        with pytest.raises(UnitError):
            item.parse(text)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"serum\.Mg"):
        load_medium("serum").totals({"serum.mg": 1.0})
    with pytest.raises(UnknownNameError, match="healthy"):
        load_medium("serum").values("helthy")
    with pytest.raises(UnknownNameError, match="t50_mix"):
        load_medium("t50mix")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[medium",
        '[medium]\nname = "x"',
        "[[part]]\nvolume = 1.0",
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ModelFileError):
        load_medium(path)


def test_bad_recipes_are_refused(tmp_path: Path) -> None:
    good = _text("t50_mix").replace('serum = "serum"', "")
    inputs = _text("serum").split("[inputs.Mg]")[0].split("[inputs.Ca]")[1]
    base = good + "\n[inputs.Ca]" + inputs
    for old, new in (
        ("volume = 80.0", "volume = 0.0"),
        ("inputs = true", "inputs = false"),
        ("NaCl = 140.0 }", "NaBr = 140.0 }"),
        ("NaCl = 140.0 }", "NaCl = -1.0 }"),
        ("window = [0.0, 6.0]", "window = [6.0, 0.0]"),
        ('unit = "mmol/L"', 'unit = "mmol/min"'),
        ("value = 2.4", "value = 24.0"),
    ):
        assert old in base
        path = tmp_path / "medium.toml"
        path.write_text(base.replace(old, new, 1), encoding="utf-8")
        with pytest.raises((ModelFileError, UnknownNameError, OutOfRangeError, UnitError)):
            load_medium(path)


def _text(name: str) -> str:
    return (models_dir() / "media" / f"{name}.toml").read_text("utf-8")
