"""The default constants against measurements that were not used to choose them, and some that were.

Serum: free concentrations, which is what an ion-selective electrode reports after calibration, per
litre of serum (proteins take no volume here; per litre of serum water they are 4 % higher).
"""

from __future__ import annotations

import pytest

from calcikin.chemistry.constants import load_constants
from calcikin.chemistry.media import load_medium
from calcikin.chemistry.speciation import (
    Equilibrium,
    ionised,
    saturation_indices,
    solve,
    ultrafiltrable,
)


def serum(preset: str) -> tuple[Equilibrium, dict[str, float]]:
    medium = load_medium("serum")
    totals = medium.totals(medium.values(preset))
    pH = medium.preset(preset).pH.value
    return solve(load_constants(), totals, fixed_activity={"H": 10**-pH}), totals


# --- serum -------------------------------------------------------------------------------------


def test_healthy_serum_lies_in_the_reference_ranges() -> None:
    free = ionised(serum("healthy")[0])
    assert 1.15e-3 <= free["Ca"] <= 1.32e-3
    assert 0.53e-3 <= free["Mg"] <= 0.59e-3


@pytest.mark.parametrize("preset", ["healthy", "ckd_3_4", "haemodialysis", "pxe"])
def test_presets_lie_near_their_measured_values(preset: str) -> None:
    # 10 %: what groups of the same description differ by among studies
    solution, totals = serum(preset)
    free = ionised(solution)
    for name, datum in load_medium("serum").preset(preset).reference.items():
        if name == "ionised_Ca":
            value = free["Ca"] * 1e3
        elif name == "ionised_Mg":
            value = free["Mg"] * 1e3
        else:
            assert name == "ionised_share_Mg"
            value = free["Mg"] / totals["Mg"]
        assert value == pytest.approx(datum.value, rel=0.10), name


def test_shares_of_serum_magnesium() -> None:
    # Altura and Altura 1994: 67 % ionised, 14 % in complexes, 19 % on protein (the constant for
    # albumin was fitted to this). 3 points: the scatter of such fractions among studies is larger.
    solution, totals = serum("healthy")
    free, filtered = ionised(solution)["Mg"], ultrafiltrable(solution)["Mg"]
    assert free / totals["Mg"] == pytest.approx(0.67, abs=0.03)
    assert (filtered - free) / totals["Mg"] == pytest.approx(0.14, abs=0.03)
    assert 1.0 - filtered / totals["Mg"] == pytest.approx(0.19, abs=0.03)


def test_shares_of_serum_calcium() -> None:
    # Textbooks: about half ionised, 10-15 % in complexes, 35-45 % on protein (of which albumin
    # four fifths, and the globulins are not modelled: so 30-36 % here).
    solution, totals = serum("healthy")
    free, filtered = ionised(solution)["Ca"], ultrafiltrable(solution)["Ca"]
    assert 0.45 < free / totals["Ca"] < 0.55
    assert 0.10 < (filtered - free) / totals["Ca"] < 0.15
    assert 0.30 < 1.0 - filtered / totals["Ca"] < 0.36


def test_albumin_moves_ionised_calcium_as_the_clinical_correction_says() -> None:
    # Payne's rule: 0.02 mmol/L of total calcium per g/L of albumin at the same ionised calcium.
    # A binding isotherm at 1.25 mmol/L gives 12/66.5 * 0.105 = 0.019; 15 % for the rule's rounding.
    solution, _ = serum("healthy")
    bound = solution.species["CaAlb+2"] * 1e3
    assert bound / 43.0 == pytest.approx(0.020, rel=0.15)


def test_plasma_is_supersaturated_with_apatite_but_not_with_acp() -> None:
    indices = saturation_indices(serum("healthy")[0])
    assert 9.5 < indices["HAP"] < 10.7  # per Ca5; 10.24 in plasma ultrafiltrate with phreeqc.dat
    assert indices["ACP"] < -0.3
    assert indices["DCPD"] < 0.0


@pytest.mark.parametrize(("citrate", "low", "high"), [(0.0, 0.03, 0.07), (120.0, 0.0, 0.03)])
def test_magnesium_hardly_changes_the_saturation(citrate: float, low: float, high: float) -> None:
    # Taking 0.6 mmol/L out of a plasma ultrafiltrate moves SI(HAP) by 0.05 in PHREEQC, which has no
    # citrate. With citrate it is less still: what Mg leaves, Ca takes.
    medium = load_medium("serum")
    water = {"serum.albumin": 0.0, "serum.fetuin": 0.0, "serum.Ca": 1.45, "serum.citrate": citrate}
    values = []
    for mg in (0.6, 0.0):
        totals = medium.totals({**water, "serum.Mg": mg})
        solution = solve(load_constants(), totals, fixed_activity={"H": 10**-7.4})
        values.append(saturation_indices(solution)["HAP"])
    assert low < values[1] - values[0] < high


# --- pH standards ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kh2po4", "na2hpo4", "celsius", "pH"),
    [
        # Bower, Paabo, Bates 1961, 10.6028/jres.065A.031
        (0.008695, 0.03043, 25.0, 7.414),
        (0.008695, 0.03043, 38.0, 7.382),
        # the equimolal NBS standard
        (0.025, 0.025, 25.0, 6.865),
    ],
)
def test_phosphate_ph_standards(kh2po4: float, na2hpo4: float, celsius: float, pH: float) -> None:
    # A closed system: H is a total. 0.02: what one-parameter activity equations reach at I = 0.1
    # (with the NIST constant for NaHPO4-, 1.07, it would be 0.09).
    totals = {
        "Pi": kh2po4 + na2hpo4,
        "Na": 2 * na2hpo4,
        "K": kh2po4,
        "H": 2 * kh2po4 + na2hpo4,
    }
    assert solve(load_constants(), totals, celsius + 273.15).pH == pytest.approx(pH, abs=0.02)


def test_standards_are_electrically_neutral() -> None:
    solution = solve(load_constants(), {"Pi": 0.05, "Na": 0.05, "K": 0.025, "H": 0.075}, 298.15)
    assert abs(solution.charge) < 1e-12


# --- ATP ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metal", "kd"), [("Mg", 0.20e-3), ("Ca", 0.42e-3)])
def test_apparent_dissociation_constants_of_atp(metal: str, kd: float) -> None:
    # At pH 7.4, 37 degC in 0.14 mol/L sodium: 0.20 mmol/L for Mg and 0.42 mmol/L for Ca. 15 %: the
    # two constants are published to 0.05-0.1 log units.
    totals = {"ATP": 1e-6, metal: 0.5e-3, "Na": 0.14, "Cl": 0.14}
    solution = solve(load_constants(), totals, fixed_activity={"H": 10**-7.4})
    bound = sum(
        c
        for name, c in solution.species.items()
        if {metal, "ATP"} <= set(solution.constants.species[name].stoichiometry)
    )
    apparent = solution.free[metal] * (1e-6 - bound) / bound
    assert apparent == pytest.approx(kd, rel=0.15)


def test_micromolar_atp_does_not_chelate() -> None:
    # ATP at the level of plasma, or ten times that, cannot move ionised calcium or magnesium.
    medium = load_medium("serum")
    none, ten = (
        ionised(
            solve(
                load_constants(),
                medium.totals({"serum.ATP": atp}),
                fixed_activity={"H": 10**-7.4},
            )
        )
        for atp in (0.0, 1.0)
    )
    for metal in ("Ca", "Mg"):
        assert ten[metal] == pytest.approx(none[metal], rel=2e-3)


# --- the assay mix -----------------------------------------------------------------------------


def test_assay_mix_falls_out_and_plasma_and_sbf_do_not() -> None:
    # onset of ACP near log10 {Ca}{H}^0.22{PO4}^0.74 = -10.4, that is SI(ACP) = 0.24
    onset = -10.4 + 10.64
    for name in ("serum", "sbf"):
        medium = load_medium(name)
        solution = solve(
            load_constants(),
            medium.totals(),
            medium.temperature,
            fixed_activity={"H": 10**-medium.pH},
        )
        assert saturation_indices(solution)["ACP"] < onset - 0.3
    for name in ("t50_mix", "acp_slurry", "fetuin_purified"):
        medium = load_medium(name)
        solution = solve(
            load_constants(),
            medium.totals(),
            medium.temperature,
            fixed_activity={"H": 10**-medium.pH},
        )
        assert saturation_indices(solution)["ACP"] > onset + 0.2
