"""The worker of exports: writes what waits for a connection, in turns, and rows that are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.queries import exports_store, turns_store
from heliograph.queries.asking import RUN_GRACE_SECONDS, Asking
from heliograph.queries.executions_store import Kind
from heliograph.queries.export_executor import ExportExecutor, ExportTask
from heliograph.queries.export_work import read_export_work
from heliograph.queries.turns_store import Claimed
from heliograph.queries.wakes import Wake, Wakes
from heliograph.queries.worker_time import MARGIN_SECONDS, has_time

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections


class ExportWorker:
    """Writes queued exports as one instance. Threads may share it."""

    def __init__(
        self, executor: ExportExecutor, connections: Connections, wakes: Wakes, asking: Asking
    ) -> None:
        self._executor = executor
        self._asking = asking
        self._holder = executor.holder
        self._connections = connections
        self._wakes = wakes

    def work_on(self, connection_id: UUID, seconds_left: Callable[[], float]) -> int:
        """Write what waits for a connection, in turns, while there is time; return how much.

        What would not have its full time in this function is left for the next one, who is woken;
        and so is who does queries, when it is their turn or a slot comes free that somebody waits
        for.
        """
        done = 0
        while (connection := self._connections.find(connection_id)) is not None:
            if not has_time(connection, seconds_left(), is_first=done == 0):
                self._wakes.send(Wake(connection_id), Kind.EXPORT)
                break
            task = self._claim(connection, seconds_left() - MARGIN_SECONDS)
            if task is None:
                break
            if self._executor.run(task):
                self._wakes.send(Wake(connection_id))
            done += 1
        return done

    def write_kept(self, execution_id: UUID, seconds_left: Callable[[], float]) -> int:
        """Write one export of kept rows if it still waits; return how many were written."""
        seconds = seconds_left() - MARGIN_SECONDS
        if seconds <= 0:
            self._wakes.send(Wake(execution_id=execution_id), Kind.EXPORT)
            return 0
        self._holder.attention.ask()
        with self._holder.database.transaction() as tx:
            work = exports_store.claim_kept(tx, execution_id, self._holder.lease(seconds))
        if work is None:
            return 0
        self._executor.run(ExportTask(execution_id, read_export_work(work), seconds))
        return 1

    def _claim(self, connection: Connection, seconds: float) -> ExportTask | None:
        self._holder.attention.ask()
        with self._holder.database.transaction() as tx:
            turn = turns_store.claim_next(
                tx,
                connection.id,
                self._holder.lease(seconds),
                most=connection.max_concurrency,
                kind=Kind.EXPORT,
            )
        if turn.is_others:
            self._wakes.send(Wake(connection.id))
        claimed = turn.claimed
        return None if claimed is None else self._task_of(claimed, connection, seconds)

    def _task_of(self, claimed: Claimed, connection: Connection, seconds: float) -> ExportTask:
        work = read_export_work(claimed.work)
        timeout = None if work.query is None else work.query.timeout_seconds
        if timeout is not None:
            seconds = min(seconds, timeout + RUN_GRACE_SECONDS)
        recheck = partial(self._asking.recheck, claimed, connection, work.query)
        return ExportTask(claimed.id, work, seconds, connection, claimed.slot, recheck)
