"""No connection to a database could be made."""

from __future__ import annotations

from heliograph.kernel.errors.root import HeliographError


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
