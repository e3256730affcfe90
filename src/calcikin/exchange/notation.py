"""The symbols in which a law is printed, on the theory pages and in an exported document.

Every argument of every law must have a symbol here, and every law a symbol for its result: the
documentation stops at a law without one.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CONSTANTS", "PRODUCTS", "meaning", "result_symbol", "symbol"]

#: Symbol of an argument that means the same in every law.
ARGUMENTS: Mapping[str, str] = {
    "T": "T",
    "activation_energy": r"E_\mathrm{a}",
    "amount": "m",
    "area": "A",
    "bare": r"\beta",
    "barrier": "B",
    "bound": "b",
    "capacity": r"\Gamma",
    "cations": r"n_\mathrm{Ca}",
    "cube": "r^{3}",
    "curvature": r"\kappa",
    "denominator": "D",
    "free": "F",
    "gamma": r"\gamma",
    "host": "h",
    "ion_volume": r"v_\mathrm{i}",
    "ions": r"\nu",
    "minor": "x",
    "molar_volume": r"V_\mathrm{m}",
    "nucleus": "g",
    "nucleus_radius": r"r_\mathrm{n}",
    "number": "n",
    "pinning": "p",
    "rate": "k",
    "rate_constant": "k",
    "s": "s",
    "size": r"\rho",
    "specific": r"\omega",
    "switch": r"\sigma",
    "uptake_ratio": "X",
}

#: Symbol of an argument in one law: (law, argument) -> symbol.
SPECIAL: Mapping[tuple[str, str], str] = {
    ("adsorption_term", "activity"): "a",
    ("adsorption_term", "affinity"): "K",
    ("arrest", "amounts"): "m",
    ("arrest", "limit"): r"m_\mathrm{max}",
    ("arrest", "width"): "w",
    ("arrested_growth", "share"): "a",
    ("arrested_interface", "s_host"): r"s_\mathrm{host}",
    ("arrested_interface", "share"): "a",
    ("arrested_rate", "share"): "a",
    ("bare_share", "covered"): r"\theta",
    ("bare_share", "shielding"): r"\varepsilon",
    ("clearance", "amount"): "y",
    ("coalescence", "efficiency"): r"\epsilon",
    ("coalescence", "viscosity"): r"\eta",
    ("coarsening", "coarsening_constant"): r"K_\mathrm{LSW}",
    ("coating", "amount"): "y",
    ("coating", "rate"): r"k_\mathrm{on}",
    ("competitive_michaelis_menten", "inhibitor"): "[I]",
    ("competitive_michaelis_menten", "ki"): r"K_\mathrm{i}",
    ("competitive_michaelis_menten", "km"): r"K_\mathrm{m}",
    ("competitive_michaelis_menten", "scale"): r"\varphi",
    ("competitive_michaelis_menten", "substrate"): "[S]",
    ("competitive_michaelis_menten", "vmax"): r"V_\mathrm{max}",
    ("constant_supply", "rate"): "k",
    ("crystal_growth", "dissolution_constant"): r"k_\mathrm{d}",
    ("crystal_growth", "order"): "q",
    ("growth_incorporation", "amount"): "m",
    ("guest_fraction", "distribution"): r"D_\mathrm{Mg}",
    ("guest_fraction", "ln_guest"): r"\ln a_\mathrm{Mg}",
    ("guest_fraction", "ln_host"): r"\ln a_\mathrm{Ca}",
    ("homeostasis", "amount"): "y",
    ("homeostasis", "set_point"): r"y_\mathrm{set}",
    ("host_share", "host_radius"): r"r_\mathrm{h}",
    ("inhibitor_load", "alphas"): r"\alpha",
    ("inhibitor_load", "terms"): "t",
    ("interface_saturation", "s_host"): r"s_\mathrm{host}",
    ("ion_exchange", "exchange_rate"): r"k_\mathrm{ex}",
    ("langmuir_denominator", "terms"): "t",
    ("ln_saturation", "coefficients"): "c",
    ("ln_saturation", "ln_activities"): r"\ln a",
    ("ln_saturation", "ln_k"): r"\ln K_\mathrm{sp}",
    ("metal_modulation", "activator"): r"a_\mathrm{Mg}",
    ("metal_modulation", "half_activation"): r"K_\mathrm{a}",
    ("metal_modulation", "half_inhibition"): r"K_\mathrm{i}",
    ("metal_modulation", "inhibitor"): r"a_\mathrm{Ca}",
    ("metal_modulation", "reference"): r"f_\mathrm{ref}",
    ("metal_modulation_reference", "activator"): r"a_\mathrm{Mg}^\mathrm{ref}",
    ("metal_modulation_reference", "half_activation"): r"K_\mathrm{a}",
    ("metal_modulation_reference", "half_inhibition"): r"K_\mathrm{i}",
    ("metal_modulation_reference", "inhibitor"): r"a_\mathrm{Ca}^\mathrm{ref}",
    ("modulated_decay", "modulation"): "f",
    ("modulated_decay", "scale"): r"\varphi",
    ("modulated_decay", "substrate"): "[S]",
    ("nucleus_mass", "birth_rate"): "J",
    ("product", "factors"): "f",
    ("protein_adsorption", "rate"): r"k_\mathrm{on}",
    ("protein_adsorption", "release"): r"k_\mathrm{off}",
    ("solution_nucleation", "prefactor"): r"A_\mathrm{V}",
    ("scaled", "constant"): "k_0",
    ("scaled", "scale"): "f",
    ("solubility_scale", "ln_h"): r"\ln a_\mathrm{H}",
    ("solubility_scale", "protons"): r"n_\mathrm{H}",
    ("specific_growth", "flux"): "j",
    ("sphere_cube", "nucleus"): "g",
    ("step_pinning", "load"): "L",
    ("step_pinning", "width"): "w",
    ("surface_hydrolysis", "term"): r"t_\mathrm{ATP}",
    ("surface_nucleation", "prefactor"): r"A_\mathrm{S}",
}

#: Symbol of what a law gives.
RESULTS: Mapping[str, str] = {
    "adsorption_term": "t",
    "arrest": "a",
    "arrested_growth": "j",
    "arrested_interface": r"s_\mathrm{interface}",
    "arrested_rate": r"k_a",
    "arrhenius": "k(T)",
    "bare_share": r"\beta",
    "bounded_size": r"\rho",
    "clearance": "v",
    "coalescence": r"v_n",
    "coarsening": r"v_n",
    "coating": "v",
    "competitive_michaelis_menten": "v",
    "constant_supply": "v",
    "coverage": r"\theta",
    "critical_nucleus_units": "g",
    "crystal_growth": "j",
    "dissolution_release": "v_x",
    "gibbs_thomson": r"\kappa",
    "growth_incorporation": "v_x",
    "guest_fraction": "X",
    "homeostasis": "v",
    "host_share": "h",
    "inhibitor_load": "L",
    "interface_saturation": r"s_\mathrm{interface}",
    "ion_exchange": "v_x",
    "ion_volume": r"v_\mathrm{i}",
    "langmuir_denominator": "D",
    "ln_saturation": r"s = \ln S",
    "metal_modulation": "f",
    "metal_modulation_reference": r"f_\mathrm{ref}",
    "modulated_decay": "v",
    "nucleation_barrier": "B",
    "nucleus_mass": "v_m",
    "nucleus_units": "g",
    "number_loss": "v_n",
    "particle_growth": "j",
    "population_growth": "R",
    "product": "f",
    "protein_adsorption": "v",
    "scaled": "k",
    "solubility_scale": "f",
    "solution_nucleation": "J",
    "specific_growth": r"\omega",
    "sphere_area": "A",
    "sphere_cube": "r^{3}",
    "sphere_radius": "r",
    "step_pinning": "p",
    "surface_hydrolysis": "v",
    "surface_nucleation": "J",
    "water_viscosity": r"\eta",
}

#: Constants of the law modules, by their name in the code.
CONSTANTS: Mapping[str, str] = {
    "AREA_FLOOR": "A_0",
    "AVOGADRO": r"N_\mathrm{A}",
    "BIRTH_EXCESS": r"\chi",
    "BOLTZMANN": r"k_\mathrm{B}",
    "DISSOLUTION_SMOOTHING": r"\delta",
    "DRIVE_FLOOR": "s_0",
    "GAS_CONSTANT": "R",
    "LN_H_REFERENCE": r"\ln a_{\mathrm{H},0}",
    "LOWEST_DRIVE": "s_0",
    "M3_PER_LITRE": r"\ell",
    "NUMBER_FLOOR": "n_0",
    "PI": r"\pi",
    "REFERENCE_TEMPERATURE": "T_0",
    "VOGEL_ORIGIN": r"T_\mathrm{V}",
    "VOGEL_SLOPE": r"\Theta",
    "VOGEL_VISCOSITY": r"\eta_\infty",
}

#: What an argument means, where its name does not say it.
MEANINGS: Mapping[str, str] = {
    "T": "temperature",
    "activator": "activity of Mg",
    "alphas": "pinning strengths",
    "amount": "amount",
    "area": "surface",
    "bare": "bare share",
    "bound": "protein bound",
    "capacity": "amount in a full coat",
    "cations": "cations per formula",
    "coefficients": "ions per formula",
    "covered": "coverage",
    "cube": "cube of the radius",
    "curvature": "rise of ln solubility",
    "flux": "growth per surface",
    "free": "free protein",
    "gamma": "interfacial energy",
    "guest": "Mg",
    "host": "share of hosts",
    "host_radius": "smallest host",
    "inhibitor": "inhibitor",
    "ions": "ions per formula",
    "ki": "inhibition constant",
    "km": "Michaelis constant",
    "ln_activities": "ln of the activities",
    "ln_activity": "ln of the activity",
    "ln_guest": "ln activity of Mg",
    "ln_host": "ln activity of Ca",
    "ln_k": "ln of the solubility product",
    "minor": "Mg in the solid",
    "nucleus": "formula units in a nucleus",
    "order": "order",
    "pinning": "what adsorption leaves",
    "reference": "factor in healthy serum",
    "s": "saturation per ion",
    "s_host": "that of the host's phase",
    "size": "radius for rates",
    "specific": "growth per amount",
    "uptake_ratio": "Mg fraction at equilibrium",
    "vmax": "maximal rate",
}

#: Laws that multiply the items of a list; all others add them up.
PRODUCTS = frozenset({"product"})


def meaning(argument: str) -> str:
    """What an argument means, in words."""
    return MEANINGS.get(argument, argument.replace("_", " "))


def symbol(law: str, argument: str) -> str:
    """LaTeX of an argument of a law.

    Raises
    ------
    LookupError
        When neither table has one.
    """
    found = SPECIAL.get((law, argument)) or ARGUMENTS.get(argument)
    if found is None:
        raise LookupError(f"exchange/notation.py has no symbol for {argument!r} of law {law!r}")
    return found


def result_symbol(law: str) -> str:
    """LaTeX of what a law gives.

    Raises
    ------
    LookupError
        When there is none.
    """
    if law not in RESULTS:
        raise LookupError(f"exchange/notation.py has no symbol for the result of law {law!r}")
    return RESULTS[law]
