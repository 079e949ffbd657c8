"""Why a PostgreSQL could not be reached, said so that a person can act on it.

While a connection is being made libpq hands out no SQLSTATE, only text: its own words in English,
the server's in the server's language. So the English messages of PostgreSQL (src/backend/libpq,
utils/init and postmaster) and of PgBouncer are known here with their SQLSTATE, and for a server
that speaks another language what does not depend on it is used: whether it asked for a password,
and which of our names it quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import (
    ConnectError,
    ConnectionRefused,
    ConnectTimedOut,
    DatabaseUnknown,
    HostUnknown,
    LoginFailed,
    ServerUnsupported,
    TlsFailed,
    TooManyConnections,
)

OLDEST_VERSION: Final = 13
NEWEST_VERSION: Final = 18

_MOST_WORDS: Final = 500  # of a server that nobody vouches for


@dataclass(frozen=True, slots=True)
class Failure:
    """What libpq knew when a connection attempt failed. ``place`` is ``host:port``, for people."""

    text: str
    place: str
    needs_password: bool = False
    used_password: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    pattern: re.Pattern[str]
    kind: type[ConnectError]
    message: str
    hint: str
    sqlstate: str | None = None


def _case(
    pattern: str, kind: type[ConnectError], message: str, hint: str, sqlstate: str | None = None
) -> _Case:
    return _Case(re.compile(pattern, re.IGNORECASE), kind, message, hint, sqlstate)


_PREFIX: Final = re.compile(r"^connection to server (?:at|on socket) .*? failed: ", re.MULTILINE)
_SEVERITY: Final = re.compile(r"^(?:FATAL|ERROR|PANIC): +", re.MULTILINE)

# First match wins. What the server said (FATAL) stands before what libpq says about the line,
# because with sslmode=prefer the text of a failed TLS attempt may stand in front of it.
_SERVER_CASES: Final = (
    _case(
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        LoginFailed,
        "The server has no rule that lets user {user} into database {database} from here.",
        "Add a line for this user, database and client address to the server's pg_hba.conf (or to "
        "the allowed networks of the hosting service), then reload the server.",
        "28000",
    ),
    _case(
        r"password authentication failed",
        LoginFailed,
        "The server refused the password of user {user}.",
        "Check the user name and the password. PostgreSQL says the same when the user does not "
        "exist or the password has expired.",
        "28P01",
    ),
    _case(
        r"no password supplied|empty password returned",
        LoginFailed,
        "The server asks for a password of user {user}, and none was given.",
        "Put it into the URL: postgresql://user:password@host:5432/database.",
        "28P01",
    ),
    _case(
        r'role ".*" does not exist|no such user|tenant or user not found',
        LoginFailed,
        "The server has no user {user}.",
        "Check the user name in the URL, or create the role with CREATE ROLE ... LOGIN.",
        "28000",
    ),
    _case(
        r"is not permitted to log in",
        LoginFailed,
        "The role {user} may not log in.",
        "Use a login role, or run: ALTER ROLE ... LOGIN.",
        "28000",
    ),
    _case(
        r"permission denied for database|does not have CONNECT privilege",
        LoginFailed,
        "User {user} may not connect to database {database}.",
        "Run: GRANT CONNECT ON DATABASE ... TO the role.",
        "42501",
    ),
    _case(
        r'database ".*" does not exist|no such database',
        DatabaseUnknown,
        "The server has no database {database}.",
        "Check the name after the last / of the URL; psql -l lists the databases.",
        "3D000",
    ),
    _case(
        r"too many clients|too many connections|remaining connection slots|no more connections",
        TooManyConnections,
        "The server at {place} has no connection to spare.",
        "Try again later, end idle sessions, or raise max_connections (or the CONNECTION LIMIT of "
        "the role or database).",
        "53300",
    ),
    _case(
        r"the database system is |currently unavailable",
        ConnectError,
        "The server at {place} is starting, stopping or recovering.",
        "Try again in a moment.",
        "57P03",
    ),
    _case(
        r"is not currently accepting connections",
        ConnectError,
        "Database {database} accepts no connections.",
        "Ask its owner, or run: ALTER DATABASE ... ALLOW_CONNECTIONS true.",
        "55000",
    ),
    _case(
        r"unsupported startup parameter|unrecognized configuration parameter"
        r"|invalid value for parameter|permission denied to set parameter",
        ConnectError,
        "The server at {place} does not accept a setting of the connection.",
        "Look at options= in the URL. Behind PgBouncer, list the setting in "
        "ignore_startup_parameters.",
    ),
    _case(
        r"unsupported frontend protocol",
        ServerUnsupported,
        "The server at {place} is too old.",
        f"PostgreSQL {OLDEST_VERSION} to {NEWEST_VERSION} are supported.",
        "0A000",
    ),
    _case(
        r"authentication failed for user|authentication method .* (?:failed|not supported)"
        r"|authentication method requirement|channel binding",
        LoginFailed,
        "The server did not accept the login of user {user}.",
        "Look at the login method that pg_hba.conf demands for this user.",
        "28000",
    ),
)
_LINE_CASES: Final = (
    _case(
        r"server does not support SSL, but SSL was required",
        TlsFailed,
        "The server at {place} does not offer TLS, but sslmode={ssl_mode} demands it.",
        "Turn on ssl on the server; only on a network that you trust, use sslmode=disable.",
    ),
    _case(
        r"does not match host name",
        TlsFailed,
        "The certificate of the server at {place} is for another host name.",
        "Use the name that stands in the certificate as host in the URL, or sslmode=verify-ca.",
    ),
    _case(
        r"root certificate file .* does not exist|could not read root certificate",
        TlsFailed,
        "There is no root certificate to check the server at {place} with.",
        "Give sslrootcert=<file> in the URL, or sslrootcert=system for the authorities that this "
        "machine trusts.",
    ),
    _case(
        r"certificate verify failed",
        TlsFailed,
        "The certificate of the server at {place} is not trusted.",
        "Give the file with the certificate of its authority as sslrootcert=<file> in the URL. It "
        "may also have expired.",
    ),
    _case(
        r"invalid response to SSL negotiation|received unencrypted data after SSL"
        r"|expected authentication request from server|received invalid (?:protocol|response)"
        r"|invalid (?:authentication|authorization) (?:request|response)|protocol violation"
        r"|out of sync|wrong version number|unexpected response from server",
        ServerUnsupported,
        "What answers at {place} is not PostgreSQL.",
        "Check the host and the port in the URL; PostgreSQL's port is usually 5432.",
    ),
    _case(
        r"Connection refused",
        ConnectionRefused,
        "Nothing listens at {place}.",
        "Is the server running, and is this its port? Check host and port in the URL.",
    ),
    _case(
        r"on socket .*No such file or directory|No such file or directory\s+Is the server running",
        ConnectionRefused,
        "There is no server at the socket {place}.",
        "Is the server running? Give a host name in the URL to connect over the network.",
    ),
    _case(
        r"timed? ?out",
        ConnectTimedOut,
        "The server at {place} did not answer in time.",
        "Look for a firewall between here and there, and check host and port in the URL.",
    ),
    _case(
        r"could not translate host name|Name or service not known",
        HostUnknown,
        "The host of {place} is not known.",
        "Check the spelling of the host in the URL.",
    ),
    _case(
        r"No route to host|Network is unreachable|Host is down|Cannot assign requested address",
        ConnectError,
        "No network path leads to {place}.",
        "Check the network, the VPN and the host in the URL.",
    ),
    _case(
        r"read-only|read-write|hot standby",
        ConnectError,
        "No server at {place} is of the kind that target_session_attrs asks for.",
        "Change target_session_attrs in the URL, or list the other hosts too.",
    ),
    _case(
        r"(?:certificate|private key|key) file",
        TlsFailed,
        "A certificate or key file named in the URL cannot be used.",
        "Check sslcert, sslkey and sslrootcert in the URL, and who may read these files.",
    ),
    _case(
        r"SSL error|SSL SYSCALL|SSL connection|sslmode|sslnegotiation|ALPN|tlsv1|certificate",
        TlsFailed,
        "TLS with the server at {place} could not be set up.",
        "Check what sits between here and the server; try sslmode=require and sslnegotiation.",
    ),
    _case(
        r"closed the connection|Connection reset|could not receive data|could not send|Broken pipe",
        ConnectError,
        "The server at {place} closed the connection without an answer.",
        "Is it PostgreSQL that listens there, and may this machine reach it? Look into its log.",
    ),
)
_NO_TLS: Final = re.compile(r"no encryption|SSL off")
_WITH_TLS: Final = re.compile(r"SSL encryption|SSL on")
_ABSENT: Final = re.compile(
    r"existiert nicht|n'existe pas|n’existe pas|no existe|não existe|non esiste|не существует"
    r"|не існує|nie istnieje|neexistuje|finns inte|mevcut değil|存在しません|不存在"
)


def explain_failure(failure: Failure, url: ConnectionUrl) -> ConnectError:
    """Return the error that fits what libpq said; no password is in it."""
    text = failure.text
    is_plain = bool(_NO_TLS.search(text)) and not _WITH_TLS.search(text)
    if is_plain and "pg_hba.conf" in text and url.ssl_mode in ("disable", "allow"):
        return _demands_tls(failure, url)
    for case in (*_SERVER_CASES, *_LINE_CASES):
        if case.pattern.search(text):
            return _error(case, failure, url)
    return _explain_foreign(failure, url)


def explain_silence(place: str, *, has_answered: bool, seconds: float) -> ConnectTimedOut:
    """Return the error for a server that took too long, before or after it accepted."""
    if has_answered:
        return ConnectTimedOut(
            f"{place} accepted the connection, but did not answer within {seconds:g} s.",
            hint="The server may be overloaded or frozen, or it is not PostgreSQL.",
        )
    return ConnectTimedOut(
        f"{place} did not answer within {seconds:g} s.",
        hint="Look for a firewall between here and there, and check host and port in the URL.",
    )


def check_version(server_version: int) -> None:
    """Raise ServerUnsupported for a server older than what is supported.

    ``server_version`` is libpq's number: 130004 is 13.4.
    """
    major = server_version // 10_000
    if major < OLDEST_VERSION:
        raise ServerUnsupported(
            f"The server is PostgreSQL {major}, which is too old.",
            hint=f"PostgreSQL {OLDEST_VERSION} to {NEWEST_VERSION} are supported: upgrade it.",
        )


def _error(case: _Case, failure: Failure, url: ConnectionUrl) -> ConnectError:
    return case.kind(
        _fill(case.message, failure, url),
        hint=case.hint,
        sqlstate=case.sqlstate,
        detail=_words(failure.text, url),
    )


def _demands_tls(failure: Failure, url: ConnectionUrl) -> ConnectError:
    return TlsFailed(
        _fill("The server lets nobody in as {user} without TLS.", failure, url),
        hint="Use sslmode=require in the URL. If that is refused too, pg_hba.conf has no line for "
        "this user, database and client address.",
        sqlstate="28000",
        detail=_words(failure.text, url),
    )


def _explain_foreign(failure: Failure, url: ConnectionUrl) -> ConnectError:
    """Explain a server that does not speak English, as far as that can be known."""
    words = _words(failure.text, url)
    if url.database and url.database in words and _ABSENT.search(words):
        return DatabaseUnknown(
            _fill("The server has no database {database}.", failure, url),
            hint="Check the name after the last / of the URL; psql -l lists the databases.",
            sqlstate="3D000",
            detail=words,
        )
    asked = failure.needs_password or failure.used_password
    if url.user and url.user in words and (asked or _ABSENT.search(words)):
        return LoginFailed(
            _fill("The server did not accept the login of user {user}.", failure, url),
            hint="Check the user name and the password.",
            detail=words,
        )
    return ConnectError(
        _fill("The server at {place} refused the connection: ", failure, url) + words,
        hint="The words are the server's; its log may say more.",
        detail=words,
    )


def _fill(template: str, failure: Failure, url: ConnectionUrl) -> str:
    return template.format(
        place=failure.place,
        user=f'"{url.user}"' if url.user else "(the default user)",
        database=f'"{url.database or url.user}"' if url.database or url.user else "(the default)",
        ssl_mode=url.ssl_mode,
    )


def _words(text: str, url: ConnectionUrl) -> str:
    """Return what was said, on one line, without libpq's preamble and without any password."""
    lines = _SEVERITY.sub("", _PREFIX.sub("", text)).splitlines()
    words = "; ".join(dict.fromkeys(line.strip() for line in lines if line.strip()))
    known = {url.user, url.database, *(name for name, _ in url.hosts)}
    for secret in (url.password, url.parameter("sslpassword")):
        if secret and secret not in known:
            words = words.replace(secret, "***")
    return words if len(words) <= _MOST_WORDS else f"{words[: _MOST_WORDS - 1]}…"
