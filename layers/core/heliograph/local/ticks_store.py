"""The SQL of ticks: claimed by one node, kept for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction

KEPT = timedelta(days=30)
MOST_ATTEMPTS = 3

_CLAIM: LiteralString = """
INSERT INTO schedule_ticks AS tick (name, due_at, leased_until, attempts)
VALUES (%s, %s, %s, 1)
ON CONFLICT (name, due_at) DO UPDATE
SET leased_until = EXCLUDED.leased_until, attempts = tick.attempts + 1
WHERE tick.finished_at IS NULL AND tick.leased_until < %s AND tick.attempts < %s
RETURNING attempts
"""
_FINISH: LiteralString = """
UPDATE schedule_ticks SET finished_at = %s WHERE name = %s AND due_at = %s
"""
_FORGET: LiteralString = "DELETE FROM schedule_ticks WHERE name = %s AND due_at < %s"


def claim_tick(
    tx: Transaction, name: str, due_at: datetime, *, now: datetime, lease: timedelta
) -> bool:
    """Return whether the tick is the caller's to do: nobody has done it, or is doing it.

    Who took it and did not finish within the lease has lost it; after three attempts it is left.
    """
    values = [name, due_at, now + lease, now, MOST_ATTEMPTS]
    return tx.execute(_CLAIM, values).fetchone() is not None


def finish_tick(tx: Transaction, name: str, due_at: datetime, *, now: datetime) -> None:
    """Write down that a tick is done, and forget those of long ago."""
    tx.execute(_FINISH, [now, name, due_at])
    tx.execute(_FORGET, [name, now - KEPT])
