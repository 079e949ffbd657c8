"""The app database: short transactions over a few warm connections.

Nothing of a session is relied on between two transactions, so a transaction pooler (PgBouncer, RDS
Proxy) may stand between. Rows are dicts by column name. A broken constraint leaves the transaction
as `ConstraintViolated`, for the service to say what it means; what else goes wrong becomes ours.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, LiteralString

from heliograph.kernel.errors import DatabaseUnavailable, Overloaded, SchemaOutdated

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
    """Warm connections to the app database, at most ``most`` at once. Threads may share it."""

    def __init__(
        self, url: str, *, most: int = 8, connect_seconds: int = 5, statement_seconds: int = 20
    ) -> None:
        self._url = url
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

    def fetch(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of one statement, which is a transaction of its own: one round trip.

        Raises as `transaction` does.
        """
        with self._borrowed() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _borrowed(self) -> Iterator[Transaction]:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise Overloaded("All connections to the app database are in use.")
        try:
            connection = self._take()
            try:
                with _translated():
                    yield connection
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

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
        from psycopg import Error  # noqa: PLC0415
        from psycopg.pq import TransactionStatus  # noqa: PLC0415

        if connection.info.transaction_status in (
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        ):
            with suppress(Error):
                connection.execute("ROLLBACK")
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append((time.monotonic(), connection))
        else:
            connection.close()

    def _connect(self) -> Transaction:
        import psycopg  # noqa: PLC0415
        from psycopg.rows import dict_row  # noqa: PLC0415

        try:
            return psycopg.Connection[dict[str, Any]].connect(
                self._url,
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
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(0)


@contextmanager
def _translated() -> Iterator[None]:
    import psycopg  # noqa: PLC0415

    try:
        yield
    except psycopg.Error as error:
        sqlstate = error.sqlstate or ""
        if sqlstate.startswith(_INTEGRITY):
            raise ConstraintViolated(error.diag.constraint_name or sqlstate) from error
        if sqlstate in _OUTDATED:
            raise SchemaOutdated(
                "The app database lacks what this version needs.",
                sqlstate=sqlstate,
                hint="Run `heliograph migrate`.",
            ) from error
        raise DatabaseUnavailable(
            "The app database broke off or refused a statement.", sqlstate=error.sqlstate
        ) from error
