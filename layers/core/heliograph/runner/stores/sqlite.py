"""The state in one SQLite file: for one machine, any number of processes and threads.

Reads have a connection of their own, so they never wait for a write. Writes of several threads
that arrive while the disk is busy share the next transaction, and with it the wait for the disk;
each is still all or nothing by itself.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from heliograph.kernel.errors import StateFailed
from heliograph.runner.stores import rows
from heliograph.runner.stores.dialect import Dialect, Execute, Rows
from heliograph.runner.stores.sql import SqlStateStore
from heliograph.runner.stores.sqlite_file import StateFile

T = TypeVar("T")

_MOST_AT_ONCE = 128

SQLITE = Dialect(
    schema="",
    dead=lambda column: f"is_dead_owner({column})",
    membership=lambda name: f"IN (SELECT value FROM json_each(:{name}))",  # noqa: S608  # ours
    encode_list=lambda texts: json.dumps(list(texts)),
    encode_time=rows.encode_time,
    decode_time=rows.decode_time,
)
_complete = cache(SQLITE.complete)


def open_sqlite(place: str, _environment: Mapping[str, str]) -> SqlStateStore:
    """Return the store in the file ``place``, which is made by the first write."""
    return SqlStateStore(SqliteDatabase(StateFile(Path(place))))


class SqliteDatabase:
    """A `SqlDatabase` in one file. ``synchronous`` is SQLite's, for what must outlive a crash."""

    dialect = SQLITE

    def __init__(self, file: StateFile, *, synchronous: str = "FULL") -> None:
        self._file = file
        self._synchronous = synchronous
        self._reading, self._writing, self._queueing = (threading.Lock() for _ in range(3))
        self._queue: list[_Write[Any]] = []
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._relaxed = synchronous

    def read(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Return the rows of a statement that only reads; none where there is no file yet."""
        with self._file.explained(), self._reading:
            if self._reader is None:
                if not self._file.exists():
                    return []
                self._file.prepare()
                self._reader = self._file.open()
                self._reader.execute("PRAGMA query_only = ON")
            return self._reader.execute(_complete(statement), parameters).fetchall()

    def write(
        self,
        work: Callable[[Execute], T],
        *,
        must_last: bool = True,
        has_steps: bool = False,  # everything is a transaction here
    ) -> T:
        """Do ``work`` in a transaction, perhaps together with what other threads write."""
        mine = _Write(work, must_last)
        with self._queueing:
            self._queue.append(mine)
        with self._writing:
            while not mine.is_done:
                self._write_waiting()
        with self._file.explained():
            return mine.outcome()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._reading, self._writing:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _write_waiting(self) -> None:
        """Do the writes that wait, oldest first."""
        with self._queueing:
            batch, self._queue = self._queue[:_MOST_AT_ONCE], self._queue[_MOST_AT_ONCE:]
        try:
            with self._file.explained():
                self._write_batch(self._connect_writer(), batch)
        except Exception as error:  # noqa: BLE001  # it belongs to every thread that asked
            for one in batch:
                one.fail(error)
        except BaseException:  # Ctrl-C is for the thread that it struck
            for one in batch:
                one.fail(StateFailed("Writing the alert state was interrupted."))
            raise
        finally:
            for one in batch:
                one.is_done = True

    def _write_batch(self, writer: sqlite3.Connection, batch: list[_Write[Any]]) -> None:
        must_last = any(one.must_last for one in batch)
        wanted = self._synchronous if must_last else self._relaxed
        writer.execute(f"PRAGMA synchronous = {wanted}")
        writer.execute("BEGIN IMMEDIATE")
        try:
            for one in batch:
                self._write_one(writer, one)
            writer.execute("COMMIT")
        except BaseException:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise

    def _write_one(self, writer: sqlite3.Connection, one: _Write[Any]) -> None:
        def execute(statement: str, parameters: Mapping[str, Any]) -> Rows:
            return writer.execute(_complete(statement), parameters).fetchall()

        writer.execute("SAVEPOINT one")
        try:
            one.result = one.work(execute)
        except Exception as error:  # it belongs to the thread that asked for it
            if not writer.in_transaction:
                raise  # SQLite has undone the whole transaction: disk full, I/O error
            one.fail(error)
            writer.execute("ROLLBACK TO one")
        writer.execute("RELEASE one")

    def _connect_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._file.prepare()
            writer = self._file.open()
            ((mode,),) = writer.execute("PRAGMA journal_mode").fetchall()
            if mode == "wal" and self._synchronous == "FULL":
                self._relaxed = "NORMAL"
            self._writer = writer
        return self._writer


class _Write(Generic[T]):
    """One write on its way through a shared transaction."""

    def __init__(self, work: Callable[[Execute], T], must_last: bool) -> None:
        self.work = work
        self.must_last = must_last
        self.is_done = False
        self.result: T
        self._error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Remember why it did not happen; the first reason stays."""
        self._error = self._error or error

    def outcome(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self.result
