"""``system``: whether all is well, and what the API can do."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("system")
