"""What is wrong with a connection, step by step: name, network, TLS, login, version, rights."""

from __future__ import annotations

import math
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import psycopg

from heliograph.connections.engines.contract import CheckStep
from heliograph.connections.engines.postgres.connect import (
    CONNECT_TIMEOUT,
    Handshake,
    Target,
    connect_to,
    deadline_of,
    resolve_targets,
)
from heliograph.connections.engines.postgres.connect_errors import (
    NEWEST_VERSION,
    OLDEST_VERSION,
    Failure,
    check_version,
    explain_failure,
    explain_silence,
)
from heliograph.connections.engines.postgres.hang_up import hang_up_after
from heliograph.connections.engines.postgres.role_checks import (
    Finding,
    Severity,
    find_write_rights,
)
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import ConnectError, TlsFailed

_STEP_LIMIT: Final = 30.0  # seconds, for a server that has stopped to answer at all
_QUERY_LIMIT: Final = "SET LOCAL statement_timeout = '5s'"
_SSL_REQUEST: Final = struct.pack("!II", 8, 80877103)  # manual, "SSLRequest" (54.7)

_TABLES: Final = """
SELECT count(*),
    count(*) FILTER (WHERE has_schema_privilege(n.oid, 'USAGE')
        AND has_any_column_privilege(c.oid, 'SELECT')),
    array_agg(DISTINCT quote_ident(n.nspname)), quote_ident(current_user)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t(oast|emp_)'
"""


def examine(
    url: ConnectionUrl,
    *,
    connect_timeout: timedelta = CONNECT_TIMEOUT,
    within: timedelta | None = None,
) -> Iterator[CheckStep]:
    """Yield ``dns``, ``tcp``, ``tls``, ``login``, ``version``, ``read_only`` and ``tables``.

    Ends after the first step that is not ok. ``connect_timeout`` bounds the steps up to ``login``
    one by one; after it each query has 5 s and each step 30 s. ``within`` bounds all of them
    together. Nothing is changed on the server.
    """
    end = math.inf if within is None else time.monotonic() + within.total_seconds()
    try:
        targets = resolve_targets(url, min(end, deadline_of(url, connect_timeout)))
    except ConnectError as error:
        yield _failed("dns", error)
        return
    yield CheckStep("dns", True, _describe_targets(targets))

    try:
        target = _reach(url, targets, min(end, deadline_of(url, connect_timeout)))
    except ConnectError as error:
        yield _failed("tcp", error)
        return
    yield CheckStep("tcp", True, f"{_address(target)} accepts connections.")

    handshake = Handshake()
    try:
        connection = connect_to(
            url,
            targets,
            application_name="heliograph:doctor",
            deadline=min(end, deadline_of(url, connect_timeout)),
            handshake=handshake,
        )
    except ConnectError as error:
        yield from _refused(error, url, target, handshake)
        return
    with closing(connection):
        is_encrypted = connection.pgconn.ssl_in_use
        yield _tls_step(url, target, is_encrypted=is_encrypted)
        info = connection.info
        yield CheckStep("login", True, f'Logged in as "{info.user}" to database "{info.dbname}".')
        yield from _look_inside(connection, end)


def _describe_targets(targets: list[Target]) -> str:
    if all(target.address is None for target in targets):
        return "A local socket: there is no name to look up."
    found = dict.fromkeys(f"{target.host or target.address}" for target in targets)
    names = ", ".join(found)
    addresses = ", ".join(dict.fromkeys(str(target.address) for target in targets))
    return f"{names} is an address." if names == addresses else f"{names} is {addresses}."


def _address(target: Target) -> str:
    return Target(target.address or target.host, None, target.port).place


def _reach(url: ConnectionUrl, targets: list[Target], deadline: float) -> Target:
    """Return the first target that accepts a connection, or raise what the last one said."""
    error: ConnectError | None = None
    for index, target in enumerate(targets):
        seconds = max((deadline - time.monotonic()) / (len(targets) - index), 0.01)
        if target.address is None and not target.host.startswith("/"):
            return target  # libpq's own default socket: the login will tell
        try:
            _dial(target, seconds).close()
        except TimeoutError:
            error = explain_silence(target.place, has_answered=False, seconds=round(seconds, 1))
        except OSError as problem:
            text = f"{'on socket ' if target.address is None else ''}{problem.strerror}"
            error = explain_failure(Failure(text, target.place), url)
        else:
            return target
    assert error is not None
    raise error


def _dial(target: Target, seconds: float) -> socket.socket:
    if target.address is not None:
        return socket.create_connection((target.address, target.port), timeout=seconds)
    local = socket.socket(socket.AF_UNIX)
    try:
        local.settimeout(seconds)
        local.connect(target.place)
    except OSError:
        local.close()
        raise
    return local


def _refused(
    error: ConnectError, url: ConnectionUrl, target: Target, handshake: Handshake
) -> Iterator[CheckStep]:
    """Yield the step that failed, after those that must have worked before it."""
    is_negotiating = url.ssl_mode != "disable" and not handshake.is_negotiated
    if isinstance(error, TlsFailed) or (is_negotiating and target.address is not None):
        yield _failed("tls", error)
        return
    yield _tls_step(url, target, is_encrypted=handshake.is_encrypted)
    yield _failed("login", error)


def _tls_step(url: ConnectionUrl, target: Target, *, is_encrypted: bool) -> CheckStep:
    mode = url.ssl_mode
    if target.address is None:
        return CheckStep("tls", True, "A local socket needs no TLS.")
    if is_encrypted:
        is_checked = mode.startswith("verify")
        checked = "" if is_checked else f" The certificate is not checked (sslmode={mode})."
        return CheckStep("tls", True, f"Encrypted{_describe_tls(url, target)}.{checked}")
    if target.address == "::1" or target.address.startswith("127."):
        return CheckStep("tls", True, "Not encrypted; the connection does not leave this machine.")
    return CheckStep(
        "tls",
        True,
        "The connection is not encrypted: password and data can be read on the way.",
        fix="Turn on ssl on the server, and use sslmode=verify-full (or at least require).",
        is_warning=True,
    )


def _describe_tls(url: ConnectionUrl, target: Target) -> str:
    """Return `` with TLSv1.3 (cipher)``, seen by a second handshake: libpq's is not shown to us."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # libpq has checked what the URL asks for; nothing is sent here
    context.verify_mode = ssl.CERT_NONE
    if url.parameter("sslnegotiation") == "direct":
        context.set_alpn_protocols(["postgresql"])
    try:
        with _dial(target, 2) as plain:
            if url.parameter("sslnegotiation") != "direct":
                plain.sendall(_SSL_REQUEST)
                if plain.recv(1) != b"S":
                    return ""
            with context.wrap_socket(plain, server_hostname=target.host or None) as wrapped:
                cipher = wrapped.cipher()
                return f" with {wrapped.version()} ({cipher[0]})" if cipher else ""
    except (OSError, ValueError):  # a client certificate may be demanded
        return ""


def _look_inside(connection: psycopg.Connection, end: float) -> Iterator[CheckStep]:
    yield (version := _version_step(connection.info.server_version))
    if not version.ok:
        return
    for name, look in (("read_only", _read_only_step), ("tables", _tables_step)):
        try:
            with (
                hang_up_after(connection, min(_STEP_LIMIT, end - time.monotonic())),
                connection.transaction(),
                connection.cursor() as cursor,
            ):
                cursor.execute("SET TRANSACTION READ ONLY")
                cursor.execute(_QUERY_LIMIT)
                cursor.execute("SET LOCAL search_path = ''")
                step = look(cursor)
        except psycopg.Error as error:
            words = error.diag.message_primary or "the connection was lost"
            step = CheckStep(name, False, f"This could not be examined: {words}.", fix="Try again.")
        yield step
        if not step.ok:
            return


def _version_step(server_version: int) -> CheckStep:
    try:
        check_version(server_version)
    except ConnectError as error:
        return _failed("version", error)
    major, minor = divmod(server_version, 10_000)
    if major > NEWEST_VERSION:
        return CheckStep(
            "version",
            True,
            f"PostgreSQL {major}.{minor} is newer than what has been tested.",
            fix=f"PostgreSQL {OLDEST_VERSION} to {NEWEST_VERSION} are supported.",
            is_warning=True,
        )
    return CheckStep("version", True, f"PostgreSQL {major}.{minor}.")


def _read_only_step(cursor: psycopg.Cursor[Any]) -> CheckStep:
    findings = find_write_rights(cursor)
    worst = max((finding.severity for finding in findings), default=Severity.NOTE)
    notes = [finding for finding in findings if finding.severity is Severity.NOTE]
    if worst is Severity.NOTE:
        noted = f" To note: {_join(notes)}." if notes else ""
        return CheckStep("read_only", True, f"The role can only read.{noted}", _fixes(notes))
    serious = [finding for finding in findings if finding.severity is not Severity.NOTE]
    if worst is Severity.WARNING:
        message = f"The role can only read by itself, but {_join(serious)}."
        return CheckStep("read_only", True, message, _fixes(serious), is_warning=True)
    message = f"The role is not read-only: {_join(serious)}."
    return CheckStep("read_only", False, message, _fixes(serious))


def _join(findings: list[Finding]) -> str:
    return "; ".join(finding.message for finding in findings)


def _fixes(findings: list[Finding]) -> str | None:
    return "\n".join(dict.fromkeys(finding.fix for finding in findings)) or None


def _tables_step(cursor: psycopg.Cursor[Any]) -> CheckStep:
    total, readable, schemas, role = cursor.execute(_TABLES).fetchall()[0]
    if not total:
        return CheckStep("tables", True, "The database has no tables or views.", is_warning=True)
    if readable:
        return CheckStep(
            "tables", True, f"The role can read {readable} of {total} tables and views."
        )
    names = ", ".join(schemas)
    return CheckStep(
        "tables",
        True,
        f"The role can read none of the {total} tables and views.",
        fix=f"GRANT USAGE ON SCHEMA {names} TO {role};\n"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {names} TO {role};",
        is_warning=True,
    )


def _failed(name: str, error: ConnectError) -> CheckStep:
    return CheckStep(name, False, error.message, fix=error.hint)
