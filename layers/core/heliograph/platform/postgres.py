"""PostgreSQL as a neighbour: short administrative work over one connection.

psycopg is imported when a connection is made. Its errors become ours, without the connection
string; streaming the result of a person's query is the engine's business, not this module's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heliograph.kernel.errors import (
    ConnectError,
    ConnectionLost,
    ConnectionRefused,
    DatabaseUnknown,
    LoginFailed,
    QueryError,
    TooManyConnections,
)

if TYPE_CHECKING:
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_SWAP_ATTEMPTS = 20
_CONNECT_ERRORS: dict[str, type[ConnectError]] = {
    "28P01": LoginFailed,
    "28000": LoginFailed,
    "3D000": DatabaseUnknown,
    "53300": TooManyConnections,
}


@contextmanager
def connect(
    url: str, *, autocommit: bool = True, timeout_seconds: int = 10
) -> Iterator[Connection]:
    """Yield a connection that is closed afterwards; without autocommit, committed on success.

    Raises ConnectError (or the class of it that fits) when none can be made, and QueryError when
    a statement inside the block fails.
    """
    import psycopg  # noqa: PLC0415

    try:
        connection = psycopg.connect(
            url, autocommit=autocommit, connect_timeout=timeout_seconds, gssencmode="disable"
        )
    except psycopg.OperationalError as error:
        raise _connect_error(error) from None
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        if connection.broken and error.sqlstate is None:
            raise ConnectionLost("The connection to the database ended unexpectedly.") from error
        raise QueryError(
            str(error.diag.message_primary or "The database could not do what was asked."),
            sqlstate=error.sqlstate,
            hint=error.diag.message_hint,
        ) from error


def execute_script(url: str, sql: str) -> None:
    """Run the statements of ``sql`` in one transaction: all of them take effect, or none.

    Raises ConnectError or QueryError.
    """
    with connect(url, autocommit=False) as connection:
        connection.execute(sql.encode())


def quote_name(name: str) -> str:
    """Return ``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return ``text`` as an SQL literal, for statements that admit no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f" E'{escaped}'"


def copy_into(connection: Connection, table: str, chunks: Iterable[str]) -> None:
    """Load ``chunks``, text in COPY's text format, into a table made in the same transaction."""
    statement = f"COPY {quote_name(table)} FROM STDIN WITH (FREEZE)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for chunk in chunks:
            copy.write(chunk)


def set_password(connection: Connection, role: str, password: str) -> None:
    """Set the password of ``role``; the server, and so its log, only ever sees a verifier of it."""
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(f"ALTER ROLE {quote_name(role)} PASSWORD {quote_text(verifier)}".encode())


def replace_database(connection: Connection, name: str, by: str, *, aside: str) -> None:
    """Rename database ``by`` to ``name`` in one step; what had the name is called ``aside``.

    The sessions of the database that is put aside are ended. Raises QueryError when new ones keep
    coming faster than that.
    """
    import psycopg  # noqa: PLC0415

    for attempt in range(_SWAP_ATTEMPTS):
        try:
            with connection.transaction():
                _rename_both(connection, name, by, aside)
        except psycopg.errors.ObjectInUse:
            if attempt == _SWAP_ATTEMPTS - 1:
                raise
        else:
            return


def _rename_both(connection: Connection, name: str, by: str, aside: str) -> None:
    find = "SELECT 1 FROM pg_database WHERE datname = %s"
    if connection.execute(find, [name]).fetchone():
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
        connection.execute(
            f"ALTER DATABASE {quote_name(name)} RENAME TO {quote_name(aside)}".encode()
        )
    connection.execute(f"ALTER DATABASE {quote_name(by)} RENAME TO {quote_name(name)}".encode())


def _connect_error(error: psycopg.OperationalError) -> ConnectError:
    said = str(error)
    for sqlstate, kind in _CONNECT_ERRORS.items():
        if error.sqlstate == sqlstate:
            return kind("The database refused the connection.", sqlstate=sqlstate)
    if "password authentication failed" in said or "no password supplied" in said:
        return LoginFailed("The database refused the user or the password.")
    if "Connection refused" in said:
        return ConnectionRefused("Nothing listens at the address of the database.")
    if "does not exist" in said and "database" in said:
        return DatabaseUnknown("The server has no database of that name.")
    return ConnectError("No connection to the database could be made.")
