"""``accounts``: who people are, how they sign in, and what they were given."""

from __future__ import annotations

from heliograph.web.app import make_handler

handle = make_handler("accounts")
