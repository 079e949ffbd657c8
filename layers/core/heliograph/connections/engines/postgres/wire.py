"""The protocol steps that a run is made of, on top of libpq as psycopg wraps it.

psycopg's own cursors convert each cell by a Python object per type and copy row by row; a result
that only passes through needs neither. Everything here waits through ``Connection.wait``, so that
Ctrl-C cancels on the server as it does with a cursor.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import errors, generators
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from heliograph.connections.engines.contract import Watch
from heliograph.connections.engines.postgres.chunks import received_bytes
from heliograph.kernel.errors import ConnectionLost, QueryTimedOut

GRACE_SECONDS = 5.0
"""How much longer than the server a run's deadline lies: the server's own timeout comes first."""

_CANCEL_SECONDS = 3.0
FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)
"""How a step that the server refused ends."""

T = TypeVar("T")


class ServerError(Exception):
    """The server answered a step with an error; ``result`` holds its fields."""

    def __init__(self, result: PGresult) -> None:
        super().__init__("the server reported an error")
        self.result = result


def check(result: PGresult) -> PGresult:
    """Return the result of a step that succeeded; raises `ServerError` for another."""
    if result.status in FAILED:
        raise ServerError(result)
    return result


class Wire:
    """One connection, seen as steps that send and fetch."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.pgconn = connection.pgconn
        self._deadline = math.inf  # the connection is closed then
        self._watch: Watch | None = None
        self._watched_since = 0.0
        self._next_look = math.inf

    @property
    def is_closed(self) -> bool:
        """True once the connection is gone."""
        return self.connection.closed

    @property
    def server_version(self) -> int:
        """The server's version as libpq counts it: 150018 for 15.18."""
        return self.pgconn.server_version

    def has_news(self) -> bool:
        """Say whether the server sent something unasked, such as the end of the connection."""
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))

    def limit(self, seconds: float | None, *, grace: float = GRACE_SECONDS) -> None:
        """From now on wait for this long altogether, and a grace; None waits for ever."""
        self._deadline = math.inf if not seconds else time.monotonic() + seconds + grace

    def watch(self, watch: Watch | None) -> None:
        """From now on have every wait look at ``watch``, in its own time; None ends that.

        What it raises comes out of the wait. The connection is then in the middle of something:
        `cancel` ends it.
        """
        self._watch = watch
        self._watched_since = time.monotonic()
        self._plan_look(self._watched_since)

    def pipeline(self, *steps: Callable[[], None]) -> list[PGresult]:
        """Send all steps in one trip and return one result for each; a failed one ends the rest."""
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        for step in steps:
            step()
        pgconn.pipeline_sync()
        self.flush()
        results: list[PGresult] = []
        while len(results) <= len(steps):
            result = self._wait(generators.fetch(pgconn))
            if result is not None:
                results.append(result)
            elif self.is_closed:
                raise self._lost(None)
        pgconn.exit_pipeline_mode()
        return results[:-1]  # the last one is the end of the pipeline

    def execute_each(self, *statements: str) -> None:
        """Run statements in one trip, each in a transaction of its own; raises `ServerError`."""
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        for sql in statements:
            pgconn.send_query_params(sql.encode(), None)
            pgconn.pipeline_sync()
        self.flush()
        ended = 0
        results: list[PGresult] = []
        while ended < len(statements):
            result = self._wait(generators.fetch(pgconn))
            if result is None:
                if self.is_closed:
                    raise self._lost(None)
            elif result.status == ExecStatus.PIPELINE_SYNC:
                ended += 1
            else:
                results.append(result)
        pgconn.exit_pipeline_mode()
        for result in results:
            check(result)

    def execute(
        self, sql: str, values: Sequence[bytes | None] = (), types: Sequence[int] = ()
    ) -> PGresult:
        """Run one statement through the extended protocol and return its whole result."""
        self.pgconn.send_query_params(sql.encode(), values or None, types or None)
        self.flush()
        results: list[PGresult] = []
        while (result := self._wait(generators.fetch(self.pgconn))) is not None:
            results.append(result)
        for result in results:
            check(result)
        return results[0]

    def flush(self) -> None:
        """Send what is still in libpq's buffer."""
        self._wait(generators.send(self.pgconn))

    def fetch(self) -> PGresult | None:
        """Return the next result of a statement that was sent, None after the last.

        Raises `ServerError` when it is an error; what follows has then been read.
        """
        result: PGresult | None = self._wait(generators.fetch(self.pgconn))
        if result is not None and result.status in FAILED:
            while self._wait(generators.fetch(self.pgconn)) is not None:
                pass
            raise ServerError(result)
        return result

    def wait_result(self, most_bytes: int) -> bool:
        """Wait for the next result, but end that when more than ``most_bytes`` came for it.

        Say whether it is there. Where the system does not count what comes, it is waited for.
        """
        before = received_bytes(self.pgconn.socket)
        if before is None:
            return True
        return self._wait(_result(self.pgconn, before + most_bytes))

    def wait_readable(self) -> None:
        """Wait until the server has sent something, and take it in."""
        self._wait(_consume(self.pgconn))

    def cancel(self) -> None:
        """End what the server still does for this connection; close it if that does not help."""
        if self.is_closed or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            self.limit(_CANCEL_SECONDS, grace=0)
            self.flush()  # what has been sent in part cannot be taken back
            self.connection.cancel_safe(timeout=_CANCEL_SECONDS)
            self.limit(_CANCEL_SECONDS, grace=0)
            self._discard()
        except (psycopg.Error, ConnectionLost, QueryTimedOut):
            self.close()

    def abandon(self, seconds: float | None) -> None:
        """End what the server does, and its transaction; wait for ``seconds`` from then on."""
        self.cancel()
        if self.is_closed:
            raise self._lost(None)
        self.limit(seconds)
        self.execute("ROLLBACK")

    def interrupt(self) -> None:
        """Ask the server to end what it does; whoever waits for it gets the error."""
        with suppress(psycopg.Error):
            self.connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _discard(self) -> None:
        is_pipeline = self.pgconn.pipeline_status != PipelineStatus.OFF
        while True:
            result = self._wait(generators.fetch(self.pgconn))
            if result is None:
                if not is_pipeline or self.pgconn.status == ConnStatus.BAD:
                    return
            elif result.status == ExecStatus.PIPELINE_SYNC:
                self.pgconn.exit_pipeline_mode()
                return
            elif result.status == ExecStatus.COPY_OUT:
                while (size := self.pgconn.get_copy_data(1)[0]) >= 0:
                    if size == 0:
                        self.wait_readable()

    def _wait(self, generator: Generator[Any, Any, T]) -> T:
        while True:
            now = time.monotonic()
            if now >= self._next_look:
                self._look(now)
                now = time.monotonic()
            seconds = min(self._deadline, self._next_look) - now
            try:
                if seconds == math.inf:
                    return self.connection.wait(generator)
                return self.connection.wait(generator, timeout=max(seconds, 0.001))
            except errors._WaitTimeout:  # psycopg has no public name for it
                if time.monotonic() >= self._deadline:
                    self.close()
                    raise _silent() from None
            except psycopg.OperationalError as error:
                self.close()
                raise self._lost(error.sqlstate) from None

    def _look(self, now: float) -> None:
        watch = self._watch
        assert watch is not None
        if watch.deadline is not None and now >= watch.deadline:
            raise QueryTimedOut(
                f"The query was ended after {now - self._watched_since:.3g} s: it took too long.",
                hint="Ask for less, add an index, or have it given longer.",
            )
        if watch.check is not None:
            watch.check()
        self._plan_look(time.monotonic())

    def _plan_look(self, now: float) -> None:
        self._next_look = math.inf
        if self._watch is not None:
            if self._watch.check is not None:
                self._next_look = now + self._watch.interval.total_seconds()
            if self._watch.deadline is not None:
                self._next_look = min(self._next_look, self._watch.deadline)

    def _lost(self, sqlstate: str | None) -> ConnectionLost:
        return ConnectionLost(
            "The connection to the server was lost before the result was complete.",
            sqlstate=sqlstate,
            hint="The server was stopped or the network cut. Run the query again.",
        )


def _silent() -> QueryTimedOut:
    return QueryTimedOut(
        "The server did not answer in time, not even to say that time was up.",
        hint="The network or the server may be down: try heliograph doctor.",
    )


def _consume(pgconn: psycopg.pq.abc.PGconn) -> Generator[Any, Any, None]:
    from psycopg.waiting import Wait  # noqa: PLC0415

    while not (yield Wait.R):
        pass
    pgconn.consume_input()


def _result(pgconn: psycopg.pq.abc.PGconn, most_received: int) -> Generator[Any, Any, bool]:
    from psycopg.waiting import Wait  # noqa: PLC0415

    while pgconn.is_busy():
        while not (yield Wait.R):
            pass
        pgconn.consume_input()
        if (received_bytes(pgconn.socket) or 0) > most_received:
            return not pgconn.is_busy()
    return True
