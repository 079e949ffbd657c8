"""``audit``: who did what, for admins."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("audit")
