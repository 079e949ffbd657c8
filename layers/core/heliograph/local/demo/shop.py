"""The demo shop in a server: loaded whole or not at all, and made anew when its day is over."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heliograph.kernel.errors import (
    ConnectError,
    HeliographError,
    LocalDatabaseError,
    QueryError,
)
from heliograph.local.demo.generate import generate_shop
from heliograph.local.postgres_folder import write_private
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres

if TYPE_CHECKING:
    from heliograph.platform.postgres import Connection

DATABASE = "shop"
READER = "shop_reader"

_DISK_FULL = "53100"
_LOADER_LOCK = 5_230_112_026  # one loader at a time on a server
_SOURCES = (
    *("tables.sql", "constraints.sql", "routines.sql"),
    *("catalogue.py", "generate.py", "page_views.py", "timeline.py"),
)


@dataclass(frozen=True)
class ShopLogins:
    """The URLs of the demo shop; both hold passwords.

    ``reader_url`` is a role that may only read; ``superuser_url`` may do everything.
    """

    reader_url: str
    superuser_url: str


def load_shop(
    server: PostgresServer,
    *,
    today: date,
    seed: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> ShopLogins:
    """Make sure that the running server holds the shop of ``today`` and ``seed``; return its URLs.

    A shop of another day, seed or version of the data is replaced in one step: until then the old
    one answers, and its sessions end with it. A load that is killed leaves the old one in place.
    """
    mark = f"The demo shop of {today.isoformat()}, seed {seed}, data {_edition()}."
    with postgres.connect(server.url()) as admin:
        admin.execute("SET lock_timeout = '2min'")
        admin.execute("SELECT pg_advisory_lock(%s)", [_LOADER_LOCK])
        _drop_leftovers(admin)
        _ensure_reader(server, admin)
        if _mark_of_shop(admin) != mark:
            say(f"Making the demo shop for {today.isoformat()} ...")
            loading = f"{DATABASE}_loading_{secrets.token_hex(4)}"
            _create_database(admin, loading, mark)
            try:
                _fill(server.url(loading), today, seed, say)
            except (QueryError, ConnectError) as error:
                # On a connection of its own: ours may have ended with the server.
                with suppress(QueryError, ConnectError), postgres.connect(server.url()) as other:
                    _drop_leftovers(other)
                raise _load_failure(server, error) from error
            postgres.replace_database(
                admin, DATABASE, loading, aside=f"{DATABASE}_old_{secrets.token_hex(4)}"
            )
            _drop_leftovers(admin)
    return shop_logins(server)


def shop_logins(server: PostgresServer) -> ShopLogins:
    """Return the URLs of the shop that a running server holds.

    Raises LocalDatabaseError when the server is not running or no shop was loaded.
    """
    superuser_url = server.url(DATABASE)
    try:
        password = _reader_password_path(server).read_text().strip()
    except OSError as error:
        raise LocalDatabaseError(
            "The demo shop was not loaded yet.", hint="Start the demo: heliograph demo start"
        ) from error
    address = urlsplit(superuser_url).netloc.rpartition("@")[2]
    return ShopLogins(f"postgresql://{READER}:{password}@{address}/{DATABASE}", superuser_url)


def _edition() -> str:
    """Return a short name of everything the rows are made from, so that a new release reloads."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update(_source(name).encode())
    return digest.hexdigest()[:12]


def _source(name: str) -> str:
    return (files("heliograph.local.demo") / name).read_text(encoding="utf-8")


def _reader_password_path(server: PostgresServer) -> Path:
    return server.data_dir.with_name(f"{server.data_dir.name}.{READER}")


def _ensure_reader(server: PostgresServer, admin: Connection) -> None:
    path = _reader_password_path(server)
    found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone()
    if found and path.is_file():
        return
    password = secrets.token_urlsafe(24)
    if not found:
        admin.execute(f"CREATE ROLE {READER} LOGIN".encode())
        admin.execute(f"ALTER ROLE {READER} SET default_transaction_read_only = on".encode())
    postgres.set_password(admin, READER, password)
    write_private(path, password + "\n")


def _mark_of_shop(admin: Connection) -> str | None:
    found = admin.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        [DATABASE],
    ).fetchone()
    return found[0] if found else None


def _create_database(admin: Connection, name: str, mark: str) -> None:
    quoted = postgres.quote_name(name)
    admin.execute(f"CREATE DATABASE {quoted} TEMPLATE template0".encode())
    admin.execute(f"COMMENT ON DATABASE {quoted} IS {postgres.quote_text(mark)}".encode())
    admin.execute(f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC".encode())
    admin.execute(f"GRANT CONNECT ON DATABASE {quoted} TO {READER}".encode())


def _fill(url: str, today: date, seed: int, say: Callable[[str], None]) -> None:
    with postgres.connect(url, autocommit=False) as connection:
        connection.execute(_source("tables.sql").encode())
        for rows in generate_shop(today, seed):
            say(f"  {rows.table}")
            postgres.copy_into(connection, rows.table, rows.chunks)
        connection.execute(_source("constraints.sql").encode())
        connection.execute(_source("routines.sql").encode())
        connection.execute(
            f"REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
            f"GRANT USAGE ON SCHEMA public TO {READER};"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode()
        )
        connection.execute("ANALYZE")


def _load_failure(server: PostgresServer, error: HeliographError) -> LocalDatabaseError:
    log = server.recent_log()
    if error.sqlstate == _DISK_FULL or "No space left on device" in log:
        return LocalDatabaseError(
            f"The disk of {server.data_dir.parent} is full: the demo shop could not be made.",
            hint="The demo takes about 200 MB, and as much again while it is renewed.",
            detail=log,
        )
    return LocalDatabaseError(f"The demo shop could not be made: {error.message}", detail=log)


def _drop_leftovers(admin: Connection) -> None:
    """Drop what a killed load left: a half-filled database, or an old one already replaced."""
    names = admin.execute(
        "SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{DATABASE}_(loading|old)_"]
    ).fetchall()
    for (name,) in names:
        admin.execute(f"DROP DATABASE {postgres.quote_name(name)} WITH (FORCE)".encode())
