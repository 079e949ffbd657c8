"""One connection, one statement at a time: read-only, bound, streamed, cancelled when left.

A statement goes through the extended protocol in two trips. The first opens ``BEGIN READ ONLY``,
binds the settings, and has the server parse and describe the statement: columns and the types of
parameters are known before a value is sent. The second sends the values and streams the rows in
small chunks, as the server produces them (docs/decisions/0003-stream-without-a-cursor.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from heliograph.connections.engines.contract import (
    BoundStatement,
    Column,
    RunOptions,
    run_name,
)
from heliograph.connections.engines.postgres.chunks import ANY_ROWS, LARGE_ROWS, rows_at_once
from heliograph.connections.engines.postgres.errors import diagnose, query_error
from heliograph.connections.engines.postgres.results import CopyResult, PostgresResult
from heliograph.connections.engines.postgres.run import Run
from heliograph.connections.engines.postgres.types import (
    LOOKUP_SQL,
    LookupRow,
    PostgresType,
    TypeCatalog,
)
from heliograph.connections.engines.postgres.values import array_literal
from heliograph.connections.engines.postgres.wire import ServerError, Wire, check
from heliograph.kernel.errors import (
    ConnectionLost,
    HeliographError,
    QueryError,
    QueryTimedOut,
    UsageError,
)

_SETTINGS = {
    "standard_conforming_strings": "on",  # the guard reads strings that way
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "5min",
}
# From 14 on the server itself notices in mid-query that its client is gone, where its operating
# system can tell (guc check_client_connection_check_interval).
_WATCH_CLIENT = """, set_config('client_connection_check_interval',
    CASE WHEN version() ~* 'linux|darwin|apple' THEN '10s'
         ELSE current_setting('client_connection_check_interval') END, true)"""
# Whoever keeps a session warm may be frozen, or gone. DISCARD ALL sets it back, so it comes after.
_END_WHEN_IDLE = "SET idle_session_timeout = '60s'"
_IDLE_TIMEOUT_SINCE = _WATCH_CLIENT_SINCE = 140_000
_QUICK_SECONDS = 5.0
_VOLATILE_SQL = """
SELECT pg_catalog.lower(proname), pg_catalog.bool_or(provolatile = 'v')
  FROM pg_catalog.pg_proc WHERE pg_catalog.lower(proname) = ANY ($1::pg_catalog.text[]) GROUP BY 1
"""
_EFFECTIVE_TIMEOUT = "extract(epoch FROM current_setting('statement_timeout')::interval)::text"


class PostgresSession:
    """Runs statements on one psycopg connection, which it owns from now on."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.wire = Wire(connection)
        self._catalog = TypeCatalog()

    @contextmanager
    def run(self, statement: BoundStatement, options: RunOptions) -> Iterator[PostgresResult]:
        """Run a statement and give its result; see `contract.Session.run`."""
        cap = options.max_rows
        limit = cap if cap is not None and statement.is_wrappable else None
        run = Run(self, statement, limit)
        with self._transaction(run, options):
            may_restart = statement.is_wrappable and not options.runs_once
            restart = partial(self._restart, run, options) if may_restart else None
            is_careful = options.runs_once and rows_at_once(run.columns) == ANY_ROWS
            yield PostgresResult(run, cap, restart, LARGE_ROWS if is_careful else None)

    @contextmanager
    def copy_csv(self, statement: BoundStatement, options: RunOptions) -> Iterator[CopyResult]:
        """Have the server write the result as CSV; see `contract.Session.copy_csv`."""
        run = Run(self, statement, options.max_rows)
        with self._transaction(run, options):
            yield CopyResult(run, options.max_rows)

    def find_volatile(self, names: Collection[str]) -> dict[str, bool]:
        """Say which functions are volatile; see `contract.Session.find_volatile`."""
        self.wire.limit(_QUICK_SECONDS)
        try:
            result = self.wire.execute(_VOLATILE_SQL, [array_literal([*names]).encode()])
        except ServerError as error:
            raise query_error(diagnose(error.result), sql="", origin=lambda at: at) from None
        return {
            (result.get_value(row, 0) or b"").decode(): result.get_value(row, 1) == b"t"
            for row in range(result.ntuples)
        }

    def interrupt(self) -> None:
        """End what runs now on the server; the one method that another thread may call."""
        self.wire.interrupt()

    def is_usable(self) -> bool:
        """Say whether an idle session is still connected: a closed socket is readable."""
        return not self.wire.is_closed and not self.wire.has_news()

    def reset(self) -> bool:
        """Forget what the last statements left on the server; see `contract.Session.reset`."""
        if not self.wire.is_closed and self.wire.server_version < _IDLE_TIMEOUT_SINCE:
            self.close()
        if not self.wire.is_closed:
            try:
                self.wire.limit(_QUICK_SECONDS)
                self.wire.execute_each("ROLLBACK", "DISCARD ALL", _END_WHEN_IDLE)
            except (ServerError, ConnectionLost, QueryTimedOut):
                self.wire.close()
        return not self.wire.is_closed

    def close(self) -> None:
        """Cancel what still runs and close the connection."""
        if not self.wire.is_closed:
            self.wire.cancel()
            self.wire.close()

    def columns_of(self, result: PGresult) -> list[Column]:
        """Return the columns that a result, or the description of one, announces."""
        oids = [result.ftype(index) for index in range(result.nfields)]
        types = self._catalog.resolve(oids, self._look_up)
        return [
            Column(
                name=(result.fname(index) or b"").decode("utf-8", "replace"),
                type=types[oid].name,
                kind=types[oid].kind,
                element=types[oid].element,
                delimiter=types[oid].delimiter,
            )
            for index, oid in enumerate(oids)
        ]

    def types_of(self, oids: list[int]) -> list[PostgresType]:
        """Return the types of these OIDs, in order."""
        found = self._catalog.resolve(oids, self._look_up)
        return [found[oid] for oid in oids]

    def _look_up(self, oids: list[int]) -> list[LookupRow]:
        wanted = "{" + ",".join(map(str, oids)) + "}"
        result = self.wire.execute(LOOKUP_SQL, [wanted.encode()])
        return [
            tuple((result.get_value(row, column) or b"").decode() for column in range(7))  # type: ignore[misc]
            for row in range(result.ntuples)
        ]

    @contextmanager
    def _transaction(self, run: Run, options: RunOptions) -> Iterator[None]:
        self.wire.limit(options.timeout.total_seconds() if options.timeout else None)
        self.wire.watch(options.watch)
        try:
            self._begin(run, options)
            yield
        except ServerError as error:
            raise run.error(error) from None
        finally:
            self._end(is_reset_after=options.is_reset_after)

    def _restart(self, run: Run, options: RunOptions) -> None:
        """Begin the run anew in a transaction of its own, row by row, in the time that is left."""
        columns, timeout_seconds = run.columns, run.timeout_seconds
        seconds = None
        if options.timeout is not None:
            seconds = max(options.timeout.total_seconds() - run.elapsed_seconds, 0.001)
            options = replace(options, timeout=timedelta(seconds=seconds))
        self.wire.abandon(seconds)
        self._begin(run, options)
        run.timeout_seconds = timeout_seconds
        if run.columns != columns:
            raise QueryError("The tables of the query were changed while it ran.")
        run.send(LARGE_ROWS)

    def _begin(self, run: Run, options: RunOptions) -> None:
        settings = {**_SETTINGS, **options.settings}
        if options.timeout is not None:
            milliseconds = max(1, round(options.timeout.total_seconds() * 1000))
            settings["statement_timeout"] = str(milliseconds)
        if options.time_zone is not None:
            settings["TimeZone"] = options.time_zone
        if options.run_id is not None:
            settings["application_name"] = run_name(options.run_id)
        values = [text.encode() for pair in settings.items() for text in pair]
        send = self.wire.pgconn.send_query_params
        steps = [
            partial(send, b"BEGIN READ ONLY", None),
            partial(send, _settings_sql(len(settings), self._can_watch_client), values),
        ]
        if options.timeout is None:
            steps.append(partial(send, f"SELECT {_EFFECTIVE_TIMEOUT}".encode(), None))
        try:
            results = self.wire.pipeline(*steps, *run.description_steps())
        except ConnectionLost as error:
            error.has_begun = False
            raise
        prelude, described = results[: len(steps)], results[len(steps) :]
        try:
            for result in prelude:
                check(result)
        except ServerError as error:
            raise _setting_error(error, options) from None
        if options.timeout is None:
            run.begin(described, float(prelude[-1].get_value(0, 0) or 0))
        else:
            run.begin(described, milliseconds / 1000)

    @property
    def _can_watch_client(self) -> bool:
        return self.wire.server_version >= _WATCH_CLIENT_SINCE

    def _end(self, *, is_reset_after: bool = False) -> None:
        wire = self.wire
        wire.watch(None)
        wire.cancel()
        if wire.is_closed or wire.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        if is_reset_after:
            return
        try:
            wire.limit(_QUICK_SECONDS)
            wire.execute("ROLLBACK")
        except (ServerError, ConnectionLost, QueryTimedOut):
            wire.close()


@cache
def _settings_sql(count: int, has_watch: bool) -> bytes:
    """Return the SQL that binds so many settings to the transaction."""
    calls = [f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(count)]
    return f"SELECT {', '.join(calls)}{_WATCH_CLIENT if has_watch else ''}".encode()


def _setting_error(error: ServerError, options: RunOptions) -> HeliographError:
    diagnosis = diagnose(error.result)
    if diagnosis.sqlstate == "22023" and options.time_zone is not None:
        return UsageError(
            f'The server knows no time zone "{options.time_zone}".',
            sqlstate=diagnosis.sqlstate,
            hint="Give a name such as Europe/Berlin or UTC.",
        )
    return query_error(diagnosis, sql="", origin=lambda position: position)
