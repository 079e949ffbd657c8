"""``queries``: SQL asked of connections, its rows and its history."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("queries")
