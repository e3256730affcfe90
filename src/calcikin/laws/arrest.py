"""ACP that stops growing at some amount: the alternative to size-dependent solubility.

No shipped model uses these laws; the network ``arrested_acp`` does, for a calibration to compare.
"""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law
from calcikin.laws.vocabulary import exp, pos

__all__ = ["arrest", "arrested_growth", "arrested_interface", "arrested_rate"]


@law(
    amounts="list:mol/L",
    limit="mol/L",
    width="1",
    unit="1",
    source="assumed: nothing is known that would set the amount",
)
def arrest(amounts: Any, limit: Any, width: Any) -> Any:
    """Share of the surface that is arrested: 1 / (1 + exp(-(sum m / m_max - 1) / w))."""
    return 1.0 / (1.0 + exp(-(sum(amounts) / limit - 1.0) / width))


@law(
    rate_constant="any",
    share="1",
    unit="@rate_constant",
    source="assumed: what stops growth stops nucleation too",
)
def arrested_rate(rate_constant: Any, share: Any) -> Any:
    """What arrest leaves of a rate constant: k (1 - a)."""
    return rate_constant * (1.0 - share)


@law(
    rate_constant="mol/m2/s",
    s="1",
    curvature="1",
    share="1",
    unit="mol/m2/s",
    source="as particle_growth; an arrested surface takes up nothing, but may dissolve",
)
def arrested_growth(rate_constant: Any, s: Any, curvature: Any, share: Any) -> Any:
    """Growth or dissolution per surface: k ((1 - a) <x> - <-x>), x = exp(s) - exp(kappa)."""
    excess = exp(s) - exp(curvature)
    return rate_constant * ((1.0 - share) * pos(excess) - pos(-excess))


@law(
    s="1",
    s_host="1",
    curvature="1",
    share="1",
    unit="1",
    source="as interface_saturation; next to an arrested surface the solution is that of the bulk",
)
def arrested_interface(s: Any, s_host: Any, curvature: Any, share: Any) -> Any:
    """Saturation per ion next to the host: s - (1 - a) (s_host - curvature)."""
    return s - (1.0 - share) * (s_host - curvature)
