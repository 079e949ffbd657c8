"""What accounts need no more: sessions, tokens, links, counters and keys whose time has passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from heliograph.accounts import expiry_store

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction

LONGEST_WINDOW = timedelta(days=1)
"""No rate limit counts over longer than this."""

_LINKS_KEPT = timedelta(days=7)  # so that an admin sees that an invitation was not taken up
_KEYS_KEPT = timedelta(days=1)  # far longer than any access token that such a key has signed


def delete_sessions(tx: Transaction, now: datetime, limit: int) -> int:
    """Delete up to ``limit`` sessions that have expired, with their refresh tokens; count them."""
    return expiry_store.delete_sessions(tx, now, limit)


def delete_refresh_tokens(tx: Transaction, now: datetime, limit: int) -> int:
    """Delete up to ``limit`` refresh tokens that have expired; count them.

    Used ones stay until they expire: until then one that comes again is a sign of theft.
    """
    return expiry_store.delete_refresh_tokens(tx, now, limit)


def delete_links(tx: Transaction, now: datetime, limit: int) -> int:
    """Delete up to ``limit`` one-time links that expired a week ago or earlier; count them."""
    return expiry_store.delete_links(tx, now - _LINKS_KEPT, limit)


def delete_rate_limits(tx: Transaction, now: datetime, limit: int) -> int:
    """Delete up to ``limit`` counters whose window is over in any case; count them."""
    return expiry_store.delete_rate_limits(tx, now - LONGEST_WINDOW, limit)


def delete_signing_keys(tx: Transaction, now: datetime, limit: int) -> int:
    """Delete up to ``limit`` keys that stopped signing a day ago or earlier; count them."""
    return expiry_store.delete_signing_keys(tx, now - _KEYS_KEPT, limit)


EXPIRING: Mapping[str, Callable[[Transaction, datetime, int], int]] = {
    "sessions": delete_sessions,
    "refresh_tokens": delete_refresh_tokens,
    "one_time_links": delete_links,
    "rate_limits": delete_rate_limits,
    "signing_keys": delete_signing_keys,
}
"""How each of these is deleted, by its table."""
