"""Speciation, right-hand side and Jacobian of every shipped model: `calcikin bench rhs`."""

from __future__ import annotations

import common

if __name__ == "__main__":
    common.main(common.named("rhs"), __doc__)
