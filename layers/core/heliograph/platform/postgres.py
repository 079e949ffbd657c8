"""PostgreSQL as a neighbour: short administrative work over one connection.

psycopg is imported when a connection is made. Its errors become ours, without the connection
string; streaming the result of a person's query is the engine's business, not this module's.
"""

from __future__ import annotations

import selectors
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

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

T = TypeVar("T")

_SWAP_ATTEMPTS = 20
_LOST = ("57P", "08P", "080")  # shut down, terminated, or given up by a pooler
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
    with _query_errors(connection), connection:
        yield connection


class Sessions:
    """A few warm connections to one database, for short work from several threads.

    Nothing of a session is relied on between two uses, so a transaction pooler may stand between.
    """

    def __init__(self, url: str, *, most: int = 4, timeout_seconds: int = 10) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._places = threading.BoundedSemaphore(most)
        self._idle: list[Connection] = []  # the last used one last; append and pop are atomic

    def run(self, work: Callable[[Connection], T], *, is_transaction: bool = True) -> T:
        """Do ``work``, in one transaction or each statement by itself.

        It is done once more when the connection was lost in it, although what it did may have
        taken effect. Raises ConnectError when no connection can be made, `ConnectionLost` when it
        was lost twice, and QueryError when a statement fails.
        """
        with self._places:
            try:
                return self._run_once(work, is_transaction)
            except ConnectionLost:
                return self._run_once(work, is_transaction)

    def close(self) -> None:
        """Close the idle connections; the next use makes new ones."""
        while self._idle:
            self._idle.pop().close()

    def _run_once(self, work: Callable[[Connection], T], is_transaction: bool) -> T:
        connection = self._take()
        try:
            with (
                _query_errors(connection),
                connection.transaction() if is_transaction else nullcontext(),
            ):
                done = work(connection)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return done

    def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if _is_quiet(connection):
                return connection
            connection.close()
        return self._connect()

    def _connect(self) -> Connection:
        import psycopg  # noqa: PLC0415

        try:
            return psycopg.connect(
                self._url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=self._timeout_seconds,
                gssencmode="disable",
                keepalives_idle=30,
                tcp_user_timeout=30_000,
            )
        except psycopg.OperationalError as error:
            raise _connect_error(error) from None


def _is_quiet(connection: Connection) -> bool:
    """Say whether the server has neither closed an idle connection nor said anything on it."""
    if connection.closed:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(0)


@contextmanager
def _query_errors(connection: Connection) -> Iterator[None]:
    import psycopg  # noqa: PLC0415

    try:
        yield
    except psycopg.Error as error:
        is_lost = connection.broken if error.sqlstate is None else error.sqlstate[:3] in _LOST
        if is_lost:
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
