"""Every solver of the comparison, ours and those of others, behind one interface."""

from __future__ import annotations

from collections.abc import Sequence

from calcikin.bench.peers.base import Run, Solver, Trajectories
from calcikin.bench.peers.cvode import CVODE
from calcikin.bench.peers.diffsol import DIFFSOL
from calcikin.bench.peers.engines import COPASI, ROADRUNNER
from calcikin.bench.peers.ensemble import LANES, SCALAR
from calcikin.bench.peers.liblsoda import NUMBALSODA
from calcikin.bench.peers.scipy import BDF, LSODA, RADAU

__all__ = ["OURS", "PEERS", "Run", "Solver", "Trajectories"]

OURS: Sequence[Solver] = (LANES, SCALAR)
PEERS: Sequence[Solver] = (
    LSODA,
    BDF,
    RADAU,
    CVODE,
    NUMBALSODA,
    DIFFSOL,
    ROADRUNNER,
    COPASI,
)
