"""One statement on its way: described, bound, sent; its errors in the person's own terms."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from psycopg.pq.abc import PGresult

from heliograph.connections.engines.contract import BoundStatement, Column
from heliograph.connections.engines.postgres.chunks import rows_at_once
from heliograph.connections.engines.postgres.errors import Diagnosis, diagnose, query_error
from heliograph.connections.engines.postgres.types import REFCURSOR_OID, PostgresType
from heliograph.connections.engines.postgres.values import encode_values, name_value
from heliograph.connections.engines.postgres.wire import ServerError, Wire, check
from heliograph.kernel.errors import ConnectionLost, HeliographError, ParameterInvalid

if TYPE_CHECKING:
    from heliograph.connections.engines.postgres.session import PostgresSession

_WRAP = "SELECT * FROM ("
_NOT_ABOUT_VALUES = ("08", "25", "42501", "53", "54", "57", "58", "XX")


class Run:
    """One run of one statement; with ``limit``, of its first rows and one more."""

    def __init__(
        self, session: PostgresSession, statement: BoundStatement, limit: int | None
    ) -> None:
        self.session = session
        self.statement = statement
        self.columns: list[Column] = []
        self.has_cursors = False
        self._shift = 0
        self._sql = statement.text
        if limit is not None:
            self._shift = len(_WRAP)
            # The line break ends a comment that the statement may end with.
            self._sql = f"{_WRAP}{statement.text}\n) AS result LIMIT {limit + 1}"
        self._parameters: list[PostgresType] = []
        self._has_sent_values = False
        self.timeout_seconds = 0.0
        self._started_at = time.monotonic()

    @property
    def wire(self) -> Wire:
        """The connection that the run goes over."""
        return self.session.wire

    def description_steps(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return the steps that have the server parse and describe the statement."""
        pgconn = self.wire.pgconn
        return (
            partial(pgconn.send_prepare, b"", self._sql.encode()),
            partial(pgconn.send_describe_prepared, b""),
        )

    def begin(self, described: Sequence[PGresult], timeout_seconds: float) -> None:
        """Take in the description; the server will allow ``timeout_seconds`` (0: no end)."""
        self.timeout_seconds = timeout_seconds
        for result in described:
            check(result)
        description = described[-1]
        oids = [description.param_type(n) for n in range(description.nparams)]
        self.columns = self.session.columns_of(description)
        self.has_cursors = any(
            description.ftype(n) == REFCURSOR_OID for n in range(description.nfields)
        )
        self._parameters = self.session.types_of(oids)

    def send(self, chunk_rows: int | None = None) -> None:
        """Send the statement with its values; rows come in chunks of so many."""
        values = encode_values(self.statement, self._parameters)
        if not self._has_sent_values:
            self._start()
        self._has_sent_values = True
        types = [kind.oid for kind in self._parameters]
        pgconn = self.wire.pgconn
        pgconn.send_query_params(self._sql.encode(), values or None, types or None)
        pgconn.set_chunked_rows_mode(chunk_rows or rows_at_once(self.columns))
        self.wire.flush()

    def send_copy(self) -> None:
        """Send the statement inside a COPY that writes CSV with a header."""
        self._start()
        copy = f"COPY ({self._sql}\n) TO STDOUT (FORMAT csv, HEADER)"
        # Always the extended protocol: it admits one statement only, whatever the text.
        self.wire.pgconn.send_query_params(copy.encode(), None)
        self._shift += len("COPY (")
        self.wire.flush()
        self.wire.fetch()

    def follow(self, statement: BoundStatement) -> Run:
        """Describe another statement of the same transaction, ready to be sent."""
        run = Run(self.session, statement, None)
        run.begin(self.wire.pipeline(*run.description_steps()), self.timeout_seconds)
        return run

    @property
    def elapsed_seconds(self) -> float:
        """How long ago the statement was sent."""
        return time.monotonic() - self._started_at

    def _start(self) -> None:
        self._started_at = time.monotonic()

    def error(self, error: ServerError) -> HeliographError:
        """Return our error for the server's, naming the parameter whose value did not fit."""
        diagnosis = diagnose(error.result)
        values = self.statement.values if self._has_sent_values else ()
        if values and not diagnosis.sqlstate.startswith(_NOT_ABOUT_VALUES):
            culprit = self._parameter_at_fault(diagnosis)
            if culprit is not None:
                return culprit
        return query_error(
            diagnosis,
            sql=self.statement.text,
            origin=lambda position: position - self._shift,
            values=values,
            timeout_seconds=self.timeout_seconds,
            elapsed_seconds=self.elapsed_seconds,
        )

    def _parameter_at_fault(self, diagnosis: Diagnosis) -> ParameterInvalid | None:
        """Find the value that its type does not take, by giving each to the server alone.

        Older servers do not say which parameter it was, and newer ones say it in their language.
        """
        values = encode_values(self.statement, self._parameters)
        for label, kind, value in zip(self.statement.labels, self._parameters, values, strict=True):
            if value is None:
                continue
            try:
                self.wire.execute("ROLLBACK")
                self.wire.execute("BEGIN READ ONLY")
                self.wire.execute("SELECT $1", [value], [kind.oid])
            except ServerError:
                return ParameterInvalid(
                    f"The value of {name_value(label)} is not a valid {kind.name}.",
                    sqlstate=diagnosis.sqlstate,
                    hint=_ARRAY_EXAMPLE if kind.is_array else _EXAMPLES.get(kind.name),
                )
            except ConnectionLost:
                return None
        return None


_ARRAY_EXAMPLE = "An array is written {1,2,3}, or give the values one by one for a {{name}}."
_EXAMPLES = {
    "date": "For example 2026-01-31, or today.",
    "timestamp": "For example 2026-01-31 09:30:00.",
    "timestamptz": "For example 2026-01-31 09:30:00+01, or 2026-01-31T08:30:00Z.",
    "int2": "A whole number from -32768 to 32767.",
    "int4": "A whole number from -2147483648 to 2147483647.",
    "int8": "A whole number of at most 19 digits.",
    "numeric": "For example 12.50.",
    "float8": "For example 12.5.",
    "bool": "true or false.",
    "uuid": "For example 123e4567-e89b-12d3-a456-426614174000.",
    "interval": "For example 1 day, or 02:30:00.",
}
