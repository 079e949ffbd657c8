"""The shape of the app database: numbered files of plain SQL, applied once each, forward only.

Each migration is a transaction of its own under one advisory lock, with a row in
``schema_migrations`` that keeps its checksum. Nothing of a session is relied on between two of
them, so a transaction pooler may stand between.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import MigrationFailed, SchemaOutdated
from heliograph.platform import postgres

if TYPE_CHECKING:
    from heliograph.platform.database import Database

FOLDER = Path(__file__).parent.parent / "migrations"

_FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
_LOCK = 0x48656C696F  # any number will do that no other program takes
_LOCK_SECONDS = 300  # for another process that migrates
_TABLE_LOCK_SECONDS = 30  # who waits longer for a table keeps everybody else waiting behind it

_MAKE_TABLE: LiteralString = """
CREATE TABLE schema_migrations (
    version integer CONSTRAINT schema_migrations_pkey PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL
)
"""
_SELECT: LiteralString = """
SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version
"""
_INSERT: LiteralString = """
INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (%s, %s, %s, %s)
"""
_HINTS = {
    "42501": "The role needs to own the database, or CREATE on its schema public.",
    "55P03": "Somebody holds a table for long. Look in pg_stat_activity, then try again.",
    "25006": "The database is read-only: a replica, or default_transaction_read_only.",
}


@dataclass(frozen=True)
class Migration:
    """One file: ``0004_create_queue_messages.sql`` is version 4."""

    version: int
    name: str
    sql: str

    @property
    def title(self) -> str:
        """The name of the file without its ending."""
        return f"{self.version:04d}_{self.name}"

    @cached_property
    def checksum(self) -> str:
        """What changes when the text does; line ends do not count."""
        return hashlib.sha256("\n".join(self.sql.splitlines()).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of ``schema_migrations``."""

    version: int
    name: str
    checksum: str
    at: datetime

    @property
    def title(self) -> str:
        """The name of the file without its ending."""
        return f"{self.version:04d}_{self.name}"


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Return the migrations of a folder by their number.

    Raises `MigrationFailed` when two have the same number.
    """
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("[0-9]*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationFailed(f"{path.name} is not named like 0001_create_users.sql.")
        version = int(match["version"])
        if version in found:
            raise MigrationFailed(f"Two migrations have the number {version:04d}.")
        found[version] = Migration(version, match["name"], path.read_text("utf-8"))
    return [found[version] for version in sorted(found)]


def choose_pending(migrations: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """Return those that are not applied yet, in order.

    Raises `SchemaOutdated` when the database is ahead of this version of Heliograph, and
    `MigrationFailed` when one that was applied has been changed since.
    """
    known = {migration.version: migration for migration in migrations}
    for row in applied:
        migration = known.get(row.version)
        if migration is None:
            raise SchemaOutdated(
                f"The app database has the migration {row.title}, which this version of Heliograph"
                " does not know.",
                hint="A newer Heliograph has used this database. Upgrade this one.",
            )
        if migration.checksum != row.checksum:
            raise MigrationFailed(
                f"The migration {migration.title} has been changed since it was applied.",
                hint="Bring its file back as it was; make changes in a migration of their own.",
            )
    done = {row.version for row in applied}
    return [migration for migration in migrations if migration.version not in done]


def find_pending(database: Database, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Return the titles of the migrations that the database lacks, in order. Changes nothing.

    Raises what `choose_pending` and `Database.fetch` raise.
    """
    known = read_migrations() if migrations is None else migrations
    return [migration.title for migration in choose_pending(known, find_applied(database))]


def find_applied(database: Database) -> list[Applied]:
    """Return the migrations that the database has, in order. Raises as `Database.fetch` does."""
    try:
        rows = database.fetch(_SELECT)
    except SchemaOutdated:  # there is no schema_migrations: a database that nobody has used
        return []
    return [
        Applied(row["version"], row["name"], row["checksum"], row["applied_at"]) for row in rows
    ]


def migrate(
    url: str, *, migrations: Sequence[Migration] | None = None, clock: Clock | None = None
) -> list[str]:
    """Apply what the database lacks; return the titles of what this call has applied, in order.

    Of several processes at once one applies each migration, and all return when none is pending.
    What was applied before a failure stays. Raises `ConnectError` when the database cannot be
    reached, `MigrationFailed` and `SchemaOutdated`.
    """
    known = read_migrations() if migrations is None else migrations
    done: list[str] = []
    for _ in range(len(known) + 1):
        title = _apply_next(url, known, clock or SystemClock())
        if title is None:
            break
        done.append(title)
    return done


def _apply_next(url: str, migrations: Sequence[Migration], clock: Clock) -> str | None:
    """Apply the first that is pending, in one transaction; None when there is none."""
    import psycopg  # noqa: PLC0415

    with postgres.connect(url, autocommit=False) as connection:
        try:
            applied = _locked_rows(connection)
        except psycopg.Error as error:
            raise _failed("The list of applied migrations", error) from error
        pending = choose_pending(migrations, applied)
        if not pending:
            return None
        migration = pending[0]
        try:
            connection.execute(migration.sql.encode())
            connection.execute(
                _INSERT, [migration.version, migration.name, migration.checksum, clock.now()]
            )
            connection.commit()
        except psycopg.Error as error:
            raise _failed(f"The migration {migration.title}", error, migration.sql) from error
        return migration.title


def _locked_rows(connection: postgres.Connection) -> list[Applied]:
    """Take the lock until the end of the transaction; return what is applied by then."""
    # A statement sees what was committed when it began: the lock comes in one of its own, before.
    connection.execute(
        f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;"
        f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s';"
        f"SELECT pg_advisory_xact_lock({_LOCK});"
        f"SET LOCAL lock_timeout = '{_TABLE_LOCK_SECONDS}s'".encode()
    )
    found = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
    if found is None or found[0] is None:
        connection.execute(_MAKE_TABLE)
    return [Applied(*row) for row in connection.execute(_SELECT)]


def _failed(what: str, error: Exception, sql: str | None = None) -> MigrationFailed:
    """Say what PostgreSQL refused, and where: the SQL is our own, and no DETAIL line is told."""
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or "the connection broke off"
    sqlstate = getattr(error, "sqlstate", None)
    failed = MigrationFailed(
        f"{what} failed: {said}.",
        sqlstate=sqlstate,
        hint=_HINTS.get(sqlstate or "", "What was applied before it stays. Try again."),
    )
    position = getattr(diagnosis, "statement_position", None)
    if sql is not None and position:
        failed.located_in(sql, int(position))
    return failed
