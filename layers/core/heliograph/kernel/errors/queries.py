"""A query was refused, failed, or ran too long."""

from __future__ import annotations

from heliograph.kernel.errors.root import HeliographError


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
    """The connection ended before the result did.

    ``has_begun`` is False where the statement had surely not been begun.
    """

    code = "connection_lost"
    has_begun = True


class ServerResourcesExhausted(QueryError):
    """The server ran out of disk, memory, locks or connections in the middle of the query."""

    code = "server_resources_exhausted"


class WorkerLost(QueryError):
    """What ran the query ended in the middle of it: killed, out of memory, or cut off."""

    code = "worker_lost"


class TextUndecodable(QueryError):
    """A value is not valid in the encoding that the database declares."""

    code = "text_undecodable"


class QueryTimedOut(HeliographError):
    """The query ran longer than its timeout and was ended on the server."""

    code = "query_timed_out"
