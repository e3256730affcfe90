"""Settings shared by all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No window on any machine.
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: the first call of a compiled kernel compiles it. Under CI the examples are the same
# in every run, so that a failure belongs to the change that shows it.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
