"""What accounts need no more: sessions, tokens, links, counters and keys whose time has passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

from heliograph.accounts.expiry_store import delete_oldest

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction

LONGEST_WINDOW = timedelta(days=1)
"""No rate limit counts over longer than this."""

_AT_ONCE = timedelta(0)
_LINKS_KEPT = timedelta(days=7)  # so that an admin sees that an invitation was not taken up
_KEYS_KEPT = timedelta(days=1)  # far longer than any access token that such a key has signed

Delete = Callable[["Transaction", datetime, int], int]
"""Deletes, at a time, up to so many rows; says how many."""


def _expiring(
    table: LiteralString, key: LiteralString, at: LiteralString, kept: timedelta
) -> Delete:
    return lambda tx, now, limit: delete_oldest(tx, table, key, at, now - kept, limit)


EXPIRING: Mapping[str, Delete] = {
    "sessions": _expiring("sessions", "id", "expires_at", _AT_ONCE),  # with their refresh tokens
    # Used ones stay until they expire: until then one that comes again is a sign of theft.
    "refresh_tokens": _expiring("refresh_tokens", "token_hash", "expires_at", _AT_ONCE),
    "one_time_links": _expiring("one_time_links", "id", "expires_at", _LINKS_KEPT),
    "rate_limits": _expiring("rate_limits", "key", "window_started_at", LONGEST_WINDOW),
    "signing_keys": _expiring("signing_keys", "kid", "retired_at", _KEYS_KEPT),
}
"""How the rows of each table are deleted whose time has passed."""
