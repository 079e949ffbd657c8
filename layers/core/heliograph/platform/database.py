"""The app database: short transactions over a few warm connections.

Nothing of a session is relied on between two transactions, so a transaction pooler (PgBouncer, RDS
Proxy) may stand between. Rows are dicts by column name. A broken constraint leaves the transaction
as `ConstraintViolated`, for the service to say what it means; what else goes wrong becomes ours.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, LiteralString
from weakref import WeakKeyDictionary

from heliograph.kernel.errors import DatabaseUnavailable, Overloaded, SchemaOutdated
from heliograph.platform.fetching import Fetcher

if TYPE_CHECKING:
    from typing import TypeAlias

    import psycopg

    Transaction: TypeAlias = psycopg.Connection[dict[str, Any]]

_WAIT_SECONDS = 5.0
_IDLE_SECONDS = 300.0
_OUTDATED = ("42P01", "42703", "42883")  # a table, a column or a function that a migration makes
_INTEGRITY = "23"


class ConstraintViolated(Exception):
    """A statement broke the constraint of this name: unique, foreign key, check or not null."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class Database:
    """Warm connections to the app database, at most ``most`` at once. Threads may share it.

    With ``prepares`` the server plans statements that come often once for each connection, which
    halves their cost; behind RDS Proxy that would pin its connections. ``renew_url`` reads the URL
    anew when no connection can be made: its password may have been changed meanwhile.
    """

    def __init__(
        self,
        url: str,
        *,
        most: int = 8,
        connect_seconds: int = 5,
        statement_seconds: int = 20,
        prepares: bool = False,
        renew_url: Callable[[], str] | None = None,
    ) -> None:
        self._url = url
        self._renew_url = renew_url
        self._prepares = prepares
        self._fetchers: WeakKeyDictionary[Transaction, Fetcher] = WeakKeyDictionary()
        self._connect_seconds = connect_seconds
        # One round trip: without parameters, several statements may stand in one text.
        self._begin = f"BEGIN; SET LOCAL statement_timeout = {statement_seconds * 1000:d}".encode()
        self._places = threading.BoundedSemaphore(most)
        self._idle: list[tuple[float, Transaction]] = []  # the last used one last

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Yield a connection inside a transaction, committed when the block ends well.

        Raises `ConstraintViolated`, `DatabaseUnavailable` when there is no connection or it breaks
        off, `Overloaded` when all are in use for 5 s, `SchemaOutdated` when a table or column is
        missing. When the commit itself breaks off, nobody knows whether it took effect.
        """
        with self._borrowed() as connection:
            connection.execute(self._begin)
            yield connection
            connection.execute("COMMIT")

    def fetch(
        self, statement: LiteralString, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[dict[str, Any]]:
        """Return the rows of one statement, which is a transaction of its own: one round trip.

        Raises as `transaction` does.
        """
        connection = self._borrow()
        try:
            return self._fetchers[connection].fetch(statement, values)
        except Exception as error:
            ours = _ours(error)
            if ours is None:
                raise
            raise ours from error
        finally:
            self._give_back(connection)

    @contextmanager
    def _borrowed(self) -> Iterator[Transaction]:
        connection = self._borrow()
        try:
            yield connection
        except Exception as error:
            ours = _ours(error)
            if ours is None:
                raise
            raise ours from error
        finally:
            self._give_back(connection)

    def _borrow(self) -> Transaction:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise Overloaded("All connections to the app database are in use.")
        try:
            return self._take()
        except BaseException:
            self._places.release()
            raise

    def close(self) -> None:
        """Close the idle connections; the next use makes new ones."""
        while self._idle:
            self._idle.pop()[1].close()

    def _take(self) -> Transaction:
        while self._idle:
            try:
                since, connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if time.monotonic() - since < _IDLE_SECONDS and _is_quiet(connection):
                return connection
            connection.close()
        return self._connect()

    def _give_back(self, connection: Transaction) -> None:
        from psycopg.pq import TransactionStatus  # noqa: PLC0415

        try:
            status = connection.pgconn.transaction_status
            if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                status = _rolled_back(connection)
            if status == TransactionStatus.IDLE:
                self._idle.append((time.monotonic(), connection))
            else:
                connection.close()
        finally:
            self._places.release()

    def _connect(self) -> Transaction:
        url = self._url
        try:
            connection = self._open(url)
        except DatabaseUnavailable:
            if self._renew_url is None:
                raise
            self._url = self._renew_url()
            if self._url == url:
                raise
            connection = self._open(self._url)
        self._fetchers[connection] = Fetcher(connection, prepares=self._prepares)
        return connection

    def _open(self, url: str) -> Transaction:
        import psycopg  # noqa: PLC0415
        from psycopg.rows import dict_row  # noqa: PLC0415

        try:
            return psycopg.Connection[dict[str, Any]].connect(
                url,
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
                connect_timeout=self._connect_seconds,
                gssencmode="disable",
                keepalives_idle=30,
                tcp_user_timeout=30_000,
                application_name="heliograph:app",
            )
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                "The app database cannot be reached.",
                sqlstate=error.sqlstate,
                hint="Check that it runs, its address and its login: `heliograph doctor`.",
            ) from None


def _is_quiet(connection: Transaction) -> bool:
    """Say whether the server has neither closed an idle connection nor said anything on it."""
    if connection.closed:
        return False
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return not looking.poll(0)


def _rolled_back(connection: Transaction) -> int:
    from psycopg import Error  # noqa: PLC0415

    with suppress(Error):
        connection.execute("ROLLBACK")
    return connection.pgconn.transaction_status


def _ours(error: Exception) -> Exception | None:
    """Return what an error of psycopg means to us; None for another one."""
    import psycopg  # noqa: PLC0415

    if not isinstance(error, psycopg.Error):
        return None
    sqlstate = error.sqlstate or ""
    if sqlstate.startswith(_INTEGRITY):
        return ConstraintViolated(error.diag.constraint_name or sqlstate)
    if sqlstate in _OUTDATED:
        return SchemaOutdated(
            "The app database lacks what this version needs.",
            sqlstate=sqlstate,
            hint="Run `heliograph migrate`.",
        )
    return DatabaseUnavailable(
        "The app database broke off or refused a statement.", sqlstate=error.sqlstate
    )
