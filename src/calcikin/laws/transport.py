"""Exchange with the outside: supply, homeostasis, clearance."""

from __future__ import annotations

from typing import Any

from calcikin.laws.base import law


@law(rate="1/s", amount="mol/L", unit="mol/L/s", source="first-order elimination")
def clearance(rate: Any, amount: Any) -> Any:
    """Removal in proportion: k y."""
    return rate * amount


@law(rate="mol/L/s", unit="mol/L/s", source="zero-order release")
def constant_supply(rate: Any) -> Any:
    """Constant release."""
    return rate


@law(
    rate="1/s", set_point="mol/L", amount="mol/L", unit="mol/L/s", source="first-order homeostasis"
)
def homeostasis(rate: Any, set_point: Any, amount: Any) -> Any:
    """Return to a set point: k (y_set - y)."""
    return rate * (set_point - amount)
