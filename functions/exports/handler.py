"""``exports``: results as files."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("exports")
