"""The SQLite file of the alert state: made, checked, migrated and opened; its errors explained."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from heliograph.kernel.errors import StateFailed
from heliograph.runner.stores.owners import is_dead

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables
APPLICATION_ID = 0x48474C54  # "HGLT": tells our files from other programs'
_ELSEWHERE = "Give the runner another place: state in the file, or --state."
_SMALLEST_BYTES = 512  # a database is at least one page
_WAL_TRIES, _WAL_PAUSE_SECONDS = 50, 0.1

_PREPARING = threading.Lock()  # one file, several stores of one process

Migration = Sequence[str]
MIGRATIONS: Sequence[Migration] = (
    (
        """
        CREATE TABLE alerts (
            name TEXT NOT NULL CONSTRAINT alerts_pkey PRIMARY KEY,
            last_due_at TEXT,
            muted_until TEXT,
            states TEXT NOT NULL CONSTRAINT alerts_states_check CHECK (json_valid(states)),
            claim_token TEXT,
            claimed_until TEXT,
            claimed_by TEXT,
            CONSTRAINT alerts_claim_check CHECK (
                (claim_token IS NULL) = (claimed_until IS NULL)
                AND (claim_token IS NULL) = (claimed_by IS NULL)
            )
        ) STRICT
        """,
        """
        CREATE TABLE evaluations (
            alert TEXT NOT NULL,
            due_at TEXT NOT NULL,
            evaluated_at TEXT NOT NULL,
            claim_token TEXT NOT NULL,
            record TEXT NOT NULL CONSTRAINT evaluations_record_check CHECK (json_valid(record)),
            CONSTRAINT evaluations_pkey PRIMARY KEY (alert, due_at)
        ) STRICT
        """,
        "CREATE INDEX evaluations_evaluated_at_idx ON evaluations (evaluated_at)",
        """
        CREATE TABLE deliveries (
            id TEXT NOT NULL CONSTRAINT deliveries_pkey PRIMARY KEY,
            channel TEXT NOT NULL,
            notice TEXT NOT NULL CONSTRAINT deliveries_notice_check CHECK (json_valid(notice)),
            notice_at TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL CONSTRAINT deliveries_attempts_check CHECK (attempts >= 0),
            next_attempt_at TEXT,
            finished_at TEXT,
            detail TEXT NOT NULL,
            recipients TEXT CONSTRAINT deliveries_recipients_check CHECK (
                recipients IS NULL OR json_valid(recipients)
            ),
            claim_token TEXT,
            claimed_until TEXT,
            claimed_by TEXT,
            CONSTRAINT deliveries_state_check CHECK (
                CASE state
                    WHEN 'waiting' THEN next_attempt_at IS NOT NULL AND finished_at IS NULL
                    WHEN 'delivered' THEN next_attempt_at IS NULL AND finished_at IS NOT NULL
                    WHEN 'dead' THEN next_attempt_at IS NULL AND finished_at IS NOT NULL
                    ELSE 0
                END
            ),
            CONSTRAINT deliveries_claim_check CHECK (
                (claim_token IS NULL) = (claimed_until IS NULL)
                AND (claim_token IS NULL) = (claimed_by IS NULL)
                AND (claim_token IS NULL OR state = 'waiting')
            )
        ) STRICT
        """,
        """
        CREATE INDEX deliveries_waiting_idx ON deliveries (next_attempt_at, id)
        WHERE state = 'waiting'
        """,
        "CREATE INDEX deliveries_notice_at_idx ON deliveries (notice_at)",
        """
        CREATE INDEX deliveries_finished_at_idx ON deliveries (finished_at)
        WHERE finished_at IS NOT NULL
        """,
        """
        CREATE TABLE runners (
            name TEXT NOT NULL CONSTRAINT runners_pkey PRIMARY KEY,
            beat_at TEXT NOT NULL
        ) STRICT
        """,
    ),
)


_LOCKED = (
    "Another process keeps {path} locked for more than {wait:g} s.",
    "Look for a program that holds it open in a transaction.",
)
_UNWRITABLE = (
    "{path} cannot be opened or written to.",
    "The runner must be able to write to the file and to its folder.",
)
_EXPLANATIONS = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _UNWRITABLE,
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_FULL: ("The disk is full: {path} cannot grow.", "Make room for it."),
    sqlite3.SQLITE_IOERR: (
        "The disk failed to read or write {path}.",
        "Look for a full or failing disk, a quota, or a limit on the size of files.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "{path} is not an alert state file: it is no SQLite database.",
        f"It was left as it is. {_ELSEWHERE}",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "{path} is damaged.",
        f"Keep a copy, then restore it from a backup or remove it. {_ELSEWHERE}",
    ),
}
"""What went wrong and what to do, by https://www.sqlite.org/rescode.html."""


class StateFile:
    """One SQLite file. Made when it is first written to, readable by its owner only."""

    def __init__(
        self,
        path: Path,
        *,
        busy_seconds: float = 10.0,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self.path = path
        self.busy_seconds = busy_seconds
        self._migrations = migrations

    def exists(self) -> bool:
        """Say whether there is anything to read. Raises `StateFailed`."""
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unusable(error) from None

    def prepare(self) -> None:
        """Make the file, or check that it is ours and bring its tables up to date.

        Raises `StateFailed`; a file that is not ours, damaged or newer is left untouched.
        """
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StateFailed(
                f"SQLite {sqlite3.sqlite_version} is too old to keep the alert state.",
                hint="Use a Python with SQLite 3.37 or newer, or keep the state in PostgreSQL.",
            )
        with _PREPARING, self.explained():
            if self.exists():
                self._check()
            else:
                self._create()
            with closing(self.open()) as connection:
                self._migrate(connection)
                self._use_write_ahead_log(connection)

    def open(self) -> sqlite3.Connection:
        """Return a connection that any thread may use, one at a time; transactions are explicit."""
        connection = sqlite3.connect(
            self.path,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        connection.create_function("is_dead_owner", 1, is_dead)
        return connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn SQLite's errors into `StateFailed`, each with what to do about it."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            raise self._unusable(error) from None

    def _create(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return  # empty, or another runner makes it just now

    def _check(self) -> None:
        """Refuse what is not ours before anything could write to it.

        Only SQLite may open the file: closing it by other means would end the locks that other
        connections of this process hold (https://www.sqlite.org/howtocorrupt.html, 2.2).
        """
        if self.path.stat().st_size < _SMALLEST_BYTES:
            raise self._explanation(sqlite3.SQLITE_NOTADB)  # SQLite would call it empty
        with closing(self.open()) as connection:
            connection.execute("PRAGMA query_only = ON")
            self._read_version(connection)

    def _read_version(self, connection: sqlite3.Connection) -> int:
        # Our mark is read last: whoever makes the file right now writes it together with the rest.
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        ((objects,),) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        if application != APPLICATION_ID and (application or version or objects):
            raise StateFailed(
                f"{self.path} is a database of another program.",
                hint=f"It was left as it is. {_ELSEWHERE}",
            )
        if version > len(self._migrations):
            raise StateFailed(
                f"{self.path} was written by a newer version of Heliograph.",
                hint=f"It was left as it is. Use that version. {_ELSEWHERE}",
            )
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._read_version(connection) == len(self._migrations):
            return
        # Not yet, or still, without a write-ahead log where the file is new: then the main file
        # holds everything or nothing, also for somebody who only looks at its header.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for migration in self._migrations[self._read_version(connection) :]:
                for statement in migration:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Let readers and the writer not wait for each other; not every file system can."""
        for attempt in range(_WAL_TRIES):
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself here when two runners start at once.
                if _kind(error) != sqlite3.SQLITE_BUSY or attempt == _WAL_TRIES - 1:
                    raise
                time.sleep(_WAL_PAUSE_SECONDS)
            else:
                return

    def _explain(self, error: sqlite3.Error) -> StateFailed:
        kind = _kind(error)
        if kind in _EXPLANATIONS:
            return self._explanation(kind)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StateFailed(f"SQLite could not use {self.path} ({name}).", hint=_ELSEWHERE)

    def _explanation(self, kind: int) -> StateFailed:
        message, hint = _EXPLANATIONS[kind]
        return StateFailed(message.format(path=self.path, wait=self.busy_seconds), hint=hint)

    def _unusable(self, error: OSError) -> StateFailed:
        reason = error.strerror or type(error).__name__
        return StateFailed(
            f"The alert state {self.path} cannot be used: {reason}.",
            hint=f"The runner must be able to write to the file and to its folder. {_ELSEWHERE}",
        )


def _kind(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
