"""Results on their way from the server: rows as its own text, or CSV that it writes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from psycopg.adapt import AdaptersMap, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from psycopg.types.string import TextLoader

from heliograph.connections.engines.contract import BoundStatement, Column, Row
from heliograph.connections.engines.postgres.chunks import MOST_FIRST_BYTES
from heliograph.kernel.errors import QueryError, TextUndecodable

if TYPE_CHECKING:
    from heliograph.connections.engines.postgres.run import Run

_MOST_CURSORS = 100
_CURSOR_STEP = 10_000  # rows a FETCH: the server materialises each step, on disk if it must
_COPY_PIECES = 512  # rows of CSV that are joined into one chunk,
_COPY_BYTES = 256 * 1024  # or as many as make this size
_BATCH_ROWS = 128  # more fall out of the processor's cache before they are encoded
_BATCH_CHARACTERS = 1024 * 1024  # and about this much text is made at a time
_SAMPLED = 16  # one row in so many is measured


class _TextContext:
    """Tells psycopg to leave every value as the server's own text."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.adapters = AdaptersMap()
        self.adapters.register_loader(0, TextLoader)


class RowReader:
    """Turns the chunks of one result into rows of text, a batch at a time."""

    def __init__(self, connection: Any) -> None:
        self._transformer = Transformer(_TextContext(connection))
        self._batch = 0

    def read(self, chunks: Iterable[PGresult]) -> Iterator[list[Row]]:
        """Yield all rows: many together, or a few where they are large. Raises `TextUndecodable`.

        A chunk is let go as soon as it can be, and so are rows: large ones are not held twice.
        """
        waiting: list[Row] = []
        for chunk in chunks:
            if not chunk.ntuples:
                continue
            self._take(chunk)
            if chunk.ntuples > self._batch:
                if waiting:
                    yield waiting
                    waiting = []
                yield from self._read_large(chunk)
                continue
            waiting += self._load(chunk, 0, chunk.ntuples)
            chunk.clear()
            if len(waiting) >= self._batch:
                self._measure(waiting)
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def _take(self, chunk: PGresult) -> None:
        self._transformer.set_pgresult(chunk, set_loaders=not self._batch)
        if not self._batch:
            self._measure(self._load(chunk, 0, 1))

    def _read_large(self, chunk: PGresult) -> Iterator[list[Row]]:
        start, count = 0, chunk.ntuples
        while start < count:
            end = min(start + self._batch, count)
            rows = self._load(chunk, start, end)
            if end == count:
                chunk.clear()
            self._measure(rows)
            start = end
            yield rows
            del rows

    def _measure(self, rows: list[Row]) -> None:
        sample = rows[::_SAMPLED]
        characters = sum(len(cell) for row in sample for cell in row if cell is not None)
        fitting = _BATCH_CHARACTERS * len(sample) // max(characters, 1)
        self._batch = max(1, min(_BATCH_ROWS, fitting))

    def _load(self, chunk: PGresult, start: int, end: int) -> list[Row]:
        if not chunk.nfields:
            return [()] * (end - start)
        try:
            return self._transformer.load_rows(start, end, tuple)
        except UnicodeDecodeError:
            raise TextUndecodable(
                "A value in the result is not valid UTF-8; the database does not check its text "
                "(encoding SQL_ASCII).",
                hint="Convert it in the query: convert_from(column::bytea, 'LATIN1').",
            ) from None


class PostgresResult:
    """Columns and rows of a run; see `contract.ResultStream`."""

    def __init__(
        self,
        run: Run,
        cap: int | None,
        restart: Callable[[], None] | None = None,
        chunk_rows: int | None = None,
    ) -> None:
        self._run = run
        self._cap = cap
        self.columns: list[Column] = run.columns
        self.row_count = 0
        self.truncated = False
        self.notes: list[str] = []
        run.send(chunk_rows)
        self._batches = self._read(run, None if run.has_cursors else restart)
        if run.has_cursors:
            self._batches = self._follow_cursors(self._batches)

    def batches(self) -> Iterator[list[Row]]:
        """Yield lists of rows until the result, or the cap, is reached."""
        for rows in self._batches:
            room = None if self._cap is None else self._cap - self.row_count
            if room is not None and len(rows) > room:
                self.row_count += room
                self.truncated = True
                if room:
                    yield rows[:room]
                return
            self.row_count += len(rows)
            yield rows
            del rows  # before the next ones come: large rows should not be held twice

    def _read(self, run: Run, restart: Callable[[], None] | None = None) -> Iterator[list[Row]]:
        return RowReader(run.wire.connection).read(_chunks(run, restart))

    def _follow_cursors(self, batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
        """Read the cursors that a result names, if it names open ones, instead of their names."""
        head: list[Row] = []
        for rows in batches:
            head += rows
            if len(head) > _MOST_CURSORS:
                return _chain(head, batches)
        at = [n for n, column in enumerate(self.columns) if column.type == "refcursor"]
        names = list(dict.fromkeys(row[n] for row in head for n in at if row[n] is not None))
        opened = self._open_cursors([name for name in names if name is not None])
        if not opened:
            return iter([head] if head else [])
        self._note_other_values(head, at)
        runs = [self._cursor_run(name) for name in opened]
        self.columns = runs[0].columns
        if any(run.columns != self.columns for run in runs):
            raise QueryError(
                f"The cursors {', '.join(opened)} have different columns and make no one result.",
                hint="Return one cursor, or call it once for each.",
            )
        return (rows for name in opened for rows in self._read_cursor(name))

    def _open_cursors(self, names: list[str]) -> list[str]:
        found: list[str] = []
        for name in names:
            sql = "SELECT 1 FROM pg_catalog.pg_cursors WHERE name = $1"
            if self._run.wire.execute(sql, [name.encode()]).ntuples:
                found.append(name)
        return found

    def _note_other_values(self, rows: list[Row], cursors: list[int]) -> None:
        others = [n for n in range(len(self.columns)) if n not in cursors]
        for row in rows:
            values = [f"{self.columns[n].name} = {_shown(row[n])}" for n in others]
            if values:
                self.notes.append(f"Beside its cursor the statement returned {', '.join(values)}.")

    def _cursor_run(self, name: str) -> Run:
        quoted = name.replace('"', '""')
        statement = BoundStatement(f'FETCH FORWARD {_CURSOR_STEP} FROM "{quoted}"')
        return self._run.follow(statement)

    def _read_cursor(self, name: str) -> Iterator[list[Row]]:
        while True:
            count = 0
            run = self._cursor_run(name)
            run.send()
            for rows in self._read(run):
                count += len(rows)
                yield rows
            if count < _CURSOR_STEP:
                return


def _chunks(run: Run, restart: Callable[[], None] | None) -> Iterator[PGresult]:
    """Yield what libpq hands over; where the first rows are large, have it be one at a time."""
    if restart is not None and not run.wire.wait_result(MOST_FIRST_BYTES):
        restart()
    while (chunk := run.wire.fetch()) is not None:
        yield chunk
        chunk.clear()


def _chain(head: list[Row], rest: Iterator[list[Row]]) -> Iterator[list[Row]]:
    yield head
    yield from rest


def _shown(value: str | None) -> str:
    return "NULL" if value is None else value


class CopyResult:
    """A run whose CSV the server writes; see `contract.CsvStream`."""

    def __init__(self, run: Run, cap: int | None) -> None:
        self._run = run
        self._cap = cap
        self.row_count = 0
        self.truncated = False
        self.columns: list[Column] = run.columns
        run.send_copy()

    def chunks(self) -> Iterator[bytes]:
        """Yield pieces of the CSV until the result, or the cap, is reached."""
        messages = -1  # the header is a message too, and so is each row
        length = 0
        pieces: list[memoryview | bytes] = []
        get = self._run.wire.pgconn.get_copy_data
        while True:
            size, data = get(1)
            if size > 0:
                if messages == self._cap:
                    self.truncated = True
                    break
                messages += 1
                pieces.append(data)
                length += size
                if len(pieces) == _COPY_PIECES or length > _COPY_BYTES:
                    self.row_count = messages
                    yield b"".join(pieces)
                    pieces.clear()
                    length = 0
            elif size == 0:
                self._run.wire.wait_readable()
            else:
                break
        self.row_count = max(messages, 0)
        if pieces:
            yield b"".join(pieces)
        if not self.truncated:
            self._finish()

    def _finish(self) -> None:
        while (result := self._run.wire.fetch()) is not None:
            if result.status == ExecStatus.COPY_OUT:
                raise QueryError("The server did not end its COPY.")
