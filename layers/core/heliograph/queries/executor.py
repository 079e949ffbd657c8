"""Doing the work of one execution: whoever holds its lease streams the result into the store.

The lease is renewed while the work goes on, by the thread that waits for the database. Whoever has
lost it throws away what was written; whoever wants it cancelled is heard within a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.connections.engines.contract import IDLE_NAME, NAME_PREFIX, Column, Row, Session
from heliograph.connections.engines.registry import load_engine
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import HeliographError, QueryCanceled
from heliograph.kernel.ids import new_id
from heliograph.platform.log import log
from heliograph.queries import executions_store, slots_store
from heliograph.queries.execution import ExecutionSummary, execute
from heliograph.queries.executions_store import Lease, Success
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import delete_result
from heliograph.queries.results import ResultWriter
from heliograph.queries.slots_store import Slot
from heliograph.queries.work import Work

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections
    from heliograph.platform.blob_store import BlobStore
    from heliograph.platform.database import Database

LEASE_TIME = timedelta(seconds=30)
RENEW_EVERY = timedelta(seconds=10)
RESULT_KEPT = timedelta(hours=1)
KEPT_WARM = timedelta(seconds=60)
_LOOK_EVERY = timedelta(seconds=1)
_PREFIX = "results"


class LeaseLost(Exception):
    """Somebody else has ended this execution: what was done for it counts for nothing."""


class TookTooLong(Exception):
    """The work does not end within its request. ``preview`` is the rows that there were, packed."""

    def __init__(self, preview: bytes | None) -> None:
        super().__init__()
        self.preview = preview


@dataclass(frozen=True, slots=True)
class Task:
    """Work that somebody holds: on which connection, in which slot, until when."""

    id: UUID
    connection: Connection
    work: Work
    slot: Slot
    seconds: float
    """How long the whole execution may take."""


class Executor:
    """Does executions as one instance. Threads may share it, each with its own task."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connections: Connections,
        blobs: Callable[[], BlobStore],
    ) -> None:
        self.owner = new_id()
        self._database = database
        self._clock = clock
        self._connections = connections
        self._blobs = blobs

    def lease(self, seconds: float) -> Lease:
        """Return a lease of this instance for work that may take so long."""
        return executions_store.lease_of(
            self._clock.now(), self.owner, lasts=LEASE_TIME, within=timedelta(seconds=seconds)
        )

    def run(self, task: Task, *, inline_seconds: float | None = None) -> None:
        """Do the work and write down how it ended.

        Raises `TookTooLong` after ``inline_seconds``: nothing is written down then, and the slot is
        still held. Whatever else goes wrong with the query becomes its error.
        """
        held = _Held(self, task, inline_seconds)
        try:
            # The slot is freed when the session is back: a slot never stands for two backends.
            self._succeed(task, *self._do(task, held))
        except TookTooLong:
            raise
        except LeaseLost:
            log("query.lease_lost", execution=str(task.id))
        except HeliographError as error:
            self._fail(task, error, is_canceled=held.is_unwanted)

    def give_up(self, task: Task, preview: bytes | None) -> bool:
        """Put work that took too long into the queue; False when it was lost meanwhile."""
        with self._database.transaction() as tx:
            is_queued = executions_store.requeue(tx, task.id, self.owner, preview)
            slots_store.give_back(tx, task.id)
        return is_queued

    def renew(self, task: Task, rows: int) -> bool:
        """Hold the work for longer; return whether it is wanted no more. Raises `LeaseLost`."""
        expires_at = self._clock.now() + LEASE_TIME
        with self._database.transaction() as tx:
            is_unwanted = executions_store.renew(tx, task.id, self.owner, expires_at, rows)
        if is_unwanted is None:
            raise LeaseLost
        return is_unwanted

    def is_unwanted(self, task: Task) -> bool:
        """Say whether somebody wants the work cancelled. Raises `LeaseLost`."""
        rows = self._database.fetch(
            "SELECT lease_owner, cancel_requested_at FROM query_executions WHERE id = %s", [task.id]
        )
        if not rows or rows[0]["lease_owner"] != self.owner:
            raise LeaseLost
        return rows[0]["cancel_requested_at"] is not None

    def _do(self, task: Task, held: _Held) -> tuple[StoredResult, ExecutionSummary]:
        query = task.work.prepare()
        options = replace(task.work.options(), run_id=str(task.id))
        with self._session(task) as session, ExitStack() as stack:
            sink = _Sink(self._blobs(), f"{_PREFIX}/{task.id}", stack)
            held.sink = sink
            summary = execute(
                session,
                query,
                options,
                sink,
                deadline=time.monotonic() + task.seconds,
                check=held.check,
                check_interval=held.interval,
            )
            return sink.writer.finish(), summary

    @contextmanager
    def _session(self, task: Task) -> Iterator[Session]:
        self._make_room(task)
        with self._connections.borrow(task.connection, application_name=IDLE_NAME) as session:
            yield session

    def _make_room(self, task: Task) -> None:
        """End what is on the server in this slot's place: a dead one's run, another's warm one."""
        slot = task.slot
        if slot.evicted is None and slot.keeper is None:
            return
        engine = load_engine(task.connection.engine)
        url = self._connections.login(task.connection)
        if slot.evicted is not None:
            engine.terminate(url, [str(slot.evicted)])
        if slot.keeper is not None:
            engine.terminate(url, IDLE_NAME.removeprefix(NAME_PREFIX))

    def _succeed(self, task: Task, stored: StoredResult, summary: ExecutionSummary) -> None:
        now = self._clock.now()
        success = Success(
            summary.row_count,
            summary.duration_ms,
            stored.to_bytes(),
            now + RESULT_KEPT,
            summary.truncated_reason,
            summary.notes,
        )
        with self._database.transaction() as tx:
            is_held = executions_store.succeed(tx, task.id, self.owner, now, success)
            slots_store.give_back(tx, task.id, keeper=self.owner, kept_until=now + KEPT_WARM)
        if not is_held:
            delete_result(self._blobs(), stored.folder)
            raise LeaseLost

    def _fail(self, task: Task, error: HeliographError, *, is_canceled: bool) -> None:
        now = self._clock.now()
        with self._database.transaction() as tx:
            executions_store.fail(
                tx, task.id, self.owner, now, error.to_dict(), is_canceled=is_canceled
            )
            slots_store.give_back(tx, task.id)


class _Sink:
    """Where the rows go; the writer comes to be with the columns."""

    def __init__(self, blobs: BlobStore, prefix: str, stack: ExitStack) -> None:
        self._blobs = blobs
        self._prefix = prefix
        self._stack = stack
        self.writer: ResultWriter

    def start(self, columns: Sequence[Column]) -> None:
        self.writer = self._stack.enter_context(ResultWriter(self._blobs, self._prefix, columns))

    def write(self, rows: list[Row]) -> None:
        self.writer.write(rows)

    @property
    def row_count(self) -> int:
        return self.writer.row_count if hasattr(self, "writer") else 0


class _Held:
    """Looks after a task while it runs: its lease, whether it is wanted, how long it may take."""

    def __init__(self, executor: Executor, task: Task, inline_seconds: float | None) -> None:
        now = time.monotonic()
        self._executor = executor
        self._task = task
        self._too_long_at = None if inline_seconds is None else now + inline_seconds
        self._renew_at = now + RENEW_EVERY.total_seconds()
        self.interval = min(_LOOK_EVERY, timedelta(seconds=inline_seconds or 1))
        self.is_unwanted = False
        self.sink: _Sink | None = None

    def check(self) -> None:
        """Raise what ends the run: it is unwanted, lost, or takes too long for its request."""
        now = time.monotonic()
        if now >= self._renew_at:
            rows = self.sink.row_count if self.sink else 0
            self.is_unwanted = self._executor.renew(self._task, rows)
            self._renew_at = now + RENEW_EVERY.total_seconds()
        else:
            self.is_unwanted = self._executor.is_unwanted(self._task)
        if self.is_unwanted:
            raise QueryCanceled("The query was cancelled.")
        if self._too_long_at is not None and now >= self._too_long_at:
            raise TookTooLong(self._preview())

    def _preview(self) -> bytes | None:
        if self.sink is None or not self.sink.row_count:
            return None
        page = self.sink.writer.first_page(1_000)
        return page.gzip(b"[", b"]") if page.row_count else None
