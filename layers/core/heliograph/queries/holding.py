"""Holding an execution while it is worked on: its lease, and whether anybody still wants it.

Nothing runs beside the work: the thread that waits for the database calls `Holding.check` about
once a second, which renews the lease in time and ends the work by raising.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import QueryCanceled
from heliograph.kernel.ids import new_id
from heliograph.queries import executions_store, runs_store
from heliograph.queries.attention import Attention
from heliograph.queries.executions_store import Lease

if TYPE_CHECKING:
    from heliograph.platform.database import Database

LEASE_TIME = timedelta(seconds=30)
RENEW_EVERY = timedelta(seconds=10)
ABANDONED_AFTER = timedelta(seconds=30)
"""How long nobody may ask about a run that is not detached, before it is cancelled."""

CHECK_EVERY = timedelta(seconds=1)

INSTANCE = new_id()
"""This process, as it holds work and keeps sessions warm: all functions in it are one instance."""


class LeaseLost(Exception):
    """Somebody else has ended this execution: what was done for it counts for nothing."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One instance that holds executions; threads may share it. ``owner`` is its name in leases."""

    database: Database
    clock: Clock
    attention: Attention
    owner: UUID = INSTANCE

    def lease(self, seconds: float) -> Lease:
        """Return a lease for work that may take so long."""
        return executions_store.lease_of(
            self.clock.now(), self.owner, lasts=LEASE_TIME, within=timedelta(seconds=seconds)
        )


class Holding:
    """One execution that is held. ``rows`` says how far it is."""

    def __init__(
        self,
        holder: Holder,
        execution_id: UUID,
        rows: Callable[[], int],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._holder = holder
        self._id = execution_id
        self._rows = rows
        self._monotonic = monotonic
        self._renew_at = monotonic() + RENEW_EVERY.total_seconds()
        self.is_unwanted = False

    def check(self) -> None:
        """Raise `QueryCanceled` when nobody wants it any more, `LeaseLost` when it was lost."""
        holder = self._holder
        holder.attention.ask()
        if self._monotonic() >= self._renew_at:
            self._renew()
        abandoned_before = holder.clock.now() - ABANDONED_AFTER
        standing = executions_store.look(holder.database, self._id, abandoned_before)
        if standing is None or standing.owner != holder.owner:
            raise LeaseLost
        if standing.is_unwanted:
            self.is_unwanted = True
            raise QueryCanceled("The query was cancelled.")
        if not standing.is_awaited and withdraw_abandoned(holder.database, self._id, holder.clock):
            self.is_unwanted = True
            raise QueryCanceled(
                f"Nobody has asked about the query for {ABANDONED_AFTER.seconds} seconds.",
                hint="Ask with detached to have it go on.",
            )

    def _renew(self) -> None:
        holder = self._holder
        expires_at = holder.clock.now() + LEASE_TIME
        with holder.database.transaction() as tx:
            if not executions_store.renew(tx, self._id, holder.owner, expires_at, self._rows()):
                raise LeaseLost
        self._renew_at = self._monotonic() + RENEW_EVERY.total_seconds()


def withdraw_abandoned(database: Database, execution_id: UUID, clock: Clock) -> bool:
    """Give up the runs of an execution that nobody asks about; say whether that has ended it."""
    now = clock.now()
    with database.transaction() as tx:
        if runs_store.lock_execution(tx, execution_id) not in runs_store.RUNNING_STATES:
            return False
        if not runs_store.withdraw_abandoned(tx, execution_id, now, now - ABANDONED_AFTER):
            return False
        executions_store.request_cancel(tx, execution_id, now)
    return True
