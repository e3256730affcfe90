"""The explorer: a page in the browser on which a composition is changed and answered at once."""

from __future__ import annotations

from calcikin.app.server import Explorer, Server

__all__ = ["Explorer", "Server"]
