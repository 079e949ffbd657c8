"""SQL of runs: what somebody asked, and what has become of it.

A run ends for its owner when they cancel it; the execution goes on while anybody else waits for it.
Whoever joins or leaves an execution locks it first, so that nobody joins what is just being ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.kernel.json_text import write_json_text

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

RUNNING_STATES = ("queued", "running")


class Origin(StrEnum):
    """What a run was asked for."""

    QUERY = "query"  # by a person
    VIEW = "view"  # a result sorted and filtered
    VALUES = "values"  # what stands in a column
    EXPORT = "export"


class CancelReason(StrEnum):
    """Why a run was given up."""

    ASKED = "asked"
    RESET = "reset"
    ABANDONED = "abandoned"  # nobody has asked about it for long


@dataclass(frozen=True, slots=True)
class NewRun:
    """Somebody's question. ``parameters`` are what the policy lets the history keep of them."""

    id: UUID
    execution_id: UUID
    connection_id: UUID | None
    user_id: UUID
    sql: str
    requested_at: datetime
    origin: Origin = Origin.QUERY
    parent_id: UUID | None = None
    parameters: Any = None
    is_detached: bool = False
    cached_at: datetime | None = None
    stale_execution_id: UUID | None = None

    @property
    def parameters_json(self) -> str | None:
        """The parameters as JSON, None for none."""
        return None if self.parameters is None else write_json_text(self.parameters)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its execution. What is None has not happened, or is not kept any more."""

    id: UUID
    execution_id: UUID | None
    connection_id: UUID | None
    user_id: UUID
    origin: str
    parent_id: UUID | None
    sql: str
    parameters: Any
    is_detached: bool
    requested_at: datetime
    state: str
    connection_version: int | None = None
    canceled_at: datetime | None = None
    cancel_reason: str | None = None
    cached_at: datetime | None = None
    stale_execution_id: UUID | None = None
    runs_once: bool | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_expires_at: datetime | None = None
    rows_so_far: int | None = None
    preview: bytes | None = None
    row_count: int | None = None
    truncated_reason: str | None = None
    notes: Sequence[str] | None = None
    error: dict[str, Any] | None = None
    duration_ms: float | None = None
    result: bytes | None = None
    result_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptResult:
    """An answer that is kept: when it was given, and where it is."""

    execution_id: UUID
    finished_at: datetime
    row_count: int
    truncated_reason: str | None
    notes: Sequence[str] | None
    result: bytes
    result_expires_at: datetime


# Who has cancelled sees that, whatever the execution does for others. A run whose execution is not
# kept any more has ended at some time; nothing else is known of it.
STATE_OF = """
    CASE WHEN run.canceled_at IS NOT NULL THEN 'canceled'
         ELSE coalesce(execution.state, 'expired') END
"""
COLUMNS = f"""
    run.id, run.execution_id, run.connection_id, execution.connection_version, run.user_id,
    run.origin, run.parent_id, run.sql, run.parameters, run.is_detached, run.requested_at,
    run.canceled_at, run.cancel_reason, run.cached_at, run.stale_execution_id, {STATE_OF} AS state,
    execution.runs_once, execution.started_at, execution.finished_at,
    execution.lease_expires_at, execution.rows_so_far, execution.row_count,
    execution.truncated_reason, execution.notes, execution.error, execution.duration_ms,
    execution.result_expires_at
"""
FROM = "query_runs AS run LEFT JOIN query_executions AS execution ON execution.id = execution_id"


def insert(tx: Transaction, new: NewRun) -> None:
    """Write down a question."""
    tx.execute(
        """
        INSERT INTO query_runs (
            id, execution_id, connection_id, user_id, origin, parent_id, sql, parameters,
            is_detached, requested_at, polled_at, cached_at, stale_execution_id
        )
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s)
        """,
        [
            new.id,
            new.execution_id,
            new.connection_id,
            new.user_id,
            new.origin,
            new.parent_id,
            new.sql,
            new.parameters_json,
            new.is_detached,
            new.requested_at,
            new.requested_at,
            new.cached_at,
            new.stale_execution_id,
        ],
    )


def select(database: Database, run_id: UUID) -> RunRow | None:
    """Return a run with its result, None when there is no such run."""
    rows = database.fetch(
        f"SELECT {COLUMNS}, execution.preview, execution.result FROM {FROM} WHERE run.id = %s",  # noqa: S608
        [run_id],
    )
    return RunRow(**rows[0]) if rows else None


def select_state(database: Database, run_id: UUID) -> str | None:
    """Return the state of a run alone: for who waits and asks often."""
    rows = database.fetch(
        f"SELECT {STATE_OF} AS state FROM {FROM} WHERE run.id = %s",  # noqa: S608
        [run_id],
    )
    return rows[0]["state"] if rows else None


def select_work(database: Database, execution_id: UUID) -> Mapping[str, Any] | None:
    """Return what an execution did, as long as its result is kept."""
    rows = database.fetch("SELECT work FROM query_executions WHERE id = %s", [execution_id])
    return rows[0]["work"] if rows else None


def select_kept(database: Database, execution_id: UUID, now: datetime) -> KeptResult | None:
    """Return the answer of an execution, None when it is not kept any more."""
    rows = database.fetch(
        """
        SELECT id AS execution_id, finished_at, row_count, truncated_reason, notes, result,
            result_expires_at
        FROM query_executions
        WHERE id = %s AND state = 'succeeded' AND result IS NOT NULL AND result_expires_at > %s
        """,
        [execution_id, now],
    )
    return KeptResult(**rows[0]) if rows else None


def keep_longer(database: Database, execution_id: UUID, until: datetime, now: datetime) -> None:
    """Keep a result until then at least, if it is still kept now."""
    database.fetch(
        """
        UPDATE query_executions SET result_expires_at = greatest(result_expires_at, %s)
        WHERE id = %s AND state = 'succeeded' AND result IS NOT NULL AND result_expires_at > %s
        RETURNING id
        """,
        [until, execution_id, now],
    )


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


class GivenUp(StrEnum):
    """What giving up a run means for its execution."""

    LAST = "last"  # nobody waits for it any more
    OTHERS_WAIT = "others_wait"


def withdraw(tx: Transaction, run_id: UUID, now: datetime, reason: CancelReason) -> GivenUp | None:
    """Cancel one's own interest in an execution, which has been locked.

    Does nothing to a run that has ended, or was given up before: None.
    """
    rows = tx.execute(
        """
        UPDATE query_runs AS run SET canceled_at = %s, cancel_reason = %s
        FROM query_executions AS execution
        WHERE run.id = %s AND run.canceled_at IS NULL AND execution.id = run.execution_id
            AND execution.state IN ('queued', 'running')
        RETURNING run.execution_id
        """,
        [now, reason, run_id],
    ).fetchall()
    if not rows:
        return None
    return GivenUp.OTHERS_WAIT if _is_wanted(tx, rows[0]["execution_id"]) else GivenUp.LAST


def withdraw_abandoned(
    tx: Transaction, execution_id: UUID, now: datetime, polled_before: datetime
) -> bool:
    """Cancel the interest of all who have not asked since then; say whether nobody is left.

    The execution has been locked.
    """
    tx.execute(
        """
        UPDATE query_runs SET canceled_at = %s, cancel_reason = 'abandoned'
        WHERE execution_id = %s AND canceled_at IS NULL AND NOT is_detached AND polled_at <= %s
        """,
        [now, execution_id, polled_before],
    )
    return not _is_wanted(tx, execution_id)


def _is_wanted(tx: Transaction, execution_id: UUID) -> bool:
    found = tx.execute(
        "SELECT 1 FROM query_runs WHERE execution_id = %s AND canceled_at IS NULL LIMIT 1",
        [execution_id],
    )
    return found.fetchone() is not None


def find_active(database: Database, user_id: UUID) -> list[UUID]:
    """Return a person's runs that have not ended."""
    rows = database.fetch(
        f"""
        SELECT run.id FROM {FROM}
        WHERE run.user_id = %s AND run.canceled_at IS NULL
            AND execution.state IN ('queued', 'running')
        """,  # noqa: S608
        [user_id],
    )
    return [row["id"] for row in rows]


def find_abandoned(
    tx: Transaction, polled_before: datetime, *, connection_id: UUID | None = None, limit: int = 100
) -> list[UUID]:
    """Return executions under way that nobody has asked about since then, of all connections."""
    rows = tx.execute(
        """
        SELECT id FROM query_executions AS execution
        WHERE state IN ('queued', 'running') AND cancel_requested_at IS NULL
            AND queued_at <= %(before)s
            AND (%(connection)s::uuid IS NULL OR connection_id = %(connection)s)
            AND NOT EXISTS (
                SELECT 1 FROM query_runs
                WHERE execution_id = execution.id AND canceled_at IS NULL
                    AND (is_detached OR polled_at > %(before)s)
            )
        ORDER BY queued_at LIMIT %(limit)s
        """,
        {"before": polled_before, "connection": connection_id, "limit": limit},
    ).fetchall()
    return [row["id"] for row in rows]


def find_cached(
    database: Database, fingerprint: bytes, *, kept_until: datetime
) -> KeptResult | None:
    """Return the latest answer to the same question that is kept until then."""
    rows = database.fetch(
        """
        SELECT id AS execution_id, finished_at, row_count, truncated_reason, notes, result,
            result_expires_at
        FROM query_executions
        WHERE fingerprint = %s AND state = 'succeeded' AND result_expires_at > %s
            AND result IS NOT NULL
        ORDER BY finished_at DESC, id DESC LIMIT 1
        """,
        [fingerprint, kept_until],
    )
    return KeptResult(**rows[0]) if rows else None


def lock_shared(tx: Transaction, fingerprint: bytes, *, started_since: datetime) -> UUID | None:
    """Return an execution of the same question, locked so that one may join it; None for none.

    One that waits still, or that has begun since then.
    """
    row = tx.execute(
        """
        SELECT id FROM query_executions
        WHERE fingerprint = %s AND state IN ('queued', 'running') AND cancel_requested_at IS NULL
            AND NOT runs_once AND (started_at IS NULL OR started_at >= %s)
        ORDER BY queued_at LIMIT 1
        FOR UPDATE
        """,
        [fingerprint, started_since],
    ).fetchone()
    return row["id"] if row else None
