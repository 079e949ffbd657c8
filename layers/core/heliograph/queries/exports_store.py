"""SQL of exports: the file that a run of origin ``export`` leaves, and who may be writing it.

An export of rows that are kept needs no connection: its execution has none, holds no slot, and is
claimed by its own id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.queries.executions_store import Lease

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class NewKeptExport:
    """The execution of an export of rows that are kept. ``work`` says which, as JSON."""

    id: UUID
    connection_version: int
    user_id: UUID
    work: Mapping[str, Any]
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file that was written, and until when it is kept."""

    key: str
    filename: str
    bytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An export with its run and its execution. The id is the run's.

    ``total`` is how many rows there will be, as long as it is under way and that is known.
    """

    id: UUID
    execution_id: UUID | None
    connection_id: UUID | None
    connection_name: str | None
    parent_id: UUID | None
    user_id: UUID
    format: str
    guard_formulas: bool
    title: str
    requested_at: datetime
    state: str
    cancel_reason: str | None
    finished_at: datetime | None
    rows_so_far: int | None
    total: int | None
    row_count: int | None
    truncated_reason: str | None
    notes: Sequence[str] | None
    error: dict[str, Any] | None
    key: str | None
    filename: str | None
    bytes: int | None
    expires_at: datetime | None


_STATE = """
    CASE WHEN run.canceled_at IS NOT NULL THEN 'canceled'
         WHEN execution.state = 'succeeded' AND (export.key IS NULL OR export.expires_at <= %(now)s)
         THEN 'expired'
         ELSE coalesce(execution.state, 'expired') END
"""
_SELECT = f"""
    SELECT run.id, run.execution_id, run.connection_id, connection.name AS connection_name,
        run.parent_id, run.user_id, export.format, export.guard_formulas,
        export.title, run.requested_at, {_STATE} AS state,
        run.cancel_reason, execution.finished_at, execution.rows_so_far,
        (execution.work ->> 'total')::bigint AS total, execution.row_count,
        execution.truncated_reason, execution.notes, execution.error, export.key, export.filename,
        export.bytes, export.expires_at
    FROM query_runs AS run
    JOIN query_exports AS export ON export.run_id = run.id
    LEFT JOIN query_executions AS execution ON execution.id = run.execution_id
    LEFT JOIN connections AS connection ON connection.id = run.connection_id
"""  # noqa: S608


def insert(
    tx: Transaction, run_id: UUID, file_format: str, title: str, *, guard_formulas: bool
) -> None:
    """Write down what file a run is to leave."""
    tx.execute(
        "INSERT INTO query_exports (run_id, format, guard_formulas, title) VALUES (%s, %s, %s, %s)",
        [run_id, file_format, guard_formulas, title],
    )


def insert_kept(tx: Transaction, new: NewKeptExport, lease: Lease | None) -> None:
    """Put an export of kept rows into the queue, or begin it at once with a lease."""
    tx.execute(
        """
        INSERT INTO query_executions (
            id, connection_version, user_id, kind, state, runs_once, work, queued_at, started_at,
            deadline_at, lease_owner, lease_expires_at
        )
        VALUES (%s, %s, %s, 'export', %s, false, %s::jsonb, %s, %s, %s, %s, %s)
        """,
        [
            new.id,
            new.connection_version,
            new.user_id,
            "queued" if lease is None else "running",
            json.dumps(dict(new.work)),
            new.queued_at,
            None if lease is None else lease.now,
            None if lease is None else lease.deadline_at,
            None if lease is None else lease.owner,
            None if lease is None else lease.expires_at,
        ],
    )


def claim_kept(tx: Transaction, execution_id: UUID, lease: Lease) -> Mapping[str, Any] | None:
    """Claim an export that needs no connection, and return its work; None when it does not wait."""
    rows = tx.execute(
        """
        UPDATE query_executions
        SET state = 'running', started_at = %s, deadline_at = %s, lease_owner = %s,
            lease_expires_at = %s
        WHERE id = %s AND kind = 'export' AND connection_id IS NULL AND state = 'queued'
        RETURNING work
        """,
        [lease.now, lease.deadline_at, lease.owner, lease.expires_at, execution_id],
    ).fetchall()
    return rows[0]["work"] if rows else None


def find_waiting(tx: Transaction, queued_before: datetime, limit: int) -> list[UUID]:
    """Return exports that need no connection and have waited since then."""
    rows = tx.execute(
        """
        SELECT id FROM query_executions
        WHERE kind = 'export' AND connection_id IS NULL AND state = 'queued' AND queued_at < %s
        ORDER BY queued_at LIMIT %s
        """,
        [queued_before, limit],
    ).fetchall()
    return [row["id"] for row in rows]


def count_under_way(tx: Transaction, user_id: UUID) -> int:
    """Return how many exports of a person wait or run; who asks next waits for the answer."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 10))", [str(user_id)])
    row = tx.execute(
        """
        SELECT count(*) AS count FROM query_executions
        WHERE user_id = %s AND kind = 'export' AND cancel_requested_at IS NULL
            AND (state = 'queued' OR state = 'running')
        """,
        [user_id],
    ).fetchone()
    return int(row["count"]) if row else 0


def note_rows(database: Database, execution_id: UUID, owner: UUID, rows: int) -> None:
    """Remember how far an export is."""
    database.fetch(
        """
        UPDATE query_executions SET rows_so_far = %s
        WHERE id = %s AND lease_owner = %s AND state = 'running'
        RETURNING id
        """,
        [rows, execution_id, owner],
    )


def note_file(database: Database, execution_id: UUID, owner: UUID, file: ExportFile) -> bool:
    """Write down the file of an export that is about to succeed; False when it was lost."""
    rows = database.fetch(
        """
        UPDATE query_exports SET key = %s, filename = %s, bytes = %s, expires_at = %s
        FROM query_runs AS run JOIN query_executions AS execution ON execution.id = run.execution_id
        WHERE run_id = run.id AND execution.id = %s AND execution.lease_owner = %s
            AND execution.state = 'running'
        RETURNING run_id
        """,
        [file.key, file.filename, file.bytes, file.expires_at, execution_id, owner],
    )
    return bool(rows)


def is_withdrawn(database: Database, execution_id: UUID) -> bool:
    """Say whether somebody has asked an export to stop, be it too late."""
    rows = database.fetch(
        "SELECT cancel_requested_at IS NOT NULL AS found FROM query_executions WHERE id = %s",
        [execution_id],
    )
    return bool(rows and rows[0]["found"])


def select(database: Database, run_id: UUID, now: datetime) -> ExportRow | None:
    """Return an export, None when there is none of this id."""
    rows = database.fetch(f"{_SELECT} WHERE run.id = %(id)s", {"now": now, "id": run_id})
    return ExportRow(**rows[0]) if rows else None


def list_own(
    database: Database,
    user_id: UUID,
    now: datetime,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[ExportRow]:
    """Return a person's exports, the latest first."""
    last_at, last_id = after or (None, None)
    rows = database.fetch(
        f"""
        {_SELECT}
        WHERE run.user_id = %(user)s
            AND (%(at)s::timestamptz IS NULL
                OR (run.requested_at, run.id) < (%(at)s::timestamptz, %(id)s::uuid))
        ORDER BY run.requested_at DESC, run.id DESC
        LIMIT %(limit)s
        """,
        {"now": now, "user": user_id, "at": last_at, "id": last_id, "limit": limit},
    )
    return [ExportRow(**row) for row in rows]


def find_same(
    database: Database,
    user_id: UUID,
    parent_id: UUID,
    file_format: str,
    *,
    now: datetime,
    since: datetime,
    kept_until: datetime,
) -> ExportRow | None:
    """Return a person's guarded export of a run asked since then: the newest file, if it is kept
    until then, else the newest one under way.
    """
    rows = database.fetch(
        f"""
        {_SELECT}
        WHERE run.user_id = %(user)s AND run.requested_at >= %(since)s
            AND run.parent_id = %(parent)s AND run.canceled_at IS NULL
            AND export.format = %(format)s AND export.guard_formulas
            AND (execution.state IN ('queued', 'running')
                OR (execution.state = 'succeeded' AND export.expires_at >= %(until)s))
        ORDER BY execution.state = 'succeeded' DESC, run.requested_at DESC
        LIMIT 1
        """,
        {
            "user": user_id,
            "since": since,
            "parent": parent_id,
            "format": file_format,
            "now": now,
            "until": kept_until,
        },
    )
    return ExportRow(**rows[0]) if rows else None


def end_file(tx: Transaction, run_id: UUID, now: datetime) -> bool:
    """Have the file of an export end now, also for the janitor; False when there is none."""
    rows = tx.execute(
        """
        UPDATE query_exports SET expires_at = %s
        FROM query_runs AS run
        WHERE run_id = run.id AND run.id = %s AND key IS NOT NULL AND expires_at > %s
        RETURNING run.execution_id
        """,
        [now, run_id, now],
    ).fetchall()
    if rows:
        tx.execute(
            "UPDATE query_executions SET result_expires_at = %s WHERE id = %s",
            [now, rows[0]["execution_id"]],
        )
    return bool(rows)


def find_expired(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Return executions whose files are over, or that may have left a part of one."""
    rows = tx.execute(
        """
        SELECT id FROM query_executions
        WHERE result_expires_at <= %s AND kind = 'export'
        ORDER BY result_expires_at LIMIT %s
        """,
        [now, limit],
    ).fetchall()
    return [row["id"] for row in rows]


def forget_files(tx: Transaction, execution_ids: Sequence[UUID]) -> None:
    """Forget files that were deleted; that there was an export is remembered."""
    ids = [*execution_ids]
    tx.execute(
        """
        UPDATE query_exports SET key = NULL, filename = NULL, bytes = NULL, expires_at = NULL
        FROM query_runs AS run
        WHERE run_id = run.id AND run.execution_id = ANY (%s) AND key IS NOT NULL
        """,
        [ids],
    )
    tx.execute(
        "UPDATE query_executions SET result_expires_at = NULL WHERE id = ANY (%s)",
        [ids],
    )
