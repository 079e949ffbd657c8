"""SQL that forgets results, runs and executions whose time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


def find_expired(tx: Transaction, now: datetime, limit: int) -> list[tuple[UUID, bytes | None]]:
    """Return executions whose results are over, with the record of the result if there is one."""
    rows = tx.execute(
        """
        SELECT id, result FROM query_executions
        WHERE result_expires_at <= %s AND kind = 'query'
        ORDER BY result_expires_at LIMIT %s
        """,
        [now, limit],
    ).fetchall()
    return [(row["id"], row["result"]) for row in rows]


def expire_all(tx: Transaction, now: datetime) -> int:
    """End the time of everything that is kept; return how many results and files there were."""
    tx.execute(
        "UPDATE query_exports SET expires_at = %s WHERE key IS NOT NULL AND expires_at > %s",
        [now, now],
    )
    return tx.execute(
        """
        UPDATE query_executions SET result_expires_at = %s
        WHERE state = 'succeeded' AND result_expires_at > %s
        """,
        [now, now],
    ).rowcount


def forget(tx: Transaction, execution_ids: Sequence[UUID], now: datetime) -> None:
    """Forget results, and the work that they came from, unless they are kept longer by now."""
    tx.execute(
        """
        UPDATE query_executions
        SET result = NULL, result_expires_at = NULL,
            work = CASE state WHEN 'succeeded' THEN NULL ELSE work END
        WHERE id = ANY (%s) AND result_expires_at <= %s
        """,
        [list(execution_ids), now],
    )


def delete_runs(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the oldest runs that were asked before a time; return how many."""
    return tx.execute(
        """
        DELETE FROM query_runs WHERE id IN (
            SELECT id FROM query_runs WHERE requested_at <= %s
            ORDER BY requested_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount


def delete_orphans(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete executions that ended before a time, hold nothing, and belong to no run."""
    return tx.execute(
        """
        DELETE FROM query_executions WHERE id IN (
            SELECT id FROM query_executions AS execution
            WHERE queued_at <= %s AND state IN ('succeeded', 'failed', 'canceled')
                AND result_expires_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM query_runs WHERE execution_id = execution.id)
                AND NOT EXISTS (
                    SELECT 1 FROM query_runs WHERE stale_execution_id = execution.id
                )
            ORDER BY queued_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [before, limit],
    ).rowcount
