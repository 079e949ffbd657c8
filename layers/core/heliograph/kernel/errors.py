"""The one tree of errors.

Each class has a stable ``code``, the heading under which ``docs/reference/errors.md`` explains it,
and a message that a person can act on. Where SQL failed, the fields say where and why. No message,
hint or detail ever holds a password, a connection string or the value of a parameter.

::

    HeliographError                     unexpected
    ├── UsageError                      usage_invalid
    │   ├── ParameterMissing            parameter_missing
    │   ├── ParameterSurplus            parameter_surplus
    │   ├── ParametersMixed             parameters_mixed
    │   ├── PlaceholderInvalid          placeholder_invalid
    │   ├── FileInvalid                 file_invalid
    │   │   └── AlertFileInvalid        alert_file_invalid
    │   ├── NameUnknown                 name_unknown
    │   └── UrlInvalid                  url_invalid
    ├── QueryError                      query_failed
    │   ├── QueryRefused                query_refused
    │   │   ├── SqlEmpty                sql_empty
    │   │   ├── SqlTooLarge             sql_too_large
    │   │   ├── SeveralStatements       several_statements
    │   │   ├── StatementRefused        statement_refused
    │   │   └── FunctionRefused         function_refused
    │   ├── SqlInvalid                  sql_invalid
    │   ├── ParameterInvalid            parameter_invalid
    │   ├── WriteRefused                write_refused
    │   ├── PermissionDenied            permission_denied
    │   ├── QueryCanceled               query_canceled
    │   ├── ConnectionLost              connection_lost
    │   ├── ServerResourcesExhausted    server_resources_exhausted
    │   └── TextUndecodable             text_undecodable
    ├── QueryTimedOut                   query_timed_out
    ├── ConnectError                    connect_failed
    │   ├── HostUnknown                 host_unknown
    │   ├── ConnectionRefused           connection_refused
    │   ├── ConnectTimedOut             connect_timed_out
    │   ├── TlsFailed                   tls_failed
    │   ├── LoginFailed                 login_failed
    │   ├── DatabaseUnknown             database_unknown
    │   ├── TooManyConnections          too_many_connections
    │   └── ServerUnsupported           server_unsupported
    ├── OutputFailed                    output_failed
    ├── Interrupted                     interrupted
    ├── LocalDatabaseError              local_database_failed
    │   ├── DataFolderLocked            data_folder_locked
    │   ├── DataFolderIncompatible      data_folder_incompatible
    │   └── BinariesMissing             binaries_missing
    ├── StateFailed                     state_failed
    └── DeliveryError                   delivery_failed
        ├── DestinationRefused          destination_refused
        ├── DeliveryRejected            delivery_rejected
        └── DeliveryDeferred            delivery_deferred
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

_FIELDS = ("sqlstate", "position", "line", "column", "hint", "detail")


class HeliographError(Exception):
    """Root of the tree: something went wrong that no class below describes.

    ``position`` counts characters from 1 into the SQL as the person wrote it; ``line`` and
    ``column`` count from 1 too. All fields but the message may be None.
    """

    code: ClassVar[str] = "unexpected"

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        position: int | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.position = position
        self.line = line
        self.column = column
        self.hint = hint
        self.detail = detail
        self.sql: str | None = None  # what the position counts in, where a person may see it

    def located_in(self, sql: str, position: int | None) -> HeliographError:
        """Set where in ``sql`` it happened, from a position that counts characters from 1."""
        self.position = self.line = self.column = None
        if position is not None and 1 <= position <= len(sql) + 1:
            before = sql[: position - 1]
            self.position = position
            self.line = before.count("\n") + 1
            self.column = position - (before.rfind("\n") + 1)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the error as data: code, message and the six fields, None where unknown."""
        return {
            "code": self.code,
            "message": self.message,
            **{name: getattr(self, name) for name in _FIELDS},
        }


class UsageError(HeliographError):
    """The command was called in a way that has no meaning."""

    code = "usage_invalid"


class ParameterMissing(UsageError):
    """The SQL has a placeholder for which no value was given."""

    code = "parameter_missing"


class ParameterSurplus(UsageError):
    """A value was given for which the SQL has no placeholder."""

    code = "parameter_surplus"


class ParametersMixed(UsageError):
    """The SQL, or the command, mixes ``$n`` with ``{{name}}``."""

    code = "parameters_mixed"


class PlaceholderInvalid(UsageError):
    """A ``{{...}}`` or ``[[...]]`` is not well formed."""

    code = "placeholder_invalid"


class FileInvalid(UsageError):
    """A file that was named cannot be read or does not say what it should."""

    code = "file_invalid"


class AlertFileInvalid(FileInvalid):
    """A file of alerts does not say what it should; ``problems`` lists every place."""

    code = "alert_file_invalid"

    def __init__(self, message: str, problems: Sequence[str], **fields: Any) -> None:
        super().__init__(message, **fields)
        self.problems = list(problems)


class NameUnknown(UsageError):
    """The file, or the state, has no alert or delivery of that name."""

    code = "name_unknown"


class UrlInvalid(UsageError):
    """A connection URL cannot be understood."""

    code = "url_invalid"


class QueryError(HeliographError):
    """The database answered a query with an error."""

    code = "query_failed"


class QueryRefused(QueryError):
    """The guard refused a query before it reached the database."""

    code = "query_refused"


class SqlEmpty(QueryRefused):
    """There is no statement: only blanks and comments."""

    code = "sql_empty"


class SqlTooLarge(QueryRefused):
    """The statement is longer or nested deeper than the guard reads."""

    code = "sql_too_large"


class SeveralStatements(QueryRefused):
    """There is more than one statement."""

    code = "several_statements"


class StatementRefused(QueryRefused):
    """The statement, or a part of it, is of a kind that does not only read."""

    code = "statement_refused"


class FunctionRefused(QueryRefused):
    """A function is called that writes, locks, signals, reads server files or executes text."""

    code = "function_refused"


class SqlInvalid(QueryError):
    """The SQL is not valid: syntax, or a name or type that does not exist."""

    code = "sql_invalid"


class ParameterInvalid(QueryError):
    """The value of a parameter does not fit the type that the server expects."""

    code = "parameter_invalid"


class WriteRefused(QueryError):
    """The statement tried to write inside the read-only transaction."""

    code = "write_refused"


class PermissionDenied(QueryError):
    """The role may not read what the query names."""

    code = "permission_denied"


class QueryCanceled(QueryError):
    """Somebody else cancelled the query on the server."""

    code = "query_canceled"


class ConnectionLost(QueryError):
    """The connection ended before the result did."""

    code = "connection_lost"


class ServerResourcesExhausted(QueryError):
    """The server ran out of disk, memory, locks or connections in the middle of the query."""

    code = "server_resources_exhausted"


class TextUndecodable(QueryError):
    """A value is not valid in the encoding that the database declares."""

    code = "text_undecodable"


class QueryTimedOut(HeliographError):
    """The query ran longer than its timeout and was ended on the server."""

    code = "query_timed_out"


class ConnectError(HeliographError):
    """No connection to the database could be made."""

    code = "connect_failed"


class HostUnknown(ConnectError):
    """The host name does not resolve."""

    code = "host_unknown"


class ConnectionRefused(ConnectError):
    """Nothing listens at that host and port."""

    code = "connection_refused"


class ConnectTimedOut(ConnectError):
    """The host did not answer in time."""

    code = "connect_timed_out"


class TlsFailed(ConnectError):
    """The two sides could not agree on TLS."""

    code = "tls_failed"


class LoginFailed(ConnectError):
    """The server refused the user or the password."""

    code = "login_failed"


class DatabaseUnknown(ConnectError):
    """The server has no database of that name."""

    code = "database_unknown"


class TooManyConnections(ConnectError):
    """The server has no connection to spare."""

    code = "too_many_connections"


class ServerUnsupported(ConnectError):
    """The server is not a PostgreSQL of a version that is supported."""

    code = "server_unsupported"


class OutputFailed(HeliographError):
    """The result could not be written: disk full, folder missing, pipe closed."""

    code = "output_failed"


class Interrupted(HeliographError):
    """The person pressed Ctrl-C; the query was cancelled on the server."""

    code = "interrupted"


class LocalDatabaseError(HeliographError):
    """The embedded PostgreSQL could not be started, stopped or used."""

    code = "local_database_failed"


class DataFolderLocked(LocalDatabaseError):
    """Another process is using the data folder."""

    code = "data_folder_locked"


class DataFolderIncompatible(LocalDatabaseError):
    """The data folder was made by another major version, or is not a data folder."""

    code = "data_folder_incompatible"


class BinariesMissing(LocalDatabaseError):
    """The PostgreSQL binaries are not installed."""

    code = "binaries_missing"


class StateFailed(HeliographError):
    """What the alert runner remembers cannot be read or written."""

    code = "state_failed"


class DeliveryError(HeliographError):
    """A notification did not reach its receiver. Messages name the host, never path or secret."""

    code = "delivery_failed"


class DestinationRefused(DeliveryError):
    """The receiver's address is private or special, and ``allow_hosts`` does not name it."""

    code = "destination_refused"


class DeliveryRejected(DeliveryError):
    """The receiver refused for good: the same request would be refused again."""

    code = "delivery_rejected"


class DeliveryDeferred(DeliveryError):
    """The receiver could not be reached or asked to wait: to be tried again.

    ``retry_after`` is the wait that the receiver asked for, in seconds, None when it did not say.
    """

    code = "delivery_deferred"

    def __init__(self, message: str, *, retry_after: float | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after
