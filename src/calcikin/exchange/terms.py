"""Terms of public vocabularies for what an exported file holds.

ChEBI (chemical entities) and UniProt (proteins) say which substance is meant, SBO what role an
element of the file has. A component that is not listed here is written without a term.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["KIND_SBO", "LAW_SBO", "identity"]

#: Component -> ChEBI or UniProt entry of its free form, with the name that it has there; compared
#: with public files that carry labels of ChEBI or UniProt, where they have them.
_COMPONENTS: Mapping[str, str] = {
    "H": "CHEBI:15378",  # hydron
    "Ca": "CHEBI:29108",  # calcium(2+)
    "Mg": "CHEBI:18420",  # magnesium(2+)
    "Na": "CHEBI:29101",  # sodium(1+)
    "K": "CHEBI:29103",  # potassium(1+)
    "Cl": "CHEBI:17996",  # chloride
    "Pi": "CHEBI:18367",  # phosphate(3-)
    "CO3": "CHEBI:41609",  # carbonate
    "Cit": "CHEBI:16947",  # citrate(3-)
    "PPi": "CHEBI:18361",  # diphosphate(4-)
    "ATP": "CHEBI:30616",  # ATP(4-)
    "ADP": "CHEBI:456216",  # ADP(3-)
    "AMP": "CHEBI:456215",  # adenosine 5'-monophosphate(2-)
    "SO4": "CHEBI:16189",  # sulfate
    "Lac": "CHEBI:24996",  # lactate
    "HEPES": "CHEBI:46756",  # HEPES
    "Tris": "CHEBI:9754",  # tris
    "Alb": "P02768",  # ALBU_HUMAN
    "Fet": "P02765",  # FETUA_HUMAN
}
#: Phases that ChEBI knows.
_PHASES: Mapping[str, str] = {"HAP": "CHEBI:52255"}  # hydroxylapatite

#: Kind of a constant or rule -> SBO term.
KIND_SBO: Mapping[str, str] = {
    "parameter": "SBO:0000002",  # quantitative systems description parameter
    "switch": "SBO:0000002",
    "setting": "SBO:0000002",
    "law": "SBO:0000002",
    "equilibrium": "SBO:0000281",  # equilibrium constant
    "free": "SBO:0000196",  # concentration of an entity pool
    "species": "SBO:0000196",
    "temperature": "SBO:0000147",  # thermodynamic temperature
}
#: Law of a process -> SBO term; a process of another law is just one (SBO:0000375).
LAW_SBO: Mapping[str, str] = {
    "coating": "SBO:0000177",  # non-covalent binding
    "protein_adsorption": "SBO:0000177",
    "competitive_michaelis_menten": "SBO:0000376",  # hydrolysis
    "modulated_decay": "SBO:0000376",
    "surface_hydrolysis": "SBO:0000376",
    "clearance": "SBO:0000655",  # transport reaction
    "homeostasis": "SBO:0000655",
    "constant_supply": "SBO:0000655",
}


def identity(*, component: str = "", phase: str = "", element: str = "") -> str | None:
    """Address of the entry for a component, phase or pseudo-element; None when there is none."""
    if element == "FetuinA":
        component = "Fet"
    entry = _COMPONENTS.get(component) or _PHASES.get(phase)
    if entry is None:
        return None
    collection = "chebi" if entry.startswith("CHEBI") else "uniprot"
    return f"https://identifiers.org/{collection}/{entry}"
