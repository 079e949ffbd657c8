"""The SQL that deletes what has expired."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


def delete_sessions(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest of sessions, and leave those that somebody is changing."""
    return tx.execute(
        """
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at <= %s
            ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount


def delete_refresh_tokens(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest of refresh_tokens, and leave those that somebody is changing."""
    return tx.execute(
        """
        DELETE FROM refresh_tokens WHERE token_hash IN (
            SELECT token_hash FROM refresh_tokens WHERE expires_at <= %s
            ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount


def delete_links(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest of one_time_links, and leave those that somebody is changing."""
    return tx.execute(
        """
        DELETE FROM one_time_links WHERE id IN (
            SELECT id FROM one_time_links WHERE expires_at <= %s
            ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount


def delete_rate_limits(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest of rate_limits, and leave those that somebody is changing."""
    return tx.execute(
        """
        DELETE FROM rate_limits WHERE key IN (
            SELECT key FROM rate_limits WHERE window_started_at <= %s
            ORDER BY window_started_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount


def delete_signing_keys(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest of signing_keys, and leave those that somebody is changing."""
    return tx.execute(
        """
        DELETE FROM signing_keys WHERE kid IN (
            SELECT kid FROM signing_keys WHERE retired_at <= %s
            ORDER BY retired_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount
