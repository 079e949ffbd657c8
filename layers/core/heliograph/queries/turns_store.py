"""SQL of turns: who is served next by a connection, and with which of its slots.

Everybody's first comes before anybody's second, and what somebody has running counts as served
before. A queued execution is claimed together with a slot, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.audit.service import RECORD
from heliograph.queries import slots_store
from heliograph.queries.executions_store import Kind, Lease, NewExecution
from heliograph.queries.runs_store import NewRun
from heliograph.queries.slots_store import Slot

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


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
class Turn:
    """What came of asking for the next work of one kind.

    ``is_others`` says that it was the other kind's turn: whoever does that kind should be woken.
    """

    claimed: Claimed | None = None
    is_others: bool = False


_IN_TURN = """
    SELECT queued.id, queued.kind, row_number() OVER (
        ORDER BY queued.place + coalesce(busy.count, 0), turns.served_at NULLS FIRST,
            queued.queued_at, queued.id
    ) AS position
    FROM (
        SELECT id, user_id, kind, queued_at,
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
# Exports take long, so they never hold more than half of a connection's slots.
_EXPORTS_RUNNING = """
    SELECT count(*) AS count
    FROM query_slots JOIN query_executions AS running ON running.id = query_slots.execution_id
    WHERE query_slots.connection_id = %s AND running.kind = 'export'
"""


def claim_next(
    tx: Transaction,
    connection_id: UUID,
    lease: Lease,
    *,
    most: int,
    kind: Kind = Kind.QUERY,
) -> Turn:
    """Claim whose turn it is, with one of ``most`` slots, if that is work of this kind.

    When the next is of the other kind, a slot is left for it and the next of this kind is claimed.
    Nothing is, when nobody waits or all slots are in use. Claims of one connection take turns, so
    that none is given to two and none is passed over.
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [str(connection_id)])
    waiting = tx.execute(
        f"SELECT id, kind FROM ({_IN_TURN}) AS queue ORDER BY position",  # noqa: S608
        {"connection": connection_id},
    ).fetchall()
    if any(row["kind"] == Kind.EXPORT for row in waiting):
        running = tx.execute(_EXPORTS_RUNNING, [connection_id]).fetchone()
        if running is not None and running["count"] >= max(1, most // 2):
            waiting = [row for row in waiting if row["kind"] != Kind.EXPORT]
    fitting = next((row["id"] for row in waiting if row["kind"] == kind), None)
    is_others = bool(waiting) and waiting[0]["kind"] != kind
    if fitting is None:
        return Turn(None, is_others)
    slot = _take_slot(tx, connection_id, fitting, lease, most - is_others)
    if slot is None:
        return Turn(None, is_others)
    return Turn(_claim(tx, fitting, lease, slot), is_others)


def _claim(tx: Transaction, execution_id: UUID, lease: Lease, slot: Slot) -> Claimed | None:
    rows = tx.execute(
        """
        UPDATE query_executions
        SET state = 'running', started_at = %s, deadline_at = %s, lease_owner = %s,
            lease_expires_at = %s
        WHERE id = %s AND state = 'queued'
        RETURNING id, connection_id, connection_version, user_id, runs_once, work
        """,
        [lease.now, lease.deadline_at, lease.owner, lease.expires_at, execution_id],
    ).fetchall()
    if not rows:  # cancelled in this very moment
        slots_store.give_back(tx, execution_id)
        return None
    claimed = Claimed(**rows[0], slot=slot)
    tx.execute(
        """
        INSERT INTO query_turns (connection_id, user_id, served_at) VALUES (%s, %s, %s)
        ON CONFLICT (connection_id, user_id) DO UPDATE SET served_at = excluded.served_at
        """,
        [claimed.connection_id, claimed.user_id, lease.now],
    )
    return claimed


# All in one statement: it is what every quick query pays for.
_BEGIN = """
    WITH free AS (
        SELECT connection_id, number, execution_id AS evicted, keeper, kept_until
        FROM query_slots
        WHERE connection_id = %(connection)s AND number <= %(most)s
            AND (execution_id IS NULL OR lease_expires_at <= %(now)s)
            AND NOT EXISTS (
                SELECT 1 FROM query_executions
                WHERE connection_id = %(connection)s AND state = 'queued' AND kind = 'query'
            )
            AND coalesce((
                SELECT duration_ms FROM query_executions
                WHERE fingerprint = %(fingerprint)s AND state = 'succeeded'
                ORDER BY finished_at DESC LIMIT 1
            ) <= %(most_ms)s, true)
        ORDER BY coalesce(keeper = %(owner)s, false) DESC,
            coalesce(kept_until > %(now)s, false), number
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE query_slots AS slot
        SET execution_id = %(id)s, lease_expires_at = %(expires_at)s, keeper = NULL,
            kept_until = NULL
        FROM free
        WHERE slot.connection_id = free.connection_id AND slot.number = free.number
        RETURNING slot.number, free.evicted, free.keeper, free.kept_until
    ), execution AS (
        INSERT INTO query_executions (
            id, connection_id, connection_version, user_id, fingerprint, state, runs_once,
            queued_at, started_at, deadline_at, lease_owner, lease_expires_at
        )
        SELECT %(id)s, %(connection)s, %(version)s, %(user)s, %(fingerprint)s, 'running',
            %(runs_once)s, %(now)s, %(now)s, %(deadline_at)s, %(owner)s, %(expires_at)s
        FROM taken
    ), turn AS (
        INSERT INTO query_turns (connection_id, user_id, served_at)
        SELECT %(connection)s, %(user)s, %(now)s FROM taken
        ON CONFLICT (connection_id, user_id) DO UPDATE SET served_at = excluded.served_at
    ), run AS (
        INSERT INTO query_runs (
            id, execution_id, connection_id, user_id, origin, parent_id, sql, parameters,
            is_detached, requested_at, polled_at, stale_execution_id
        )
        SELECT %(run_id)s, %(id)s, %(connection)s, %(user)s, %(origin)s, %(parent)s, %(sql)s,
            %(parameters)s::jsonb, %(is_detached)s, %(now)s, %(now)s, %(stale)s
        FROM taken
    )
"""
_TAKEN = "SELECT number, evicted, keeper, kept_until FROM taken"
_BEGIN_UNRECORDED = f"{_BEGIN} {_TAKEN}"
_BEGIN_RECORDED = f"{_BEGIN}, event AS ({RECORD} FROM taken) {_TAKEN}"


def begin(  # all but four are named
    database: Database,
    new: NewExecution,
    run: NewRun,
    lease: Lease,
    *,
    most: int,
    most_ms: float,
    event: Mapping[str, Any] | None = None,
) -> Slot | None:
    """Begin a query at once, and write it down; otherwise write nothing: None.

    It begins when a slot is free, no query waits, and the same question did not take longer than
    ``most_ms`` when it was last answered. ``event`` is what is recorded of it (`RECORD`).
    """
    values = {
        **_begin_values(new, run, lease),
        "most": most,
        "most_ms": most_ms,
        **(event or {}),
    }
    statement = _BEGIN_UNRECORDED if event is None else _BEGIN_RECORDED
    rows = database.fetch(statement, values)
    if not rows:
        with database.transaction() as tx:
            is_made = slots_store.make_missing(tx, new.connection_id, most)
        rows = database.fetch(statement, values) if is_made else []
    return (
        slots_store.read_slot(rows[0], new.connection_id, lease.owner, lease.now) if rows else None
    )


def _begin_values(new: NewExecution, run: NewRun, lease: Lease) -> dict[str, Any]:
    return {
        "id": new.id,
        "connection": new.connection_id,
        "version": new.connection_version,
        "user": new.user_id,
        "fingerprint": new.fingerprint,
        "runs_once": new.runs_once,
        "now": lease.now,
        "owner": lease.owner,
        "expires_at": lease.expires_at,
        "deadline_at": lease.deadline_at,
        "run_id": run.id,
        "origin": run.origin,
        "parent": run.parent_id,
        "sql": run.sql,
        "parameters": run.parameters_json,
        "is_detached": run.is_detached,
        "stale": run.stale_execution_id,
    }


def count_waiting(
    tx: Transaction, connection_id: UUID, user_id: UUID, kind: Kind = Kind.QUERY
) -> int:
    """Return how many executions of a person wait for a connection."""
    row = tx.execute(
        "SELECT count(*) AS count FROM query_executions"
        " WHERE connection_id = %s AND user_id = %s AND kind = %s AND state = 'queued'",
        [connection_id, user_id, kind],
    ).fetchone()
    return int(row["count"]) if row else 0


def find_position(tx: Transaction, connection_id: UUID, execution_id: UUID) -> int | None:
    """Return the place in which an execution waits for a connection: 1 is the next."""
    row = tx.execute(
        f"SELECT position FROM ({_IN_TURN}) AS queue WHERE id = %(id)s",  # noqa: S608
        {"connection": connection_id, "id": execution_id},
    ).fetchone()
    return int(row["position"]) if row else None


def find_waiting(tx: Transaction, queued_before: datetime) -> list[tuple[UUID, Kind]]:
    """Return the connections that somebody has waited for since then, by kind of work."""
    rows = tx.execute(
        """
        SELECT DISTINCT connection_id, kind FROM query_executions
        WHERE state = 'queued' AND queued_at < %s AND connection_id IS NOT NULL
        """,
        [queued_before],
    ).fetchall()
    return [(row["connection_id"], Kind(row["kind"])) for row in rows]


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
