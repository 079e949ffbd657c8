"""Exports: a whole result as CSV, XLSX or NDJSON, into the blob store as it comes.

The encoder pushes, the store pulls: a generator stands between them, which runs a batch through the
encoder and hands on what that has written. No thread, no file in between, memory of a few batches;
whatever ends the one side ends the other, and then nothing is left, neither in the store nor on the
server.

Where the result is cut by a limit, a sheet "Notes" of the workbook says so. CSV and NDJSON have no
place for remarks and stay data alone: there the name of the file says it (`export_names`), and in
every case `ExportSummary.notes`.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from heliograph.connections.engines.contract import (
    Column,
    CsvStream,
    Row,
    RunOptions,
    Session,
    Watch,
)
from heliograph.kernel.errors import ConnectionLost, QueryCanceled, QueryTimedOut, UsageError
from heliograph.platform.blob_store import BlobStore
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.csv_guard import CsvGuard
from heliograph.queries.encoders.registry import load_encoder
from heliograph.queries.execution import ROW_LIMIT
from heliograph.queries.service import PreparedQuery, can_copy_csv

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}
"""The formats of exports, and what a browser is told that they are."""

_LEAST_CHUNK = 256 * 1024
_MOST_CHUNK = 1024 * 1024
_CHECK_SECONDS = 0.2
_PROGRESS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Export:
    """Where an export goes and how it is written.

    With ``guard_formulas`` text that a spreadsheet would run is neutralised.
    """

    format_name: str
    blobs: BlobStore
    key: str
    guard_formulas: bool = True

    @property
    def content_type(self) -> str:
        """The media type. Raises `UsageError` for a format that is not one of exports."""
        if self.format_name not in CONTENT_TYPES:
            raise UsageError(
                f"There is no export as {self.format_name}.",
                hint=f"There are {', '.join(CONTENT_TYPES)}.",
            )
        return CONTENT_TYPES[self.format_name]


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export has become. ``notes`` say all that is not as the database has it.

    ``bytes`` is the size of the blob. ``truncated_reason`` is None for a whole result.
    """

    row_count: int
    bytes: int
    truncated_reason: str | None
    notes: tuple[str, ...]

    @property
    def truncated(self) -> bool:
        """True when the blob does not hold every row of the query."""
        return self.truncated_reason is not None


@dataclass(slots=True)
class ExportWatch:
    """Looks after a running export, between its batches and while it waits for the database.

    ``check`` is called at most every ``check_seconds``, in a wait about as often, and ends the
    export by raising; also once more when the server ended the statement, so that its reason is
    told. ``on_progress`` is told the rows so far at most once a second. At ``deadline``, a
    ``time.monotonic()``, the export ends with `QueryTimedOut`.
    """

    check: Callable[[], None] = lambda: None
    on_progress: Callable[[int], None] = lambda _: None
    deadline: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    check_seconds: float = _CHECK_SECONDS
    _check_at: float = field(default=float("-inf"), init=False)
    _progress_at: float | None = field(default=None, init=False)
    _has_raised: bool = field(default=False, init=False)

    def see(self, row_count: int) -> None:
        """Take note that so many rows have been read."""
        now = self.monotonic()
        if self.deadline is not None and now >= self.deadline:
            raise QueryTimedOut(
                f"The export was ended after {row_count:,} rows: it took too long.",
                hint="Ask for less, or have it given longer.",
            )
        if self._progress_at is None:
            self._progress_at = now + _PROGRESS_SECONDS
        if now >= self._check_at:
            self.ask()
        if now >= self._progress_at:
            self.on_progress(row_count)
            self._progress_at = now + _PROGRESS_SECONDS

    def ask(self) -> None:
        """Ask whether the export is still wanted, unless the answer was no already."""
        if self._has_raised:
            return
        try:
            self.check()
        except BaseException:
            self._has_raised = True
            raise
        self._check_at = self.monotonic() + self.check_seconds

    def of_waits(self) -> Watch:
        """Return what the engine is to do while it waits for the server."""
        return Watch(self.ask, timedelta(seconds=self.check_seconds), self.deadline)


def write_export(
    session: Session,
    prepared: PreparedQuery,
    export: Export,
    *,
    options: RunOptions,
    watch: ExportWatch | None = None,
) -> ExportSummary:
    """Run a query and write its result to the blob store, whole or not at all.

    ``options.max_rows`` is the connection's row policy; ``options.watch`` is set from ``watch``.
    Without parameters the database writes the CSV itself, which is the same to the byte; what is
    to be guarded passes through `CsvGuard`. The server counts its ``options.timeout`` while the
    store takes its time, too.

    Raises the `QueryError` family, `QueryTimedOut`, `StorageUnavailable`, `OutputFailed` for what
    no workbook can hold, and what ``watch.check`` raises; no blob is left then.
    """
    watch = watch or ExportWatch()
    options = replace(options, watch=watch.of_waits())
    writing = _Writing(export, watch)
    is_copied = export.format_name == "csv" and can_copy_csv(prepared)
    make = writing.copy if is_copied else writing.run
    try:
        return writing.store(make(session, prepared, options))
    except (QueryCanceled, ConnectionLost):
        watch.ask()
        raise


def write_export_from_rows(
    columns: Sequence[Column],
    batches: Iterable[Sequence[Row]],
    export: Export,
    *,
    watch: ExportWatch | None = None,
    truncated_reason: str | None = None,
    notes: Sequence[str] = (),
) -> ExportSummary:
    """Write rows that were kept of an earlier run; else as `write_export`.

    ``batches`` hold the database's own text (`segment_rows.rows_from_segment`).
    ``truncated_reason`` and ``notes`` are those of that run. What the batches raise ends the
    export.
    """
    writing = _Writing(export, watch or ExportWatch())
    writing.notes += notes
    writing.truncated_reason = truncated_reason
    return writing.store(writing.encode(columns, batches))


class _Writing:
    """One export under way: how far it is, and the generators that make its chunks."""

    def __init__(self, export: Export, watch: ExportWatch) -> None:
        self.notes: list[str] = []
        self.truncated_reason: str | None = None
        self._content_type = export.content_type
        self._export = export
        self._watch = watch
        self._out = _Outbox()
        self._row_count = 0
        self._started_at = time.monotonic()

    def store(self, chunks: Generator[bytes, None, None]) -> ExportSummary:
        """Have the store take the chunks, and return what came of it."""
        export = self._export
        # A store that fails leaves the generator where it was: closing it is what ends the query.
        with closing(chunks):
            export.blobs.write(export.key, chunks, content_type=self._content_type)
        notes = list(self.notes)
        if self.truncated_reason is not None:
            notes.insert(0, self._cut_note())
        return ExportSummary(self._row_count, self._out.total, self.truncated_reason, tuple(notes))

    def copy(
        self, session: Session, prepared: PreparedQuery, options: RunOptions
    ) -> Generator[bytes, None, None]:
        """Yield the CSV that the database writes."""
        with prepared.located(), session.copy_csv(prepared.statement, options) as result:
            is_copied = not _names_cursors(result)
            if is_copied:
                guard = CsvGuard(result.columns) if self._export.guard_formulas else None
                for chunk in result.chunks():
                    self._row_count = result.row_count
                    self._out.write(guard.guard(chunk) if guard else chunk)
                    self._watch.see(self._row_count)
                    yield from self._out.take(_LEAST_CHUNK)
                if guard:
                    guard.finish()
                    self.notes += guard.notes
                self._end_rows(result.row_count, result.truncated)
        if is_copied:
            yield from self._out.take(0)
        else:
            yield from self.run(session, prepared, options)

    def run(
        self, session: Session, prepared: PreparedQuery, options: RunOptions
    ) -> Generator[bytes, None, None]:
        """Yield the result as the encoder writes it."""
        encoder = load_encoder(self._export.format_name)(
            self._out, guard_formulas=self._export.guard_formulas
        )
        with prepared.located(), session.run(prepared.statement, options) as result:
            batches = result.batches()
            encoder.start(result.columns)
            for rows in batches:
                encoder.write_rows(rows)
                self._watch.see(result.row_count)
                yield from self._out.take(_LEAST_CHUNK)
                del rows  # large ones should not be held while the next ones come
            self._end_rows(result.row_count, result.truncated)
            encoder.notes += result.notes
        # The connection is free again while the rest is stored.
        encoder.finish(self._summary())
        self.notes += encoder.notes
        yield from self._out.take(0)

    def encode(
        self, columns: Sequence[Column], batches: Iterable[Sequence[Row]]
    ) -> Generator[bytes, None, None]:
        """Yield rows that are there already as the encoder writes them."""
        encoder = load_encoder(self._export.format_name)(
            self._out, guard_formulas=self._export.guard_formulas
        )
        encoder.start(columns)
        for rows in batches:
            encoder.write_rows(rows)
            self._row_count += len(rows)
            self._watch.see(self._row_count)
            yield from self._out.take(_LEAST_CHUNK)
        encoder.notes += self.notes
        encoder.finish(self._summary())
        self.notes = encoder.notes
        yield from self._out.take(0)

    def _end_rows(self, row_count: int, truncated: bool) -> None:
        self._row_count = row_count
        self.truncated_reason = ROW_LIMIT if truncated else None

    def _summary(self) -> Summary:
        elapsed_ms = (time.monotonic() - self._started_at) * 1000
        return Summary(self._row_count, self.truncated_reason is not None, elapsed_ms)

    def _cut_note(self) -> str:
        rows = f"{self._row_count:,} row{'' if self._row_count == 1 else 's'}"
        if self.truncated_reason == ROW_LIMIT:
            return f"Cut at {rows} by the connection's row policy: the query gives more."
        return f"Cut at {rows}: the query gives more."


def _names_cursors(result: CsvStream) -> bool:
    # COPY would write the names of cursors, not their rows.
    return any(column.type == "refcursor" for column in result.columns)


class _Outbox(io.BytesIO):
    """What an encoder has written and the store has not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self._pieces: list[bytes] = []
        self._waiting = 0

    def write(self, data: Any, /) -> int:
        """Keep the bytes until they are taken."""
        piece = bytes(data)  # of bytes no copy is made
        self._pieces.append(piece)
        self._waiting += len(piece)
        self.total += len(piece)
        return len(piece)

    def take(self, least: int) -> Iterator[bytes]:
        """Yield all that waits, if it is that much, in chunks that do not grow with a cell."""
        if self._waiting < max(least, 1):
            return
        pieces, self._pieces = self._pieces, []
        waiting, self._waiting = self._waiting, 0
        if waiting <= _MOST_CHUNK:
            yield b"".join(pieces)
            return
        for piece in pieces:
            for start in range(0, len(piece), _MOST_CHUNK):
                yield piece[start : start + _MOST_CHUNK]
