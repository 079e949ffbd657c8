"""SQL of counted attempts, in the table that holds all rate limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


def count(
    tx: Transaction, keys: Sequence[tuple[str, timedelta]], now: datetime
) -> list[tuple[str, int, datetime]]:
    """Count once more under each key; return key, count and start of its window.

    A window that is over begins anew.
    """
    rows = tx.execute(
        """
        INSERT INTO rate_limits AS held (key, window_started_at, count)
        SELECT key, %(now)s, 1 FROM unnest(%(keys)s::text[]) AS wanted (key) ORDER BY key
        ON CONFLICT (key) DO UPDATE SET
            window_started_at = CASE WHEN held.window_started_at > over.moment
                THEN held.window_started_at ELSE excluded.window_started_at END,
            count = CASE WHEN held.window_started_at > over.moment
                THEN held.count + 1 ELSE 1 END
        RETURNING key, count, window_started_at
        """.replace("over.moment", _WINDOW_BEGINS),
        {
            "now": now,
            "keys": [key for key, _ in keys],
            "moments": [now - window for _, window in keys],
        },
    )
    return [(row["key"], row["count"], row["window_started_at"]) for row in rows]


_WINDOW_BEGINS = "(%(moments)s::timestamptz[])[array_position(%(keys)s::text[], held.key)]"


def give_back(tx: Transaction, keys: Sequence[str], emptied: Sequence[str]) -> None:
    """Count once less under each key; forget those that are ``emptied``."""
    tx.execute(
        """
        UPDATE rate_limits SET count = count - 1
        WHERE key IN (
            SELECT key FROM rate_limits WHERE key = ANY(%s) AND count > 0 ORDER BY key FOR UPDATE
        )
        """,
        [list(keys)],
    )
    tx.execute("DELETE FROM rate_limits WHERE key = ANY(%s)", [list(emptied)])


def forget(tx: Transaction, keys: Sequence[str], beginning: str) -> None:
    """Forget the keys, and all that begin with ``beginning``."""
    tx.execute(
        "DELETE FROM rate_limits WHERE key = ANY(%s) OR starts_with(key, %s)",
        [list(keys), beginning],
    )
