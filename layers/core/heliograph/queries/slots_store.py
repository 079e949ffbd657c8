"""SQL of slots: the backends that a connection may have at once, over all instances.

Taking one is a statement that two takers cannot both win. A slot whose lease ran out is free again,
and who takes it is told what held it, to end what may still be running there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


KEPT_WARM = timedelta(seconds=60)
"""How long an idle session stays in the place of the work that has ended, however it ended."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that was taken.

    ``evicted`` is the execution whose lease had run out, ``keeper`` another instance that keeps an
    idle backend warm in this place: both have to make room on the server.
    """

    connection_id: UUID
    number: int
    evicted: UUID | None
    keeper: UUID | None


def take(
    tx: Transaction,
    connection_id: UUID,
    execution_id: UUID,
    *,
    most: int,
    owner: UUID,
    now: datetime,
    lease_expires_at: datetime,
) -> Slot | None:
    """Take a free slot of ``most``; None when all are in use.

    One in which ``owner`` keeps a warm backend comes first, one where somebody else does last.
    """
    values = [connection_id, most, now, owner, now, execution_id, lease_expires_at]
    rows = tx.execute(_TAKE, values).fetchall()
    if not rows and make_missing(tx, connection_id, most):
        rows = tx.execute(_TAKE, values).fetchall()
    return read_slot(rows[0], connection_id, owner, now) if rows else None


def read_slot(row: Mapping[str, Any], connection_id: UUID, owner: UUID, now: datetime) -> Slot:
    """Return the slot that a row tells of; only another one's warm backend is in the way."""
    keeps = row["keeper"] is not None and row["keeper"] != owner and row["kept_until"] > now
    return Slot(connection_id, row["number"], row["evicted"], row["keeper"] if keeps else None)


_TAKE = """
    WITH free AS (
        SELECT connection_id, number, execution_id AS evicted, keeper, kept_until
        FROM query_slots
        WHERE connection_id = %s AND number <= %s
            AND (execution_id IS NULL OR lease_expires_at <= %s)
        ORDER BY coalesce(keeper = %s, false) DESC, coalesce(kept_until > %s, false), number
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    UPDATE query_slots AS slot
    SET execution_id = %s, lease_expires_at = %s, keeper = NULL, kept_until = NULL
    FROM free
    WHERE slot.connection_id = free.connection_id AND slot.number = free.number
    RETURNING slot.number, free.evicted, free.keeper, free.kept_until
"""


def make_missing(tx: Transaction, connection_id: UUID, most: int) -> bool:
    """Make the slots of a connection that there are not yet; False when there were all."""
    made = tx.execute(
        """
        INSERT INTO query_slots (connection_id, number)
        SELECT %s, number FROM generate_series(1, %s) AS number
        ON CONFLICT DO NOTHING
        """,
        [connection_id, most],
    )
    return made.rowcount > 0


def renew(tx: Transaction, execution_id: UUID, lease_expires_at: datetime) -> None:
    """Hold a slot for longer."""
    tx.execute(
        "UPDATE query_slots SET lease_expires_at = %s WHERE execution_id = %s",
        [lease_expires_at, execution_id],
    )


def give_back(
    tx: Transaction,
    execution_id: UUID,
    *,
    keeper: UUID | None = None,
    kept_until: datetime | None = None,
) -> bool:
    """Free the slot of an execution; False when somebody else has taken it since.

    With ``keeper``, an idle backend stays in its place until ``kept_until``.
    """
    done = tx.execute(
        """
        UPDATE query_slots
        SET execution_id = NULL, lease_expires_at = NULL, keeper = %s, kept_until = %s
        WHERE execution_id = %s
        """,
        [keeper, kept_until, execution_id],
    )
    return done.rowcount > 0
