"""SQL of runs: what somebody asked, and what has become of it.

A run ends for its owner when they cancel it; the execution goes on while anybody else waits for it.
Whoever joins or leaves an execution locks it first, so that nobody joins what is just being ended.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

RUNNING_STATES = ("queued", "running")


@dataclass(frozen=True, slots=True)
class NewRun:
    """Somebody's question. ``parameters`` are what the policy lets the history keep of them."""

    id: UUID
    execution_id: UUID
    connection_id: UUID
    user_id: UUID
    sql: str
    requested_at: datetime
    origin: str = "query"
    parent_id: UUID | None = None
    parameters: Any = None
    is_detached: bool = False
    cached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its execution. What is None has not happened, or is not kept any more."""

    id: UUID
    execution_id: UUID | None
    connection_id: UUID | None
    connection_version: int | None
    user_id: UUID
    origin: str
    parent_id: UUID | None
    sql: str
    parameters: Any
    is_detached: bool
    requested_at: datetime
    polled_at: datetime
    canceled_at: datetime | None
    cached_at: datetime | None
    state: str
    runs_once: bool | None
    started_at: datetime | None
    finished_at: datetime | None
    rows_so_far: int | None
    preview: bytes | None
    row_count: int | None
    truncated_reason: str | None
    notes: Sequence[str] | None
    error: dict[str, Any] | None
    duration_ms: float | None
    result: bytes | None
    result_expires_at: datetime | None


# Who has cancelled sees that, whatever the execution does for others. A run whose execution is not
# kept any more has ended at some time; nothing else is known of it.
_COLUMNS = """
    run.id, run.execution_id, run.connection_id, execution.connection_version, run.user_id,
    run.origin, run.parent_id, run.sql, run.parameters, run.is_detached, run.requested_at,
    run.polled_at, run.canceled_at, run.cached_at,
    CASE WHEN run.canceled_at IS NOT NULL THEN 'canceled'
         ELSE coalesce(execution.state, 'expired') END AS state,
    execution.runs_once, execution.started_at, execution.finished_at, execution.rows_so_far,
    execution.row_count, execution.truncated_reason, execution.notes, execution.error,
    execution.duration_ms, execution.result_expires_at
"""
_FROM = "query_runs AS run LEFT JOIN query_executions AS execution ON execution.id = execution_id"


def insert(tx: Transaction, new: NewRun) -> None:
    """Write down a question."""
    tx.execute(
        """
        INSERT INTO query_runs (
            id, execution_id, connection_id, user_id, origin, parent_id, sql, parameters,
            is_detached, requested_at, polled_at, cached_at
        )
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s)
        """,
        [
            new.id,
            new.execution_id,
            new.connection_id,
            new.user_id,
            new.origin,
            new.parent_id,
            new.sql,
            None if new.parameters is None else json.dumps(new.parameters),
            new.is_detached,
            new.requested_at,
            new.requested_at,
            new.cached_at,
        ],
    )


def select(database: Database, run_id: UUID) -> RunRow | None:
    """Return a run with its result, None when there is no such run."""
    rows = database.fetch(
        f"SELECT {_COLUMNS}, execution.preview, execution.result FROM {_FROM} WHERE run.id = %s",  # noqa: S608
        [run_id],
    )
    return RunRow(**rows[0]) if rows else None


def select_state(database: Database, run_id: UUID) -> str | None:
    """Return the state of a run alone: for who waits and asks often."""
    rows = database.fetch(
        f"""
        SELECT CASE WHEN run.canceled_at IS NOT NULL THEN 'canceled'
                    ELSE coalesce(execution.state, 'expired') END AS state
        FROM {_FROM} WHERE run.id = %s
        """,  # noqa: S608
        [run_id],
    )
    return rows[0]["state"] if rows else None


def list_history(
    database: Database,
    *,
    user_id: UUID | None,
    connection_id: UUID | None,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[RunRow]:
    """Return runs, the latest first, without their rows: of a person, of a connection, or all."""
    conditions, values = ["run.origin = 'query'"], list[object]()
    for condition, value in (
        ("run.user_id = %s", user_id),
        ("run.connection_id = %s", connection_id),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if after is not None:
        conditions.append("(run.requested_at, run.id) < (%s, %s)")
        values += after
    rows = database.fetch(
        f"""
        SELECT {_COLUMNS}, NULL AS preview, NULL AS result
        FROM {_FROM}
        WHERE {" AND ".join(conditions)}
        ORDER BY run.requested_at DESC, run.id DESC
        LIMIT %s
        """,  # noqa: S608  # conditions of ours, values bound
        [*values, limit],
    )
    return [RunRow(**row) for row in rows]


def note_poll(database: Database, run_id: UUID, now: datetime, *, at_least: datetime) -> None:
    """Remember that somebody still waits, unless that was remembered since ``at_least``."""
    database.fetch(
        "UPDATE query_runs SET polled_at = %s WHERE id = %s AND polled_at < %s RETURNING id",
        [now, run_id, at_least],
    )


def lock_execution(tx: Transaction, execution_id: UUID) -> str | None:
    """Keep others from joining or leaving an execution; return its state, None when it is gone."""
    rows = tx.execute(
        "SELECT state FROM query_executions WHERE id = %s FOR UPDATE", [execution_id]
    ).fetchall()
    return rows[0]["state"] if rows else None


def withdraw(tx: Transaction, run_id: UUID, now: datetime) -> UUID | None:
    """Cancel one's own interest; return the execution if nobody else waits for it any more.

    The execution has been locked. Does nothing to a run that has ended.
    """
    rows = tx.execute(
        """
        UPDATE query_runs AS run SET canceled_at = %s
        FROM query_executions AS execution
        WHERE run.id = %s AND run.canceled_at IS NULL AND execution.id = run.execution_id
            AND execution.state IN ('queued', 'running')
        RETURNING run.execution_id
        """,
        [now, run_id],
    ).fetchall()
    if not rows:
        return None
    execution_id: UUID = rows[0]["execution_id"]
    others = tx.execute(
        "SELECT 1 FROM query_runs WHERE execution_id = %s AND canceled_at IS NULL LIMIT 1",
        [execution_id],
    ).fetchone()
    return None if others else execution_id


def find_active(database: Database, user_id: UUID) -> list[UUID]:
    """Return a person's runs that have not ended."""
    rows = database.fetch(
        f"""
        SELECT run.id FROM {_FROM}
        WHERE run.user_id = %s AND run.canceled_at IS NULL
            AND execution.state IN ('queued', 'running')
        """,  # noqa: S608
        [user_id],
    )
    return [row["id"] for row in rows]


def find_abandoned(database: Database, polled_before: datetime, limit: int = 100) -> list[UUID]:
    """Return runs that have not ended and that nobody has asked about for long."""
    rows = database.fetch(
        f"""
        SELECT run.id FROM {_FROM}
        WHERE execution.state IN ('queued', 'running') AND run.canceled_at IS NULL
            AND NOT run.is_detached AND run.polled_at < %s
        ORDER BY run.polled_at LIMIT %s
        """,  # noqa: S608
        [polled_before, limit],
    )
    return [row["id"] for row in rows]


def find_cached(
    tx: Transaction, fingerprint: bytes, *, finished_since: datetime, kept_until: datetime
) -> tuple[UUID, datetime] | None:
    """Return the latest execution of the same question whose result is kept, and when it ended."""
    row = tx.execute(
        """
        SELECT id, finished_at FROM query_executions
        WHERE fingerprint = %s AND state = 'succeeded' AND finished_at >= %s
            AND result_expires_at > %s
        ORDER BY finished_at DESC LIMIT 1
        """,
        [fingerprint, finished_since, kept_until],
    ).fetchone()
    return (row["id"], row["finished_at"]) if row else None


def find_shared(tx: Transaction, fingerprint: bytes) -> UUID | None:
    """Return an execution of the same question that is under way, locked so that one may join."""
    row = tx.execute(
        """
        SELECT id FROM query_executions
        WHERE fingerprint = %s AND state IN ('queued', 'running') AND cancel_requested_at IS NULL
        ORDER BY queued_at LIMIT 1
        FOR UPDATE
        """,
        [fingerprint],
    ).fetchone()
    return row["id"] if row else None
