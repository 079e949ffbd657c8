"""A migrated app database for each test, copied from a template that is made once per session."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.postgres import SharedServer

from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres
from heliograph.platform.migrations import migrate, read_migrations


@contextmanager
def app_database(shared: SharedServer, server: PostgresServer) -> Iterator[str]:
    """Yield the URL of a fresh app database, superuser login, dropped afterwards."""
    template = _ensure_template(shared, server)
    name = f"app_{secrets.token_hex(6)}"
    with postgres.connect(server.url()) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    try:
        yield server.url(name)
    finally:
        with postgres.connect(server.url()) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


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
