"""Queries of people: asked, answered at once or later, looked at in pages, given up.

A run that is quick ends inside the request that brought it. One that is not is put into the queue
of its connection, and done once more by a worker; what must not run twice goes there at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    Conflict,
    HeliographError,
    NotFound,
    QueryError,
    RateLimited,
    RequestInvalid,
    ResultExpired,
    UsageError,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.queries import executions_store, runs_store
from heliograph.queries.executions_store import NewExecution
from heliograph.queries.executor import Executor, Task, TookTooLong
from heliograph.queries.guard import StatementKind, check_statement
from heliograph.queries.identity import identity_of, identity_settings
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_pages import ResultPage
from heliograph.queries.result_reader import ResultReader, SegmentCache
from heliograph.queries.runs_store import NewRun, RunRow
from heliograph.queries.volatility import DatabaseFunctions
from heliograph.queries.work import Given, Work, read_work

if TYPE_CHECKING:
    from heliograph.accounts.groups import Groups
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections
    from heliograph.platform.blob_store import BlobStore
    from heliograph.platform.database import Database
    from heliograph.platform.queues import Queue

INLINE_SECONDS = 5.0
MOST_WAITING = 200
_FINAL = ("succeeded", "failed", "canceled", "expired")
_MARGIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks of a connection. ``wait`` is how long they wait for the answer."""

    connection_id: UUID
    sql: str
    params: Given = ()
    max_rows: int | None = None
    wait: timedelta = timedelta(seconds=10)
    cache_seconds: int | None = None
    is_detached: bool = False
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its owner sees it. ``position`` is its place in the queue, 1 the next."""

    row: RunRow
    position: int | None = None

    @property
    def is_over(self) -> bool:
        """Say whether nothing will change any more."""
        return self.row.state in _FINAL


class Runs:
    """Asks, answers and gives up queries. Threads may share it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connections: Connections,
        groups: Groups,
        blobs: Callable[[], BlobStore],
        queue: Callable[[], Queue],
        *,
        inline_seconds: float = INLINE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._connections = connections
        self._groups = groups
        self._blobs = blobs
        self._queue = queue
        self._inline_seconds = inline_seconds
        self._functions = DatabaseFunctions()
        self._cache = SegmentCache()
        self.executor = Executor(database, clock, connections, blobs)

    def ask(self, actor: Actor, question: Question) -> Run:
        """Run a query, and return it as it is when it has ended or ``wait`` is over.

        A query that is refused or fails is a run that failed. Raises `NotFound` and `Forbidden` for
        the connection, `RequestInvalid` for values that are none, `RateLimited` when too many of
        one's own wait already.
        """
        began = time.monotonic()
        connection = self._connections.get_for_use(actor, question.connection_id)
        work = self._work(actor, connection, question)
        new = NewExecution(
            id=new_id(),
            connection_id=connection.id,
            connection_version=connection.version,
            user_id=_user_of(actor),
            work=work.to_json(),
            queued_at=self._clock.now(),
            fingerprint=work.fingerprint(connection.id, connection.version),
        )
        run = NewRun(
            id=new_id(),
            execution_id=new.id,
            connection_id=connection.id,
            user_id=new.user_id,
            sql=question.sql,
            requested_at=new.queued_at,
            parameters=work.to_json()["params"] or None,
            is_detached=question.is_detached,
        )
        try:
            new = replace(new, runs_once=self._runs_once(work, connection))
        except RequestInvalid:
            raise
        except (QueryError, UsageError) as error:
            return self._refused(new, run, error)
        if (found := self._from_cache(new, run, connection, question)) is not None:
            return found
        is_at_once = question.wait > timedelta(0) and not new.runs_once
        task = self._begin(new, run, connection, work) if is_at_once else None
        if task is None:
            self._enqueue(new, run)
        else:
            self._run_inline(task, question)
        return self._wait(run.id, began + question.wait.total_seconds())

    def get(self, actor: Actor, run_id: UUID, wait: timedelta = timedelta(0)) -> Run:
        """Return a run of one's own, when it has ended or ``wait`` is over. Raises `NotFound`.

        Who asks is taken to wait for it: a run that nobody asks about is cancelled after a while.
        """
        began = time.monotonic()
        self._own(actor, run_id)
        now = self._clock.now()
        runs_store.note_poll(self._database, run_id, now, at_least=now - timedelta(seconds=5))
        return self._wait(run_id, began + wait.total_seconds())

    def page(self, actor: Actor, run_id: UUID, offset: int, limit: int) -> ResultPage:
        """Return rows of a run of one's own.

        Raises `NotFound`, `Conflict` while it has not succeeded, `ResultExpired` when its rows are
        no longer kept.
        """
        return self._reader(self._own(actor, run_id)).rows(offset, limit)

    def cancel(self, actor: Actor, run_id: UUID) -> Run:
        """Give up a run; what it runs on the server ends, unless somebody else waits for it too.

        Doing so twice, or to one that has ended, changes nothing. Raises `NotFound`.
        """
        row = self._own(actor, run_id)
        if row.execution_id is None or row.state not in runs_store.RUNNING_STATES:
            return Run(row)
        now = self._clock.now()
        state = None
        with self._database.transaction() as tx:
            runs_store.lock_execution(tx, row.execution_id)
            unwanted = runs_store.withdraw(tx, run_id, now)
            if unwanted is not None:
                state = executions_store.request_cancel(tx, unwanted, now)
        if state == "running":
            self._cancel_on_server(row)
        return self._wait(run_id, 0)

    def history(
        self, actor: Actor, page: PageRequest, *, connection_id: UUID | None = None
    ) -> Page[RunRow]:
        """Return one's own runs, the latest first; an admin sees everybody's of a connection."""
        is_all = actor.is_admin and connection_id is not None
        found = runs_store.list_history(
            self._database,
            user_id=None if is_all else _user_of(actor),
            connection_id=connection_id,
            after=page.after(datetime.fromisoformat, UUID),
            limit=page.limit + 1,
        )
        return make_page(found, page.limit, lambda row: (row.requested_at.isoformat(), row.id))

    def work_on(self, connection_id: UUID, seconds_left: Callable[[], float]) -> int:
        """Do what waits for a connection, in turns, while there is time; return how much was done.

        What a worker of a function that ends would not finish is left for the next one.
        """
        done = 0
        while (task := self._claim(connection_id, seconds_left())) is not None:
            self.executor.run(task)
            done += 1
        return done

    def _claim(self, connection_id: UUID, seconds: float) -> Task | None:
        connection = self._connections.find(connection_id)
        if connection is None or seconds <= _MARGIN_SECONDS:
            return None
        lease = self.executor.lease(seconds - _MARGIN_SECONDS)
        with self._database.transaction() as tx:
            claimed = executions_store.claim_next(
                tx, connection_id, lease, most=connection.max_concurrency
            )
        if claimed is None:
            return None
        work = read_work(claimed.work)
        return Task(claimed.id, connection, work, claimed.slot, seconds - _MARGIN_SECONDS)

    def _work(self, actor: Actor, connection: Connection, question: Question) -> Work:
        identity = None
        if connection.identity == "user":
            names = [name for _, name in self._groups.of_user(_user_of(actor))]
            identity = identity_of(actor, names)
        most = connection.max_rows
        return Work(
            sql=question.sql,
            params=question.params,
            max_rows=most if question.max_rows is None else min(most, question.max_rows),
            timeout_seconds=connection.statement_timeout_seconds,
            time_zone=question.time_zone,
            settings=identity_settings(identity),
        )

    def _runs_once(self, work: Work, connection: Connection) -> bool:
        statement = check_statement(work.prepare().statement.text)
        key = (connection.id, connection.version)
        return statement.kind is StatementKind.CALL or self._functions.runs_once(
            statement, key, None
        )

    def _refused(self, new: NewExecution, run: NewRun, error: HeliographError) -> Run:
        with self._database.transaction() as tx:
            executions_store.insert_failed(tx, new, error.to_dict())
            runs_store.insert(tx, run)
        return self._wait(run.id, 0)

    def _from_cache(
        self, new: NewExecution, run: NewRun, connection: Connection, question: Question
    ) -> Run | None:
        asked = question.cache_seconds
        seconds = connection.cache_seconds if asked is None else asked
        if not seconds or new.runs_once or new.fingerprint is None:
            return None
        now = new.queued_at
        with self._database.transaction() as tx:
            found = runs_store.find_cached(
                tx,
                new.fingerprint,
                finished_since=now - timedelta(seconds=seconds),
                kept_until=now + timedelta(minutes=1),
            )
            if found is None:
                return None
            runs_store.insert(tx, replace(run, execution_id=found[0], cached_at=found[1]))
        return self._wait(run.id, 0)

    def _begin(
        self, new: NewExecution, run: NewRun, connection: Connection, work: Work
    ) -> Task | None:
        seconds = float(connection.statement_timeout_seconds)
        lease = self.executor.lease(seconds)
        with self._database.transaction() as tx:
            slot = executions_store.insert_running(tx, new, lease, most=connection.max_concurrency)
            if slot is None:
                return None
            runs_store.insert(tx, run)
        return Task(new.id, connection, work, slot, seconds)

    def _enqueue(self, new: NewExecution, run: NewRun) -> None:
        with self._database.transaction() as tx:
            waiting = executions_store.count_waiting(tx, new.connection_id, new.user_id)
            if waiting >= MOST_WAITING:
                raise RateLimited(
                    f"{waiting} of your queries wait for this connection already.",
                    retry_after=5,
                    hint="Wait for some of them, or cancel them.",
                )
            executions_store.insert_queued(tx, new)
            runs_store.insert(tx, run)
        self._wake(new.connection_id)

    def _run_inline(self, task: Task, question: Question) -> None:
        seconds = min(self._inline_seconds, question.wait.total_seconds())
        try:
            self.executor.run(task, inline_seconds=seconds)
        except TookTooLong as late:
            self.executor.give_up(task, late.preview)
            self._wake(task.connection.id)
            return
        with self._database.transaction() as tx:
            is_next = executions_store.has_waiting(tx, task.connection.id)
        if is_next:
            self._wake(task.connection.id)

    def _wake(self, connection_id: UUID) -> None:
        self._queue().send(json.dumps({"connection_id": str(connection_id)}))

    def _wait(self, run_id: UUID, until: float) -> Run:
        pause = 0.02
        while time.monotonic() + pause < until:
            if runs_store.select_state(self._database, run_id) in _FINAL:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        row = runs_store.select(self._database, run_id)
        if row is None:
            raise _unknown()
        return Run(row, self._position(row))

    def _position(self, row: RunRow) -> int | None:
        if row.state != "queued" or row.connection_id is None or row.execution_id is None:
            return None
        with self._database.transaction() as tx:
            return executions_store.find_positions(tx, row.connection_id).get(row.execution_id)

    def _own(self, actor: Actor, run_id: UUID) -> RunRow:
        row = runs_store.select(self._database, run_id)
        if row is None or (row.user_id != actor.user_id and not actor.is_admin):
            raise _unknown()
        return row

    def _reader(self, row: RunRow) -> ResultReader:
        if row.state not in ("succeeded", "expired"):
            raise Conflict(
                f"The query has no rows: it is {row.state}.",
                hint="Wait until it has succeeded."
                if row.state in runs_store.RUNNING_STATES
                else None,
            )
        is_kept = row.result_expires_at is not None and row.result_expires_at > self._clock.now()
        if row.result is None or not is_kept:
            raise ResultExpired("The rows of this query are no longer kept.", hint="Run it again.")
        stored = StoredResult.from_bytes(bytes(row.result))
        return ResultReader(self._blobs(), stored, self._cache)

    def _cancel_on_server(self, row: RunRow) -> None:
        """Tell the database at once; who holds the run hears of it a second later at the most."""
        from heliograph.connections.engines.registry import load_engine  # noqa: PLC0415

        assert row.connection_id is not None
        connection = self._connections.find(row.connection_id)
        if connection is not None:
            engine = load_engine(connection.engine)
            engine.cancel(self._connections.login(connection), str(row.execution_id))


def _user_of(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotFound("Only people ask queries.")
    return actor.user_id


def _unknown() -> NotFound:
    return NotFound("There is no such query, or it is not yours.")
