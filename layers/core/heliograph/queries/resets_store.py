"""SQL of a reset: which connections somebody has used, and the results that are theirs alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


def find_used(tx: Transaction, user_id: UUID, since: datetime) -> list[UUID]:
    """Return the connections that somebody has asked since then, in any order."""
    rows = tx.execute(
        """
        SELECT DISTINCT connection_id FROM query_runs
        WHERE user_id = %s AND requested_at >= %s AND connection_id IS NOT NULL
        """,
        [user_id, since],
    ).fetchall()
    return [row["connection_id"] for row in rows]


def drop_results(tx: Transaction, user_id: UUID, now: datetime) -> int:
    """Have the results end that only this person has; return how many. The janitor clears away."""
    return tx.execute(
        """
        UPDATE query_executions AS execution SET result_expires_at = %(now)s
        WHERE id IN (
                SELECT execution_id FROM query_runs
                WHERE user_id = %(user)s AND execution_id IS NOT NULL
            )
            AND kind = 'query' AND state = 'succeeded' AND result_expires_at > %(now)s
            AND NOT EXISTS (
                SELECT 1 FROM query_runs
                WHERE execution_id = execution.id AND user_id <> %(user)s
            )
        """,
        {"user": user_id, "now": now},
    ).rowcount
