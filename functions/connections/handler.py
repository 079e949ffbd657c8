"""``connections``: the databases that are asked, and what there is in them."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("connections")
