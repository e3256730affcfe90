"""Speciation beside PHREEQC: `calcikin bench speciation --peers`."""

from __future__ import annotations

import common

if __name__ == "__main__":
    common.main(common.named("speciation"), __doc__)
