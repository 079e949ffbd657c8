"""Writing one export: whoever holds its lease streams the rows into a file in the blob store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.connections.engines.contract import Row
from heliograph.kernel.errors import (
    Conflict,
    ConnectionLost,
    HeliographError,
    ResultExpired,
    StorageUnavailable,
)
from heliograph.platform.log import log
from heliograph.queries import executions_store, exports_store, runs_store
from heliograph.queries.executions_store import Success
from heliograph.queries.executor import (
    RESULT_KEPT,
    Executor,
    NotInline,
    TookTooLong,
    tell_error,
)
from heliograph.queries.export_names import export_filename
from heliograph.queries.export_work import EXPORT_KEPT, EXPORTS, ExportWork
from heliograph.queries.export_writing import (
    Export,
    ExportSummary,
    ExportWatch,
    write_export,
    write_export_from_rows,
)
from heliograph.queries.exports_store import ExportFile
from heliograph.queries.holding import CHECK_EVERY, Holder, Holding, LeaseLost
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import ResultReader
from heliograph.queries.segment_rows import rows_from_segment
from heliograph.queries.slots_store import KEPT_WARM

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.platform.blob_store import BlobStore
    from heliograph.queries.slots_store import Slot

_INLINE_CHECK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ExportTask:
    """An export that somebody holds, and how long it may take.

    Of a query it has a connection and a slot there; of rows that are kept it has neither.
    ``recheck`` raises what speaks against writing now what has waited.
    """

    id: UUID
    work: ExportWork
    seconds: float
    connection: Connection | None = None
    slot: Slot | None = None
    recheck: Callable[[], None] | None = None

    @property
    def key(self) -> str:
        """Where the file goes."""
        return f"{EXPORTS}/{self.id}/export.{self.work.file_format}"


class ExportExecutor:
    """Writes exports as one instance. Threads may share it, each with its own task."""

    def __init__(self, executor: Executor, blobs: Callable[[], BlobStore]) -> None:
        self.holder = executor.holder
        self._executor = executor
        self._blobs = blobs

    def run(self, task: ExportTask, *, inline_seconds: float | None = None) -> bool:
        """Write the file and write down how that ended; return whether others wait for the slot.

        Raises `TookTooLong` after ``inline_seconds``: nothing is written down then, and the lease
        is still held. Whatever else goes wrong becomes the error of the export, and no blob is
        left.
        """
        watch = _Watch(self.holder, task, inline_seconds)
        try:
            # The slot is freed when the session is back: a slot never stands for two backends.
            summary = self._write(task, watch)
            return self._succeed(task, watch, summary)
        except LeaseLost:
            log("export.lease_lost", execution=str(task.id))
            return False
        except HeliographError as error:
            return self._fail(task, watch, error)
        except NotInline:
            raise
        except BaseException:
            # Whoever waits is told now and not when the lease ends; what it was, the edge logs.
            with suppress(HeliographError):
                self._fail(task, watch, HeliographError("Something went wrong in Heliograph."))
            raise

    def give_up(self, task: ExportTask) -> bool:
        """Put kept rows that took too long into the queue; False when they were lost meanwhile."""
        with self.holder.database.transaction() as tx:
            return executions_store.requeue(
                tx, task.id, self.holder.owner, work=task.work.to_json()
            )

    def _write(self, task: ExportTask, watch: _Watch) -> ExportSummary:
        work = task.work
        if task.recheck is not None:
            task.recheck()
        export = Export(work.file_format, self._blobs(), task.key, work.guard_formulas)
        if work.source is not None:
            return self._write_kept(work.source, work, export, watch)
        if task.connection is None or task.slot is None or work.query is None:
            raise Conflict("The connection of this export has been deleted.")
        prepared = work.query.prepare()
        options = replace(work.query.options(), run_id=str(task.id))

        def write(connection: Connection, slot: Slot) -> ExportSummary:
            with self._executor.session(connection, slot) as session:
                return write_export(
                    session, prepared, export, options=options, watch=watch.of_writing
                )

        try:
            return write(task.connection, task.slot)
        except ConnectionLost as error:
            # A warm session may be ended, by whoever needs its place, just when it is taken.
            if error.has_begun:
                raise
            return write(task.connection, task.slot)

    def _write_kept(
        self, source: UUID, work: ExportWork, export: Export, watch: _Watch
    ) -> ExportSummary:
        database, now = self.holder.database, self.holder.clock.now()
        kept = runs_store.select_kept(database, source, now)
        if kept is None:
            raise ResultExpired("The rows of this query are no longer kept.", hint="Run it again.")
        runs_store.keep_longer(database, source, now + RESULT_KEPT, now)
        reader = ResultReader(export.blobs, StoredResult.from_bytes(bytes(kept.result)))
        return write_export_from_rows(
            reader.columns,
            kept_batches(reader),
            export,
            watch=watch.of_writing,
            truncated_reason=kept.truncated_reason,
            notes=[*(kept.notes or ()), *work.notes],
        )

    def _succeed(self, task: ExportTask, watch: _Watch, summary: ExportSummary) -> bool:
        try:
            watch.holding.check()
            return self._end(task, watch, summary)
        except BaseException:
            self._drop(task)
            raise

    def _end(self, task: ExportTask, watch: _Watch, summary: ExportSummary) -> bool:
        database, owner, now = self.holder.database, self.holder.owner, self.holder.clock.now()
        work, expires_at = task.work, now + EXPORT_KEPT
        cut_at = summary.row_count if summary.truncated else None
        name = export_filename(work.title, now.date(), work.file_format, cut_at=cut_at)
        file = ExportFile(task.key, name, summary.bytes, expires_at)
        if not exports_store.note_file(database, task.id, owner, file):
            raise LeaseLost
        success = Success(
            summary.row_count,
            watch.elapsed_ms,
            result_expires_at=expires_at,
            truncated_reason=summary.truncated_reason,
            notes=summary.notes,
        )
        connection = task.connection
        ended = executions_store.succeed(
            database,
            task.id,
            owner,
            now,
            success,
            connection_id=None if connection is None else connection.id,
            keeper=owner,
            kept_until=now + KEPT_WARM,
        )
        if not ended.is_held:
            raise LeaseLost
        if exports_store.is_withdrawn(database, task.id):  # in this very moment
            self._drop(task)
        return ended.has_waiting

    def _drop(self, task: ExportTask) -> None:
        """Remove the file; what cannot be removed now, the janitor finds."""
        with suppress(HeliographError):
            self._blobs().delete([task.key])
            with self.holder.database.transaction() as tx:
                exports_store.forget_files(tx, [task.id])

    def _fail(self, task: ExportTask, watch: _Watch, error: HeliographError) -> bool:
        ended = executions_store.fail(
            self.holder.database,
            task.id,
            self.holder.owner,
            self.holder.clock.now(),
            tell_error(error),
            connection_id=None if task.connection is None else task.connection.id,
            is_canceled=watch.holding.is_unwanted,
            has_blobs=isinstance(error, StorageUnavailable),
        )
        return ended.is_held and ended.has_waiting


def kept_batches(reader: ResultReader) -> Iterator[list[Row]]:
    """Yield all rows of a stored result as the database's own text, a segment at a time."""
    for one in reader.segments():
        yield rows_from_segment(one.lines, reader.columns, first_row=one.first_row, cells=one.cells)


class _Watch:
    """Looks after an export while it is written: whether it is held and wanted, how far it is."""

    def __init__(self, holder: Holder, task: ExportTask, inline_seconds: float | None) -> None:
        self._began = time.monotonic()
        self._holder = holder
        self._id = task.id
        self._rows = 0
        is_inline = inline_seconds is not None
        self._too_long_at = self._began + inline_seconds if inline_seconds is not None else None
        self._look_at = self._began
        self.holding = Holding(holder, task.id, lambda: self._rows)
        self.of_writing = ExportWatch(
            self._check,
            self._note,
            self._began + task.seconds,
            check_seconds=_INLINE_CHECK_SECONDS if is_inline else CHECK_EVERY.total_seconds(),
        )

    @property
    def elapsed_ms(self) -> float:
        """How long it has taken so far."""
        return (time.monotonic() - self._began) * 1000

    def _check(self) -> None:
        now = time.monotonic()
        if self._too_long_at is not None:
            if now >= self._too_long_at:
                raise TookTooLong(None)
            if now < self._look_at:
                return
            self._look_at = now + CHECK_EVERY.total_seconds()
        self.holding.check()

    def _note(self, rows: int) -> None:
        self._rows = rows
        exports_store.note_rows(self._holder.database, self._id, self._holder.owner, rows)
