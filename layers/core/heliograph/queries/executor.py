"""Doing the work of one execution: whoever holds its lease streams the result into the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.connections.engines.contract import IDLE_NAME, NAME_PREFIX, Column, Row, Session
from heliograph.connections.engines.registry import load_engine
from heliograph.kernel.errors import (
    ConnectionLost,
    HeliographError,
    PlatformError,
    QueryCanceled,
    StorageUnavailable,
)
from heliograph.platform.log import log
from heliograph.queries import executions_store, slots_store
from heliograph.queries.execution import ExecutionSummary, execute
from heliograph.queries.executions_store import Success
from heliograph.queries.holding import CHECK_EVERY, Holder, Holding, LeaseLost
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_pages import ResultPage
from heliograph.queries.result_reader import delete_result
from heliograph.queries.results import ResultWriter
from heliograph.queries.slots_store import KEPT_WARM, Slot

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections
    from heliograph.platform.blob_store import BlobStore
    from heliograph.queries.service import PreparedQuery
    from heliograph.queries.work import Work

RESULT_KEPT = timedelta(hours=1)
"""How long the rows of a result are kept, unless somebody goes on looking at them."""

RESULTS = "results"
"""What the keys of all results begin with; the execution's id follows."""

RUN_AGAIN = "It calls functions that may answer differently each time: the query was run again."


Judge = Callable[[Session], bool]
"""Says, given a session, whether a query must not run twice."""


class NotInline(Exception):
    """The work is not for its request. ``preview`` is the rows that there were, packed."""

    def __init__(self, preview: bytes | None = None) -> None:
        super().__init__()
        self.preview = preview


class TookTooLong(NotInline):
    """The work does not end within its request."""


class MustRunOnce(NotInline):
    """The work must not run twice, so it may not begin where it might have to be given up."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work that somebody holds: on which connection, in which slot, for how long at most.

    ``kept`` is how long its result is kept. ``judge`` is asked before it begins whether it must run
    only once. ``recheck`` raises what speaks against doing now what has waited.
    """

    id: UUID
    connection: Connection
    work: Work
    slot: Slot
    seconds: float
    prepared: PreparedQuery | None = None
    kept: timedelta = RESULT_KEPT
    judge: Judge | None = None
    recheck: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended, when whoever did it has written that down.

    ``first_page`` reads from memory what was just stored. ``has_waiting`` says that others wait
    for the connection.
    """

    state: str
    finished_at: datetime
    has_waiting: bool
    duration_ms: float | None = None
    error: dict[str, Any] | None = None
    stored: StoredResult | None = None
    result: bytes | None = None
    result_expires_at: datetime | None = None
    truncated_reason: str | None = None
    notes: Sequence[str] = ()
    first_page: Callable[[int], ResultPage] | None = None


class Executor:
    """Does executions as one instance. Threads may share it, each with its own task."""

    def __init__(
        self, holder: Holder, connections: Connections, blobs: Callable[[], BlobStore]
    ) -> None:
        self.holder = holder
        self._connections = connections
        self._blobs = blobs

    def run(self, task: Task, *, inline_seconds: float | None = None) -> Outcome | None:
        """Do the work, write down how it ended and return that; None when the lease was lost.

        Raises `NotInline` after ``inline_seconds``, or when its judge says that it must run once:
        nothing is written down then, and the slot is still held. Whatever else goes wrong with the
        query becomes its error.
        """
        watch = _Watch(self.holder, task, inline_seconds)
        try:
            # The slot is freed when the session is back: a slot never stands for two backends.
            return self._succeed(task, watch, *self._do(task, watch))
        except LeaseLost:
            log("query.lease_lost", execution=str(task.id))
            return None
        except HeliographError as error:
            return self._fail(task, watch, error)
        except NotInline:
            raise
        except BaseException:
            # Whoever waits is told now and not when the lease ends; what it was, the edge logs.
            with suppress(HeliographError):
                self._fail(task, watch, HeliographError("Something went wrong in Heliograph."))
            raise

    def give_up(self, task: Task, why: NotInline) -> bool:
        """Put work that is not for its request into the queue; False when it was unwanted or lost.

        What was cancelled in this very moment is written down as cancelled.
        """
        runs_once = isinstance(why, MustRunOnce)
        kept_until = self.holder.clock.now() + KEPT_WARM
        with self.holder.database.transaction() as tx:
            is_queued = executions_store.requeue(
                tx,
                task.id,
                self.holder.owner,
                work=replace(task.work, runs_once=runs_once).to_json(),
                preview=why.preview,
                runs_once=runs_once,
            )
            slots_store.give_back(tx, task.id, keeper=self.holder.owner, kept_until=kept_until)
        if not is_queued:
            watch = _Watch(self.holder, task, None)
            watch.holding.is_unwanted = True
            self._fail(task, watch, QueryCanceled("The query was cancelled."))
        return is_queued

    def make_room(self, connection: Connection, slot: Slot) -> None:
        """End what is on the server in this slot's place: a dead one's run, another's warm one."""
        if slot.evicted is None and slot.keeper is None:
            return
        engine = load_engine(connection.engine)
        url = self._connections.login(connection)
        if slot.evicted is not None:
            engine.terminate(url, [str(slot.evicted)])
        if slot.keeper is not None:
            names = idle_name(slot.keeper).removeprefix(NAME_PREFIX)
            engine.end_idle(url, names, most=1)

    @contextmanager
    def session(self, connection: Connection, slot: Slot) -> Iterator[Session]:
        """Lend a session in a slot that is held."""
        self.make_room(connection, slot)
        name = idle_name(self.holder.owner)
        with self._connections.borrow(connection, application_name=name) as session:
            yield session

    def _do(self, task: Task, watch: _Watch) -> tuple[ResultWriter, StoredResult, ExecutionSummary]:
        try:
            return self._try(task, watch)
        except ConnectionLost as error:
            # A warm session may be ended, by whoever needs its place, just when it is taken.
            if error.has_begun:
                raise
            return self._try(task, watch)

    def _try(
        self, task: Task, watch: _Watch
    ) -> tuple[ResultWriter, StoredResult, ExecutionSummary]:
        if task.recheck is not None:
            task.recheck()
        query = task.prepared or task.work.prepare()
        options = replace(task.work.options(), run_id=str(task.id), is_reset_after=True)
        with self.session(task.connection, task.slot) as session, ExitStack() as stack:
            if task.judge is not None and task.judge(session):
                raise MustRunOnce
            sink = watch.sink = _Sink(self._blobs(), f"{RESULTS}/{task.id}", stack)
            summary = execute(
                session,
                query,
                options,
                sink,
                deadline=time.monotonic() + task.seconds,
                check=watch.check,
                check_interval=watch.interval,
            )
            return sink.writer, sink.writer.finish(), summary

    def _succeed(
        self,
        task: Task,
        watch: _Watch,
        writer: ResultWriter,
        stored: StoredResult,
        summary: ExecutionSummary,
    ) -> Outcome | None:
        now = self.holder.clock.now()
        success = Success(
            summary.row_count,
            summary.duration_ms,
            stored.to_bytes(),
            now + task.kept,
            summary.truncated_reason,
            (*task.work.notes, *summary.notes),
            task.work.to_json(),
        )
        ended = executions_store.succeed(
            self.holder.database,
            task.id,
            self.holder.owner,
            now,
            success,
            connection_id=task.connection.id,
            keeper=self.holder.owner,
            kept_until=now + KEPT_WARM,
        )
        if not ended.is_held:
            delete_result(self._blobs(), stored.folder)
            raise LeaseLost
        return _succeeded(now, success, ended.has_waiting, stored, writer.first_page)

    def _fail(self, task: Task, watch: _Watch, error: HeliographError) -> Outcome | None:
        now = self.holder.clock.now()
        told = tell_error(error)
        ended = executions_store.fail(
            self.holder.database,
            task.id,
            self.holder.owner,
            now,
            told,
            connection_id=task.connection.id,
            is_canceled=watch.holding.is_unwanted,
            has_blobs=watch.rows > 0 or isinstance(error, StorageUnavailable),
        )
        if not ended.is_held:
            return None
        state = "canceled" if watch.holding.is_unwanted else "failed"
        return Outcome(state, now, ended.has_waiting, watch.elapsed_ms, told)


def _succeeded(
    now: datetime,
    success: Success,
    has_waiting: bool,
    stored: StoredResult,
    first_page: Callable[[int], ResultPage],
) -> Outcome:
    return Outcome(
        "succeeded",
        now,
        has_waiting,
        success.duration_ms,
        None,
        stored,
        success.result,
        success.result_expires_at,
        success.truncated_reason,
        success.notes,
        first_page,
    )


def idle_name(owner: UUID) -> str:
    """Return what a session is called on its server while an instance keeps it warm."""
    return f"{IDLE_NAME}:{owner.hex}"


def tell_error(error: HeliographError) -> dict[str, Any]:
    """Return an error as a run keeps it: without particulars of our own neighbours.

    Those name hosts, folders and keys; the log has them.
    """
    if not isinstance(error, PlatformError):
        return error.to_dict()
    log("query.platform_failed", code=error.code, message=error.message)
    message = "A part that Heliograph stands on did not do its work while the query ran."
    told = type(error)(message, hint="Run it again; `heliograph doctor` says what is wrong.")
    return told.to_dict()


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


class _Watch:
    """Looks after a task while it runs: whether it is held and wanted, how long it may take."""

    def __init__(self, holder: Holder, task: Task, inline_seconds: float | None) -> None:
        self._began = time.monotonic()
        self._too_long_at = None if inline_seconds is None else self._began + inline_seconds
        self.interval = min(CHECK_EVERY, timedelta(seconds=inline_seconds or 1))
        self.holding = Holding(holder, task.id, lambda: self.rows)
        self.sink: _Sink | None = None

    @property
    def rows(self) -> int:
        """How many rows there have been so far."""
        return self.sink.row_count if self.sink else 0

    @property
    def elapsed_ms(self) -> float:
        """How long it has taken so far."""
        return (time.monotonic() - self._began) * 1000

    def check(self) -> None:
        """Raise what ends the run: it is unwanted, lost, or takes too long for its request."""
        self.holding.check()
        if self._too_long_at is not None and time.monotonic() >= self._too_long_at:
            raise TookTooLong(self._preview())

    def _preview(self) -> bytes | None:
        if self.sink is None or not self.sink.row_count:
            return None
        page = self.sink.writer.first_page(1_000)
        return page.gzip(b"[", b"]") if page.row_count else None
