"""The worker of queries: does what waits for a connection, in turns, and ends what was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.connections.engines.registry import load_engine
from heliograph.kernel.errors import HeliographError
from heliograph.platform.log import log
from heliograph.queries import runs_store, slots_store, turns_store
from heliograph.queries.asking import RUN_GRACE_SECONDS, Asking
from heliograph.queries.executions_store import Kind
from heliograph.queries.executor import RESULT_KEPT, Executor, Task
from heliograph.queries.holding import ABANDONED_AFTER, withdraw_abandoned
from heliograph.queries.turns_store import Claimed
from heliograph.queries.wakes import Wake, Wakes
from heliograph.queries.work import read_work
from heliograph.queries.worker_time import MARGIN_SECONDS, has_time

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections


class QueryWorker:
    """Does queued queries as one instance. Threads may share it."""

    def __init__(
        self, executor: Executor, connections: Connections, wakes: Wakes, asking: Asking
    ) -> None:
        self._executor = executor
        self._asking = asking
        self._holder = executor.holder
        self._connections = connections
        self._wakes = wakes

    def work_on(self, connection_id: UUID, seconds_left: Callable[[], float]) -> int:
        """Do what waits for a connection, in turns, while there is time; return how much was done.

        What would not have its full time in this function is left for the next one, who is woken.
        """
        connection = self._connections.find(connection_id)
        done = 0
        while connection is not None:
            self._drop_abandoned(connection_id)
            if not has_time(connection, seconds_left(), is_first=done == 0):
                self._wakes.send(Wake(connection_id))
                break
            task = self._claim(connection, seconds_left())
            if task is None:
                break
            self._executor.run(task)
            done += 1
            connection = self._connections.find(connection_id)
        return done

    def end_lost(self, connection_id: UUID, lost: Sequence[UUID]) -> int:
        """End on the server what workers that died have left running; return how many there were.

        Their slots are free afterwards. Raises nothing: whoever takes such a slot ends it, too.
        """
        connection = self._connections.find(connection_id)
        if connection is None or not lost:
            return 0
        try:
            engine = load_engine(connection.engine)
            url = self._connections.login(connection)
            ended = engine.terminate(url, [str(one) for one in lost])
        except HeliographError as error:
            log("query.lost_not_ended", connection=str(connection_id), code=error.code)
            return 0
        with self._holder.database.transaction() as tx:
            for one in lost:
                slots_store.give_back(tx, one)
        return ended

    def _drop_abandoned(self, connection_id: UUID) -> None:
        """Cancel what waits and nobody asks about any more, rather than doing it in vain."""
        database, clock = self._holder.database, self._holder.clock
        with database.transaction() as tx:
            before = clock.now() - ABANDONED_AFTER
            found = runs_store.find_abandoned(tx, before, connection_id=connection_id)
        for execution_id in found:
            withdraw_abandoned(database, execution_id, clock)

    def _claim(self, connection: Connection, seconds: float) -> Task | None:
        seconds -= MARGIN_SECONDS
        self._holder.attention.ask()
        with self._holder.database.transaction() as tx:
            turn = turns_store.claim_next(
                tx, connection.id, self._holder.lease(seconds), most=connection.max_concurrency
            )
        if turn.is_others:
            self._wakes.send(Wake(connection.id), Kind.EXPORT)
        claimed = turn.claimed
        return None if claimed is None else self._task_of(claimed, connection, seconds)

    def _task_of(self, claimed: Claimed, connection: Connection, seconds: float) -> Task:
        work = read_work(claimed.work)
        if work.timeout_seconds is not None:
            seconds = min(seconds, work.timeout_seconds + RUN_GRACE_SECONDS)
        kept = max(RESULT_KEPT, timedelta(seconds=connection.cache_seconds))
        recheck = partial(self._asking.recheck, claimed, connection, work)
        return Task(claimed.id, connection, work, claimed.slot, seconds, kept=kept, recheck=recheck)
