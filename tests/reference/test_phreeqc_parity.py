"""A whole PHREEQC database imported, with its own activity model, against PHREEQC itself."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from calcikin.chemistry.constants import ConstantSet, LogK
from calcikin.chemistry.phreeqc_db import import_phreeqc
from calcikin.chemistry.speciation import Equilibrium, saturation_indices, solve

Run = Callable[..., dict[str, float]]
Find = Callable[[str], Path]
VECTORS = Path(__file__).parents[1] / "data" / "phreeqc_vectors.csv"
COMPONENTS = ("H", "Ca", "Mg", "Na", "K", "Cl", "Pi", "CO3", "SO4")
NAMES = {"P": "Pi", "C(4)": "CO3", "S(6)": "SO4"}
#: 1e-6 is what is promised; 1e-7 is the worst seen. PHREEQC takes the density of water a little
#: different where the activity of water lowers its vapour pressure.
REL = 1e-6
SI = 1e-3


def imported(path: Path) -> ConstantSet:
    """Every species and phase of a database over the elements compared here."""
    return import_phreeqc(path, COMPONENTS, one_ligand=False)


def recipe_lines(recipe: Mapping[str, float]) -> list[str]:
    return [f"{element} {amount!r}" for element, amount in recipe.items()]


def totals_of(recipe: Mapping[str, float]) -> dict[str, float]:
    return {NAMES.get(element, element): 1e-3 * amount for element, amount in recipe.items()}


def species_of(constants: ConstantSet) -> list[str]:
    return [c.formula for c in constants.components.values()] + list(constants.species)


def assert_same(ours: Equilibrium, theirs: Mapping[str, float]) -> None:
    """Free ions, every species and every saturation index."""
    constants = ours.constants
    assert ours.ionic_strength == pytest.approx(theirs["I"], rel=REL)
    assert ours.water_activity == pytest.approx(theirs["aw"], rel=REL)
    free = {c.formula: ours.free[name] for name, c in constants.components.items()}
    for name, c in (free | ours.species).items():
        assert c == pytest.approx(theirs[f"m:{name}"], rel=REL, abs=1e-30), name
    for phase, si in saturation_indices(ours).items():
        if math.isfinite(si):  # PHREEQC says -1000 where an element is absent
            assert si == pytest.approx(theirs[f"si:{phase}"], abs=SI), phase


def random_waters(seed: int, top: float = 420.0) -> Iterator[tuple[float, float, dict[str, float]]]:
    """Temperature [degC], pH and recipe [mmol/kg], without end."""
    draw = random.Random(seed)
    while True:
        recipe = {"Na": draw.uniform(1, top), "Cl": draw.uniform(1, top)}
        for element, most in (("Ca", 20), ("Mg", 20), ("P", 20), ("K", 20), ("C(4)", 30)):
            recipe[element] = 10 ** draw.uniform(-3, math.log10(most))
        recipe["S(6)"] = 10 ** draw.uniform(-3, 1)
        yield draw.uniform(4.0, 60.0), draw.uniform(6.0, 9.0), recipe


@pytest.mark.parametrize(
    ("name", "count"),
    [
        pytest.param("phreeqc.dat", 500, marks=pytest.mark.slow),
        ("minteq.v4.dat", 20),
        ("sit.dat", 20),
        ("wateq4f.dat", 20),
    ],
)
def test_random_waters(name: str, count: int, database: Find, run_phreeqc: Run) -> None:
    constants = imported(database(name))
    compared = 0
    for celsius, pH, recipe in random_waters(2024):
        script = [
            "SOLUTION",
            "units mmol/kgw",
            f"temp {celsius!r}",
            f"pH {pH!r}",
            *recipe_lines(recipe),
        ]
        theirs = run_phreeqc("\n".join(script), species_of(constants), constants.phases, name)
        if theirs["I"] > 0.5:
            continue
        ours = solve(constants, totals_of(recipe), celsius + 273.15, fixed_activity={"H": 10**-pH})
        assert_same(ours, theirs)
        compared += 1
        if compared == count:
            break
    assert compared == count


# --- the stored results -------------------------------------------------------------------------

#: How each set of constants of the vectors differs from phreeqc.dat, at 25 degC.
CHANGES = {
    "stock": {},
    "CaPO4rev": {"CaPO4-": 4.46},
    "CaPO4rev+MgPO4_4.65": {"CaPO4-": 4.46, "MgPO4-": 4.65},
}
#: The solids of the vectors: ions with OH- and H2O, and log10 K.
SOLIDS: Mapping[str, tuple[dict[str, float], Callable[[float], float]]] = {
    "HAP": (
        {"Ca": 5, "Pi": 3, "OH-": 1},
        lambda T: -1.6657 - 0.098215 * T - 8219.41 / T,
    ),
    "TCP": ({"Ca": 3, "Pi": 2}, lambda T: 287.4536 - 0.546763 * T - 45723.26 / T),
    "ACP": ({"Ca": 3, "Pi": 2}, lambda T: -25.7),
    "OCP": ({"Ca": 4, "H": 1, "Pi": 3, "H2O": 2.5}, lambda T: -49.3),
    "DCPD": ({"Ca": 1, "HPO4-2": 1, "H2O": 2}, lambda T: -6.67),
    "Newb": ({"Mg": 1, "HPO4-2": 1, "H2O": 3}, lambda T: -5.94),
}


def stored() -> list[dict[str, str]]:
    with VECTORS.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("row", stored(), ids=lambda row: f"{row['case']}-{row['constants']}")
def test_stored_vectors(
    row: dict[str, str],
    database: Find,
    waters: Mapping[str, tuple[float, dict[str, float]]],
) -> None:
    celsius, recipe = waters[row["case"]]
    T = celsius + 273.15
    constants = imported(database("phreeqc.dat"))
    species = dict(constants.species)
    for name, value in CHANGES[row["constants"]].items():
        formation = species[name].formation
        shift = LogK(value - formation.value_25)
        changed = LogK.combine([(1.0, formation), (1.0, shift)])
        species[name] = replace(species[name], formation=changed)
    ours = solve(
        replace(constants, species=species), totals_of(recipe), T, fixed_activity={"H": 10**-7.4}
    )
    # 5e-6: the file holds six digits
    assert ours.ionic_strength == pytest.approx(float(row["I"]), rel=5e-6)
    activity = {**ours.activity, "H2O": ours.water_activity}
    for entity, key in (("Ca", "aCa"), ("Mg", "aMg"), ("Pi", "aPO4"), ("HPO4-2", "aHPO4")):
        assert activity[entity] == pytest.approx(float(row[key]), rel=5e-6), key
    for name in ("CaHPO4", "CaPO4-", "MgHPO4", "MgPO4-", "HPO4-2", "H2PO4-"):
        stored_value = float(row["m" + name.split("-")[0]])
        assert ours.species[name] == pytest.approx(stored_value, rel=5e-6), name
    for phase, (ions, log_k) in SOLIDS.items():
        si = sum(n * math.log10(activity[ion]) for ion, n in ions.items()) - log_k(T)
        # 1e-4: six digits of an index of 10
        assert si == pytest.approx(float(row[f"si{phase}"]), abs=1e-4), phase


# --- closed systems -----------------------------------------------------------------------------


def closed_waters(count: int) -> list[tuple[float, dict[str, float]]]:
    """Waters whose charge balance gives a pH near neutral: NaHCO3, phosphate, salts."""
    draw = random.Random(11)
    found = []
    for _ in range(count):
        carbonate, phosphate = draw.uniform(2, 30), draw.uniform(0.1, 5)
        recipe = {"C(4)": carbonate, "P": phosphate, "S(6)": draw.uniform(0.1, 5)}
        recipe |= {"Ca": draw.uniform(0.1, 5), "Mg": draw.uniform(0.1, 5), "K": draw.uniform(1, 10)}
        salt = draw.uniform(50, 250)
        recipe["Cl"] = salt + 2 * (recipe["Ca"] + recipe["Mg"]) + recipe["K"]
        bases = draw.uniform(0.8, 1.0) * carbonate + 1.7 * phosphate + 2 * recipe["S(6)"]
        recipe["Na"] = salt + bases
        found.append((draw.uniform(4.0, 60.0), recipe))
    return found


def neutral_h(constants: ConstantSet, totals: Mapping[str, float]) -> float:
    """Total H [mol/kg] that makes a solution neutral: minus the charge of the other totals."""
    return -sum(constants.components[name].charge * total for name, total in totals.items())


def test_closed_by_charge_balance(database: Find, run_phreeqc: Run) -> None:
    constants = imported(database("phreeqc.dat"))
    for celsius, recipe in closed_waters(30):
        script = ["SOLUTION", "units mmol/kgw", f"temp {celsius!r}", "pH 7 charge"]
        theirs = run_phreeqc(
            "\n".join([*script, *recipe_lines(recipe)]), species_of(constants), constants.phases
        )
        totals = totals_of(recipe)
        totals["H"] = neutral_h(constants, totals)
        ours = solve(constants, totals, celsius + 273.15)
        assert ours.pH == pytest.approx(theirs["pH"], abs=1e-6)
        assert 5.0 < ours.pH < 10.5
        assert_same(ours, theirs)


@pytest.mark.parametrize("free_pH", [False, True])
def test_open_to_carbon_dioxide(free_pH: bool, database: Find, run_phreeqc: Run) -> None:
    constants = imported(database("phreeqc.dat"))
    draw = random.Random(5)
    for celsius, recipe in closed_waters(15):
        pressure, pH = 10 ** draw.uniform(-3.4, -1.0), draw.uniform(6.5, 8.0)
        script = ["SOLUTION", "units mmol/kgw", f"temp {celsius!r}"]
        script += [f"pH {pH!r}{' charge' if free_pH else ''}"]
        gas = f"C(4) 1 CO2(g) {math.log10(pressure)!r}"
        others = {name: amount for name, amount in recipe.items() if name != "C(4)"}
        theirs = run_phreeqc(
            "\n".join([*script, *recipe_lines(others), gas]),
            species_of(constants),
            [*constants.phases, "CO2(g)"],
        )
        # PHREEQC makes a fugacity of the pressure (Peng-Robinson), 5e-5 less at 0.01 atm; here a
        # pressure is a fugacity
        fugacity = 10 ** theirs["si:CO2(g)"]
        assert fugacity == pytest.approx(pressure, rel=1e-3)
        totals, fixed = totals_of(others), {"CO2(g)": fugacity}
        if free_pH:  # CO2 brings no charge: H counts relative to it
            totals["H"] = neutral_h(constants, totals)
        else:
            fixed["H"] = 10**-pH
        ours = solve(constants, totals, celsius + 273.15, fixed_activity=fixed)
        assert ours.pH == pytest.approx(theirs["pH"], abs=1e-6)
        assert_same(ours, theirs)


def test_closed_by_total_hydrogen(database: Find, run_phreeqc: Run) -> None:
    # Acid or base is added to a water of known pH; total H follows, and the pH with it. PHREEQC
    # counts the water that neutralisation makes or takes (18.016 g/mol), and so does this test.
    constants = imported(database("phreeqc.dat"))
    draw = random.Random(3)

    def bound_water(solution: Equilibrium) -> float:
        """H2O taken up by the species [mol/kg]."""
        return sum(constants.species[name].water * c for name, c in solution.species.items())

    for celsius, recipe in closed_waters(15):
        pH, acid = draw.uniform(6.5, 8.5), draw.uniform(-2.0, 5.0)
        script = ["SOLUTION 1", "units mmol/kgw", f"temp {celsius!r}", f"pH {pH!r}"]
        script += [*recipe_lines(recipe), "END", "USE solution 1", "REACTION 1"]
        script += ["HCl 1" if acid > 0 else "NaOH 1", f"{abs(acid)!r} mmol"]
        theirs = run_phreeqc("\n".join(script), species_of(constants), constants.phases)

        T = celsius + 273.15
        before = solve(constants, totals_of(recipe), T, fixed_activity={"H": 10**-pH})
        amounts = dict(before.totals)
        amounts["H"] += 1e-3 * acid  # NaOH is H2O less H+
        amounts["Cl" if acid > 0 else "Na"] += 1e-3 * abs(acid)
        made = 0.0 if acid > 0 else 1e-3 * abs(acid)  # water that comes with NaOH - H+
        water, ours = 1.0, before
        for _ in range(6):
            ours = solve(constants, {k: n / water for k, n in amounts.items()}, T, start=ours.free)
            freed = bound_water(before) - bound_water(ours) * water
            water = 1.0 + 0.018016 * (made + freed)
        assert water == pytest.approx(theirs["water"], rel=1e-8)
        assert ours.pH == pytest.approx(theirs["pH"], abs=1e-6)
        assert_same(ours, theirs)
