"""SQL of schema snapshots. Each claim is one statement; who holds it is told by its id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was last read of a schema, and what becomes of it.

    ``content`` is compressed JSON, and stays while the next reading is waited for.
    """

    connection_id: UUID
    connection_version: int
    state: str
    requested_at: datetime
    read_at: datetime | None
    content: bytes | None
    failed_at: datetime | None
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to read one schema, until it expires or is given back."""

    id: UUID
    connection_id: UUID
    connection_version: int
    at: datetime
    expires_at: datetime


def select(database: Database, connection_id: UUID) -> Snapshot | None:
    """Return the snapshot of a connection, None when nobody has asked for one."""
    rows = database.fetch(
        """
        SELECT connection_id, connection_version, state, requested_at, read_at, content, failed_at,
            error
        FROM schema_snapshots WHERE connection_id = %s
        """,
        [connection_id],
    )
    return Snapshot(**rows[0]) if rows else None


def claim_first(tx: Transaction, claim: Claim) -> bool:
    """Begin the first reading of this version of a connection; False when it has begun already.

    What was read with an older version is forgotten: it may be of another database. Breaks
    ``schema_snapshots_connection_id_fkey`` when the connection is gone.
    """
    done = tx.execute(
        """
        INSERT INTO schema_snapshots AS old (
            connection_id, connection_version, state, requested_at, woken_at, claim_id,
            lease_expires_at
        )
        VALUES (%s, %s, 'reading', %s, %s, %s, %s)
        ON CONFLICT (connection_id) DO UPDATE SET
            connection_version = excluded.connection_version,
            state = excluded.state,
            requested_at = excluded.requested_at,
            woken_at = excluded.woken_at,
            claim_id = excluded.claim_id,
            lease_expires_at = excluded.lease_expires_at,
            read_at = NULL, content = NULL, failed_at = NULL, error = NULL
        WHERE old.connection_version < excluded.connection_version
        """,
        [
            claim.connection_id,
            claim.connection_version,
            claim.at,
            claim.at,
            claim.id,
            claim.expires_at,
        ],
    )
    return done.rowcount == 1


def claim_again(tx: Transaction, claim: Claim) -> bool:
    """Begin another reading of what was read, or could not be; False when one is under way."""
    done = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'reading', requested_at = %s, woken_at = %s,
            claim_id = %s, lease_expires_at = %s, failed_at = NULL, error = NULL
        WHERE connection_id = %s AND connection_version = %s AND state IN ('ready', 'failed')
        """,
        [
            claim.at,
            claim.at,
            claim.id,
            claim.expires_at,
            claim.connection_id,
            claim.connection_version,
        ],
    )
    return done.rowcount == 1


def claim_waiting(tx: Transaction, claim: Claim) -> bool:
    """Begin a reading that somebody waits for, or whose reader is gone; else return False."""
    done = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'reading', claim_id = %s, lease_expires_at = %s,
            content = CASE WHEN connection_version = %s THEN content END,
            read_at = CASE WHEN connection_version = %s THEN read_at END,
            connection_version = %s
        WHERE connection_id = %s
            AND (state = 'waiting' OR (state = 'reading' AND lease_expires_at <= %s))
        """,
        [
            claim.id,
            claim.expires_at,
            *[claim.connection_version] * 3,
            claim.connection_id,
            claim.at,
        ],
    )
    return done.rowcount == 1


def finish(tx: Transaction, claim: Claim, content: bytes, read_at: datetime) -> bool:
    """Keep what was read; False when the claim has gone to somebody else meanwhile."""
    done = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'ready', content = %s, read_at = %s,
            claim_id = NULL, lease_expires_at = NULL
        WHERE connection_id = %s AND claim_id = %s
        """,
        [content, read_at, claim.connection_id, claim.id],
    )
    return done.rowcount == 1


def fail(tx: Transaction, claim: Claim, error: str, failed_at: datetime) -> bool:
    """Keep why it could not be read, as JSON; False when the claim has gone to somebody else."""
    done = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'failed', failed_at = %s, error = %s::jsonb,
            claim_id = NULL, lease_expires_at = NULL
        WHERE connection_id = %s AND claim_id = %s
        """,
        [failed_at, error, claim.connection_id, claim.id],
    )
    return done.rowcount == 1


def give_back(tx: Transaction, claim: Claim, at: datetime) -> bool:
    """Let somebody else read, who is being woken up now; False when the claim is gone already."""
    done = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'waiting', woken_at = %s, claim_id = NULL,
            lease_expires_at = NULL
        WHERE connection_id = %s AND claim_id = %s
        """,
        [at, claim.connection_id, claim.id],
    )
    return done.rowcount == 1


def wake(
    tx: Transaction, at: datetime, before: datetime, *, connection_id: UUID | None, limit: int
) -> list[UUID]:
    """Return the connections whose readers are to be woken up, once each: nobody reads them.

    They wait, or their reader's lease is over, and the last wake-up is from ``before``.
    """
    rows = tx.execute(
        """
        UPDATE schema_snapshots SET state = 'waiting', woken_at = %s, claim_id = NULL,
            lease_expires_at = NULL
        WHERE connection_id IN (
            SELECT connection_id FROM schema_snapshots
            WHERE (%s::uuid IS NULL OR connection_id = %s) AND woken_at <= %s
                AND (state = 'waiting' OR (state = 'reading' AND lease_expires_at <= %s))
            ORDER BY connection_id LIMIT %s FOR UPDATE SKIP LOCKED
        )
        RETURNING connection_id
        """,
        [at, connection_id, connection_id, before, at, limit],
    )
    return [row["connection_id"] for row in rows]
