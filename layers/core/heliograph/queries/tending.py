"""Looking after queries: ends what was lost, wakes up what waits, forgets what is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import Conflict, StorageUnavailable, WorkerLost
from heliograph.queries import (
    executions_store,
    expiry_store,
    exports_store,
    runs_store,
    turns_store,
)
from heliograph.queries.executions_store import Kind, Lost
from heliograph.queries.executor import RESULTS
from heliograph.queries.export_work import EXPORTS
from heliograph.queries.holding import ABANDONED_AFTER, withdraw_abandoned
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import delete_result
from heliograph.queries.runs_store import RunRow
from heliograph.queries.wakes import Wake, Wakes

if TYPE_CHECKING:
    from heliograph.platform.blob_store import BlobStore
    from heliograph.platform.database import Database

HISTORY_KEPT = timedelta(days=180)
"""How long it is remembered what somebody asked."""

_AT_ONCE = 100
_WAKE_AGAIN_AFTER = timedelta(seconds=10)


class Tending:
    """Looks after the queries of an installation. Every method may be called twice at once."""

    def __init__(
        self, database: Database, clock: Clock, blobs: Callable[[], BlobStore], wakes: Wakes
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._wakes = wakes

    def fail_lost(self, limit: int = _AT_ONCE) -> int:
        """Fail what nobody holds any more, and have it ended on the server; return how much."""
        with self._database.transaction() as tx:
            lost = executions_store.fail_lost(
                tx, self._clock.now(), _worker_lost().to_dict(), limit=limit
            )
        _wake_for(self._wakes, lost)
        return len(lost)

    def fail_orphaned(self, limit: int = _AT_ONCE) -> int:
        """Fail what waits for connections that have been deleted; return how much."""
        error = Conflict("The connection was deleted before the query began.").to_dict()
        with self._database.transaction() as tx:
            return executions_store.fail_orphaned(tx, self._clock.now(), error, limit=limit)

    def cancel_abandoned(self, limit: int = _AT_ONCE) -> int:
        """Cancel what nobody has asked about for long; return how much.

        Who holds such work ends it by themselves; this is for what still waits.
        """
        with self._database.transaction() as tx:
            found = runs_store.find_abandoned(tx, self._clock.now() - ABANDONED_AFTER, limit=limit)
        return sum(withdraw_abandoned(self._database, one, self._clock) for one in found)

    def wake_waiting(self) -> int:
        """Wake up who works for connections that have kept somebody waiting; return how many.

        And who writes exports of kept rows, each of which is woken for by itself.
        """
        before = self._clock.now() - _WAKE_AGAIN_AFTER
        with self._database.transaction() as tx:
            found = turns_store.find_waiting(tx, before)
            kept = exports_store.find_waiting(tx, before, _AT_ONCE)
        for connection_id, kind in found:
            self._wakes.send(Wake(connection_id), kind)
        for execution_id in kept:
            self._wakes.send(Wake(execution_id=execution_id), Kind.EXPORT)
        return 0  # what is woken up is still there, so there is no next batch

    def forget_results(self, limit: int = _AT_ONCE) -> int:
        """Delete the rows of results whose time is over, and what was left of those that failed."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            expired = expiry_store.find_expired(tx, now, limit)
        for execution_id, result in expired:
            if result is None or _may_have_blobs(bytes(result)):
                delete_result(self._blobs(), f"{RESULTS}/{execution_id}")
        with self._database.transaction() as tx:
            expiry_store.forget(tx, [execution_id for execution_id, _ in expired], now)
        return len(expired)

    def forget_exports(self, limit: int = _AT_ONCE) -> int:
        """Delete the files of exports whose time is over, and what was left of those that failed.

        That there was an export is remembered.
        """
        with self._database.transaction() as tx:
            expired = exports_store.find_expired(tx, self._clock.now(), limit)
        for execution_id in expired:
            delete_result(self._blobs(), f"{EXPORTS}/{execution_id}")
        with self._database.transaction() as tx:
            exports_store.forget_files(tx, expired)
        return len(expired)

    def forget_history(self, limit: int) -> int:
        """Delete runs that were asked long ago, and executions that belong to none."""
        before = self._clock.now() - HISTORY_KEPT
        with self._database.transaction() as tx:
            return expiry_store.delete_runs(tx, before, limit)

    def forget_executions(self, limit: int) -> int:
        """Delete executions that belong to no run any more."""
        before = self._clock.now() - timedelta(days=1)
        with self._database.transaction() as tx:
            return expiry_store.delete_orphans(tx, before, limit)


def fail_lost_run(database: Database, clock: Clock, wakes: Wakes, row: RunRow) -> bool:
    """Fail the execution of a run if nobody holds it any more; say whether that was so."""
    if row.state != "running" or row.lease_expires_at is None or row.execution_id is None:
        return False
    now = clock.now()
    if row.lease_expires_at > now:
        return False
    with database.transaction() as tx:
        error = _worker_lost().to_dict()
        lost = executions_store.fail_lost(tx, now, error, execution_id=row.execution_id)
    _wake_for(wakes, lost)
    return bool(lost)


def _may_have_blobs(result: bytes) -> bool:
    try:
        return StoredResult.from_bytes(result).may_have_blobs
    except StorageUnavailable:  # a record that cannot be read says nothing
        return True


def _wake_for(wakes: Wakes, lost: list[Lost]) -> None:
    by_connection: dict[UUID, list[Lost]] = {}
    for one in lost:
        if one.connection_id is not None:
            by_connection.setdefault(one.connection_id, []).append(one)
    for connection_id, ended in by_connection.items():
        wakes.send(Wake(connection_id, [one.id for one in ended]))


def _worker_lost() -> WorkerLost:
    return WorkerLost(
        "What ran the query ended in the middle of it.",
        hint="It is not run again by itself. Run it again if it may be run twice.",
    )
