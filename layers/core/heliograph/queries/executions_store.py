"""SQL of executions: who may do the work of a query, in which order, and how it ended.

A queued execution is claimed together with a slot, in one transaction. Whoever claims it holds a
lease; every later write names the holder, so one who was thought dead and comes back changes
nothing. The next to be served is found in turns: everybody's first before anybody's second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.queries import slots_store
from heliograph.queries.slots_store import Slot

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


@dataclass(frozen=True, slots=True)
class NewExecution:
    """Work that is to be done. ``work`` says what, as JSON, and is forgotten when it is done."""

    id: UUID
    connection_id: UUID
    connection_version: int
    user_id: UUID
    work: Mapping[str, Any]
    queued_at: datetime
    runs_once: bool = False
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Who does the work, since when, until when unless renewed, and by when it has to be done."""

    owner: UUID
    now: datetime
    expires_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """An execution that whoever asked now holds, with its slot."""

    id: UUID
    connection_id: UUID
    connection_version: int
    user_id: UUID
    runs_once: bool
    work: Mapping[str, Any]
    slot: Slot


@dataclass(frozen=True, slots=True)
class Success:
    """What an execution came to. ``result`` is where its rows are, as `results` writes it."""

    row_count: int
    duration_ms: float
    result: bytes
    result_expires_at: datetime
    truncated_reason: str | None = None
    notes: Sequence[str] = ()


# Everybody's first before anybody's second; what somebody has running counts as served before.
_IN_TURN = """
    SELECT queued.id, row_number() OVER (
        ORDER BY queued.place + coalesce(busy.count, 0), turns.served_at NULLS FIRST,
            queued.queued_at, queued.id
    ) AS position
    FROM (
        SELECT id, user_id, queued_at,
            row_number() OVER (PARTITION BY user_id ORDER BY queued_at, id) AS place
        FROM query_executions
        WHERE connection_id = %(connection)s AND state = 'queued'
    ) AS queued
    LEFT JOIN (
        SELECT user_id, count(*) AS count
        FROM query_slots JOIN query_executions AS running ON running.id = query_slots.execution_id
        WHERE query_slots.connection_id = %(connection)s
        GROUP BY user_id
    ) AS busy USING (user_id)
    LEFT JOIN query_turns AS turns
        ON turns.connection_id = %(connection)s AND turns.user_id = queued.user_id
"""


def insert_queued(tx: Transaction, new: NewExecution) -> None:
    """Put work into the queue of its connection."""
    _insert(tx, new, None)


def insert_running(tx: Transaction, new: NewExecution, lease: Lease, *, most: int) -> Slot | None:
    """Begin work at once if nobody waits and a slot is free; otherwise write nothing: None."""
    if has_waiting(tx, new.connection_id):
        return None
    slot = _take_slot(tx, new.connection_id, new.id, lease, most)
    if slot is not None:
        _insert(tx, new, lease)
        _note_turn(tx, new.connection_id, new.user_id, lease.now)
    return slot


def insert_failed(tx: Transaction, new: NewExecution, error: Mapping[str, Any]) -> None:
    """Write down a question that was refused before it reached the database."""
    tx.execute(
        """
        INSERT INTO query_executions (
            id, connection_id, connection_version, user_id, state, runs_once, queued_at,
            finished_at, error, duration_ms
        )
        VALUES (%s, %s, %s, %s, 'failed', false, %s, %s, %s::jsonb, 0)
        """,
        [
            new.id,
            new.connection_id,
            new.connection_version,
            new.user_id,
            new.queued_at,
            new.queued_at,
            json.dumps(dict(error)),
        ],
    )


def count_waiting(tx: Transaction, connection_id: UUID, user_id: UUID) -> int:
    """Return how many executions of a person wait for a connection."""
    row = tx.execute(
        "SELECT count(*) AS count FROM query_executions"
        " WHERE connection_id = %s AND user_id = %s AND state = 'queued'",
        [connection_id, user_id],
    ).fetchone()
    return int(row["count"]) if row else 0


def has_waiting(tx: Transaction, connection_id: UUID) -> bool:
    """Say whether anything waits for a connection."""
    found = tx.execute(
        "SELECT 1 FROM query_executions WHERE connection_id = %s AND state = 'queued' LIMIT 1",
        [connection_id],
    )
    return found.fetchone() is not None


def claim_next(tx: Transaction, connection_id: UUID, lease: Lease, *, most: int) -> Claimed | None:
    """Claim whose turn it is, with a slot; None when nobody waits or all slots are in use.

    Claims of one connection take turns, so that none is given to two and none is passed over.
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [str(connection_id)])
    found = tx.execute(
        f"{_IN_TURN} ORDER BY position LIMIT 1",
        {"connection": connection_id},
    ).fetchone()
    if found is None:
        return None
    slot = _take_slot(tx, connection_id, found["id"], lease, most)
    if slot is None:
        return None
    rows = tx.execute(
        """
        UPDATE query_executions
        SET state = 'running', started_at = %s, deadline_at = %s, lease_owner = %s,
            lease_expires_at = %s
        WHERE id = %s AND state = 'queued'
        RETURNING id, connection_id, connection_version, user_id, runs_once, work
        """,
        [lease.now, lease.deadline_at, lease.owner, lease.expires_at, found["id"]],
    ).fetchall()
    if not rows:  # cancelled in this very moment
        slots_store.give_back(tx, found["id"])
        return None
    claimed = Claimed(**rows[0], slot=slot)
    _note_turn(tx, connection_id, claimed.user_id, lease.now)
    return claimed


def renew(
    tx: Transaction, execution_id: UUID, owner: UUID, expires_at: datetime, rows_so_far: int
) -> bool | None:
    """Hold work for longer; return whether somebody wants it cancelled, None when it was lost."""
    rows = tx.execute(
        """
        UPDATE query_executions SET lease_expires_at = %s, rows_so_far = %s
        WHERE id = %s AND lease_owner = %s AND state = 'running'
        RETURNING cancel_requested_at IS NOT NULL AS is_unwanted
        """,
        [expires_at, rows_so_far, execution_id, owner],
    ).fetchall()
    if not rows:
        return None
    slots_store.renew(tx, execution_id, expires_at)
    return bool(rows[0]["is_unwanted"])


def succeed(
    tx: Transaction, execution_id: UUID, owner: UUID, now: datetime, success: Success
) -> bool:
    """Write down a result; False, and nothing is written, when the lease was lost."""
    done = tx.execute(
        """
        UPDATE query_executions
        SET state = 'succeeded', finished_at = %s, lease_owner = NULL, lease_expires_at = NULL,
            work = NULL, preview = NULL, row_count = %s, rows_so_far = %s, duration_ms = %s,
            result = %s, result_expires_at = %s, truncated_reason = %s, notes = %s::jsonb
        WHERE id = %s AND lease_owner = %s AND state = 'running'
        """,
        [
            now,
            success.row_count,
            success.row_count,
            success.duration_ms,
            success.result,
            success.result_expires_at,
            success.truncated_reason,
            json.dumps(list(success.notes)) if success.notes else None,
            execution_id,
            owner,
        ],
    )
    return done.rowcount > 0


def fail(
    tx: Transaction,
    execution_id: UUID,
    owner: UUID,
    now: datetime,
    error: Mapping[str, Any],
    *,
    is_canceled: bool = False,
) -> bool:
    """Write down why there is no result; False when the lease was lost."""
    done = tx.execute(
        """
        UPDATE query_executions
        SET state = %s, finished_at = %s, lease_owner = NULL, lease_expires_at = NULL, work = NULL,
            error = %s::jsonb,
            duration_ms = extract(epoch FROM %s - started_at) * 1000
        WHERE id = %s AND lease_owner = %s AND state = 'running'
        """,
        [
            "canceled" if is_canceled else "failed",
            now,
            json.dumps(dict(error)),
            now,
            execution_id,
            owner,
        ],
    )
    return done.rowcount > 0


def requeue(tx: Transaction, execution_id: UUID, owner: UUID, preview: bytes | None) -> bool:
    """Put work that took too long for its request into the queue; False when it was lost."""
    done = tx.execute(
        """
        UPDATE query_executions
        SET state = 'queued', started_at = NULL, deadline_at = NULL, lease_owner = NULL,
            lease_expires_at = NULL, rows_so_far = 0, preview = %s
        WHERE id = %s AND lease_owner = %s AND state = 'running' AND NOT runs_once
        """,
        [preview, execution_id, owner],
    )
    return done.rowcount > 0


def request_cancel(tx: Transaction, execution_id: UUID, now: datetime) -> str | None:
    """End work that is queued, ask who does it to stop; return the state it is in now."""
    rows = tx.execute(
        """
        UPDATE query_executions
        SET cancel_requested_at = coalesce(cancel_requested_at, %s),
            state = CASE state WHEN 'queued' THEN 'canceled' ELSE state END,
            finished_at = CASE state WHEN 'queued' THEN %s ELSE finished_at END,
            work = CASE state WHEN 'queued' THEN NULL ELSE work END
        WHERE id = %s AND state IN ('queued', 'running')
        RETURNING state
        """,
        [now, now, execution_id],
    ).fetchall()
    return rows[0]["state"] if rows else None


def fail_lost(
    tx: Transaction, now: datetime, error: Mapping[str, Any], *, limit: int = 100
) -> list[UUID]:
    """Fail what nobody holds any more; return which. It is not done again by itself."""
    rows = tx.execute(
        """
        WITH lost AS (
            SELECT id FROM query_executions
            WHERE state = 'running' AND lease_expires_at <= %s
            ORDER BY lease_expires_at LIMIT %s
            FOR UPDATE SKIP LOCKED
        )
        UPDATE query_executions AS execution
        SET state = CASE WHEN cancel_requested_at IS NULL THEN 'failed' ELSE 'canceled' END,
            finished_at = %s, lease_owner = NULL, lease_expires_at = NULL, work = NULL,
            error = %s::jsonb
        FROM lost WHERE execution.id = lost.id
        RETURNING execution.id
        """,
        [now, limit, now, json.dumps(dict(error))],
    ).fetchall()
    return [row["id"] for row in rows]


def find_positions(tx: Transaction, connection_id: UUID) -> dict[UUID, int]:
    """Return who waits for a connection, and in which place: 1 is the next."""
    rows = tx.execute(_IN_TURN, {"connection": connection_id}).fetchall()
    return {row["id"]: row["position"] for row in rows}


def lease_of(now: datetime, owner: UUID, *, lasts: timedelta, within: timedelta) -> Lease:
    """Return a lease that lasts a while, for work that has to be done ``within`` a time."""
    return Lease(owner, now, now + lasts, now + within)


def _take_slot(
    tx: Transaction, connection_id: UUID, execution_id: UUID, lease: Lease, most: int
) -> Slot | None:
    return slots_store.take(
        tx,
        connection_id,
        execution_id,
        most=most,
        owner=lease.owner,
        now=lease.now,
        lease_expires_at=lease.expires_at,
    )


def _insert(tx: Transaction, new: NewExecution, lease: Lease | None) -> None:
    tx.execute(
        """
        INSERT INTO query_executions (
            id, connection_id, connection_version, user_id, fingerprint, state, runs_once, work,
            queued_at, started_at, deadline_at, lease_owner, lease_expires_at
        )
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s)
        """,
        [
            new.id,
            new.connection_id,
            new.connection_version,
            new.user_id,
            new.fingerprint,
            "queued" if lease is None else "running",
            new.runs_once,
            json.dumps(dict(new.work)),
            new.queued_at,
            lease and lease.now,
            lease and lease.deadline_at,
            lease and lease.owner,
            lease and lease.expires_at,
        ],
    )


def _note_turn(tx: Transaction, connection_id: UUID, user_id: UUID, now: datetime) -> None:
    tx.execute(
        """
        INSERT INTO query_turns (connection_id, user_id, served_at) VALUES (%s, %s, %s)
        ON CONFLICT (connection_id, user_id) DO UPDATE SET served_at = excluded.served_at
        """,
        [connection_id, user_id, now],
    )
