"""SQL of executions: who does the work of a query, and how it ended.

Whoever holds an execution holds a lease; every later write names the holder, so one who was thought
dead and comes back changes nothing. Who is next is decided in `turns_store`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from heliograph.kernel.json_text import write_json_text
from heliograph.queries import slots_store

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


class Kind(StrEnum):
    """What an execution leaves: rows that are looked at, or a file."""

    QUERY = "query"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class NewExecution:
    """Work that is to be done. ``work`` says what, as JSON."""

    id: UUID
    connection_id: UUID
    connection_version: int
    user_id: UUID
    work: Mapping[str, Any]
    queued_at: datetime
    runs_once: bool = False
    fingerprint: bytes | None = None
    kind: Kind = Kind.QUERY


@dataclass(frozen=True, slots=True)
class Lease:
    """Who does the work, since when, until when unless renewed, and by when it has to be done."""

    owner: UUID
    now: datetime
    expires_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """What an execution came to. ``result`` is where its rows are, as `results` writes it.

    ``work`` is kept with them: the rows are sorted and filtered by doing it again.
    """

    row_count: int
    duration_ms: float
    result: bytes | None = None
    result_expires_at: datetime | None = None
    truncated_reason: str | None = None
    notes: Sequence[str] = ()
    work: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What was true when somebody wrote down the end: whether they still held the work."""

    is_held: bool
    has_waiting: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How an execution stands with those who hold it and those who wait for it."""

    owner: UUID | None
    is_unwanted: bool
    is_awaited: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """An execution that nobody holds any more, though it was not done."""

    id: UUID
    connection_id: UUID | None
    kind: Kind


def insert_queued(tx: Transaction, new: NewExecution) -> None:
    """Put work into the queue of its connection."""
    tx.execute(
        """
        INSERT INTO query_executions (
            id, connection_id, connection_version, user_id, fingerprint, kind, state, runs_once,
            work, queued_at
        )
        VALUES (%s, %s, %s, %s, %s, %s, 'queued', %s, %s::jsonb, %s)
        """,
        [
            new.id,
            new.connection_id,
            new.connection_version,
            new.user_id,
            new.fingerprint,
            new.kind,
            new.runs_once,
            write_json_text(dict(new.work)),
            new.queued_at,
        ],
    )


def insert_failed(tx: Transaction, new: NewExecution, error: Mapping[str, Any]) -> None:
    """Write down a question that was refused before it reached the database."""
    tx.execute(
        """
        INSERT INTO query_executions (
            id, connection_id, connection_version, user_id, kind, state, runs_once, queued_at,
            finished_at, error, duration_ms
        )
        VALUES (%s, %s, %s, %s, %s, 'failed', false, %s, %s, %s::jsonb, 0)
        """,
        [
            new.id,
            new.connection_id,
            new.connection_version,
            new.user_id,
            new.kind,
            new.queued_at,
            new.queued_at,
            write_json_text(dict(error)),
        ],
    )


def renew(
    tx: Transaction, execution_id: UUID, owner: UUID, expires_at: datetime, rows_so_far: int
) -> bool:
    """Hold work for longer; False when it was lost."""
    done = tx.execute(
        """
        UPDATE query_executions SET lease_expires_at = %s, rows_so_far = %s
        WHERE id = %s AND lease_owner = %s AND state = 'running'
        """,
        [expires_at, rows_so_far, execution_id, owner],
    )
    if done.rowcount:
        slots_store.renew(tx, execution_id, expires_at)
    return done.rowcount > 0


def look(database: Database, execution_id: UUID, polled_since: datetime) -> Standing | None:
    """Return how an execution stands, None when it is gone.

    It is awaited by whoever has asked about it since then, and by those who need not.
    """
    rows = database.fetch(
        """
        SELECT lease_owner AS owner,
            cancel_requested_at IS NOT NULL OR (connection_id IS NULL AND kind = 'query')
                AS is_unwanted,
            EXISTS (
                SELECT 1 FROM query_runs
                WHERE execution_id = execution.id AND canceled_at IS NULL
                    AND (is_detached OR polled_at > %s)
            ) AS is_awaited
        FROM query_executions AS execution WHERE id = %s
        """,
        [polled_since, execution_id],
    )
    return Standing(**rows[0]) if rows else None


def _ending(update: LiteralString) -> LiteralString:
    """Return the statement that ends an execution, frees its slot, and says whether others wait."""
    return f"""
        WITH done AS (
            {update}
            WHERE id = %(id)s AND lease_owner = %(owner)s AND state = 'running'
            RETURNING id
        ), freed AS (
            UPDATE query_slots
            SET execution_id = NULL, lease_expires_at = NULL, keeper = %(keeper)s,
                kept_until = %(kept_until)s
            WHERE execution_id = %(id)s
        )
        SELECT EXISTS (SELECT 1 FROM done) AS is_held,
            EXISTS (
                SELECT 1 FROM query_executions
                WHERE connection_id = %(connection)s AND state = 'queued'
            ) AS has_waiting
    """  # noqa: S608


_SUCCEED = _ending(
    """
    UPDATE query_executions
    SET state = 'succeeded', finished_at = %(now)s, lease_owner = NULL, lease_expires_at = NULL,
        work = %(work)s::jsonb, preview = NULL, row_count = %(row_count)s,
        rows_so_far = %(row_count)s, duration_ms = %(duration_ms)s, result = %(result)s,
        result_expires_at = %(result_expires_at)s, truncated_reason = %(truncated_reason)s,
        notes = %(notes)s::jsonb
    """
)
_FAIL = _ending(
    """
    UPDATE query_executions
    SET state = %(state)s, finished_at = %(now)s, lease_owner = NULL, lease_expires_at = NULL,
        work = NULL, preview = NULL, error = %(error)s::jsonb,
        duration_ms = extract(epoch FROM %(now)s - started_at) * 1000,
        result_expires_at = %(result_expires_at)s
    """
)


def succeed(  # all but four are named
    database: Database,
    execution_id: UUID,
    owner: UUID,
    now: datetime,
    success: Success,
    *,
    connection_id: UUID | None,
    keeper: UUID | None = None,
    kept_until: datetime | None = None,
) -> Ended:
    """Write down a result and free the slot, where ``keeper`` leaves an idle backend.

    Nothing is written of the result when the lease was lost.
    """
    (row,) = database.fetch(
        _SUCCEED,
        {
            "id": execution_id,
            "owner": owner,
            "now": now,
            "work": None if success.work is None else write_json_text(dict(success.work)),
            "row_count": success.row_count,
            "duration_ms": success.duration_ms,
            "result": success.result,
            "result_expires_at": success.result_expires_at,
            "truncated_reason": success.truncated_reason,
            "notes": write_json_text(list(success.notes)) if success.notes else None,
            "connection": connection_id,
            "keeper": keeper,
            "kept_until": kept_until,
        },
    )
    return Ended(**row)


def fail(  # all but four are named
    database: Database,
    execution_id: UUID,
    owner: UUID,
    now: datetime,
    error: Mapping[str, Any],
    *,
    connection_id: UUID | None,
    is_canceled: bool = False,
    has_blobs: bool = False,
) -> Ended:
    """Write down why there is no result, and free the slot, where ``owner`` may leave a backend.

    With ``has_blobs`` the janitor looks for what was left in the blob store.
    """
    (row,) = database.fetch(
        _FAIL,
        {
            "id": execution_id,
            "owner": owner,
            "now": now,
            "state": "canceled" if is_canceled else "failed",
            "error": write_json_text(dict(error)),
            "result_expires_at": now if has_blobs else None,
            "connection": connection_id,
            "keeper": owner,  # a query that fails leaves as good a session as one that does not
            "kept_until": now + slots_store.KEPT_WARM,
        },
    )
    return Ended(**row)


def requeue(
    tx: Transaction,
    execution_id: UUID,
    owner: UUID,
    *,
    work: Mapping[str, Any],
    preview: bytes | None = None,
    runs_once: bool = False,
) -> bool:
    """Put work that a request does not finish into the queue; False when it was lost, or unwanted.

    With ``runs_once`` it has turned out that it must not be begun twice: it was not begun yet.
    """
    done = tx.execute(
        """
        UPDATE query_executions
        SET state = 'queued', started_at = NULL, deadline_at = NULL, lease_owner = NULL,
            lease_expires_at = NULL, rows_so_far = 0, preview = %s, work = %s::jsonb,
            runs_once = %s, fingerprint = CASE WHEN %s THEN NULL ELSE fingerprint END
        WHERE id = %s AND lease_owner = %s AND state = 'running' AND NOT runs_once
            AND cancel_requested_at IS NULL
        """,
        [preview, write_json_text(dict(work)), runs_once, runs_once, execution_id, owner],
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
            work = CASE state WHEN 'queued' THEN NULL ELSE work END,
            preview = CASE state WHEN 'queued' THEN NULL ELSE preview END
        WHERE id = %s AND state IN ('queued', 'running')
        RETURNING state
        """,
        [now, now, execution_id],
    ).fetchall()
    return rows[0]["state"] if rows else None


def fail_lost(
    tx: Transaction,
    now: datetime,
    error: Mapping[str, Any],
    *,
    execution_id: UUID | None = None,
    limit: int = 100,
) -> list[Lost]:
    """Fail what nobody holds any more, or that one execution; it is not done again by itself."""
    rows = tx.execute(
        """
        WITH lost AS (
            SELECT id FROM query_executions
            WHERE state = 'running' AND lease_expires_at <= %(now)s
                AND (%(id)s::uuid IS NULL OR id = %(id)s)
            ORDER BY lease_expires_at LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        UPDATE query_executions AS execution
        SET state = CASE WHEN cancel_requested_at IS NULL THEN 'failed' ELSE 'canceled' END,
            finished_at = %(now)s, lease_owner = NULL, lease_expires_at = NULL, work = NULL,
            preview = NULL, error = %(error)s::jsonb, result_expires_at = %(now)s,
            duration_ms = extract(epoch FROM %(now)s - started_at) * 1000
        FROM lost WHERE execution.id = lost.id
        RETURNING execution.id, execution.connection_id, execution.kind
        """,
        {"now": now, "id": execution_id, "limit": limit, "error": write_json_text(dict(error))},
    ).fetchall()
    return [Lost(row["id"], row["connection_id"], Kind(row["kind"])) for row in rows]


def fail_orphaned(
    tx: Transaction, now: datetime, error: Mapping[str, Any], *, limit: int = 100
) -> int:
    """Fail queries that wait for a connection that is no more; return how many."""
    return tx.execute(
        """
        UPDATE query_executions
        SET state = 'failed', finished_at = %(now)s, work = NULL, preview = NULL,
            error = %(error)s::jsonb, duration_ms = 0
        WHERE id IN (
            SELECT id FROM query_executions
            WHERE state = 'queued' AND connection_id IS NULL AND kind = 'query'
            ORDER BY queued_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        """,
        {"now": now, "error": write_json_text(dict(error)), "limit": limit},
    ).rowcount


def lease_of(now: datetime, owner: UUID, *, lasts: timedelta, within: timedelta) -> Lease:
    """Return a lease that lasts a while, for work that has to be done ``within`` a time."""
    return Lease(owner, now, now + lasts, now + within)
