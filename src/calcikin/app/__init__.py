"""The explorer: a page in the browser on which a composition is changed and answered at once."""

from __future__ import annotations

from calcikin.app.server import Explorer, Server, plotly_file

__all__ = ["Explorer", "Server", "plotly_file"]
