"""Exports of people: a whole result as a file, asked for, looked at, linked, given up.

Of rows that are kept, a file is made from exactly those; it needs no connection. Of SQL it is made
by running that once, with a slot of its connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import (
    HeliographError,
    NotFound,
    QueryError,
    RequestInvalid,
    UsageError,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.queries import executions_store, exports_store, runs_store
from heliograph.queries.executions_store import Kind, NewExecution
from heliograph.queries.executor import TookTooLong
from heliograph.queries.export_executor import ExportExecutor, ExportTask
from heliograph.queries.export_names import link_export
from heliograph.queries.export_records import (
    record_cancel,
    record_link,
    record_removal,
    require_room,
    run_of_kept,
    write_down,
)
from heliograph.queries.export_work import EXPORT_KEPT, ExportWork, FileFormat
from heliograph.queries.exports_store import ExportRow, NewKeptExport
from heliograph.queries.questions import Question
from heliograph.queries.result_index import StoredResult
from heliograph.queries.run_rows import user_of
from heliograph.queries.runs import Run, Runs
from heliograph.queries.runs_store import RUNNING_STATES, CancelReason, NewRun, Origin, RunRow
from heliograph.queries.tending import fail_lost_run
from heliograph.queries.wakes import Wake, Wakes

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections
    from heliograph.platform.blob_store import BlobStore
    from heliograph.queries.work import Work

LINK_KEPT = timedelta(minutes=15)
"""How long a link to a file is good."""

INLINE_SECONDS = 2.0
"""How long a request itself writes before it leaves a file to ``export_writer``."""

_INLINE_ROWS = 50_000
_LONGEST_SECONDS = 20.0  # beyond `INLINE_SECONDS` only while a store is slow
_INLINE_BYTES = 8_000_000
_LEAST_KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What file somebody wants. Without a title it is called as the connection is."""

    file_format: FileFormat
    guard_formulas: bool = True
    title: str | None = None


class Exports:
    """Makes exports, tells of them, and gives them up. Threads may share it."""

    def __init__(
        self,
        runs: Runs,
        connections: Connections,
        executor: ExportExecutor,
        blobs: Callable[[], BlobStore],
        wakes: Wakes,
        *,
        inline_seconds: float = INLINE_SECONDS,
    ) -> None:
        self._runs = runs
        self._connections = connections
        self._executor = executor
        self._database = executor.holder.database
        self._clock = executor.holder.clock
        self._blobs = blobs
        self._wakes = wakes
        self._inline_seconds = inline_seconds

    def of_run(self, actor: Actor, run_id: UUID, wanted: Wanted) -> ExportRow:
        """Export the rows that are kept of a run of one's own, just as its pages show them.

        A small file is there at once. Raises `NotFound`, `Conflict` while the run has not
        succeeded, `ResultExpired` and `RateLimited`.
        """
        row = self._runs.own(actor, run_id)
        run = self._runs.run_of(row)
        self._runs.reader(run)
        kept, source = run.kept, row.execution_id if run.stale is None else run.stale.execution_id
        assert kept is not None
        assert source is not None
        connection_id = row.connection_id
        connection = None if connection_id is None else self._connections.find(connection_id)
        work = ExportWork(
            wanted.file_format,
            wanted.guard_formulas,
            _title(wanted, connection),
            source=source,
            total=kept.row_count,
            notes=_notes(run),
        )
        now = self._clock.now()
        new = NewKeptExport(
            new_id(), row.connection_version or 0, user_of(actor), work.to_json(), now
        )
        return self._begin_kept(
            actor, new, work, run_of_kept(row, new), connection, _is_small(kept)
        )

    def of_sql(self, actor: Actor, question: Question, wanted: Wanted) -> ExportRow:
        """Export what SQL gives, asked as a query of the person; what is refused has failed.

        Raises `NotFound` and `Forbidden` for the connection, `RequestInvalid` for values that are
        none, and `RateLimited`.
        """
        reached = self._runs.asking.reach(actor, question.connection_id)
        connection = reached.connection
        query = self._runs.asking.work(actor, reached, question)
        query, refused = self._judge(query, connection)
        work = ExportWork(
            wanted.file_format, wanted.guard_formulas, _title(wanted, connection), query=query
        )
        new, run = self._new_of_sql(actor, connection, question, work)
        if refused is None:
            self._executor.holder.attention.ask()
        with self._database.transaction() as tx:
            if refused is None:
                require_room(tx, new.user_id)
                executions_store.insert_queued(tx, new)
            else:
                executions_store.insert_failed(tx, new, refused.to_dict())
            write_down(tx, actor, run, work, connection)
        if refused is None:
            self._wakes.send(Wake(connection.id), Kind.EXPORT)
        return self._select(run.id)

    def _judge(self, query: Work, connection: Connection) -> tuple[Work, HeliographError | None]:
        """Return a query as it will run, or why it will not. Raises `RequestInvalid`."""
        try:
            prepared = query.prepare()
        except RequestInvalid:
            raise
        except (QueryError, UsageError) as error:
            return query, error
        runs_once = self._runs.asking.must_run_once(prepared, connection)
        return replace(query, runs_once=runs_once), None

    def _new_of_sql(
        self, actor: Actor, connection: Connection, question: Question, work: ExportWork
    ) -> tuple[NewExecution, NewRun]:
        new = NewExecution(
            id=new_id(),
            connection_id=connection.id,
            connection_version=connection.version,
            user_id=user_of(actor),
            work=work.to_json(),
            queued_at=self._clock.now(),
            runs_once=True,
            kind=Kind.EXPORT,
        )
        run = NewRun(
            id=new_id(),
            execution_id=new.id,
            connection_id=connection.id,
            user_id=new.user_id,
            sql=question.sql,
            requested_at=new.queued_at,
            origin=Origin.EXPORT,
            parameters=connection.recorded_values(question.params) or None,
            is_detached=True,
        )
        return new, run

    def ready_or_begun(self, actor: Actor, run_id: UUID, file_format: FileFormat) -> ExportRow:
        """Return one's own newest export of a run in a format, a new one where there is none.

        Raises as `of_run` does.
        """
        row, now = self._runs.own(actor, run_id), self._clock.now()
        same = exports_store.find_same(
            self._database,
            user_of(actor),
            row.id,
            file_format,
            now=now,
            since=now - 2 * EXPORT_KEPT,
            kept_until=now + _LEAST_KEPT,
        )
        if same is not None and same.state in RUNNING_STATES:
            return self.get(actor, same.id)
        return same or self.of_run(actor, run_id, Wanted(file_format))

    def get(self, actor: Actor, export_id: UUID) -> ExportRow:
        """Return an export of one's own, or for an admin anybody's. Raises `NotFound`.

        Whoever may not view its connection any more has none of its exports either.
        """
        run = self._own(actor, export_id)
        fail_lost_run(self._database, self._clock, self._wakes, run)
        return self._select(export_id)

    def list(self, actor: Actor, page: PageRequest) -> Page[ExportRow]:
        """Return a page of one's own exports, the latest first. Raises `CursorInvalid`."""
        after = page.after(datetime.fromisoformat, UUID)
        found = exports_store.list_own(
            self._database, user_of(actor), self._clock.now(), after, page.limit + 1
        )
        return make_page(found, page.limit, lambda one: (one.requested_at.isoformat(), one.id))

    def link(self, actor: Actor, export: ExportRow) -> str | None:
        """Return a link to the file of an export, None where there is none; that is recorded.

        It is good for `LINK_KEPT`, and never longer than the file is kept.
        """
        now = self._clock.now()
        if export.state != "succeeded" or export.key is None or export.filename is None:
            return None
        if export.connection_id is None:  # nobody can say any more who may have it
            return None
        assert export.expires_at is not None
        seconds = int(min(LINK_KEPT, export.expires_at - now).total_seconds())
        if seconds < 1:
            return None
        url = link_export(
            self._blobs(),
            export.key,
            filename=export.filename,
            format_name=export.format,
            seconds=seconds,
        )
        with self._database.transaction() as tx:
            record_link(tx, actor, export, now)
        return url

    def give_up(self, actor: Actor, export_id: UUID) -> ExportRow:
        """Cancel an export that is under way, or remove its file. Raises `NotFound`.

        Who writes it hears of it within a second. Doing so twice changes nothing.
        """
        run, now = self._own(actor, export_id), self._clock.now()
        if run.execution_id is not None and run.state in RUNNING_STATES:
            self._cancel(actor, run.execution_id, self._select(export_id))
        export = self._select(export_id)
        if export.key is not None and export.state not in RUNNING_STATES:
            with self._database.transaction() as tx:
                if exports_store.end_file(tx, export_id, now):
                    record_removal(tx, actor, export, now)
            self._blobs().delete([export.key])
            if export.execution_id is not None:
                with self._database.transaction() as tx:
                    exports_store.forget_files(tx, [export.execution_id])
        return self._select(export_id)

    def _cancel(self, actor: Actor, execution_id: UUID, export: ExportRow) -> None:
        now = self._clock.now()
        with self._database.transaction() as tx:
            runs_store.lock_execution(tx, execution_id)
            if runs_store.withdraw(tx, export.id, now, CancelReason.ASKED):
                executions_store.request_cancel(tx, execution_id, now)
                record_cancel(tx, actor, export, now)

    def _begin_kept(
        self,
        actor: Actor,
        new: NewKeptExport,
        work: ExportWork,
        run: NewRun,
        connection: Connection | None,
        is_small: bool,
    ) -> ExportRow:
        holder, seconds = self._executor.holder, self._inline_seconds
        lease = holder.lease(_LONGEST_SECONDS) if is_small and seconds > 0 else None
        holder.attention.ask()
        with self._database.transaction() as tx:
            require_room(tx, new.user_id)
            exports_store.insert_kept(tx, new, lease)
            write_down(tx, actor, run, work, connection)
        is_left = lease is None
        if lease is not None:
            task = ExportTask(new.id, work, _LONGEST_SECONDS)
            try:
                self._executor.run(task, inline_seconds=seconds)
            except TookTooLong:
                is_left = self._executor.give_up(task)
        if is_left:
            self._wakes.send(Wake(execution_id=new.id), Kind.EXPORT)
        return self._select(run.id)

    def _own(self, actor: Actor, export_id: UUID) -> RunRow:
        try:
            return self._runs.own(actor, export_id, is_export=True)
        except NotFound:
            raise _unknown() from None

    def _select(self, export_id: UUID) -> ExportRow:
        found = exports_store.select(self._database, export_id, self._clock.now())
        if found is None:
            raise _unknown()
        return found


def _title(wanted: Wanted, connection: Connection | None) -> str:
    return wanted.title or ("Export" if connection is None else connection.name)


def _notes(run: Run) -> Sequence[str]:
    if run.stale is None:
        return ()
    return (f"The query failed: these are the rows of {run.stale.finished_at:%Y-%m-%d %H:%M} UTC.",)


def _is_small(kept: StoredResult) -> bool:
    size = max(kept.json_bytes, kept.stored_bytes)
    return kept.row_count <= _INLINE_ROWS and size <= _INLINE_BYTES


def _unknown() -> NotFound:
    return NotFound("There is no such export, or it is not yours.")
