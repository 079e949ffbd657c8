"""A migrated app database for each test, copied from a template that is made once per session.

Copying and dropping one takes longer than most tests. So one that a test has left in its shape is
emptied and given to the next test; one whose shape has changed is dropped.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.postgres import SharedServer

from heliograph.kernel.errors import HeliographError
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres
from heliograph.platform.migrations import migrate, read_migrations

_KEPT = "schema_migrations"  # its rows are part of the shape
_MOST_BYTES = 1_000_000  # what is larger is truncated: deleted rows stay in the file
_SHAPE = """
SELECT md5(string_agg(shown, ',' ORDER BY shown)) FROM (
    SELECT format('%s %s %s %s', relname, relkind, relnatts, relchecks) AS shown
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', conname, contype) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s()', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL
    SELECT format('%s', setconfig) FROM pg_db_role_setting
    UNION ALL
    SELECT format('%s %s', version, checksum) FROM schema_migrations
) AS parts
"""
_TABLES = """
SELECT quote_ident(relname), pg_total_relation_size(oid) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> %s
"""
_END_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class AppDatabases:
    """The app databases of one worker."""

    def __init__(self, shared: SharedServer, server: PostgresServer) -> None:
        self._server = server
        self._template = _ensure_template(shared, server)
        self._free: list[tuple[str, str]] = []

    @contextmanager
    def one(self) -> Iterator[str]:
        """Yield the URL of an app database without a row, superuser login."""
        name, shape = self._free.pop() if self._free else self._make()
        try:
            yield self._server.url(name)
        finally:
            if self._is_emptied(name, shape):
                self._free.append((name, shape))
            else:
                self._drop(name)

    def close(self) -> None:
        """Drop what is left."""
        while self._free:
            self._drop(self._free.pop()[0])

    def _make(self) -> tuple[str, str]:
        name = f"app_{secrets.token_hex(6)}"
        with postgres.connect(self._server.url()) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}".encode())
        with postgres.connect(self._server.url(name)) as connection:
            return name, _shape_of(connection)

    def _drop(self, name: str) -> None:
        with postgres.connect(self._server.url()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _is_emptied(self, name: str, shape: str) -> bool:
        """Remove every row; False where that would not make the database what it was."""
        try:
            with postgres.connect(self._server.url(name)) as connection:
                connection.execute(_END_SESSIONS)
                if _shape_of(connection) != shape:
                    return False
                # Without this, rows would have to go in the order of their foreign keys.
                connection.execute("SET session_replication_role = replica")
                for table, size in connection.execute(_TABLES, [_KEPT]).fetchall():
                    way = "TRUNCATE" if size > _MOST_BYTES else "DELETE FROM"
                    cascade = " CASCADE" if size > _MOST_BYTES else ""
                    connection.execute(f"{way} {table}{cascade}".encode())
        except HeliographError:
            return False
        return True


def _shape_of(connection: postgres.Connection) -> str:
    (row,) = connection.execute(_SHAPE).fetchall()
    return str(row[0])


def _ensure_template(shared: SharedServer, server: PostgresServer) -> str:
    """Return the template's name; its migrations are part of it, so a change makes another."""
    migrations = read_migrations()
    digest = hashlib.sha256("".join(m.title + m.checksum for m in migrations).encode())
    name = f"app_template_{digest.hexdigest()[:16]}"
    if _exists(server, name):
        return name
    with shared.locked():
        if not _exists(server, name):
            making = f"{name}_making"
            with postgres.connect(server.url()) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {making}".encode())
                connection.execute(f"CREATE DATABASE {making} TEMPLATE template0".encode())
            migrate(server.url(making), migrations=migrations)
            with postgres.connect(server.url()) as connection:
                # CREATE DATABASE refuses a template that anybody is connected to.
                connection.execute(f"ALTER DATABASE {making} ALLOW_CONNECTIONS false".encode())
                connection.execute(f"ALTER DATABASE {making} RENAME TO {name}".encode())
    return name


def _exists(server: PostgresServer, name: str) -> bool:
    with postgres.connect(server.url()) as connection:
        find = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(find, [name]).fetchone() is not None
